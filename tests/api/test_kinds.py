"""Our CRDs in a real API server: what it accepts, what it refuses and in which words."""

import json
import pathlib
import re

import pytest

from world import ApiError

SEED = pathlib.Path(__file__).parent / "seed"
GROUP_VERSION = "checkpoint-restore.kcr.io/v1"


def manifest(kind, spec, name="one", **metadata):
    return json.dumps({"apiVersion": GROUP_VERSION, "kind": kind,
                       "metadata": {"name": name, **metadata}, "spec": spec})


def schedule(**spec):
    return manifest("CheckpointSchedule",
                    {"schedule": "*/5 * * * *", "selector": {"matchLabels": {"app": "x"}}, **spec})


def request(**spec):
    return manifest("CheckpointRequest",
                    {"podReference": {"name": "pod-1"}, "containerName": "main", **spec})


def checkpoint(**spec):
    return manifest("Checkpoint", {"containerName": "main", **spec})


def apply(kinds, namespace, text):
    kinds.kubectl("apply", "-n", namespace, "-f", "-", stdin=text)


def refusal(kinds, namespace, text):
    """What the API server says to an object that it must refuse."""
    result = kinds.kubectl("apply", "-n", namespace, "-f", "-", stdin=text, check=False)
    assert result.returncode != 0, f"accepted: {text}"
    return result.stderr


def patch(kinds, namespace, what, change, subresource=None, check=True):
    extra = [f"--subresource={subresource}"] if subresource else []
    return kinds.kubectl("patch", "-n", namespace, what, "--type=merge", *extra,
                         "-p", json.dumps(change), check=check)


def get(kinds, namespace, what):
    return json.loads(kinds.kubectl("get", "-n", namespace, what, "-o", "json").stdout)


def test_all_names_are_accepted(kinds):
    crds = json.loads(kinds.kubectl("get", "crd", "-o", "json").stdout)["items"]
    conditions = {(crd["spec"]["names"]["shortNames"][0], c["type"], c["status"])
                  for crd in crds for c in crd["status"]["conditions"]}
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


def test_every_field_of_an_object_reference_is_accepted(kinds, namespace):
    reference = {"apiVersion": GROUP_VERSION, "kind": "CheckpointSchedule", "name": "s", "uid": "u",
                 "namespace": namespace, "resourceVersion": "1", "fieldPath": "spec.schedule"}
    apply(kinds, namespace, request(checkpointScheduleRef=reference))
    assert get(kinds, namespace, "ckpr/one")["spec"]["checkpointScheduleRef"] == reference


def test_a_schedule_gets_its_defaults(kinds, namespace):
    apply(kinds, namespace, schedule())
    assert get(kinds, namespace, "ckps/one")["spec"] == {
        "schedule": "*/5 * * * *", "selector": {"matchLabels": {"app": "x"}}, "suspend": False,
        "immediate": False,
        "concurrencyPolicy": "Forbid", "timeoutSeconds": 300, "retention": {"maxCount": 3},
        "restore": {"policy": "OnFailure", "stableSeconds": 5, "retryWindowSeconds": 60},
        "failedRequestsHistoryLimit": 3}


def test_a_given_zero_is_not_replaced_by_the_default(kinds, namespace):
    apply(kinds, namespace, schedule(restore={"stableSeconds": 0}))
    restore = get(kinds, namespace, "ckps/one")["spec"]["restore"]
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
def test_a_useful_schedule_is_accepted(kinds, namespace, spec):
    apply(kinds, namespace, schedule(**spec))


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
def test_a_wrong_schedule_is_refused_with_words_that_help(kinds, namespace, spec, words):
    assert words in refusal(kinds, namespace, schedule(**spec))


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
            kinds.api.call("POST", path, json.loads(schedule(**spec)))
        assert words in str(refused.value), spec
        assert str(refused.value).count('"reason":"FieldValueInvalid"') == 1, spec


def test_a_schedule_without_a_schedule_is_refused(kinds, namespace):
    text = manifest("CheckpointSchedule", {"selector": {"matchLabels": {"app": "x"}}})
    assert "spec.schedule: Required value" in refusal(kinds, namespace, text)


@pytest.mark.parametrize("spec, field", [
    ({"podReference": {}}, "spec.podReference.name"),
    ({"podReference": None}, "spec.podReference"),
    ({"containerName": None}, "spec.containerName"),
], ids=json.dumps)
def test_a_request_must_name_a_container(kinds, namespace, spec, field):
    assert f"{field}: Required value" in refusal(kinds, namespace, request(**spec))


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
def test_what_a_request_is_for_stays(kinds, namespace, change, words):
    apply(kinds, namespace, request(checkpointScheduleRef={"name": "s"}))
    patch(kinds, namespace, "ckpr/one", {"spec": {"nodeName": "node-1"}})
    result = patch(kinds, namespace, "ckpr/one", {"spec": change}, check=False)
    assert result.returncode != 0
    assert words in result.stderr


SECRET_SHA256 = "0123456789abcdef" * 4


def export(**spec):
    return manifest("CheckpointExport", {"checkpointName": "one", "secretSHA256": SECRET_SHA256, **spec})


def test_an_export_gets_its_defaults(kinds, namespace):
    apply(kinds, namespace, export())
    made = get(kinds, namespace, "ckpe/one")
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
def test_a_wrong_export_is_refused(kinds, namespace, spec, words):
    assert words in refusal(kinds, namespace, export(**spec))


@pytest.mark.parametrize("change", [
    {"checkpointName": "two"}, {"secretSHA256": "f" * 64}, {"lifetimeSeconds": 86400}, {"nodeName": "node-2"},
], ids=json.dumps)
def test_what_an_export_is_for_stays(kinds, namespace, change):
    apply(kinds, namespace, export())
    patch(kinds, namespace, "ckpe/one", {"spec": {"nodeName": "node-1"}})
    result = patch(kinds, namespace, "ckpe/one", {"spec": change}, check=False)
    assert f"{next(iter(change))} cannot be changed once it is set" in result.stderr


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
def test_a_wrong_import_is_refused(kinds, namespace, spec, words):
    assert words in refusal(kinds, namespace, imported(**spec))


@pytest.mark.parametrize("change, words", [
    ({"nodeName": "node-2"}, "nodeName cannot be changed once it is set"),
    ({"digest": DIGEST.replace("0", "1")}, "digest cannot be changed once it is set"),
    ({"podReference": {"name": "p"}}, "what an import is for cannot be changed; make another one"),
], ids=json.dumps)
def test_what_an_import_is_for_stays(kinds, namespace, change, words):
    apply(kinds, namespace, imported())
    assert words in patch(kinds, namespace, "ckpi/one", {"spec": change}, check=False).stderr


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


def test_the_facts_of_a_checkpoint_stay(kinds, namespace):
    apply(kinds, namespace, checkpoint(**FACTS))
    for name, value in OTHER_FACTS.items():
        result = patch(kinds, namespace, "ckp/one", {"spec": {name: value}}, check=False)
        assert f"{name} cannot be changed once it is set" in result.stderr
        result = patch(kinds, namespace, "ckp/one", {"spec": {name: None}}, check=False)
        assert f"{name} cannot be removed once it is set" in result.stderr


def test_a_fact_of_a_checkpoint_may_be_added(kinds, namespace):
    apply(kinds, namespace, checkpoint())
    patch(kinds, namespace, "ckp/one", {"spec": FACTS})
    assert get(kinds, namespace, "ckp/one")["spec"] == {"containerName": "main", **FACTS}


def test_status_is_written_through_its_subresource_only(kinds, namespace):
    apply(kinds, namespace, request())
    patch(kinds, namespace, "ckpr/one", {"status": {"phase": "Completed"}})
    assert get(kinds, namespace, "ckpr/one")["status"] == {"phase": "Pending"}
    patch(kinds, namespace, "ckpr/one", {"status": {"phase": "InProgress"}}, subresource="status")
    assert get(kinds, namespace, "ckpr/one")["status"] == {"phase": "InProgress"}


def test_a_status_from_an_older_view_is_refused(kinds, namespace):
    apply(kinds, namespace, request())
    seen = get(kinds, namespace, "ckpr/one")["metadata"]["resourceVersion"]

    def apply_status(phase, check):
        body = json.dumps({
            "apiVersion": GROUP_VERSION, "kind": "CheckpointRequest",
            "metadata": {"name": "one", "namespace": namespace, "resourceVersion": seen},
            "status": {"phase": phase}})
        return kinds.kubectl("apply", "--server-side", "--force-conflicts", "--subresource=status",
                             "--field-manager=agent", "-f", "-", stdin=body, check=check)

    apply_status("InProgress", check=True)
    assert "the object has been modified" in apply_status("Failed", check=False).stderr
    assert get(kinds, namespace, "ckpr/one")["status"] == {"phase": "InProgress"}


def test_an_unknown_phase_is_refused(kinds, namespace):
    apply(kinds, namespace, request())
    result = patch(kinds, namespace, "ckpr/one", {"status": {"phase": "Odd"}},
                   subresource="status", check=False)
    assert 'supported values: "Pending", "InProgress", "Completed", "Failed"' in result.stderr


@pytest.mark.parametrize("kind, make, field, other", [
    ("ckpr", lambda: request(nodeName="node-1"), "spec.nodeName=node-1", "node-2"),
    ("ckpr", request, "spec.podReference.name=pod-1", "pod-2"),
    ("ckpr", request, "status.phase=Completed", "Failed"),
    ("ckp", lambda: checkpoint(nodeName="node-1"), "spec.nodeName=node-1", "node-2"),
    ("ckp", lambda: checkpoint(podReference={"name": "p"}), "spec.podReference.name=p", "q"),
    ("ckps", lambda: schedule(suspend=True), "spec.suspend=true", "false"),
], ids=lambda value: value if isinstance(value, str) and "=" in value else None)
def test_objects_are_selected_by_what_matters(kinds, namespace, kind, make, field, other):
    apply(kinds, namespace, make())
    if field.startswith("status.phase"):
        patch(kinds, namespace, f"{kind}/one", {"status": {"phase": "Completed"}}, "status")
    for selector, expected in ((field, 1), (f"{field.split('=')[0]}={other}", 0)):
        found = kinds.kubectl("get", kind, "-n", namespace, "-o", "name",
                              f"--field-selector={selector}").stdout
        assert len(found.splitlines()) == expected


def condition(kind, status, reason):
    return {"type": kind, "status": status, "reason": reason, "message": "in words",
            "lastTransitionTime": "2026-11-21T22:00:00Z", "observedGeneration": 1}


def columns(kinds, namespace, kind, *options):
    """The header and the only row of a table, cut at runs of two or more spaces."""
    lines = kinds.kubectl("get", kind, "-n", namespace, *options).stdout.splitlines()
    return [re.split(r" {2,}", line.strip()) for line in lines]


def test_the_table_of_schedules_tells_what_matters(kinds, namespace):
    apply(kinds, namespace, schedule())
    patch(kinds, namespace, "ckps/one", subresource="status", change={"status": {
        "active": 0, "lastRunTime": "2026-01-01T00:00:00Z", "nextRunTime": "2099-01-01T00:00:00Z",
        "conditions": [condition("Ready", "True", "Scheduled")]}})
    header, row = columns(kinds, namespace, "ckps")
    # two words are one column: kubectl separates columns by three spaces
    assert header == ["NAME", "SCHEDULE", "SUSPEND", "ACTIVE", "LAST RUN", "NEXT RUN", "READY",
                      "AGE"]
    assert row[:4] == ["one", "*/5 * * * *", "false", "0"]
    assert re.fullmatch(r"\d+[dhmy].*", row[4])
    assert row[5:7] == ["2099-01-01T00:00:00Z", "True"]


def test_the_table_of_requests_tells_what_matters(kinds, namespace):
    apply(kinds, namespace, request(nodeName="node-1"))
    patch(kinds, namespace, "ckpr/one", subresource="status", change={"status": {
        "phase": "Completed", "message": "all well", "checkpointRef": {"name": "c", "uid": "u"}}})
    header, row = columns(kinds, namespace, "ckpr", "-o", "wide")
    assert header == ["NAME", "PHASE", "POD", "CONTAINER", "CHECKPOINT", "NODE", "MESSAGE", "AGE"]
    assert row[:7] == ["one", "Completed", "pod-1", "main", "c", "node-1", "all well"]


def test_a_request_is_pending_before_anybody_has_written_its_status(kinds, namespace):
    apply(kinds, namespace, request())
    assert columns(kinds, namespace, "ckpr")[1][:4] == ["one", "Pending", "pod-1", "main"]


def test_the_table_of_checkpoints_tells_what_matters(kinds, namespace):
    apply(kinds, namespace, checkpoint(**FACTS))
    patch(kinds, namespace, "ckp/one", subresource="status", change={"status": {
        "phase": "ImageBuilt", "sizeBytes": 67108864, "size": "64Mi", "frozenMicroseconds": 23000,
        "frozen": "23ms", "runtimeImage": "localhost:1/a@sha256:0",
        "conditions": [condition("Restorable", "False", "NotYetStable")]}})
    header, row = columns(kinds, namespace, "ckp", "-o", "wide")
    assert header == ["NAME", "POD", "CONTAINER", "PHASE", "SIZE", "FROZEN", "RESTORABLE",
                      "REASON", "NODE", "IMAGE", "AGE"]
    assert row[:10] == ["one", "p", "main", "ImageBuilt", "64Mi", "23ms", "False", "NotYetStable",
                        "node-1", "localhost:1/a@sha256:0"]


def test_the_table_of_nodes_tells_what_matters(kinds):
    name = "one.example.com"  # as Nodes are called
    kinds.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": GROUP_VERSION, "kind": "CheckpointNode", "metadata": {"name": name}}))
    try:
        kinds.kubectl("patch", "ckn", name, "--type=merge", "--subresource=status", "-p", json.dumps(
            {"status": {
                "kernelVersion": "6.18.1", "engine": "containerd://2.4.2", "criuVersion": "4.2.1",
                "strategies": [{"name": "Runtime", "offered": "True"}],
                "strategiesOffered": "Runtime",
                "store": {"used": "64Mi", "usedBytes": 67108864, "checkpoints": 3, "freeBytes": 1},
                "conditions": [condition("Ready", "True", "StrategyOffered")]}}))
        lines = kinds.kubectl("get", "ckn", name, "-o", "wide").stdout.splitlines()
        header, row = (re.split(r" {2,}", line.strip()) for line in lines)
        assert header == ["NAME", "KERNEL", "ENGINE", "CRIU", "STRATEGIES", "STORE", "CHECKPOINTS",
                          "READY", "REASON", "AGE"]
        assert row[:9] == [name, "6.18.1", "containerd://2.4.2", "4.2.1", "Runtime", "64Mi", "3",
                           "True", "StrategyOffered"]
        magic = kinds.kubectl(
            "patch", "ckn", name, "--type=merge", "--subresource=status", "-p",
            json.dumps({"status": {"strategies": [{"name": "Magic", "offered": "True"}]}}),
            check=False)
        assert magic.returncode != 0
        assert 'supported values: "Runtime", "Image"' in magic.stderr
    finally:
        kinds.kubectl("delete", "ckn", name)


def test_the_category_lists_all_kinds(kinds, namespace):
    kinds.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": GROUP_VERSION, "kind": "CheckpointNode", "metadata": {"name": "listed"}}))
    try:
        for text in (schedule(), request(), checkpoint()):
            apply(kinds, namespace, text)
        names = kinds.kubectl("get", "kcr", "-n", namespace, "-o", "name").stdout.split()
        ours = {f"{kind}.checkpoint-restore.kcr.io/one" for kind in (
            "checkpoint", "checkpointrequest", "checkpointschedule")}
        assert ours | {"checkpointnode.checkpoint-restore.kcr.io/listed"} <= set(names)
    finally:
        kinds.kubectl("delete", "ckn", "listed")


@pytest.mark.parametrize("kind", ["ckps", "ckpr", "ckrr", "ckpe", "ckpi", "ckp", "ckn"])
def test_explain_has_a_sentence_for_every_field(kinds, kind):
    crds = json.loads(kinds.kubectl("get", "crd", "-o", "json").stdout)["items"]
    crd = next(c for c in crds if c["spec"]["names"]["shortNames"] == [kind])
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    def missing(node, path):
        for name, field in node.get("properties", {}).items():
            if name != "metadata" and not field.get("description", "").endswith("."):
                yield f"{path}.{name}"
            yield from missing(field.get("items", field), f"{path}.{name}")

    assert list(missing(schema, kind)) == []
    assert "DESCRIPTION" in kinds.kubectl("explain", f"{kind}.status").stdout
