"""From SIGKILL to the first answer: restored by kcr-runtime, against the kubelet's plain restart of the same container.

Both Pods are filled with the same and run under kcr-runtime; one of them has been checkpointed. Every container
crashes once, because the kubelet lets the second crash of a container wait.
"""

import contextlib
import json
import mmap
import os
import pathlib
import re
import selectors
import signal
import socket
import statistics
import time

from benchmarks.checkpoint import Checkpoints
from benchmarks.cluster import Failure, Watch, wait_for
from benchmarks.figures import figure
from benchmarks.pods import Heap, Redis, remove, start

RUNS = 15
DEADLINE_SECONDS = 60
PAUSE_SECONDS = 0.005  # between a client's attempts
LOST_SECONDS = 0.7  # a SYN that nobody answered is sent again after a second
STEPS = ["verify", "layer", "restore"]

HUGE_PAGES = pathlib.Path("/sys/kernel/mm/transparent_hugepage")
BY_2_MIB = {"enabled": "always"}  # Debian's default
BY_4_KIB = {"enabled": "madvise"}
BY_64_KIB = {"enabled": "madvise", "hugepages-64kB/enabled": "always"}  # what docs/runtime.md recommends where the former is set

WORKLOADS = {  # how many Pods at a time, how they are made, how Linux gives out memory, how much slower than plain they may be
    "64 MiB": (5, lambda cluster, name: Heap(cluster, name, 64), BY_2_MIB, 0.1),
    "1 GiB": (3, lambda cluster, name: Heap(cluster, name, 1024), BY_2_MIB, 0.5),
    "1 GiB by 64 KiB": (3, lambda cluster, name: Heap(cluster, name, 1024), BY_64_KIB, 0.5),
    "1 GiB by 4 KiB": (3, lambda cluster, name: Heap(cluster, name, 1024), BY_4_KIB, None),
    "Redis, 1,000,000 keys": (5, lambda cluster, name: Redis(cluster, name, 1000000), BY_2_MIB, None),
}
TOTAL_BOUNDS = {("64 MiB", "events"): 0.3}

MADV_POPULATE_WRITE = 23  # linux/mman.h
LEFT_BYTES = 1 << 30
REPORTED_ORDER = pathlib.Path("/sys/module/page_reporting/parameters/page_reporting_order")
NO_ORDER = "11"  # larger than any free block is


@contextlib.contextmanager
def _memory_by(settings):
    """Linux gives out memory so, and afterwards as it did before."""
    before = {name: re.search(r"\[(.*)\]", (HUGE_PAGES / name).read_text())[1] for name in settings}
    try:
        for name, value in settings.items():
            (HUGE_PAGES / name).write_text(value)
        yield
    finally:
        for name, value in before.items():
            (HUGE_PAGES / name).write_text(value)


@contextlib.contextmanager
def _memory_at_hand():
    """
    The host of a virtual machine takes back what is free and hands it out again late, here some 3 s for a GiB. That is
    not what is to be measured: all that is free is touched once, and kept from the host meanwhile where Linux lets us.
    """
    before = REPORTED_ORDER.read_text() if REPORTED_ORDER.exists() else None
    free = os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE
    try:
        if before:
            with contextlib.suppress(OSError):  # a kernel that has no such order
                REPORTED_ORDER.write_text(NO_ORDER)
        with mmap.mmap(-1, max(free - LEFT_BYTES, mmap.PAGESIZE)) as memory:
            memory.madvise(MADV_POPULATE_WRITE)
        yield
    finally:
        if before:
            REPORTED_ORDER.write_text(before)


class Attempt:
    """One client that connects and asks."""

    def __init__(self, program):
        self.program, self.answer = program, b""
        self.began, self.connected, self.heard = time.monotonic(), None, None
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(program.address)

    def go_on(self):
        """After its socket has become ready: False when it is over."""
        try:
            if self.connected is None:
                self.connected = time.monotonic()
                self.socket.sendall(self.program.question)
                return True
            piece = self.socket.recv(1 << 16)
        except OSError:
            return False
        self.answer += piece
        if not self.program.identity(self.answer):
            return piece != b""
        self.heard = time.monotonic()
        return False

    @property
    def is_lost(self):
        """Whether a packet of it was dropped, answered by nobody, not even with a refusal."""
        return (self.connected or time.monotonic()) - self.began > LOST_SECONDS


class Clients:
    """Starts an attempt each few milliseconds and follows all of them."""

    def __init__(self, program):
        self.program, self.attempts = program, []
        self._selector = selectors.DefaultSelector()

    def _wait_until(self, moment):
        while (left := moment - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                attempt = key.data
                if attempt.go_on():
                    self._selector.modify(attempt.socket, selectors.EVENT_READ, attempt)
                else:
                    self._selector.unregister(attempt.socket)
                    attempt.socket.close()

    def first_answer(self, is_right, seconds):
        """When one was told what is_right; for long enough afterwards everybody is waited for."""
        began = time.monotonic()
        while not (right := [each.heard for each in self.attempts if each.heard and is_right(each)]):
            if time.monotonic() - began > seconds:
                raise Failure(f"{self.program.name} did not serve again within {seconds} s")
            self.attempts.append(Attempt(self.program))
            self._selector.register(self.attempts[-1].socket, selectors.EVENT_WRITE, self.attempts[-1])
            self._wait_until(time.monotonic() + PAUSE_SECONDS)
        self._wait_until(time.monotonic() + LOST_SECONDS)
        return min(right)


def _created(cluster, since):
    """The time at which kcr-runtime was called for the container that has been created since."""
    marks = (cluster.agent_store() / "containers").iterdir()
    times = [mark.stat().st_mtime for mark in marks if not mark.name.endswith(".killed")]
    return max(each for each in times if each > since)


def _last_attempt(cluster, program):
    record = cluster.agent_store() / "records" / program.uid / f"{program.container}.json"
    return json.loads(record.read_text())["attempts"][-1]


def _crash(cluster, program, is_restored):
    """One crash: seconds until the first right answer, until kcr-runtime was called, of its steps; lost SYNs."""
    before, contents = program.who(), program.contents()
    killed, killed_wall = time.monotonic(), time.time()
    os.kill(program.process, signal.SIGKILL)
    with cluster.network():
        clients = Clients(program)
        answered = clients.first_answer(
            lambda each: (each.program.identity(each.answer) == before) == is_restored, DEADLINE_SECONDS)
    seen = {"total": answered - killed, "create": _created(cluster, killed_wall) - killed_wall,
            "lost": sum(each.is_lost for each in clients.attempts)}
    seen["after"] = seen["total"] - seen["create"]
    if (program.contents() == contents) != is_restored:
        raise Failure(f"{program.name} has other contents than before, or the same by chance")
    if is_restored:
        attempt = _last_attempt(cluster, program)
        if attempt["outcome"] != "Restored":
            raise Failure(f"{program.name} was not restored: {attempt['reason']}: {attempt['message']}")
        seen |= {step: attempt[f"{step}Microseconds"] / 1e6 for step in STEPS}
        seen["rest"] = seen["after"] - sum(seen[step] for step in STEPS)
    return seen


def _wait_for_plan(cluster, program, checkpoint):
    path = cluster.agent_store() / "plans" / program.uid / f"{program.container}.json"
    wait_for(f"{program.name} to be restorable", lambda: path.exists() and checkpoint in path.read_text())


def _wave(cluster, checkpoints, make, count):
    """`count` pairs of crashes: (restored, plain)."""
    restored = [make(cluster, f"restored-{number}") for number in range(count)]
    plain = [make(cluster, f"plain-{number}") for number in range(count)]
    start(cluster, restored + plain)
    for each in restored:
        checkpoints.take(each)
    for each, checkpoint in zip(restored, checkpoints.known[-count:]):
        _wait_for_plan(cluster, each, checkpoint)
    pairs = []
    for number in range(count):
        turn = [(restored[number], True), (plain[number], False)]
        crashed = {is_restored: _crash(cluster, program, is_restored)
                   for program, is_restored in (turn if number % 2 else turn[::-1])}
        pairs.append((crashed[True], crashed[False]))
    remove(cluster, restored + plain)
    checkpoints.remove(count)
    return pairs


def _figures(name, pairs, more_bound, total_bound, is_evented):
    def ours(step):
        return [restored[step] for restored, _ in pairs]

    def theirs(step):
        return [plain[step] for _, plain in pairs]
    compared = "total" if is_evented else "after"
    more = [statistics.median(ours(compared)) - statistics.median(theirs(compared))]
    reference_is = "the kubelet's plain restart, empty"
    parts = [("until kcr-runtime's create", "create", theirs("create")), ("check of the files", "verify", None),
             ("file system's changes", "layer", None), ("runc and CRIU", "restore", None),
             ("the rest until the answer", "rest", theirs("after"))]
    return [
        figure(f"{name}: crash to first answer, restored", ours("total"), "s", reference=theirs("total"),
               reference_is=reference_is, bound=total_bound, bound_on="value",
               how="SIGKILL of the first process until a client that connects every 5 ms is told the same start and size"),
        figure(f"{name}: more than the plain restart", more, "s", bound=more_bound, bound_on="value",
               how=f"the difference of the medians of {len(pairs)} runs each, " + (
                   "from the SIGKILL" if is_evented else "from the calls of create: before that the kubelet looks when "
                   "its second is over, which is chance")),
        *(figure(f"{name}: {part}", ours(step), "s", reference=reference, reference_is=reference and reference_is or "",
                 how="kcr-runtime's record, and the time of its mark for create")
          for part, step, reference in parts),
        figure(f"{name}: SYNs without an answer", [sum(ours("lost"))], "", bound=0, bound_on="value",
               reference=sum(theirs("lost")), reference_is=reference_is,
               how=f"attempts of all runs that were neither accepted nor refused within {LOST_SECONDS} s"),
    ]


def _measure(cluster, say, is_evented):
    figures = []
    pleg = "events" if is_evented else "default PLEG"
    with _memory_at_hand(), Watch(cluster, "checkpoints") as watch:
        checkpoints = Checkpoints(cluster, watch)
        for workload, (count, make, memory, more_bound) in WORKLOADS.items():
            pairs = []
            while len(pairs) < RUNS:
                with _memory_by(memory):
                    pairs += _wave(cluster, checkpoints, make, count)
                say(f"{workload}, {pleg}: " + ", ".join(
                    f"{restored['total']:.2f} / {plain['total']:.2f}" for restored, plain in pairs[-count:]) +
                    " s restored / plain")
            figures += _figures(f"{workload}, {pleg}", pairs, more_bound, TOTAL_BOUNDS.get((workload, pleg)), is_evented)
    return figures


def measure_by_events(cluster, say):
    """On a node whose kubelet is told of ended containers (EventedPLEG)."""
    return _measure(cluster, say, True)


def measure_by_looking(cluster, say):
    """On a node whose kubelet looks for them each second, its default."""
    return _measure(cluster, say, False)
