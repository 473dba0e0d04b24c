"""A real API server (etcd, kube-apiserver, kube-controller-manager; no node) for the session."""

import os
import pathlib
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Cluster:
    """A control plane of our own; kubectl() talks to it."""

    def __init__(self, name):
        self.name = name

    def start(self):
        self._run("up", "--control-plane-only", "--name", self.name, check=True)

    def stop(self):
        self._run("down", "--name", self.name, check=True)

    def kubectl(self, *arguments, stdin=None, check=True):
        """Runs kubectl; with check=False the caller looks at returncode and stderr."""
        return self._run("kubectl", "--name", self.name, *arguments, stdin=stdin, check=check)

    def _run(self, script, *arguments, stdin=None, check):
        result = subprocess.run(
            [ROOT / "cluster" / script, *arguments],
            input=stdin, capture_output=True, text=True, timeout=300)
        if check and result.returncode != 0:
            pytest.fail(f"cluster/{script} {' '.join(map(str, arguments))} "
                        f"ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result


def pytest_configure(config):
    # As on Ctrl-C, so that the fixture below removes its cluster when CI ends us.
    def stop(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)
    config.addinivalue_line("markers", "needs_cluster: starts a control plane")


def pytest_collection_modifyitems(items):
    for item in items:
        if "cluster" in item.fixturenames:
            item.add_marker("needs_cluster")


@pytest.fixture(scope="session")
def cluster():
    if os.geteuid() != 0:
        pytest.skip("a control plane in namespaces of its own needs root")
    control_plane = Cluster(f"api-{os.getpid()}")
    try:
        control_plane.start()
        yield control_plane
    finally:
        control_plane.stop()


@pytest.fixture(scope="session")
def kinds(cluster):
    """The cluster with our CRDs established."""
    cluster.kubectl("apply", "-f", ROOT / "deploy" / "crds")
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s",
                    "-f", ROOT / "deploy" / "crds")
    return cluster


@pytest.fixture
def namespace(kinds, request):
    """An empty namespace for one test."""
    name = f"test-{abs(hash(request.node.nodeid)) % 10**10}"
    kinds.kubectl("create", "namespace", name)
    yield name
    kinds.kubectl("delete", "namespace", name, "--wait=false")
