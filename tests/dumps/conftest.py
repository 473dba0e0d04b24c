"""One node for the session, with a dump of each of the programs."""

import os
import subprocess

import pytest

from programs import PROGRAMS, Dump
from world import HERE, ROOT, Node, stop_on_term


def pytest_configure(config):
    del config
    stop_on_term()


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("a node in namespaces of its own needs root")
    root = subprocess.run([ROOT / "cluster/build", "--dumps"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    one = Node(root, tmp_path_factory.mktemp("node"))
    try:
        one.start_node()
        one.path("/kinds.py").write_text((HERE / "kinds.py").read_text())
        one.run("criu", "check", check=False)  # leaves in /run what it has found out, for those without all rights
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="session")
def dumps(node):
    """Each dump is taken once, when it is first asked for."""
    class Dumps(dict):
        def __missing__(self, name):
            try:
                self[name] = Dump(node, name)
            except RuntimeError as failure:
                self[name] = failure
            return self[name]
    return Dumps()


@pytest.fixture(params=PROGRAMS)
def dump(request, dumps):
    one = dumps[request.param]
    if isinstance(one, RuntimeError):
        raise one
    return one
