"""CheckpointRequests: assigned to their node, and failed with a reason when nothing comes of them."""

import pytest

from world import eventually, never, seconds_of, stamp

pytestmark = pytest.mark.usefixtures("controller")


def status(space, name="one"):
    return space.get("checkpointrequests", name).get("status", {})


def failed(space, name="one", timeout=10):
    return eventually(lambda: (s := status(space, name)).get("phase") == "Failed" and s, timeout,
                      f"the failure of request {name}")


def node_of(space, name="one"):
    return space.get("checkpointrequests", name)["spec"].get("nodeName")


def test_a_request_written_by_hand_gets_the_node_of_its_pod(space):
    space.pod("pod-1", node="node-7")
    space.request()
    assert eventually(lambda: node_of(space)) == "node-7"
    assert status(space) == {"phase": "Pending"}  # the agent begins


def test_a_request_that_is_there_before_its_pod_waits_for_it_a_little(space):
    space.request()
    never(lambda: node_of(space) or status(space) != {"phase": "Pending"}, 1)
    space.pod("pod-1", node="node-7")
    assert eventually(lambda: node_of(space)) == "node-7"


def test_a_pod_that_is_not_on_a_node_yet_is_waited_for(space):
    space.pod("pod-1", node=None)
    space.request()
    never(lambda: node_of(space) or status(space) != {"phase": "Pending"}, 1)
    space.api.call("POST", space.path("pods", "pod-1", "binding"), {
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "pod-1"},
        "target": {"kind": "Node", "name": "node-7"}})
    assert eventually(lambda: node_of(space)) == "node-7"


def test_an_unknown_pod_fails_the_request(space):
    space.request(pod="nobody")
    end = failed(space)
    assert end["reason"] == "PodNotFound"
    assert end["message"] == "there is no Pod of this name in the namespace"
    condition = space.condition("checkpointrequests", "one", "Complete")
    assert (condition["status"], condition["reason"]) == ("False", "PodNotFound")
    assert eventually(lambda: space.notes("CheckpointFailed", "one")) == [end["message"]]


def test_an_unknown_container_fails_the_request(space):
    space.pod("pod-1")
    space.request(container="nobody")
    assert failed(space)["reason"] == "ContainerNotFound"


def test_a_terminating_pod_fails_the_request(space):
    space.pod("pod-1")
    space.delete("pods", "pod-1", grace=30)
    space.request()
    assert failed(space)["reason"] == "PodTerminating"


def test_a_pod_of_another_namespace_is_none_of_the_request_s_business(space):
    space.request(podReference={"name": "kube-dns", "namespace": "kube-system"})
    end = failed(space)
    assert end["reason"] == "Forbidden"
    assert end["message"] == "the Pod must be in the namespace of the request"
    assert node_of(space) is None


def test_a_request_that_cannot_begin_fails_when_its_time_is_over(space):
    space.pod("pod-1", node=None)
    space.request(timeoutSeconds=2)
    end = failed(space)
    assert end["reason"] == "Timeout"
    assert end["message"] == "the Pod was not assigned to a node within spec.timeoutSeconds"
    created = seconds_of(space.get("checkpointrequests", "one")["metadata"]["creationTimestamp"])
    assert seconds_of(end["completionTime"]) - created >= 2


def test_requests_that_no_agent_completes_fail_in_the_end(space):
    """One that nobody began, and one that was left: the seed's stayed InProgress for ever."""
    space.pod("pod-1")
    space.request("unseen", timeoutSeconds=1)
    space.request("left", timeoutSeconds=1)
    space.patch("checkpointrequests", "left", {"status": {
        "phase": "InProgress", "startTime": stamp(), "podUID": "x"}}, "status")
    for name in ("unseen", "left"):
        end = failed(space, name, timeout=25)  # the agent has 15 s to say so itself
        assert end["reason"] == "Timeout"
        assert "is it running there?" in end["message"]
    assert end["podUID"] == "x"  # what the agent wrote stays


@pytest.mark.parametrize("phase", ["Completed", "Failed"])
def test_a_finished_request_is_left_as_it_is(space, phase):
    made = space.request(timeoutSeconds=1)
    space.finish(made, phase, message="as the agent wrote it")
    version = space.get("checkpointrequests", "one")["metadata"]["resourceVersion"]
    never(lambda: space.get("checkpointrequests", "one")["metadata"]["resourceVersion"] != version,
          2.5, "a write to a finished request")
