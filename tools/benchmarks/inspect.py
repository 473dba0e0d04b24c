"""What is in an archive of 1 GiB: kubectl-kcr-inspect beside checkpointctl, time and memory."""

import json
import pathlib
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
PROGRAM = ROOT / "build/release/src/main/kubectl-kcr-inspect"
PATTERN = "AKIA[0-9A-Z]{16}"
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


def _run(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{command[0]}: {done.stderr}")
    return done.stderr


def _ours(node, archive, *flags):
    """(seconds, KiB) of two runs: GNU time, which tells the memory, takes a part of our time itself."""
    command = [PROGRAM, node.path(archive), *flags]
    began = time.monotonic()
    _run(*command)
    seconds = time.monotonic() - began
    return seconds, int(_run("/usr/bin/time", "-f", "%M", *command).splitlines()[-1])


def _theirs(node, *arguments):
    """The same of checkpointctl, without the time of entering the node."""
    done = node.run("time", "-f", "%e %M", "checkpointctl", *arguments, check=False)
    if done.returncode != 0:
        raise Failure(f"checkpointctl: {done.stderr}")
    seconds, peak = done.stderr.splitlines()[-1].split()
    return float(seconds), int(peak)


def measure(say):
    subprocess.run(["ninja", "-C", ROOT / "build/release", "src/main/kubectl-kcr-inspect"], check=True, stdout=subprocess.DEVNULL)
    root = subprocess.run([ROOT / "cluster/build", "--dumps"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    with tempfile.TemporaryDirectory() as scratch:
        node = Node(root, pathlib.Path(scratch))
        node.start_node()
        try:
            archive = _archive(node)
            say("a program of 1 GiB is dumped")
            pid = json.loads(subprocess.run([PROGRAM, node.path(archive), "-o", "json"], check=True, stdout=subprocess.PIPE).stdout)["processes"][0]["pid"]
            runs = [(_ours(node, archive, "-o", "table"), _theirs(node, "inspect", "--all", archive)) for _ in range(RUNS)]
            searches = [(_ours(node, archive, "--regex", "--search", PATTERN),
                         _theirs(node, "memparse", "--pid", pid, "--search-regex", PATTERN, archive)) for _ in range(RUNS)]
        finally:
            node.stop()
    say(f"read {RUNS} times by both")
    ours, theirs = zip(*runs)
    found, found_by_them = zip(*searches)
    return [
        figure("inspect: 1 GiB archive", [1000 * seconds for seconds, _ in ours], "ms", "table of all, file in memory",
               reference=[1000 * seconds for seconds, _ in theirs], reference_is="checkpointctl inspect --all",
               pairs=[(one[0], other[0]) for one, other in runs], bound=0.1, bound_on="ratio"),
        figure("inspect: memory", [peak / 1024 for _, peak in ours], "MiB", "of GNU time",
               reference=[peak / 1024 for _, peak in theirs], reference_is="checkpointctl inspect --all", bound=8, bound_on="value"),
        figure("inspect: search of 1 GiB", [1000 * seconds for seconds, _ in found], "ms", "an expression that matches nowhere",
               reference=[1000 * seconds for seconds, _ in found_by_them], reference_is="checkpointctl memparse --search-regex",
               pairs=[(one[0], other[0]) for one, other in searches], bound=0.5, bound_on="ratio"),
        figure("inspect: memory of a search", [peak / 1024 for _, peak in found], "MiB", "of GNU time",
               reference=[peak / 1024 for _, peak in found_by_them], reference_is="checkpointctl memparse --search-regex", bound=8, bound_on="value"),
    ]
