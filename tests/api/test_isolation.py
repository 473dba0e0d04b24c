"""The policy that keeps an agent's token to its node: the chart's own, with tokens as kubelets get them."""

import itertools
import ssl

import pytest
import yaml

from door import WayIn, WayOut
from node import NODE, Node
from scripted_kubelet import archive
from test_chart import render
from user import User
from world import GROUP, Api, ApiError, Space, eventually, exact_stamp

OTHER = "node-1"
HOME = "kcr-isolated"  # the namespace of the agents and the controller
KINDS = {"checkpointrequests": "CheckpointRequest", "restorerequests": "RestoreRequest", "checkpoints": "Checkpoint",
         "checkpointexports": "CheckpointExport", "checkpointimports": "CheckpointImport"}
TARGET = {"podReference": {"name": "pod-1"}, "containerName": "main"}
SPECS = {
    "checkpointrequests": TARGET, "restorerequests": TARGET,
    "checkpoints": {"containerName": "main", "checkpointTimestamp": exact_stamp(0)},
    "checkpointexports": {"checkpointName": "none", "secretSHA256": "0" * 64},
    "checkpointimports": {"sizeBytes": 1, "digest": "sha256:" + "0" * 64, "secretSHA256": "0" * 64},
}
names = itertools.count(1)


class Home:
    """The ServiceAccounts of the programs, with their rights, under the policy."""

    def __init__(self, kinds):
        self.kinds = kinds
        self.space = Space(kinds.api, HOME)

    def token(self, account, node=None):
        """With a node: bound to a Pod there, as the kubelet asks for it; without: as `kubectl create token`."""
        spec = {}
        if node is not None:
            pod = self.space.pod(f"agent-{next(names)}", node=node, serviceAccountName=account)
            spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"],
                                      "uid": pod["metadata"]["uid"]}
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return self.kinds.api.call("POST", self.space.path("serviceaccounts", account, "token"), asked)["status"]["token"]

    def api(self, account, node=None):
        return Api(self.kinds.network, self.kinds.pki, self.token(account, node))


@pytest.fixture(scope="module")
def home(kinds):
    def is_wanted(one):
        return one["kind"] in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ServiceAccount") or (
            one["kind"] in ("ClusterRole", "ClusterRoleBinding")
            and one["metadata"]["name"] in ("kcr-agent", "kcr-controller"))
    text = yaml.safe_dump_all(
        one for one in render(f"agent.namespace={HOME}", namespace=HOME).values() if is_wanted(one))
    kinds.kubectl("create", "namespace", HOME)
    kinds.kubectl("apply", "-f", "-", stdin=text)
    made = Home(kinds)
    try:
        other = made.api("kcr-agent", OTHER)
        eventually(lambda: "is of node" in refusal(other, apply_node, NODE), 20, "the policy to be in force")
        yield made
    finally:
        kinds.kubectl("delete", "-f", "-", stdin=text)
        kinds.kubectl("delete", "checkpointnodes", NODE, OTHER, "--ignore-not-found")
        made.space.empty()
        kinds.kubectl("delete", "namespace", HOME, "--wait=false")


def refusal(api, write, *arguments, **more):
    """What the API server says of it; empty when it does it."""
    try:
        write(api, *arguments, **more)
    except ApiError as error:
        assert error.status == 403, error
        return error.message
    return ""


def apply_node(api, name):
    api.call("PATCH", f"{GROUP}/checkpointnodes/{name}?fieldManager=test&force=true", {
        "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointNode", "metadata": {"name": name}},
        "application/apply-patch+yaml")


def apply_status(api, path, kind, status):
    name = path.split("/")[-2]
    api.call("PATCH", f"{path}?fieldManager=test&force=true", {
        "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": kind, "metadata": {"name": name}, "status": status},
        "application/apply-patch+yaml")


def create_checkpoint(api, space, name, **spec):
    api.call("POST", space.path("checkpoints"), {
        "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "Checkpoint", "metadata": {"name": name},
        "spec": {**SPECS["checkpoints"], **spec}})


@pytest.fixture
def agent(home):
    """Who has the token of NODE's agent."""
    return home.api("kcr-agent", NODE)


def assert_names(message, name, theirs):
    assert f'"{name}" is of node "{theirs}", the token of node "{NODE}"' in message, message


# ---- What it lets ----

@pytest.fixture
def true_node(home, make_node, space, tmp_path):
    """A node whose agent has the token of its Pod, and the rights of the chart."""
    kubeconfig = User(home.kinds, space, tmp_path, token=home.token("kcr-agent", NODE)).kubeconfig

    class TrueNode(Node):
        def launch(self, *options, **more):
            return super().launch(*options, kubeconfig=kubeconfig, **more)

    space.pod("pod-1", node=NODE)
    made = make_node(TrueNode)
    made.kubelet.tls.verify_mode = ssl.CERT_OPTIONAL  # who has a token has no certificate
    return made


def test_an_agent_does_all_its_work_by_the_token_of_its_pod(true_node, kinds, space, tmp_path):
    content = archive(space.name, "pod-1")
    true_node.kubelet.script = lambda *_: content
    way_in = WayIn(true_node, space, tmp_path)
    true_node.request("taken")
    taken = true_node.checkpoint("taken")["metadata"]["name"]
    way_in.opened(content)
    way_in.bring(content)
    way_in.completed()
    way_out = WayOut.of(way_in)
    way_out.opened("out", checkpointName=taken)
    assert way_out.ask("out")[2] == content and way_out.finish("out") == 204
    way_out.reaches("Closed", "out")
    space.create("restorerequests", "RestoreRequest", "back", {"spec": {**TARGET, "nodeName": NODE}})
    eventually(lambda: space.get("restorerequests", "back")["status"]["phase"] == "Failed", what="an end of the restore")
    eventually(lambda: space.notes("ImageBuilt"), what="an event")
    described = kinds.api.call("GET", f"{GROUP}/checkpointnodes/{NODE}")
    assert described["status"]["conditions"] and described["metadata"]["ownerReferences"][0]["name"] == NODE
    assert "forbidden" not in true_node.agent.text()


@pytest.mark.parametrize("account", ["kcr-controller", "admin"])
def test_whoever_is_no_agent_is_not_concerned(home, space, account):
    api = home.kinds.api if account == "admin" else home.api(account)
    space.checkpoint(space.pod("pod-1"))
    assert refusal(api, apply_status, space.path("checkpoints", "ckp-1", "status"), "Checkpoint", {"phase": "Failed"}) == ""


# ---- What it refuses ----

@pytest.mark.parametrize("plural", KINDS)
def test_a_status_is_written_of_the_token_s_node_only(space, agent, plural):
    for name, node in ("own", NODE), ("other", OTHER):
        space.create(plural, KINDS[plural], name, {"spec": {**SPECS[plural], "nodeName": node}})
    told = KINDS[plural], {"message": "told"} if plural != "checkpoints" else {"failedReason": "told"}
    assert refusal(agent, apply_status, space.path(plural, "own", "status"), *told) == ""
    assert "told" in space.get(plural, "own")["status"].values()
    assert_names(refusal(agent, apply_status, space.path(plural, "other", "status"), *told), "other", OTHER)
    assert "told" not in space.get(plural, "other").get("status", {}).values()


def test_what_names_no_node_is_no_agent_s(space, agent):
    space.request("unassigned")
    path = space.path("checkpointrequests", "unassigned", "status")
    assert_names(refusal(agent, apply_status, path, "CheckpointRequest", {"phase": "Failed"}), "unassigned", "")
    assert_names(refusal(agent, create_checkpoint, space, "nowhere"), "nowhere", "")


def test_a_checkpoint_is_made_of_the_token_s_node_only(space, agent):
    assert refusal(agent, create_checkpoint, space, "own", nodeName=NODE) == ""
    assert_names(refusal(agent, create_checkpoint, space, "other", nodeName=OTHER), "other", OTHER)
    assert space.names("checkpoints") == ["own"]


def test_a_node_is_described_by_its_own_agent_only(home, agent):
    other = home.api("kcr-agent", OTHER)
    for whose, name in (agent, NODE), (other, OTHER):
        assert refusal(whose, apply_node, name) == ""
        assert refusal(whose, apply_status, f"{GROUP}/checkpointnodes/{name}/status", "CheckpointNode",
                       {"agentVersion": "0"}) == ""
    for write, path in (apply_node, OTHER), (apply_node, "new"):
        assert_names(refusal(agent, write, path), path, path)
    assert_names(refusal(agent, apply_status, f"{GROUP}/checkpointnodes/{OTHER}/status", "CheckpointNode",
                         {"agentVersion": "1"}), OTHER, OTHER)


def test_a_token_of_no_node_writes_nothing(home, space):
    unbound = home.api("kcr-agent")
    for name, node in ("one", {"nodeName": NODE}), ("two", {}):
        message = refusal(unbound, create_checkpoint, space, name, **node)
        assert f'"{name}" is forbidden' in message and "the token names no node" in message, message
    as_if = Api(home.kinds.network, home.kinds.pki)  # an admin who says to be the agent
    as_if.headers["Impersonate-User"] = f"system:serviceaccount:{HOME}:kcr-agent"
    assert "the token names no node" in refusal(as_if, create_checkpoint, space, "three", nodeName=NODE)
