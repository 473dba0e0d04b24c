"""Checkpoints and Pods: what is restorable, what a failed container comes back from, what is kept."""

import json
import time

import pytest

from world import eventually, never, owner_of, seconds_of, stamp

pytestmark = pytest.mark.usefixtures("controller")

ORIGINAL = "kcr.test/app:1"


def restorable(space, name="ckp-1", **expected):
    def look():
        found = space.condition("checkpoints", name, "Restorable") or {}
        return found if all(found.get(k) == v for k, v in expected.items()) else None
    return eventually(look, 15, f"Restorable of {name} with {expected}, it is "
                      f"{space.condition('checkpoints', name, 'Restorable')}")


def image_of(space, container="main", pod="pod-1"):
    spec = space.get("pods", pod)["spec"]
    return next(c["image"] for c in spec["containers"] if c["name"] == container)


def record_of(space, container="main", pod="pod-1"):
    text = space.get("pods", pod)["metadata"].get("annotations", {}).get("kcr.io/restores", "{}")
    records = json.loads(text).get("containers", [])
    return next((r for r in records if r["container"] == container), None)


def runtime_image(space, name="ckp-1"):
    return space.get("checkpoints", name)["status"]["runtimeImage"]


def ended(container_id, code=137, reason="Error"):
    return {"exitCode": code, "reason": reason, "containerID": container_id,
            "startedAt": stamp(time.time() - 600), "finishedAt": stamp()}


def crash(space, pod, code=137, reason="Error"):
    """The kubelet's word for it: the container ended, another one runs in its place."""
    old = next(s for s in pod["status"]["containerStatuses"] if s["name"] == "main")
    rest = [s for s in pod["status"]["containerStatuses"] if s["name"] != "main"]
    new = space.running("main", since=stamp(), restarts=1,
                        last=ended(old["containerID"], code, reason))
    return space.pod_status(pod["metadata"]["name"], [new, *rest])


@pytest.fixture
def pod(space):
    """A Pod with one good Checkpoint, ckp-1."""
    pod = space.pod("pod-1")
    space.checkpoint(pod)
    restorable(space, status="True", reason="Restorable")
    return pod


@pytest.mark.parametrize("frozen", [0, 60])
def test_a_checkpoint_is_restorable_once_its_container_has_stayed_ready(space, frozen):
    """After the freeze: of the time before nobody could see anything."""
    space.checkpoint(space.pod("pod-1"), age=frozen, stable=False)
    restorable(space, status="False", reason="NotStable")
    restorable(space, status="True", reason="Restorable")
    checkpoint = space.get("checkpoints", "ckp-1")
    waited = (seconds_of(checkpoint["status"]["stableTime"])
              - seconds_of(checkpoint["metadata"]["creationTimestamp"]))
    assert waited >= 5


def test_a_container_that_became_unready_has_to_stay_ready_anew(space):
    pod = space.pod("pod-1")
    status = pod["status"]["containerStatuses"][0]
    space.pod_status("pod-1", [{**status, "ready": False}], since=stamp())
    space.checkpoint(pod, age=4)  # it was Ready then, and is not any more before 5 s are over
    never(lambda: "stableTime" in space.get("checkpoints", "ckp-1")["status"], 2)
    ready_again = stamp()
    space.pod_status("pod-1", [status], since=ready_again)
    restorable(space, status="False", reason="NotStable")
    restorable(space, status="True", reason="Restorable")
    waited = seconds_of(space.get("checkpoints", "ckp-1")["status"]["stableTime"]) - seconds_of(ready_again)
    assert waited >= 5


@pytest.mark.parametrize("spec, phase, reason", [
    ({"wasReady": False}, None, "WasNotReady"),
    ({"image": "kcr.test/app:0"}, None, "ImageChanged"),
    ({"templateHash": "abc"}, None, "TemplateChanged"),
    ({"podReference": {"name": "pod-1", "uid": "another"}}, None, "PodGone"),
    ({"nodeName": "node-7"}, None, "OtherNode"),
    ({"podReference": {"name": "pod-0", "uid": "another"}}, None, "PodGone"),
    ({}, "Processing", "NotBuilt"),
    ({}, "Failed", "BuildFailed"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_a_checkpoint_says_why_it_is_not_restorable(space, spec, phase, reason):
    space.checkpoint(space.pod("pod-1"), phase=phase, **spec)
    condition = restorable(space, status="False", reason=reason)
    assert condition["message"] and condition["lastTransitionTime"]


def test_the_agent_s_part_of_the_status_is_left_alone(space, pod):
    status = space.get("checkpoints", "ckp-1")["status"]
    assert (status["phase"], status["sizeBytes"]) == ("ImageBuilt", 1)


@pytest.mark.parametrize("code, reason", [(137, "Error"), (1, "Error"), (137, "OOMKilled")])
def test_a_failed_container_is_restored(space, pod, code, reason):
    crash(space, pod, code, reason)
    eventually(lambda: image_of(space) == runtime_image(space), what="the checkpoint's image")
    record = record_of(space)
    assert (record["phase"], record["checkpoint"]) == ("Restoring", "ckp-1")
    assert record["originalImage"] == ORIGINAL
    assert pod["status"]["containerStatuses"][0]["containerID"] in record["handled"]
    notes = eventually(lambda: space.notes("Restoring", "pod-1"))
    assert notes == [f"Container ended with exit code {code} ({reason}); restoring container main "
                     "from Checkpoint ckp-1"]


def test_the_agent_s_report_of_an_end_is_enough(space, pod):
    space.patch("checkpoints", "ckp-1", {"status": {"containerExit": {
        "containerID": pod["status"]["containerStatuses"][0]["containerID"], "exitCode": 137,
        "signal": 9, "reason": "Error", "finishedTime": stamp()}}}, "status")
    eventually(lambda: image_of(space) == runtime_image(space), what="the checkpoint's image")


def test_the_report_of_another_container_s_end_is_not(space, pod):
    space.patch("checkpoints", "ckp-1", {"status": {"containerExit": {
        "containerID": "containerd://another", "exitCode": 137}}}, "status")
    never(lambda: image_of(space) != ORIGINAL, 1.5, "a restore without an end")


def test_what_another_node_says_of_a_pod_is_not_believed(space, pod):
    """Its agent may write Checkpoints of its own node, whatever Pod they name: neither their image nor their report of an
    end counts."""
    container_id = pod["status"]["containerStatuses"][0]["containerID"]
    space.checkpoint(pod, "lie", age=1, nodeName="node-7")
    space.patch("checkpoints", "lie", {"status": {
        "runtimeImage": "evil.test/image@sha256:" + "3" * 64, "stableTime": stamp(),
        "containerExit": ended(container_id)}}, "status")
    restorable(space, "lie", status="False", reason="OtherNode")
    never(lambda: image_of(space) != ORIGINAL, 2, "a container that runs is restored")
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space), what="the image of its own node's Checkpoint")


def test_a_stateful_pod_that_has_moved_comes_back_from_what_its_former_node_was_asked_for(space):
    made = space.create("statefulsets", "StatefulSet", "web", {"spec": {
        "replicas": 1, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": ORIGINAL}]}}}})

    def runs_on(node):
        pod = eventually(lambda: space.get("pods", "web-0"), 30, "the set's Pod")
        space.api.call("POST", space.path("pods", "web-0", "binding"), {
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web-0"},
            "target": {"kind": "Node", "name": node}})
        space.pod_status("web-0", [space.running("main")])
        return pod["metadata"]["uid"], space.get("pods", "web-0")
    first, pod = runs_on("node-7")
    template = {"templateHash": pod["metadata"]["labels"]["controller-revision-hash"], "workloadReference": {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": made["metadata"]["uid"]}}
    request = space.request(pod="web-0")
    eventually(lambda: space.get("checkpointrequests", "one")["spec"].get("nodeName") == "node-7", what="a node for it")
    space.checkpoint(pod, owner=owner_of(request), **template)
    space.finish(request, checkpointRef={"name": "ckp-1"})
    space.checkpoint(pod, "lie", age=1, **template)
    for name in ("ckp-1", "lie"):
        restorable(space, name, status="True")
    space.delete("pods", "web-0")
    eventually(lambda: (space.get("pods", "web-0") or {}).get("metadata", {}).get("uid") not in (None, first), 30,
               "the set's next Pod")
    _, pod = runs_on("node-1")
    restorable(space, "lie", status="False", reason="OtherNode")
    restorable(space, status="True")
    crash(space, pod)
    eventually(lambda: image_of(space, pod="web-0") == runtime_image(space), what="the checkpoint's image")


def test_a_restore_is_done_once_and_then_said_to_serve(space):
    # No agent tells a restored container from a cold start here: it has to outlive the grace period.
    pod = space.pod("pod-1", terminationGracePeriodSeconds=1)
    space.checkpoint(pod)
    restorable(space, status="True")
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    back = space.running("main", since=stamp(), restarts=1,
                         last=ended(pod["status"]["containerStatuses"][0]["containerID"]))
    space.pod_status("pod-1", [back])
    eventually(lambda: record_of(space)["phase"] == "Serving", 20, "the phase Serving")
    assert eventually(lambda: space.notes("Restored")) == [
        "Container main runs again with its memory from Checkpoint ckp-1"]
    status = eventually(lambda: (s := space.get("checkpoints", "ckp-1")["status"])
                        and s.get("restoreCount") and s)
    assert status["restoreCount"] == 1 and "lastRestoreTime" in status
    version = space.get("pods", "pod-1")["metadata"]["resourceVersion"]
    never(lambda: space.get("pods", "pod-1")["metadata"]["resourceVersion"] != version, 2,
          "writes to a Pod that is well")


def test_the_agent_s_word_that_a_container_was_restored_is_enough(space, pod):
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    back = space.running("main", since=stamp(), restarts=1,
                         last=ended(pod["status"]["containerStatuses"][0]["containerID"]))
    space.pod_status("pod-1", [back])
    space.patch("checkpoints", "ckp-1", {"status": {
        "restoredContainerID": back["containerID"]}}, "status")
    # long before the Pod's grace period of 30 s is over
    eventually(lambda: record_of(space)["phase"] == "Serving", 10, "the phase Serving")


def test_only_the_container_that_failed_is_restored(space):
    pod = space.pod("pod-1", ["main", "side"])
    space.checkpoint(pod)
    space.checkpoint(pod, "ckp-side", "side")
    restorable(space, status="True")
    restorable(space, "ckp-side", status="True")
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    assert image_of(space, "side") == ORIGINAL
    assert record_of(space, "side") is None


def refuse(space, message, reason="CreateContainerError"):
    space.pod_status("pod-1", [{
        "name": "main", "ready": False, "restartCount": 1, "image": "", "imageID": "",
        "state": {"waiting": {"reason": reason, "message": message}}}])


def test_a_refused_restore_puts_the_original_image_back_and_says_why(space, pod):
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    refuse(space, "failed to create container: restore is disabled by configuration")
    eventually(lambda: image_of(space) == ORIGINAL, what="the original image")
    record = record_of(space)
    assert (record["phase"], record["reason"]) == ("Cold", "RestoreRefused")
    [note] = eventually(lambda: space.notes("RestoreRefused"))
    assert "disabled by configuration" in note and "starts without its memory" in note


def test_a_restore_that_fails_is_tried_again_from_the_next_older_checkpoint(space, pod):
    space.checkpoint(pod, "ckp-older", age=600)
    restorable(space, "ckp-older", status="True")
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    refuse(space, "criu failed: type RESTORE errno 22")
    eventually(lambda: image_of(space) == runtime_image(space, "ckp-older"))
    restorable(space, status="False", reason="RestoreFailed")
    time.sleep(3)
    refuse(space, "criu failed: type RESTORE errno 23")
    eventually(lambda: image_of(space) == ORIGINAL, what="the cold start")
    assert record_of(space)["reason"] == "ColdStart"


def test_a_clean_exit_is_not_restored(space, pod):
    crash(space, pod, 0, "Completed")
    eventually(lambda: record_of(space), what="the record of the clean exit")
    assert record_of(space)["reason"] == "CleanExit"
    assert image_of(space) == ORIGINAL


def test_the_schedule_s_terms_count(space):
    schedule = space.schedule(restore={"policy": "Never"})
    pod = space.pod("pod-1")
    space.checkpoint(pod, schedule=schedule)
    restorable(space, status="True")
    crash(space, pod)
    never(lambda: image_of(space) != ORIGINAL, 1.5, "a restore that nobody wants")


def test_a_container_of_kcr_runtime_is_left_to_it(space):
    pod = space.pod("pod-1")
    space.checkpoint(pod, age=600)
    space.checkpoint(pod, "ckp-2", strategy="Runtime")
    restorable(space, status="True")
    restorable(space, "ckp-2", status="True")
    crash(space, pod)
    never(lambda: image_of(space) != ORIGINAL or record_of(space), 1.5, "a restore by image")


def test_a_newer_archive_of_the_kubelet_is_restored_by_image_again(space):
    pod = space.pod("pod-1")
    space.checkpoint(pod, "ckp-2", age=600, strategy="Runtime")
    space.checkpoint(pod)
    restorable(space, status="True")
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space), what="the checkpoint's image")


@pytest.mark.parametrize("reason", ["CheckpointDamaged", "RestoreFailed"])
def test_what_kcr_runtime_found_unusable_is_not_restorable(space, pod, reason):
    space.patch("checkpoints", "ckp-1", {"status": {"conditions": [{
        "type": "Usable", "status": "False", "reason": reason, "message": "m",
        "lastTransitionTime": stamp()}]}}, "status")
    restorable(space, status="False", reason=reason)


def test_restores_by_kcr_runtime_are_counted_by_the_agent(space):
    pod = space.pod("pod-1")
    space.checkpoint(pod, strategy="Runtime")
    restorable(space, status="True")
    space.patch("checkpoints", "ckp-1", {"status": {"restoreCount": 2}}, "status")
    # what makes the controller write its part of the status anew
    space.pod_status("pod-1", [space.running("main")])
    space.delete("pods", "pod-1")
    restorable(space, status="False", reason="PodGone")
    assert space.get("checkpoints", "ckp-1")["status"]["restoreCount"] == 2


def test_a_terminating_pod_is_not_restored(space, pod):
    space.delete("pods", "pod-1", grace=30)
    crash(space, pod)
    never(lambda: image_of(space) != ORIGINAL, 1.5, "a restore of a Pod that goes")


def test_an_image_that_a_person_changes_wins_over_the_restore(space, pod):
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    space.api.call("PATCH", space.path("pods", "pod-1"), {"spec": {"containers": [
        {"name": "main", "image": "kcr.test/app:2"}]}}, "application/strategic-merge-patch+json")
    eventually(lambda: (record_of(space) or {}).get("phase") != "Restoring",
               what="the end of the restore")
    never(lambda: image_of(space) != "kcr.test/app:2", 1.5, "a fight for the image")


def test_a_damaged_record_is_replaced(space, pod):
    space.patch("pods", "pod-1", {"metadata": {"annotations": {"kcr.io/restores": "{\"oops"}}})
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    assert record_of(space)["phase"] == "Restoring"


# ---- What is kept ----

def test_retention_deletes_the_oldest_with_the_requests_that_made_them(space):
    schedule = space.schedule(retention={"maxCount": 2})
    pod = space.pod("pod-1")
    requests = {}
    for number in range(4):
        reference = {"apiVersion": schedule["apiVersion"], "kind": "CheckpointSchedule",
                     "namespace": space.name, "name": "every", "uid": schedule["metadata"]["uid"]}
        requests[number] = space.request(f"req-{number}", checkpointScheduleRef=reference)
        space.finish(requests[number])
        space.checkpoint(pod, f"ckp-{number}", age=100 - number, schedule=schedule,
                         owner=owner_of(requests[number]))
    eventually(lambda: space.names("checkpoints") == ["ckp-2", "ckp-3"], what="two Checkpoints")
    eventually(lambda: space.names("checkpointrequests") == ["req-2", "req-3"])
    never(lambda: len(space.names("checkpoints")) < 2, 1, "more deleted than asked for")


def test_what_another_node_says_of_a_pod_pushes_nothing_out(space):
    """Nor does it take along the request that it claims to be of."""
    schedule = space.schedule(retention={"maxCount": 1})
    pod = space.pod("pod-1")
    request = space.request("req", nodeName="node-1")
    space.finish(request)
    space.checkpoint(pod, schedule=schedule, owner=owner_of(request))
    for number in range(2):
        space.checkpoint(pod, f"lie-{number}", age=30 - number, schedule=schedule, nodeName="node-7", owner=owner_of(request))
    eventually(lambda: space.names("checkpoints") == ["ckp-1", "lie-1"], what="one Checkpoint of each node")
    never(lambda: space.names("checkpointrequests") != ["req"], 1, "the request is gone")


def test_retention_leaves_alone_what_people_asked_for(space):
    schedule = space.schedule(retention={"maxCount": 1})
    pod = space.pod("pod-1")
    for number in range(3):
        space.checkpoint(pod, f"hand-{number}", age=100 - number)
        space.checkpoint(pod, f"ckp-{number}", age=100 - number, schedule=schedule)
    eventually(lambda: space.names("checkpoints") == ["ckp-2", "hand-0", "hand-1", "hand-2"])


def test_retention_keeps_the_checkpoint_that_a_container_runs_from(space):
    schedule = space.schedule(retention={"maxCount": 1})
    pod = space.pod("pod-1")
    space.checkpoint(pod, schedule=schedule)
    restorable(space, status="True")
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space))
    space.checkpoint(space.get("pods", "pod-1"), "ckp-2", age=1, schedule=schedule)
    never(lambda: "ckp-1" not in space.names("checkpoints"), 2, "the image in use is gone")


@pytest.mark.parametrize("target", ["pod-1", "beside"])
def test_retention_keeps_the_checkpoint_that_is_restored_on_request(space, target):
    schedule = space.schedule(retention={"maxCount": 1})
    pod = space.pod("pod-1")
    chosen = space.checkpoint(pod, schedule=schedule)
    space.create("restorerequests", "RestoreRequest", "back", {"spec": {
        "podReference": {"name": target}, "containerName": "main", "nodeName": "node-1"}})
    space.patch("restorerequests", "back", {"status": {
        "phase": "Restoring", "startTime": stamp(),
        "checkpointRef": {"name": "ckp-1", "uid": chosen["metadata"]["uid"]}}}, "status")
    restorable(space, status="True")
    space.create("restorerequests", "RestoreRequest", "later", {"spec": {
        "podReference": {"name": "pod-1"}, "containerName": "main"}})
    eventually(lambda: space.get("restorerequests", "later")["spec"].get("nodeName"), what="the controller has seen both")
    space.checkpoint(pod, "ckp-2", age=1, schedule=schedule)
    never(lambda: "ckp-1" not in space.names("checkpoints"), 2, "what is being restored is gone")
    space.patch("restorerequests", "back", {"status": {"phase": "Completed"}}, "status")
    space.patch("checkpointschedules", "every", {"spec": {"suspend": True}})  # it looks again
    eventually(lambda: space.names("checkpoints") == ["ckp-2"], what="what the retention says")


def test_failed_requests_are_kept_up_to_the_limit(space):
    schedule = space.schedule(failedRequestsHistoryLimit=1)
    reference = {"apiVersion": schedule["apiVersion"], "kind": "CheckpointSchedule",
                 "namespace": space.name, "name": "every", "uid": schedule["metadata"]["uid"]}
    for number in range(3):
        space.finish(space.request(f"req-{number}", checkpointScheduleRef=reference), "Failed")
        time.sleep(1.01)  # they are told apart by their second
    eventually(lambda: space.names("checkpointrequests") == ["req-2"])
