"""One cluster with KCR installed for the whole session, a namespace for each test or module."""

import itertools
import os
import re
import signal

import pytest

# What is no test file shows both sides of its assertions, too.
pytest.register_assert_rewrite("harness", "runtime_node", "vm_node", "cases_again", "cases_beside", "cases_calls", "cases_damage",
                               "cases_ends", "cases_exports", "cases_kubectl", "cases_life", "cases_node", "cases_requested")

from harness import AGENT, CONTROLLER, Cluster, Namespace


def pytest_configure(config):
    # As on Ctrl-C, so that the fixture below removes its cluster when CI ends us.
    def stop(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)


@pytest.fixture(scope="session")
def cluster():
    """KCR_E2E_KEEP=NAME uses the cluster of that name and leaves it up, for a person at work on a test."""
    if os.geteuid() != 0:
        pytest.skip("a node in namespaces of its own needs root")
    kept = os.environ.get("KCR_E2E_KEEP")
    one = Cluster(kept or f"kcr-e2e-{os.getpid()}")
    try:
        one.start()
        one.install()
        if kept:
            one.restart_programs()
        yield one
        one.assert_no_sanitizer_reports()
    finally:
        one.stop(down=kept is None)


numbers = itertools.count(1)


def make_namespace(cluster, name):
    short = re.sub("[^a-z0-9]+", "-", name.lower())[:30].strip("-")
    one = Namespace(cluster, f"{short}-{os.getpid()}-{next(numbers)}")
    one.create()
    return one


@pytest.fixture
def namespace(cluster, request):
    """An empty namespace for one test."""
    one = make_namespace(cluster, request.node.name.removeprefix("test_"))
    yield one
    one.delete()


@pytest.fixture(scope="module")
def shared(cluster, request):
    """An empty namespace for the tests of one file."""
    one = make_namespace(cluster, request.module.__name__.removeprefix("test_"))
    yield one
    one.delete()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What one needs to know when a test has failed."""
    report = (yield).get_result()
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if not report.failed or cluster is None:
        return
    for name in ("namespace", "shared"):
        if (namespace := item.funcargs.get(name)) is not None:
            kinds = "pods,events,checkpointschedules,checkpointrequests,checkpoints"
            report.sections.append((f"objects in {namespace.name}", namespace.kubectl(
                "get", kinds, "-o", "yaml", "--show-managed-fields=false", check=False).stdout))
    report.sections.append(("controller", cluster.logs_of(CONTROLLER)))
    report.sections.append(("agent", cluster.logs_of(AGENT)))
    report.sections.append(("kubelet", cluster.component_log("kubelet")))
    report.sections.append(("containerd", cluster.component_log("containerd")))
