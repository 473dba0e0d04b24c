"""Many objects, on a control plane without nodes: our programs run beside the API server, from the build tree."""

import collections
import re
import statistics
import subprocess
import tempfile
import time

from benchmarks.cluster import PROGRAM, ROOT, cpu_seconds, memory, wait_for
from benchmarks.figures import figure

OBJECTS = ROOT / "tools/benchmarks/objects.py"
RUNS = 5
SCHEDULES = 1000
SCHEDULES_BOUND = 3  # seconds
SCHEDULES_CPU_BOUND = 0.4  # seconds
FLOOR_IS = "the same objects created by curl, 16 requests at a time, in turns"

SCALE_RUNS = 3
SCALES = (100, 1000, 10000)  # Deployments; twice as many Pods
SCALE_EVERY = 100  # of so many Deployments one is annotated
SCALE_NODES = 200
SCALE_MIB_BOUND = 40
ANNOTATED_MIB_BOUND = 64
SCALE_READY_BOUND = 5  # seconds
MAKE_SECONDS = 600  # for as many schedules
SETTLE_SECONDS = 5
IDLE_SECONDS = 900
IDLE_FROM_SECONDS = 60
PORT = 18081


class Program:
    """One of our programs in the cluster's network; leaving its `with` ends it."""

    def __init__(self, cluster, *arguments):
        self._log = tempfile.TemporaryFile()
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            cluster.net_command(PROGRAM, *arguments, f"--health-probe-port={PORT}"), stderr=self._log)
        self.pid = self._process.pid  # cluster/exec --net becomes the program

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._log.close()


def _controller(cluster, *options):
    return Program(cluster, "controller", *(options or ["--leader-elect=false"]))


def _agent(cluster, directory):
    return Program(cluster, "agent", "--node-name=node-0", f"--kubelet-checkpoints={directory}",
                   f"--store={directory}/kcr")


def _objects(cluster, *arguments):
    return cluster.in_net(OBJECTS, *arguments)


def _make_schedules(cluster):
    """(seconds, CPU seconds) from the controller's start until all schedules exist; they go again."""
    with _controller(cluster) as controller:
        seconds = float(_objects(cluster, "wait", "checkpointschedules", SCHEDULES)) - controller.began
        cpu = cpu_seconds(controller.pid)
    _objects(cluster, "delete", "checkpointschedules")
    return seconds, cpu


def _floor(cluster):
    """Seconds in which nothing but curl creates as many schedules; they go again."""
    seconds = float(_objects(cluster, "create", SCHEDULES))
    _objects(cluster, "delete", "checkpointschedules")
    return seconds


def measure_schedules(cluster, say):
    """How long a controller takes to give each of 1,000 annotated Deployments its schedule."""
    cluster.component("stop", "kube-controller-manager")
    _objects(cluster, "deployments", 0, SCHEDULES, 1)
    say(f"{SCHEDULES} annotated Deployments are there")
    runs = []
    for _ in range(RUNS):
        runs.append((*_make_schedules(cluster), _floor(cluster)))
        say(f"{SCHEDULES} schedules after {runs[-1][0]:.2f} s, {runs[-1][1]:.2f} s of CPU; by curl {runs[-1][2]:.2f} s")
    cluster.kubectl("delete", "deployments", "--all", "--wait=false")
    how = f"tools/benchmarks/objects.py wait checkpointschedules {SCHEDULES}, from the start of 'kcr controller'"
    return [
        figure(f"{SCHEDULES} annotated Deployments to {SCHEDULES} schedules", [run[0] for run in runs], "s", how=how,
               reference=[run[2] for run in runs], reference_is=FLOOR_IS, pairs=[(run[0], run[2]) for run in runs],
               bound=SCHEDULES_BOUND, bound_on="value"),
        figure("the controller's CPU for that", [run[1] for run in runs], "s",
               how="utime + stime in /proc/PID/stat when the last schedule exists",
               bound=SCHEDULES_CPU_BOUND, bound_on="value"),
    ]


def _start_and_settle(cluster, program):
    """(seconds from start to ready, memory right then and after a while)"""
    ready = float(_objects(cluster, "ready", PORT)) - program.began
    at_once = memory(program.pid)
    time.sleep(SETTLE_SECONDS)
    return ready, at_once, memory(program.pid)


def _scale_figures(name, what, runs, mib_bound):
    """`what` there is: "100 Deployments"; `mib_bound`: of the largest of them, else None."""
    last = runs[-1][2]
    is_largest = mib_bound is not None
    bound_on = "value" if is_largest else None
    return [
        figure(f"{name}: start to ready, {what}", [run[0] for run in runs], "s",
               how=f"tools/benchmarks/objects.py ready {PORT}, from the start of the program",
               bound=SCALE_READY_BOUND if is_largest else None, bound_on=bound_on),
        figure(f"{name}: memory, {what}", [run[2]["VmRSS"] / 1024 for run in runs], "MiB",
               how=f"VmRSS {SETTLE_SECONDS} s after it was ready; RssAnon {last['RssAnon'] / 1024:.1f}, RssFile "
                   f"{last['RssFile'] / 1024:.1f}"),
        figure(f"{name}: peak memory, {what}", [run[2]["VmHWM"] / 1024 for run in runs], "MiB",
               how="VmHWM then", bound=mib_bound, bound_on=bound_on),
    ]


def _start_controller(cluster):
    with _controller(cluster) as controller:
        return _start_and_settle(cluster, controller)


def _tell_scale(say, name, what, runs):
    say(f"{what}, {name}: ready after {statistics.median(run[0] for run in runs):.2f} s, "
        f"{runs[-1][2]['VmRSS'] / 1024:.1f} MiB, at most {runs[-1][2]['VmHWM'] / 1024:.1f}")


def _measure_scale(cluster, count, say):
    """Both programs on a cluster with so many Deployments, and their figures."""
    what = f"{count} Deployments"
    programs = collections.defaultdict(list)
    for _ in range(SCALE_RUNS):
        programs["controller"].append(_start_controller(cluster))
        with tempfile.TemporaryDirectory() as directory, _agent(cluster, directory) as agent:
            programs["agent"].append(_start_and_settle(cluster, agent))
    for name, runs in programs.items():
        _tell_scale(say, name, what, runs)
    return [each for name, runs in programs.items()
            for each in _scale_figures(name, what, runs, SCALE_MIB_BOUND if count == SCALES[-1] else None)]


def _metrics(cluster):
    return cluster.in_net("curl", "-sS", f"http://127.0.0.1:{PORT}/metrics").splitlines()


def _is_idle(cluster):
    busy = ("workqueue_depth{", "controller_runtime_active_workers{")
    return all(line.endswith(" 0") for line in _metrics(cluster) if line.startswith(busy))


def _measure_annotated(cluster, count, say):
    """The controller when so many of the Deployments, which are all there, have a schedule; and while they get them."""
    _objects(cluster, "annotate", 0, count)
    with _controller(cluster) as controller:
        _objects(cluster, "wait", "checkpointschedules", count + (SCALES[-1] - count) // SCALE_EVERY, MAKE_SECONDS)
        wait_for("a controller with nothing to do", lambda: _is_idle(cluster), MAKE_SECONDS, 1)
        making = memory(controller.pid)
    what = f"{count} annotated"
    runs = [_start_controller(cluster) for _ in range(SCALE_RUNS)]
    _tell_scale(say, "controller", what, runs)
    mib_bound = ANNOTATED_MIB_BOUND if count == SCALES[-1] else None
    return [
        figure(f"controller: peak memory, {count} become annotated", [making["VmHWM"] / 1024], "MiB",
               how="VmHWM when they have their schedules, and these their statuses",
               bound=mib_bound, bound_on=mib_bound and "value"),
        *_scale_figures("controller", what, runs, mib_bound),
    ]


def measure_scale(cluster, say):
    """Both programs on clusters that grow: with 10,000 Deployments and 20,000 Pods in the end."""
    cluster.component("stop", "kube-controller-manager")
    figures = []
    for before, count in zip((0, *SCALES), SCALES):
        _objects(cluster, "deployments", before, count, SCALE_EVERY)
        _objects(cluster, "pods", 2 * before, 2 * count, SCALE_NODES)
        say(f"{count} Deployments and {2 * count} Pods are there")
        figures += _measure_scale(cluster, count, say)
    for count in SCALES[1:]:
        figures += _measure_annotated(cluster, count, say)
    return figures


def _requests(cluster):
    """How many requests the program has made, by method, as its metrics tell."""
    counts = collections.Counter()
    for line in _metrics(cluster):
        match = re.match(r'rest_client_requests_total\{.*method="([A-Z]+)"\} (\d+)', line)
        if match:
            counts[match[1]] += int(match[2])
    return counts


def measure_requests(cluster, say):
    """What a leading controller asks of the API server while nothing happens."""
    with _controller(cluster, "--leader-elect-resource-namespace=default") as controller:
        _objects(cluster, "ready", PORT)
        time.sleep(IDLE_FROM_SECONDS)
        say(f"the controller is idle; counting for {IDLE_SECONDS} s")
        before, cpu = _requests(cluster), cpu_seconds(controller.pid)
        time.sleep(IDLE_SECONDS)
        made, cpu = _requests(cluster) - before, cpu_seconds(controller.pid) - cpu
    hours = IDLE_SECONDS / 3600
    how = f"rest_client_requests_total after {IDLE_SECONDS} s, a watch counting when it ends"
    return [
        figure("requests of an idle hour: renewals of the lease", [made["PATCH"] / hours], "1", how=how),
        figure("requests of an idle hour: all others", [(made.total() - made["PATCH"]) / hours], "1", how=how),
        figure("CPU of an idle hour", [cpu / hours], "s", how="utime + stime in /proc/PID/stat"),
    ]
