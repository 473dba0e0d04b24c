"""kubectl kcr doctor on objects as controller and agents write them, by users with the rights of our roles."""

import contextlib
import json
import subprocess

import pytest

from scripted_kubelet import Answer
from test_nodes import NODES, DescribedNode, condition
from user import RBAC, User
from world import ApiError, binary, eventually, owner_of, stamp

OFFERED = [{"name": "Runtime", "offered": "True", "reason": "Offered", "message": "all Pods run under kcr-runtime"},
           {"name": "Image", "offered": "False", "reason": "RemovedFromEngine", "message": "cannot restore images"}]
KUBELET = {"type": "KubeletReady", "status": "True", "reason": "Answers", "message": "it takes checkpoints",
           "lastTransitionTime": stamp()}


def version():
    said = subprocess.run([binary().parent / "kubectl-kcr", "version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[-1]


def good_node(**change):
    """The status of a CheckpointNode against which nothing stands."""
    return {"agentVersion": version(), "kernelVersion": "6.18.1", "architecture": "amd64", "engine": "containerd://2.4.2",
            "criuVersion": "4.2.1", "strategies": OFFERED, "strategiesOffered": "Runtime", "conditions": [KUBELET],
            "kcrRuntime": {"handler": "kcr", "isDefault": True, "version": version()},
            "store": {"path": "/x", "checkpoints": 1, "usedBytes": 10, "freeBytes": 1 << 30}, **change}


@pytest.fixture
def describe(kinds):
    """Writes what the agent of a node says."""
    made = []

    def write(name, status):
        with contextlib.suppress(ApiError):
            kinds.api.call("POST", NODES, {"apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointNode",
                                           "metadata": {"name": name}})
        made.append(name)
        kinds.api.call("PATCH", f"{NODES}/{name}/status", {"status": status}, "application/merge-patch+json")
    yield write
    for name in set(made):
        kinds.api.call("DELETE", f"{NODES}/{name}")


@pytest.fixture
def admin(roles, space, tmp_path):
    """Somebody who may view the whole cluster."""
    user = User(roles, space, tmp_path, "view", "kcr-view")
    names = [f"{space.name}-{role}" for role in ("view", "kcr-view")]
    for name in names:
        roles.api.call("POST", f"{RBAC}/clusterrolebindings", {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": name.removeprefix(space.name + "-")},
            "subjects": [{"kind": "User", "name": user.name, "apiGroup": "rbac.authorization.k8s.io"}]})
    yield user.until_allowed("list", "-A")
    for name in names:
        roles.api.call("DELETE", f"{RBAC}/clusterrolebindings/{name}")


def own(component):
    return {"app.kubernetes.io/name": "kcr", "app.kubernetes.io/component": component}


@pytest.fixture
def installed(space):
    """Controller and agent, as far as the API can tell."""
    space.pod("controller", containers=("controller",), labels=own("controller"))
    space.pod("agent", containers=("agent",), labels=own("agent"))


@pytest.fixture
def web(space):
    """deploy/web with one Pod on node-1, a schedule that runs and a checkpoint that can be restored."""
    template = {"metadata": {"labels": {"app": "web", "pod-template-hash": "5d6f"}},
                "spec": {"containers": [{"name": "main", "image": "kcr.test/app:1"}]}}
    selector = {"matchLabels": {"app": "web"}}
    deployment = space.create("deployments", "Deployment", "web", {"spec": {
        "paused": True, "replicas": 1, "selector": selector, "template": template}})
    replicas = space.create("replicasets", "ReplicaSet", "web-5d6f", {"spec": {
        "replicas": 1, "selector": {"matchLabels": template["metadata"]["labels"]}, "template": template}},
        labels=template["metadata"]["labels"], ownerReferences=[owner_of(deployment)])
    pod = space.pod("web-5d6f-x", labels=template["metadata"]["labels"], owner=owner_of(replicas))
    schedule = space.create("checkpointschedules", "CheckpointSchedule", "web", {"spec": {
        "schedule": "@hourly", "selector": selector}}, ownerReferences=[owner_of(deployment)])
    space.patch("checkpointschedules", "web", {"status": {"conditions": [
        {"type": "Ready", "status": "True", "reason": "Scheduled", "message": "", "lastTransitionTime": stamp()}]}},
        "status")
    space.checkpoint(pod, "one", strategy="Runtime", templateHash="5d6f", schedule=schedule)
    judge(space, "True", "Restorable", "it can be restored")
    return pod


def judge(space, status, reason, message):
    space.patch("checkpoints", "one", {"status": {"conditions": [{
        "type": "Restorable", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": stamp()}]}}, "status")


def doctor(user, *words, status):
    """What programs read: {name of the subject: (itself, {check: verdict})}."""
    said = json.loads(user.kcr("doctor", "-o", "json", *words, status=status).stdout)
    return {one["name"]: (one, {check["name"]: check for check in one["checks"] if check["verdict"] != "Well"})
            for one in said["subjects"]}


def test_nothing_stands_against_what_is_well(admin, installed, web, describe):
    describe("node-1", good_node())
    said = admin.kcr("doctor", "deploy/web").stdout
    assert said.splitlines()[:2] == ["cluster", "node/node-1  checkpoint: yes  restore: yes, Runtime"]
    assert said.splitlines()[2:-2] == [
        f"{web['metadata']['namespace']}/deployment/web  checkpoint: yes  restore: yes, Runtime"], said
    assert "nothing stands against what is to be kept (0 cannot, 0 not known" in said
    wide = admin.kcr("doctor", "deploy/web", "-o", "wide").stdout
    for line in ("  ✓ controller: 1 of 1 controllers are Ready", "  ✓ kernel: Linux 6.18.1", "  ✓ criu: CRIU 4.2.1",
                 "  ✓ schedule: schedule web: @hourly", "  ✓ kcr-runtime: all Pods run under kcr-runtime"):
        assert line in wide.splitlines(), wide


@pytest.mark.parametrize("change, check, words, fix", [
    ({"conditions": [KUBELET | {"status": "False", "reason": "CheckpointsDisabled", "message": "the gate is off"}]},
     "kubelet", "the gate is off", "systemctl restart kubelet"),
    ({"kernelMissing": ["CONFIG_CHECKPOINT_RESTORE"]}, "kernel", "CONFIG_CHECKPOINT_RESTORE", "grep"),
    ({"strategies": [OFFERED[0] | {"offered": "False", "reason": "EngineNotRestarted"}, OFFERED[1]]},
     "kcr-runtime", "all Pods", "systemctl restart containerd"),
    ({"store": {"path": "/x", "checkpoints": 1, "usedBytes": 10, "freeBytes": 0}}, None, "has room for 0B", "prune"),
])
def test_what_a_node_cannot_its_pods_cannot(admin, installed, web, describe, change, check, words, fix):
    describe("node-1", good_node(**change))
    found = doctor(admin, "deploy/web", status=1)
    subject, worse = found["deployment/web"]
    assert "no" in (subject["checkpoint"], subject["restore"])
    if check is None:
        assert words in worse["room"]["message"]
    else:
        assert words in found["node/node-1"][1][check]["message"] and words in worse["node"]["message"]
    fixes = admin.kcr("doctor", "deploy/web", "--fix", status=1).stdout.splitlines()
    assert any(fix in line for line in fixes)
    assert all(line == "" or line.startswith(("#", "kubectl ")) for line in fixes), fixes


def test_what_became_of_requests_and_checkpoints_is_told(admin, installed, web, describe, space):
    describe("node-1", good_node())
    space.finish(space.request("again", "web-5d6f-x"), "Failed", reason="CheckpointFailed",
                 message="CRIU cannot dump a device")
    judge(space, "False", "TemplateChanged", "the Pod was made from another template")
    subject, worse = doctor(admin, "deploy/web", status=1)["deployment/web"]
    assert (subject["checkpoint"], subject["restore"]) == ("no", "no")
    assert "CRIU cannot dump a device" in worse["last-request"]["message"]
    assert worse["last-request"]["fix"] == [
        f"kubectl kcr checkpoint pod/web-5d6f-x -n {space.name} -c main --wait"]
    assert "another template" in worse["checkpoints"]["message"]


def test_pods_that_cannot_be_restored_say_why(admin, installed, describe, space):
    describe("node-1", good_node())
    space.pod("once", restartPolicy="Never", hostNetwork=True)
    gpu = {"name": "main", "image": "kcr.test/app:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    space.create("pods", "Pod", "gpu", {"spec": {"containers": [gpu], "nodeName": "node-1"}})
    found = doctor(admin, "pod/once", "pod/gpu", status=1)
    once, worse = found["pod/once"]
    assert (once["checkpoint"], once["restore"]) == ("yes", "no")
    assert "Never" in worse["restart-policy"]["message"] and worse["network"]["verdict"] == "Note"
    assert "nvidia.com/gpu" in found["pod/gpu"][1]["devices"]["message"]
    assert "not running" in found["pod/gpu"][1]["state"]["message"]


def test_workloads_without_a_schedule_are_only_told_of(admin, installed, describe, space):
    describe("node-1", good_node())
    space.pod("once", restartPolicy="Never")
    found = doctor(admin, status=0)
    assert found["pod/once"][0]["restore"] == "no" and not found["pod/once"][0]["counts"]
    doctor(admin, "pod/once", status=1)


def test_what_may_not_be_read_is_not_well(roles, space, web, describe, tmp_path):
    describe("node-1", good_node())
    user = User(roles, space, tmp_path, "view", "kcr-view").until_it_may_list()
    found = doctor(user, "deploy/web", status=4)
    assert (found["deployment/web"][0]["checkpoint"], found["deployment/web"][0]["restore"]) == ("unknown", "unknown")
    assert "ClusterRole kcr-view" in found["node/node-1"][1]["agent"]["message"]
    assert "may not list Pods of all namespaces" in found["cluster"][1]["controller"]["message"]


def test_what_is_missing_is_named(admin, kinds, installed, web):
    found = doctor(admin, "deploy/web", status=1)
    assert "no agent has told" in found["node/node-1"][1]["agent"]["message"]
    with kinds.without("restorerequests"):
        found = eventually(lambda: (f := doctor(admin, "deploy/web", status=1)) and "kinds" in f["cluster"][1] and f,
                           20, "the kind to be missed")
        assert "RestoreRequest" in found["cluster"][1]["kinds"]["message"]
    told = admin.kcr("doctor", "deploy/none", status=4).stderr
    assert told.startswith("Error: there is no deployment 'none' in namespace ")
    assert "is no workload" in admin.kcr("doctor", "ckp/one", status=4).stderr
    admin.write_kubeconfig("127.0.0.1", 1)
    assert "cannot be reached" in admin.kcr("doctor", "--request-timeout=1s", status=4).stderr


@pytest.fixture
def node(make_node):
    made = make_node(DescribedNode)
    made.forget()
    yield made
    made.agent.stop()
    made.forget()


def test_an_agent_says_all_that_the_doctor_asks(admin, node):
    def refuse():
        raise Answer(403, "Forbidden (user=kcr, verb=create, resource=nodes, subresource=checkpoint)")
    node.kubelet.probe = refuse
    node.has("containerd://2.4.2")
    node.installed(needsRestart=True)
    node.start()
    eventually(lambda: (d := node.described()) and condition(d, "KubeletReady")[0] == "False", 15, "KubeletReady")
    _, worse = doctor(admin, "--nodes", status=1)["node/node-7"]
    assert "subresource=checkpoint" in worse["kubelet"]["message"]
    assert "restart containerd" in worse["kcr-runtime"]["message"]
    assert worse["kcr-runtime"]["fix"] == ["systemctl restart containerd && systemctl restart kubelet"]
    assert worse["kcr-runtime"]["fixOn"] == "node"
    assert set(worse) == {"agent", "kubelet", "kcr-runtime", "image"}, "an agent without a Pod, and these"
