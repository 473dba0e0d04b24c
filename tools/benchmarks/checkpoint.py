"""A checkpoint of 1 GiB: by kcr-runtime, by runc itself on the same container, and by the kubelet and containerd."""

import json
import os
import shutil
import time

from benchmarks.api import Api, call
from benchmarks.archive import request
from benchmarks.cluster import Failure, Watch, wait_for
from benchmarks.figures import figure
from benchmarks.pods import Heap, remove, start

HEAP_MIB = 1024
RUNS = 6
LOOK_MS = 2
REQUESTS = "/apis/checkpoint-restore.kcr.io/v1/namespaces/default/checkpointrequests"
RUNC_ROOT = "/run/containerd/runc/k8s.io"
SCRATCH = "kcr-bench"  # beside the store, so that everybody writes to the same disk

# One command, timed without the time that it takes to enter the node: seconds, and its output when it fails.
TIMED = 'began=$EPOCHREALTIME; out=$("$@" 2>&1) || { echo "$out" >&2; exit 1; }; echo "$began $EPOCHREALTIME"'


class Checkpoints:
    """Takes checkpoints by CheckpointRequests and removes them again."""

    def __init__(self, cluster, watch):
        self.cluster, self.watch = cluster, watch
        self.api = Api(json.loads(cluster.kubectl("config", "view", "--raw", "-o", "json")))
        self.known = []

    def _connect(self):
        with self.cluster.network():
            return self.api.connect()

    def take(self, program):
        """Seconds from the request to: the dump is complete, phase Created, phase ImageBuilt; frozen seconds if told."""
        name = f"bench-{len(self.known)}"
        connection = self._connect()
        began, began_wall = time.monotonic(), time.time()
        call(connection, "POST", REQUESTS, request(name, program.name, program.container))
        heard, checkpoint = self.watch.next_of(self.known, is_new=True)
        uid = checkpoint["metadata"]["uid"]
        self.known.append(uid)
        seen = {"Created": heard - began}
        while (phase := checkpoint.get("status", {}).get("phase")) != "ImageBuilt":
            if phase == "Failed":
                raise Failure(f"the checkpoint failed: {checkpoint['status'].get('failedReason')}")
            heard, checkpoint = self.watch.next_of([uid])
        seen["ImageBuilt"] = heard - began
        result = self.cluster.agent_store() / uid / "direct.json"
        if result.exists():
            seen["dumped"] = result.stat().st_mtime - began_wall
            seen["frozen"] = json.loads(result.read_text())["frozenMicroseconds"] / 1e6
        return seen

    def remove(self, count=1):
        """The last ones; what comes next does not wait for what these have left for the disk to do."""
        last = range(len(self.known) - count, len(self.known))
        connection = self._connect()
        for number in last:
            call(connection, "DELETE", f"{REQUESTS}/bench-{number}")
        for number in last:
            entry = self.cluster.agent_store() / self.known[number]
            wait_for("the store to drop a checkpoint", lambda entry=entry: not entry.exists())
        os.sync()


def runc_checkpoint(cluster, program):
    """Seconds of `runc checkpoint --leave-running` itself."""
    scratch = cluster.agent_store().parent / SCRATCH
    scratch.mkdir()
    inside = f"/var/lib/kubelet/checkpoints/{SCRATCH}"
    try:
        began, ended = cluster.in_node(
            "bash", "-c", TIMED, "bash", "runc", "--root", RUNC_ROOT, "checkpoint", "--leave-running",
            "--image-path", f"{inside}/images", "--work-path", f"{inside}/work", program.container_id).split()
    finally:
        shutil.rmtree(scratch)
    os.sync()
    return float(ended) - float(began)


def _by_request(checkpoints, program, is_direct):
    seen = checkpoints.take(program)
    if ("dumped" in seen) != is_direct:
        raise Failure(f"the checkpoint of {program.name} was {'not ' if is_direct else ''}taken by kcr-runtime")
    checkpoints.remove()
    return seen


def _turn(checkpoints, direct, slow, number):
    """Each way once, another one first each time: what was seen, and how long the program stood still."""
    ways = [("direct", direct, lambda: _by_request(checkpoints, direct, True)),
            ("runc", direct, lambda: {"dumped": runc_checkpoint(checkpoints.cluster, direct)}),
            ("kubelet", slow, lambda: _by_request(checkpoints, slow, False))]
    first = number % len(ways)
    seen, stood = {}, {}
    for way, program, take in ways[first:] + ways[:first]:
        seen[way], stood[way] = program.stood_still(take)
    return seen, stood


def _figures(turns):
    def of(way, step):
        return [seen[way][step] for seen, _ in turns]

    def stood(way):
        return [still[way] for _, still in turns]
    runc, kubelet = of("runc", "dumped"), of("kubelet", "Created")
    asked = "from the POST of the CheckpointRequest to "
    return [
        figure("checkpoint of 1 GiB by kcr-runtime, in the store", of("direct", "dumped"), "s",
               how=asked + "the time of direct.json", reference=runc, reference_is="runc checkpoint --leave-running",
               pairs=list(zip(of("direct", "dumped"), runc)), bound=1.3, bound_on="ratio"),
        figure("the same, Created", of("direct", "Created"), "s", how=asked + "phase Created",
               reference=runc, reference_is="runc checkpoint --leave-running", pairs=list(zip(of("direct", "Created"), runc))),
        figure("the same, flushed and ImageBuilt", of("direct", "ImageBuilt"), "s", how=asked + "phase ImageBuilt",
               reference=of("kubelet", "ImageBuilt"), reference_is="the kubelet's way, ImageBuilt"),
        figure("checkpoint of 1 GiB, Created, against the kubelet's way", of("direct", "Created"), "s",
               how=asked + "phase Created", reference=kubelet, reference_is="the kubelet, containerd and runc, Created",
               pairs=list(zip(of("direct", "Created"), kubelet)), bound=0.2, bound_on="ratio"),
        figure("it stands still for", stood("direct"), "s", how="the longest time for which the program did not run, "
               "by its own clock; kcr-runtime says " + ", ".join(f"{each:.3f}" for each in of("direct", "frozen")),
               reference=stood("kubelet"), reference_is="the same of the kubelet's way"),
        figure("it stands still for, by runc itself", stood("runc"), "s", how="as before"),
    ]


def measure(cluster, say):
    """The two containers are the same but for the runtime in their Pod's class."""
    direct = Heap(cluster, "direct", HEAP_MIB, LOOK_MS)
    slow = Heap(cluster, "kubelet", HEAP_MIB, LOOK_MS, runtime_class="runc")
    start(cluster, [direct, slow])
    say("two heaps of 1 GiB are filled")
    turns = []
    with Watch(cluster, "checkpoints") as watch:
        checkpoints = Checkpoints(cluster, watch)
        for number in range(RUNS):
            turns.append(_turn(checkpoints, direct, slow, number))
            seen, stood = turns[-1]
            say(f"checkpoint {number + 1} of {RUNS}: direct {seen['direct']['dumped']:.2f} s (Created "
                f"{seen['direct']['Created']:.2f}), runc {seen['runc']['dumped']:.2f}, kubelet "
                f"{seen['kubelet']['Created']:.2f}; stood still {stood['direct']:.2f}, {stood['runc']:.2f}, "
                f"{stood['kubelet']:.2f}")
    remove(cluster, [direct, slow])
    return _figures(turns)
