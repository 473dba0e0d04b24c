"""The controller while its surroundings fail. What must hold in every case: each due checkpoint
is asked for once, or its absence is explained; nothing is doubled or left over (ledger.py)."""

import json
import random
import signal
import threading
import time

import pytest

from ledger import Ledger
from middle import GONE, Authority, Fault, Middle, kubeconfig
from node import NODE
from proxy import Proxy
from world import ApiError, Clock, eventually, never, stamp

ALONE = "--leader-elect=false"


def start_api_server(kinds, space):
    kinds.component("start", "kube-apiserver")
    kinds.component("restart", "kube-controller-manager")  # it has ended, or waits for long

    def answers():
        try:
            return space.list("pods")
        except (OSError, ApiError):
            return None
    eventually(answers, 30, "the API server")


def test_the_history_is_compacted_while_the_controller_stands_still(kinds, space, programs):
    ledger = Ledger(space)
    controller = programs("controller", ALONE, "--log-level=debug").start()
    controller.says("Started reconciling")
    ledger.wait(1)
    controller.signal(signal.SIGSTOP)
    # its watches fall behind: the server's buffers overflow and it closes them
    space.pod("late", labels={"app": "x"})
    space.delete("pods", "pod-2")
    kinds.component("kill", "kube-apiserver")  # its watch cache goes, with all connections
    revision = int(kinds.run(
        "exec", "--name", kinds.name, "sh", "-c",
        "etcdctl endpoint status -w json | sed 's/.*\"revision\":\\([0-9]*\\).*/\\1/'",
        check=True).stdout)
    kinds.run("exec", "--name", kinds.name, "etcdctl", "compact", "--physical", str(revision),
              check=True)
    start_api_server(kinds, space)
    controller.signal(signal.SIGCONT)
    # what changed meanwhile is known from a new list
    eventually(lambda: ledger.times("late"), 60, "a request for the Pod that came meanwhile")
    before = len(ledger.times("pod-2"))
    ledger.wait(2, 60)
    assert len(ledger.times("pod-2")) == before
    ledger.settle(controller, pods=["pod-1"])


def test_another_writer_patches_the_same_objects_all_the_time(space, programs):
    ledger = Ledger(space)
    schedule = space.get("checkpointschedules", "every")
    pod = space.get("pods", "pod-1")
    space.checkpoint(pod, age=3, schedule=schedule)
    is_over = threading.Event()

    def meddle():
        number = 0
        while not is_over.wait(0.005):
            number += 1
            change = {"metadata": {"annotations": {"meddler": str(number)}}}
            for plural, name in (("checkpointschedules", "every"), ("pods", "pod-1"),
                                 ("checkpoints", "ckp-1")):
                space.patch(plural, name, change)
            for request in space.requests()[-2:]:
                space.patch("checkpointrequests", request["metadata"]["name"], change)

    meddler = threading.Thread(target=meddle)
    meddler.start()
    try:
        controller = programs("controller", ALONE).start().says("Started reconciling")
        ledger.wait(4)
        eventually(lambda: (space.condition("checkpoints", "ckp-1", "Restorable") or {})
                   .get("status") == "True", 20, "Restorable in spite of the other writer")
        status = pod["status"]["containerStatuses"][0]
        space.pod_status("pod-1", [space.running("main", since=stamp(), restarts=1, last={
            "exitCode": 137, "reason": "Error", "containerID": status["containerID"]})])
        eventually(lambda: space.get("pods", "pod-1")["spec"]["containers"][0]["image"]
                   != "kcr.test/app:1", 15, "the restore in spite of the other writer")
    finally:
        is_over.set()
        meddler.join()
    ledger.settle(controller)
    assert len(space.notes("Restoring")) == 1


@pytest.fixture
def proxy(kinds):
    made = Proxy(kinds.network)
    yield made
    made.close()


def through(proxy, kinds, tmp_path, programs, *options):
    return programs("controller", *options, kubeconfig=proxy.kubeconfig(kinds, tmp_path))


def test_connections_are_cut_again_and_again(kinds, space, programs, proxy, tmp_path):
    ledger = Ledger(space)
    controller = through(proxy, kinds, tmp_path, programs, ALONE).start()
    controller.says("Started reconciling")
    for _ in range(12):
        time.sleep(random.uniform(0.1, 0.6))
        proxy.cut()
    ledger.wait(2, 60)
    ledger.settle(controller)


def test_the_network_is_slow(kinds, space, programs, proxy, tmp_path):
    ledger = Ledger(space, 2)
    controller = through(proxy, kinds, tmp_path, programs, ALONE).start()
    controller.says("Started reconciling")
    proxy.delay = 0.15
    ledger.wait(3, 40)
    proxy.delay = 0
    ledger.settle(controller)


def test_the_network_is_silent_for_a_while_and_new_connections_are_refused(
        kinds, space, programs, proxy, tmp_path):
    ledger = Ledger(space)
    controller = through(proxy, kinds, tmp_path, programs, ALONE).start()
    controller.says("Started reconciling")
    ledger.wait(1)
    proxy.is_stalled = True
    time.sleep(3)
    proxy.is_refusing = True
    proxy.cut()
    proxy.is_stalled = False
    time.sleep(1)
    assert controller.process.poll() is None
    before = proxy.count
    time.sleep(2)
    assert proxy.count - before < 60, "it hammers a server that refuses it"
    proxy.is_refusing = False
    ledger.wait(2, 60)
    ledger.settle(controller)


# ---- What a server may answer ----

@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "one")


@pytest.fixture
def middle(kinds, authority):
    made = Middle(kinds, authority)
    yield made
    made.close()


def by_middle(middle, authority, directory, token=None):
    return kubeconfig(directory, middle.port, authority.ca, token)


def is_watch(method, path):
    return "watch=true" in path


def is_list(method, path):
    return method == "GET" and not is_watch(method, path)


def is_write(method, path):
    return method != "GET"


def is_made(method, path):
    return method == "POST"


def is_changed(method, path):
    return method == "PATCH"


FAULTS = {  # which requests it befalls, and how
    "500": (lambda *request: True, lambda: Fault(500)),
    "503 not yet": (lambda *request: True, lambda: Fault(503, headers={"Retry-After": "1"})),
    "429": (lambda *request: True, lambda: Fault(429, headers={"Retry-After": "1"})),
    "409": (is_changed, lambda: Fault(409)),
    "410": (lambda *request: is_watch(*request) or is_list(*request),
            lambda: Fault(410, json.dumps(GONE).encode())),
    "410 in the stream": (is_watch, lambda: Fault(200, json.dumps(
        {"type": "ERROR", "object": GONE}).encode() + b"\n")),
    "cut in an event": (is_watch, lambda: Fault(cut_after=random.randint(1, 4000))),
    "done, but not answered": (is_write, lambda: Fault(is_lost=True)),
    "no JSON": (lambda *request: True, lambda: Fault(200, b"<html>")),
    "slow": (lambda *request: True, lambda: Fault(delay=0.3)),
}


def test_a_storm_of_all_faults_at_once(space, programs, make_node, middle, authority, tmp_path):
    """A third of all requests of the controller and of an agent, for a while."""
    befell = dict.fromkeys(FAULTS, 0)

    def storm(method, path):
        if random.random() > 0.35:
            return None
        names = [name for name, (where, _) in FAULTS.items() if where(method, path)]
        name = min(names, key=befell.get)
        befell[name] += 1
        return FAULTS[name][1]()

    node = make_node()
    way = by_middle(middle, authority, tmp_path)
    ledger = Ledger(space, node=NODE)
    clock = Clock(tmp_path, speed=10)  # a back-off of a minute is 6 s
    controller = programs("controller", ALONE, "--log-level=debug", kubeconfig=way, clock=clock)
    controller.start().says("Started reconciling")
    node.start(kubeconfig=way, clock=clock)
    ledger.wait(1)
    middle.script = storm
    middle.cut()
    for second in range(40):
        time.sleep(1)
        ledger.look()
        if second >= 7 and all(befell.values()):
            break
        if random.random() < 0.5:
            middle.cut()
    middle.script = lambda method, path: None
    ledger.wait(2, 60)
    clock.go(1)
    ledger.settle(controller)
    ledger.settle_node(node)
    assert all(befell.values()), befell


def test_runs_that_only_the_server_knows_of_are_not_told_as_missed(
        kinds, space, programs, middle, authority, tmp_path):
    """The watch of requests is open and says nothing, and for a while no run can be recorded."""
    ledger = Ledger(space)
    controller = programs("controller", ALONE, kubeconfig=by_middle(middle, authority, tmp_path))
    controller.start().says("Started reconciling")
    ledger.wait(1)

    def is_silent(method, path):
        return is_watch(method, path) and "/checkpointrequests?" in path

    def is_record(method, path):
        return is_changed(method, path) and "/checkpointschedules/" in path

    middle.script = lambda *request: (Fault(is_mute=True) if is_silent(*request) else
                                      Fault(409) if is_record(*request) else None)
    middle.cut()
    ledger.wait(2, 60)
    middle.script = lambda *request: Fault(is_mute=True) if is_silent(*request) else None
    ledger.wait(1, 60)
    ledger.settle(controller)


# ---- Credentials ----

def write(path, text):
    """As the kubelet replaces a projected file: never half written."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(path)


def test_token_and_authority_are_rotated(kinds, space, programs, middle, authority, tmp_path):
    """Files are read again each minute, which is 3 s here, and a token when it is refused."""
    token, ca = tmp_path / "token", tmp_path / "ca.crt"
    write(token, "first")
    write(ca, authority.ca.read_text())
    middle.tokens = {"first"}
    clock = Clock(tmp_path, speed=20)
    ledger = Ledger(space)
    controller = programs(
        "controller", ALONE, kubeconfig=kubeconfig(tmp_path, middle.port, ca, token),
        clock=clock).start().says("Started reconciling")
    ledger.wait(1)
    # revoked: the first refusal is enough
    write(token, "second")
    middle.tokens = {"second"}
    ledger.wait(1)
    # renewed while the old one is still good: by itself
    write(token, "third")
    middle.tokens = {"second", "third"}
    eventually(lambda: middle.requests[-1][2] == "third", 20, "the use of the third token")
    middle.tokens = {"third"}
    # another authority, of which the next connection knows
    other = Authority(tmp_path, "two")
    middle.show(other)
    middle.cut()
    time.sleep(1)
    write(ca, other.ca.read_text())
    ledger.wait(2, 30)
    clock.go(1)
    ledger.settle(controller)
    assert not any(t in controller.text() for t in ("first", "second", "third")), "a token is told"


# ---- The clock ----

def test_the_clock_is_stepped(space, programs, tmp_path):
    """Of the controller only. It looks at it each 10 s, which is 1 s here; the timer of the next due
    time would take a minute. The lease, of 6 s here, does not follow the clock."""
    clock = Clock(tmp_path, speed=10)
    ledger = Ledger(space, 600)
    controller = programs("controller", "--leader-elect-resource-name=stepped",
                          "--leader-elect-lease-duration=60s", "--leader-elect-renew-deadline=40s",
                          clock=clock)
    controller.start().says("Started reconciling")
    clock.step(601)
    ledger.wait_for(1).wait_until_right()
    clock.step(2450)  # three more due times, of which the newest is made up for
    ledger.wait_for(2).wait_until_right()
    assert space.get("checkpointschedules", "every")["status"]["missedRuns"] == 2
    clock.step(0)
    never(lambda: len(ledger.times()) != 2, 2, "a run again")
    clock.step(-100_000)
    never(lambda: len(ledger.times()) != 2, 1, "a run again")
    clock.step(3010)
    ledger.wait_for(3)
    assert "Lost the leader's lease" not in controller.text()
    ledger.settle(controller)
