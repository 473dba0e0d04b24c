"""A cluster of our own for one benchmark, and what /proc tells about our programs in it."""

import contextlib
import ctypes
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/release/src/main/kcr"
STATE = pathlib.Path(os.environ.get("KCR_STATE", "/var/lib/kcr-cluster"))
WAIT_SECONDS = 120
RUNTIME_PROGRAM = ROOT / "build/release/src/main/kcr-runtime"
CLONE_NEWNET = 0x40000000


class Failure(Exception):
    """A benchmark could not be carried out; the text says why."""


def wait_for(what, condition, seconds=WAIT_SECONDS, pause=0.1):
    """The first true value of condition()."""
    began = time.monotonic()
    while not (value := condition()):
        if time.monotonic() - began > seconds:
            raise Failure(f"gave up after {seconds} s: {what}")
        time.sleep(pause)
    return value


class Cluster:
    """A running cluster; leaving its `with` removes it, whatever happened."""

    def __init__(self, name, *options):
        self.name = name
        self.options = options

    def __enter__(self):
        self._script("down")
        try:
            self._script("up", *self.options)
        except BaseException:
            self._script("down")
            raise
        return self

    def __exit__(self, *_):
        self._script("down")

    def _script(self, script, *arguments, stdin=None):
        command = [ROOT / "cluster" / script, "--name", self.name, *map(str, arguments)]
        result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=1800, check=False)
        if result.returncode != 0:
            raise Failure(f"cluster/{script} {' '.join(command[3:])} ended with {result.returncode}: "
                          f"{(result.stderr or result.stdout).strip()[-2000:]}")
        return result.stdout

    def kubectl(self, *arguments, stdin=None):
        return self._script("kubectl", *arguments, stdin=stdin)

    def apply(self, *objects):
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def load_images(self, *files):
        self._script("load-image", "--quiet", *files)

    def component(self, *arguments):
        return self._script("component", *arguments)

    def net_command(self, *command):
        """`command` as it runs in the cluster's network, with this machine's files and KUBECONFIG."""
        return [str(ROOT / "cluster/exec"), "--name", self.name, "--net", *map(str, command)]

    def in_net(self, *command):
        result = subprocess.run(self.net_command(*command), capture_output=True, text=True, timeout=1800, check=False)
        if result.returncode != 0:
            raise Failure(f"{' '.join(map(str, command))} ended with {result.returncode}: {result.stderr[-2000:]}")
        return result.stdout

    def install(self, manifest="install.yaml"):
        """KCR as a user installs it, from the release build; the images of the workloads, too."""
        image = ROOT / "build/kcr.tar"
        subprocess.run([ROOT / "tools/kcr-image", image], check=True, stdout=subprocess.DEVNULL)
        made = subprocess.run([ROOT / "cluster/images", "redis", "tools"], check=True, capture_output=True, text=True)
        self.load_images(image, *(line.split()[1] for line in made.stdout.splitlines()))
        self.kubectl("apply", "-f", ROOT / "deploy" / manifest)
        self.kubectl("-n", "kcr-system", "rollout", "status", "deployment/kcr-controller", f"--timeout={WAIT_SECONDS}s")
        self.kubectl("-n", "kcr-agent", "rollout", "status", "daemonset/kcr-agent", f"--timeout={WAIT_SECONDS}s")

    def in_node(self, *command, stdin=None):
        """A command with the node's files, processes and network."""
        return self._script("exec", *command, stdin=stdin)

    @contextlib.contextmanager
    def network(self):
        """What is opened inside belongs to the cluster's network."""
        libc = ctypes.CDLL(None, use_errno=True)
        supervisor = (STATE / self.name / "node1/supervisor").read_text().split()[0]
        with open("/proc/self/ns/net", "rb") as ours, open(f"/proc/{supervisor}/ns/net", "rb") as theirs:
            if libc.setns(theirs.fileno(), CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                libc.setns(ours.fileno(), CLONE_NEWNET)

    def use_kcr_runtime(self):
        """Has containerd read the configuration that the installation wrote: Pods run under kcr-runtime from now on,
        but for those of RuntimeClass `runc`."""
        self._script("restart-engine")
        self.apply({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "runc"},
                    "handler": "runc"})

    def agent_store(self):
        """The agent's store, as this machine's directory."""
        return STATE / self.name / "node1/var/kubelet/checkpoints/kcr"

    def processes(self, *words):
        """The pids in this cluster whose first arguments, behind the program's name, are `words`."""
        group = f"/kcr-{self.name}/"
        found = []
        for directory in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                arguments = (directory / "cmdline").read_text().split("\0")[1:]
                groups = (directory / "cgroup").read_text()
            except OSError:
                continue
            if arguments[:len(words)] == list(words) and group in groups:
                found.append(int(directory.name))
        return found

    def process_of_container(self, container_id, name):
        for directory in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (directory / "comm").read_text().strip() == name and \
                        container_id in (directory / "cgroup").read_text():
                    return int(directory.name)
            except OSError:
                continue
        raise Failure(f"no process '{name}' in container {container_id}")

    def one_process(self, *words):
        """The one of them there is; the largest when there are replicas."""
        found = self.processes(*words)
        if not found:
            raise Failure(f"no process 'kcr {' '.join(words)}' in cluster {self.name}")
        return max(found, key=lambda pid: memory(pid).get("VmRSS", 0))


class Watch:
    """`kubectl get RESOURCE --watch`: objects with the time at which we heard of them."""

    def __init__(self, cluster, resource):
        self._process = subprocess.Popen(
            [ROOT / "cluster/kubectl", "--name", cluster.name, "get", resource, "--watch", "-o", "json"],
            stdout=subprocess.PIPE, text=True)
        self._seen = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        decoder = json.JSONDecoder()
        text = ""
        for line in self._process.stdout:
            heard = time.monotonic()
            text += line
            if line == "}\n":  # the only one that is not indented
                self._seen.put((heard, decoder.decode(text)))
                text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()

    def next_of(self, uids, is_new=False, seconds=WAIT_SECONDS):
        """What is heard next of an object that is (is_new: is not) among `uids`: (time, object)."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                heard, seen = self._seen.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failure(f"heard of no change for {seconds} s") from None
            if (seen["metadata"]["uid"] in uids) != is_new:
                return heard, seen


def memory(pid):
    """VmHWM, VmRSS, RssAnon, RssFile and others of a process in KiB; {} when it is gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(value) for name, value, _ in fields}


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


class PeakSampler:
    """The largest memory that a kind of short-lived process has had, by asking often."""

    def __init__(self, pids):
        """pids() tells the processes that there are now."""
        self._pids = pids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.peak = {}

    def _run(self):
        while not self._stop.wait(0.01):
            for pid in self._pids():
                now = memory(pid)
                if now.get("VmHWM", 0) > self.peak.get("VmHWM", 0):
                    self.peak = now

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
