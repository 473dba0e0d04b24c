"""1,000 schedules that are due in the same minute, on a control plane without nodes; the agents are scripted."""

import json
import time

from benchmarks.cluster import ROOT, Failure, cpu_seconds
from benchmarks.figures import figure
from benchmarks.many import Program

AGENTS = ROOT / "tools/benchmarks/storm_agents.py"
SCHEDULES = 1000
NODES = 20
LIMIT = 100  # the controller's default
BUSY_SECONDS = 0.2
LEAD_SECONDS = 60  # for making the schedules


def measure(cluster, say):
    """From the minute until every request is made and completed, how many were under way, and what it cost."""
    cluster.component("stop", "kube-controller-manager")
    cluster.in_net(AGENTS, "pods", SCHEDULES, NODES)
    say(f"{SCHEDULES} Pods are there, on {NODES} nodes")
    due = (int(time.time()) + LEAD_SECONDS) // 60 * 60 + 60
    minute = time.gmtime(due)
    with Program(cluster, "controller", "--leader-elect=false") as controller:
        cluster.in_net(AGENTS, "schedules", SCHEDULES, f"{minute.tm_min} {minute.tm_hour} * * *")
        if time.time() >= due:
            raise Failure("making the schedules took until they were due")
        say(f"{SCHEDULES} schedules are there, due in {due - time.time():.0f} s")
        before = cpu_seconds(controller.pid)
        seen = json.loads(cluster.in_net(AGENTS, "take", SCHEDULES, due, BUSY_SECONDS))
        cpu = cpu_seconds(controller.pid) - before
    if seen["names"] != SCHEDULES or seen["requests"] != SCHEDULES:
        raise Failure(f"{SCHEDULES} runs were due, and there were {seen['requests']} requests of {seen['names']} names")
    how = f"tools/benchmarks/storm_agents.py: a watch, from the full minute; {NODES} scripted agents take two at a " \
          f"time, {BUSY_SECONDS} s each"
    name = f"{SCHEDULES} schedules due in one minute"
    return [
        figure(f"{name}: the last request is made", [seen["made"]], "s", how=how),
        figure(f"{name}: the last one is completed", [seen["done"]], "s", how=how),
        figure(f"{name}: requests under way at most", [seen["most"]], "", how=how, bound=LIMIT, bound_on="value"),
        figure(f"{name}: the controller's CPU", [cpu], "s", how="utime + stime in /proc/PID/stat, from before to after"),
    ]
