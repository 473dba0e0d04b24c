"""Many objects, on a control plane without nodes: our programs run beside the API server, from the build tree."""

import subprocess
import tempfile
import time

from benchmarks.cluster import PROGRAM, ROOT, cpu_seconds, memory
from benchmarks.figures import figure

OBJECTS = ROOT / "tools/benchmarks/objects.py"
RUNS = 5
SCHEDULES = 1000
SEED_SCHEDULES_SECONDS = 45  # of the seed's Go operator, see docs/benchmarks.md
SEED_SCHEDULES_CPU_SECONDS = 1.3
SEED_IS = "the seed's Go operator, measured earlier on this kind of machine"

SCALE_RUNS = 3
SCALE_DEPLOYMENTS = 10000
SCALE_ANNOTATED = 100
SCALE_PODS = 20000
SCALE_NODES = 200
SETTLE_SECONDS = 5
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


def _controller(cluster):
    return Program(cluster, "controller", "--leader-elect=false")


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


def measure_schedules(cluster, say):
    """How long a controller takes to give each of 1,000 annotated Deployments its schedule."""
    cluster.component("stop", "kube-controller-manager")
    _objects(cluster, "deployments", SCHEDULES, SCHEDULES)
    say(f"{SCHEDULES} annotated Deployments are there")
    runs = []
    for _ in range(RUNS):
        runs.append(_make_schedules(cluster))
        say(f"{SCHEDULES} schedules after {runs[-1][0]:.2f} s, {runs[-1][1]:.2f} s of CPU")
    cluster.kubectl("delete", "deployments", "--all", "--wait=false")
    how = f"tools/benchmarks/objects.py wait checkpointschedules {SCHEDULES}, from the start of 'kcr controller'"
    return [
        figure(f"{SCHEDULES} annotated Deployments to {SCHEDULES} schedules", [run[0] for run in runs], "s", how=how,
               reference=SEED_SCHEDULES_SECONDS, reference_is=SEED_IS),
        figure("the controller's CPU for that", [run[1] for run in runs], "s",
               how="utime + stime in /proc/PID/stat when the last schedule exists",
               reference=SEED_SCHEDULES_CPU_SECONDS, reference_is=SEED_IS),
    ]


def _start_and_settle(cluster, program):
    """(seconds from start to ready, memory right then and after a while)"""
    ready = float(_objects(cluster, "ready", PORT)) - program.began
    at_once = memory(program.pid)
    time.sleep(SETTLE_SECONDS)
    return ready, at_once, memory(program.pid)


def _scale_figures(name, runs):
    last = runs[-1][2]
    return [
        figure(f"{name}: start to ready, at scale", [run[0] for run in runs], "s",
               how=f"tools/benchmarks/objects.py ready {PORT}, from the start of the program"),
        figure(f"{name}: memory at scale", [run[2]["VmRSS"] / 1024 for run in runs], "MiB",
               how=f"VmRSS {SETTLE_SECONDS} s after it was ready; RssAnon {last['RssAnon'] / 1024:.1f}, RssFile "
                   f"{last['RssFile'] / 1024:.1f}, peak {last['VmHWM'] / 1024:.1f} MiB"),
    ]


def measure_scale(cluster, say):
    """Both programs on a cluster with 10,000 Deployments and 20,000 Pods."""
    cluster.component("stop", "kube-controller-manager")
    _objects(cluster, "deployments", SCALE_DEPLOYMENTS, SCALE_ANNOTATED)
    say(f"{SCALE_DEPLOYMENTS} Deployments are there, {SCALE_ANNOTATED} of them annotated")
    _objects(cluster, "pods", SCALE_PODS, SCALE_NODES)
    say(f"{SCALE_PODS} Pods are there, on {SCALE_NODES} nodes")
    controllers, agents = [], []
    for _ in range(SCALE_RUNS):
        with _controller(cluster) as controller:
            controllers.append(_start_and_settle(cluster, controller))
        with tempfile.TemporaryDirectory() as directory, _agent(cluster, directory) as agent:
            agents.append(_start_and_settle(cluster, agent))
        say(f"controller: ready after {controllers[-1][0]:.2f} s, {controllers[-1][2]['VmRSS'] / 1024:.1f} MiB; "
            f"agent: {agents[-1][0]:.2f} s, {agents[-1][2]['VmRSS'] / 1024:.1f} MiB")
    return _scale_figures("controller", controllers) + _scale_figures("agent", agents)
