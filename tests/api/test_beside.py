"""A Pod that waits to be started from another Pod's checkpoint, with a real API server: the controller finds the node and
opens the gate, the agent plans. The scheduler, the kubelet and kcr-runtime are played."""

import pytest

from node import NODE
from test_runtime import IMAGE, RuntimeNode
from world import eventually, never, stamp

KIND = "restorerequests"
GATE = {"name": "kcr.io/restore"}


class StartingNode(RuntimeNode):
    """Pods are made for checkpoints of its first one."""

    def gated(self, name="beside", gates=(GATE,), image=IMAGE):
        self.pod = self.space.create("pods", "Pod", name, {"spec": {
            "containers": [{"name": "main", "image": image}], "schedulingGates": list(gates)}})
        return self.pod

    def ask_for(self, pod="beside", name="start", checkpoint="ckp-1", **spec):
        spec = {"podReference": {"name": pod}, "containerName": "main", "checkpointName": checkpoint, **spec}
        return self.space.create(KIND, "RestoreRequest", name, {"spec": {k: v for k, v in spec.items() if v}})

    def gates(self, pod="beside"):
        return [gate["name"] for gate in self.space.get("pods", pod)["spec"].get("schedulingGates", ())]

    def opened(self, pod="beside"):
        eventually(lambda: not self.gates(pod), 15, "the gate opened")

    def assigned(self, name="start"):
        """It has its node, and the Pod's uid."""
        def look():
            found = self.space.get(KIND, name)
            return found if found["spec"].get("nodeName") else None
        found = eventually(look, 15, "a request with a node")
        assert found["status"]["podUID"] == self.pod["metadata"]["uid"]
        return found

    def bind(self, pod="beside"):
        """As the scheduler; the agent sees the Pod from now on."""
        self.space.api.call("POST", self.space.path("pods", pod, "binding"), {
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": {"kind": "Node", "name": NODE}})

    def create(self, **attempt):
        """As kcr-runtime at `create`, by the plan; then the kubelet shows the container."""
        requested = self.plan(self.pod)["requested"]
        self.record(self.pod, {"outcome": "Restored", "containerID": "first", "checkpoint": requested["checkpoint"],
                               "started": stamp(), "request": requested["request"], **attempt})
        if attempt.get("outcome", "Restored") == "Restored":
            status = self.space.running("main", since=stamp(), container_id="containerd://first")
        else:
            status = {"name": "main", "ready": False, "restartCount": 0, "image": IMAGE, "imageID": "", "state": {
                "waiting": {"reason": "RunContainerError", "message": "runc create failed"}}}
        self.space.pod_status(self.pod["metadata"]["name"], [status])

    def of(self, name="start"):
        return self.space.get(KIND, name).get("status", {})

    def reaches(self, phase, name="start"):
        def look():
            status = self.of(name)
            assert status.get("phase") in (phase, None, "Pending", "Restoring"), status
            return status if status.get("phase") == phase else None
        return eventually(look, 15, f"phase {phase} of {name}")

    def fails(self, reason, name="start"):
        status = self.reaches("Failed", name)
        assert status["reason"] == reason, status
        condition = self.space.condition(KIND, name, "Complete")
        assert (condition["status"], condition["message"]) == ("False", status["message"])
        return status["message"]


@pytest.fixture
def node(make_node, space):
    made = make_node(StartingNode)
    made.store.mkdir()
    made.original = space.pod("pod-1", node=NODE)
    [status] = made.original["status"]["containerStatuses"]
    (made.store / "containers").mkdir()  # it is one of kcr-runtime's, which so is offered here
    (made.store / "containers" / status["containerID"].rpartition("/")[2]).touch()
    return made


def one_controller(node):
    program = node.programs("controller", "--leader-elect=false").start()
    program.says("Started reconciling")
    return program


def test_another_controller_opens_what_was_planned_meanwhile(node):
    first = one_controller(node)
    node.take(node.original)
    node.gated()
    node.ask_for()
    node.assigned()
    first.kill()
    node.start()
    eventually(lambda: node.space.condition(KIND, "start", "Planned"), 15, "a plan")
    never(lambda: not node.gates(), 1, "an open gate without a controller")
    one_controller(node)
    node.opened()


# ---- With one controller ----

@pytest.fixture
def found(node, controller):
    del controller
    return node


def test_a_pod_starts_from_the_checkpoint_of_another_pod(found, space):
    original = found.take(found.original, stable=False, wasReady=False)
    found.start()
    found.gated(gates=({"name": "other.io/gate"}, GATE))
    request = found.ask_for()
    eventually(lambda: found.gates() == ["other.io/gate"], 15, "our gate, and no other, opened")
    uid = original["metadata"]["uid"]
    plan = found.plan(found.pod)
    assert plan["requested"] == {"request": request["metadata"]["uid"], "checkpoint": uid, "required": True}
    assert [c["uid"] for c in plan["candidates"]] == [uid]
    status = found.of()
    assert (status["phase"], status["checkpointRef"]["name"], status["podUID"]) == (
        "Restoring", "ckp-1", found.pod["metadata"]["uid"])
    assert "endedContainerID" not in status
    space.patch("pods", "beside", {"spec": {"schedulingGates": []}})
    found.bind()
    eventually(lambda: found.ask(found.pod) == {"version": 1, "action": "Restore", "checkpoint": uid})
    found.create()
    status = found.reaches("Completed")
    assert status["restoredContainerID"] == "containerd://first"
    assert status["message"] == "container main runs from Checkpoint ckp-1"
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "FirstStart": "True", "Planned": "True", "Complete": "True"}
    # when it fails it comes back from there, and by the policy
    eventually(lambda: "requested" not in found.plan(found.pod), what="a plan without a request")
    found.planned(found.pod, "ckp-1")
    space.delete("checkpoints", "ckp-1")
    found.unplanned(found.pod)


def test_the_gate_stays_until_there_is_a_plan(found):
    found.take(found.original)
    found.gated()
    found.ask_for()
    found.assigned()
    never(lambda: not found.gates(), 1, "an open gate without a plan")
    found.start()
    found.opened()
    assert found.plan(found.pod)["requested"]["required"]


def test_two_pods_start_from_one_checkpoint(found):
    found.take(found.original)
    found.start()
    for name in ("first", "second"):
        found.gated(name)
        found.ask_for(name, name)
        found.opened(name)
        found.bind(name)
        found.create()
        found.reaches("Completed", name)


def test_a_new_agent_keeps_the_plan_of_a_pod_that_is_on_its_way(found):
    found.take(found.original)
    found.start()
    found.gated()
    found.ask_for()
    found.opened()
    found.agent.kill()
    found.start()
    never(lambda: not found.plan(found.pod), 1, "no plan")
    found.bind()
    found.create()
    found.reaches("Completed")


def test_a_start_that_fails_stays_one_from_the_checkpoint_or_none(found, space):
    found.take(found.original)
    found.start()
    found.gated()
    found.ask_for()
    found.opened()
    found.bind()
    found.create(outcome="Failed", reason="RestoreFailed", message="Can't bind inet socket back")
    assert found.fails("RestoreFailed") == (
        "the container does not start without its memory: Can't bind inet socket back")
    space.delete("checkpoints", "ckp-1")
    eventually(lambda: not found.plan(found.pod).get("candidates"), what="a plan without the Checkpoint")
    assert found.plan(found.pod)["requested"]["required"]


def test_a_start_behind_its_deadline_is_the_first_one_only(found, space):
    """The image took long, say. Later the container comes back from its own checkpoints."""
    found.take(found.original)
    found.start()
    found.gated()
    found.ask_for(timeoutSeconds=4)
    found.opened()
    found.bind()
    found.fails("Timeout")
    assert found.plan(found.pod)["requested"]["required"]
    found.create()
    eventually(lambda: "requested" not in found.plan(found.pod), what="a plan without a request")
    found.agent.kill()
    own = found.take(space.get("pods", "beside"), "own", age=1)
    found.start()
    found.planned(found.pod, "own", "ckp-1")
    assert found.ask(found.pod)["checkpoint"] == own["metadata"]["uid"]


@pytest.mark.parametrize("moment", ["before it is planned", "behind the gate", "on the node"])
def test_a_pod_that_is_deleted_meanwhile_ends_its_request(found, space, moment):
    found.take(found.original)
    if moment != "before it is planned":
        found.start()
    found.gated()
    found.ask_for()
    found.assigned()
    if moment != "before it is planned":
        found.opened()
    if moment == "on the node":
        found.bind()
    space.delete("pods", "beside")
    assert found.reaches("Failed")["reason"] in ("PodTerminating", "PodNotFound")
    if moment == "on the node":
        found.unplanned(found.pod)


REFUSED = {
    "without a name": ({"checkpoint": None}, "CheckpointNotNamed", "name one by spec.checkpointName"),
    "of another namespace": ({"checkpoint": "far"}, "CheckpointNotFound", "no Checkpoint of this name in the namespace"),
    "of another container": ({"containerName": "side"}, "ContainerNotFound", "no container of this name"),
    "an archive": ({"checkpoint": "archive"}, "StrategyUnsupported", "strategy Image"),
    "of another image": ({"checkpoint": "other-image"}, "ImageChanged", "image has changed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_pod_cannot_start_from_leaves_it_gated(found, space, case):
    spec, reason, words = REFUSED[case]
    space.checkpoint(found.original, "archive")
    found.take(found.original, "other-image", image="kcr.test/app:0")
    found.gated()
    found.ask_for(**spec)
    assert words in found.fails(reason)
    assert found.gates() == ["kcr.io/restore"]


def test_a_checkpoint_whose_files_are_not_all_there_leaves_the_pod_gated(found):
    uid = found.take(found.original)["metadata"]["uid"]
    found.start()
    found.planned(found.original, "ckp-1")
    (found.store / uid / "checkpoint" / "pages-1.img").write_bytes(b"p" * 99)
    found.gated()
    found.ask_for()
    assert "'checkpoint/pages-1.img' has 99 bytes, not 100" in found.fails("CheckpointDamaged")
    assert found.gates() == ["kcr.io/restore"]
