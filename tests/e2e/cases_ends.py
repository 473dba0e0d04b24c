"""How containers end under kcr-runtime, and which of these ends are undone."""

from harness import IN_VM, PATIENCE, say
from together import case
from workload import pod, server

# Many Pods start at the same time: the first of their probes has to be as patient as a busy machine needs.
PERIOD = 10 if IN_VM else 1  # s between probes: each takes some of them there
PROBE = {"httpGet": {"path": "/healthz", "port": 8000}, "periodSeconds": PERIOD,
         "timeoutSeconds": 5 * PATIENCE}
STARTUP = {**PROBE, "failureThreshold": 60}
LIVENESS = {**PROBE, "failureThreshold": 2}


def probed(**more):
    return server(startupProbe=STARTUP, livenessProbe=LIVENESS, **more)


def checkpointed(place, name, *containers, grace=1, **terms):
    """A Pod whose server has counted to 1 in its checkpoint and to 2 after it; its life and the Checkpoint's name."""
    one = place.settle(pod(name, *containers, grace=grace))
    one.count_to(1)
    life = one.state()["life"]
    checkpoint = one.take(**terms)
    one.count_to(2)
    return one, life, checkpoint


def assert_came_back(one, life, checkpoint, restarts=1):
    one.assert_restored(checkpoint)
    assert one.wait_life(life)["count"] == 1, "the memory is the checkpoint's"
    one.wait_restarts(restarts)
    assert one.restarts() == restarts
    return one.status()["lastState"]["terminated"]


@case(engines=True)
def killed_by_sigkill(place):
    one, life, checkpoint = checkpointed(place, "killed-by-sigkill")
    one.kill()
    assert_came_back(one, life, checkpoint)
    assert checkpoint in one.wait_for_event("Restored")


@case
def ended_by_exit_code_3(place):
    one, life, checkpoint = checkpointed(place, "ended-by-exit-code-3")
    one.ask("/exit?code=3")
    assert_came_back(one, life, checkpoint)


@case
def ended_out_of_memory(place):
    one, life, checkpoint = checkpointed(place, "ended-out-of-memory", server(resources={"limits": {"memory": "96Mi"}}))
    one.ask("/eat")
    last = assert_came_back(one, life, checkpoint)
    say(f"{one.name}: exit code {last['exitCode']}, reason {last['reason']}")
    assert last["exitCode"] == 137


@case
def ended_by_a_liveness_probe(place):
    one, life, checkpoint = checkpointed(place, "ended-by-a-liveness-probe", probed())
    one.ask("/sicken")
    assert_came_back(one, life, checkpoint)
    assert one.ask("/healthz"), "the memory from before the illness"


@case
def ended_by_a_liveness_probe_with_exit_code_0(place):
    """As Redis and many others do when they are asked to end."""
    gentle = probed(env=[{"name": "GENTLE", "value": "1"}])
    one, life, checkpoint = checkpointed(place, "ended-by-a-liveness-probe-0", gentle, grace=5)
    one.ask("/sicken")
    assert assert_came_back(one, life, checkpoint)["exitCode"] == 0


@case
def ended_well(place):
    one, life, _ = checkpointed(place, "ended-well")
    one.ask("/exit?code=0")
    assert one.wait_other_life(life)["count"] == 0
    one.assert_cold("CleanExit")
    say(one.wait_for_event("CleanExit"))


@case(alone=True)
def ended_while_the_agent_is_away(place):
    one, life, checkpoint = checkpointed(place, "ended-while-the-agent-is-away")
    with place.cluster.agent_away():
        one.kill()
        assert_came_back(one, life, checkpoint)
