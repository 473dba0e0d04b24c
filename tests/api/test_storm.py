"""Many schedules that are due at the same time: bounded, none lost, none doubled."""

import contextlib
import json
import threading

from world import ApiError, eventually, seconds_of, stamp

LIMIT = 8


class Storm:
    """Schedules that all are due when a controller starts, and the names of their requests."""

    def __init__(self, space, count):
        self.space = space
        self.names = set()
        for number in range(count // 10):
            space.pod(f"pod-{number}", labels={"number": str(number)},
                      node=f"node-{(1, 7)[number % 2]}")
        for number in range(count):
            made = space.schedule(f"s{number:03}", "@yearly", immediate=True, selector={
                "matchLabels": {"number": str(number // 10)}})
            due = seconds_of(made["metadata"]["creationTimestamp"])
            self.names.add(f"s{number:03}-pod-{number // 10}-{due}")

    def check_end(self, agents):
        """Each schedule has had its run, once, and says so."""
        eventually(lambda: len(agents.done) >= len(self.names) or agents.failure, 120,
                   "the end of all requests")

        def unfinished():
            return [s["metadata"]["name"] for s in self.space.list("checkpointschedules")
                    if s["status"].get("active") or not s["status"].get("lastSuccessfulTime")]
        eventually(lambda: not unfinished(), 20, "the end of all runs")
        agents.stop()
        assert set(agents.done) == self.names
        assert {len(uids) for uids in agents.done.values()} == {1}
        assert self.space.notes("MissedRuns") == []


class Agents:
    """Take each request that they see, and note how many were under way at most."""

    def __init__(self, space):
        self.space = space
        self.open = set()
        self.most = 0
        self.done = {}  # by name: the uids of the requests that were completed
        self.is_over = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        """Watches anew when the server ends a watch, or is too busy for one."""
        while not self.is_over.is_set():
            with contextlib.closing(self.space.api.open(timeout=60)) as connection:
                connection.request("GET", self.space.path("checkpointrequests") + "?watch=true")
                try:
                    self.follow(connection.getresponse())
                except (OSError, ValueError, KeyError, ApiError) as failure:
                    self.failure = failure
                    return
            self.is_over.wait(0.5)

    def follow(self, answer):
        while answer.status == 200 and (line := answer.readline()) and not self.is_over.is_set():
            event = json.loads(line)
            self.look(event["type"], event["object"])

    def look(self, what, request):
        name, phase = request["metadata"]["name"], request["status"]["phase"]
        if what == "DELETED" or phase in ("Completed", "Failed"):
            self.open.discard(name)
            return
        self.open.add(name)
        self.most = max(self.most, len(self.open))
        if phase == "Pending":
            self.space.patch("checkpointrequests", name, {"status": {
                "phase": "InProgress", "startTime": stamp()}}, "status")
        else:
            self.space.finish(request)
            self.done.setdefault(name, set()).add(request["metadata"]["uid"])

    def stop(self):
        """Its thread ends when the requests of the namespace are deleted."""
        self.is_over.set()
        assert self.failure is None


def controller(programs):
    return programs("controller", "--leader-elect=false",
                    f"--max-concurrent-checkpoints={LIMIT}").start().says("Started reconciling")


def test_a_storm_is_bounded_in_the_cluster_and_nothing_is_lost(space, programs):
    storm = Storm(space, 120)
    agents = Agents(space)
    program = controller(programs)
    storm.check_end(agents)
    assert 2 <= agents.most <= LIMIT
    assert "Failed to reconcile" not in program.text()


def test_a_storm_outlasts_controllers_that_are_killed(space, programs):
    """A successor counts what its predecessor began; what was on its way it cannot know."""
    storm = Storm(space, 60)
    agents = Agents(space)
    for share in (20, 40):
        program = controller(programs)
        eventually(lambda n=share: len(agents.done) >= n, 30, "a part of the requests")
        program.kill()
    controller(programs)
    storm.check_end(agents)
    assert agents.most <= 2 * LIMIT


def test_a_run_that_waits_for_its_turn_says_so(space, programs):
    space.pod("pod-1", ["main", "side"])
    for name in ("first", "second"):
        space.schedule(name, "@yearly", immediate=True, containers=["main"])
    program = programs("controller", "--leader-elect=false", "--max-concurrent-checkpoints=1")
    program.start()
    [request] = eventually(space.requests, what="the request of one of them")

    def waiting():
        return [s for s in space.list("checkpointschedules")
                for c in s.get("status", {}).get("conditions", ())
                if (c["type"], c["status"], c["reason"]) == ("Covered", "Unknown", "WaitsForTurn")]
    [other] = eventually(waiting, 20, what="word of the one that waits")
    assert other["metadata"]["name"] != request["metadata"]["labels"]["schedule-name"]
    assert program.metric("kcr_schedules_waiting") == 1
    # a request of a person does not wait
    space.request("by-hand", container="side")
    eventually(lambda: space.get("checkpointrequests", "by-hand")["spec"].get("nodeName"))
    space.finish(space.get("checkpointrequests", "by-hand"))
    space.finish(request)
    eventually(lambda: len(space.requests(other["metadata"]["name"])) == 1, what="its turn")
