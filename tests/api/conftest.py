"""A real API server (etcd, kube-apiserver, kube-controller-manager; no node) for the session."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

# What is no test file shows both sides of its assertions, too.
pytest.register_assert_rewrite("door", "node", "user")

from node import NODE, Node
from user import editor, roles, two, viewer, web  # fixtures
from world import GROUP, Api, ApiError, Network, NodeHeart, Program, Space, eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATE = pathlib.Path(os.environ.get("KCR_STATE", "/var/lib/kcr-cluster"))


class Cluster:
    """A control plane of our own; kubectl() talks to it."""

    def __init__(self, name):
        self.name = name

    def start(self):
        self.run("up", "--control-plane-only", "--name", self.name, check=True)
        self.network = Network(self.name)
        self.pki = STATE / self.name / "node1" / "etc" / "pki"
        self.kubeconfig = STATE / self.name / "kubeconfig"
        self.api = Api(self.network, self.pki)

    def stop(self):
        self.run("down", "--name", self.name, check=True)

    def kubectl(self, *arguments, stdin=None, check=True):
        """Runs kubectl; with check=False the caller looks at returncode and stderr."""
        return self.run("kubectl", "--name", self.name, *arguments, stdin=stdin, check=check)

    @contextlib.contextmanager
    def without(self, plural):
        """As before an upgrade of the CRDs: one kind is not there for a while."""
        name = f"{plural}.checkpoint-restore.kcr.io"
        made = json.loads(self.kubectl("get", "crd", name, "-o", "json").stdout)
        self.kubectl("delete", "crd", name)
        try:
            yield
        finally:
            self.kubectl("create", "-f", "-", stdin=json.dumps({
                "apiVersion": made["apiVersion"], "kind": made["kind"], "spec": made["spec"],
                "metadata": {"name": name}}))
            self.kubectl("wait", "--for=condition=Established", "--timeout=60s", f"crd/{name}")

    def component(self, command, component):
        """Starts, stops, kills or signals (command "signal STOP") one component."""
        return self.run("component", "--name", self.name, *command.split(), component, check=True)

    def run(self, script, *arguments, stdin=None, check):
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
    cluster.heart = NodeHeart(cluster.api, "node-1", "node-7")
    yield cluster
    cluster.heart.stop()


space_numbers = itertools.count(1)


@pytest.fixture
def space(kinds, request):
    """An empty namespace for one test, with what a Pod needs; named after the test."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    made = Space(kinds.api, f"t{next(space_numbers)}-{words[5:45]}".rstrip("-"))
    kinds.api.call("POST", "/api/v1/namespaces", {
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made.name}})
    eventually(lambda: made.get("serviceaccounts", "default"), 20, "the default service account")
    yield made
    made.empty()


@pytest.fixture
def programs(kinds, tmp_path, request):
    """Makes programs that are stopped, and looked at, when the test is over."""
    made = request.node.programs = []

    def make(part, *options, **more):
        made.append(Program(kinds, part, tmp_path, *options, **more))
        return made[-1]

    yield make
    for program in made:
        program.stop()


@pytest.fixture
def make_node(kinds, space, programs, tmp_path):
    """Makes nodes of the test, agents with their kubelets, which end when the test is over. Nothing is known of the node
    at first: an agent of the test before may have told that it had no kcr-runtime."""
    made = []
    with contextlib.suppress(ApiError):
        kinds.api.call("DELETE", f"{GROUP}/checkpointnodes/{NODE}")

    def make(kind=Node):
        made.append(kind(kinds, space, programs, tmp_path))
        return made[-1]

    yield make
    for node in made:
        node.kubelet.stop()


@pytest.fixture
def node(make_node, space):
    """A node with one Pod."""
    space.pod("pod-1", node=NODE)
    return make_node()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows what its programs said."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        programs = [*getattr(item, "programs", ()), item.funcargs.get("controller")]
        report.sections += [(str(p.log), p.text()[-6000:]) for p in programs if p is not None]


@pytest.fixture(scope="module")
def controller(kinds, tmp_path_factory, request):
    """One controller for the tests of a module; it must end well."""
    program = Program(kinds, "controller", tmp_path_factory.mktemp("controller"),
                      f"--leader-elect-resource-name={request.module.__name__.replace('_', '-')}",
                      "--log-level=debug")
    program.start().says("Started reconciling")
    yield program
    program.stop()
