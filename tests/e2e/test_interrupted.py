"""What is cut off in the middle: a request always ends, and nothing is left lying about."""

import os
import signal
import time

import pytest

from harness import AGENT, CONTROLLER, say, wait
from workload import pod, server

HEAP_MIB = 768  # its checkpoint takes some seconds


@pytest.fixture(scope="module")
def big(shared):
    shared.apply(pod("big", server(heap_mib=HEAP_MIB)))
    return shared.pod("big").wait_ready(60)


@pytest.fixture
def under_way(shared, big):
    """The name of a request whose checkpoint is being taken."""
    name = shared.ask("big")
    wait(f"{name} is InProgress", 30, lambda: shared.request(name).get("status", {}).get("phase") == "InProgress")
    return name


def assert_ended(namespace, cluster, name):
    status = namespace.end_of(name, seconds=90)
    assert status["phase"] == "Completed" or status["reason"] and status["message"]
    if status["phase"] == "Completed":
        namespace.built(status["checkpointRef"]["name"])
    # One that the kubelet made after the request had ended is found by a round that the agent makes every minute.
    wait("no archive is left", 90, lambda: not cluster.archives)
    return status


def kill_in_the_middle(cluster, agent, pod):
    """SIGKILL to the agent as soon as the engine has paused the container for the agent's call."""
    [status] = agent["status"]["containerStatuses"]
    victim, paused = cluster.first_process(status["containerID"]), cluster.first_process(pod.container_id())
    name = pod.namespace.ask(pod.name)
    deadline = time.monotonic() + 30
    while not cluster.is_paused(paused):  # CRIU begins within 20 ms, and lets the container go on in the end
        assert time.monotonic() < deadline, f"{pod.name} is not paused"
        time.sleep(0.002)
    cluster.kill_process(victim)
    say(f"killed {agent['metadata']['name']} when {pod.name} was paused")
    return name


def assert_goes_on(pod):
    """The container is not left paused: its server counts."""
    ticks = wait(f"{pod.name} answers", 60, lambda: pod.ask("/"))["ticks"]
    wait(f"{pod.name} counts", 10, lambda: (pod.ask("/") or {"ticks": ticks})["ticks"] > ticks)
    assert pod.restarts() == 0


def kill_program(cluster, pod_object):
    [status] = pod_object["status"]["containerStatuses"]
    name = pod_object["metadata"]["name"]
    cluster.kill(status["containerID"])
    say(f"killed {name}")


def leader(cluster):
    holder = cluster.api("/apis/coordination.k8s.io/v1/namespaces/kcr-system/leases/kcr-controller")
    holder = holder["spec"].get("holderIdentity", "")
    return next((one for one in cluster.pods_of(CONTROLLER) if holder.startswith(one["metadata"]["name"])), None)


def test_an_agent_that_is_killed_is_followed_by_one_that_goes_on(shared, cluster, under_way):
    [agent] = cluster.pods_of(AGENT)
    kill_program(cluster, agent)
    assert_ended(shared, cluster, under_way)
    cluster.wait_for_programs()


def test_a_container_goes_on_whose_agent_was_killed_in_the_middle_of_its_checkpoint(shared, cluster, big):
    """Nobody asks again: it is the kubelet that has to finish."""
    [agent] = cluster.pods_of(AGENT)
    name = kill_in_the_middle(cluster, agent, big)
    shared.kubectl("delete", "checkpointrequest", name)
    assert_goes_on(big)
    wait("the kubelet has finished", 60, lambda: cluster.archives)
    for archive in cluster.archives:  # of a request that is gone: a person's to remove
        (cluster.store.parent / archive).unlink()
    cluster.wait_for_programs()


def test_an_agent_whose_pod_is_deleted_is_followed_by_one_that_goes_on(shared, cluster, under_way):
    [agent] = cluster.pods_of(AGENT)
    cluster.kubectl("-n", "kcr-agent", "delete", "pod", agent["metadata"]["name"])
    assert_ended(shared, cluster, under_way)
    cluster.wait_for_programs()


def test_a_leader_whose_pod_is_deleted_is_followed_at_once(shared, cluster, under_way):
    old = wait("there is a leader", 30, lambda: leader(cluster))
    cluster.kubectl("-n", "kcr-system", "delete", "pod", old["metadata"]["name"], "--wait=false")
    assert_ended(shared, cluster, under_way)
    wait("there is another leader", 10, lambda: (leader(cluster) or old)["metadata"]["uid"] != old["metadata"]["uid"])
    assert assert_ended(shared, cluster, shared.ask("big"))["phase"] == "Completed"
    cluster.wait_for_programs()


def test_a_leader_that_is_killed_is_followed_when_its_lease_is_over(shared, cluster, under_way):
    kill_program(cluster, wait("there is a leader", 30, lambda: leader(cluster)))
    assert_ended(shared, cluster, under_way)
    assert assert_ended(shared, cluster, shared.ask("big"))["phase"] == "Completed"
    cluster.wait_for_programs()


def test_a_checkpoint_that_takes_too_long_fails(shared, cluster, big):
    status = assert_ended(shared, cluster, shared.ask("big", timeout=1))
    assert (status["phase"], status["reason"]) == ("Failed", "Timeout")
    assert big.state() and big.restarts() == 0, "the container runs on"


def test_a_pod_that_goes_during_its_checkpoint_fails_it(shared, cluster, big, under_way):
    shared.kubectl("delete", "pod", "big", "--wait=false")
    status = assert_ended(shared, cluster, under_way)
    if status["phase"] == "Completed":  # it was taken before the Pod went
        assert shared.checkpoint(status["checkpointRef"]["name"])["spec"]["podReference"]["name"] == "big"
