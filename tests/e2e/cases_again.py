"""Containers that end more than once: from which checkpoint they come back each time, and how long that takes."""

import datetime
import time

from harness import has_condition, say, wait
from cases_ends import checkpointed
from runtime_node import OTHER_TOOLS
from together import case
from workload import pod, server, stateful_set


def seconds_since_epoch(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def crash_and_wait(one, life, count, attempts, checkpoint):
    """Kills it, waits for its memory; tells who took how long."""
    killed = time.time()
    one.kill()
    one.assert_restored(checkpoint, attempts)
    assert one.wait_life(life)["count"] == count
    served = time.time()
    last = one.attempts()[-1]
    created = seconds_since_epoch(last["started"])
    restored_us = sum(last[f"{step}Microseconds"] for step in ("verify", "layer", "restore"))
    say(f"{one.name}: the kubelet and the engine {created - killed:.2f} s, kcr-runtime and CRIU "
        f"{restored_us / 1e6:.2f} s, until it was seen to serve {served - created - restored_us / 1e6:.2f} s")


@case
def three_crashes_in_a_row_from_one_checkpoint(place):
    """The first restart is immediate; the others wait for the kubelet, here 1 s, of its own accord 10 s and more."""
    one, life, checkpoint = checkpointed(place, "three-crashes-in-a-row", terms="again")
    for crash in (1, 2, 3):
        crash_and_wait(one, life, 1, crash, checkpoint)
        one.wait_restarts(crash)
        one.count_to(10 * crash)
    assert len(one.attempts()) == 3


@case
def a_crash_soon_after_the_restore(place):
    """The next older checkpoint, then a cold start, each with its event."""
    one = place.settle(pod("a-crash-soon-after-the-restore"))
    life = one.state()["life"]
    names = []
    for count in (1, 2):
        one.count_to(count)
        names.append(one.take())
    older, newer = names
    crash_and_wait(one, life, 2, 1, newer)
    assert newer in one.wait_for_event("Restored")
    one.wait_restarts(1)
    crash_and_wait(one, life, 1, 2, older)
    wait(f"{newer} is not restorable any more", 20, lambda: has_condition(place.checkpoint(newer), "Usable", "False")
         and has_condition(place.checkpoint(newer), "Restorable", "False"))
    wait("an event tells of the older one", 20, lambda: any(older in note for reason, note in place.events(one.name)
                                                            if reason == "Restored"))
    one.wait_restarts(2)
    one.kill()
    last = one.wait_attempts(3)
    assert last["outcome"] == "Cold", last
    assert one.wait_other_life(life)["count"] == 0
    say(one.wait_for_event("ColdStart"))


@case
def checkpoints_of_restored_containers(place):
    one = place.settle(pod("checkpoints-of-restored"))
    life = one.state()["life"]
    for generation in (1, 2, 3):
        one.count_to(generation)
        one.run(f"echo {generation} >> /generations")
        checkpoint = one.take()
        crash_and_wait(one, life, generation, generation, checkpoint)
        one.wait_restarts(generation)
    assert one.run("cat /generations") == "1\n2\n3\n"


@case
def another_image(place):
    one, life, _ = checkpointed(place, "another-image")
    place.patch("v1", "pods", one.name, {"spec": {"containers": [{**one.spec(), "image": OTHER_TOOLS}]}})
    assert one.wait_other_life(life)["count"] == 0
    one.wait_restarts(1)
    one.assert_cold("ImageChanged")
    assert one.spec()["image"] == OTHER_TOOLS


@case
def another_template(place):
    """The next Pod of a StatefulSet has the name of the one before, and begins anew."""
    place.make(stateful_set("another-template", server()))
    [one] = place.pods("another-template")
    before = place.ready(one.name)
    before.count_to(1)
    life = before.state()["life"]
    before.take()
    place.patch("apps/v1", "statefulsets", "another-template", {"spec": {"template": {"metadata": {
        "annotations": {"kcr.test/template": "another"}}}}})

    def look():
        found = place.find("v1", "pods", one.name)
        return found and found["metadata"]["uid"] != before.uid()
    wait("there is another Pod of that name", 40, look)
    after = place.ready(one.name)
    assert after.wait_other_life(life)["count"] == 0
    assert after.restarts() == 0 and after.attempts() == [] and "Restored" not in after.reasons()
    wait("a plan without candidates", 20, lambda: after.plan() is not None and after.planned() == [])
    after.kill()
    after.wait_restarts(1)
    state = after.state()
    assert state["life"] != life, "nothing of the other template's comes back"
    after.assert_cold("TemplateChanged")
