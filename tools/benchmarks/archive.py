"""From the kubelet's archive of 1 GiB to an image, and the memory that it takes."""

import subprocess
import time

from benchmarks.cluster import Failure, PeakSampler, Watch, memory, wait_for
from benchmarks.figures import figure

HEAP_BYTES = 1 << 30
RUNS = 7

HEAP_PROGRAM = f"""
import os, signal
data = os.urandom({HEAP_BYTES})
print("filled", flush=True)
signal.pause()
"""

HEAP_POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "heap"},
    "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "heap", "image": "kcr.test/tools:1", "command": ["python3", "-c", HEAP_PROGRAM]}]},
}


def request(name, pod, container):
    return {"apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointRequest",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"podReference": {"name": pod, "namespace": "default"}, "containerName": container}}


def _seconds_to_image(watch, known):
    """From the appearance of the next Checkpoint to its phase ImageBuilt; its uid goes to `known`."""
    created, checkpoint = watch.next_of(known, is_new=True)
    uid = checkpoint["metadata"]["uid"]
    known.append(uid)
    while (phase := checkpoint.get("status", {}).get("phase")) != "ImageBuilt":
        if phase == "Failed":
            raise Failure(f"the checkpoint failed: {checkpoint['status'].get('failedReason')}")
        heard, checkpoint = watch.next_of([uid])
    return heard - created


def _seconds_of_openssl(path):
    began = time.monotonic()
    subprocess.run(["openssl", "dgst", "-sha256", path], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def _run(cluster, watch, known):
    """One checkpoint: (our seconds, OpenSSL's over the same file). It is removed again."""
    name = f"archive-{len(known)}"
    cluster.apply(request(name, "heap", "heap"))
    ours = _seconds_to_image(watch, known)
    entry = cluster.agent_store() / known[-1]
    if (entry / "layer.tar").stat().st_size < HEAP_BYTES:
        raise Failure(f"{entry}/layer.tar is smaller than the heap")
    theirs = _seconds_of_openssl(entry / "layer.tar")
    cluster.kubectl("delete", "checkpointrequest", name)
    wait_for("the store to drop a checkpoint", lambda: not entry.exists())
    return ours, theirs


def _time_figure(pairs):
    return figure(
        "archive of 1 GiB to ImageBuilt", [ours for ours, _ in pairs], "s",
        how="kubectl get checkpoints --watch -o json: from the first line about a Checkpoint to phase ImageBuilt",
        reference=[theirs for _, theirs in pairs], reference_is="openssl dgst -sha256, same file, warm cache",
        pairs=pairs, bound=1.5, bound_on="ratio")


def _memory_figures(agent, worker):
    def detail(status):
        return f"at the last look RssAnon {status['RssAnon'] / 1024:.1f}, RssFile {status['RssFile'] / 1024:.1f} MiB"
    return [
        figure("agent's peak memory meanwhile", [agent["VmHWM"] / 1024], "MiB", bound=32, bound_on="value",
               how=f"VmHWM in /proc/PID/status of 'kcr agent' after the {RUNS} archives; {detail(agent)}"),
        figure("its worker's", [worker["VmHWM"] / 1024], "MiB",
               how=f"the largest VmHWM of 'kcr-work describe', looked at every 10 ms; {detail(worker)}"),
    ]


def measure(cluster, say):
    """The figures of a cluster with KCR installed."""
    cluster.apply(HEAP_POD)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/heap", "--timeout=60s")
    wait_for("the heap to be filled", lambda: "filled" in cluster.kubectl("logs", "heap"))
    pairs, known = [], []
    with Watch(cluster, "checkpoints") as watch, PeakSampler(lambda: cluster.processes("describe")) as worker:
        for number in range(RUNS):
            pairs.append(_run(cluster, watch, known))
            say(f"archive {number + 1} of {RUNS}: ImageBuilt after {pairs[-1][0]:.2f} s, openssl {pairs[-1][1]:.2f} s")
    cluster.kubectl("delete", "pod", "heap")
    return [_time_figure(pairs), *_memory_figures(memory(cluster.one_process("agent")), worker.peak)]
