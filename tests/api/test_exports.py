"""Tickets as the controller sees them: exports are assigned; both end when no agent ends them, and are deleted."""

import time

import pytest

from world import eventually, stamp

pytestmark = pytest.mark.usefixtures("controller")

PLURAL = "checkpointexports"


def export(space, name="one", checkpoint="ckp-1", **spec):
    return space.create(PLURAL, "CheckpointExport", name, {"spec": {
        "checkpointName": checkpoint, "secretSHA256": "0" * 64, **spec}})


def ended(space, name="one"):
    def look():
        status = space.get(PLURAL, name)["status"]
        return status if status["phase"] in ("Closed", "Failed") else None
    return eventually(look, what=f"the end of export {name}")


def test_an_export_gets_the_node_of_its_checkpoint(space):
    space.checkpoint(space.pod("pod-1", node="node-7"))
    export(space)
    eventually(lambda: space.get(PLURAL, "one")["spec"].get("nodeName") == "node-7")
    assert space.get(PLURAL, "one")["status"] == {"phase": "Pending"}


def test_an_export_of_nothing_fails(space):
    export(space, checkpoint="none")
    status = ended(space)
    assert (status["phase"], status["reason"]) == ("Failed", "CheckpointNotFound")
    assert "no Checkpoint of this name" in status["message"] and status["closeTime"]


def test_an_open_export_whose_agent_is_gone_ends_with_its_lifetime(space):
    space.checkpoint(space.pod("pod-1"))
    export(space, nodeName="node-1", lifetimeSeconds=60)
    space.patch(PLURAL, "one", {"status": {
        "phase": "Open", "openTime": stamp(time.time() - 80), "sentBytes": 7}}, "status")
    status = ended(space)
    assert (status["phase"], status["reason"], status["sentBytes"]) == ("Closed", "LifetimeOver", 7)


def test_an_export_that_has_ended_is_kept_for_its_time_and_deleted(space):
    for name, ttl in (("short", 1), ("long", 1000)):
        export(space, name, nodeName="node-1", ttlSecondsAfterFinished=ttl)
        space.patch(PLURAL, name, {"status": {"phase": "Closed", "closeTime": stamp()}}, "status")
    eventually(lambda: space.names(PLURAL) == ["long"], what="the end of the one whose time is over")


# ---- Imports ----

IMPORTS = "checkpointimports"


def imported(space, name="one", **spec):
    return space.create(IMPORTS, "CheckpointImport", name, {"spec": {
        "nodeName": "node-1", "sizeBytes": 1, "digest": "sha256:" + "0" * 64, "secretSHA256": "0" * 64, **spec}})


def test_an_open_import_whose_agent_is_gone_ends_after_its_lifetime(space):
    imported(space, lifetimeSeconds=60)
    space.patch(IMPORTS, "one", {"status": {"phase": "Open", "openTime": stamp(time.time() - 1000)}}, "status")
    status = eventually(lambda: (s := space.get(IMPORTS, "one")["status"])["phase"] == "Failed" and s)
    assert status["reason"] == "LifetimeOver" and status["closeTime"]


def test_an_import_is_deleted_after_its_failure_or_with_its_checkpoint(space):
    space.checkpoint(space.pod("pod-1"), "kept")
    for name, status in (("failed", {"phase": "Failed"}),
                         ("gone", {"phase": "Completed", "checkpointRef": {"name": "x"}}),
                         ("kept", {"phase": "Completed", "checkpointRef": {"name": "kept"}})):
        imported(space, name, ttlSecondsAfterFinished=1)
        space.patch(IMPORTS, name, {"status": {"closeTime": stamp(), **status}}, "status")
    eventually(lambda: space.names(IMPORTS) == ["kept"], what="the end of those whose time is over")
