"""Our CRDs in a real API server: what it accepts, what it refuses and in which words."""

import json
import pathlib
import re

import pytest

from world import GROUP, ApiError, Space

SEED = pathlib.Path(__file__).parent / "seed"
GROUP_VERSION = "checkpoint-restore.kcr.io/v1"
NODES = f"{GROUP}/checkpointnodes"
PLURALS = {"ckps": "checkpointschedules", "ckpr": "checkpointrequests", "ckp": "checkpoints",
           "ckpe": "checkpointexports", "ckpi": "checkpointimports"}


@pytest.fixture(scope="module")
def emptied(kinds):
    made = Space(kinds.api, "test-kinds")
    kinds.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": made.name}})
    yield made
    kinds.api.call("DELETE", f"/api/v1/namespaces/{made.name}")


@pytest.fixture
def space(emptied):
    """One namespace for all tests of this file, none of which has a program in it; each leaves it empty."""
    yield emptied
    for plural in PLURALS.values():
        emptied.api.call("DELETE", emptied.path(plural))


def manifest(kind, spec, name="one", **metadata):
    return {"apiVersion": GROUP_VERSION, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def schedule(**spec):
    return manifest("CheckpointSchedule",
                    {"schedule": "*/5 * * * *", "selector": {"matchLabels": {"app": "x"}}, **spec})


def request(**spec):
    return manifest("CheckpointRequest",
                    {"podReference": {"name": "pod-1"}, "containerName": "main", **spec})


def checkpoint(**spec):
    return manifest("Checkpoint", {"containerName": "main", **spec})


def node(name):
    return {"apiVersion": GROUP_VERSION, "kind": "CheckpointNode", "metadata": {"name": name}}


def apply(space, thing):
    """As strictly as by `kubectl apply`."""
    space.api.call("POST", f"{space.path(thing['kind'].lower() + 's')}?fieldValidation=Strict", thing)


def patch(space, what, change, subresource=None):
    short, name = what.split("/")
    space.patch(PLURALS[short], name, change, subresource)


def get(space, what):
    short, name = what.split("/")
    return space.get(PLURALS[short], name)


def refusal(send, *what):
    """What the API server says to what it must refuse."""
    with pytest.raises(ApiError) as refused:
        send(*what)
    return refused.value.message


def crds(kinds):
    return kinds.api.call("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]


def test_all_names_are_accepted(kinds):
    conditions = {(crd["spec"]["names"]["shortNames"][0], c["type"], c["status"])
                  for crd in crds(kinds) for c in crd["status"]["conditions"]}
    for short_name in ("ckps", "ckpr", "ckrr", "ckpe", "ckpi", "ckp", "ckn"):
        assert (short_name, "NamesAccepted", "True") in conditions
        assert (short_name, "Established", "True") in conditions
    assert not [c for c in conditions if c[1] == "NonStructuralSchema"]


@pytest.mark.parametrize("name", ["schedule", "request", "checkpoint"])
def test_the_manifests_of_the_seed_apply_unchanged(kinds, name):
    result = kinds.kubectl("apply", "--validate=strict", "-f", SEED / f"{name}.yaml")
    assert result.stdout.strip().endswith("created")
    assert "warning" not in result.stderr.lower()
    # its owner is not there, so the garbage collector may have taken it already
    kinds.kubectl("delete", "--ignore-not-found", "-f", SEED / f"{name}.yaml")


def test_every_field_of_an_object_reference_is_accepted(space):
    reference = {"apiVersion": GROUP_VERSION, "kind": "CheckpointSchedule", "name": "s", "uid": "u",
                 "namespace": space.name, "resourceVersion": "1", "fieldPath": "spec.schedule"}
    apply(space, request(checkpointScheduleRef=reference))
    assert get(space, "ckpr/one")["spec"]["checkpointScheduleRef"] == reference


def test_a_schedule_gets_its_defaults(space):
    apply(space, schedule())
    assert get(space, "ckps/one")["spec"] == {
        "schedule": "*/5 * * * *", "selector": {"matchLabels": {"app": "x"}}, "suspend": False,
        "immediate": False,
        "concurrencyPolicy": "Forbid", "timeoutSeconds": 300, "retention": {"maxCount": 3},
        "restore": {"policy": "OnFailure", "stableSeconds": 5, "retryWindowSeconds": 60},
        "failedRequestsHistoryLimit": 3}


def test_a_given_zero_is_not_replaced_by_the_default(space):
    apply(space, schedule(restore={"stableSeconds": 0}))
    restore = get(space, "ckps/one")["spec"]["restore"]
    assert restore == {"policy": "OnFailure", "stableSeconds": 0, "retryWindowSeconds": 60}


@pytest.mark.parametrize("spec", [
    {"schedule": "0 0 1,15 * MON-FRI"},
    {"schedule": "  */5  *\t* *   * "},
    {"schedule": " @every 1h30m "},
    {"schedule": "0,30-40/5,5/15,*/07 ?/2 01,31 jan-JUN,12 Mon-5,7"},
    {"timeZone": "America/Argentina/Buenos_Aires"},
    {"timeZone": "Etc/GMT+5"},
    {"selector": {}},
    {"selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}},
    {"retention": {"maxAge": "1h30m"}},
    {"containers": ["a", "b"], "suspend": True, "startingDeadlineSeconds": 0},
], ids=json.dumps)
def test_a_useful_schedule_is_accepted(space, spec):
    apply(space, schedule(**spec))


@pytest.mark.parametrize("spec, words", [
    ({"schedule": ""}, "expected five fields"),
    ({"schedule": "* * * *"}, "expected five fields (minute, hour, day of month, month, day of"),
    ({"schedule": "0 * * * * *"}, "expected five fields"),
    ({"schedule": "TZ=UTC * * * * *"}, "set spec.timeZone instead"),
    ({"schedule": "CRON_TZ=UTC * * * * *"}, "set spec.timeZone instead"),
    ({"schedule": "x" * 1025}, "Too long: may not be more than 1024"),
    ({"timeZone": "Local"}, "name an IANA zone such as Europe/Berlin"),
    ({"timeZone": "LOCAL"}, "name an IANA zone such as Europe/Berlin"),
    ({"timeZone": "../../etc/passwd"}, "expected the name of an IANA zone"),
    ({"timeZone": "/etc/passwd"}, "expected the name of an IANA zone"),
    ({"concurrencyPolicy": "Queue"}, 'supported values: "Forbid", "Allow", "Replace"'),
    ({"timeoutSeconds": 0}, "should be greater than or equal to 1"),
    ({"timeoutSeconds": 3601}, "should be less than or equal to 3600"),
    ({"retention": {"maxCount": 0}}, "should be greater than or equal to 1"),
    ({"retention": {"maxAge": "3d"}}, "expected a duration such as 12h or 1h30m"),
    ({"restore": {"policy": "Maybe"}}, 'supported values: "OnFailure", "Always", "Never"'),
    ({"containers": ["c"] * 65}, "must have at most 64 items"),
    ({"shedule": "* * * * *"}, 'unknown field "spec.shedule"'),
    ({"successfulRequestsHistoryLimit": 3}, 'unknown field "spec.successfulRequestsHistoryLimit"'),
], ids=lambda value: value[:20] if isinstance(value, str) else json.dumps(value)[:40])
def test_a_wrong_schedule_is_refused_with_words_that_help(space, spec, words):
    assert words in refusal(apply, space, schedule(**spec))


MINUTE, HOUR = "the minute (first field) must be of 0-59", "the hour (second field) must be of 0-23"
DAY, MONTH = "the day of month (third field) must be of 1-31", "must be of 1-12 or jan-dec"
WEEKDAY, MACRO = "the day of week (fifth field) must be of 0-7", "expected @hourly, @daily"
ZONE = "expected the name of an IANA zone"
REFUSED = [
    *(({"schedule": text}, words) for text, words in (
        ("61 * * * *", MINUTE), ("1,,2 * * * *", MINUTE), ("*/0 * * * *", MINUTE),
        ("-1 * * * *", MINUTE), ("0 24 * * *", HOUR), ("0 1-25 * * *", HOUR), ("0 0 0 * *", DAY),
        ("0 0 L * *", DAY), ("0 0 * 13 *", MONTH), ("0 0 * 0 *", MONTH), ("0 0 * janu *", MONTH),
        ("0 0 * * 8", WEEKDAY), ("0 0 * * mon#1", WEEKDAY), (" 0\t0 *  * *-5", WEEKDAY),
        ("@sometimes", MACRO), ("@every day", MACRO), ("@ * * * *", MACRO), ("@Hourly", MACRO),
        ("TZ=UTC * * * *", "set spec.timeZone instead"))),
    *(({"timeZone": text}, ZONE) for text in ("Europe/", "UTC; rm", "-5", "Europe//Berlin")),
    ({"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}, "need values"),
    ({"selector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}},
     "DoesNotExist take none"),
]


def test_one_mistake_is_refused_with_one_message(kinds):
    path = f"/apis/{GROUP_VERSION}/namespaces/default/checkpointschedules?dryRun=All"
    for spec, words in REFUSED:
        with pytest.raises(ApiError) as refused:
            kinds.api.call("POST", path, schedule(**spec))
        assert words in str(refused.value), spec
        assert str(refused.value).count('"reason":"FieldValueInvalid"') == 1, spec


def test_a_schedule_without_a_schedule_is_refused(space):
    thing = manifest("CheckpointSchedule", {"selector": {"matchLabels": {"app": "x"}}})
    assert "spec.schedule: Required value" in refusal(apply, space, thing)


@pytest.mark.parametrize("spec, field", [
    ({"podReference": {}}, "spec.podReference.name"),
    ({"podReference": None}, "spec.podReference"),
    ({"containerName": None}, "spec.containerName"),
], ids=json.dumps)
def test_a_request_must_name_a_container(space, spec, field):
    assert f"{field}: Required value" in refusal(apply, space, request(**spec))


@pytest.mark.parametrize("change, words", [
    ({"podReference": {"name": "pod-2"}}, "podReference cannot be changed once it is set"),
    ({"containerName": "other"}, "containerName cannot be changed once it is set"),
    ({"nodeName": "node-2"}, "nodeName cannot be changed once it is set"),
    ({"nodeName": None}, "nodeName cannot be removed once it is set"),
    ({"timeoutSeconds": 10}, "timeoutSeconds cannot be changed once it is set"),
    ({"checkpointScheduleRef": {"name": "t"}},
     "checkpointScheduleRef cannot be changed once it is set"),
    ({"checkpointScheduleRef": None}, "checkpointScheduleRef cannot be removed once it is set"),
], ids=json.dumps)
def test_what_a_request_is_for_stays(space, change, words):
    apply(space, request(checkpointScheduleRef={"name": "s"}))
    patch(space, "ckpr/one", {"spec": {"nodeName": "node-1"}})
    assert words in refusal(patch, space, "ckpr/one", {"spec": change})


SECRET_SHA256 = "0123456789abcdef" * 4


def export(**spec):
    return manifest("CheckpointExport", {"checkpointName": "one", "secretSHA256": SECRET_SHA256, **spec})


def test_an_export_gets_its_defaults(space):
    apply(space, export())
    made = get(space, "ckpe/one")
    assert made["spec"] == {"checkpointName": "one", "secretSHA256": SECRET_SHA256,
                            "lifetimeSeconds": 3600, "ttlSecondsAfterFinished": 86400}
    assert made["status"] == {"phase": "Pending"}


@pytest.mark.parametrize("spec, words", [
    ({"checkpointName": None}, "spec.checkpointName: Required value"),
    ({"secretSHA256": None}, "spec.secretSHA256: Required value"),
    ({"secretSHA256": SECRET_SHA256[1:]}, "should match '^[0-9a-f]{64}$'"),
    ({"secretSHA256": SECRET_SHA256.upper()}, "should match '^[0-9a-f]{64}$'"),
    ({"lifetimeSeconds": 59}, "should be greater than or equal to 60"),
    ({"lifetimeSeconds": 86401}, "should be less than or equal to 86400"),
], ids=json.dumps)
def test_a_wrong_export_is_refused(space, spec, words):
    assert words in refusal(apply, space, export(**spec))


@pytest.mark.parametrize("change", [
    {"checkpointName": "two"}, {"secretSHA256": "f" * 64}, {"lifetimeSeconds": 86400}, {"nodeName": "node-2"},
], ids=json.dumps)
def test_what_an_export_is_for_stays(space, change):
    apply(space, export())
    patch(space, "ckpe/one", {"spec": {"nodeName": "node-1"}})
    told = refusal(patch, space, "ckpe/one", {"spec": change})
    assert f"{next(iter(change))} cannot be changed once it is set" in told


DIGEST = "sha256:" + SECRET_SHA256


def imported(**spec):
    return manifest("CheckpointImport", {"nodeName": "node-1", "sizeBytes": 1, "digest": DIGEST,
                                         "secretSHA256": SECRET_SHA256, **spec})


@pytest.mark.parametrize("spec, words", [
    ({"nodeName": None}, "spec.nodeName: Required value"),
    ({"sizeBytes": 0}, "should be greater than or equal to 1"),
    ({"digest": DIGEST[:-1]}, "should match '^sha256:[0-9a-f]{64}$'"),
    ({"secretSHA256": None}, "spec.secretSHA256: Required value"),
    ({"podReference": {}}, "spec.podReference.name: Required value"),
], ids=json.dumps)
def test_a_wrong_import_is_refused(space, spec, words):
    assert words in refusal(apply, space, imported(**spec))


@pytest.mark.parametrize("change, words", [
    ({"nodeName": "node-2"}, "nodeName cannot be changed once it is set"),
    ({"digest": DIGEST.replace("0", "1")}, "digest cannot be changed once it is set"),
    ({"podReference": {"name": "p"}}, "what an import is for cannot be changed; make another one"),
], ids=json.dumps)
def test_what_an_import_is_for_stays(space, change, words):
    apply(space, imported())
    assert words in refusal(patch, space, "ckpi/one", {"spec": change})


FACTS = {
    "checkpointData": "a.tar", "checkpointID": "id", "checkpointTimestamp": "2026-11-21T22:00:00Z",
    "nodeName": "node-1", "podReference": {"name": "p", "namespace": "n", "uid": "u"},
    "workloadReference": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "u"},
    "containerID": "containerd://1", "image": "i", "imageID": "i@sha256:1", "templateHash": "h",
    "wasReady": True,
}
OTHER_FACTS = {
    **dict.fromkeys(FACTS, "other"), "checkpointTimestamp": "2026-11-21T22:00:01Z",
    "podReference": {"uid": "v"}, "workloadReference": {"uid": "v"}, "wasReady": False,
}


def test_the_facts_of_a_checkpoint_stay(space):
    apply(space, checkpoint(**FACTS))
    for name, value in OTHER_FACTS.items():
        told = refusal(patch, space, "ckp/one", {"spec": {name: value}})
        assert f"{name} cannot be changed once it is set" in told
        told = refusal(patch, space, "ckp/one", {"spec": {name: None}})
        assert f"{name} cannot be removed once it is set" in told


def test_a_fact_of_a_checkpoint_may_be_added(space):
    apply(space, checkpoint())
    patch(space, "ckp/one", {"spec": FACTS})
    assert get(space, "ckp/one")["spec"] == {"containerName": "main", **FACTS}


def test_status_is_written_through_its_subresource_only(space):
    apply(space, request())
    patch(space, "ckpr/one", {"status": {"phase": "Completed"}})
    assert get(space, "ckpr/one")["status"] == {"phase": "Pending"}
    patch(space, "ckpr/one", {"status": {"phase": "InProgress"}}, subresource="status")
    assert get(space, "ckpr/one")["status"] == {"phase": "InProgress"}


def test_a_status_from_an_older_view_is_refused(space):
    apply(space, request())
    seen = get(space, "ckpr/one")["metadata"]["resourceVersion"]

    def apply_status(phase):
        """As `kubectl apply --server-side --force-conflicts --subresource=status`."""
        space.api.call("PATCH", space.path("checkpointrequests", "one", "status") + "?fieldManager=agent&force=true", {
            "apiVersion": GROUP_VERSION, "kind": "CheckpointRequest",
            "metadata": {"name": "one", "resourceVersion": seen}, "status": {"phase": phase}},
            "application/apply-patch+yaml")

    apply_status("InProgress")
    assert "the object has been modified" in refusal(apply_status, "Failed")
    assert get(space, "ckpr/one")["status"] == {"phase": "InProgress"}


def test_an_unknown_phase_is_refused(space):
    apply(space, request())
    told = refusal(patch, space, "ckpr/one", {"status": {"phase": "Odd"}}, "status")
    assert 'supported values: "Pending", "InProgress", "Completed", "Failed"' in told


@pytest.mark.parametrize("kind, make, field, other", [
    ("ckpr", lambda: request(nodeName="node-1"), "spec.nodeName=node-1", "node-2"),
    ("ckpr", request, "spec.podReference.name=pod-1", "pod-2"),
    ("ckpr", request, "status.phase=Completed", "Failed"),
    ("ckp", lambda: checkpoint(nodeName="node-1"), "spec.nodeName=node-1", "node-2"),
    ("ckp", lambda: checkpoint(podReference={"name": "p"}), "spec.podReference.name=p", "q"),
    ("ckps", lambda: schedule(suspend=True), "spec.suspend=true", "false"),
], ids=lambda value: value if isinstance(value, str) and "=" in value else None)
def test_objects_are_selected_by_what_matters(space, kind, make, field, other):
    apply(space, make())
    if field.startswith("status.phase"):
        patch(space, f"{kind}/one", {"status": {"phase": "Completed"}}, "status")
    for selector, expected in ((field, 1), (f"{field.split('=')[0]}={other}", 0)):
        found = space.api.call("GET", f"{space.path(PLURALS[kind])}?fieldSelector={selector}")
        assert len(found["items"]) == expected


def condition(kind, status, reason):
    return {"type": kind, "status": status, "reason": reason, "message": "in words",
            "lastTransitionTime": "2026-11-21T22:00:00Z", "observedGeneration": 1}


def columns(kinds, space, kind, *options):
    """The header and the only row of a table, cut at runs of two or more spaces."""
    lines = kinds.kubectl("get", kind, "-n", space.name, *options).stdout.splitlines()
    return [re.split(r" {2,}", line.strip()) for line in lines]


def test_the_table_of_schedules_tells_what_matters(kinds, space):
    apply(space, schedule())
    patch(space, "ckps/one", subresource="status", change={"status": {
        "active": 0, "lastRunTime": "2026-01-01T00:00:00Z", "nextRunTime": "2099-01-01T00:00:00Z",
        "conditions": [condition("Ready", "True", "Scheduled")]}})
    header, row = columns(kinds, space, "ckps")
    # two words are one column: kubectl separates columns by three spaces
    assert header == ["NAME", "SCHEDULE", "SUSPEND", "ACTIVE", "LAST RUN", "NEXT RUN", "READY",
                      "AGE"]
    assert row[:4] == ["one", "*/5 * * * *", "false", "0"]
    assert re.fullmatch(r"\d+[dhmy].*", row[4])
    assert row[5:7] == ["2099-01-01T00:00:00Z", "True"]


def test_the_table_of_requests_tells_what_matters(kinds, space):
    apply(space, request(nodeName="node-1"))
    patch(space, "ckpr/one", subresource="status", change={"status": {
        "phase": "Completed", "message": "all well", "checkpointRef": {"name": "c", "uid": "u"}}})
    header, row = columns(kinds, space, "ckpr", "-o", "wide")
    assert header == ["NAME", "PHASE", "POD", "CONTAINER", "CHECKPOINT", "NODE", "MESSAGE", "AGE"]
    assert row[:7] == ["one", "Completed", "pod-1", "main", "c", "node-1", "all well"]


def test_a_request_is_pending_before_anybody_has_written_its_status(kinds, space):
    apply(space, request())
    assert columns(kinds, space, "ckpr")[1][:4] == ["one", "Pending", "pod-1", "main"]


def test_the_table_of_checkpoints_tells_what_matters(kinds, space):
    apply(space, checkpoint(**FACTS))
    patch(space, "ckp/one", subresource="status", change={"status": {
        "phase": "ImageBuilt", "sizeBytes": 67108864, "size": "64Mi", "frozenMicroseconds": 23000,
        "frozen": "23ms", "runtimeImage": "localhost:1/a@sha256:0",
        "conditions": [condition("Restorable", "False", "NotYetStable")]}})
    header, row = columns(kinds, space, "ckp", "-o", "wide")
    assert header == ["NAME", "POD", "CONTAINER", "PHASE", "SIZE", "FROZEN", "RESTORABLE",
                      "REASON", "NODE", "IMAGE", "AGE"]
    assert row[:10] == ["one", "p", "main", "ImageBuilt", "64Mi", "23ms", "False", "NotYetStable",
                        "node-1", "localhost:1/a@sha256:0"]


def test_the_table_of_nodes_tells_what_matters(kinds):
    name = "one.example.com"  # as Nodes are called
    kinds.api.call("POST", NODES, node(name))

    def patch_status(change):
        kinds.api.call("PATCH", f"{NODES}/{name}/status", {"status": change}, "application/merge-patch+json")

    try:
        patch_status({
            "kernelVersion": "6.18.1", "engine": "containerd://2.4.2", "criuVersion": "4.2.1",
            "strategies": [{"name": "Runtime", "offered": "True"}],
            "strategiesOffered": "Runtime",
            "store": {"used": "64Mi", "usedBytes": 67108864, "checkpoints": 3, "freeBytes": 1},
            "conditions": [condition("Ready", "True", "StrategyOffered")]})
        lines = kinds.kubectl("get", "ckn", name, "-o", "wide").stdout.splitlines()
        header, row = (re.split(r" {2,}", line.strip()) for line in lines)
        assert header == ["NAME", "KERNEL", "ENGINE", "CRIU", "STRATEGIES", "STORE", "CHECKPOINTS",
                          "READY", "REASON", "AGE"]
        assert row[:9] == [name, "6.18.1", "containerd://2.4.2", "4.2.1", "Runtime", "64Mi", "3",
                           "True", "StrategyOffered"]
        told = refusal(patch_status, {"strategies": [{"name": "Magic", "offered": "True"}]})
        assert 'supported values: "Runtime", "Image"' in told
    finally:
        kinds.api.call("DELETE", f"{NODES}/{name}")


def test_the_category_lists_all_kinds(kinds, space):
    kinds.api.call("POST", NODES, node("listed"))
    try:
        for thing in (schedule(), request(), checkpoint()):
            apply(space, thing)
        names = kinds.kubectl("get", "kcr", "-n", space.name, "-o", "name").stdout.split()
        ours = {f"{kind}.checkpoint-restore.kcr.io/one" for kind in (
            "checkpoint", "checkpointrequest", "checkpointschedule")}
        assert ours | {"checkpointnode.checkpoint-restore.kcr.io/listed"} <= set(names)
    finally:
        kinds.api.call("DELETE", f"{NODES}/listed")


@pytest.mark.parametrize("kind", ["ckps", "ckpr", "ckrr", "ckpe", "ckpi", "ckp", "ckn"])
def test_explain_has_a_sentence_for_every_field(kinds, kind):
    crd = next(c for c in crds(kinds) if c["spec"]["names"]["shortNames"] == [kind])
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    def missing(node, path):
        for name, field in node.get("properties", {}).items():
            if name != "metadata" and not field.get("description", "").endswith("."):
                yield f"{path}.{name}"
            yield from missing(field.get("items", field), f"{path}.{name}")

    assert list(missing(schema, kind)) == []
    assert "DESCRIPTION" in kinds.kubectl("explain", f"{kind}.status").stdout
