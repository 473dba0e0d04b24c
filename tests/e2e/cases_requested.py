"""Containers that are put back on request, in place: to which checkpoint, what becomes of it later, what is refused."""

from harness import KCR, condition, say, wait
from cases_ends import checkpointed
from together import case
from workload import pod

KIND = "restorerequests"


def restore(place, one, name, **spec):
    """Asks for it, waits for the end, gives the status."""
    request = f"{one.name}-{name}"
    place.make({"apiVersion": KCR, "kind": "RestoreRequest", "metadata": {"name": request}, "spec": {
        "podReference": {"name": one.name}, "containerName": "main", "timeoutSeconds": 120, **spec}})

    def look():
        status = place.get(KCR, KIND, request).get("status", {})
        return status if status.get("phase") in ("Completed", "Failed") else None
    status = wait(f"{request} is finished", 150, look)
    say(f"{request}: {status['phase']} {status.get('reason', '')} {status['message']}")
    return status


def put_back(place, one, name, life, count, **spec):
    """It runs in the same life, and counted so far."""
    status = restore(place, one, name, **spec)
    assert status["phase"] == "Completed", status
    assert status["restoredContainerID"] == one.status()["containerID"] != status["endedContainerID"]
    assert status["restartCountAfter"] == status.get("restartCountBefore", 0) + 1 == one.restarts()
    assert one.wait_life(life)["count"] == count
    return status


def two_checkpoints(place, name, **terms):
    """A Pod that has counted to 3, and the checkpoints of when it had counted to 1 and 2."""
    one = place.settle(pod(name))
    names = []
    for count in (1, 2):
        one.count_to(count)
        names.append(one.take(**terms))
    one.count_to(3)
    return one, one.state()["life"], *names


@case(engines=True)
def put_back_to_an_older_checkpoint(place):
    """Neither that end nor the one before the next request speaks against a checkpoint, however soon they come."""
    one, life, older, newer = two_checkpoints(place, "put-back-to-an-older")
    status = put_back(place, one, "older", life, 1, checkpointName=older)
    assert status["checkpointRef"]["name"] == older
    assert older in one.wait_for_event("Restored") and older in one.wait_for_event("RestoreRequested")
    one.count_to(7)
    taken = place.checkpoint(newer)["spec"]["checkpointTimestamp"]
    assert put_back(place, one, "newer", life, 2, at=taken)["checkpointRef"]["name"] == newer
    assert put_back(place, one, "newest", life, 2)["checkpointRef"]["name"] == newer
    for checkpoint in (older, newer):
        assert condition(place.checkpoint(checkpoint), "Usable") is None
    assert [one["outcome"] for one in one.attempts()] == ["Restored"] * 3


@case
def a_crash_after_a_request(place):
    """What was taken before the request, and after the checkpoint that was asked for, does not come back."""
    one, life, older, newer = two_checkpoints(place, "a-crash-after-a-request", terms="again")
    put_back(place, one, "older", life, 1, checkpointName=older)
    one.count_to(5)
    one.kill()
    one.assert_restored(older, 2)
    assert one.wait_life(life)["count"] == 1
    one.wait_restarts(2)
    one.count_to(6)
    latest = one.take(terms="again")
    one.count_to(7)
    one.kill()
    one.assert_restored(latest, 3)
    assert one.wait_life(life)["count"] == 6
    assert newer in one.planned()


@case
def what_is_refused_ends_nothing(place):
    one, life, checkpoint = checkpointed(place, "what-is-refused-ends-nothing")
    refused = (("absent", {"checkpointName": "nowhere"}, "CheckpointNotFound"),
               ("long-ago", {"at": "2020-01-01T00:00:00Z"}, "NoCheckpoint"),
               ("container", {"containerName": "other"}, "ContainerNotFound"))
    for name, spec, reason in refused:
        status = restore(place, one, name, **spec)
        assert (status["phase"], status["reason"]) == ("Failed", reason), status
    (one.directory(checkpoint) / "checkpoint" / "inventory.img").unlink()
    status = restore(place, one, "damaged")
    assert (status["phase"], status["reason"]) == ("Failed", "CheckpointDamaged"), status
    assert "inventory.img" in status["message"]
    state = one.state()
    assert (state["life"], state["count"], one.restarts()) == (life, 2, 0)


@case
def a_pod_that_is_never_restarted(place):
    never = pod("a-pod-that-is-never-restarted")
    never["spec"]["restartPolicy"] = "Never"
    one = place.settle(never)
    one.count_to(1)
    life = one.state()["life"]
    request = place.ask(one.name)
    assert place.end_of(request)["phase"] == "Completed"
    status = restore(place, one, "it")
    assert (status["phase"], status["reason"]) == ("Failed", "NotRestarted"), status
    assert one.state()["life"] == life and one.restarts() == 0


@case
def put_back_on_failure_only(place):
    """restartPolicy OnFailure: what an order ends has failed, as far as the kubelet can tell."""
    only = pod("put-back-on-failure-only")
    only["spec"]["restartPolicy"] = "OnFailure"
    one = place.settle(only)
    one.count_to(1)
    life = one.state()["life"]
    one.take()
    one.count_to(2)
    put_back(place, one, "it", life, 1)
    assert one.status()["lastState"]["terminated"]["exitCode"] == 137
