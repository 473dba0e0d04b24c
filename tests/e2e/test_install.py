"""kcr-runtime on a node: what its installation writes, what the engine says to that, and taking it away again.

Under names of its own: the session's cluster is not installed with kcr-runtime, and stays so.
"""

import json

import pytest

from harness import say, wait

DIRECTORY = "/opt/kcr-test"
DROP_IN = "/etc/containerd/conf.d/50-kcr.toml"
OTHER = "/etc/containerd/conf.d/90-other.toml"
MAIN = "/etc/kubernetes/containerd.toml"
ENDED = {"Succeeded": True, "Failed": False}


class Node:
    """The node's root, and our commands in Pods that have it mounted."""

    def __init__(self, cluster, namespace):
        self.cluster = cluster
        self.namespace = namespace
        self.runs = 0

    def kcr(self, command, *options):
        """Runs a command to its end: whether it succeeded, and its log."""
        self.runs += 1
        name = f"run-{self.runs}"
        agent = self.cluster.api("/apis/apps/v1/namespaces/kcr-agent/daemonsets/kcr-agent")
        image = agent["spec"]["template"]["spec"]["containers"][0]["image"]
        arguments = [command, "--host=/host", f"--directory={DIRECTORY}", f"--store={DIRECTORY}/store", *options]
        self.namespace.kubectl("apply", "-f", "-", stdin=json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "hostPID": True,
                     "containers": [{"name": "run", "image": image, "args": arguments,
                                     "securityContext": {"privileged": True, "runAsUser": 0},
                                     "volumeMounts": [{"name": "host", "mountPath": "/host"}]}],
                     "volumes": [{"name": "host", "hostPath": {"path": "/"}}]}}))

        def phase():
            found = self.cluster.api(f"/api/v1/namespaces/{self.namespace.name}/pods/{name}")["status"]["phase"]
            return found if found in ENDED else None
        ended = wait(f"kcr {command} has ended", 60, phase)
        log = self.namespace.kubectl("logs", name).stdout
        say(log)
        return ENDED[ended], log

    def shell(self, script):
        return self.cluster.execute("sh", "-c", script).stdout

    def configuration(self):
        """All that an installation may change, byte for byte."""
        return self.shell(f"for file in {MAIN} /etc/containerd/conf.d/* /etc/criu/*; do "
                          "[ ! -e $file ] || { echo \"--- $file\"; cat $file; }; done; find /opt/kcr-test -type f")

    def dump(self):
        return self.shell(f"containerd --config {MAIN} config dump 2>/dev/null")

    def host_json(self):
        return json.loads(self.shell(f"cat {DIRECTORY}/store/host.json"))


@pytest.fixture
def node(cluster, namespace):
    one = Node(cluster, namespace)
    one.shell(f"mkdir -p {DIRECTORY}")
    yield one
    one.shell(f"rm -rf {OTHER} {DIRECTORY}/store")


def test_the_engine_shows_the_handler_until_it_is_removed(cluster, node):
    before = node.configuration()

    is_done, log = node.kcr("install-runtime", "--handler=kcr-test")
    assert is_done, log
    assert "containerd.runtimes.kcr-test]" in node.dump()
    assert f"BinaryName = '{DIRECTORY}/kcr-runtime'" in node.dump()
    found = node.host_json()
    assert found["engine"] == "containerd"
    assert found["handler"] == "kcr-test"
    assert found["needsRestart"] is True
    assert found["runtimeVersion"] and found["criuVersion"]
    assert not found.get("problem") and not found.get("isDefault")
    assert "runc version" in node.shell(f"{DIRECTORY}/kcr-runtime --version")

    installed = node.configuration()
    is_done, log = node.kcr("install-runtime", "--handler=kcr-test")
    assert is_done and "Wrote a file" not in log
    assert node.configuration() == installed

    is_done, log = node.kcr("uninstall-runtime")
    assert not is_done and "restart containerd" in log
    cluster.component("restart", "containerd")
    is_done, log = node.kcr("uninstall-runtime")
    assert is_done, log
    assert node.configuration() == before


def test_an_engine_that_does_not_take_it_keeps_its_configuration(node):
    before = node.configuration()
    node.shell(f"cat >{OTHER} <<'EOF'\nversion = 3\n"
               "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kcr-test.options]\n"
               "BinaryName = '/usr/bin/other'\nEOF")

    is_done, log = node.kcr("install-runtime", "--handler=kcr-test")
    assert not is_done
    assert f"another file overrides '{DROP_IN}'" in log
    assert f"another file overrides '{DROP_IN}'" in node.host_json()["problem"]
    assert node.shell(f"[ -e {DROP_IN} ] && echo there || echo gone") == "gone\n"

    is_done, log = node.kcr("install-runtime", "--handler=kcr-test", "--best-effort")
    assert is_done, log
    node.shell(f"rm {OTHER}")
    is_done, log = node.kcr("uninstall-runtime")
    assert is_done, log
    assert node.configuration() == before
