"""Whoever asked for a checkpoint goes away in the middle: the container goes on all the same, and can be entered."""

import contextlib

import pytest

from harness import NODE, PROXY_PORT, say, wait
from runtime_node import STORE
from together import case
from workload import pod, server

HEAP_MIB = 256  # so that there is a middle
TRIES = 3  # a checkpoint may be over before anything is done about it

# On the node, so that nothing is slow: runs the second word and, once the first is true, the third.
STRIKE = """eval "$2"
for _ in $(seq 500); do ! eval "$1" || break; sleep 0.01; done
eval "$1" && eval "$3\""""


class Checkpoint:
    """One of a Pod's container that is being taken: with an order, as the agent asks for it, or the engine's way."""

    def __init__(self, one, ordered):
        self.one = one
        self.id = one.container_id().split("//")[1]
        self.mark = one.cluster.root / "run" / "kcr" / f"{self.id}.paused"  # the guard's (docs/formats/runtime.md)
        self.begun = f"grep -q checkpoint /run/kcr/{self.id}.paused 2>/dev/null"
        if ordered:
            directory = f".callers-{one.name}"
            one.cluster.execute("sh", "-c", f"cd {STORE} && rm -rf {directory} && mkdir -m 700 -p {directory} orders")
            (one.cluster.store / "orders" / f"{self.id}.json").write_text(f'{{"version":1,"directory":"{directory}"}}')
            self.begun = f"test -e {STORE}/{directory}/checkpoint"

    def strike(self, start, blow):
        """Runs a command, and another one when the dump has begun. False: it did not begin, or was over already."""
        try:
            self.one.cluster.execute("sh", "-c", STRIKE, "strike", self.begun, start, blow)
        except AssertionError:
            return False
        return True

    @contextlib.contextmanager
    def asked_of_the_kubelet(self):
        """By an administrator, who hangs up at the end."""
        path = f"/api/v1/nodes/{NODE}/proxy/checkpoint/{self.one.namespace.name}/{self.one.name}/main"
        with self.one.cluster.connect("127.0.0.1", PROXY_PORT) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
            yield


def settle(place, name):
    one = place.settle(pod(name, server(heap_mib=HEAP_MIB)))
    one.count_to(7)
    return one


def assert_goes_on(one):
    """The memory is what it was, the server works, and the engine lets one in."""
    wait(f"{one.name} can be entered", 60,
         lambda: one.namespace.kubectl("exec", one.name, "--", "true", check=False).returncode == 0)
    before = one.state()
    wait(f"{one.name} ticks", 20, lambda: one.state()["ticks"] > before["ticks"])
    assert before["count"] == 7 and one.restarts() == 0


def assert_survives(one, ordered, interrupt):
    for _ in range(TRIES):
        if interrupt(Checkpoint(one, ordered)):
            break
        say(f"{one.name}: too late")
        assert_goes_on(one)
    else:
        raise AssertionError(f"{one.name}: each checkpoint was over too soon")
    assert_goes_on(one)


def hang_up(checkpoint):
    """On the kubelet."""
    with checkpoint.asked_of_the_kubelet():
        return checkpoint.strike("", "true")


def kill_client(checkpoint):
    """Of containerd, which alone would have resumed the container."""
    client = f"ctr -n k8s.io tasks checkpoint {checkpoint.id} >/dev/null 2>&1 & client=$!"
    return checkpoint.strike(client, "kill -KILL $client")


@case(engines=True)
def a_caller_that_hangs_up(place):
    one = settle(place, "a-caller-that-hangs-up")
    assert_survives(one, True, hang_up)
    assert_survives(one, False, hang_up)


@case
def a_caller_that_is_killed(place):
    if place.cluster.engine != "containerd":
        pytest.skip("CRI-O has no client that takes checkpoints")
    one = settle(place, "a-caller-that-is-killed")
    assert_survives(one, True, kill_client)
    assert_survives(one, False, kill_client)


@case(alone=True, once=True)
def a_kubelet_and_an_engine_that_are_killed(place):
    cluster = place.cluster
    one = settle(place, "a-kubelet-and-an-engine-are-killed")

    def kill(component):
        pid = cluster.script("component", "--name", cluster.name, "pid", component).stdout.strip()

        def interrupt(checkpoint):
            with checkpoint.asked_of_the_kubelet():
                in_time = checkpoint.strike("", f"kill -KILL {pid}")
            if in_time:
                # systemd waits 5 s as well; containerd takes what is paused when it starts for lost
                wait(f"{one.name} goes on without {component}", 60, lambda: not checkpoint.mark.exists())
                cluster.component("start", component)
            return in_time
        return interrupt
    assert_survives(one, True, kill("kubelet"))
    assert_survives(one, False, kill(cluster.engine))
    cluster.component("restart", "kubelet")  # its EventedPLEG ends with the engine
    cluster.wait_for_programs()
