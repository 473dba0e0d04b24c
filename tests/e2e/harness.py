"""A cluster with KCR in it, and the ways in which the tests look at it and at what runs there."""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build" / "release"
BUILD = pathlib.Path(os.environ.get("KCR_BUILD", RELEASE))
KUBECTL_KCR = BUILD / "src" / "main" / "kubectl-kcr"
STATE = pathlib.Path(os.environ.get("KCR_STATE", "/var/lib/kcr-cluster"))

NODE = "node1"
REGISTRY_PORT = 7470
PROXY_PORT = 8001  # kubectl proxy's, in the cluster's network
CLONE_NEWNET = 0x40000000

# How many times longer than on an idle machine anything may take: a node in a virtual machine (KCR_E2E_NODE=vm) is slow,
# and elsewhere several storeys share two processors.
IN_VM = os.environ.get("KCR_E2E_NODE") == "vm"
PATIENCE = 5 if IN_VM else 3

CONTROLLER = {"namespace": "kcr-system", "component": "controller"}
AGENT = {"namespace": "kcr-agent", "component": "agent"}
RELAY = {"namespace": "kcr-relay", "component": "relay"}


# Of a test that runs beside others: lines to be printed when it is told, its Pods, the paths of what it runs.
story = threading.local()
stopping = threading.Event()  # whoever waits beside others gives up
PAUSE = 2 if IN_VM else 0.05  # seconds between two looks; one costs a virtual machine a tenth of a second
PAUSE_BESIDE_OTHERS = 2 if IN_VM else 0.2
LONGEST_PAUSE = 1


def say(text):
    """One line of what the test saw, with the time."""
    line = f"{time.strftime('%H:%M:%S')} {text}"
    if (lines := getattr(story, "lines", None)) is not None:
        lines.append(line)
    else:
        print(line, flush=True)


def wait(what, seconds, look):
    """
    Asks `look` until it gives something; fails when the time is over. The longer it takes the less often it asks: on a
    busy machine many waits for long, and what they ask would keep it busy.
    """
    pause = PAUSE_BESIDE_OTHERS if hasattr(story, "lines") else PAUSE
    began = time.monotonic()
    while not (found := look()):
        waited = time.monotonic() - began
        if waited > seconds * PATIENCE:
            raise AssertionError(f"gave up after {seconds * PATIENCE} s: {what}")
        assert not stopping.is_set(), f"interrupted: {what}"
        time.sleep(max(pause, min(waited / 10, LONGEST_PAUSE)))
    say(f"{what} ({time.monotonic() - began:.1f} s)")
    return found


class Absent(Exception):
    """There is no such object."""


class Cluster:
    """One node of its own, started by cluster/up; see cluster/README.md. It restores by image."""

    manifest = "install-image-only.yaml"
    engine = "containerd"  # the component

    def __init__(self, name, *options):
        self.name = name
        self.options = options or ("--restore-image", "on")
        self.node = STATE / name / NODE
        self.proxy = None

    # ---- life

    def start(self):
        self.script("up", "--name", self.name, *self.options)
        self.start_proxy()

    def start_proxy(self):
        """The way to the API, once for the life of the node."""
        self.proxy = subprocess.Popen(
            [ROOT / "cluster" / "exec", "--name", self.name, "--net", "kubectl", "proxy", f"--port={PROXY_PORT}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait("kubectl proxy answers", 20, self._proxy_answers)

    def stop(self, *, down):
        if self.proxy is not None:
            self.proxy.terminate()
            self.proxy.wait(timeout=10)
        if down:
            self.script("down", "--name", self.name)

    def install(self):
        """KCR as a user gets it: its image, and its manifest as it stands."""
        workloads = [line.split()[1] for line in self.script("images", "redis", "tools").stdout.splitlines()]
        self.script("load-image", "--name", self.name, "--quiet", self._image(), *workloads)
        self.kubectl("apply", "-f", "-", stdin=self._manifest())
        self.wait_for_programs()

    def _image(self):
        image = STATE / self.name / "kcr.tar"
        say(run([ROOT / "tools" / "kcr-image", self._programs(), image]).stdout.strip())
        return image

    def _programs(self):
        """A build tree with the programs: kcr-runtime runs with the node's libraries, so one with sanitizers cannot."""
        tree = STATE / self.name / "build"
        (tree / "src" / "main").mkdir(parents=True, exist_ok=True)
        for build, program in ((BUILD, "kcr"), (BUILD, "kcr-work"), (BUILD, "kcr-hold"), (BUILD, "kcr-relay"), (RELEASE, "kcr-runtime")):
            shutil.copy2(build / "src" / "main" / program, tree / "src" / "main")
        return tree

    def _manifest(self):
        """The address sanitizer keeps freed memory for a while: its build needs more than the limits allow."""
        manifest = (ROOT / "deploy" / self.manifest).read_text()
        if b"__asan_init" not in (BUILD / "src" / "main" / "kcr").read_bytes():
            return manifest
        say("the programs have sanitizers: their memory limits are raised to 1Gi")
        return re.sub(r"(limits:(?: \{|\n +)memory: )\d+Mi", r"\g<1>1Gi", manifest)

    def restart_programs(self):
        """For a new image of the same name."""
        self.kubectl("-n", CONTROLLER["namespace"], "rollout", "restart", "deployment/kcr-controller")
        self.kubectl("-n", AGENT["namespace"], "rollout", "restart", "daemonset/kcr-agent")
        self.wait_for_programs()

    def wait_for_programs(self):
        timeout = f"--timeout={60 * PATIENCE}s"
        self.kubectl("-n", CONTROLLER["namespace"], "rollout", "status", "deployment/kcr-controller", timeout)
        self.kubectl("-n", AGENT["namespace"], "rollout", "status", "daemonset/kcr-agent", timeout)

    # ---- commands

    def script(self, name, *arguments):
        return run([ROOT / "cluster" / name, *arguments], timeout=300)

    def kubectl(self, *arguments, stdin=None, check=True):
        return run([ROOT / "cluster" / "kubectl", "--name", self.name, *arguments], stdin=stdin, check=check)

    def execute(self, *command, stdin=None):
        """A command with the node's files and processes."""
        return run([ROOT / "cluster" / "exec", "--name", self.name, *command], stdin=stdin)

    def in_network(self, *command):
        """The words that run a command of this machine in the cluster's network."""
        return [ROOT / "cluster" / "exec", "--name", self.name, "--net", *command]

    def component(self, *arguments):
        self.script("component", "--name", self.name, *arguments)

    def apply(self, *objects):
        """Applies objects; what they become is in the API a moment later."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    # ---- the network

    @contextlib.contextmanager
    def _network(self):
        """What is opened inside belongs to the cluster's network."""
        libc = ctypes.CDLL(None, use_errno=True)
        supervisor = (self.node / "supervisor").read_text().split()[0]
        ours = os.open("/proc/self/ns/net", os.O_RDONLY)
        theirs = os.open(f"/proc/{supervisor}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(theirs, CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            libc.setns(ours, CLONE_NEWNET)
            os.close(theirs)
            os.close(ours)

    def connect(self, host, port, timeout=5):
        with self._network():
            return socket.create_connection((host, port), timeout=timeout * PATIENCE)

    def http(self, host, port, path, method="GET", body=None, headers=None, timeout=5):
        """One exchange in the cluster's network: status, headers, body."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = self.connect(host, port, timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    # ---- the API

    def _proxy_answers(self):
        try:
            return self.api("/readyz", text=True) == "ok"
        except OSError:
            return False

    def api(self, path, text=False, method="GET", body=None):
        headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        status, _, body = self.http("127.0.0.1", PROXY_PORT, path, method, body and json.dumps(body), headers)
        if status == 404:
            raise Absent(path)
        if status not in (200, 201):
            raise AssertionError(f"{method} {path}: {status} {body.decode()}")
        return body.decode() if text else json.loads(body)

    def pods_of(self, program):
        """The Pods of a program of ours that are not being deleted."""
        pods = self.api(f"/api/v1/namespaces/{program['namespace']}/pods")["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def logs_of(self, program, tail=150):
        return self.kubectl("-n", program["namespace"], "logs", "--prefix", f"--tail={tail}", "-l",
                            f"app.kubernetes.io/component={program['component']}", check=False).stdout

    def assert_no_sanitizer_reports(self):
        """Neither in what KCR's programs wrote, of containers before the last one, too, nor in what the engine did."""
        texts = [self.node / "log" / f"{self.engine}.log", *(self.node / "log" / "pods").glob("kcr-*/*/*.log")]
        found = [f"{path}: {line}" for path in texts for line in path.read_text(errors="replace").splitlines()
                 if re.search("ERROR: (Address|Leak)Sanitizer|runtime error:", line)]
        assert not found, "\n".join(found)

    def component_log(self, component, tail=60):
        lines = (self.node / "log" / f"{component}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-tail:])

    # ---- the node's disk

    @property
    def store(self):
        """The agent's store."""
        return self.node / "var" / "kubelet" / "checkpoints" / "kcr"

    @property
    def stored(self):
        """The uids of the Checkpoints in the agent's store."""
        return {entry.parent.name for entry in self.store.glob("[!.]*/entry.json")}

    @property
    def archives(self):
        """The archives of the kubelet that nobody has taken in."""
        return sorted(path.name for path in self.store.parent.iterdir() if path.is_file())

    # ---- processes

    def first_process(self, container_id):
        """The pid on this machine of the container's first process, whose parent is outside; None when it has none."""
        word = container_id.split("//")[1]
        parents = {}
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                cgroups = (status.parent / "cgroup").read_text()
                if word in cgroups and f"conmon-{word}" not in cgroups:
                    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
                    parents[int(fields["Pid"])] = int(fields["PPid"])
        return next((pid for pid, parent in parents.items() if parent not in parents), None)

    def is_paused(self, pid):
        """Whether the engine has paused the container of a process."""
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "freezer":
                return pathlib.Path(f"/sys/fs/cgroup/freezer{path}/freezer.state").read_text() != "THAWED\n"
            if controllers == "" and (state := pathlib.Path(f"/sys/fs/cgroup{path}/cgroup.freeze")).exists():
                return state.read_text() == "1\n"
        return False

    def file_of_process(self, pid, name):
        return pathlib.Path(f"/proc/{pid}/{name}")

    def kill_process(self, pid):
        os.kill(pid, signal.SIGKILL)

    def kill(self, container_id):
        """SIGKILL to the container's first process, behind everybody's back."""
        pid = self.first_process(container_id)
        assert pid is not None, f"{container_id} has no process"
        self.kill_process(pid)
        say(f"SIGKILL to process {pid}, the first of {container_id[-12:]}")


def run(command, stdin=None, check=True, timeout=120):
    result = subprocess.run(list(map(str, command)), input=stdin, capture_output=True, text=True,
                            timeout=timeout * PATIENCE)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {result.returncode}:\n"
                             f"{result.stdout}{result.stderr}")
    return result


class Namespace:
    """A namespace of one test, with the words that tests use."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name

    def create(self):
        self.cluster.kubectl("create", "namespace", self.name)
        wait(f"namespace {self.name} has a service account", 20, lambda: self.find("v1", "serviceaccounts", "default"))

    def delete(self):
        self.cluster.kubectl("delete", "namespace", self.name, "--wait=false")

    def kubectl(self, *arguments, **options):
        return self.cluster.kubectl("-n", self.name, *arguments, **options)

    def apply(self, *objects):
        for one in objects:
            one["metadata"]["namespace"] = self.name
        self.cluster.apply(*objects)

    # ---- reading

    def _path(self, version, plural):
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        return f"{root}/namespaces/{self.name}/{plural}"

    def get(self, version, plural, name):
        return self.cluster.api(f"{self._path(version, plural)}/{name}")

    def find(self, version, plural, name):
        try:
            return self.get(version, plural, name)
        except Absent:
            return None

    def list(self, version, plural):
        return self.cluster.api(self._path(version, plural))["items"]

    def events(self, name):
        """(reason, note) of the events about an object, oldest first."""
        found = [event for event in self.list("events.k8s.io/v1", "events") if event["regarding"].get("name") == name]
        found.sort(key=lambda event: event["metadata"]["creationTimestamp"])
        return [(event["reason"], event.get("note", "")) for event in found]

    def wait_for_event(self, name, reason, seconds=20):
        return wait(f"event {reason} on {name}", seconds,
                    lambda: next((note for why, note in self.events(name) if why == reason), None))

    # ---- Pods

    def pod(self, name):
        return Pod(self, name)

    def pods(self, app):
        """The Pods of an application that are not being deleted, as soon as there are any."""
        def look():
            return [self.pod(one["metadata"]["name"]) for one in self.list("v1", "pods")
                    if one["metadata"].get("labels", {}).get("app") == app
                    and "deletionTimestamp" not in one["metadata"]]
        return wait(f"Pods of {app}", 20, look)

    # ---- our kinds

    def request(self, name):
        return self.get(KCR, "checkpointrequests", name)

    def checkpoints(self):
        return sorted(self.list(KCR, "checkpoints"), key=lambda one: one["spec"]["checkpointTimestamp"])

    def checkpoints_of(self, pod):
        return [one for one in self.checkpoints() if one["spec"]["podReference"]["name"] == pod.name]

    def checkpoint(self, name):
        return self.get(KCR, "checkpoints", name)

    def ask(self, pod, container="main", **more):
        """Asks for a checkpoint; gives the request's name."""
        self.asked = getattr(self, "asked", 0) + 1
        name = f"{pod}-{container}-{self.asked}"
        self.apply(checkpoint_request(name, pod, container, **more))
        return name

    def end_of(self, request, seconds=60):
        """Waits until a request is finished; gives its status."""
        def look():
            status = self.request(request).get("status", {})
            return status if status.get("phase") in ("Completed", "Failed") else None
        status = wait(f"request {request} is finished", seconds, look)
        say(f"request {request}: {status['phase']} {status.get('reason', '')} {status.get('message', '')}")
        return status

    def built(self, checkpoint, seconds=30):
        """Waits until a Checkpoint has its image; gives the object."""
        def look():
            one = self.checkpoint(checkpoint)
            assert one.get("status", {}).get("phase") != "Failed", one["status"]
            return one if one.get("status", {}).get("phase") == "ImageBuilt" else None
        return wait(f"Checkpoint {checkpoint} is ImageBuilt", seconds, look)

    def restorable(self, checkpoint, seconds=30):
        """Waits until a Checkpoint may be restored; gives the object."""
        return wait(f"Checkpoint {checkpoint} is Restorable", seconds,
                    lambda: has_condition(self.checkpoint(checkpoint), "Restorable", "True"))

    def take(self, pod, container="main", **more):
        """A checkpoint by hand, from the request until it may be restored; gives the Checkpoint's name."""
        status = self.end_of(self.ask(pod, container, **more))
        assert status["phase"] == "Completed", status
        self.restorable(status["checkpointRef"]["name"])
        return status["checkpointRef"]["name"]


KCR = "checkpoint-restore.kcr.io/v1"


def has_condition(one, kind, status):
    """The object when its condition is so, else None."""
    found = any(condition["type"] == kind and condition["status"] == status
                for condition in one.get("status", {}).get("conditions", []))
    return one if found else None


def condition(one, kind):
    return next((each for each in one.get("status", {}).get("conditions", []) if each["type"] == kind), None)


def checkpoint_request(name, pod, container, schedule=None, schedule_uid=None, namespace=None, timeout=None):
    """As the seed's walkthrough writes it, without what a controller adds."""
    spec = {"podReference": {"name": pod}, "containerName": container}
    if namespace is not None:
        spec["podReference"]["namespace"] = namespace
    if schedule is not None:
        spec["checkpointScheduleRef"] = {"apiVersion": KCR, "kind": "CheckpointSchedule", "name": schedule,
                                         "uid": schedule_uid}
    if timeout is not None:
        spec["timeoutSeconds"] = timeout
    return {"apiVersion": KCR, "kind": "CheckpointRequest", "metadata": {"name": name}, "spec": spec}


class Pod:
    """A Pod and the counter server in its container (see workload.py)."""

    def __init__(self, namespace, name):
        self.namespace = namespace
        self.cluster = namespace.cluster
        self.name = name

    def get(self):
        return self.namespace.get("v1", "pods", self.name)

    def status(self, container="main"):
        statuses = self.get()["status"].get("containerStatuses", [])
        return next((one for one in statuses if one["name"] == container), None)

    def spec(self, container="main"):
        return next(one for one in self.get()["spec"]["containers"] if one["name"] == container)

    def uid(self):
        return self.get()["metadata"]["uid"]

    def container_id(self, container="main"):
        return self.status(container)["containerID"]

    def restarts(self, container="main"):
        return self.status(container)["restartCount"]

    def wait_ready(self, seconds=40):
        def look():
            pod = self.namespace.find("v1", "pods", self.name)
            return pod and has_condition(pod, "Ready", "True")
        wait(f"Pod {self.name} is Ready", seconds, look)
        return self

    def wait_restarts(self, count, container="main", seconds=40):
        """Until the container has been started again so often and runs."""
        def look():
            status = self.status(container)
            return status["restartCount"] >= count and status["ready"]
        wait(f"{self.name}/{container} has {count} restarts and is ready", seconds, look)

    def kill(self, container="main"):
        self.cluster.kill(self.container_id(container))

    def record(self, container="main"):
        """What the restore rule has written down about the container; None: nothing."""
        text = self.get()["metadata"].get("annotations", {}).get("kcr.io/restores", "{}")
        return next((one for one in json.loads(text).get("containers", []) if one["container"] == container), None)

    def assert_restarted_once(self, container="main"):
        """A kubelet that looked between the end and the patch has started it cold; then it was replaced by that."""
        count, cold_starts = self.restarts(container), len(self.record(container)["handled"]) - 1
        say(f"{self.name}/{container}: RESTARTS {count}, of which {cold_starts} by a kubelet that was faster")
        assert count == 1 + cold_starts and cold_starts <= 1

    def ask(self, path, port=8000, timeout=2):
        """What the container's server answers; None when it does not."""
        try:
            status, _, body = self.cluster.http(self.get()["status"]["podIP"], port, path, timeout=timeout)
            return json.loads(body) if status == 200 else None
        except (OSError, http.client.HTTPException, KeyError):
            return None

    def state(self, port=8000):
        return wait(f"{self.name}:{port} answers", 120, lambda: self.ask("/", port))

    def count_to(self, count, port=8000):
        """Puts a number into the server's memory."""
        wait(f"{self.name}:{port} has counted to {count}", 40,
             lambda: (self.ask(f"/count?to={count}", port) or {}).get("count") == count)

    def wait_life(self, life, port=8000, seconds=40):
        """Until the server of that start answers (its life is a random number); gives its state."""
        def look():
            state = self.ask("/", port)
            return state if state and state["life"] == life else None
        return wait(f"{self.name}:{port} serves with its memory", seconds, look)

    def wait_other_life(self, life, port=8000, seconds=40):
        """Until a server that started anew answers; gives its state."""
        def look():
            state = self.ask("/", port)
            return state if state and state["life"] != life else None
        return wait(f"{self.name}:{port} serves without its memory", seconds, look)

    def wait_for_event(self, reason, seconds=20):
        return self.namespace.wait_for_event(self.name, reason, seconds)

    def reasons(self):
        return [reason for reason, _ in self.namespace.events(self.name)]
