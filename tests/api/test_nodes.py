"""What an agent says of its node, with a real API server, and what the controller makes of it."""

import contextlib
import json
import pathlib
import shlex

import pytest

from node import NODE, Node
from scripted_kubelet import Answer
from test_restores import ORIGINAL, crash, image_of, record_of, restorable, runtime_image
from world import GROUP, ApiError, eventually, never, stamp

NODES = f"{GROUP}/checkpointnodes"
HOST = {"version": 1, "engine": "containerd", "engineVersion": "2.4.2", "runtime": "/usr/sbin/runc",
        "runtimeVersion": "1.3.6", "criuVersion": "4.2.1", "handler": "kcr", "isDefault": True,
        "program": "/opt/kcr/bin/kcr-runtime", "programVersion": "0.1.0"}


class DescribedNode(Node):
    """An agent, its Node and what the agent says of it."""

    def __init__(self, kinds, space, programs, directory):
        super().__init__(kinds, space, programs, directory)
        self.api = kinds.api
        self.store.mkdir()

    def has(self, engine):
        """The kubelet says so; an agent that runs looks again."""
        return self.api.call("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": {"nodeInfo": {
            "containerRuntimeVersion": engine, "kernelVersion": "6.18.1", "architecture": "amd64",
            "machineID": "", "systemUUID": "", "bootID": "", "osImage": "", "kubeletVersion": "",
            "kubeProxyVersion": "", "operatingSystem": "linux"}}}, "application/merge-patch+json")

    def installed(self, **change):
        (self.store / "host.json").write_text(json.dumps({**HOST, **change}))

    def described(self):
        """The CheckpointNode; None when there is none."""
        with contextlib.suppress(ApiError):
            return self.api.call("GET", f"{NODES}/{NODE}")

    def says(self, offered):
        """Waits until it offers these strategies."""
        def look():
            found = self.described()
            return found if found and found.get(
                "status", {}).get("strategiesOffered") == offered else None
        return eventually(look, 15, f"a CheckpointNode that offers {offered}")

    def forget(self):
        with contextlib.suppress(ApiError):
            self.api.call("DELETE", f"{NODES}/{NODE}")


@pytest.fixture
def node(make_node):
    made = make_node(DescribedNode)
    made.forget()
    yield made
    if getattr(made, "agent", None):
        made.agent.stop()
    made.forget()


def strategies(described):
    return {s["name"]: (s["offered"], s["reason"]) for s in described["status"]["strategies"]}


def conditions(described):
    return {c["type"]: c for c in described.get("status", {}).get("conditions", [])}


def condition(described, kind):
    found = conditions(described).get(kind, {})
    return found.get("status"), found.get("reason")


# ---- The agent ----

def test_an_agent_says_what_its_node_has(node):
    of = node.has("containerd://2.4.2")
    node.installed()
    node.start("--store-max-size=10Gi")
    described = node.says("Runtime")
    assert described["metadata"]["ownerReferences"] == [{
        "apiVersion": "v1", "kind": "Node", "name": NODE, "uid": of["metadata"]["uid"]}]
    status = described["status"]
    assert (status["kernelVersion"], status["architecture"], status["engine"]) == (
        "6.18.1", "amd64", "containerd://2.4.2")
    assert (status["criuVersion"], status["runtime"]) == (
        "4.2.1", {"path": "/usr/sbin/runc", "version": "1.3.6"})
    assert status["kcrRuntime"] == {"path": "/opt/kcr/bin/kcr-runtime", "version": "0.1.0",
                                    "handler": "kcr", "isDefault": True}
    assert strategies(described) == {"Runtime": ("True", "Offered"),
                                     "Image": ("False", "RemovedFromEngine")}
    assert status["store"].pop("freeBytes") > 0
    assert status["store"] == {"path": str(node.store), "checkpoints": 0, "usedBytes": 0,
                               "maxBytes": 10 << 30, "used": "0B"}
    assert condition(described, "Ready") == ("True", "StrategyOffered")
    assert status["agentVersion"] and "kernelMissing" not in status and "criuProblem" not in status
    assert status["observedGeneration"] == described["metadata"]["generation"]


def test_a_node_without_kcr_runtime_says_what_to_do(node):
    node.has("containerd://2.4.2")
    node.start()
    described = node.says("none")
    assert strategies(described)["Runtime"] == ("False", "NotInstalled")
    assert condition(described, "Ready") == ("False", "NoStrategy")
    assert "kcr install-runtime" in conditions(described)["Ready"]["message"]


def test_a_node_is_described_anew_when_its_engine_is_another_one(node):
    node.has("containerd://2.3.3")
    node.start()
    node.says("Image")
    node.has("containerd://2.3.7")
    node.says("Image?")
    node.has("containerd://2.4.2")
    node.says("none")


def test_the_first_step_of_a_removal_empties_the_store(kinds, node, space):
    """The commands of docs/install.md as they stand there, but in one namespace and for one node."""
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "install.md").read_text()
    step = page.partition("**1. Delete the checkpoints")[2].partition("**2.")[0]
    commands = [shlex.split(line) for line in step.splitlines() if line.startswith("    kubectl ")]
    assert [words[1] for words in commands] == ["annotate", "delete", "wait"]

    annotation = "kcr.io/checkpoint-restore-schedule"
    labels = {"app": "web"}
    kinds.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": space.name, "annotations": {annotation: "@hourly", "mine": "stays"}},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "x"}]}}}}))
    space.pod("pod-1", node=NODE)
    node.has("containerd://2.4.2")
    node.start()
    node.request()
    node.checkpoint()
    eventually(lambda: node.described()["status"]["store"]["checkpoints"] == 1, what="a CheckpointNode that counts it")

    for _, *words in commands[:2]:
        kinds.kubectl(*(f"--namespace={space.name}" if word == "-A" else word for word in words))
    kinds.kubectl(*(NODE if word == "--all" else word for word in commands[2][1:]))
    assert node.entries() == []
    web = json.loads(kinds.kubectl("get", "deployment/web", f"--namespace={space.name}", "-o", "json").stdout)
    assert web["metadata"]["annotations"].get("mine") == "stays" and annotation not in web["metadata"]["annotations"]


def test_containers_of_kcr_runtime_are_enough_to_believe_in_it(node):
    marks = node.store / "containers"
    marks.mkdir()
    (marks / "one").touch()
    node.has("containerd://2.4.2")
    node.start()
    assert strategies(node.says("Runtime?"))["Runtime"] == ("Unknown", "InstallationNotKnown")
    (marks / "one").rename(marks / "one.killed")
    node.has("containerd://2.4.3")
    node.says("none")


def test_a_checkpoint_by_kcr_runtime_shows_that_it_is_there(node, space):
    node.has("containerd://2.4.2")
    node.installed(needsRestart=True)
    node.start()
    assert strategies(node.says("none"))["Runtime"] == ("False", "EngineNotRestarted")
    (node.store / "containers").mkdir()
    (node.store / "containers" / "one").touch()
    space.checkpoint(space.pod("pod-1", node=NODE), strategy="Runtime")
    node.says("Runtime")


def test_what_criu_complains_about_is_told(node):
    node.has("containerd://2.4.2")
    node.installed(criuProblem="no soft-dirty")
    node.start()
    described = node.says("Runtime?")
    assert described["status"]["criuProblem"] == "no soft-dirty"
    assert strategies(described)["Runtime"] == ("Unknown", "CRIUComplains")


@pytest.mark.parametrize("status, text, reason", [
    (403, "Forbidden (user=kcr, verb=create, resource=nodes, subresource=checkpoint)", "Forbidden"),
    (404, "404 page not found", "CheckpointsDisabled"),
])
def test_a_kubelet_that_takes_no_checkpoints_is_told(node, status, text, reason):
    def refuse():
        raise Answer(status, text)
    node.kubelet.probe = refuse
    node.has("containerd://2.4.2")
    node.installed()
    node.start()
    described = eventually(lambda: (d := node.described()) and condition(d, "KubeletReady") == ("False", reason) and d,
                           15, f"KubeletReady to be {reason}")
    assert condition(described, "Ready") == ("False", "KubeletRefuses")
    assert node.kubelet.calls == []


def test_a_failed_checkpoint_has_the_kubelet_asked_anew(node, space):
    def refuse(*_):
        raise Answer(404, "404 page not found")
    node.has("containerd://2.4.2")
    node.start()
    eventually(lambda: (d := node.described()) and condition(d, "KubeletReady") == ("True", "Answers"),
               15, "KubeletReady to be True")
    node.kubelet.script = node.kubelet.probe = refuse
    space.pod("pod-1", node=NODE)
    node.request()
    node.failed()
    eventually(lambda: condition(node.described(), "KubeletReady") == ("False", "CheckpointsDisabled"),
               15, "KubeletReady to be False")


def test_a_kubelet_that_would_take_checkpoints_is_told(node):
    node.has("containerd://2.4.2")
    node.start()
    eventually(lambda: (d := node.described()) and condition(d, "KubeletReady") == ("True", "Answers"),
               15, "KubeletReady to be True")


def test_a_damaged_host_json_is_told(node):
    (node.store / "host.json").write_text("{")
    node.has("containerd://2.4.2")
    node.start()
    described = node.says("none")
    assert strategies(described)["Runtime"] == ("False", "NotInstalled")
    assert "host.json" in described["status"]["strategies"][0]["message"]


def test_what_is_right_is_not_written_again(node):
    node.has("containerd://2.4.2")
    node.installed()
    node.start()
    node.says("Runtime")
    first = eventually(lambda: (d := node.described()) and "KubeletReady" in conditions(d) and d, 15, "KubeletReady")

    def is_other():
        now = node.described()
        if now["status"]["store"]["freeBytes"] != first["status"]["store"]["freeBytes"]:
            # others use the disk: that was worth a write, and nothing else has changed
            first["status"]["store"]["freeBytes"] = now["status"]["store"]["freeBytes"]
            first["metadata"] = now["metadata"]
        return now["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"] or (
            now["status"] != first["status"])

    node.api.call("PATCH", f"/api/v1/nodes/{NODE}", {"metadata": {"annotations": {"x": stamp()}}},
                  "application/merge-patch+json")
    never(is_other, 2, "a CheckpointNode written anew")
    node.agent.stop()
    node.start()
    never(is_other, 2, "a CheckpointNode written anew by the next agent")


def test_a_deleted_description_comes_back(node):
    node.has("containerd://2.4.2")
    node.installed()
    node.start()
    first = node.says("Runtime")["metadata"]["uid"]
    node.forget()
    assert node.says("Runtime")["metadata"]["uid"] != first


def test_a_cluster_without_the_kind_gets_its_checkpoints_all_the_same(node, kinds, space):
    with kinds.without("checkpointnodes"):
        node.has("containerd://2.4.2")
        node.start()
        node.agent.says("Cannot tell what this node has")
        controller = node.programs("controller", "--leader-elect=false").start()
        controller.says("Started reconciling")
        space.pod("pod-1", node=NODE)
        node.request()
        node.checkpoint()
    eventually(node.described, 60, "the CheckpointNode once the kind is there")


# ---- The controller ----

REFUSAL = "containerd 2.4.2 cannot restore images"


class Word:
    """What the agent of node-1 says, written by the test."""

    name = "node-1"

    def __init__(self, api):
        self.api = api

    def offers(self, runtime, image):
        with contextlib.suppress(ApiError):
            self.api.call("POST", NODES, {
                "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointNode",
                "metadata": {"name": self.name}})
        self.api.call("PATCH", f"{NODES}/{self.name}/status", {"status": {"strategies": [
            {"name": "Runtime", "offered": runtime, "reason": "R", "message": "no kcr-runtime"},
            {"name": "Image", "offered": image, "reason": "R", "message": REFUSAL}]}},
            "application/merge-patch+json")

    def withdraw(self):
        with contextlib.suppress(ApiError):
            self.api.call("DELETE", f"{NODES}/{self.name}")


@pytest.fixture
def word(kinds, controller):
    made = Word(kinds.api)
    yield made
    made.withdraw()


def test_a_checkpoint_is_restorable_where_its_strategy_is_offered(space, word):
    space.checkpoint(space.pod("pod-1"))
    restorable(space, status="True", reason="Restorable")
    word.offers("True", "False")
    restorable(space, status="False", reason="StrategyNotOffered", message=REFUSAL)
    word.offers("True", "Unknown")
    restorable(space, status="True", reason="Restorable")
    word.offers("True", "False")
    restorable(space, status="False", reason="StrategyNotOffered")
    word.withdraw()
    restorable(space, status="True", reason="Restorable")


def test_a_checkpoint_by_kcr_runtime_needs_it_on_its_node(space, word):
    word.offers("False", "True")
    space.checkpoint(space.pod("pod-1"), strategy="Runtime")
    restorable(space, status="False", reason="StrategyNotOffered", message="no kcr-runtime")
    word.offers("True", "False")
    restorable(space, status="True", reason="Restorable")


def test_another_node_s_word_does_not_count(space, word):
    word.offers("False", "False")
    space.checkpoint(space.pod("pod-1", node=NODE))
    restorable(space, status="True", reason="Restorable")


def test_no_image_is_put_in_place_where_none_is_restored(space, word):
    pod = space.pod("pod-1")
    space.checkpoint(pod)
    restorable(space, status="True")
    word.offers("True", "False")
    restorable(space, status="False")
    crash(space, pod)
    [note] = eventually(lambda: space.notes("ColdStart", "pod-1"), what="the event")
    assert REFUSAL in note
    assert image_of(space) == ORIGINAL
    assert (record_of(space)["phase"], record_of(space)["reason"]) == ("Cold", "ColdStart")


def test_a_container_whose_kcr_runtime_is_gone_starts_cold_and_says_why(space, word):
    pod = space.pod("pod-1")
    space.checkpoint(pod, strategy="Runtime")
    restorable(space, status="True")
    word.offers("False", "False")
    restorable(space, status="False")
    crash(space, pod)
    [note] = eventually(lambda: space.notes("ColdStart", "pod-1"), what="the event")
    assert "no kcr-runtime" in note
    assert image_of(space) == ORIGINAL


def test_a_container_comes_back_by_the_strategy_that_is_left(space, word):
    pod = space.pod("pod-1")
    space.checkpoint(pod, "by-image", age=120)
    space.checkpoint(pod, "by-runtime", age=60, strategy="Runtime")
    restorable(space, "by-image", status="True")
    restorable(space, "by-runtime", status="True")
    word.offers("False", "True")
    restorable(space, "by-runtime", status="False")
    crash(space, pod)
    eventually(lambda: image_of(space) == runtime_image(space, "by-image"), what="the image")


def test_what_kcr_runtime_restores_is_left_to_it(space, word):
    pod = space.pod("pod-1")
    space.checkpoint(pod, "by-runtime", age=120, strategy="Runtime")
    space.checkpoint(pod, "by-image", age=60)
    restorable(space, "by-image", status="True")
    word.offers("True", "False")
    restorable(space, "by-image", status="False")
    crash(space, pod)
    never(lambda: record_of(space) or space.notes("ColdStart"), 3, "a word of the controller")
