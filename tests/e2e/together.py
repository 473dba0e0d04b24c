"""
Cases that run beside each other on one node, and nodes that come up beside each other: waiting costs nothing, so a
matrix of nodes takes little longer than one. A case is a function of a Place that reads like a test; the test of its
name (test_runtime.py) waits for its end, prints what it saw and fails as it failed.
"""

import concurrent.futures
import contextlib
import dataclasses
import os

import pytest

from harness import AGENT, IN_VM, PATIENCE, stopping, story
from runtime_node import Place, RuntimeCluster
from vm_node import VirtualCluster

NODES_AT_A_TIME = 1 if IN_VM else 2
CASES_AT_A_TIME = 2 if IN_VM else 8  # with their Pods more would only wait for each other
DEADLINE = 7200 if IN_VM else 1500  # seconds until a node has told of all of its cases


@dataclasses.dataclass(frozen=True)
class Combination:
    engine: str  # the version of containerd, or "crio"
    runtime: str
    is_default: bool  # handler for all Pods, else by a RuntimeClass

    def __str__(self):
        return f"{self.engine}-{self.runtime}-{'default' if self.is_default else 'class'}"


@dataclasses.dataclass(frozen=True)
class Case:
    run: object  # a function of a Place
    is_alone: bool  # it does something to the whole node
    is_once: bool  # on one combination only, for its cost
    is_of_engines: bool  # an engine makes a difference: with CRI-O, too

    def __str__(self):
        return self.run.__name__


CASES = []


def case(run=None, *, alone=False, once=False, engines=False):
    """Makes a function a case; those that run alone follow the others, in the order in which they are written."""
    def add(function):
        CASES.append(Case(function, alone, once, engines))
        return function
    return add(run) if run else add


@dataclasses.dataclass
class Told:
    """How a case ended."""

    lines: list
    error: BaseException = None  # its failure, or why it was skipped
    background: str = ""  # what one needs to know when it has failed


def tell(one, place):
    """Runs a case; whatever it raises is its test's."""
    told = Told([])
    story.lines, story.pods, story.running = told.lines, [], []
    try:
        one.run(place)
    except pytest.skip.Exception as reason:
        told.error = reason
    except Exception as error:
        told.error = error
        if not stopping.is_set():
            told.background = background(place, story.pods)
    finally:
        del story.lines
    if not os.environ.get("KCR_E2E_KEEP") and not stopping.is_set():
        place.clear(story.running)
    return told


def background(place, names):
    """Status, plan, record, events and log of the case's Pods, and what the node's programs wrote last."""
    texts = []
    for one in map(place.resident, names):
        with contextlib.suppress(Exception):
            texts += [f"---- {one.name}: {one.get()['status']}", f"plan: {one.planned()}", f"record: {one.attempts()}",
                      *(f"event: {reason}: {note}" for reason, note in place.events(one.name)),
                      place.kubectl("logs", one.name, "--tail=20", check=False).stdout]
    for component in ("kubelet", place.cluster.engine):
        with contextlib.suppress(Exception):
            texts += [f"---- {component}", place.cluster.component_log(component, 40)]
    with contextlib.suppress(Exception):
        texts += ["---- agent", place.cluster.logs_of(AGENT, 60)]
    return "\n".join(texts)


class Run:
    """One node and its cases, in a thread."""

    def __init__(self, combination, cases):
        self.combination = combination
        self.cases = cases
        self.kept = os.environ.get("KCR_E2E_KEEP")
        name = f"kcr-e2e-{os.getpid()}-{combination.engine.replace('.', '')}-{combination.runtime}"
        kind = VirtualCluster if IN_VM else RuntimeCluster
        self.cluster = kind(self.kept or name, combination.engine, combination.runtime, combination.is_default)
        self.told = {one: concurrent.futures.Future() for one in cases}
        self.lines = []  # of its start; the first case that is told takes them

    def run(self):
        try:
            place = self.start()
            with concurrent.futures.ThreadPoolExecutor(CASES_AT_A_TIME) as pool:
                for one in self.cases:
                    if not one.is_alone:
                        pool.submit(self.settle, one, place)
            for one in self.cases:
                if one.is_alone:
                    self.settle(one, place)
            self.cluster.assert_no_sanitizer_reports()
        finally:
            self.cluster.stop(down=self.kept is None)

    def start(self):
        story.lines = self.lines
        self.cluster.start()
        self.cluster.install()
        place = Place(self.cluster, f"runtime-{os.getpid()}")
        place.create()
        del story.lines
        return place

    def settle(self, one, place):
        if not stopping.is_set():
            self.told[one].set_result(tell(one, place))


class Fleet:
    """The runs of all combinations, started when the first test asks."""

    def __init__(self, wanted):
        self.pool = concurrent.futures.ThreadPoolExecutor(1 if os.environ.get("KCR_E2E_KEEP") else NODES_AT_A_TIME)
        self.runs = {combination: Run(combination, cases) for combination, cases in wanted.items()}
        self.ends = {combination: self.pool.submit(run.run) for combination, run in self.runs.items()}

    def told(self, combination, one):
        """Waits for the end of a case, or of a run that cannot come to it."""
        run, end = self.runs[combination], self.ends[combination]
        concurrent.futures.wait([run.told[one], end], DEADLINE, concurrent.futures.FIRST_COMPLETED)
        if not run.told[one].done():
            end.result(timeout=0)
        told = run.told[one].result(timeout=0)
        lines, run.lines = run.lines, []
        return dataclasses.replace(told, lines=lines + told.lines)

    def stop(self):
        """Takes down what still runs; a failure that no case told is told here."""
        stopping.set()
        self.pool.shutdown(cancel_futures=True)
        stopping.clear()
        for end in self.ends.values():
            if not end.cancelled():
                end.result()
