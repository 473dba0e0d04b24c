"""Annotations: what they start, and what goes with them. One minute's schedules serve all of these tests."""

import pytest

from harness import KCR, has_condition, say, wait
from workload import REDIS, deployment, server

KEYS = 1000
EVERY_MINUTE = "* * * * *"
ONCE_A_YEAR = "0 0 1 1 *"
ANNOTATION = "kcr.io/checkpoint-restore-schedule"


def redis(pod, *words, stdin=None):
    return pod.namespace.kubectl("exec", "-i", pod.name, "--", "redis-cli", *words, stdin=stdin).stdout


def run_id(pod):
    return next(line for line in redis(pod, "info", "server").splitlines() if line.startswith("run_id"))


def schedule(namespace, name):
    return namespace.find(KCR, "checkpointschedules", name)


def follows(namespace, name, cron):
    """The schedule when it has been made from the annotation and its next run is known."""
    one = schedule(namespace, name)
    is_planned = one and has_condition(one, "Ready", "True") and one["spec"]["schedule"] == cron and \
        one["status"].get("observedGeneration") == one["metadata"]["generation"]
    return one if is_planned else None


def annotate(namespace, name, value):
    namespace.kubectl("annotate", "--overwrite", f"deployment/{name}", f"{ANNOTATION}{value}")


@pytest.fixture(scope="module")
def minute(shared):
    """
    Deployments that all were to be checkpointed in the next minute, that minute being over for one of them; "changed"
    and "removed" have had their annotations taken back before. Gives their Pods and Redis's run_id.
    """
    shared.apply(deployment("redis", {"name": "redis", "image": REDIS}, schedule=EVERY_MINUTE),
                 *(deployment(name, schedule=EVERY_MINUTE) for name in ("changed", "removed", "going")))
    pods = {name: shared.pods(name)[0] for name in ("redis", "changed", "removed", "going")}
    for name, pod in pods.items():
        wait(f"{name} has its schedule", 10, lambda n=name: follows(shared, n, EVERY_MINUTE))
    annotate(shared, "changed", f"={ONCE_A_YEAR}")
    annotate(shared, "removed", "-")
    for pod in pods.values():
        pod.wait_ready()
    redis(pods["redis"], stdin="".join(f"SET key:{i} value-{i}\n" for i in range(KEYS)))
    identity = run_id(pods["redis"])

    def restorable():
        return all(any(has_condition(one, "Restorable", "True") for one in shared.checkpoints_of(pods[name]))
                   for name in ("redis", "going"))
    wait("scheduled checkpoints are Restorable", 90, restorable)
    print(shared.kubectl("get", "checkpointschedules,checkpointrequests,checkpoints").stdout)
    return pods, identity


def test_an_annotated_redis_comes_back_with_every_key(shared, minute):
    pod, identity = minute[0]["redis"], minute[1]
    before = pod.uid(), pod.restarts("redis")
    checkpoint = shared.checkpoints_of(pod)[-1]["metadata"]["name"]

    pod.kill("redis")
    pod.wait_restarts(1, "redis")
    pod.wait_for_event("Restored")

    assert (pod.uid(), run_id(pod)) == (before[0], identity)
    values = redis(pod, stdin="".join(f"GET key:{i}\n" for i in range(KEYS))).split()
    assert values == [f"value-{i}" for i in range(KEYS)]
    pod.assert_restarted_once("redis")
    assert [reason for reason in pod.reasons() if reason in ("Restoring", "Restored")] == ["Restoring", "Restored"]
    wait("the restore is counted on its Checkpoint", 10,
         lambda: shared.checkpoint(checkpoint)["status"].get("restoreCount") == 1)


def test_a_changed_annotation_ends_the_old_times_at_once(shared, minute):
    pod = minute[0]["changed"]
    one = wait("the schedule follows", 5, lambda: follows(shared, "changed", ONCE_A_YEAR))
    say(f"next run {one['status']['nextRunTime']}")
    assert one["status"]["nextRunTime"].endswith("-01-01T00:00:00Z")
    assert shared.checkpoints_of(pod) == []


def test_a_removed_annotation_ends_the_schedule_at_once(shared, minute):
    pod = minute[0]["removed"]
    assert schedule(shared, "removed") is None
    assert shared.checkpoints_of(pod) == []


def test_with_the_annotation_go_schedule_requests_checkpoints_and_data(shared, cluster, minute):
    pod = minute[0]["going"]
    uids = {one["metadata"]["uid"] for one in shared.checkpoints_of(pod)}
    assert uids and uids <= cluster.stored
    annotate(shared, "going", "-")
    wait("the schedule is gone", 10, lambda: schedule(shared, "going") is None)
    wait("its requests are gone", 30, lambda: not [
        one for one in shared.list(KCR, "checkpointrequests") if one["spec"]["podReference"]["name"] == pod.name])
    wait("its checkpoints are gone", 30, lambda: not shared.checkpoints_of(pod))
    wait("its data are gone", 10, lambda: not uids & cluster.stored)
    assert cluster.archives == []
    assert pod.state()  # the workload itself is not touched


def test_an_annotation_that_is_no_schedule_is_said_so(shared):
    shared.apply(deployment("wrong", schedule="every minute"))
    say(shared.wait_for_event("wrong", "InvalidSchedule"))
    assert schedule(shared, "wrong") is None
