"""Nodes whose containers run under kcr-runtime, and what it and the agent write into the store (docs/formats)."""

import contextlib
import json
import pathlib
import urllib.parse

from harness import AGENT, KCR, Absent, Cluster, Namespace, Pod, say, story, wait
from workload import TOOLS, schedule

UNDER_WAY = "Interrupted"  # the last attempt's reason until it is known what comes of it
OTHER_TOOLS = "kcr.test/tools:2"  # another name of the same image

STORE = "/var/lib/kubelet/checkpoints/kcr"

PATHS = {"Pod": ("v1", "pods"), "CheckpointSchedule": (KCR, "checkpointschedules"), "ConfigMap": ("v1", "configmaps"),
         "CheckpointRequest": (KCR, "checkpointrequests"),
         "RestoreRequest": (KCR, "restorerequests"), "Secret": ("v1", "secrets"),
         "CheckpointImport": (KCR, "checkpointimports"),
         "Service": ("v1", "services"), "Deployment": ("apps/v1", "deployments"),
         "StatefulSet": ("apps/v1", "statefulsets")}


class RuntimeCluster(Cluster):
    """A node with kcr-runtime in front of `runtime`: as the engine's default handler, or by a RuntimeClass."""

    manifest = "install.yaml"

    def __init__(self, name, engine, runtime, is_default):
        """`engine` is "crio" or a version of containerd."""
        self.engine = "crio" if engine == "crio" else "containerd"
        which = ("--engine", "crio") if engine == "crio" else ("--containerd", engine)
        super().__init__(name, *which, "--runtime", runtime, "--restore-image", "off", "--restart-period", "1s")
        self.runtime_path = {"runc": "/usr/sbin/runc", "crun": "/usr/bin/crun"}[runtime]
        self.is_default = is_default

    def install(self):
        """With the restart of the engine and the kubelet that an administrator is told to do."""
        super().install()
        self.script("restart-engine", "--name", self.name)
        self.wait_for_programs()
        host = json.loads((self.store / "host.json").read_text())
        say(f"{host['engine']} {host['engineVersion']}, {host['runtime']} {host['runtimeVersion']}, CRIU "
            f"{host['criuVersion']}, handler {host['handler']}, default: {host.get('isDefault', False)}")
        assert (host["runtime"], host.get("isDefault", False)) == (self.runtime_path, self.is_default), host
        tag = {"containerd": ("ctr", "--namespace", "k8s.io", "images", "tag", TOOLS, OTHER_TOOLS),
               "crio": ("copyimg", "--image-name", TOOLS, "--add-name", OTHER_TOOLS)}
        self.execute(*tag[self.engine])

    def _manifest(self):
        manifest = super()._manifest()
        assert manifest.count(" --default-handler,") == 1
        return manifest if self.is_default else manifest.replace(" --default-handler,", "")

    @property
    def root(self):
        """The node's files as its processes see them, with what is mounted there."""
        supervisor = (self.node / "supervisor").read_text().split()[0]
        [first] = pathlib.Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        return pathlib.Path(f"/proc/{first}/root")

    @property
    def store(self):
        return self.root / STORE.lstrip("/")

    @contextlib.contextmanager
    def agent_away(self):
        """The DaemonSet wants no node for a while."""
        self.select_nodes({"kcr.test/nowhere": "here"})
        wait("the agent is gone", 30, lambda: not self.api(f"/api/v1/namespaces/{AGENT['namespace']}/pods")["items"])
        try:
            yield
        finally:
            self.select_nodes({"kcr.test/nowhere": None})
            wait("the agent is back", 30, lambda: self.pods_of(AGENT))
            self.wait_for_programs()

    def select_nodes(self, labels):
        self.api(f"/apis/apps/v1/namespaces/{AGENT['namespace']}/daemonsets/kcr-agent", method="PATCH",
                 body={"spec": {"template": {"spec": {"nodeSelector": labels}}}})

    @contextlib.contextmanager
    def small_store(self, mib):
        """The store on a file system of its own; the agent has to be away when it comes and goes."""
        with self.agent_away():
            self.execute("mount", "-t", "tmpfs", "-o", f"mode=700,size={mib}m", "small", STORE)
        try:
            yield
        finally:
            with self.agent_away():
                self.execute("umount", STORE)

    def fill_store(self, free_mib):
        """Leaves it so much room."""
        used = int(self.execute("df", "--output=used", STORE).stdout.split()[-1])
        self.execute("mount", "-o", f"remount,size={used + free_mib * 1024}k", STORE)
        say(self.execute("df", "-k", STORE).stdout.splitlines()[-1])

    def grow_store(self, mib):
        self.execute("mount", "-o", f"remount,size={mib}m", STORE)

    def reboot(self):
        """Cuts the node's power and starts it again."""
        self.stop(down=False)
        self.script("reboot", "--name", self.name)
        self.start_proxy()


class Place(Namespace):
    """A namespace on such a node, with schedules that give the terms of checkpoints by hand."""

    TERMS = {"prompt": {"stableSeconds": 0},
             "again": {"stableSeconds": 0, "retryWindowSeconds": 0}}

    def create(self):
        super().create()
        for name, terms in self.TERMS.items():
            self.make(schedule(name, "nothing", restore=terms, retention={"maxCount": 100}))
        self.terms = {name: self.get(KCR, "checkpointschedules", name)["metadata"]["uid"] for name in self.TERMS}

    def make(self, *objects):
        """As apply(), for objects that are not there yet; without the cost of a kubectl."""
        for one in objects:
            one["metadata"]["namespace"] = self.name
            spec = one["spec"]["template"]["spec"] if one["kind"] in ("Deployment", "StatefulSet") else one.get("spec", {})
            if "containers" in spec and not self.cluster.is_default:
                spec["runtimeClassName"] = "kcr"
            path = self._path(*PATHS[one["kind"]])
            self.cluster.api(path, method="POST", body=one)
            if "containers" in spec:
                getattr(story, "running", []).append(f"{path}/{one['metadata']['name']}")

    def clear(self, running):
        """Deletes the Pods and StatefulSets at these paths: each probe of one that is done with takes time from others."""
        for path in reversed(running):
            with contextlib.suppress(Absent, AssertionError, OSError):  # then they stay
                self.cluster.api(path, method="DELETE", body={"gracePeriodSeconds": 0})

    def apply(self, *objects):
        self.make(*objects)

    def patch(self, version, plural, name, patch):
        self.cluster.api(f"{self._path(version, plural)}/{name}", method="PATCH", body=patch)

    def resident(self, name):
        return Resident(self, name)

    def settle(self, pod):
        """Creates a Pod; gives it when it is Ready."""
        self.make(pod)
        return self.ready(pod["metadata"]["name"])

    def ready(self, name):
        """A Pod, when it is Ready; with as many others as start at the same time that takes a while."""
        getattr(story, "pods", []).append(name)
        return self.resident(name).wait_ready(120)


class Resident(Pod):
    """A Pod under kcr-runtime, with the counter server in it."""

    def __init__(self, namespace, name):
        super().__init__(namespace, name)
        self.known_uid = None

    def uid(self):
        self.known_uid = self.known_uid or super().uid()
        return self.known_uid

    def run(self, command, port=8000):
        """What a shell in the container writes, as a child of its server."""
        answer = self.ask(f"/run?{urllib.parse.urlencode({'command': command})}", port, timeout=30)
        assert answer is not None, f"{self.name} does not run '{command}'"
        return answer["output"]

    # ---- what is in the store

    def read(self, folder, container):
        try:
            return json.loads((self.cluster.store / folder / self.uid() / f"{container}.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def plan(self, container="main"):
        return self.read("plans", container)

    def attempts(self, container="main"):
        """What kcr-runtime has done about the container, oldest first."""
        return (self.read("records", container) or {}).get("attempts", [])

    def planned(self, container="main"):
        """The names of the Checkpoints that it would be restored from, newest first."""
        return [one["name"] for one in (self.plan(container) or {}).get("candidates", [])]

    def directory(self, checkpoint):
        """Where a Checkpoint's files lie on the node."""
        return self.cluster.store / self.namespace.checkpoint(checkpoint)["metadata"]["uid"]

    def root(self):
        """The files of the container; None while it does not run."""
        pid = self.cluster.first_process(self.container_id())
        return pid and self.cluster.file_of_process(pid, "root")

    def forget_attempts(self):
        """As if nothing had been done about the Pod yet."""
        for path in (self.cluster.store / "records" / self.uid()).iterdir():
            path.unlink()

    # ---- taking and restoring

    def take(self, container="main", terms="prompt"):
        """A checkpoint by hand, from the request until the plan names it; gives the Checkpoint's name."""
        request = self.namespace.ask(self.name, container, schedule=terms, schedule_uid=self.namespace.terms[terms])
        status = self.namespace.end_of(request)
        assert status["phase"] == "Completed", status
        name = status["checkpointRef"]["name"]
        assert self.namespace.checkpoint(name)["spec"]["strategy"] == "Runtime"
        wait(f"the plan begins with {name}", 30, lambda: self.planned(container)[:1] == [name])
        return name

    def wait_attempts(self, count, container="main", seconds=40):
        """Until kcr-runtime has dealt with so many starts; gives what it did last."""
        def look():
            found = self.attempts(container)
            is_over = len(found) >= count and found[-1].get("reason") != UNDER_WAY
            return found[-1] if is_over else None
        last = wait(f"{self.name}: {count} starts on record", seconds, look)
        say(f"{self.name}: {last['outcome']} {last.get('reason', '')} {last.get('message', '')} verify/layer/restore "
            f"{last.get('verifyMicroseconds', 0)}/{last.get('layerMicroseconds', 0)}/"
            f"{last.get('restoreMicroseconds', 0)} us")
        return last

    def wait_runs(self, attempt, container="main"):
        """Until the kubelet shows the container that this start has made."""
        def look():
            status = self.status(container)
            return status["ready"] and status["containerID"].endswith(attempt["containerID"])
        wait(f"{self.name}: the kubelet shows what was started", 40, look)

    def assert_restored(self, checkpoint, attempts=1, container="main"):
        last = self.wait_attempts(attempts, container)
        assert last["outcome"] == "Restored", last
        assert last["checkpoint"] == self.namespace.checkpoint(checkpoint)["metadata"]["uid"], last
        return last

    def assert_cold(self, reason, attempts=1, container="main"):
        last = self.wait_attempts(attempts, container)
        assert (last["outcome"], last["reason"]) == ("Cold", reason), last
