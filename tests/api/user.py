"""Somebody who calls kubectl-kcr, with the rights of our roles in one namespace, and what there is in it."""

import contextlib
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import time

import pytest

from world import ADDRESS, PORT, SANITIZER, binary, eventually, owner_of, stamp

ROOT = pathlib.Path(__file__).resolve().parents[2]
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def roles_of_install():
    """kcr-view and kcr-edit, as deploy/install.yaml has them."""
    documents = (ROOT / "deploy/install.yaml").read_text().split("\n---\n")
    wanted = [d for d in documents if re.search(r"^kind: ClusterRole$", d, re.M)
              and re.search(r"^  name: kcr-(view|edit)$", d, re.M)]
    assert len(wanted) == 2
    return "\n---\n".join(wanted)


@pytest.fixture(scope="module")
def roles(kinds):
    kinds.kubectl("apply", "-f", "-", stdin=roles_of_install())
    yield kinds
    kinds.kubectl("delete", "clusterrole", "kcr-view", "kcr-edit")


class Screen:
    """What a terminal has been sent."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.text = ""

    def until(self, look, timeout=20):
        """Reads on until `look` finds in the text what it looks for."""
        deadline = time.monotonic() + timeout
        while not look(self.text):
            ready, _, _ = select.select([self.descriptor], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"it did not come: {self.text[-3000:]!r}"
            self.text += os.read(self.descriptor, 65536).decode()
        return self


class User:
    """Somebody with roles in one namespace, and a kubeconfig."""

    def __init__(self, kinds, space, directory, *names, token=None):
        self.kinds, self.space = kinds, space
        self.name = f"system:serviceaccount:{space.name}:default"
        for name in names:
            self.bind(name)
        if token is None:
            token = kinds.api.call(
                "POST", f"/api/v1/namespaces/{space.name}/serviceaccounts/default/token",
                {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
            )["status"]["token"]
        self.token = token
        self.kubeconfig = directory / "kubeconfig"
        self.write_kubeconfig()

    def bind(self, name):
        """To a ClusterRole, in the namespace."""
        self.kinds.api.call("POST", f"{RBAC}/namespaces/{self.space.name}/rolebindings", {
            "metadata": {"name": f"user-{name}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "User", "name": self.name, "apiGroup": "rbac.authorization.k8s.io"}]})

    def write_kubeconfig(self, address=ADDRESS, port=PORT):
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "there",
            "clusters": [{"name": "c", "cluster": {
                "server": f"https://{address}:{port}",
                "certificate-authority": str(self.kinds.pki / "ca.crt")}}],
            "users": [{"name": "u", "user": {"token": self.token}}],
            "contexts": [{"name": "there", "context": {
                "cluster": "c", "user": "u", "namespace": self.space.name}}]}))

    def inside(self, *command):
        """A command of this machine in the cluster's network, with this user's kubeconfig."""
        return [ROOT / "cluster" / "exec", "--name", self.kinds.name, "--net",
                "env", f"KUBECONFIG={self.kubeconfig}", "TERM=dumb", *map(str, command)]

    def command(self, *arguments):
        return self.inside(binary().parent / "kubectl-kcr", *arguments)

    def kcr(self, *arguments, status=0):
        """Runs it; looks at its exit status and for the sanitizers."""
        result = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=60,
                                stdin=subprocess.DEVNULL)
        assert not SANITIZER.search(result.stderr), result.stderr
        assert result.returncode == status, f"{result.returncode}: {result.stdout}{result.stderr}"
        return result

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, stdin=subprocess.DEVNULL)

    @contextlib.contextmanager
    def on_terminal(self, *arguments):
        """Runs it on a terminal, until what is done with its screen is done."""
        screen, terminal = pty.openpty()
        process = subprocess.Popen(self.command(*arguments), stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        try:
            yield Screen(screen)
        finally:
            process.terminate()
            process.wait(20)
            os.close(screen)

    def lines(self, *arguments):
        return self.kcr(*arguments).stdout.splitlines()

    def table(self, *arguments):
        """Rows as {column: cell}."""
        head, *rows = self.lines(*arguments)
        names = re.split(r" {3,}", head)
        return [dict(zip(names, re.split(r" {3,}", row))) for row in rows]

    def until_it_may_list(self):
        """The authorizer sees a new binding a moment later; it is asked itself, because each call of a program costs more."""
        question = {"spec": {"user": self.name, "resourceAttributes": {
            "namespace": self.space.name, "verb": "list", "group": "checkpoint-restore.kcr.io", "resource": "checkpoints"}}}
        eventually(lambda: self.kinds.api.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", question)
                   ["status"]["allowed"], 10, f"{self.name} to be allowed to list checkpoints")
        return self

    def until_allowed(self, *arguments):
        """The same of all that a command asks for."""
        def look():
            result = subprocess.run(self.command(*arguments), capture_output=True, text=True,
                                    stdin=subprocess.DEVNULL, timeout=60)
            return "forbidden" not in result.stderr
        eventually(look, 10, f"{self.name} to be allowed {arguments}")
        return self


@pytest.fixture
def viewer(roles, space, tmp_path):
    return User(roles, space, tmp_path, "kcr-view").until_it_may_list()


@pytest.fixture
def editor(roles, space, tmp_path):
    return User(roles, space, tmp_path, "edit").until_it_may_list()


def checkpoint(space, pod, name, age=60, size=4404019, frozen=131000, restorable="True",
               reason="Restorable", **more):
    made = space.checkpoint(pod, name, age=age, templateHash="5d6f", strategy="Runtime",
                            workloadReference={"apiVersion": "apps/v1", "kind": "ReplicaSet",
                                               "name": "web-5d6f", "uid": "u"}, **more)
    return space.patch("checkpoints", made["metadata"]["name"], {"status": {
        "sizeBytes": size, "frozenMicroseconds": frozen, "memoryBytes": size // 2,
        "conditions": [{"type": "Restorable", "status": restorable, "reason": reason,
                        "message": "because", "lastTransitionTime": stamp()}]}}, "status")


@pytest.fixture
def two(space):
    """A Pod of deploy/web with two checkpoints, and one of its own with one."""
    pod = space.pod("web-5d6f-x", labels={"app": "web", "pod-template-hash": "5d6f"})
    checkpoint(space, pod, "new", age=60, size=100 << 20)
    checkpoint(space, pod, "old", age=7200, restorable="False", reason="NotStable")
    lone = space.pod("lone", labels={"app": "lone"})
    space.checkpoint(lone, "third", age=30)
    return pod


@pytest.fixture
def web(space):
    """deploy/web with two Pods, the second of which has a container that does not run."""
    deployment = space.create("deployments", "Deployment", "web", {"spec": {
        "replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "kcr.test/app:1"}]}}}})
    for name in ("web-5d6f-x", "web-5d6f-y"):
        space.pod(name, ("main", "side"), labels={"of": name}, owner=owner_of(deployment))
    waiting = {"name": "side", "image": "i", "imageID": "", "ready": False, "restartCount": 1,
               "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    space.pod_status("web-5d6f-y", [space.running("main"), waiting])


def test_events_of_a_workload_are_not_those_of_one_with_a_like_name(editor, space, web):
    owner = owner_of(space.get("deployments", "web"))
    space.checkpoint(space.get("pods", "web-5d6f-x"), "old")
    say(space, "one", "kcr.io/agent", "Pod", "web-5d6f-x", "Restored")
    say(space, "two", "kcr.io/agent", "Checkpoint", "old", "ImageBuilt")
    say(space, "gone", "kcr.io/agent", "CheckpointRequest", "web-web-5d6f-x-1795339680", "CheckpointTaken")
    space.pod("web-api-x")
    say(space, "other", "kcr.io/agent", "Pod", "web-api-x", "Restored")
    say(space, "others", "kcr.io/agent", "CheckpointRequest", "web-api-x-1795339680", "CheckpointTaken")
    assert {row["MESSAGE"] for row in editor.table("events", "deploy/web")} == {"n one", "n two", "n gone"}
    watching = editor.start("events", "deploy/web", "-w", "--no-headers")
    try:
        assert {watching.stdout.readline().split()[-1] for _ in range(3)} == {"one", "two", "gone"}
        say(space, "five", "kcr.io/controller", "Pod", "web-api-x", "ColdStart")
        space.pod("web-5d6f-z", owner=owner)
        time.sleep(0.5)  # Pods and events come by different watches; those of KCR come much later
        say(space, "six", "kcr.io/controller", "Pod", "web-5d6f-z", "ColdStart")
        assert "n six" in watching.stdout.readline()
    finally:
        watching.terminate()
        watching.communicate(timeout=20)
