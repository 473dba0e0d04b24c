"""Which ends of a container are undone. The Pods of all tests get their checkpoints together."""

import pytest

from harness import say, wait
from workload import pod, server

# As patient as a busy machine needs.
LIVENESS = {"httpGet": {"path": "/healthz", "port": 8000}, "initialDelaySeconds": 3, "periodSeconds": 1,
            "timeoutSeconds": 3, "failureThreshold": 3}


@pytest.fixture(scope="module")
def checkpointed(shared):
    """The state of each Pod's server at its checkpoint, by Pod."""
    shared.apply(pod("clean"), pod("failing"), pod("hungry", server(resources={"limits": {"memory": "96Mi"}})),
                 pod("sick", server(livenessProbe=LIVENESS)),
                 pod("stubborn", server(livenessProbe=LIVENESS, env=[{"name": "STUBBORN", "value": "1"}]), grace=6))
    names = ("clean", "failing", "hungry", "sick", "stubborn")
    states = {}
    for name in names:
        shared.pod(name).wait_ready().count_to(1)
        states[name] = shared.pod(name).state()
    requests = [shared.ask(name) for name in names]
    for request in requests:
        shared.restorable(shared.end_of(request)["checkpointRef"]["name"])
    return states


def ended(one):
    """How the last container ended, as the kubelet says."""
    last = wait("the kubelet tells of the end", 60, lambda: one.status()["lastState"].get("terminated"))
    say(f"{one.name}: exit code {last['exitCode']}, reason {last['reason']}, restarts {one.restarts()}")
    return last


def test_exit_code_0_is_not_undone(shared, checkpointed):
    clean = shared.pod("clean")
    clean.ask("/exit?code=0")
    state = clean.wait_other_life(checkpointed["clean"]["life"])
    assert state["count"] == 0
    say(clean.wait_for_event("CleanExit"))
    assert ended(clean)["exitCode"] == 0
    assert clean.record()["phase"] == "Cold" and clean.record()["reason"] == "CleanExit"
    assert "Restoring" not in clean.reasons()


def test_exit_code_3_is_undone(shared, checkpointed):
    failing = shared.pod("failing")
    failing.ask("/exit?code=3")
    assert failing.wait_life(checkpointed["failing"]["life"])["count"] == 1
    assert "exit code 3" in failing.wait_for_event("Restoring")
    failing.wait_for_event("Restored")
    failing.assert_restarted_once()


def test_a_container_out_of_memory_is_undone(shared, checkpointed):
    hungry = shared.pod("hungry")
    hungry.ask("/eat")
    assert hungry.wait_life(checkpointed["hungry"]["life"])["count"] == 1
    hungry.wait_for_event("Restored")
    hungry.assert_restarted_once()
    assert ended(hungry)["exitCode"] == 137


@pytest.mark.parametrize("name", ["sick", "stubborn"])
def test_a_failed_liveness_probe_is_undone(shared, checkpointed, name):
    """
    The kubelet kills it and starts it cold in one pass, and replaces that by the restored one afterwards. The cold
    one, which may be slow to stop, must not be taken for the restored one.
    """
    sick = shared.pod(name)
    sick.ask("/sicken")
    say(sick.wait_for_event("Killing", seconds=40))
    sick.wait_for_event("Restored", seconds=60)
    assert sick.ask("/")["life"] == checkpointed[name]["life"], "what was found serving is what was restored"
    assert sick.state()["count"] == 1
    assert sick.ask("/healthz"), "the memory from before the illness"
    assert "ColdStart" not in sick.reasons()
    assert sick.container_id() == shared.checkpoints_of(sick)[-1]["status"]["restoredContainerID"]
