"""A due CheckpointSchedule: requests for the right containers, once, and a status that tells."""

import time

import pytest

from world import eventually, never, owner_of, seconds_of, stamp

pytestmark = pytest.mark.usefixtures("controller")


def run_times(space, name="every"):
    """The due times of a schedule's requests, as their names say."""
    return sorted({int(r["metadata"]["name"].rsplit("-", 1)[1]) for r in space.requests(name)})


def requests_of_first_run(space, name="every"):
    eventually(lambda: (space.get("checkpointschedules", name).get("status") or {}).get(
        "lastRunTime"), what="the first run")
    return space.requests(name)


def targets(requests):
    return sorted((r["spec"]["podReference"]["name"], r["spec"]["containerName"])
                  for r in requests)


def ready(space, name="every", **expected):
    def look():
        condition = space.condition("checkpointschedules", name, "Ready") or {}
        return condition if all(condition.get(k) == v for k, v in expected.items()) else None
    return eventually(look, what=f"a condition Ready with {expected}")


def covered(space, name="every", **expected):
    def look():
        condition = space.condition("checkpointschedules", name, "Covered") or {}
        return condition if all(condition.get(k) == v for k, v in expected.items()) else None
    return eventually(look, what=f"a condition Covered with {expected}")


def test_a_request_says_whose_it_is_and_what_it_is_for(space):
    space.pod("pod-1", node="node-7")
    schedule = space.schedule("every", "@every 1s", timeoutSeconds=77)
    [request] = requests_of_first_run(space)
    due = seconds_of(space.get("checkpointschedules", "every")["status"]["lastRunTime"])
    assert request["metadata"]["name"] == f"every-pod-1-{due}"
    assert request["metadata"]["ownerReferences"] == [
        owner_of(schedule, blockOwnerDeletion=True)]
    assert request["metadata"]["labels"] == {
        "app": "checkpoint-restore", "pod": "pod-1", "pod-ns": space.name,
        "schedule-name": "every"}
    spec = request["spec"]
    assert spec["podReference"] == {"name": "pod-1", "namespace": space.name}
    assert spec["containerName"] == "main"
    assert spec["nodeName"] == "node-7"
    assert spec["timeoutSeconds"] == 77
    assert spec["checkpointScheduleRef"]["uid"] == schedule["metadata"]["uid"]


def test_every_container_of_every_matching_pod_is_asked_for(space):
    space.pod("pod-1", ["main", "side"])
    space.pod("pod-2")
    space.pod("other", labels={"app": "y"})
    space.schedule("every", "@every 1s")
    requests = requests_of_first_run(space)
    assert targets(requests) == [("pod-1", "main"), ("pod-1", "side"), ("pod-2", "main")]
    # the container is in the name where there are several to tell apart
    names = [r["metadata"]["name"].rsplit("-", 1)[0] for r in requests]
    assert sorted(names) == ["every-pod-1-main", "every-pod-1-side", "every-pod-2"]
    due = space.get("checkpointschedules", "every")["status"]["lastRunTime"]
    assert covered(space, reason="CheckpointsRequested", status="True")["message"] == (
        f"the run of {due} asked for 3 checkpoints, of all that is meant")


def test_only_the_chosen_containers_are_asked_for(space):
    space.pod("pod-1", ["main", "side"])
    space.pod("pod-2")
    space.schedule("every", "@every 1s", containers=["side", "sied"])
    assert targets(requests_of_first_run(space)) == [("pod-1", "side")]
    notes = eventually(lambda: len(n := space.notes("CheckpointSkipped")) > 1 and sorted(n))
    assert notes == [
        "not checkpointed: Pod pod-2: the Pod has none of the chosen containers",
        "not checkpointed: container sied: no Pod has such a container"]


def test_what_cannot_be_checkpointed_is_told_and_the_rest_is_asked_for(space):
    space.pod("good")
    space.pod("not-ready", ["main"])
    space.pod_status("not-ready", [space.running("main", ready=False)])
    space.pod("waiting")
    space.pod_status("waiting", [{
        "name": "main", "ready": False, "restartCount": 0, "image": "", "imageID": "",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}}])
    space.pod("starting")
    space.pod_status("starting", [{
        "name": "main", "ready": False, "restartCount": 0, "image": "", "imageID": "",
        "state": {"waiting": {"reason": "PodInitializing"}}}], phase="Pending")
    space.pod("unscheduled", node=None)
    space.pod("ended")
    space.pod_status("ended", [], phase="Succeeded")
    space.pod("leaving")
    space.delete("pods", "leaving", grace=30)
    space.schedule("every", "@every 1s")
    assert targets(requests_of_first_run(space)) == [("good", "main")]
    # until the next run is due, and waits
    message = covered(space, status="False", reason="CheckpointSkipped")["message"]
    assert "asked for 1 checkpoint and left out: " in message
    assert "Pod not-ready, container main: the container is not Ready" in message

    def look():
        notes = sorted(set(space.notes("CheckpointSkipped", "every")))
        return notes if len(notes) == 6 else None
    assert eventually(look, what="six events") == [
        "not checkpointed: Pod ended: the Pod has ended",
        "not checkpointed: Pod leaving: the Pod is terminating",
        "not checkpointed: Pod not-ready, container main: the container is not Ready",
        "not checkpointed: Pod starting, container main: the Pod's init containers have not ended",
        "not checkpointed: Pod unscheduled: the Pod is not assigned to a node yet",
        "not checkpointed: Pod waiting, container main: the container is not running"]


def test_init_containers_are_not_checkpointed(space):
    space.pod("pod-1", initContainers=[{"name": "first", "image": "kcr.test/app:1"}])
    space.schedule("every", "@every 1s")
    assert targets(requests_of_first_run(space)) == [("pod-1", "main")]


def test_a_run_waits_for_the_requests_of_the_one_before(space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s")
    [first] = requests_of_first_run(space)
    never(lambda: len(run_times(space)) > 1, 2.5, "a second run while the first is not finished")
    assert space.get("checkpointschedules", "every")["status"]["active"] == 1
    assert covered(space, status="Unknown", reason="RequestsStillActive")["message"].endswith(
        "waits for requests of an earlier run: 1 not finished")
    space.finish(first)
    eventually(lambda: len(run_times(space)) == 2, what="the run that had to wait")
    notes = eventually(lambda: space.notes("MissedRuns", "every"), what="word of the missed runs")
    assert "missed and" in notes[0]
    status = eventually(lambda: (s := space.get("checkpointschedules", "every")["status"])
                        and "lastSuccessfulTime" in s and s)
    assert seconds_of(status["lastSuccessfulTime"]) >= seconds_of(status["lastRunTime"]) - 3


def writes(kinds):
    """How often the API server was asked to write a schedule or its status."""
    metrics = kinds.kubectl("get", "--raw", "/metrics").stdout.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics
               if line.startswith("apiserver_request_total{")
               and 'resource="checkpointschedules"' in line and 'verb="APPLY"' in line)


def test_a_run_that_waits_is_written_down_once(kinds, space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s")
    requests_of_first_run(space)
    covered(space, reason="RequestsStillActive")
    before = space.get("checkpointschedules", "every")
    sent = writes(kinds)
    never(lambda: space.get("checkpointschedules", "every") != before, 2.5, "the same anew")
    assert writes(kinds) == sent > 0
    status = before["status"]
    assert seconds_of(status["nextRunTime"]) == seconds_of(status["lastRunTime"]) + 1


def test_a_run_is_written_down_once(kinds, space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s", concurrencyPolicy="Allow")
    requests_of_first_run(space)
    runs, sent = len(run_times(space)), writes(kinds)
    eventually(lambda: len(run_times(space)) >= runs + 3, what="three more runs")
    sent = writes(kinds) - sent
    assert 0 < sent <= len(run_times(space)) - runs + 1


def test_runs_overlap_where_that_is_allowed_and_none_is_left_out(space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s", concurrencyPolicy="Allow")
    eventually(lambda: len(run_times(space)) >= 4, what="four runs")
    times = run_times(space)
    assert times == list(range(times[0], times[-1] + 1))
    assert space.notes("MissedRuns") == []


def test_a_run_replaces_the_requests_of_the_one_before(space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s", concurrencyPolicy="Replace")
    [first] = eventually(lambda: space.requests("every"), what="the first run")
    eventually(lambda: space.get("checkpointrequests", first["metadata"]["name"]) is None)
    eventually(lambda: len(space.requests("every")) == 1, what="one request at a time")


def test_a_suspended_schedule_makes_no_requests_until_it_goes_on(space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s", suspend=True)
    ready(space, status="False", reason="Suspended", message="spec.suspend is true")
    never(lambda: space.requests("every"), 1.5, "a request of a suspended schedule")
    assert "nextRunTime" not in space.get("checkpointschedules", "every")["status"]
    space.patch("checkpointschedules", "every", {"spec": {"suspend": False}})
    eventually(lambda: space.requests("every"))
    ready(space, status="True", reason="Scheduled")


def test_a_changed_schedule_begins_to_count_at_once_and_the_old_one_stops(space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s", concurrencyPolicy="Allow")
    requests_of_first_run(space)
    changed = space.patch("checkpointschedules", "every", {"spec": {"schedule": "@yearly"}})
    eventually(lambda: space.get("checkpointschedules", "every").get("status", {}).get(
        "observedGeneration") == changed["metadata"]["generation"])
    before = run_times(space)
    never(lambda: run_times(space) != before, 2, "a run of the old schedule")
    status = space.get("checkpointschedules", "every")["status"]
    assert status["nextRunTime"].endswith("-01-01T00:00:00Z")


def test_a_deleted_schedule_stops_and_its_requests_go(space):
    space.pod("pod-1")
    space.schedule("every", "@every 1s", concurrencyPolicy="Allow")
    requests_of_first_run(space)
    space.delete("checkpointschedules", "every")
    # the real garbage collector; it learns of new kinds every 30 s only
    eventually(lambda: not space.requests("every"), 40, "the end of the requests")
    never(lambda: space.requests("every"), 1.5, "a request of a deleted schedule")


@pytest.mark.parametrize("spec, reason, words", [
    ({"schedule": "30-10 * * * *"}, "InvalidSchedule", "minute '30-10': the range runs backwards"),
    ({"schedule": "@every 0s"}, "InvalidSchedule", "@every '0s': out of range"),
    ({"schedule": "0 0 30 2 *"}, "InvalidSchedule", "no time that will ever come"),
    ({"timeZone": "Mars/Olympus"}, "InvalidTimeZone", "there is no time zone 'Mars/Olympus'"),
    ({"selector": {}}, "EmptySelector", "matches no Pod"),
], ids=lambda value: value if isinstance(value, str) and value.isalpha() else None)
def test_a_schedule_that_cannot_be_carried_out_says_why(space, spec, reason, words):
    space.pod("pod-1")
    schedule = space.schedule("every", **{"schedule": "@every 1s", **spec})
    condition = ready(space, status="False", reason=reason)
    assert words in condition["message"]
    assert condition["observedGeneration"] == schedule["metadata"]["generation"]
    assert "nextRunTime" not in space.get("checkpointschedules", "every")["status"]
    assert space.requests() == []
    # it is carried out once it is right, without a restart
    space.patch("checkpointschedules", "every", {"spec": {
        "schedule": "@every 1s", "timeZone": None, "selector": {"matchLabels": {"app": "x"}}}})
    eventually(lambda: space.requests("every"))
    ready(space, status="True")


def test_an_immediate_schedule_runs_as_soon_as_there_is_something_to_take(space):
    made = space.schedule("every", "@yearly", immediate=True)
    covered(space, status="Unknown", reason="WaitsForPods")
    space.pod("pod-1", ready=False)
    never(lambda: space.requests(), 1, "a request of a Pod that is not Ready")
    space.pod_status("pod-1", [space.running("main")])
    eventually(lambda: space.requests("every"), what="the first run")
    created = seconds_of(made["metadata"]["creationTimestamp"])
    assert run_times(space) == [created]
    covered(space, status="True", reason="CheckpointsRequested")
    [request] = space.requests("every")
    space.finish(request)
    never(lambda: len(space.requests()) > 1, 1.5, "a second run")
    status = space.get("checkpointschedules", "every")["status"]
    assert status["nextRunTime"].endswith("-01-01T00:00:00Z")
    assert space.notes("NoPods") == space.notes("CheckpointSkipped") == []


def test_a_completed_request_goes_when_its_checkpoint_has_gone(space):
    space.pod("pod-1")
    space.schedule("every", "@yearly", immediate=True)
    [request] = eventually(lambda: space.requests("every"), what="the first run")

    def complete(ago):
        space.finish(request, checkpointRef={"name": "ckp-1"},
                     completionTime=stamp(time.time() - ago))
    complete(3500)
    never(lambda: not space.requests("every"), 1.5, what="the end of a request within the hour")
    complete(3700)
    eventually(lambda: not space.requests("every"), what="the end of the request")


def test_a_schedule_without_pods_says_so(space):
    space.schedule("every", "@every 1s")
    assert "no Pod that spec.selector matches" in covered(
        space, status="False", reason="NoPods")["message"]


def test_the_zone_counts_for_the_next_run(space):
    space.schedule("utc", "0 12 * * *")
    space.schedule("tokyo", "0 12 * * *", timeZone="Asia/Tokyo")

    def next_run(name):
        return (space.get("checkpointschedules", name).get("status") or {}).get("nextRunTime")
    assert eventually(lambda: next_run("utc"))[10:] == "T12:00:00Z"
    assert eventually(lambda: next_run("tokyo"))[10:] == "T03:00:00Z"


def test_a_run_later_than_the_deadline_is_left_out_and_told(space):
    space.pod("pod-1")
    space.schedule("every", "@hourly", suspend=True, startingDeadlineSeconds=10)
    ready(space, reason="Suspended")
    space.patch("checkpointschedules", "every", {"status": {
        "lastRunTime": stamp(time.time() - 3600 * 5)}}, "status")
    space.patch("checkpointschedules", "every", {"spec": {"suspend": False}})
    due = time.time() % 3600
    if due < 15 or due > 3590:
        pytest.skip("an hour begins just now")
    ready(space, status="True")
    hour = stamp(time.time() // 3600 * 3600)
    notes = eventually(lambda: space.notes("MissedDeadline", "every"), what="word of it")
    words = f"the run of {hour} could not begin within spec.startingDeadlineSeconds (10)"
    assert notes == [f"{words} and is left out"]
    missed = eventually(lambda: space.notes("MissedRuns"), what="word of those before")
    assert missed == [f"4 runs before that of {hour} were missed and are not made up for"]
    assert covered(space, status="False", reason="MissedDeadline")["message"] == notes[0]
    assert space.get("checkpointschedules", "every")["status"]["lastMissedTime"] == hour
    # looking again says nothing new
    space.patch("checkpointschedules", "every", {"spec": {"timeoutSeconds": 9}})
    never(lambda: [e for e in space.events("MissedDeadline") if e.get("series")], 1.5,
          "the same told again")
    assert space.requests() == []


def go_on_after_hours(space, hours):
    """A schedule of each hour goes on that ran so many hours, and a minute, ago; gives when that was."""
    space.pod("pod-1")
    space.schedule("every", "@every 1h", suspend=True)
    ready(space, reason="Suspended")
    last = int(time.time()) - 3600 * hours - 60
    space.patch("checkpointschedules", "every", {"status": {"lastRunTime": stamp(last)}}, "status")
    space.patch("checkpointschedules", "every", {"spec": {"suspend": False}})
    return last


def test_of_the_runs_that_nobody_was_there_for_the_newest_is_made_up(space):
    last = go_on_after_hours(space, 4)
    eventually(lambda: space.requests("every"))
    assert run_times(space) == [last + 4 * 3600]
    assert eventually(lambda: space.notes("MissedRuns")) == [
        f"3 runs before that of {stamp(last + 4 * 3600)} were missed and are not made up for"]


def test_more_than_a_hundred_missed_runs_are_said_to_be_so_many(space):
    last = go_on_after_hours(space, 500)
    notes = eventually(lambda: space.notes("MissedRuns"), what="word of the missed runs")
    assert notes == [
        f"more than 100 runs before that of {stamp(last + 500 * 3600)} were missed and are not made"
        " up for; was the controller away for long, or is a clock wrong?"]
    assert run_times(space) == [last + 500 * 3600]


def test_two_schedules_whose_names_join_to_the_same_are_both_carried_out(space):
    """"a" and pod "b-c", "a-b" and pod "c": both want the request a-b-c-TIME."""
    space.pod("b-c", labels={"of": "a"})
    space.pod("c", labels={"of": "a-b"})
    last = stamp(time.time() - 3600 - 60)
    for name in ("a", "a-b"):
        space.schedule(name, "@every 1h", suspend=True, selector={"matchLabels": {"of": name}})
        ready(space, name, reason="Suspended")
        space.patch("checkpointschedules", name, {"status": {"lastRunTime": last}}, "status")
    for name in ("a", "a-b"):
        space.patch("checkpointschedules", name, {"spec": {"suspend": False}})
    eventually(lambda: targets(space.requests()) == [("b-c", "main"), ("c", "main")],
               what="a request for each of the two Pods")
