"""kubectl kcr doctor on a real node: what is well, what a kubelet refuses, what containers cannot."""

import json

import pytest

from harness import AGENT, KUBECTL_KCR, run, wait
from workload import pod


class Doctor:
    def __init__(self, cluster, namespace):
        self.cluster = cluster
        self.namespace = namespace

    def call(self, *words, status):
        result = run(self.cluster.in_network(KUBECTL_KCR, "doctor", "-n", self.namespace.name, *words),
                     check=False)
        assert result.returncode == status, f"{result.returncode}: {result.stdout}{result.stderr}"
        return result.stdout

    def look(self, *words, status):
        """{subject: (itself, {check: what it says, unless it is well})}"""
        subjects = json.loads(self.call("-o", "json", *words, status=status))["subjects"]
        return {one["name"]: (one, {check["name"]: check for check in one["checks"] if check["verdict"] != "Well"})
                for one in subjects}

    def fresh(self, check, verdict):
        """Waits until a new agent's word about the node is this."""
        self.cluster.kubectl("-n", AGENT["namespace"], "delete", "pod", "-l", "app.kubernetes.io/component=agent")
        self.cluster.wait_for_programs()

        def is_told():
            found = json.loads(run(self.cluster.in_network(
                KUBECTL_KCR, "doctor", "--nodes", "-o", "json"), check=False).stdout)["subjects"]
            return any(one["name"] == check and one["verdict"] == verdict for one in found[-1]["checks"])
        wait(f"{check} of the node is {verdict}", 60, is_told)


@pytest.fixture
def doctor(cluster, namespace):
    return Doctor(cluster, namespace)


@pytest.fixture
def no_checkpoints(cluster, doctor):
    """The kubelet's feature gate off, as an administrator may have it."""
    config = cluster.node / "etc" / "kubelet.yaml"
    before = config.read_text()
    assert before.count("featureGates: {") == 1
    try:
        config.write_text(before.replace("featureGates: {", "featureGates: {ContainerCheckpoint: false, "))
        cluster.component("restart", "kubelet")
        doctor.fresh("kubelet", "Cannot")
        yield
    finally:
        config.write_text(before)
        cluster.component("restart", "kubelet")
        doctor.fresh("kubelet", "Well")


def test_what_stands_against_it_is_told(cluster, namespace, doctor):
    namespace.apply(pod("simple"), once("never"))
    namespace.pod("simple").wait_ready()
    namespace.pod("never").wait_ready()
    found = doctor.look("pod/simple", status=0)
    assert set(found["cluster"][1]) | set(found["node/node1"][1]) <= {"kcr-runtime", "criu", "image"}, found
    assert set(found["pod/simple"][1]) == {"schedule", "checkpoints"}, "only that nobody has asked for any"
    namespace.take("simple")
    simple, worse = doctor.look("pod/simple", status=0)["pod/simple"]
    assert (simple["checkpoint"], simple["restore"], simple["strategy"]) == ("yes", "yes", "Image")
    assert set(worse) == {"schedule"}
    never, worse = doctor.look("pod/never", status=1)["pod/never"]
    assert (never["checkpoint"], never["restore"]) == ("yes", "no")
    assert "Never" in worse["restart-policy"]["message"]


def once(name):
    body = pod(name)
    body["spec"]["restartPolicy"] = "Never"
    return body


def test_a_kubelet_that_takes_no_checkpoints_is_told(namespace, doctor, no_checkpoints):
    namespace.apply(pod("simple"))
    namespace.pod("simple").wait_ready()
    found = doctor.look("pod/simple", status=1)
    assert found["pod/simple"][0]["checkpoint"] == "no"
    assert "ContainerCheckpoint" in found["pod/simple"][1]["node"]["message"]
    assert "systemctl restart kubelet" in found["node/node1"][1]["kubelet"]["fix"]
    status = namespace.end_of(namespace.ask("simple"))
    assert status["phase"] == "Failed", "the kubelet says the same to a real one"
