"""kubectl kcr as somebody with the role `edit` in a namespace uses it, and as docs/kubectl.md shows it."""

import contextlib
import json
import pathlib
import re
import shlex
import subprocess
import tempfile
import xml.etree.ElementTree

from document import examples, missing
from harness import KCR, ROOT, Namespace, Pod, say, wait
from together import case
from user import User
from workload import REDIS

# Examples that other tests run, on what they are about, by how they begin.
ELSEWHERE = {"inspect": "tests/dumps/test_inspect.py", "export": "tests/e2e/test_export.py",
             "import": "tests/e2e/test_export.py", "doctor": "tests/e2e/test_doctor.py", "run": "tests/e2e/cases_beside.py",
             "events pod/redis-copy": "tests/e2e/cases_beside.py",
             "restore": "tests/e2e/cases_kubectl.py"}  # restore_timeline_suspend_and_prune: its Redis goes back


def redis_template():
    return {"metadata": {"labels": {"app": "redis"}}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{
        "name": "redis", "image": REDIS, "args": ["--save", "", "--appendonly", "no"],
        "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 1}}]}}


def workload(kind, name):
    template = redis_template()
    template["metadata"]["labels"]["of"] = name
    more = {"StatefulSet": {"serviceName": name}}.get(kind, {})
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": {"of": name}}, "template": template, **more}}


class Shop(Namespace):
    """A namespace of its own, with Redis in it and somebody who may edit it."""

    def __init__(self, place, name, directory, *workloads):
        super().__init__(place.cluster, f"{name}-{place.name}")
        self.create()
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": workloads}))
        self.user = User(self, directory, "editor", "edit")
        wait("the editor may list checkpoints", 20, lambda: self.kcr("list", check=False).returncode == 0)
        self.servers = [self.only_pod(one["metadata"]["name"]) for one in workloads]

    def only_pod(self, name):
        def look():
            return [one["metadata"]["name"] for one in self.list("v1", "pods")
                    if one["metadata"]["labels"]["of"] == name]
        return Pod(self, wait(f"the Pod of {name}", 60, look)[0]).wait_ready(120)

    def kcr(self, *arguments, check=True):
        return self.user.kcr(*arguments, check=check)

    def redis(self, pod, *words):
        """A command of Redis; again when a checkpoint has frozen it just then."""
        def look():
            result = self.kubectl("exec", pod.name, "--", "redis-cli", *words, check=False)
            return result.returncode == 0 and [result.stdout.strip()]
        return wait(f"{pod.name} answers '{' '.join(words)}'", 40, look)[0]

    def taken(self, *words):
        return json.loads(self.kcr("list", *words, "-o", "json").stdout)["items"]

    def restorable(self, name):
        wait(f"{name} is restorable", 60, lambda: re.search(
            rf"^{name} .* True ", self.kcr("list").stdout, re.M))
        return name


@contextlib.contextmanager
def shop(place, name, *workloads):
    with tempfile.TemporaryDirectory() as directory:
        one = Shop(place, name, pathlib.Path(directory), *workloads)
        try:
            yield one
        finally:
            one.delete()


@case(once=True)
def checkpoints_of_each_kind_of_workload(place):
    kinds = {"deploy/web": "Deployment", "sts/db": "StatefulSet", "ds/log": "DaemonSet"}
    with shop(place, "kinds", *(workload(kind, name.split("/")[1]) for name, kind in kinds.items())) as one:
        for pod in one.servers:
            one.redis(pod, "set", "of", pod.name)
        names = one.kcr("checkpoint", *kinds, "--wait", "-o", "name").stdout.split()
        assert len(names) == 3
        by_selector = one.kcr("checkpoint", "-l", "of=db", "--wait").stdout.splitlines()
        assert by_selector[0].split()[:4] == ["CHECKPOINT", "POD", "CONTAINER", "SIZE"] and len(by_selector) == 2
        for word, kind in kinds.items():
            [head, *rows] = one.kcr("list", word).stdout.splitlines()
            assert {row.split()[1] for row in rows} == {f"{kind.lower()}/{word.split('/')[1]}"}
            assert one.kcr("tree", word).stdout.startswith(f"{kind.lower()}/{word.split('/')[1]}\n")
        database = one.servers[1]
        one.restorable(by_selector[1].split()[0])
        one.redis(database, "set", "of", "later")
        assert f"{database.name}/redis: Completed" in one.kcr("restore", "sts/db", "--wait").stderr
        assert one.redis(database, "get", "of") == database.name
        assert [one.redis(pod, "get", "of") for pod in one.servers[::2]] == [pod.name for pod in one.servers[::2]]


def lived_through(one):
    """Two checkpoints by a schedule, one by hand, a crash; the name of one by the schedule."""
    [pod] = one.servers
    one.redis(pod, "set", "story", "before")
    assert "deployment.apps/redis scheduled\nnext runs: 20" in one.kcr("schedule", "deploy/redis", "@every 4s").stdout
    wait("two checkpoints by the schedule", 90, lambda: len(
        [ckp for ckp in one.taken("deploy/redis") if ckp.get("status", {}).get("phase") == "ImageBuilt"]) >= 2)
    one.kcr("schedule", "deploy/redis", "@every 10h")
    by_hand = one.kcr("checkpoint", "deploy/redis", "--wait", "-o", "name").stdout.strip().split("/")[1]
    one.restorable(by_hand)
    watching = subprocess.Popen(one.user.command("events", "deploy/redis", "--watch", "--no-headers"),
                                stdout=subprocess.PIPE, text=True)
    try:
        pod.kill("redis")
        pod.wait_restarts(1, "redis", 60)
        assert one.redis(pod, "get", "story") == "before"
        wait("the watch tells of the restore", 30, lambda: "Restored" in watching.stdout.readline())
    finally:
        watching.terminate()
        watching.wait(20)
    return by_hand, next(ckp["metadata"]["name"] for ckp in one.taken("deploy/redis")
                         if "checkpointScheduleRef" in ckp["spec"])


def typed(arguments, name):
    """The words of an example, with the name of a checkpoint that there is."""
    return [re.sub(r"^redis-\S+-\d+$", name, word) for word in shlex.split(arguments)]


@case(once=True)
def examples_of_the_document(place):
    """Each is run, in the document's order, and says what has the same shape."""
    with shop(place, "document", workload("Deployment", "redis")) as one:
        _, scheduled = lived_through(one)
        stranger = User(one, one.user.here, "stranger")
        lacking = {}
        for arguments, shown in examples():
            if elsewhere := [test for beginning, test in ELSEWHERE.items() if arguments.startswith(beginning)]:
                assert (ROOT / elsewhere[0]).exists(), elsewhere
                continue
            is_refused = shown[0].strip().startswith("Error: ")
            told = (stranger if is_refused else one.user).kcr(*typed(arguments, scheduled), check=not is_refused)
            said = (told.stdout + told.stderr).replace(one.name, "default")
            if lines := missing([line.replace("shop", "default") for line in shown], said):
                lacking[arguments] = lines
        assert not lacking, "\n".join(f"docs/kubectl.md, '{command}': nothing was said like {line!r}"
                                      for command, lines in lacking.items() for line in lines)


@case(once=True)
def restore_timeline_suspend_and_prune(place):
    with shop(place, "story", workload("Deployment", "redis")) as one:
        by_hand, _ = lived_through(one)
        [pod] = one.servers
        picture = xml.etree.ElementTree.fromstring(one.kcr("timeline", "deploy/redis", "-o", "svg").stdout)
        told = [title.text for title in picture.iter("{http://www.w3.org/2000/svg}title")]
        say("\n".join(told))
        assert any("crash: Error, exit code 137" in title for title in told)
        assert any("restore: Container redis was restored from Checkpoint" in title for title in told)
        one.redis(pod, "set", "story", "after")
        assert "Completed" in one.kcr("restore", "deploy/redis", f"--from={by_hand}", "--wait").stderr
        assert one.redis(pod, "get", "story") == "before"
        schedule = "checkpointschedule.checkpoint-restore.kcr.io/redis"
        assert one.kcr("suspend", "deploy/redis").stdout == f"{schedule} suspended\n"
        assert "suspended" in one.kcr("tree").stdout
        assert one.kcr("top", "--once").stdout.splitlines()[1].split()[0] == "deployment/redis"
        assert one.kcr("resume", "deploy/redis").stdout == f"{schedule} resumed\n"
        before = len(one.taken())
        assert "would be deleted (dry run)" in one.kcr("prune", "--keep=1", "--dry-run").stderr
        assert len(one.taken()) == before
        one.kcr("prune", "--keep=1")
        wait("what is left is one", 20, lambda: len(one.taken()) == 1)
        assert one.list(KCR, "checkpoints")[0]["metadata"]["name"] == one.taken()[0]["metadata"]["name"]
