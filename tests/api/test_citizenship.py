"""KCR's objects as kubectl and their users expect any of Kubernetes': conditions that can be waited for, events
that are counted, fields that belong to whoever set them, roles that add up."""

import json
import time

import pytest

from test_workloads import CONTAINERS, SCHEDULE, annotate, schedule_of, wait_for_spec, workload
from world import GROUP, ROOT, eventually, never

pytestmark = pytest.mark.usefixtures("controller")

NODES = f"{GROUP}/checkpointnodes"


def wait_for(space, kinds, what, condition, check=True):
    """What `kubectl wait` says; it must not need its time to the end."""
    return kinds.kubectl("wait", what, f"--for=condition={condition}", "--timeout=20s",
                         "-n", space.name, check=check)


# ---- Conditions ----

def test_a_schedule_can_be_waited_for_again_after_each_change(kinds, space):
    space.schedule()
    wait_for(space, kinds, "ckps/every", "Ready")
    space.patch("checkpointschedules", "every", {"spec": {"suspend": True}})
    wait_for(space, kinds, "ckps/every", "Ready=False")
    space.patch("checkpointschedules", "every", {"spec": {"suspend": False}})
    wait_for(space, kinds, "ckps/every", "Ready")


def test_a_condition_moves_with_its_status_only(space):
    space.schedule("every", "@hourly", suspend=True)
    first = eventually(lambda: space.condition("checkpointschedules", "every", "Ready"))
    time.sleep(1.1)  # stamps are of seconds
    changed = space.patch("checkpointschedules", "every", {"spec": {"schedule": "30-10 * * * *"}})

    def observed(reason):
        condition = space.condition("checkpointschedules", "every", "Ready")
        return condition if condition["reason"] == reason else None
    second = eventually(lambda: observed("InvalidSchedule"))
    assert second["observedGeneration"] == changed["metadata"]["generation"]
    assert (second["status"], second["lastTransitionTime"]) == (
        "False", first["lastTransitionTime"])
    space.patch("checkpointschedules", "every", {"spec": {"schedule": "@daily", "suspend": False}})
    assert eventually(lambda: observed("Scheduled"))["lastTransitionTime"] > (
        first["lastTransitionTime"])


def test_a_request_and_its_checkpoint_can_be_waited_for(kinds, space, node):
    node.start()
    space.request("one")  # the controller finds its node
    wait_for(space, kinds, "ckpr/one", "Complete")
    name = space.get("checkpointrequests", "one")["status"]["checkpointRef"]["name"]
    wait_for(space, kinds, f"ckp/{name}", "Ready")
    node.request("lost", container="nobody")
    wait_for(space, kinds, "ckpr/lost", "Complete=False")
    for plural in ("checkpointrequests", "checkpoints"):
        for thing in space.list(plural):
            for condition in thing["status"]["conditions"]:
                assert condition["observedGeneration"] == thing["metadata"]["generation"]
    # the agent follows a Checkpoint that is added to
    space.patch("checkpoints", name, {"spec": {"schedule": "@hourly"}})
    wait_for(space, kinds, f"ckp/{name}", "ImageBuilt")
    wait_for(space, kinds, f"ckp/{name}", "Ready")


def test_a_checkpoint_on_a_lost_node_is_not_ready_and_can_be_deleted(kinds, space):
    of_node = {"apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointNode",
               "metadata": {"name": "lost-node"}}
    kinds.api.call("POST", NODES, of_node)
    space.checkpoint(space.pod("pod-1"), nodeName="lost-node")
    wait_for(space, kinds, "ckp/ckp-1", "Ready")
    kinds.api.call("DELETE", f"{NODES}/lost-node")  # as the garbage collector does with the Node
    wait_for(space, kinds, "ckp/ckp-1", "Ready=Unknown")
    ready = space.condition("checkpoints", "ckp-1", "Ready")
    assert ready["reason"] == "NodeUnknown"
    assert "node 'lost-node' has no CheckpointNode" in ready["message"]
    # nobody is left who could take a finalizer away
    assert "finalizers" not in space.get("checkpoints", "ckp-1")["metadata"]
    space.delete("checkpoints", "ckp-1")
    assert space.get("checkpoints", "ckp-1") is None


@pytest.mark.parametrize("status, expected", [
    ({"phase": "Created"}, ("False", "NotBuilt")),
    ({"phase": "Failed", "failedReason": "no room"}, ("False", "Failed")),
    ({"conditions": [{"type": "Usable", "status": "False", "reason": "CheckpointDamaged",
                      "message": "a file has changed", "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
     ("False", "CheckpointDamaged")),
], ids=["incomplete", "failed", "damaged"])
def test_a_checkpoint_that_cannot_be_used_is_not_ready(space, status, expected):
    space.checkpoint(space.pod("pod-1"))
    space.patch("checkpoints", "ckp-1", {"status": status}, "status")

    def look():
        ready = space.condition("checkpoints", "ckp-1", "Ready") or {}
        return (ready.get("status"), ready.get("reason")) == expected
    eventually(look, what=f"Ready as {expected}")


# ---- Fields ----

def fields_of(thing, manager):
    """The paths that a field manager owns, to the depth of spec.x and status.x."""
    return {f"{top[2:]}.{name[2:]}" for entry in thing["metadata"]["managedFields"]
            if entry["manager"] == manager
            for top, inner in entry["fieldsV1"].items() for name in inner if name != "."}


def apply_as(kinds, space, manager, name, spec):
    return kinds.kubectl(
        "apply", "--server-side", f"--field-manager={manager}", "-n", space.name, "-f", "-",
        check=False, stdin=json.dumps({
            "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointSchedule",
            "metadata": {"name": name}, "spec": spec}))


def test_a_user_may_own_what_the_annotation_does_not_say(kinds, space):
    workload(space, **{SCHEDULE: "@hourly"})
    schedule_of(space)
    mine = {"retention": {"maxCount": 7}, "suspend": True, "timeZone": "Asia/Tokyo"}
    applied = apply_as(kinds, space, "gitops", "web", mine)
    assert applied.returncode == 0, applied.stderr  # no conflict, nothing forced
    wait_for(space, kinds, "ckps/web", "Ready=False")
    made = schedule_of(space)
    assert fields_of(made, "gitops") == {"spec.retention", "spec.suspend", "spec.timeZone"}
    spec = {path for path in fields_of(made, "kcr-controller") if path.startswith("spec.")}
    assert spec == {"spec.schedule", "spec.selector"}
    # the workload changes again and again, and nobody writes over anybody
    for number in range(5):
        annotate(space, other=str(number))
    never(lambda: schedule_of(space)["metadata"]["resourceVersion"]
          != made["metadata"]["resourceVersion"], 1, "a write without a reason")
    annotate(space, **{SCHEDULE: "@daily", CONTAINERS: "main"})
    wait_for_spec(space, schedule="@daily", containers=["main"], **mine)


def test_a_user_who_wants_a_field_of_the_annotation_is_told_whose_it_is(kinds, space):
    workload(space, **{SCHEDULE: "@hourly"})
    schedule_of(space)
    refused = apply_as(kinds, space, "gitops", "web", {"schedule": "@weekly"})
    assert refused.returncode != 0
    assert 'conflict with "kcr-controller"' in refused.stderr
    assert ".spec.schedule" in refused.stderr


def test_a_user_s_schedule_is_applied_again_and_again_while_it_runs(kinds, space):
    """As a GitOps controller does. The status is written each second meanwhile."""
    def apply(**spec):
        applied = apply_as(kinds, space, "gitops", "mine", {
            "schedule": "@every 1s", "selector": {"matchLabels": {"app": "x"}}, "concurrencyPolicy": "Allow", **spec})
        assert applied.returncode == 0, applied.stderr
        return space.get("checkpointschedules", "mine")

    def owned(thing, manager):
        return {path.split(".")[0] for path in fields_of(thing, manager)}

    space.pod("pod-1")
    made = apply(retention={"maxCount": 7})
    for _ in range(3):
        runs = len(space.requests("mine"))
        eventually(lambda: len(space.requests("mine")) > runs, what="another run")
        made = apply(retention={"maxCount": 7})
    assert (owned(made, "gitops"), owned(made, "kcr-controller")) == ({"spec"}, {"status"})
    assert made["metadata"]["generation"] == 1, "somebody writes what somebody else has written"
    assert "lastRunTime" in made["status"]
    without = apply()  # what the user says nothing of any more is nobody's
    assert without["spec"]["retention"] == {"maxCount": 3}
    assert without["metadata"]["generation"] == 2


def test_the_programs_own_the_status_and_what_they_set(kinds, space, node):
    node.start()
    request = space.request("one")
    wait_for(space, kinds, "ckpr/one", "Complete")
    request = space.get("checkpointrequests", "one")
    assert fields_of(request, "kcr-controller") == {"spec.nodeName"}
    assert {path.split(".")[0] for path in fields_of(request, "kcr-agent")} == {"status"}
    name = request["status"]["checkpointRef"]["name"]
    wait_for(space, kinds, f"ckp/{name}", "Ready")
    checkpoint = space.get("checkpoints", name)
    assert {path.split(".")[0] for path in fields_of(checkpoint, "kcr-controller")} == {"status"}


# ---- Events ----

def test_what_is_said_again_and_again_is_one_event(space, controller):
    workload(space, **{SCHEDULE: "often"})
    eventually(lambda: space.events("InvalidSchedule", "web"), what="the event")
    dropped = 'kcr_events_dropped_total{reason="spam"}'
    before = controller.metric(dropped)
    for number in range(40):
        annotate(space, other=str(number))
        time.sleep(0.02)  # each is reconciled
    eventually(lambda: controller.metric(dropped) > before, what="the end of its patience")
    eventually(lambda: space.events("InvalidSchedule", "web")[0].get("series", {}).get("count")
               == 25, what="a series of as many as client-go lets through")
    assert len(space.events("InvalidSchedule", "web")) == 1


# ---- Roles ----

def may(kinds, user, namespace, verb, resource):
    """Asked of the namespace, of nodes of the whole cluster."""
    resource, _, subresource = resource.partition("/")
    namespace = "" if resource == "checkpointnodes" else namespace
    review = kinds.api.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": {
            "namespace": namespace, "verb": verb, "resource": resource,
            "subresource": subresource, "group": "checkpoint-restore.kcr.io"}}})
    return review["status"]["allowed"]


@pytest.fixture(scope="module")
def roles(kinds):
    """What deploy/install.yaml adds to the roles that every cluster has."""
    objects = (ROOT / "deploy/install.yaml").read_text().split("\n---\n")
    ours = [each for each in objects if "\nkind: ClusterRole\n" in f"\n{each}\n"]
    assert ours, "install.yaml has no ClusterRole"
    kinds.kubectl("apply", "-f", "-", stdin="\n---\n".join(ours))

    def has_them(role):
        found = kinds.api.call("GET", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}")
        return any("checkpoint-restore.kcr.io" in r["apiGroups"] for r in found["rules"])
    for role in ("view", "edit", "admin"):
        eventually(lambda: has_them(role), 30, f"our rules in the role {role}")


OURS = ("checkpointschedules", "checkpointrequests", "restorerequests", "checkpointexports", "checkpoints")
IMPORTS = ("checkpointimports",)
STATUSES = tuple(f"{plural}/status" for plural in OURS)


@pytest.mark.parametrize("role, allowed, denied", [
    ("view", [("get", OURS + IMPORTS), ("list", OURS), ("watch", OURS)],
     [("create", OURS + IMPORTS), ("delete", OURS), ("patch", OURS + STATUSES)]),
    ("edit", [("list", OURS), ("create", OURS[:-1]), ("patch", OURS[:-1]), ("delete", OURS)],
     [("create", OURS[-1:] + IMPORTS), ("patch", OURS[-1:] + STATUSES), ("list", ("checkpointnodes",))]),
    ("admin", [("list", OURS), ("create", OURS[:-1]), ("patch", OURS[:-1]), ("delete", OURS)],
     [("create", OURS[-1:] + IMPORTS), ("patch", OURS[-1:] + STATUSES), ("list", ("checkpointnodes",))]),
], ids=["view", "edit", "admin"])
def test_the_roles_of_a_namespace_reach_our_kinds(kinds, space, roles, role, allowed, denied):
    bindings = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space.name}/rolebindings"
    kinds.api.call("POST", bindings, {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": role, "apiGroup": "rbac.authorization.k8s.io"}]})
    eventually(lambda: may(kinds, role, space.name, "list", "checkpoints"), 10, "the binding")
    found = {(verb, plural): may(kinds, role, space.name, verb, plural)
             for verb, plurals in allowed + denied for plural in plurals}
    expected = {(verb, plural): rules is allowed for rules in (allowed, denied)
                for verb, plurals in rules for plural in plurals}
    assert found == expected
