"""kubectl-kcr as its users call it, with the rights of our roles only, against a real API server."""

import json
import re
import subprocess
import time
import xml.etree.ElementTree

import pytest

from user import User, checkpoint
from world import ADDRESS, GROUP, PORT, eventually, owner_of, stamp

def test_list_shows_what_matters_newest_first(viewer, two):
    rows = viewer.table("list")
    assert list(rows[0]) == ["NAME", "WORKLOAD", "POD", "CONTAINER", "AGE", "SIZE", "FROZEN", "PHASE",
                             "RESTORABLE", "REASON"]
    assert [row["NAME"] for row in rows] == ["third", "new", "old"]
    assert rows[0]["WORKLOAD"] == "pod/lone"
    assert {k: rows[1][k] for k in ("WORKLOAD", "POD", "SIZE", "FROZEN", "PHASE", "RESTORABLE")} == {
        "WORKLOAD": "deployment/web", "POD": "web-5d6f-x", "SIZE": "100Mi", "FROZEN": "131ms",
        "PHASE": "ImageBuilt", "RESTORABLE": "True"}
    assert (rows[2]["AGE"], rows[2]["RESTORABLE"], rows[2]["REASON"]) == ("2h0m", "False", "NotStable")


def test_list_takes_workloads_pods_names_and_selectors(viewer, two, space):
    def names(*arguments):
        return [row["NAME"] for row in viewer.table("list", *arguments)]
    assert names("deploy/web") == ["new", "old"]
    assert names("pod/lone") == ["third"]
    assert names("old", "third") == ["third", "old"]
    space.patch("checkpoints", "old", {"metadata": {"labels": {"kept": "yes"}}})
    assert names("-l", "kept=yes") == ["old"]


def test_list_sorts_by_columns_and_fields(viewer, two):
    def names(by):
        return [row["NAME"] for row in viewer.table("list", f"--sort-by={by}")]
    assert names("age") == ["third", "new", "old"]
    assert names("-size") == ["new", "old", "third"]
    assert names(".metadata.name") == ["new", "old", "third"]
    assert names("{.status.sizeBytes}") == ["third", "old", "new"]
    refused = viewer.kcr("list", "--sort-by=weight", status=1).stderr
    assert refused.startswith("Error: --sort-by: there is no column 'weight'; there are: NAME, ")


def test_list_writes_what_programs_read(viewer, two, space):
    listed = json.loads(viewer.kcr("list", "-o", "json").stdout)
    assert listed["kind"] == "List" and len(listed["items"]) == 3
    one = json.loads(viewer.kcr("list", "old", "-o=json").stdout)
    stored = space.get("checkpoints", "old")
    stored["metadata"].pop("managedFields")
    assert one == stored
    assert viewer.lines("list", "old", "-oname") == ["checkpoint.checkpoint-restore.kcr.io/old"]
    yaml = viewer.kcr("list", "old", "-o", "yaml").stdout
    assert "kind: Checkpoint\n" in yaml and "managedFields" not in yaml
    assert [name.split("/")[1] for name in viewer.lines("list", "-o", "name", "--sort-by=-age")] == [
        "old", "new", "third"]
    assert viewer.lines("list", "old", "--no-headers")[0].startswith("old   deployment/web")
    assert "STRATEGY" in viewer.lines("list", "-o", "wide")[0]
    assert "\033" not in viewer.kcr("list").stdout


def test_list_tells_what_is_not_there(viewer):
    result = viewer.kcr("list")
    assert result.stdout == ""
    assert result.stderr == f"No checkpoints found in namespace {viewer.space.name}.\n"
    assert "there is no checkpoint 'x' in namespace" in viewer.kcr("list", "x", status=1).stderr


def test_list_watches(viewer, two, space):
    watching = viewer.start("list", "deploy/web", "--watch")
    try:
        assert watching.stdout.readline().startswith("NAME ")
        assert [watching.stdout.readline().split()[0] for _ in range(2)] == ["new", "old"]
        checkpoint(space, two, "newest", age=1)
        assert watching.stdout.readline().split()[0] == "newest"
    finally:
        watching.terminate()
        watching.communicate(timeout=20)


def test_the_kubeconfigs_of_a_list_are_merged(viewer, two, tmp_path):
    other = tmp_path / "other"
    other.write_text(json.dumps({"current-context": "here", "contexts": [
        {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "elsewhere"}}]}))
    viewer.kubeconfig = f"{other}:{viewer.kubeconfig}"
    assert "namespace 'elsewhere'" in viewer.kcr("list", status=1).stderr
    assert len(viewer.table("list", "--context=there")) == 3
    assert len(viewer.table("-n", viewer.space.name, "list")) == 3
    assert "has no user 'v'" in viewer.kcr("list", "--user=v", status=1).stderr


# ---- describe, tree, events ----

@pytest.fixture
def story(space, two):
    """The two checkpoints of deploy/web: one by a schedule and its request, one by hand; a failed request."""
    schedule = space.schedule("web", "*/10 * * * *")
    space.patch("checkpointschedules", "web", {"status": {
        "nextRunTime": stamp(4102444800), "active": 0, "conditions": [{
            "type": "Ready", "status": "True", "reason": "Scheduled", "message": "",
            "lastTransitionTime": stamp()}]}}, "status")
    reference = {"name": "web", "uid": schedule["metadata"]["uid"]}
    space.finish(space.request("due", "web-5d6f-x", checkpointScheduleRef=reference),
                 checkpointRef={"name": "new", "uid": "u"})
    space.patch("checkpoints", "new", {"spec": {"checkpointScheduleRef": reference}})
    space.patch("checkpoints", "new", {"status": {"restoreCount": 2, "lastRestoreTime": stamp()}}, "status")
    space.finish(space.request("broken", "web-5d6f-x"), "Failed", reason="CheckpointFailed",
                 message="CRIU cannot dump a device")
    return space


def without_ages(text):
    return re.sub(r"\b(\d+[smhd])+ ago|\bin (\d+[smhd])+", "AGO", text)


def test_tree_draws_all_that_belongs_together(editor, story):
    assert without_ages(editor.kcr("tree").stdout).splitlines() == [
        "deployment/web",
        "├── request/broken  Failed AGO: CRIU cannot dump a device",
        "├── checkpoint/old  4.2Mi, frozen 131ms, AGO, not restorable: NotStable",
        "└── schedule/web  */10 * * * *, next run AGO",
        "    └── request/due  Completed AGO",
        "        └── checkpoint/new  100Mi, frozen 131ms, AGO, restorable",
        "            └── restored  2 times, last AGO",
        "pod/lone",
        "└── checkpoint/third  1B, frozen 0us, AGO, ImageBuilt"]
    assert editor.lines("tree", "pod/lone")[0] == "pod/lone"
    assert editor.kcr("tree", "deploy/none").stdout == ""


def test_tree_draws_requests_to_restore_below_their_checkpoints(editor, story):
    editor.kcr("restore", "deploy/web", "--from", "old")
    [made] = story.names("restorerequests")
    assert without_ages(editor.kcr("tree").stdout).splitlines()[2:4] == [
        "├── checkpoint/old  4.2Mi, frozen 131ms, AGO, not restorable: NotStable",
        f"│   └── restore/{made}  Pending, made AGO, pod web-5d6f-x"]


def test_describe_tells_all_of_a_checkpoint(editor, story):
    told = without_ages(editor.kcr("describe", "old").stdout)
    for line in (r"Name: +old", r"Workload: +deployment/web", r"Container: +main", r"Size: +4.2Mi",
                 r"Frozen: +131ms", r"Was Ready: +yes", r"  Restorable +False +NotStable +because",
                 r"Events: +<none>"):
        assert re.search(f"^{line}$", told, re.M), (line, told)


def test_describe_tells_of_schedules_requests_and_workloads(editor, story):
    assert re.search(r"^Keeps: +3 of each container$", editor.kcr("describe", "schedule/web").stdout, re.M)
    assert re.search(r"^Message: +CRIU cannot dump a device$",
                     editor.kcr("describe", "request/broken").stdout, re.M)
    told = editor.kcr("describe", "deploy/web").stdout
    assert re.search(r"^Schedule: +web: \*/10 \* \* \* \*, next run in ", told, re.M)
    assert re.search(r"^Request: +broken: Failed ", told, re.M)
    assert re.search(r"^  new +web-5d6f-x +main ", told, re.M)
    assert "cannot get checkpoints '" in editor.kcr("describe", "x", status=1).stderr


def say(space, name, controller, kind, about, reason):
    space.create("events", "Event", name, {
        "eventTime": stamp().replace("Z", ".000000Z"), "reportingController": controller,
        "reportingInstance": "x", "action": "a", "reason": reason, "type": "Normal", "note": "n " + name,
        "regarding": {"kind": kind, "namespace": space.name, "name": about}})


def test_events_are_those_of_kcr(editor, space):
    say(space, "one", "kcr.io/agent", "Pod", "web-5d6f-x", "Restored")
    say(space, "two", "kcr.io/agent", "CheckpointRequest", "lone-1", "CheckpointTaken")
    say(space, "three", "somebody", "Pod", "web-5d6f-x", "Pulled")
    rows = editor.table("events")
    assert {(row["REASON"], row["OBJECT"], row["MESSAGE"]) for row in rows} == {
        ("Restored", "pod/web-5d6f-x", "n one"), ("CheckpointTaken", "checkpointrequest/lone-1", "n two")}


# ---- checkpoint ----

def asked(space):
    return {(r["spec"]["podReference"]["name"], r["spec"]["containerName"]): r for r in space.requests()}


def test_checkpoint_asks_for_each_running_container(editor, space, web):
    result = editor.kcr("checkpoint", "deploy/web", "--timeout=70s")
    requests = asked(space)
    assert set(requests) == {("web-5d6f-x", "main"), ("web-5d6f-x", "side"), ("web-5d6f-y", "main")}
    assert {r["spec"]["timeoutSeconds"] for r in requests.values()} == {70}
    assert sorted(result.stdout.splitlines()) == sorted(
        f"checkpointrequest.checkpoint-restore.kcr.io/{r['metadata']['name']} created" for r in requests.values())
    assert result.stderr == "web-5d6f-y/side is left out: it does not run (CrashLoopBackOff)\n"


@pytest.mark.parametrize("words, expected", [
    (["pod/web-5d6f-x", "-c", "side"], {("web-5d6f-x", "side")}),
    (["web-5d6f-y"], {("web-5d6f-y", "main")}),
    (["-l", "of=web-5d6f-x"], {("web-5d6f-x", "main"), ("web-5d6f-x", "side")}),
])
def test_checkpoint_takes_pods_containers_and_selectors(editor, space, web, words, expected):
    editor.kcr("checkpoint", *words)
    assert set(asked(space)) == expected


def test_one_may_ask_again_within_the_same_second(editor, space, web):
    for _ in range(3):
        editor.kcr("checkpoint", "pod/web-5d6f-y")
    assert len(space.requests()) == 3


@pytest.mark.parametrize("words, told", [
    ([], "name workloads or Pods (deploy/web), or select Pods by -l"),
    (["ckp/x"], "'ckp/x' has no containers"),
    (["deploy/none"], 'deployments.apps "none" not found'),
    (["-l", "app=none"], "no container runs of app=none in namespace"),
    (["pod/web-5d6f-x", "-c", "oops"], "pod 'web-5d6f-x' has no container 'oops'; it has: main, side"),
])
def test_checkpoint_tells_what_cannot_be(editor, space, web, words, told):
    assert told in editor.kcr("checkpoint", *words, status=1).stderr
    assert not space.requests()


def start_waiting(editor, space, *words):
    waiting = editor.start("checkpoint", *words, "--wait")
    return waiting, eventually(lambda: space.requests(), what="a request")


def test_checkpoint_waits_until_it_is_complete(editor, space, web):
    waiting, (request,) = start_waiting(editor, space, "pod/web-5d6f-x", "-c", "main")
    name = request["metadata"]["name"]
    space.patch("checkpointrequests", name, {"status": {"phase": "InProgress", "startTime": stamp()}}, "status")
    eventually(lambda: "takes it" in waiting.stderr.readline(), 10, "that the agent takes it")
    checkpoint(space, space.get("pods", "web-5d6f-x"), "made", phase="Processing")
    space.finish(request, checkpointRef={"name": "made", "uid": "u"})
    space.patch("checkpoints", "made", {"status": {"phase": "ImageBuilt"}}, "status")
    output, errors = waiting.communicate(timeout=20)
    assert waiting.returncode == 0, errors
    head, row = output.splitlines()
    assert re.split(" {3,}", head) == ["CHECKPOINT", "POD", "CONTAINER", "SIZE", "FROZEN", "TOOK"]
    assert re.split(" {3,}", row)[:5] == ["made", "web-5d6f-x", "main", "4.2Mi", "131ms"]


def test_a_checkpoint_that_fails_says_why(editor, space, web):
    waiting, (request,) = start_waiting(editor, space, "pod/web-5d6f-x", "-c", "main")
    space.finish(request, "Failed", message="CRIU cannot dump a device")
    output, errors = waiting.communicate(timeout=20)
    assert (waiting.returncode, output) == (1, "")
    assert "Error: 1 of 1 checkpoints failed; the first, of container 'main' of pod 'web-5d6f-x': " \
        f"CRIU cannot dump a device; 'kubectl kcr describe request/{request['metadata']['name']}'" in errors


def test_an_end_of_waiting_says_what_goes_on(editor, space, web):
    waiting, (request,) = start_waiting(editor, space, "pod/web-5d6f-x", "-c", "main")
    assert "waits for the node's agent" in waiting.stderr.readline()
    subprocess.run(["kill", "-INT", str(waiting.pid)], check=True)
    _, errors = waiting.communicate(timeout=20)
    assert waiting.returncode == 130
    assert errors.startswith("Interrupted. What is not finished goes on in the cluster:\n"
                             f"  request/{request['metadata']['name']}\n")
    assert space.get("checkpointrequests", request["metadata"]["name"])
    told = editor.kcr("checkpoint", "pod/web-5d6f-y", "--wait", "--timeout=1s", status=3).stderr
    assert "The time of --timeout is over. What is not finished goes on" in told


def test_who_may_only_edit_checkpoints_can_name_a_pod_and_container(roles, space, tmp_path, web):
    user = User(roles, space, tmp_path, "kcr-edit").until_allowed("checkpoint", "pod/none", "-c", "main")
    user.kcr("checkpoint", "pod/web-5d6f-x", "-c", "main,side")
    assert {("web-5d6f-x", "main"), ("web-5d6f-x", "side")} <= set(asked(space))
    told = user.kcr("checkpoint", "deploy/web", status=1).stderr
    assert "without reading Pods only pod/NAME with --container is possible: cannot list pods" in told


def test_who_may_only_view_is_told_what_to_ask_for(roles, space, tmp_path, web):
    viewer = User(roles, space, tmp_path, "view").until_it_may_list()
    told = viewer.kcr("checkpoint", "pod/web-5d6f-x", "-c", "main", status=1).stderr
    assert "cannot create checkpointrequests in namespace" in told and "--clusterrole=edit" in told


# ---- schedule, suspend, resume, prune ----

ANNOTATION = "kcr.io/checkpoint-restore-schedule"


def annotations(space):
    """Those of KCR; the deployment controller has one of its own."""
    found = space.get("deployments", "web")["metadata"].get("annotations", {})
    return {name: value for name, value in found.items() if name.startswith("kcr.io/")}


def test_schedule_annotates_a_workload_and_takes_it_back(editor, space, web):
    said = editor.lines("schedule", "deploy/web", "*/10 * * * *", "-c", "main", "--time-zone=Europe/Berlin")
    assert said == ["deployment.apps/web scheduled"]
    assert annotations(space) == {
        ANNOTATION: "*/10 * * * *", "kcr.io/checkpoint-restore-containers": "main",
        "kcr.io/checkpoint-restore-time-zone": "Europe/Berlin"}
    said = editor.lines("schedule", "deploy/web", "--remove")
    assert said == ["deployment.apps/web is no longer scheduled"]
    assert annotations(space) == {}


@pytest.mark.parametrize("how, words", [("client", "dry run"), ("server", "server dry run")])
def test_a_dry_run_of_a_schedule_changes_nothing(editor, space, web, how, words):
    said = editor.lines("schedule", "deploy/web", "@hourly", f"--dry-run={how}")
    assert said[0] == f"deployment.apps/web scheduled ({words})"
    assert re.fullmatch(r"next runs: (\S+:00:00Z, ){2}\S+:00:00Z", said[1])
    assert annotations(space) == {}


def test_schedule_by_labels_makes_an_object(editor, space):
    said = editor.lines("schedule", "nightly", "0 3 * * *", "-l", "app=x,tier=front")
    assert said[0] == "checkpointschedule.checkpoint-restore.kcr.io/nightly created"
    spec = space.get("checkpointschedules", "nightly")["spec"]
    assert (spec["schedule"], spec["selector"]) == (
        "0 3 * * *", {"matchLabels": {"app": "x", "tier": "front"}})
    told = editor.kcr("schedule", "nightly", "0 3 * * *", "-l", "app=x", status=1).stderr
    assert "already exists" in told


@pytest.mark.parametrize("words, told", [
    (["deploy/web", "61 * * * *"], "'61 * * * *' is not a schedule: "),
    (["deploy/web"], "give a cron expression"),
    (["pod/x", "@daily"], "'pod/x' cannot be annotated"),
    (["deploy/none", "@daily"], 'deployments.apps "none" not found'),
    (["x", "@daily", "-l", "app!=y"], "'app!=y' is not label=value"),
])
def test_schedule_tells_what_cannot_be(editor, web, words, told):
    assert told in editor.kcr("schedule", *words, status=1).stderr


def test_schedules_are_suspended_and_resumed(editor, space, story):
    def is_suspended():
        return space.get("checkpointschedules", "web")["spec"]["suspend"]
    name = "checkpointschedule.checkpoint-restore.kcr.io/web"
    assert editor.lines("suspend", "deploy/web") == [f"{name} suspended"]
    assert is_suspended()
    assert editor.lines("suspend", "web") == [f"{name} suspended already"]
    assert "suspended" in editor.lines("tree")[3]
    assert editor.lines("resume", "schedule/web") == [f"{name} resumed"]
    assert not is_suspended()
    assert "deployment 'none' has no schedule" in editor.kcr("resume", "deploy/none", status=1).stderr


def test_prune_deletes_what_it_has_shown(editor, space, two):
    checkpoint(space, two, "older", age=9000, restorable="False")
    result = editor.kcr("prune", "--keep=1", "--dry-run")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["NAME", "old", "older"]
    assert result.stderr == "2 of 4 checkpoints would be deleted (dry run), 8.4Mi.\n"
    assert len(space.names("checkpoints")) == 4
    editor.kcr("prune", "deploy/web", "--older-than=2h20m")
    assert space.names("checkpoints") == ["new", "old", "third"]
    editor.kcr("prune", "--keep=0")
    assert space.names("checkpoints") == ["new"]  # the way back stays
    assert "say what is to go" in editor.kcr("prune", status=1).stderr


def test_who_may_only_view_cannot_prune(viewer, two, space):
    told = viewer.kcr("prune", "--keep=0", status=1).stderr
    assert "cannot delete checkpoints" in told and "--clusterrole=edit" in told
    assert len(space.names("checkpoints")) == 3


def test_prune_that_fails_midway_tells_what_has_gone(viewer, two, space):
    """The right to delete only one of two."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space.name}"
    space.api.call("POST", f"{rbac}/roles", {"metadata": {"name": "old-only"}, "rules": [{
        "apiGroups": ["checkpoint-restore.kcr.io"], "resources": ["checkpoints"], "resourceNames": ["old"], "verbs": ["delete"]}]})
    space.api.call("POST", f"{rbac}/rolebindings", {
        "metadata": {"name": "old-only"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "old-only"},
        "subjects": [{"kind": "User", "name": viewer.name, "apiGroup": "rbac.authorization.k8s.io"}]})
    eventually(lambda: "old" not in prune_all(viewer, space), 10, "the right to delete one")


def prune_all(viewer, space):
    """Tries to; looks at what is told as long as that is true of what is left."""
    before = space.names("checkpoints")
    result = viewer.kcr("prune", "--keep=0", status=1)
    after = space.names("checkpoints")
    gone = sorted(set(before) - set(after))
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == gone
    assert result.stderr.startswith(f"{len(gone)} of 3 checkpoints deleted, {'4.2Mi' if gone else '0B'}; {2 - len(gone)} could not be.\nError: cannot delete")
    return after


# ---- top, timeline ----

def test_top_sums_up_what_a_workload_has(viewer, two):
    rows = viewer.table("top", "--sort-by=-size")
    assert {k: rows[0][k] for k in ("WORKLOAD", "CONTAINER", "CHECKPOINTS", "RESTORABLE", "SIZE", "FROZEN",
                                    "LONGEST", "RESTORES", "NEXT RUN")} == {
        "WORKLOAD": "deployment/web", "CONTAINER": "main", "CHECKPOINTS": "2", "RESTORABLE": "1",
        "SIZE": "104Mi", "FROZEN": "131ms", "LONGEST": "131ms", "RESTORES": "0", "NEXT RUN": "<none>"}
    assert rows[1]["WORKLOAD"] == "pod/lone"


def test_top_on_a_terminal_follows_what_changes_without_asking_again(viewer, two, space):
    with viewer.on_terminal("top", "-v=6") as screen:
        screen.until(lambda text: re.search(r"deployment/web +main +2 ", text))
        assert "104Mi" in screen.text
        asked = screen.text.count("GET ")
        checkpoint(space, two, "newest", age=1, size=100 << 20)
        screen.until(lambda text: re.search(r"deployment/web +main +3 .* 204Mi", text))
        space.delete("checkpoints", "third")
        screen.until(lambda text: "pod/lone" not in text.rpartition("WORKLOAD")[2])
        assert screen.text.count("GET ") == asked


def test_timeline_draws_checkpoints_crashes_and_restores(editor, two, space):
    space.patch("checkpoints", "new", {"status": {
        "restoreCount": 1, "lastRestoreTime": stamp(time.time() - 29), "containerExit": {
            "containerID": "x", "exitCode": 137, "signal": 9, "reason": "Error",
            "finishedTime": stamp(time.time() - 30)}}}, "status")
    lines = editor.lines("timeline", "deploy/web", "--since=1h")
    assert re.fullmatch("web-5d6f-x/main  ●─+✗─*↺", lines[0])
    assert [line.split()[3] for line in lines[4:]] == ["checkpoint", "crash", "restore"]
    picture = editor.kcr("timeline", "deploy/web", "-o", "svg").stdout
    titles = [e.text for e in xml.etree.ElementTree.fromstring(picture).iter(
        "{http://www.w3.org/2000/svg}title")]
    assert any("crash: Error, signal 9" in title for title in titles)
    assert sum("checkpoint: " in title for title in titles) == 2
    assert "Nothing is known of deploy/none" in editor.kcr("timeline", "deploy/none").stderr


# ---- completion ----

def test_names_of_objects_are_completed(editor, space, web):
    def offered(*words):
        *values, directive = editor.lines("__complete", *words)
        assert directive.startswith(":")
        return [value.split("\t")[0] for value in values]
    assert offered("checkpoint", "deploy/") == ["deploy/web"]
    space.checkpoint(space.get("pods", "web-5d6f-x"), "old")
    assert offered("describe", "o") == ["old"]
    assert offered("list", "pod/web-5d6f-") == ["pod/web-5d6f-x", "pod/web-5d6f-y"]
    assert offered("-n", "nowhere", "describe", "o") == []  # who may not look gets nothing, and no error
    assert offered("list", "--sor") == ["--sort-by"]
    assert offered("resu") == ["resume"]


# ---- restore ----

def restores(space):
    return {one["spec"]["podReference"]["name"]: one for one in space.list("restorerequests")}


def finish(space, name, phase, message):
    space.patch("restorerequests", name, {"status": {"phase": phase, "message": message}}, "status")


def test_restore_asks_for_the_pod_of_the_checkpoint(editor, two, space):
    [line] = editor.lines("restore", "deploy/web", "--from", "old", "--timeout=90s")
    [made] = space.list("restorerequests")
    assert line == f"restorerequest.checkpoint-restore.kcr.io/{made['metadata']['name']} created"
    assert made["spec"] == {"podReference": {"name": "web-5d6f-x"}, "containerName": "main",
                            "checkpointName": "old", "timeoutSeconds": 90}


def test_restore_asks_for_each_pod_of_a_workload(editor, space):
    labels = {"app": "web", "pod-template-hash": "5d6f"}
    space.create("replicasets", "ReplicaSet", "web-5d6f", {"spec": {
        "replicas": 2, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [
                {"name": name, "image": "kcr.test/app:1"} for name in ("main", "side")]}}}}, labels=labels)
    pods = eventually(lambda: len(found := set(space.names("pods"))) == 2 and found, 20, "two Pods")
    assert "has 2 containers; say by -c" in editor.kcr("restore", "deploy/web", status=1).stderr
    assert restores(space) == {}
    editor.kcr("restore", "deploy/web", "-c", "main", "--at", "2026-11-21T22:00:00+01:00")
    assert set(restores(space)) == pods
    assert {one["spec"]["at"] for one in restores(space).values()} == {"2026-11-21T21:00:00Z"}


@pytest.mark.parametrize("arguments, words", [
    (("deploy/web", "--from", "third"), "checkpoint 'third' is not of deploy/web"),
    (("deploy/web", "--from", "new", "-c", "side"), "is of container 'main', not of 'side'"),
    (("deploy/web", "--from", "nowhere"), "nowhere"),
    (("pod/lone", "--from", "third", "--at", "10m"), "not both"),
    (("pod/lone", "--at", "yesterday"), "is no time"),
    (("ckp/old",), "has no containers"),
    (("pod/nobody",), "there is no Pod of pod/nobody"),
])
def test_restore_refuses_what_is_not_meant(editor, two, space, arguments, words):
    assert words in editor.kcr("restore", *arguments, status=1).stderr
    assert restores(space) == {}


def test_restore_waits_and_tells(editor, two, space):
    waiting = editor.start("restore", "pod/lone", "--wait", "--timeout=60s")
    assert waiting.stderr.readline() == "lone/main: Pending\n"
    name = restores(space)["lone"]["metadata"]["name"]
    finish(space, name, "Restoring", "the container is ended")
    assert waiting.stderr.readline() == "lone/main: Restoring: the container is ended\n"
    finish(space, name, "Completed", "it runs")
    assert "lone/main: Completed: it runs\n" in waiting.communicate(timeout=30)[1]
    assert waiting.returncode == 0


def test_restore_fails_with_the_agent_s_words(editor, two, space):
    waiting = editor.start("restore", "pod/lone", "--wait", "--timeout=60s")
    name = eventually(lambda: restores(space).get("lone"))["metadata"]["name"]
    finish(space, name, "Failed", "its restartPolicy is Never")
    told = waiting.communicate(timeout=30)[1]
    assert waiting.returncode == 1
    assert "Error: container 'main' of pod 'lone' was not restored: its restartPolicy is Never" in told


def test_restore_that_takes_too_long_goes_on(editor, two):
    told = editor.kcr("restore", "pod/lone", "--wait", "--timeout=1s", status=3).stderr
    assert "The time of --timeout is over. What is not finished goes on" in told


def test_restore_needs_the_right_to_edit(viewer, two):
    assert "cannot create restorerequests" in viewer.kcr("restore", "pod/lone", "--from", "third", status=1).stderr
