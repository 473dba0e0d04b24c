"""The cluster's network, its API and our programs, as the tests handle them.

Sockets are made inside the cluster's network namespace and used from here, so that the tests' API
client, proxies and scripted kubelets are plain threads of the test process.
"""

import contextlib
import ctypes
import datetime
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS, PORT = "192.168.77.11", 6443
CLONE_NEWNET = 0x40000000

GROUP = "/apis/checkpoint-restore.kcr.io/v1"
PREFIXES = {
    "checkpointschedules": GROUP, "checkpointrequests": GROUP, "checkpoints": GROUP,
    "restorerequests": GROUP, "checkpointexports": GROUP, "checkpointimports": GROUP,
    "pods": "/api/v1", "namespaces": "/api/v1", "serviceaccounts": "/api/v1",
    "deployments": "/apis/apps/v1", "statefulsets": "/apis/apps/v1",
    "daemonsets": "/apis/apps/v1", "replicasets": "/apis/apps/v1", "events": "/apis/events.k8s.io/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}
SANITIZER = re.compile(r"runtime error:|AddressSanitizer|LeakSanitizer|assertion|Assertion")


def eventually(look, timeout=10, what="what was expected"):
    """Looks again and again until it gets something truthy, which it returns."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come within {timeout} s; last seen: {found!r}")
        time.sleep(0.05)


def never(look, seconds, what="what must not happen"):
    """Looks for a while and fails when it gets something truthy."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        assert not found, f"{what}: {found!r}"
        time.sleep(0.05)


class Network:
    """The network namespace of a cluster."""

    def __init__(self, cluster_name):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        guest = subprocess.Popen(
            [ROOT / "cluster" / "exec", "--name", cluster_name, "--net", "sh", "-c",
             "echo here; exec sleep 60"], stdout=subprocess.PIPE)
        assert guest.stdout.readline() == b"here\n"
        self.inside = os.open(f"/proc/{guest.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        guest.kill()
        guest.wait()
        guest.stdout.close()

    def socket(self):
        """A TCP socket in there; it stays there wherever it is used."""
        self._enter(self.inside)
        try:
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            self._enter(self.home)
        # http.client sends head and body one after the other: without this each request with a body waits for 40 ms
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        return made

    def connect(self, address, port, timeout=10):
        connection = self.socket()
        connection.settimeout(timeout)
        try:
            connection.connect((address, port))
        except OSError:
            connection.close()
            raise
        return connection

    def listen(self, address="127.0.0.1", port=0):
        listening = self.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(64)
        return listening

    def _enter(self, namespace):
        if self.libc.setns(namespace, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def get(self, port, path):
        """GET by plain HTTP from 127.0.0.1: the status and the text."""
        connection = http.client.HTTPConnection("127.0.0.1", port)
        with contextlib.closing(connection):
            connection.sock = self.connect("127.0.0.1", port)
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()


class ApiError(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text

    @property
    def message(self):
        """What kubectl tells of it."""
        return json.loads(self.text)["message"]


class Api:
    """The API server by the admin's certificate, or somebody's token; each thread has a connection of its own."""

    def __init__(self, network, pki, token=None):
        self.network = network
        self.tls = ssl.create_default_context(cafile=pki / "ca.crt")
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if token is None:
            self.tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self.local = threading.local()

    def open(self, timeout=10):
        connection = http.client.HTTPSConnection(ADDRESS, PORT, context=self.tls)
        plain = self.network.connect(ADDRESS, PORT, timeout)
        connection.sock = self.tls.wrap_socket(plain, server_hostname=ADDRESS)
        return connection

    def call(self, *request, **more):
        """As call_once(), but waits for a server that is only just starting."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return self.call_once(*request, **more)
            except ApiError as error:
                if error.status not in (429, 503) or time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def call_once(self, method, path, body=None, content_type="application/json"):
        text = None if body is None else json.dumps(body)
        for is_last in (False, True):
            kept = getattr(self.local, "connection", None)
            try:
                if kept is None:
                    kept = self.local.connection = self.open()
                kept.request(method, path, text, {"Content-Type": content_type, **self.headers})
                answer = kept.getresponse()
                content = answer.read()
                break
            except (OSError, http.client.HTTPException):
                # a connection that was kept may have been closed meanwhile
                if kept is not None:
                    kept.close()
                self.local.connection = None
                if is_last:
                    raise
        if answer.status >= 300:
            raise ApiError(answer.status, content.decode(errors="replace"))
        return json.loads(content)


class NodeHeart:
    """Nodes that seem alive: the Pods of others are taken away by the controller manager."""

    def __init__(self, api, *names):
        self.api = api
        self.names = names
        self.is_over = threading.Event()
        for name in names:
            api.call("POST", "/api/v1/nodes", {
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        self.beat()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def beat(self):
        for name in self.names:
            self.api.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": {"conditions": [{
                "type": "Ready", "status": "True", "reason": "Test", "message": "",
                "lastHeartbeatTime": stamp(), "lastTransitionTime": stamp(0)}]}},
                "application/merge-patch+json")

    def run(self):
        while not self.is_over.wait(8):
            with contextlib.suppress(OSError, ApiError):  # while the API server is away
                self.beat()

    def stop(self):
        self.is_over.set()
        self.thread.join()


class Space:
    """One namespace: the objects of one test."""

    def __init__(self, api, name):
        self.api = api
        self.name = name
        self.ids = itertools.count(1)

    def path(self, plural, name=None, sub=None):
        parts = [PREFIXES[plural], "namespaces", self.name, plural, name, sub]
        return "/".join(part for part in parts if part is not None)

    def get(self, plural, name):
        """The object; None when there is none."""
        try:
            return self.api.call("GET", self.path(plural, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, plural):
        return self.api.call("GET", self.path(plural))["items"]

    def names(self, plural):
        return sorted(item["metadata"]["name"] for item in self.list(plural))

    def create(self, plural, kind, name, body, **metadata):
        prefix = PREFIXES[plural]
        version = prefix.removeprefix("/apis/").removeprefix("/api/")
        return self.api.call("POST", self.path(plural), {
            "apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}, **body})

    def patch(self, plural, name, change, sub=None):
        return self.api.call("PATCH", self.path(plural, name, sub), change,
                             "application/merge-patch+json")

    def delete(self, plural, name, grace=0):
        return self.api.call("DELETE", self.path(plural, name), {
            "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": grace,
            "propagationPolicy": "Background"})

    def empty(self):
        """Nothing is left of what our programs look at, owners first. The namespace itself stays as long as the control
        plane: its end, with a look for each kind that there is, would cost more than most tests do."""
        for plural in ("deployments", "statefulsets", "daemonsets", "replicasets", "checkpointschedules",
                       "checkpointrequests", "restorerequests", "checkpointexports", "checkpointimports",
                       "checkpoints", "pods"):
            self.api.call("DELETE", self.path(plural), {
                "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0})

    # ---- what our programs read ----

    def pod(self, name, containers=("main",), labels=None, node="node-1", owner=None, ready=True,
            **more):
        """A Pod that runs and is Ready, as far as the API can tell."""
        metadata = {"labels": {"app": "x"} if labels is None else labels}
        if owner is not None:
            metadata["ownerReferences"] = [owner]
        spec = {"containers": [{"name": c, "image": "kcr.test/app:1"} for c in containers],
                "terminationGracePeriodSeconds": 30, **more}
        if node is not None:
            spec["nodeName"] = node
        made = self.create("pods", "Pod", name, {"spec": spec}, **metadata)
        return self.pod_status(name, [self.running(c, ready) for c in containers]) or made

    def pod_status(self, name, statuses, phase="Running", ready=None, since=None):
        is_ready = all(status["ready"] for status in statuses) if ready is None else ready
        return self.patch("pods", name, {"status": {
            "phase": phase, "containerStatuses": statuses, "conditions": [{
                "type": "Ready", "status": "True" if is_ready else "False",
                "lastTransitionTime": since or stamp(time.time() - 600)}]}}, "status")

    def new_id(self):
        return f"containerd://{abs(hash(self.name)):x}{next(self.ids):04x}"

    def running(self, container, ready=True, since=None, last=None, restarts=0, container_id=None):
        status = {"name": container, "image": "kcr.test/app:1", "imageID": "kcr.test/app@sha256:1",
                  "ready": ready, "restartCount": restarts,
                  "containerID": container_id or self.new_id(),
                  "state": {"running": {"startedAt": since or stamp(time.time() - 600)}}}
        if last is not None:
            status["lastState"] = {"terminated": last}
        return status

    def schedule(self, name="every", schedule="@every 1h", **spec):
        spec = {"schedule": schedule, "selector": {"matchLabels": {"app": "x"}}, **spec}
        return self.create("checkpointschedules", "CheckpointSchedule", name, {"spec": spec})

    def request(self, name="one", pod="pod-1", container="main", **spec):
        spec = {"podReference": {"name": pod}, "containerName": container, **spec}
        return self.create("checkpointrequests", "CheckpointRequest", name, {"spec": spec})

    def requests(self, schedule=None):
        return [item for item in self.list("checkpointrequests")
                if schedule in (None, item["metadata"].get("labels", {}).get("schedule-name"))]

    def finish(self, request, phase="Completed", **status):
        """What the agent writes in the end."""
        return self.patch("checkpointrequests", request["metadata"]["name"], {"status": {
            "phase": phase, "startTime": stamp(), "completionTime": stamp(), **status}}, "status")

    def checkpoint(self, pod, name="ckp-1", container="main", age=60, schedule=None, phase=None,
                   owner=None, stable=None, **spec):
        """A Checkpoint as the agent makes it, built and served; `pod` is the object. The controller has seen an old
        one to be stable, unless the test says otherwise."""
        status = next(s for s in pod["status"]["containerStatuses"] if s["name"] == container)
        metadata = pod["metadata"]
        spec = {"containerName": container, "nodeName": pod["spec"]["nodeName"],
                "podReference": {"name": metadata["name"], "namespace": self.name,
                                 "uid": metadata["uid"]},
                "checkpointTimestamp": exact_stamp(time.time() - age), "image": "kcr.test/app:1",
                "containerID": status["containerID"], "wasReady": True, **spec}
        if schedule is not None:
            spec["checkpointScheduleRef"] = {
                "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointSchedule",
                "namespace": self.name, "name": schedule["metadata"]["name"],
                "uid": schedule["metadata"]["uid"]}
        extra = {} if owner is None else {"ownerReferences": [owner]}
        self.create("checkpoints", "Checkpoint", name, {"spec": spec}, **extra)
        seen = {"stableTime": stamp()} if (age >= 60 if stable is None else stable) else {}
        return self.patch("checkpoints", name, {"status": {
            "phase": phase or "ImageBuilt", "digest": "sha256:" + "1" * 64, "sizeBytes": 1,
            "runtimeImage": f"localhost:7470/{self.name}/{name}@sha256:" + "2" * 64, **seen}}, "status")

    def events(self, reason, about=None):
        return [event for event in self.list("events") if event["reason"] == reason
                and (about is None or event["regarding"]["name"] == about)]

    def notes(self, reason, about=None):
        return [event["note"] for event in self.events(reason, about)]

    def condition(self, plural, name, kind):
        status = (self.get(plural, name) or {}).get("status", {})
        return next((c for c in status.get("conditions", ()) if c["type"] == kind), None)


def stamp(seconds=None):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def exact_stamp(seconds):
    """As the agent writes when it has taken a checkpoint."""
    return f"{stamp(seconds)[:-1]}.{int(seconds % 1 * 1e6):06}Z"


def time_of(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def seconds_of(text):
    return int(time_of(text))


def owner_of(thing, **more):
    return {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "controller": True,
            "name": thing["metadata"]["name"], "uid": thing["metadata"]["uid"], **more}


class Program:
    """One of our programs in the cluster's network, from the build under test."""

    ports = itertools.count(18081)

    def __init__(self, cluster, part, directory, *options, kubeconfig=None, environment=(), clock=None):
        self.cluster = cluster
        self.part = part
        self.port = next(Program.ports)
        self.log = directory / f"{part}-{self.port}.log"
        self.command = [
            ROOT / "cluster" / "exec", "--name", cluster.name, "--net",
            *(clock.words() if clock else ()), binary(), part,
            f"--health-probe-port={self.port}", "--health-probe-bind-address=127.0.0.1", *options]
        if kubeconfig is not None:
            self.command.append(f"--kubeconfig={kubeconfig}")
        self.environment = {**os.environ, "HOSTNAME": f"{part}-{self.port}",
                            "UBSAN_OPTIONS": "print_stacktrace=1", **dict(environment)}
        self.process = None
        self.status = 0  # with which it is to end

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self.environment)
        return self

    def text(self):
        return self.log.read_text(errors="replace")

    def says(self, words, times=1, timeout=20):
        """Waits until the words stand in the log so often."""
        def look():
            return self.text().count(words) >= times or self.process.poll() is not None
        eventually(look, timeout, f"'{words}' in the log of {self.part}:\n{self.text()[-3000:]}")
        assert self.text().count(words) >= times, f"{self.part} ended:\n{self.text()[-3000:]}"
        return self

    def metrics(self):
        return self.cluster.network.get(self.port, "/metrics")[1].decode()

    def metric(self, series):
        """The value of a series, written as in the metrics' text."""
        for line in self.metrics().splitlines():
            if line.startswith(series + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.check_log()

    def stop(self):
        """The clean end: SIGTERM, its exit status, nothing for the sanitizers to say."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"{self.part} did not end:\n{self.text()[-3000:]}")
        self.check_log()
        if self.process.returncode not in (self.status, -signal.SIGKILL):
            pytest.fail(f"{self.part} ended with {self.process.returncode}:\n{self.text()[-5000:]}")

    def check_log(self):
        text = self.text()
        found = SANITIZER.search(text)
        if found is not None:
            pytest.fail(f"{self.part}: {text[max(0, found.start() - 500):found.start() + 6000]}")


class Clock:
    """A clock for programs of a test: tests/programs/clock.c."""

    def __init__(self, directory, speed=1):
        self.path = directory / "clock"
        self.path.write_bytes(bytes(16))
        self.step(0)
        self.go(speed)

    def step(self, seconds):
        """The wall clock differs by so much from now on."""
        self._set(0, int(seconds * 1e6))

    def go(self, speed):
        """All waiting is over so many times sooner from now on."""
        self._set(8, speed)

    def words(self):
        """In front of the program's. The sanitizer wants to come first, which here it need not."""
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return ["env", f"ASAN_OPTIONS={sanitizer}:verify_asan_link_order=0", f"KCR_CLOCK={self.path}",
                f"LD_PRELOAD={binary().parents[2] / 'tests' / 'programs' / 'clock.so'}"]

    def _set(self, place, number):
        with open(self.path, "r+b", buffering=0) as setting:
            setting.seek(place)
            setting.write(number.to_bytes(8, "little", signed=True))


def binary():
    trees = [os.environ["KCR_BUILD"]] if "KCR_BUILD" in os.environ else [
        ROOT / "build" / name for name in ("sanitize", "dev", "release")]
    for tree in trees:
        path = (ROOT / tree / "src" / "main" / "kcr").resolve()
        if path.exists():
            return path
    pytest.skip("kcr is not built (make test builds it)")
