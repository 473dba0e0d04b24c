"""RestoreRequests with a real API server: what the agent decides, orders and writes down. The kubelet and kcr-runtime
are played: an order is followed as kcr-runtime does, and what it restores is put on record."""

import json
import threading
import time

import pytest

from node import NODE
from proxy import Proxy
from scripted_kubelet import Answer, archive
from test_runtime import RuntimeNode
from world import GROUP, eventually, exact_stamp, never, seconds_of, stamp

KIND = "restorerequests"


class RestoringNode(RuntimeNode):
    """Its kubelet ends a container when the agent has ordered that, and starts the next one."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.kubelet.script = self.checkpoint_call
        self.ended = []  # IDs of containers
        self.mishaps = []  # what the next calls fail with, before the order is looked at
        self.outcome = {"outcome": "Restored"}
        self.is_fast = True  # the next container comes by itself

    def run(self, pod, container="main"):
        """The container is one of kcr-runtime's."""
        self.pod = pod
        (self.store / "containers").mkdir(exist_ok=True)
        (self.store / "containers" / self.plain(container)).touch()

    def plain(self, container="main"):
        status = next(s for s in self.pod["status"]["containerStatuses"] if s["name"] == container)
        return status["containerID"].rpartition("/")[2]

    def checkpoint_call(self, namespace, pod, container):
        """As kcr-runtime: the order counts once, and for the container that it names."""
        if self.mishaps:
            raise Answer(500, self.mishaps.pop(0))
        path = self.store / "orders" / f"{self.plain(container)}.json"
        if self.plain(container) in self.ended or not path.exists():
            raise Answer(500, "container is not running")
        order = json.loads(path.read_text())
        path.unlink()
        assert sorted(order) == ["until", "version"]
        self.until = order["until"]
        self.ended.append(self.plain(container))
        if self.is_fast:
            self.create()
        raise Answer(500, "rpc error: the container was ended to be restored")

    def create(self, answer=None, **changed):
        """The kubelet starts the container again; kcr-runtime asks, restores, records."""
        self.answer = answer or self.ask(self.pod)
        plan = self.plan(self.pod) or {}
        requested = plan.get("requested", {})
        self.record(self.pod, {
            "containerID": "next", "checkpoint": self.answer.get("checkpoint", ""), "started": stamp(),
            "request": requested.get("request", ""), **self.outcome, **changed})
        self.pod = self.space.pod_status("pod-1", [
            self.space.running("main", since=stamp(), container_id="containerd://next", restarts=1)])

    def restore(self, name="back", **spec):
        spec = {"podReference": {"name": "pod-1"}, "containerName": "main", "nodeName": NODE, **spec}
        return self.space.create(KIND, "RestoreRequest", name, {"spec": spec})

    def of(self, name="back"):
        return self.space.get(KIND, name).get("status", {})

    def reaches(self, phase, name="back", timeout=15):
        def look():
            status = self.of(name)
            assert status.get("phase") in (phase, "Pending", "Restoring"), status
            return status if status.get("phase") == phase else None
        return eventually(look, timeout, f"phase {phase} of {name}")

    def fails(self, reason, name="back"):
        status = self.reaches("Failed", name)
        assert status["reason"] == reason, status
        condition = self.space.condition(KIND, name, "Complete")
        assert (condition["status"], condition["reason"], condition["message"]) == (
            "False", reason, status["message"])
        return status["message"]


@pytest.fixture
def node(make_node, space):
    made = make_node(RestoringNode)
    made.store.mkdir()
    made.run(space.pod("pod-1", node=NODE))
    return made


def test_an_end_that_fails_by_chance_is_tried_again(node, space):
    """runc cannot freeze a container of control groups version 1 in which a process is just being born."""
    node.take(node.pod, "newer", age=60)
    ended = node.plain()
    node.mishaps = ["OCI runtime pause failed: unable to freeze"] * 2
    node.start()
    node.restore()
    node.reaches("Completed")
    assert node.ended == [ended] and not node.mishaps


def test_an_end_that_keeps_failing_is_told(node, space):
    node.take(node.pod, "newer", age=60)
    node.mishaps = ["OCI runtime pause failed: unable to freeze"] * 9
    node.start()
    node.restore()
    status = node.reaches("Failed", timeout=40)
    assert status["reason"] == "NotEnded" and "unable to freeze" in status["message"]
    assert node.ended == [] and len(node.mishaps) == 9 - 6


@pytest.fixture
def told_before(kinds, node):
    """What an agent before this one wrote: that it had no kcr-runtime."""
    nodes = f"{GROUP}/checkpointnodes"
    kinds.api.call("POST", nodes, {"apiVersion": GROUP.removeprefix("/apis/"), "kind": "CheckpointNode",
                                   "metadata": {"name": NODE}})
    kinds.api.call("PATCH", f"{nodes}/{NODE}/status", {"status": {"strategies": [
        {"name": "Runtime", "offered": "False", "reason": "NotInstalled", "message": "kcr-runtime is not installed"}]}},
        "application/merge-patch+json")
    yield
    kinds.api.call("DELETE", f"{nodes}/{NODE}")


def test_what_an_agent_before_has_told_refuses_nothing(told_before, node):
    node.take(node.pod, "newer", age=60)
    node.start()
    node.restore()
    node.reaches("Completed")


def test_a_container_is_put_back_and_the_request_tells_of_it(node, space):
    node.take(node.pod, "newer", age=60)
    older = node.take(node.pod, "older", age=120)
    ended = node.plain()
    node.start()
    request = node.restore(checkpointName="older")
    status = node.reaches("Completed")
    uid = older["metadata"]["uid"]
    assert node.answer == {"version": 1, "action": "Restore", "checkpoint": uid}
    assert node.ended == [ended]
    assert status["checkpointRef"] == {"name": "older", "uid": uid}
    assert status["checkpointTimestamp"] == older["spec"]["checkpointTimestamp"]
    assert status["podUID"] == node.pod["metadata"]["uid"]
    assert (status["endedContainerID"].rpartition("/")[2], status["restoredContainerID"]) == (
        ended, "containerd://next")
    assert (status.get("restartCountBefore", 0), status["restartCountAfter"]) == (0, 1)
    assert seconds_of(status["startTime"]) <= seconds_of(status["completionTime"])
    assert status["message"] == "container main runs from Checkpoint older"
    [condition] = status["conditions"]
    assert (condition["type"], condition["status"], condition["observedGeneration"]) == (
        "Complete", "True", request["metadata"]["generation"])
    eventually(lambda: space.notes("RestoreRequested", "pod-1") == [
        "RestoreRequest back: container main is ended, to be restored from Checkpoint older"])
    eventually(lambda: space.notes("Restored", "back"))
    # the plan is by the policy again
    eventually(lambda: "requested" not in node.plan(node.pod), what="a plan without a request")


def test_the_plan_names_the_checkpoint_before_the_container_ends(node, space):
    node.is_fast = False
    schedule = space.schedule(restore={"policy": "Never"})
    only = node.take(node.pod, schedule=schedule)
    node.start()
    node.unplanned(node.pod)
    request = node.restore()
    eventually(lambda: node.ended)
    plan = node.plan(node.pod)
    assert plan["policy"] == "Never"
    assert plan["requested"] == {
        "request": request["metadata"]["uid"], "checkpoint": only["metadata"]["uid"], "until": node.until}
    assert [c["name"] for c in plan["candidates"]] == ["ckp-1"]
    node.create()
    node.reaches("Completed")
    node.unplanned(node.pod)


@pytest.mark.parametrize("spec, name", [
    ({}, "newer"), ({"at": 60}, "newer"), ({"at": 61}, "older"), ({"checkpointName": "older"}, "older"),
], ids=str)
def test_the_checkpoint_is_found_by_name_or_time(node, spec, name):
    now = time.time()
    for made, age in (("newer", 60), ("older", 120)):
        node.take(node.pod, made, age=age, checkpointTimestamp=exact_stamp(now - age))
    node.start()
    node.restore(**{key: stamp(now - value) if key == "at" else value for key, value in spec.items()})
    assert node.reaches("Completed")["checkpointRef"]["name"] == name


REFUSED = {
    "none": (lambda node: None, {}, "NoCheckpoint", "has no checkpoint by kcr-runtime"),
    "too late": (lambda node: node.take(node.pod), {"at": "2026-01-01T00:00:00Z"}, "NoCheckpoint",
                 "no checkpoint of the container until then"),
    "absent": (lambda node: None, {"checkpointName": "nowhere"}, "CheckpointNotFound", "of this name"),
    "image": (lambda node: node.take(node.pod, image="kcr.test/app:0"), {}, "ImageChanged", "image has changed"),
    "unready": (lambda node: node.take(node.pod, wasReady=False), {}, "WasNotReady", "was not Ready"),
    "archive": (lambda node: node.space.patch("checkpoints", node.space.checkpoint(node.pod)["metadata"]["name"], {
        "status": {"stableTime": stamp()}}, "status"), {"checkpointName": "ckp-1"}, "StrategyUnsupported", "archive"),
    "another container": (lambda node: node.take(node.pod), {"containerName": "side"}, "ContainerNotFound",
                          "no container of this name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_restored_ends_nothing(node, case):
    prepare, spec, reason, words = REFUSED[case]
    prepare(node)
    node.start()
    node.restore(**spec)
    assert words in node.fails(reason)
    assert node.kubelet.calls == [] and not list((node.store / "orders").glob("*"))


def test_a_checkpoint_whose_files_are_not_all_there_ends_nothing(node):
    uid = node.take(node.pod)["metadata"]["uid"]
    node.start()
    node.planned(node.pod, "ckp-1")
    (node.store / uid / "checkpoint" / "pages-1.img").write_bytes(b"p" * 99)
    node.restore()
    assert "'checkpoint/pages-1.img' has 99 bytes, not 100" in node.fails("CheckpointDamaged")
    assert node.kubelet.calls == []


def test_a_container_that_is_not_kcr_runtimes_is_left_alone(node):
    node.take(node.pod)
    mark = node.store / "containers" / node.plain()
    mark.rename(mark.with_name("another"))
    node.start()
    node.restore()
    assert "kcr-runtime does not run the container" in node.fails("StrategyUnsupported")
    assert node.kubelet.calls == []


def test_a_pod_that_is_not_restarted_is_left_alone(node, space):
    space.delete("pods", "pod-1")
    node.run(space.pod("pod-1", node=NODE, restartPolicy="Never"))
    node.take(node.pod)
    node.start()
    node.restore()
    assert "its restartPolicy is Never" in node.fails("NotRestarted")
    assert node.kubelet.calls == []


@pytest.mark.parametrize("outcome, reason", [
    ({"outcome": "Damaged", "reason": "CheckpointDamaged", "message": "a byte"}, "CheckpointDamaged"),
    ({"outcome": "Failed", "reason": "RestoreFailed", "message": "criu: no"}, "RestoreFailed"),
    ({"outcome": "Cold", "reason": "NodeTrouble", "message": "no room"}, "NodeTrouble"),
    ({"outcome": "Restored", "checkpoint": "another"}, "OtherCheckpoint"),
], ids=["damaged", "failed", "cold", "another"])
def test_a_restore_that_fails_is_told_in_kcr_runtime_s_words(node, outcome, reason):
    node.outcome = outcome
    node.take(node.pod)
    node.start()
    node.restore()
    assert "the container was ended" in node.fails(reason)
    assert len(node.ended) == 1


@pytest.mark.parametrize("moment", ["before the call", "in the call", "behind the call"])
def test_a_killed_agent_s_successor_goes_on_and_ends_no_other_container(node, moment):
    entered, go_on = threading.Event(), threading.Event()

    def script(*of):
        entered.set()
        if moment == "before the call":
            go_on.wait(20)  # the order is not followed yet
        return node.checkpoint_call(*of)
    node.is_fast = False
    node.kubelet.script = script
    node.take(node.pod)
    ended = node.plain()
    node.start()
    node.restore()
    assert entered.wait(15)
    if moment != "before the call":
        eventually(lambda: node.ended)
    node.agent.kill()
    if moment == "behind the call":
        plan = node.plan(node.pod)  # nobody answers: the plan speaks
        node.create({"action": "Restore", "checkpoint": plan["requested"]["checkpoint"]})
    node.kubelet.script = node.checkpoint_call
    go_on.set()
    node.start()
    if moment != "behind the call":
        eventually(lambda: node.ended)
        node.create()
    status = node.reaches("Completed")
    assert node.ended == [ended] and status["restoredContainerID"] == "containerd://next"


def test_requests_for_one_container_follow_each_other(node, space):
    node.is_fast = False
    node.take(node.pod)
    node.start()
    node.restore("first")
    eventually(lambda: node.ended)
    node.restore("second")
    eventually(lambda: node.of("second").get("message") == "another RestoreRequest for the container comes first")
    assert node.of("second")["phase"] == "Pending"
    node.create()
    node.run(node.pod)
    node.reaches("Completed", "first")
    eventually(lambda: len(node.ended) == 2)
    assert node.of("second")["endedContainerID"] == "containerd://next"


def test_first_starts_that_have_failed_come_behind_what_is_asked_for_now(node, space):
    """Their Pod runs, though no record tells from what."""
    node.take(node.pod, "newer", age=60)
    older = node.take(node.pod, "older", age=120)["metadata"]
    for name in ("first", "second", "third", "fourth"):
        node.restore(name, checkpointName="older")
        space.patch(KIND, name, {"status": {
            "phase": "Failed", "podUID": node.pod["metadata"]["uid"],
            "checkpointRef": {"name": older["name"], "uid": older["uid"]},
            "conditions": [{"type": "FirstStart", "status": "True", "reason": "FirstStart", "message": "",
                            "lastTransitionTime": stamp()}]}}, "status")
    node.start()
    node.restore(checkpointName="newer")
    assert node.reaches("Completed")["checkpointRef"]["name"] == "newer"


def test_the_kubelet_s_back_off_is_told_and_waited_for(node, space):
    node.is_fast = False
    node.take(node.pod)
    node.start()
    node.restore(timeoutSeconds=8)
    eventually(lambda: node.ended)
    waiting = {"name": "main", "ready": False, "restartCount": 3, "image": "kcr.test/app:1", "imageID": "",
               "containerID": f"containerd://{node.plain()}", "state": {"waiting": {
                   "reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}}}
    space.pod_status("pod-1", [waiting])
    said = "the kubelet waits before it starts the container: back-off 40s restarting failed container"
    eventually(lambda: node.of().get("message") == said)
    assert node.fails("Timeout") == f"not within spec.timeoutSeconds: {said}"
    eventually(lambda: "requested" not in node.plan(node.pod), what="a plan without a request")


def test_more_checkpoints_than_a_plan_names_leave_room_for_what_the_container_was_put_back_to(node):
    now = time.time()
    for number in range(11):
        made = node.take(node.pod, f"ckp-{number}", checkpointTimestamp=exact_stamp(now - 60 - number))
        if number == 9:
            node.outcome["taken"] = made["spec"]["checkpointTimestamp"]
    node.start()
    node.planned(node.pod, *(f"ckp-{number}" for number in range(8)))
    node.restore(checkpointName="ckp-9")
    node.reaches("Completed")
    node.planned(node.pod, "ckp-9", "ckp-10", *(f"ckp-{number}" for number in range(6)))


def test_what_is_late_is_not_restored_though_nobody_can_write_that_down(node, space, kinds, tmp_path):
    node.is_fast = False
    newer = node.take(node.pod, "newer", age=60)
    older = node.take(node.pod, "older", age=120)
    proxy = Proxy(kinds.network)
    try:
        node.start(kubeconfig=proxy.kubeconfig(kinds, tmp_path))
        node.restore(checkpointName="older", timeoutSeconds=5)
        eventually(lambda: node.ended)
        proxy.is_refusing = True
        proxy.cut()
        assert node.ask(node.pod)["checkpoint"] == older["metadata"]["uid"]
        eventually(lambda: node.ask(node.pod)["checkpoint"] == newer["metadata"]["uid"], 15, "an answer by the policy")
        assert node.of()["phase"] == "Restoring"
    finally:
        proxy.close()


def test_a_deleted_request_is_not_carried_out_later(node, space):
    """The kubelet has not come to it yet."""
    entered = threading.Event()

    def hang(*_):
        entered.set()
        node.kubelet.hang(20)
        raise Answer(500, "late")
    node.kubelet.script = hang
    node.take(node.pod)
    node.start()
    node.restore()
    assert entered.wait(15)
    assert list((node.store / "orders").glob("*"))
    space.delete(KIND, "back")
    eventually(lambda: not list((node.store / "orders").glob("*")), what="the order taken back")
    eventually(lambda: "requested" not in node.plan(node.pod), what="a plan without a request")
    node.kubelet.is_over.set()


def test_a_cluster_without_the_kind_gets_its_checkpoints_all_the_same(node, kinds):
    node.kubelet.script = archive
    with kinds.without(KIND):
        node.start()
        node.agent.says("Nothing can be restored on request")
        controller = node.programs("controller", "--leader-elect=false").start()
        controller.says("Started reconciling")
        node.request()
        node.checkpoint()
    eventually(lambda: node.restore("later", checkpointName="nowhere"), 10)
    eventually(lambda: node.of("later").get("reason") == "CheckpointNotFound", 60, "what is done once the kind is there")


# ---- With the controller ----

@pytest.fixture
def found(node, controller):
    """Requests without a node."""
    del controller
    node.restore = lambda name="back", **spec: RestoringNode.restore(node, name, nodeName=None, **spec)
    return node


def test_the_controller_finds_the_node(found, space):
    found.take(found.pod)
    found.start()
    found.restore()
    found.reaches("Completed")
    assert space.get(KIND, "back")["spec"]["nodeName"] == NODE


def test_what_no_agent_can_carry_out_fails(found, space):
    found.restore(podReference={"name": "nobody"})
    assert found.fails("PodNotFound") == "there is no Pod of this name in the namespace"
    found.restore("far", podReference={"name": "pod-1", "namespace": "other"})
    found.fails("Forbidden", "far")
    eventually(lambda: space.notes("RestoreFailed", "far"))


def test_a_finished_request_goes_when_its_time_is_over_or_stays(found, space):
    for name, more in (("short", {"ttlSecondsAfterFinished": 1}), ("kept", {})):
        found.restore(name, podReference={"name": "pod-1", "namespace": "other"}, **more)
    eventually(lambda: space.get(KIND, "short") is None, what="the end of the short one")
    never(lambda: space.get(KIND, "kept") is None, 1, "the end of the kept one")
