"""What comes back, and from which checkpoint."""

from harness import has_condition, say, wait
from workload import deployment, pod, server


def two(pods):
    return pods if len(pods) == 2 else None


def test_the_second_container_comes_back_and_the_first_one_runs_on(namespace):
    namespace.apply(deployment("two", server("first", 8000), server("second", 8001)))
    [one] = namespace.pods("two")
    one.wait_ready()
    one.count_to(1, 8001)
    first, second = one.state(8000), one.state(8001)
    first_id = one.container_id("first")
    namespace.take(one.name, "second")
    one.count_to(2, 8001)  # after the checkpoint: this is lost

    one.kill("second")
    after = one.wait_life(second["life"], 8001)
    one.wait_restarts(1, "second")
    one.wait_for_event("Restored")

    assert after["count"] == 1
    one.assert_restarted_once("second")
    assert (one.container_id("first"), one.restarts("first")) == (first_id, 0)
    now = one.state(8000)
    say(f"the first container's ticks: {first['ticks']}, then {now['ticks']}")
    assert now["life"] == first["life"] and now["ticks"] > first["ticks"]


def test_each_replica_comes_back_from_its_own_checkpoint(namespace):
    namespace.apply(deployment("twins", replicas=2))
    pods = wait("both replicas", 20, lambda: two(namespace.pods("twins")))
    for one in pods:
        one.wait_ready()
        wait("it has its own key", 20, lambda p=one: p.ask(f"/set?name={p.name}"))
    lives = [one.state()["life"] for one in pods]
    requests = [namespace.ask(one.name) for one in pods]
    names = [namespace.end_of(request)["checkpointRef"]["name"] for request in requests]
    for name in names:
        namespace.restorable(name)

    for one in pods:
        one.kill()
    for one, life, name in zip(pods, lives, names):
        assert one.wait_life(life)["keys"] == {"name": one.name}
        assert name in one.wait_for_event("Restored")
        one.assert_restarted_once()


def test_after_a_second_failure_the_older_checkpoint_then_a_cold_start(namespace):
    namespace.apply(pod("weak"))
    weak = namespace.pod("weak").wait_ready()
    names = []
    for count in (1, 2):
        weak.count_to(count)
        names.append(namespace.take("weak"))
    older, newer = names
    life = weak.state()["life"]

    weak.kill()
    assert weak.wait_life(life)["count"] == 2
    assert newer in weak.wait_for_event("Restored")

    weak.kill()
    wait("the Pod runs from the older checkpoint", 20, lambda: (weak.record() or {}).get("checkpoint") == older)
    wait("the older memory is back", 20, lambda: (weak.ask("/") or {}).get("count") == 1)
    assert weak.state()["life"] == life
    assert has_condition(namespace.checkpoint(newer), "Restorable", "False")
    wait("the older one holds, too", 20, lambda: weak.record()["phase"] == "Serving")

    weak.kill()
    assert weak.wait_other_life(life)["count"] == 0
    say(weak.wait_for_event("ColdStart"))
    assert weak.spec()["image"] == "kcr.test/tools:1"
    assert weak.record()["phase"] == "Cold"


def test_a_restored_container_is_checkpointed_and_restored_again(namespace):
    namespace.apply(pod("again"))
    again = namespace.pod("again").wait_ready()
    life = again.state()["life"]
    for generation in range(1, 4):
        again.count_to(generation)
        name = namespace.take("again")
        checkpoint = namespace.checkpoint(name)
        assert checkpoint["spec"]["image"] == "kcr.test/tools:1", "the author's image, not the checkpoint's"
        again.kill()
        assert again.wait_life(life)["count"] == generation
        wait(f"restored from {name}", 20, lambda: (again.record() or {}).get("checkpoint") == name
             and again.record()["phase"] == "Serving")
