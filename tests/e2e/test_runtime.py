"""
Restores by kcr-runtime, on each engine with each runtime, as the default handler and by a RuntimeClass. The cases are
in cases_*.py; each runs on each combination of containerd, except those that cost too much (together.py). With CRI-O
and runc run those in which an engine makes a difference; all of them do, with crun, too, and nothing else, where
KCR_E2E_ENGINE=crio. In a virtual machine (KCR_E2E_NODE=vm) two of the combinations stand for all.
"""

import os

import pytest

import cases_again  # noqa: F401
import cases_beside  # noqa: F401
import cases_calls  # noqa: F401
import cases_callers  # noqa: F401
import cases_damage  # noqa: F401
import cases_ends  # noqa: F401
import cases_exports  # noqa: F401
import cases_kubectl  # noqa: F401
import cases_life  # noqa: F401
import cases_node  # noqa: F401
import cases_requested  # noqa: F401
from harness import IN_VM
from together import CASES, Combination, Fleet

ONLY_CRIO = os.environ.get("KCR_E2E_ENGINE") == "crio"
COMBINATIONS = [Combination("2.4.2", "runc", True), Combination("2.4.2", "crun", False),
                Combination("2.3.7", "runc", False), Combination("2.3.7", "crun", True)]
ON_CRIO = [Combination("crio", "runc", True), Combination("crio", "crun", False)]
if ONLY_CRIO:
    COMBINATIONS, ON_CRIO = ON_CRIO, []
elif IN_VM:
    COMBINATIONS, ON_CRIO = [Combination("2.4.2", "runc", True), Combination("2.3.7", "crun", False)], []
WANTED = [(combination, one) for combination in COMBINATIONS for one in CASES
          if not one.is_once or combination == COMBINATIONS[0]]
WANTED += [(combination, one) for combination in ON_CRIO[:1] for one in CASES if one.is_of_engines]
MATRIX = [pytest.param(combination, one, id=f"{combination}-{one}") for combination, one in WANTED]


@pytest.fixture(scope="session")
def fleet(request):
    wanted = {}
    for item in request.session.items:
        if item.function is test_case:
            wanted.setdefault(item.callspec.params["combination"], []).append(item.callspec.params["one"])
    fleet = Fleet(wanted)
    yield fleet
    fleet.stop()


@pytest.mark.parametrize("combination, one", MATRIX)
def test_case(fleet, request, combination, one):
    told = fleet.told(combination, one)
    print("\n".join(told.lines))
    if told.error is not None:
        request.node.add_report_section("call", "the node", told.background)
        raise told.error
