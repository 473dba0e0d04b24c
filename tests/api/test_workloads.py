"""Annotated workloads: their CheckpointSchedule comes, follows, and goes."""

import pytest

from node import NODE
from world import eventually, never, owner_of

pytestmark = pytest.mark.usefixtures("controller")

SCHEDULE = "kcr.io/checkpoint-restore-schedule"
CONTAINERS = "kcr.io/checkpoint-restore-containers"
ZONE = "kcr.io/checkpoint-restore-time-zone"
KINDS = [("deployments", "Deployment", "web"), ("statefulsets", "StatefulSet", "web-statefulset"),
         ("daemonsets", "DaemonSet", "web-daemonset")]


def workload(space, plural="deployments", kind="Deployment", name="web", **annotations):
    spec = {"selector": {"matchLabels": {"app": name}}, "template": {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "kcr.test/app:1"}]}}}
    if kind != "DaemonSet":
        spec["replicas"] = 0
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return space.create(plural, kind, name, {"spec": spec}, annotations=annotations)


def annotate(space, plural="deployments", name="web", **annotations):
    space.patch(plural, name, {"metadata": {"annotations": annotations}})


def schedule_of(space, name="web"):
    return eventually(lambda: space.get("checkpointschedules", name), what=f"the schedule {name}")


def wait_for_spec(space, name="web", **expected):
    def look():
        spec = (space.get("checkpointschedules", name) or {}).get("spec", {})
        return all(spec.get(key) == value for key, value in expected.items())
    eventually(look, what=f"a schedule with {expected}")


@pytest.mark.parametrize("plural, kind, name", KINDS)
def test_an_annotated_workload_gets_a_schedule_that_it_owns(space, plural, kind, name):
    owner = workload(space, plural, kind, **{
        SCHEDULE: " */7 * * * * ", ZONE: "Europe/Berlin", CONTAINERS: "main, side"})
    made = schedule_of(space, name)
    assert made["metadata"]["ownerReferences"] == [owner_of(owner, blockOwnerDeletion=True)]
    spec = made["spec"]
    assert spec["schedule"] == "*/7 * * * *"
    assert spec["timeZone"] == "Europe/Berlin"
    assert spec["containers"] == ["main", "side"]
    assert spec["selector"] == {"matchLabels": {"app": "web"}}
    assert spec["retention"] == {"maxCount": 3}  # the defaults are there


def test_a_workload_that_is_annotated_later_gets_its_schedule(space):
    workload(space)
    never(lambda: space.names("checkpointschedules"), 0.5, "a schedule nobody asked for")
    annotate(space, **{SCHEDULE: "@hourly"})
    assert schedule_of(space)["spec"]["schedule"] == "@hourly"


def test_the_schedule_follows_the_annotations(space):
    workload(space, **{SCHEDULE: "@hourly", ZONE: "Asia/Tokyo", CONTAINERS: "main"})
    uid = schedule_of(space)["metadata"]["uid"]
    annotate(space, **{SCHEDULE: "@daily"})
    wait_for_spec(space, schedule="@daily", timeZone="Asia/Tokyo", containers=["main"])
    annotate(space, **{ZONE: None, CONTAINERS: None})
    wait_for_spec(space, schedule="@daily", timeZone=None, containers=None)
    assert schedule_of(space)["metadata"]["uid"] == uid


def test_a_schedule_goes_with_its_annotation_and_no_other_does(space):
    workload(space, **{SCHEDULE: "@hourly"})
    workload(space, name="other", **{SCHEDULE: "@hourly"})
    schedule_of(space)
    schedule_of(space, "other")
    annotate(space, **{SCHEDULE: None})
    eventually(lambda: space.names("checkpointschedules") == ["other"])


def test_the_garbage_collector_takes_all_that_came_of_a_deleted_workload(space, make_node):
    """Schedule, requests, Checkpoints; with the last the agent takes what lies on the node."""
    node = make_node()
    node.start()
    space.pod("web-1", labels={"app": "web"}, node=NODE)
    workload(space, **{SCHEDULE: "@every 1s"})
    eventually(node.entries, 20, "a stored checkpoint")
    space.delete("deployments", "web")
    # the collector learns of new kinds every 30 s only
    for plural in ("checkpointschedules", "checkpointrequests", "checkpoints"):
        eventually(lambda: not space.names(plural), 40, f"the end of the {plural}")
    eventually(lambda: node.entries() == [], what="an empty store")
    assert node.kubelet.archives() == []


def test_a_deleted_schedule_comes_back_while_it_is_asked_for(space):
    workload(space, **{SCHEDULE: "@hourly"})
    uid = schedule_of(space)["metadata"]["uid"]
    space.delete("checkpointschedules", "web")
    eventually(lambda: schedule_of(space)["metadata"]["uid"] != uid)


def test_a_schedule_of_somebody_else_is_left_alone_and_told(space):
    space.schedule("web", "@weekly")
    workload(space, **{SCHEDULE: "@hourly"})
    notes = eventually(lambda: space.notes("ScheduleNameTaken", "web"), what="the event")
    assert "CheckpointSchedule web exists and belongs to somebody else" in notes[0]
    assert schedule_of(space)["spec"]["schedule"] == "@weekly"
    assert "ownerReferences" not in schedule_of(space)["metadata"]
    space.delete("checkpointschedules", "web")
    wait_for_spec(space, schedule="@hourly")


@pytest.mark.parametrize("annotations, words", [
    ({SCHEDULE: "61 * * * *"}, "61"),
    ({SCHEDULE: "often"}, f"annotation {SCHEDULE}: the schedule has 1 fields; allowed are five"),
    ({SCHEDULE: "@hourly", ZONE: "Mars/Olympus"},
     f"annotation {ZONE}: there is no time zone 'Mars/Olympus'"),
    ({SCHEDULE: "@hourly", ZONE: "../../etc/passwd"},
     f"annotation {ZONE}: the time zone is not a name of the IANA time zone database"),
], ids=["minute", "words", "zone", "path"])
def test_an_invalid_annotation_is_told_and_makes_no_schedule(space, annotations, words):
    workload(space, **annotations)
    notes = eventually(lambda: space.notes("InvalidSchedule", "web"), what="the event")
    assert words in notes[0]
    assert space.names("checkpointschedules") == []


def test_an_annotation_that_becomes_invalid_leaves_the_schedule_as_it_was(space):
    workload(space, **{SCHEDULE: "@hourly"})
    schedule_of(space)
    annotate(space, **{SCHEDULE: "* * *"})
    eventually(lambda: space.notes("InvalidSchedule", "web"))
    assert schedule_of(space)["spec"]["schedule"] == "@hourly"


def test_what_a_user_sets_in_the_schedule_survives(space):
    workload(space, **{SCHEDULE: "@hourly"})
    schedule_of(space)
    space.patch("checkpointschedules", "web", {"spec": {
        "retention": {"maxCount": 9}, "restore": {"policy": "Never"}, "suspend": True}})
    annotate(space, **{SCHEDULE: "@daily"})
    wait_for_spec(space, schedule="@daily", suspend=True, retention={"maxCount": 9})
    assert schedule_of(space)["spec"]["restore"]["policy"] == "Never"


def test_what_comes_from_the_annotation_is_put_back_once_without_a_fight(space):
    workload(space, **{SCHEDULE: "@hourly"})
    schedule_of(space)
    space.patch("checkpointschedules", "web", {"spec": {"schedule": "@daily"}})
    wait_for_spec(space, schedule="@hourly")
    before = eventually(lambda: (s := schedule_of(space)).get("status", {}).get(
        "observedGeneration") == s["metadata"]["generation"] and s)
    never(lambda: schedule_of(space)["metadata"]["resourceVersion"]
          != before["metadata"]["resourceVersion"], 1.5, "writes without a reason")


def test_the_names_of_two_kinds_of_workloads_do_not_meet(space):
    workload(space, **{SCHEDULE: "@hourly"})
    workload(space, "statefulsets", "StatefulSet", **{SCHEDULE: "@daily"})
    wait_for_spec(space, "web", schedule="@hourly")
    wait_for_spec(space, "web-statefulset", schedule="@daily")
