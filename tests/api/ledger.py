"""The books of one schedule: each due time was asked for once for each Pod, or is counted as
missed; each request has ended, and what it led to is there, once."""

import time

from world import eventually, seconds_of


KEPT = 100  # Checkpoints of each Pod, the most that a schedule may keep


class Ledger:
    """All CheckpointRequests of a schedule "@every N s" that ever were, by uid, as we saw them."""

    def __init__(self, space, period=1, pods=("pod-1", "pod-2"), node="node-1", **spec):
        self.space = space
        self.period = period
        self.pods = pods
        self.seen = {}
        for pod in pods:
            space.pod(pod, node=node)
        schedule = space.schedule("every", f"@every {period}s", **{
            "concurrencyPolicy": "Allow", "timeoutSeconds": 3600, "retention": {"maxCount": KEPT},
            "failedRequestsHistoryLimit": 100, **spec})
        self.created = seconds_of(schedule["metadata"]["creationTimestamp"])

    def look(self):
        for request in self.space.requests("every"):
            self.seen[request["metadata"]["uid"]] = request
        return self.seen.values()

    def times(self, pod="pod-1"):
        """The due times that were asked for, each as often as it was."""
        return sorted(int(r["metadata"]["name"].rsplit("-", 1)[1]) for r in self.look()
                      if r["spec"]["podReference"]["name"] == pod)

    def wait(self, count, timeout=20):
        """So many more runs than now."""
        return self.wait_for(len(self.times()) + count, timeout)

    def wait_for(self, count, timeout=20):
        """So many runs all in all."""
        eventually(lambda: len(self.times()) >= count, timeout, f"run {count}")
        return self

    def wrong(self, pods=None):
        """What is wrong with the books, as text."""
        status = self.space.get("checkpointschedules", "every").get("status", {})
        if "lastRunTime" not in status:
            return "no run is recorded"
        last, missed = seconds_of(status["lastRunTime"]), status.get("missedRuns", 0)
        for pod in pods or self.pods:
            times = self.times(pod)
            assert len(times) == len(set(times)), f"doubled: {times}"
            assert all((t - self.created) % self.period == 0 for t in times), f"not due: {times}"
            lacks = (last - self.created) // self.period - sum(t <= last for t in times)
            if times[-1] > last or missed != lacks:
                return (f"{pod}: {lacks} runs are lacking, {missed} are told, the last one is "
                        f"{last} or {times[-1]}: {[t - self.created for t in times]}")
        return None

    def wait_until_right(self, **how):
        seen = []
        deadline = time.monotonic() + 60
        while wrong := self.wrong(**how):
            seen = [*seen[-5:], wrong]
            assert time.monotonic() < deadline, "\n".join(seen)
            time.sleep(0.1)

    def settle(self, controller, **how):
        """The books come right while the schedule goes on, and are so when the controller ends."""
        self.wait_until_right(**how)
        controller.stop()
        assert not self.wrong(**how), self.wrong(**how)

    def settle_at_once(self, controller):
        """As settle(), but nothing is waited for: the end finishes what was begun."""
        controller.stop()
        assert not self.wrong(), self.wrong()

    def present(self):
        """The requests that are there. One that was and is not has gone with its Checkpoint, by
        retention: then there are as many as are kept."""
        there = {r["metadata"]["uid"]: r for r in self.space.requests("every")}
        for pod in self.pods:
            gone = [r for uid, r in self.seen.items() if uid not in there
                    and r["spec"]["podReference"]["name"] == pod]
            left = [r for r in there.values() if r["spec"]["podReference"]["name"] == pod]
            assert not gone or len(left) >= KEPT, f"gone too soon: {gone}"
        return there.values()

    def settle_node(self, node, timeout=60):
        """Each request has ended in one Checkpoint or a reason; on the node lies what they say, once
        the agent has looked for what was left, as it does in the beginning and once a minute. To be
        called when no controller works: what retention has removed is looked at only once. So long
        as another one ends within `timeout` they are waited for."""
        ended = set()

        def kept():
            uids = []
            requests = self.present()  # first: what they name is there by then
            ended.update(r["metadata"]["uid"] for r in requests
                         if r.get("status", {}).get("phase") in ("Completed", "Failed"))
            names = {c["metadata"]["name"]: c for c in self.space.list("checkpoints")}
            for request in requests:
                status = request.get("status", {})
                if status.get("phase") == "Completed":
                    name = status["checkpointRef"]["name"]
                    assert name in names, f"no Checkpoint of its own: {request}; {sorted(names)}"
                    checkpoint = names.pop(name)
                    assert checkpoint["metadata"]["ownerReferences"][0]["uid"] == (
                        request["metadata"]["uid"])
                    end = checkpoint.get("status", {})
                    if end.get("phase") == "ImageBuilt":
                        uids.append(checkpoint["metadata"]["uid"])
                        ended.add(uids[-1])
                    elif not end.get("failedReason"):
                        return None
                elif status.get("phase") != "Failed":
                    return None
                else:
                    assert status["reason"] and status["message"]
            assert not names, f"Checkpoints of no request: {sorted(names)}"
            return sorted(uids)
        deadline = time.monotonic() + timeout
        before = 0
        while (uids := kept()) is None:
            if len(ended) > before:
                before, deadline = len(ended), time.monotonic() + timeout
            assert time.monotonic() < deadline, [r.get("status") for r in self.present()]
            time.sleep(0.1)
        node.agent.stop()
        starts = node.agent.text().count("Synced with the cluster") + 1
        node.agent.start().says("Synced with the cluster", starts)
        eventually(lambda: node.entries() == uids, 20, f"exactly these entries: {uids}")
        eventually(lambda: node.kubelet.archives() == [], 20, "no archive left over")
        return uids


