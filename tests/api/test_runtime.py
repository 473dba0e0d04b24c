"""The agent beside kcr-runtime, with a real API server: the plans that it writes, what it answers, and
what becomes of kcr-runtime's records. Files of the store are written as kcr-runtime and the agent's own
intake would."""

import json
import os
import socket
import stat
import time

import pytest

from test_agent import NODE, Node
from scripted_kubelet import Answer
from world import eventually, never, stamp

IMAGE = "kcr.test/app:1"


class RuntimeNode(Node):
    """An agent whose store has checkpoints that kcr-runtime took."""

    def take(self, pod, name="ckp-1", container="main", stable=True, files=None, **spec):
        """A Checkpoint by kcr-runtime with what the store keeps of it."""
        made = self.space.checkpoint(pod, name, container, strategy="Runtime", **spec)
        if stable:
            made = self.space.patch(
                "checkpoints", name, {"status": {"stableTime": stamp()}}, "status")
        self.keep(made, files or {"checkpoint/pages-1.img": b"p" * 100, "rootfs-diff.tar": b"tar",
                                  "dump.log": b"log"})
        return made

    def keep(self, checkpoint, files):
        metadata = checkpoint["metadata"]
        entry = self.store / metadata["uid"]
        for path, content in files.items():
            (entry / path).parent.mkdir(parents=True, exist_ok=True)
            (entry / path).write_bytes(content)
        listed = [{"path": path, "bytes": len(content), "xxh3": "0" * 32}
                  for path, content in sorted(files.items())]
        (entry / "files.json").write_text(json.dumps({"version": 1, "files": listed}))
        (entry / "entry.json").write_text(json.dumps({
            "uid": metadata["uid"], "namespace": self.space.name, "name": metadata["name"],
            "repository": f"kcr/{metadata['name']}", "manifestDigest": "sha256:" + "2" * 64,
            "configDigest": "sha256:" + "3" * 64, "layerDigest": "sha256:" + "4" * 64,
            "manifestBytes": 2, "configBytes": 2, "layerBytes": 1000, "directory": True,
            "imageName": IMAGE}))

    def plan_path(self, pod, container="main"):
        return self.store / "plans" / pod["metadata"]["uid"] / f"{container}.json"

    def plan(self, pod, container="main"):
        """The plan of the container; None when there is none."""
        path = self.plan_path(pod, container)
        return json.loads(path.read_text()) if path.exists() else None

    def planned(self, pod, *names, container="main"):
        """Waits until the plan has these candidates, newest first."""
        def look():
            plan = self.plan(pod, container)
            found = [c["name"] for c in plan.get("candidates", [])] if plan else None
            return plan if found == list(names) else None
        return eventually(look, 15, f"a plan of {names}")

    def connect(self, timeout=5):
        """To the agent's socket, by a path that is short enough for one."""
        directory = os.open(self.store, os.O_RDONLY | os.O_DIRECTORY)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        try:
            connection.connect(f"/proc/self/fd/{directory}/agent.sock")
        finally:
            os.close(directory)
        return connection

    def ask(self, of, container="main", **changed):
        """What kcr-runtime asks at `create`; None when the agent hangs up."""
        metadata = of["metadata"]
        question = {"version": 1, "podUID": metadata["uid"], "namespace": self.space.name,
                    "pod": metadata["name"], "container": container, "containerID": "next",
                    **changed}
        with self.connect() as connection:
            connection.sendall(json.dumps(question).encode() + b"\n")
            line = connection.makefile().readline()
        return json.loads(line) if line else None

    def unplanned(self, pod, container="main"):
        eventually(lambda: not self.plan_path(pod, container).exists(), 15, "no plan")


@pytest.fixture
def node(kinds, space, programs, tmp_path):
    made = RuntimeNode(kinds, space, programs, tmp_path)
    made.store.mkdir()
    yield made
    made.kubelet.stop()


@pytest.fixture
def pod(space):
    return space.pod("pod-1", node=NODE)


# ---- Plans ----

def test_a_plan_names_all_that_a_restore_reads(node, space, pod):
    checkpoint = node.take(pod)
    node.start()
    plan = node.planned(pod, "ckp-1")
    [candidate] = plan.pop("candidates")
    assert plan == {"version": 1, "policy": "OnFailure", "retryWindowSeconds": 60,
                    "askAgent": True}
    files = candidate.pop("files")
    assert [(f["path"], f["bytes"]) for f in files] == [
        ("checkpoint/pages-1.img", 100), ("rootfs-diff.tar", 3)]
    uid = checkpoint["metadata"]["uid"]
    taken = checkpoint["spec"]["checkpointTimestamp"].replace("Z", ".000000Z")
    assert candidate == {
        "name": "ckp-1", "uid": uid, "directory": uid, "image": IMAGE, "taken": taken}


def test_a_plan_has_the_newest_first_and_only_what_may_be_restored(node, space, pod):
    node.take(pod, "older", age=120)
    node.take(pod, "newer", age=60)
    node.take(pod, "young", age=1, stable=False)
    node.take(pod, "unready", age=30, wasReady=False)
    space.checkpoint(pod, "archive", age=10)  # of the kubelet's
    node.start()
    node.planned(pod, "newer", "older")


def test_a_plan_follows_the_checkpoints(node, space, pod):
    node.take(pod, "older", age=120)
    node.take(pod, "newer", age=60, stable=False)
    node.start()
    node.planned(pod, "older")
    space.patch("checkpoints", "newer", {"status": {"stableTime": stamp()}}, "status")
    node.planned(pod, "newer", "older")
    space.delete("checkpoints", "older")
    node.planned(pod, "newer")
    space.delete("checkpoints", "newer")
    node.unplanned(pod)


def test_a_plan_follows_the_schedule_s_terms(node, space, pod):
    schedule = space.schedule(restore={"policy": "Always", "retryWindowSeconds": 7},
                              retention={"maxAge": "1h"})
    node.take(pod, schedule=schedule)
    node.start()
    plan = node.planned(pod, "ckp-1")
    assert (plan["policy"], plan["retryWindowSeconds"], plan["maxAgeSeconds"]) == (
        "Always", 7, 3600)
    space.patch("checkpointschedules", "every", {"spec": {"restore": {"policy": "Never"}}})
    node.unplanned(pod)
    space.patch("checkpointschedules", "every", {"spec": {"restore": {"policy": "OnFailure"}}})
    assert node.planned(pod, "ckp-1")["policy"] == "OnFailure"


def test_a_plan_that_is_right_is_not_written_again(node, space, pod):
    node.take(pod)
    node.start()
    node.planned(pod, "ckp-1")
    written = node.plan_path(pod).stat()
    space.pod_status("pod-1", [space.running("main")])
    never(lambda: node.plan_path(pod).stat().st_ino != written.st_ino, 1.5, "a plan written anew")


def test_a_new_agent_brings_plans_to_what_they_should_be(node, space, pod):
    node.take(pod, "older", age=120)
    node.take(pod, "newer")
    node.start()
    node.planned(pod, "newer", "older")
    node.agent.stop()
    node.plan_path(pod).write_text("{}")
    space.delete("checkpoints", "newer")
    node.start()
    node.planned(pod, "older")


def test_a_first_start_has_no_plan(node, space, pod):
    """As after a rollout of a StatefulSet, whose next Pod has the last one's Checkpoints."""
    node.take(pod)
    space.pod_status("pod-1", [{
        "name": "main", "ready": False, "restartCount": 0, "image": IMAGE, "imageID": "",
        "state": {"waiting": {"reason": "ContainerCreating"}}}])
    node.start()
    never(lambda: node.plan(pod), 1.5, "a plan for a first start")


def test_each_container_has_its_own_plan(node, space):
    pair = space.pod("pair", ["main", "side"], node=NODE)
    node.take(pair, "of-main")
    node.take(pair, "of-side", "side")
    node.start()
    node.planned(pair, "of-main")
    node.planned(pair, "of-side", container="side")


def test_a_checkpoint_whose_list_of_files_is_lost_is_left_out(node, space, pod):
    node.take(pod, "older", age=120)
    newer = node.take(pod, "newer")
    node.start()
    node.planned(pod, "newer", "older")
    (node.store / newer["metadata"]["uid"] / "files.json").unlink()
    space.pod_status("pod-1", [space.running("main")])
    node.planned(pod, "older")
    node.agent.says("Left a stored checkpoint out of a plan")


# ---- Answers ----

def terminated(pod, code, container_id=None):
    """The Pod as the kubelet lists it when its container has just ended."""
    status = dict(pod["status"]["containerStatuses"][0])
    container_id = container_id or status["containerID"]
    status["state"] = {"terminated": {
        "exitCode": code, "reason": "Error" if code else "Completed", "containerID": container_id}}
    return {"metadata": pod["metadata"], "spec": pod["spec"],
            "status": {"containerStatuses": [status]}}


COLD_CLEAN = {"version": 1, "action": "Cold", "reason": "CleanExit",
              "message": "it ended by itself with exit code 0"}


@pytest.mark.parametrize("code, killed, expected", [
    (137, False, None), (1, False, None), (0, False, COLD_CLEAN), (0, True, None),
], ids=["signal", "failure", "clean", "stopped"])
def test_the_kubelet_s_exit_code_decides(node, space, pod, code, killed, expected):
    checkpoint = node.take(pod)
    node.kubelet.pods = lambda: [terminated(space.pod("other", node=NODE), 0),
                                 terminated(pod, code)]
    if killed:  # by the engine, as kcr-runtime has seen
        (node.store / "containers").mkdir()
        plain = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        (node.store / "containers" / f"{plain}.killed").touch()
    node.start()
    restore = {"version": 1, "action": "Restore", "checkpoint": checkpoint["metadata"]["uid"]}
    assert node.ask(pod) == (expected or restore)
    assert node.kubelet.pod_calls == 1


def test_the_policy_always_asks_nobody(node, space, pod):
    node.take(pod, schedule=space.schedule(restore={"policy": "Always"}))
    node.start()
    assert node.ask(pod)["action"] == "Restore"
    assert node.kubelet.pod_calls == 0


@pytest.mark.parametrize("trouble", ["hangs", "refuses", "knows nothing"])
def test_without_an_exit_code_it_counts_as_failed(node, pod, trouble):
    def pods():
        if trouble == "hangs":
            node.kubelet.hang(2)
        if trouble == "refuses":
            raise Answer(403, "Forbidden (user=agent, verb=get, resource=nodes)")
        return []
    node.take(pod)
    node.kubelet.pods = pods
    node.start()
    began = time.monotonic()
    assert node.ask(pod)["action"] == "Restore"
    assert time.monotonic() - began < 1  # kcr-runtime itself waits for 0.2 s
    if trouble != "knows nothing":
        node.agent.says("The kubelet did not tell how a container ended")


def test_without_the_kubelet_the_api_server_s_word_counts(node, space, pod):
    node.take(pod)
    ended = terminated(pod, 0)["status"]["containerStatuses"]
    space.pod_status("pod-1", [{**ended[0], "ready": False}])
    node.start("--kubelet-port=9")
    assert node.ask(pod)["reason"] == "CleanExit"


def test_an_answer_knows_what_the_plan_does_not_yet(node, space, pod):
    node.take(pod)
    node.start()
    node.planned(pod, "ckp-1")
    before = node.plan_path(pod).read_text()
    space.api.call("PATCH", space.path("pods", "pod-1"), {"spec": {"containers": [
        {"name": "main", "image": "kcr.test/app:2"}]}}, "application/strategic-merge-patch+json")
    answer = eventually(lambda: (a := node.ask(pod))["action"] == "Cold" and a)
    assert (answer["reason"], answer["message"]) == (
        "ImageChanged", "no checkpoint can be used (newest: the container's image has changed "
        "since)")
    node.plan_path(pod).write_text(before)  # an old plan does not change the answer
    assert node.ask(pod)["reason"] == "ImageChanged"


def test_questions_about_others_are_hung_up_on(node, space, pod):
    node.take(pod)
    node.start()
    assert node.ask(pod, podUID="another") is None
    assert node.ask(pod, pod="pod-0") is None
    assert node.ask(pod, container="side") is None
    assert node.ask(pod, version=2) is None
    node.kubelet.pods = lambda: [terminated(pod, 1)]
    assert node.ask(pod)["action"] == "Restore"


def test_what_is_no_question_is_hung_up_on(node, pod):
    node.take(pod)
    node.start()
    for said in (b"\n", b"nonsense\n", b"x" * 200_000, b"{\"version\":1}\n"):
        with node.connect() as connection:
            try:
                connection.sendall(said)
                assert connection.recv(100) == b""
            except (BrokenPipeError, ConnectionResetError):
                pass
    assert node.ask(pod)["action"] == "Restore"


def test_those_who_ask_nothing_hold_nobody_up(node, pod):
    node.take(pod)
    node.kubelet.pods = lambda: [terminated(pod, 1)]
    node.start()
    idle = [node.connect() for _ in range(100)]
    assert node.ask(pod)["action"] == "Restore"
    for connection in idle:
        connection.close()


def test_the_socket_is_for_root_and_the_next_agent_replaces_it(node, pod):
    node.take(pod)
    node.kubelet.pods = lambda: [terminated(pod, 1)]
    node.start()
    path = node.store / "agent.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    node.agent.kill()
    with pytest.raises(ConnectionRefusedError):  # at once: the plan speaks
        node.connect()
    node.start()
    assert node.ask(pod)["action"] == "Restore"
