"""CheckpointRequests that somebody writes by hand."""

import pytest

from harness import ROOT, checkpoint_request, condition, say, wait
from workload import pod

SEED = (ROOT / "tests" / "api" / "seed" / "request.yaml").read_text()


def seed_request(pod_name, namespace, container):
    """The seed's printed request for our Pod; its owner, which does not exist here, is left out."""
    lines = SEED.replace("kcr-example-665b8dd976-k4j6x", pod_name).replace("default", namespace) \
        .replace("containerName: kcr-example", f"containerName: {container}").splitlines()
    owners = lines.index("  ownerReferences:")
    return "\n".join(lines[:owners] + lines[lines.index("spec:"):lines.index("status:")])


def test_the_seeds_request_makes_a_checkpoint(namespace, cluster):
    namespace.apply(pod("simple"))
    namespace.pod("simple").wait_ready()
    manifest = seed_request("simple", namespace.name, "main")
    say(manifest)
    cluster.kubectl("apply", "-f", "-", stdin=manifest)
    name = "kcr-example-simple-1753869240"
    status = namespace.end_of(name)
    checkpoint = namespace.built(status["checkpointRef"]["name"])
    print(namespace.kubectl("get", "checkpointrequests,checkpoints", "-o", "wide").stdout)

    assert status["phase"] == "Completed"
    assert namespace.request(name)["spec"]["nodeName"] == "node1"
    assert namespace.request(name)["metadata"]["labels"]["app"] == "checkpoint-restore"
    assert condition(checkpoint, "ImageBuilt")["status"] == "True"
    assert checkpoint["metadata"]["ownerReferences"][0]["name"] == name
    assert checkpoint["spec"]["checkpointScheduleRef"]["name"] == "kcr-example"
    assert checkpoint["status"]["runtimeImage"].startswith("localhost:7470/")
    assert checkpoint["metadata"]["uid"] in cluster.stored
    assert cluster.archives == []
    namespace.wait_for_event(name, "CheckpointTaken")
    namespace.wait_for_event(checkpoint["metadata"]["name"], "ImageBuilt")
    assert namespace.pod("simple").restarts() == 0


@pytest.fixture(scope="module")
def hopeless(shared):
    """Requests that cannot be met, made together; the reasons that they are to fail with."""
    shared.apply(pod("simple"))
    shared.pod("simple").wait_ready()
    shared.apply(checkpoint_request("no-pod", "nobody", "main"),
                 checkpoint_request("no-container", "simple", "nobody"),
                 checkpoint_request("foreign", "simple", "main", namespace="kube-system"))


@pytest.mark.parametrize("name, reason", [
    ("no-pod", "PodNotFound"), ("no-container", "ContainerNotFound"), ("foreign", "Forbidden")])
def test_a_request_that_cannot_be_met_fails_and_says_why(shared, hopeless, name, reason):
    status = shared.end_of(name, seconds=20)
    assert (status["phase"], status["reason"]) == ("Failed", reason)
    assert status["message"] and status["completionTime"]
    assert condition(shared.request(name), "Complete")["reason"] == reason
    shared.wait_for_event(name, "CheckpointFailed")


def test_checkpoints_outlive_neither_their_request_nor_their_deletion(namespace, cluster):
    namespace.apply(pod("simple"))
    namespace.pod("simple").wait_ready()
    requests = [namespace.ask("simple"), namespace.ask("simple")]
    names = [namespace.end_of(request)["checkpointRef"]["name"] for request in requests]
    uids = [namespace.built(name)["metadata"]["uid"] for name in names]
    assert len(set(names)) == 2 and set(uids) <= cluster.stored
    namespace.kubectl("delete", "checkpoint", names[0])
    wait("the deleted Checkpoint's data are gone", 10, lambda: uids[0] not in cluster.stored)
    namespace.kubectl("delete", "checkpointrequest", requests[1])
    wait("the other went with its request", 20, lambda: uids[1] not in cluster.stored)
    assert namespace.checkpoints() == []
