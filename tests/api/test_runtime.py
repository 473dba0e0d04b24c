"""The agent beside kcr-runtime, with a real API server: the plans that it writes, what it answers, and
what becomes of kcr-runtime's records. Files of the store are written as kcr-runtime and the agent's own
intake would."""

import io
import json
import os
import socket
import stat
import tarfile
import time

import pytest

from node import NODE, Node
from scripted_kubelet import Answer, archive
from world import eventually, exact_stamp, never, stamp

IMAGE = "kcr.test/app:1"


class RuntimeNode(Node):
    """An agent whose store has checkpoints that kcr-runtime took."""

    def take(self, pod, name="ckp-1", container="main", stable=True, files=None, **spec):
        """A Checkpoint by kcr-runtime with what the store keeps of it."""
        made = self.space.checkpoint(pod, name, container, strategy="Runtime", stable=stable, **spec)
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

    def record(self, pod, *attempts, container="main"):
        """As kcr-runtime writes it, oldest first; each time with all that it remembers."""
        directory = self.store / "records" / pod["metadata"]["uid"]
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "new").write_text(json.dumps({
            "version": 1, "namespace": self.space.name, "pod": pod["metadata"]["name"],
            "attempts": attempts}))
        (directory / "new").rename(directory / f"{container}.json")

    def unplanned(self, pod, container="main"):
        eventually(lambda: not self.plan_path(pod, container).exists(), 15, "no plan")


@pytest.fixture
def node(make_node):
    made = make_node(RuntimeNode)
    made.store.mkdir()
    return made


@pytest.fixture
def pod(space):
    return space.pod("pod-1", node=NODE)


# ---- Checkpoints ----

def test_a_checkpoint_by_kcr_runtime_is_of_the_moment_that_it_wrote(node, space, pod):
    container_id = pod["status"]["containerStatuses"][0]["containerID"]
    plain = container_id.split("/")[-1]
    (node.store / "containers").mkdir()
    (node.store / "containers" / plain).touch()  # kcr-runtime runs it
    told = {}

    def script(*container):
        order = node.store / "orders" / f"{plain}.json"
        directory = node.store / json.loads(order.read_text())["directory"]
        order.unlink()
        node.kubelet.hang(0.5)  # the engine takes its time
        told["taken"] = exact_stamp(time.time())
        content = archive(*container)  # of which the engine's metadata counts
        with tarfile.open(fileobj=io.BytesIO(content)) as files:
            files.extractall(directory, [m for m in files if m.name.startswith(("checkpoint/", "rootfs"))])
        (directory / "direct.json").write_text(json.dumps({
            "version": 1, "containerID": plain, "image": IMAGE, "layers": "a:b", "taken": told["taken"],
            "frozenMicroseconds": 1000}))
        return content
    node.kubelet.script = script
    node.start()
    node.request()
    spec = node.checkpoint()["spec"]
    assert (spec["strategy"], spec["checkpointTimestamp"]) == ("Runtime", told["taken"])


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
    taken = checkpoint["spec"]["checkpointTimestamp"]
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

def terminated(pod, code, container_id=None, ago=1):
    """The Pod as the kubelet lists it when its container has ended."""
    status = dict(pod["status"]["containerStatuses"][0])
    container_id = container_id or status["containerID"]
    status["state"] = {"terminated": {
        "exitCode": code, "reason": "Error" if code else "Completed", "containerID": container_id,
        "finishedAt": stamp(time.time() - ago)}}
    return {"metadata": pod["metadata"], "spec": pod["spec"],
            "status": {"containerStatuses": [status]}}


COLD_CLEAN = {"version": 1, "action": "Cold", "reason": "CleanExit",
              "message": "it ended by itself with exit code 0"}


@pytest.mark.parametrize("code, killed, expected", [
    (137, False, None), (1, False, None), (0, False, COLD_CLEAN), (0, True, None),
], ids=["signal", "failure", "clean", "stopped"])
def test_the_kubelet_s_exit_code_decides(node, space, pod, code, killed, expected):
    checkpoint = node.take(pod)
    other = space.pod("other", node=NODE)
    node.kubelet.pods = lambda: [terminated(other, 0), terminated(pod, code)]
    if killed:  # by the engine, as kcr-runtime has seen
        (node.store / "containers").mkdir()
        plain = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        (node.store / "containers" / f"{plain}.killed").touch()
    node.start()
    restore = {"version": 1, "action": "Restore", "checkpoint": checkpoint["metadata"]["uid"]}
    # a kubelet that is slow on a busy machine is not waited for, so it may take a second question
    eventually(lambda: node.ask(pod) == (expected or restore) and node.kubelet.pod_calls >= 1,
               what=f"the answer {expected}, by the kubelet's word")


@pytest.mark.parametrize("is_last", [True, False])
def test_an_end_of_a_container_before_the_last_one_does_not_count(node, pod, is_last):
    """While the API server is away nobody shows that another container was made, and has ended."""
    node.take(pod)
    node.kubelet.pods = lambda: [terminated(pod, 0, ago=60)]
    node.record(pod, attempt("Cold", container_id="another", ago=120 if is_last else 30))
    node.start()
    expected = "Cold" if is_last else "Restore"
    eventually(lambda: node.ask(pod)["action"] == expected and node.kubelet.pod_calls >= 1,
               what=f"the answer {expected}")


def test_the_policy_always_asks_nobody(node, space, pod):
    node.take(pod, schedule=space.schedule(restore={"policy": "Always"}))
    node.start()
    assert node.ask(pod)["action"] == "Restore"
    assert node.kubelet.pod_calls == 0


@pytest.mark.parametrize("trouble", ["hangs", "refuses", "knows nothing"])
def test_without_an_exit_code_it_counts_as_failed(node, pod, trouble):
    def pods():
        if trouble == "hangs":
            node.kubelet.hang()
        if trouble == "refuses":
            raise Answer(403, "Forbidden (user=agent, verb=get, resource=nodes)")
        return []
    node.take(pod)
    node.kubelet.pods = pods
    node.start()
    assert node.ask(pod)["action"] == "Restore"
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


# ---- Records ----

def attempt(outcome, checkpoint=None, container_id="next", ago=5, **more):
    made = {"outcome": outcome, "containerID": container_id,
            "started": micro(time.time() - ago), **more}
    if checkpoint is not None:
        made["checkpoint"] = checkpoint["metadata"]["uid"]
    return made


def micro(seconds):
    return stamp(seconds).replace("Z", ".123456Z")


def started_anew(space, pod, container_id="next"):
    """The kubelet's word once kcr-runtime has created the container."""
    return space.pod_status(pod["metadata"]["name"], [space.running(
        "main", since=stamp(), restarts=1, container_id=f"containerd://{container_id}")])


def status_of(space, **expected):
    def look():
        status = space.get("checkpoints", "ckp-1")["status"]
        return status if all(status.get(k) == v for k, v in expected.items()) else None
    return eventually(look, 15, f"a Checkpoint with {expected}")


def usable(space, name="ckp-1"):
    return eventually(lambda: space.condition("checkpoints", name, "Usable"), 15,
                      f"the condition Usable of {name}")


def test_a_restore_is_told_on_the_pod_and_counted_on_the_checkpoint(node, space, pod):
    checkpoint = node.take(pod)
    node.start()
    node.planned(pod, "ckp-1")
    node.record(pod, attempt("Restored", checkpoint, verifyMicroseconds=30_000,
                             layerMicroseconds=10_000, restoreMicroseconds=80_000))
    started_anew(space, pod)
    assert eventually(lambda: space.notes("Restored", "pod-1"), what="the event") == [
        "Container main was restored from Checkpoint ckp-1 in 0.12 s (checking 0.03 s, files "
        "0.01 s, memory 0.08 s)"]
    [event] = space.events("Restored")
    assert (event["type"], event["regarding"]["kind"]) == ("Normal", "Pod")
    status = status_of(space, restoreCount=1, restoredContainerID="containerd://next")
    assert "lastRestoreTime" in status and status["phase"] == "ImageBuilt"
    assert node.agent.metric('kcr_restores_total{strategy="runtime",outcome="restored"}') == 1
    node.planned(pod, "ckp-1")  # it is as good as before


def test_what_was_told_is_not_told_again(node, space, pod):
    checkpoint = node.take(pod)
    first = attempt("Restored", checkpoint, "one", ago=60)
    node.record(pod, first)
    node.start()
    status_of(space, restoreCount=1)
    eventually(lambda: space.notes("Restored"))
    node.agent.stop()
    node.record(pod, first, attempt("Cold", container_id="two", reason="CleanExit",
                                    message="it ended by itself with exit code 0"))
    node.start()
    eventually(lambda: space.notes("CleanExit"))
    started_anew(space, pod, "two")
    never(lambda: len(space.events("Restored")) > 1 or "series" in space.events("Restored")[0]
          or space.get("checkpoints", "ckp-1")["status"]["restoreCount"] != 1, 1.5,
          "an old restore told anew")
    assert node.agent.metric('kcr_restores_total{strategy="runtime",outcome="restored"}') == 0
    assert node.agent.metric('kcr_restores_total{strategy="runtime",outcome="clean"}') == 1


@pytest.mark.parametrize("outcome, reason", [
    ("Damaged", "CheckpointDamaged"), ("Failed", "RestoreFailed")])
def test_a_checkpoint_that_cannot_be_restored_is_marked_and_planned_no_more(
        node, space, pod, outcome, reason):
    node.take(pod, "older", age=120)
    checkpoint = node.take(pod)
    node.start()
    node.planned(pod, "ckp-1", "older")
    node.record(pod, attempt(outcome, checkpoint, reason=reason, message="Head magic is wrong"))
    started_anew(space, pod)
    condition = usable(space)
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False", reason, "Head magic is wrong")
    node.planned(pod, "older")
    [event] = eventually(lambda: space.events(reason, "pod-1"))
    assert event["type"] == "Warning" and "Head magic is wrong" in event["note"]
    # what else the agent writes leaves the mark
    space.pod_status("pod-1", [space.running("main")])
    never(lambda: space.condition("checkpoints", "ckp-1", "Usable") != condition, 1)


def test_a_restore_that_did_not_hold_marks_its_checkpoint(node, space, pod):
    checkpoint = node.take(pod)
    node.start()
    node.record(pod, attempt("Restored", checkpoint, ago=5, ended=micro(time.time() - 3)))
    started_anew(space, pod, "another")
    assert usable(space)["message"] == "the container ended 2.0 s after it was restored"
    node.planned(pod)


def test_a_cold_start_says_why(node, space, pod):
    node.take(pod)
    node.start()
    node.record(pod, attempt("Cold", reason="ImageChanged", message="another image"))
    started_anew(space, pod)
    assert eventually(lambda: space.notes("ColdStart", "pod-1")) == [
        "Container main starts without its memory: another image"]


def test_a_record_is_looked_at_after_an_answer(node, space, pod):
    """Nothing changes in the cluster yet: the kubelet waits for the container."""
    checkpoint = node.take(pod)
    node.kubelet.pods = lambda: [terminated(pod, 1)]
    node.start()
    assert node.ask(pod)["action"] == "Restore"
    node.record(pod, attempt("Restored", checkpoint))
    eventually(lambda: space.notes("Restored", "pod-1"), 5, "the event")
    status_of(space, restoreCount=1)


def test_a_damaged_record_is_passed_over(node, space, pod):
    node.take(pod)
    node.start()
    node.record(pod, {"outcome": "Unheard"})
    started_anew(space, pod)
    node.agent.says("Ignored a record of kcr-runtime")
    node.planned(pod, "ckp-1")


def test_the_agent_s_reports_of_ends_are_for_restores_by_image(node, space, pod):
    checkpoint = node.take(pod)
    node.record(pod, attempt("Restored", checkpoint))
    node.start()
    status = status_of(space, restoreCount=1)
    assert "containerExit" not in status


# ---- What goes ----

def folders(node):
    return sorted(str(p.relative_to(node.store)) for name in ("plans", "records")
                  for p in (node.store / name).glob("*"))


def test_what_was_kept_for_a_pod_goes_with_it(node, space, pod):
    node.take(pod)
    node.start()
    node.planned(pod, "ckp-1")
    node.record(pod, attempt("Cold", reason="TooOld", message="m"))
    started_anew(space, pod)
    eventually(lambda: space.notes("ColdStart"))
    uid = pod["metadata"]["uid"]
    assert folders(node) == [f"plans/{uid}", f"records/{uid}"]
    space.delete("pods", "pod-1")
    eventually(lambda: folders(node) == [], what="nothing of the Pod")


def test_a_new_agent_removes_what_pods_have_left_meanwhile(node, space, pod):
    gone = space.pod("gone", node=NODE)
    node.take(pod)
    node.record(pod, attempt("Cold", reason="TooOld", message="m"))
    node.record(gone, attempt("Cold", reason="TooOld", message="m"))
    space.delete("pods", "gone")
    eventually(lambda: space.get("pods", "gone") is None)
    containers = node.store / "containers"
    containers.mkdir()
    current = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    for name in ("departed", "rebooted", "departed.killed", f"{current}.killed", "recent.killed"):
        (containers / name).touch()
    os.utime(containers / "departed", (1, boot + 60))
    for name in ("rebooted", "departed.killed", f"{current}.killed"):
        os.utime(containers / name, (1, boot - 3600))
    node.start()
    uid = pod["metadata"]["uid"]
    eventually(lambda: folders(node) == [f"plans/{uid}", f"records/{uid}"])
    eventually(lambda: sorted(p.name for p in containers.iterdir()) == sorted(
        ["departed", f"{current}.killed", "recent.killed"]), what="the marks of those that exist")
