"""The agent with a real API server and a scripted kubelet: each request ends, in words that help,
and nothing is left behind."""

import hashlib
import http.server
import itertools
import json
import os
import pathlib
import random
import re
import signal
import threading
import time

import pytest

from middle import Authority
from node import NODE
from proxy import Proxy
from scripted_kubelet import Answer, Cut, archive
from world import Clock, eventually, never, owner_of, seconds_of, stamp, time_of

TIME_TO_BE_CALLED = 5  # s: begins with the second in which the request is made, and a busy machine takes some of it


# ---- All goes well ----

def test_a_request_becomes_a_checkpoint_that_is_served(node, space):
    node.start()
    request = node.request()
    checkpoint = node.checkpoint()
    metadata, spec, status = checkpoint["metadata"], checkpoint["spec"], checkpoint["status"]
    end = node.finished()
    assert metadata["name"] == f"pod-1-{space.name}-{seconds_of(end['startTime'])}"
    assert re.fullmatch(r".*:\d\d\.\d{6}Z", spec["checkpointTimestamp"]), "more than one in a second have an order"
    assert metadata["ownerReferences"] == [owner_of(request, blockOwnerDeletion=True)]
    assert metadata["labels"]["checkpoint-request-name"] == "one"
    pod = space.get("pods", "pod-1")
    assert spec["podReference"] == {
        "name": "pod-1", "namespace": space.name, "uid": pod["metadata"]["uid"]}
    assert spec["containerID"] == pod["status"]["containerStatuses"][0]["containerID"]
    assert (spec["image"], spec["wasReady"], spec["nodeName"]) == ("kcr.test/app:1", True, NODE)
    content = archive(space.name, "pod-1")
    assert status["sizeBytes"] == len(content)
    assert status["memoryBytes"] == 10_000
    assert status["frozenMicroseconds"] == 74_565
    assert status["digest"] == "sha256:" + hashlib.sha256(content).hexdigest()
    assert node.kubelet.archives() == []  # it moved
    assert node.entries() == [metadata["uid"]]
    repository, digest = status["runtimeImage"].removeprefix(
        f"localhost:{node.registry_port}/").split("@")
    code, manifest = node.network.get(node.registry_port, f"/v2/{repository}/manifests/{digest}")
    assert code == 200
    assert digest == "sha256:" + hashlib.sha256(manifest).hexdigest()
    for guess in (f"{repository}/manifests/latest", f"{repository}/tags/list"):  # from any namespace
        assert node.network.get(node.registry_port, f"/v2/{guess}")[0] == 404
    layer = json.loads(manifest)["layers"][0]["digest"]
    code, served = node.network.get(node.registry_port, f"/v2/{repository}/blobs/{layer}")
    assert (code, served) == (200, content)
    assert node.agent.metric("kcr_store_checkpoints") == 1


def test_what_a_checkpoint_took_goes_with_it(node, space):
    node.start()
    node.request()
    checkpoint = node.checkpoint()
    space.delete("checkpoints", checkpoint["metadata"]["name"])
    eventually(lambda: node.entries() == [], what="an empty store")
    assert node.agent.metric("kcr_store_bytes") == 0


def test_two_requests_for_one_container_make_two_checkpoints(node, space):
    node.start()
    node.request("one")
    node.request("two")
    first, second = node.checkpoint("one"), node.checkpoint("two")
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert len(node.kubelet.calls) == 2
    assert len(node.entries()) == 2


def test_a_clock_that_is_set_back_holds_up_no_container(node, tmp_path):
    clock = Clock(tmp_path)
    clock.step(1800)
    node.start(clock=clock)
    node.request("one", timeoutSeconds=3600)
    node.finished("one")
    clock.step(0)  # within the second in which the take of the container is remembered
    node.request("two")
    node.checkpoint("two")


def test_containers_of_one_pod_are_told_apart(node, space):
    space.pod("pair", ["main", "side"], node=NODE)
    node.start()
    node.request("a", podReference={"name": "pair"}, containerName="main")
    node.request("b", podReference={"name": "pair"}, containerName="side")
    assert node.checkpoint("a")["spec"]["containerName"] == "main"
    assert node.checkpoint("b")["spec"]["containerName"] == "side"


def test_no_more_are_taken_at_the_same_time_than_the_option_says(node, space):
    under_way, most = [], []

    def script(namespace, pod, container):
        under_way.append(pod)
        most.append(len(under_way))
        node.kubelet.is_over.wait(0.2)
        under_way.remove(pod)
        return archive(namespace, pod, container)
    node.kubelet.script = script
    node.start("--max-concurrent-checkpoints=1")
    for number in (1, 2, 3):
        if number > 1:
            space.pod(f"pod-{number}", node=NODE)
        node.request(f"of-{number}", pod=f"pod-{number}")
    for number in (1, 2, 3):
        assert node.finished(f"of-{number}")["phase"] == "Completed"
    assert most == [1, 1, 1]


def test_requests_that_wait_for_a_place_are_not_begun(node, space):
    """So what others have the kubelet make of their containers meanwhile is not taken for what was left of them."""
    pods = ["pod-1", "pod-2", "pod-3"]

    def script(*container):
        node.kubelet.hang()
        return archive(*container)
    node.kubelet.script = script
    for pod in pods[1:]:
        space.pod(pod, node=NODE)
    for pod in pods:
        node.request(pod, pod=pod)  # all are there when the agent begins
    node.start("--max-concurrent-checkpoints=1")
    [(_, first, _)] = eventually(lambda: node.kubelet.calls)
    foreign = [node.kubelet.write(space.name, pod, "main", b"of somebody else").name for pod in pods if pod != first]

    def others():
        return [request["status"]["phase"] for request in space.requests() if request["metadata"]["name"] != first]
    never(lambda: others() != ["Pending"] * 2, 1.5, "more than one that is begun")
    node.kubelet.is_over.set()
    for pod in pods:
        node.checkpoint(pod)
    assert node.kubelet.archives() == foreign


def test_requests_of_other_nodes_and_without_a_node_are_left_alone(node, space):
    node.start()
    space.request("none")
    space.request("other", nodeName="node-1")
    never(lambda: node.kubelet.calls or any(r["status"] != {"phase": "Pending"} for r in space.requests()), 1.5)


# ---- The kubelet does not do its part ----

def refuse(status, text=""):
    def script(*_):
        raise Answer(status, text)
    return script


def cut(*_):
    raise Cut


@pytest.mark.parametrize("script, reason, words", [
    (refuse(500, "checkpointing of ns/pod-1/main failed (rpc error: code = Unknown desc = runc "
                 "did not terminate successfully: exit status 1: criu failed)"),
     "SystemError", "criu failed)"),
    (refuse(500, "rpc error: code = DeadlineExceeded desc = context deadline exceeded"),
     "Timeout", "context deadline exceeded"),
    (refuse(401, "Unauthorized"), "Forbidden", "Unauthorized (HTTP 401)"),
    (refuse(403, "Forbidden (user=agent, verb=create, resource=nodes, subresource(s)=[checkpoint])"),
     "Forbidden", "verb=create, resource=nodes"),
    (refuse(404, "404 page not found"), "NotFound", "(HTTP 404)"),
    (refuse(200, "this is no JSON"), "Corrupt", "the kubelet's answer"),
    (refuse(200, '{"items":[]}'), "Corrupt", "names no archive"),
    (refuse(200, '{"items":[7]}'), "Corrupt", "names no archive"),
    (refuse(200, "{" * 100_000), "Corrupt", "the kubelet's answer"),
    (refuse(302), "SystemError", "(HTTP 302)"),
    (cut, "SystemError", "kubelet did not answer"),
], ids=["500", "500 late", "401", "403", "404", "text", "none", "number", "deep", "302", "cut"])
def test_a_refusal_of_the_kubelet_fails_the_request_in_its_words(node, script, reason, words):
    node.kubelet.script = script
    node.start()
    node.request()
    status = node.failed()
    assert words in status["message"]
    assert f"{node.space.name}/pod-1/main" in status["message"]
    assert status["reason"] == reason
    assert eventually(lambda: node.space.notes("CheckpointFailed", "one")) == [status["message"]]
    assert len(node.kubelet.calls) == 1  # a request is carried out once
    # and the next one is none the worse
    node.kubelet.script = archive
    node.request("two")
    node.checkpoint("two")


def test_a_failure_of_the_moment_is_tried_again(node, space):
    answers = [refuse(500, "OCI runtime pause failed: unable to freeze"), archive]
    called = []

    def script(*container):
        called.append(time.time())
        return answers.pop(0)(*container)
    node.kubelet.script = script
    node.start()
    node.request()
    checkpoint = node.checkpoint()
    assert not answers
    first, second = called
    assert first < time_of(checkpoint["spec"]["checkpointTimestamp"]) < second, "the moment of its memory"


def test_a_failure_of_the_moment_that_stays_is_told_after_six_tries(node):
    node.kubelet.script = refuse(500, "OCI runtime pause failed: unable to freeze")
    node.start()
    node.request()
    assert "unable to freeze" in node.failed()["message"]
    assert len(node.kubelet.calls) == 6


def test_a_kubelet_that_hangs_fails_the_request_when_its_time_is_over(node):
    node.kubelet.script = lambda *_: node.kubelet.hang() or refuse(500)()
    node.start()
    node.request(timeoutSeconds=TIME_TO_BE_CALLED)
    assert "Timeout" in node.failed()["reason"]
    assert len(node.kubelet.calls) == 1


def test_a_kubelet_that_is_slow_is_waited_for(node, space):
    def slow(*container):
        node.kubelet.hang(2)
        return archive(*container)
    node.kubelet.script = slow
    node.start()
    node.request()
    eventually(lambda: space.get("checkpointrequests", "one").get("status", {}).get(
        "phase") == "InProgress")
    node.checkpoint()


def test_a_kubelet_that_is_not_there_fails_the_request(node):
    node.start("--kubelet-port=9")
    node.request()
    assert "cannot connect" in node.failed()["message"]


def test_a_kubelet_with_a_certificate_of_another_ca_gets_nothing(node, space, tmp_path):
    other = tmp_path / "other.pem"
    assert os.system(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "
        f"/dev/null -out {other} -subj /CN=other -days 1 2>/dev/null") == 0
    node.start(f"--kubelet-certificate-authority={other}")
    node.request()
    assert "certificate" in node.failed()["message"].lower()
    assert node.kubelet.calls == []


def test_a_kubelet_with_a_new_ca_is_recognised_within_a_minute(kinds, node, tmp_path):
    """Which is 3 s here."""
    ca = tmp_path / "ca.pem"
    ca.write_text(Authority(tmp_path, "old").ca.read_text())
    node.start(f"--kubelet-certificate-authority={ca}", clock=Clock(tmp_path, speed=20))
    node.request("early")
    assert "certificate" in node.failed("early")["message"].lower()
    (tmp_path / "new.pem").write_text((kinds.pki / "ca.crt").read_text())
    (tmp_path / "new.pem").rename(ca)  # as the kubelet renews a mounted one
    numbers = itertools.count(1)

    def is_taken():
        name = f"r{next(numbers)}"
        node.request(name)
        return node.finished(name)["phase"] == "Completed"
    eventually(is_taken, 20, "a checkpoint after the change")


# ---- The archive is not what it should be ----

def broken(make):
    """A script whose archive is made wrong by `make(node, content, path)`."""
    def of(node):
        def script(namespace, pod, container):
            content = archive(namespace, pod, container)
            path = node.archives / f"checkpoint-{pod}_{namespace}-{container}-{stamp()}.tar"
            return make(node, content, path)
        return script
    return of


def written(path, content):
    path.write_bytes(content)
    return path


def link(node, content, path):
    path.symlink_to("/etc/hostname")
    return path


def fifo(node, content, path):
    os.mkfifo(path)
    return path


def directory(node, content, path):
    path.mkdir()
    return path


def other(**replaced):
    return broken(lambda node, content, path: written(
        path, archive(node.space.name, "pod-1", **replaced)))


def foreign(node, content, path):
    return written(path, archive(node.space.name, "pod-2"))


@pytest.mark.parametrize("make, words", [
    (broken(lambda node, content, path: path), "No such file"),
    (broken(lambda node, content, path: written(path, content[:5000])), "ends"),
    (broken(lambda node, content, path: written(path, b"")), ""),
    (broken(lambda node, content, path: written(path, os.urandom(100_000))), ""),
    (broken(foreign), "not of the one asked for"),
    (broken(link), ""),
    (broken(fifo), ""),
    (broken(directory), ""),
    (other(checkpoint_inventory_img=None), "the archive lacks 'checkpoint/inventory.img'"),
    (other(spec_dump=None), "spec.dump"),
    (other(config_dump=b"{"), "config.dump of the archive"),
    (other(config_dump=b"[" * 100_000), "config.dump"),
    (other(checkpoint_inventory_img=b"x" * 50), ""),
    (other(spec_dump=b"{" + b" " * 5_000_000), "larger than"),
    (other(dump_log=b"(00.1) Error (criu/tty.c:1): tty: cannot dump\n(00.2) Error (criu/cr-dump.c"
                    b":2): Dumping FAILED.\n"), "tty: cannot dump"),
], ids=["missing", "cut", "empty", "random", "foreign", "symlink", "fifo", "directory",
        "no inventory", "no spec", "bad config", "deep config", "bad inventory", "huge spec",
        "failed dump"])
def test_a_bad_archive_makes_a_failed_checkpoint_and_is_removed(node, space, make, words):
    node.kubelet.script = make(node)
    node.start()
    node.request()
    status = node.checkpoint(phase="Failed")["status"]
    assert words in status["failedReason"] and status["failedReason"]
    name = node.finished()["checkpointRef"]["name"]
    assert space.condition("checkpoints", name, "ImageBuilt")["message"] == status["failedReason"]
    eventually(lambda: node.kubelet.archives() == [], what="no archive that is of no use")
    assert node.entries() == []
    node.kubelet.script = archive
    node.request("two")
    node.checkpoint("two")


def test_an_archive_outside_of_the_kubelet_s_directory_is_not_touched(node, tmp_path, space):
    outside = tmp_path / "outside.tar"
    outside.write_bytes(archive(space.name, "pod-1"))
    node.kubelet.script = lambda *_: outside
    node.start()
    node.request()
    node.checkpoint(phase="Failed")
    assert outside.exists()
    assert node.entries() == []


def test_a_worker_that_is_killed_fails_its_checkpoint_only(node, space):
    node.kubelet.script = lambda *container: archive(*container, memory=300_000_000)
    agent = node.start()
    node.request()

    def worker():
        children = pathlib.Path(
            f"/proc/{agent.process.pid}/task/{agent.process.pid}/children").read_text().split()
        return [int(c) for c in children
                if b"describe" in pathlib.Path(f"/proc/{c}/cmdline").read_bytes()]
    [pid] = eventually(worker, what="the worker")
    os.kill(pid, signal.SIGKILL)
    status = node.checkpoint(phase="Failed")["status"]
    assert "the worker ended with" in status["failedReason"]
    assert "KILL" in status["failedReason"] or "signal 9" in status["failedReason"]
    eventually(lambda: node.kubelet.archives() == [])
    node.kubelet.script = archive
    node.request("two")
    node.checkpoint("two")


# ---- Pods ----

def test_a_pod_that_goes_while_it_is_checkpointed_fails_the_request(node, space):
    def script(*container):
        space.delete("pods", "pod-1")
        node.kubelet.hang(0.5)
        return archive(*container)
    node.kubelet.script = script
    node.start()
    node.request()
    assert node.failed()["reason"] == "PodNotFound"
    eventually(lambda: node.kubelet.archives() == [], what="no archive of a Pod that is gone")


@pytest.mark.parametrize("spec, reason", [
    ({"podReference": {"name": "nobody"}}, "PodNotFound"),
    ({"containerName": "nobody"}, "ContainerNotFound"),
], ids=["pod", "container"])
def test_what_is_not_there_is_not_asked_for(node, spec, reason):
    node.start()
    node.request(**spec)
    assert node.failed()["reason"] == reason
    assert node.kubelet.calls == []


def test_what_became_of_the_container_while_it_was_taken_does_not_count(node, space):
    """Probes fail while it is frozen; and another container vouches for nothing."""
    status = space.get("pods", "pod-1")["status"]["containerStatuses"][0]
    changes = {"unready": {**status, "ready": False}, "ended": space.running("main", ready=False, restarts=1),
               "ready": status}
    node.start()
    for name, change in changes.items():
        was = space.get("pods", "pod-1")["status"]["containerStatuses"][0]

        def script(*container):
            space.pod_status("pod-1", [change])
            node.kubelet.hang(0.5)  # the agent sees it first
            return archive(*container)
        node.kubelet.script = script
        node.request(name)
        spec = node.checkpoint(name)["spec"]
        assert (spec["containerID"], spec["wasReady"]) == (was["containerID"], was["ready"]), name


def test_a_container_that_does_not_run_yet_is_waited_for(node, space):
    pod = space.get("pods", "pod-1")
    space.pod_status("pod-1", [{
        "name": "main", "ready": False, "restartCount": 0, "image": "", "imageID": "",
        "state": {"waiting": {"reason": "ContainerCreating"}}}])
    node.start()
    node.request()
    never(lambda: node.kubelet.calls, 1)
    space.pod_status("pod-1", pod["status"]["containerStatuses"])
    node.checkpoint()


# ---- The store ----

def test_a_full_store_takes_no_more_and_says_so(node, space):
    node.start("--store-max-size=10000")
    node.request("one")
    checkpoint = node.checkpoint("one")
    node.request("two")
    status = node.failed("two")
    assert status["reason"] == "StoreFull"
    assert "--store-max-size" in status["message"]
    assert len(node.kubelet.calls) == 1
    space.delete("checkpoints", checkpoint["metadata"]["name"])
    eventually(lambda: node.entries() == [])
    node.request("three")
    node.checkpoint("three")


def test_a_disk_that_is_nearly_full_takes_no_more_and_says_so(node):
    node.start("--store-min-free=1000000Gi")
    node.request()
    status = node.failed()
    assert status["reason"] == "StoreFull" and "--store-min-free" in status["message"]


def test_a_new_agent_serves_what_the_last_one_stored(node, space):
    node.start()
    node.request()
    checkpoint = node.checkpoint()
    node.agent.stop()
    half_built = node.store / ".11111111-2222"
    half_built.mkdir()
    (half_built / "layer.tar").write_bytes(b"x")
    damaged = node.store / "33333333-4444"
    damaged.mkdir()
    (damaged / "entry.json").write_text('{"uid": "33333333-4444"')
    agent = node.start()
    assert not half_built.exists()
    assert "33333333-4444" in agent.text()  # told, and left for a person to look at
    image = checkpoint["status"]["runtimeImage"].split("/", 1)[1]
    repository, digest = image.split("@")
    assert node.network.get(node.registry_port, f"/v2/{repository}/manifests/{digest}")[0] == 200
    assert node.agent.metric("kcr_store_checkpoints") == 1


def test_a_checkpoint_that_the_store_has_lost_is_said_to_be(node, space):
    node.start()
    node.request()
    checkpoint = node.checkpoint()
    node.agent.stop()
    os.system(f"rm -rf {node.store}")
    node.start()
    status = node.checkpoint(phase="Failed")["status"]
    assert status["failedReason"] == "it is not in the node's store any more"
    assert space.condition("checkpoints", checkpoint["metadata"]["name"], "ImageBuilt")[
        "reason"] == "Lost"


def test_a_checkpoint_whose_disk_comes_back_is_built_again(node, space):
    node.start()
    node.request()
    node.checkpoint()
    node.agent.stop()
    away = node.store.with_name("away")
    node.store.rename(away)
    node.start()
    node.checkpoint(phase="Failed")
    node.agent.stop()
    os.system(f"rm -rf {node.store}")
    away.rename(node.store)
    node.start()
    status = node.checkpoint()["status"]
    assert "failedReason" not in status
    assert len(list(node.store.glob("*/layer.tar"))) == 1


# ---- The agent is interrupted ----

def test_an_agent_killed_while_the_kubelet_works_asks_again(node, space):
    def first(namespace, pod, container):
        node.kubelet.hang(1)
        # the kubelet goes on without its caller: this archive is nobody's
        return archive(namespace, pod, container)
    node.kubelet.script = first
    agent = node.start()
    node.request()
    eventually(lambda: node.kubelet.calls)
    agent.kill()
    eventually(lambda: node.kubelet.archives(), what="the archive that nobody waits for")
    time.sleep(1.1)
    node.kubelet.script = archive
    killed = time.time()
    node.start()
    assert time_of(node.checkpoint()["spec"]["checkpointTimestamp"]) > killed  # of what was taken then
    assert len(node.kubelet.calls) == 2
    assert node.kubelet.archives() == []  # the left one is gone, too
    assert len(node.entries()) == 1


@pytest.fixture
def registry(kinds):
    """An external registry that has every blob and takes every manifest, once it answers at all."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status):
            server.asked.append((self.command, self.path))
            server.answers.wait(60)
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            self.answer(200)

        do_HEAD = do_GET

        def do_PUT(self):
            self.answer(201)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = kinds.network.listen()
    server.asked, server.answers = [], threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.answers.set()
    server.shutdown()
    server.server_close()


def test_a_push_that_an_agent_was_killed_at_is_made_by_the_next_one(node, registry):
    address = f"127.0.0.1:{registry.socket.getsockname()[1]}"
    options = (f"--push-registry={address}", "--push-plain-http")
    agent = node.start(*options)
    node.request()
    eventually(lambda: registry.asked)
    agent.kill()
    assert node.checkpoint(phase="Processing")["status"].get("runtimeImage") is None
    registry.answers.set()
    node.start(*options)
    image = node.checkpoint()["status"]["runtimeImage"]
    assert image.startswith(f"{address}/")
    assert [method for method, _ in registry.asked].count("PUT") == 1  # the manifest
    assert len(node.kubelet.calls) == 1  # what was taken in is not taken again


@pytest.mark.parametrize("end", ["stays", "is stopped", "is killed"])
def test_an_archive_that_comes_after_the_request_has_failed_is_removed(node, end):
    """By this agent, or by the next one; one that somebody else asked for stays."""
    def late(*container):
        name = node.kubelet.write(*container, b"late")  # it is named after the beginning
        node.kubelet.hang()
        return name
    node.kubelet.script = late
    node.start()
    node.request(timeoutSeconds=TIME_TO_BE_CALLED)
    assert node.failed()["reason"] == "Timeout"
    assert node.kubelet.hung_up == 0
    time.sleep(1.1)
    foreign = node.kubelet.write(node.space.name, "pod-1", "main", b"of somebody else")
    assert len(node.kubelet.archives()) == 2
    threading.Timer(2, node.kubelet.is_over.set).start()
    if end == "is stopped":
        node.agent.stop()
        assert node.kubelet.hung_up == 0
    elif end == "is killed":
        node.agent.kill()
        node.start()
    eventually(lambda: node.kubelet.archives() == [foreign.name], what="the late archive's end")


def test_a_call_that_is_late_is_not_followed_by_another_one(node):
    """The container is frozen still: a second call would freeze it for longer."""
    node.kubelet.script = lambda *_: node.kubelet.hang() or refuse(500)()
    node.start()
    node.request(timeoutSeconds=TIME_TO_BE_CALLED)
    assert node.failed()["reason"] == "Timeout"
    node.kubelet.script = archive
    node.request("two")
    time.sleep(1)
    assert len(node.kubelet.calls) == 1
    node.kubelet.is_over.set()
    node.checkpoint("two")
    assert len(node.kubelet.calls) == 2
    assert node.kubelet.hung_up == 0


def test_an_agent_that_is_stopped_waits_for_the_kubelet_and_writes_what_came(node):
    """A call that is cut would leave the container frozen."""
    def slow(*container):
        node.kubelet.hang()
        return archive(*container)
    node.kubelet.script = slow
    agent = node.start()
    node.request()
    eventually(lambda: node.kubelet.calls)
    node.request("two")
    threading.Timer(2, node.kubelet.is_over.set).start()
    agent.stop()
    assert node.finished()["phase"] == "Completed"
    assert node.kubelet.hung_up == 0
    assert len(node.kubelet.calls) == 1  # and nothing new is begun
    node.kubelet.script = archive
    node.start()
    node.checkpoint()
    node.checkpoint("two")
    assert len(node.kubelet.calls) == 2


def test_an_agent_killed_at_random_moments_loses_and_leaves_nothing(node, space):
    names = []
    for number in range(8):
        agent = node.start()
        names.append(f"r{number}")
        node.request(names[-1])
        time.sleep(random.uniform(0, 0.25))
        agent.kill()
    node.start()
    kept = []
    for name in names:
        status = node.finished(name, 30)
        if status["phase"] == "Completed":
            kept.append(node.checkpoint(name)["metadata"]["uid"])
        else:
            assert status["reason"] and status["message"]
    assert len(kept) >= len(names) - 1
    assert len(set(kept)) == len(kept)
    eventually(lambda: node.entries() == sorted(kept), what="exactly what was kept")
    eventually(lambda: node.kubelet.archives() == [], what="no archive left over")
    assert len(space.list("checkpoints")) == len(kept)


def test_the_api_server_s_connections_are_cut_while_requests_run(kinds, node, space, tmp_path):
    proxy = Proxy(kinds.network)
    try:
        node.start(f"--kubeconfig={proxy.kubeconfig(kinds, tmp_path)}")
        for number in range(6):
            node.request(f"r{number}")
            time.sleep(random.uniform(0.05, 0.3))
            proxy.cut()
        for number in range(6):
            node.checkpoint(f"r{number}", timeout=60)
    finally:
        proxy.close()
    assert len(node.entries()) == 6
    assert node.kubelet.archives() == []
