"""The controller and an agent at work while the API server goes, while they are killed, and
without the right kinds. In the end each due time was asked for once or is counted as missed, each
request has one Checkpoint or a reason, and nothing else lies on the node (ledger.py)."""

import json
import random
import signal
import subprocess
import threading
import time

import pytest

from ledger import Ledger
from node import NODE
from proxy import Proxy
from scripted_kubelet import archive
from test_faults import ALONE, start_api_server
from world import ROOT, Clock, eventually

CRDS = ROOT / "deploy" / "crds"


@pytest.fixture
def node(make_node):
    return make_node()


def launch(kinds):
    """Starts the API server, and does not wait for it."""
    return subprocess.Popen(
        [ROOT / "cluster" / "component", "--name", kinds.name, "start", "kube-apiserver"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_the_api_server_is_killed_twenty_times(kinds, space, programs, node, tmp_path):
    """Ten times the programs' speed: their back-off of up to a minute is 6 s here."""
    clock = Clock(tmp_path, speed=10)
    ledger = Ledger(space, node=NODE)
    controller = programs("controller", ALONE, "--log-level=debug", clock=clock).start()
    controller.says("Started reconciling")
    node.start(clock=clock)
    ledger.wait(1)
    for number in range(20):
        kinds.component("kill", "kube-apiserver")
        starting = launch(kinds)
        if number % 5 == 0:  # it serves for a moment; else it dies while it starts
            starting.wait(60)
        time.sleep(random.uniform(0, 1))
        eventually(lambda: kinds.run("component", "--name", kinds.name, "pid", "kube-apiserver",
                                     check=False).returncode == 0, what="something to kill")
        starting.terminate()
        starting.wait(60)
    kinds.component("kill", "kube-apiserver")
    start_api_server(kinds, space)
    ledger.wait(2, 60)
    clock.go(1)
    ledger.settle(controller)
    ledger.settle_node(node)


def tend(replicas):
    """One that has lost its lease comes back, as by the kubelet. How many that were."""
    ended = [replica for replica in replicas if replica.process.poll() is not None]
    for replica in ended:
        assert replica.process.returncode == 1
        replica.check_log()
        replica.start()
    return len(ended)


def test_the_api_server_is_silent_for_five_minutes(kinds, space, programs, node, tmp_path):
    """Five minutes of the programs' time in 12 s: what has to show is in proportion to it, the
    leases of 15 s, the calls of 30 s, the watches that are given up after 150 s of silence, and the
    back-off that has reached its end after a minute. Due times are missed by the wall clock."""
    clock = Clock(tmp_path)
    ledger = Ledger(space, node=NODE)
    lease = "--leader-elect-resource-name=five-minutes"
    replicas = [programs("controller", lease, "--log-level=debug", clock=clock) for _ in range(2)]
    for replica in replicas:
        replica.start().says("Synced")
    node.start(clock=clock)
    ledger.wait(1)
    ends = 0
    kinds.component("signal STOP", "kube-apiserver")
    clock.go(25)
    try:
        until = time.monotonic() + 12
        while time.monotonic() < until:
            ends += tend(replicas)
            time.sleep(0.1)
    finally:
        kinds.component("signal CONT", "kube-apiserver")
    assert ends == 1, "who leads ends when it cannot renew its lease, and nobody else ends"
    assert node.agent.process.poll() is None
    clock.go(4)
    runs = len(ledger.times())
    eventually(lambda: tend(replicas) or len(ledger.times()) >= runs + 2, 60, "two more runs")
    clock.go(1)
    eventually(lambda: not tend(replicas) and not ledger.wrong(), 60, "right books")
    for replica in replicas:
        replica.stop()
    assert not ledger.wrong(), ledger.wrong()
    ledger.settle_node(node)


def test_a_connection_that_is_dead_is_noticed(kinds, space, programs, tmp_path):
    """A peer that is gone without a word: only the silence tells. 150 s of it are 7.5 s here."""
    clock = Clock(tmp_path)
    ledger = Ledger(space)
    proxy = Proxy(kinds.network)
    try:
        controller = programs("controller", ALONE, kubeconfig=proxy.kubeconfig(kinds, tmp_path),
                              clock=clock).start()
        controller.says("Started reconciling")
        ledger.wait(1)
        proxy.freeze()
        space.pod("late")
        clock.go(20)
        eventually(lambda: ledger.times("late"), 40, "word of a Pod by a new connection")
        clock.go(1)
        ledger.wait(1)
        ledger.settle(controller)
    finally:
        proxy.close()


def test_controller_and_agent_are_killed_fifty_times_each(space, programs, node):
    def slow(*container):
        node.kubelet.hang(random.uniform(0, 0.2))
        return archive(*container)

    def torment(program):
        for _ in range(50):
            program.start()
            time.sleep(random.uniform(0.02, 0.45))
            program.kill()
    node.kubelet.script = slow
    ledger = Ledger(space, node=NODE)
    controller = programs("controller", ALONE, "--log-level=debug").start()
    controller.says("Started reconciling").kill()
    node.start().kill()
    victims = [threading.Thread(target=torment, args=(p,)) for p in (controller, node.agent)]
    for victim in victims:
        victim.start()
    while any(victim.is_alive() for victim in victims):
        ledger.look()  # before retention removes them
        time.sleep(1)
    controller.start()
    node.agent.start()
    ledger.wait(2, 60)
    ledger.settle(controller)
    uids = ledger.settle_node(node)
    assert uids, "not one checkpoint was built"
    eventually(lambda: node.agent.metric("kcr_store_checkpoints") == len(uids), 10, "its count")


# ---- The kinds ----

def establish(kinds):
    kinds.kubectl("apply", "-f", CRDS)
    kinds.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS)


def test_programs_that_start_before_their_kinds_wait_for_them(kinds, space, programs, node):
    kinds.kubectl("delete", "-f", CRDS)
    try:
        controller = programs("controller", ALONE, "--log-level=debug").start()
        controller.says("Failed to watch, will try again")
        agent = node.launch()
        agent.says("Failed to watch, will try again")
        assert "checkpointschedules" in controller.text()
        time.sleep(1)
        assert controller.process.poll() is None and agent.process.poll() is None
    finally:
        establish(kinds)
    controller.says("Started reconciling", timeout=60)
    agent.says("Synced with the cluster", timeout=60)
    ledger = Ledger(space, node=NODE).wait(2)
    ledger.settle(controller)
    ledger.settle_node(node)


def test_kinds_of_an_older_version_cost_no_checkpoint(kinds, space, programs, node):
    """Fields that this version writes are not in the cluster's kinds yet: the rest is written."""
    lacking = {"checkpointschedules": "missedRuns", "checkpointrequests": "checkpointRef",
               "checkpoints": "memoryBytes"}
    for plural, field in lacking.items():
        path = f"/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/{field}"
        kinds.kubectl("patch", "crd", f"{plural}.checkpoint-restore.kcr.io", "--type=json", "-p",
                      json.dumps([{"op": "remove", "path": path}]))
    try:
        ledger = Ledger(space, node=NODE)
        node.start()
        controller = programs("controller", ALONE, "--log-level=debug")
        time.sleep(2)  # there are missed runs to tell of
        controller.start().says("Started reconciling")
        ledger.wait(4)
        eventually(lambda: len([c for c in space.list("checkpoints") if c.get("status", {}).get(
            "phase") == "ImageBuilt"]) >= 6, 20, "the Checkpoints")
        status = space.get("checkpointschedules", "every")["status"]
        assert "lastRunTime" in status and "missedRuns" not in status
    finally:
        establish(kinds)
    ledger.wait(1)
    controller.stop()
