"""What is in an archive of 1 GiB: our reader beside checkpointctl, time and memory."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from benchmarks.cluster import ROOT, Failure
from benchmarks.figures import figure

sys.path.insert(0, str(ROOT / "tests/dumps"))
from world import Node  # pylint: disable=wrong-import-position

HEAP_BYTES = 1 << 30
RUNS = 7
DRIVER = ROOT / "build/release/tests/programs/inspect_driver"
HEAP = f"import os, signal; data = os.urandom({HEAP_BYTES}); print('ready', flush=True); signal.pause()"

# What checkpointctl asks for beside the images, as containerd writes it.
CONFIG = {"id": "4d5b9c0a6b0e", "name": "heap", "rootfsImage": "docker.io/library/heap:1", "rootfsImageName": "docker.io/library/heap:1",
          "runtime": "io.containerd.runc.v2", "createdTime": "2026-11-21T21:00:00Z", "checkpointedTime": "2026-11-21T22:00:00Z"}
SPEC = {"ociVersion": "1.2.1", "annotations": {
    "io.container.manager": "containerd", "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "heap",
    "io.kubernetes.cri.sandbox-name": "heap", "io.kubernetes.cri.sandbox-namespace": "default"}}


def _archive(node):
    """An archive of a program with a heap of 1 GiB; its path in the node."""
    directory = node.dump("heap", ["python3", "-c", HEAP], "ready")
    (directory / "config.dump").write_text(json.dumps(CONFIG))
    (directory / "spec.dump").write_text(json.dumps(SPEC))
    node.run("tar", "--create", "--file=/dumps/heap.tar", "--directory=/dumps/heap", ".")
    node.run("rm", "-r", "/dumps/heap")
    return "/dumps/heap.tar"


def _ours(node, archive):
    """(seconds, KiB) of one run."""
    began = time.monotonic()
    done = subprocess.run([DRIVER, "table", "--peak", node.path(archive)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - began
    if done.returncode != 0:
        raise Failure(f"{DRIVER}: {done.stderr}")
    return seconds, int(re.search(r"VmHWM:\s+(\d+)", done.stderr)[1])


def _theirs(node, archive):
    """The same of checkpointctl, without the time of entering the node."""
    done = node.run("time", "-f", "%e %M", "checkpointctl", "inspect", "--all", archive, check=False)
    if done.returncode != 0:
        raise Failure(f"checkpointctl: {done.stderr}")
    seconds, peak = done.stderr.splitlines()[-1].split()
    return float(seconds), int(peak)


def measure(say):
    subprocess.run(["ninja", "-C", ROOT / "build/release", "tests/programs/inspect_driver"], check=True, stdout=subprocess.DEVNULL)
    root = subprocess.run([ROOT / "cluster/build", "--dumps"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    with tempfile.TemporaryDirectory() as scratch:
        node = Node(root, pathlib.Path(scratch))
        node.start_node()
        try:
            archive = _archive(node)
            say("a program of 1 GiB is dumped")
            runs = [(_ours(node, archive), _theirs(node, archive)) for _ in range(RUNS)]
        finally:
            node.stop()
    say(f"read {RUNS} times by both")
    ours, theirs = zip(*runs)
    return [
        figure("inspect: 1 GiB archive", [1000 * seconds for seconds, _ in ours], "ms", "table of all, file in memory",
               reference=[1000 * seconds for seconds, _ in theirs], reference_is="checkpointctl inspect --all",
               pairs=[(one[0], other[0]) for one, other in runs], bound=0.1, bound_on="ratio"),
        figure("inspect: memory", [peak / 1024 for _, peak in ours], "MiB", "VmHWM",
               reference=[peak / 1024 for _, peak in theirs], reference_is="checkpointctl inspect --all", bound=8, bound_on="value"),
    ]
