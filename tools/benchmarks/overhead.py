"""What kcr-runtime adds to the start of a container that is not restored, and its memory."""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import tempfile

from benchmarks.cluster import RUNTIME_PROGRAM, Failure, memory
from benchmarks.figures import figure
from benchmarks.pods import Heap, remove, start

RUNS = 50
BUNDLE = "/run/kcr-bench"
OURS = "/opt/kcr/bin/kcr-runtime"
THEIRS = "/usr/sbin/runc"

# create and start by both runtimes in turns, the first one changing; prints the seconds of ours and theirs.
TURNS = r"""
one() {
    local id=kcr-bench-$RANDOM began=$EPOCHREALTIME ended
    "$1" --root /run/kcr-bench/state create --bundle "$BUNDLE" --pid-file "$BUNDLE/pid" "$id" >"$BUNDLE/out" 2>&1 &&
        "$1" --root /run/kcr-bench/state start "$id" >>"$BUNDLE/out" 2>&1 || { cat "$BUNDLE/out" >&2; exit 1; }
    ended=$EPOCHREALTIME
    "$1" --root /run/kcr-bench/state delete --force "$id"
    took=$((${ended/./} - ${began/./}))
}
for ((i = 0; i < RUNS; i++)); do
    if ((i % 2)); then one "$OURS"; ours=$took; one "$THEIRS"; theirs=$took; else one "$THEIRS"; theirs=$took; one "$OURS"; ours=$took; fi
    echo "$ours $theirs"
done
"""

PTRACE_SEIZE, PTRACE_CONT, PTRACE_O_TRACEEXIT, PTRACE_EVENT_EXIT = 0x4206, 7, 0x40, 6


def _bundle(cluster, heap):
    """The config.json of a container that containerd runs, as one of our own: in its Pod, with its root."""
    theirs = f"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{heap.container_id}"
    config = json.loads(cluster.in_node("cat", f"{theirs}/config.json"))
    config["root"]["path"] = f"{theirs}/rootfs"
    config["process"]["args"] = ["sleep", "60"]
    config["linux"]["cgroupsPath"] += "-bench"
    return config


def _peak_kib(config):
    """VmHWM of `kcr-runtime create` when it is about to become the runtime: there is none, so that it ends instead."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        (directory / "config.json").write_text(json.dumps(config | {"root": {"path": name}}))
        (directory / "kcr-runtime").write_bytes(RUNTIME_PROGRAM.read_bytes())
        (directory / "kcr-runtime").chmod(0o755)
        (directory / "kcr-runtime.json").write_text(json.dumps(
            {"runtime": f"{name}/none", "store": name, "state": f"{name}/state"}))
        process = subprocess.Popen(
            ["sh", "-c", 'kill -STOP $$; exec "$0" "$@"', directory / "kcr-runtime", "create", "--bundle", name, "bench"],
            stderr=subprocess.DEVNULL)
        peak = _at_exit(process.pid)["VmHWM"]
        process.wait()
        return peak


def _at_exit(pid):
    """memory() of a process that has stopped itself, at its end."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    os.waitpid(pid, os.WUNTRACED)
    if libc.ptrace(PTRACE_SEIZE, pid, None, PTRACE_O_TRACEEXIT) < 0:
        raise Failure(f"cannot trace kcr-runtime: {os.strerror(ctypes.get_errno())}")
    os.kill(pid, signal.SIGCONT)
    while True:
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            raise Failure("kcr-runtime ended before its memory was seen")
        last = memory(pid)
        libc.ptrace(PTRACE_CONT, pid, None, None)
        if status >> 16 == PTRACE_EVENT_EXIT:
            return last


def measure(cluster, say):
    heap = Heap(cluster, "bundle", 0)
    start(cluster, [heap])
    config = _bundle(cluster, heap)
    cluster.in_node("sh", "-c", f"mkdir -p {BUNDLE} && cat >{BUNDLE}/config.json", stdin=json.dumps(config))
    lines = cluster.in_node("env", f"RUNS={RUNS}", f"BUNDLE={BUNDLE}", f"OURS={OURS}", f"THEIRS={THEIRS}",
                            "bash", "-c", TURNS).splitlines()
    pairs = [tuple(int(each) / 1000 for each in line.split()) for line in lines]
    peak = _peak_kib(config)
    remove(cluster, [heap])
    more = [ours - theirs for ours, theirs in pairs]
    figures = [
        figure("kcr-runtime's own part of create and start", more, "ms", bound=3, bound_on="value",
               how="create and start of a Pod's container by kcr-runtime minus by runc, in turns; by runc they take "
                   f"{sorted(theirs for _, theirs in pairs)[len(pairs) // 2]:.1f} ms"),
        figure("kcr-runtime's peak memory", [peak / 1024], "MiB", bound=4, bound_on="value",
               how="VmHWM of `create` when it is about to become runc, seen by ptrace"),
    ]
    say(f"kcr-runtime adds {figures[0]['value']:.2f} ms to create and start and has {peak} KiB")
    return figures
