"""A node whose runtime does not restore: the workload runs all the same, and one is told why."""

import pytest

from harness import condition, say, wait
from workload import TOOLS, pod

DROP_IN = "/etc/containerd/conf.d/e2e.toml"
OFF = """version = 3
[plugins.'io.containerd.cri.v1.runtime']
enable_experimental_restore_via_create = false
"""


@pytest.fixture
def no_restore(cluster):
    """containerd's restore switched off, by a drop-in."""
    drop_in = cluster.node / "upper" / DROP_IN.lstrip("/")
    try:
        cluster.execute("sh", "-c", f"cat >{DROP_IN}", stdin=OFF)
        cluster.component("restart", "containerd")
        yield
    finally:
        cluster.execute("rm", "-f", DROP_IN)
        cluster.component("restart", "containerd")
    assert not drop_in.exists()


def test_a_refused_restore_is_a_cold_start_that_says_why(namespace, no_restore):
    namespace.apply(pod("simple"))
    simple = namespace.pod("simple").wait_ready()
    life = simple.state()["life"]
    name = namespace.take("simple")
    simple.kill()
    simple.wait_other_life(life)
    note = simple.wait_for_event("RestoreRefused")
    say(note)
    assert "disabled by configuration" in note
    assert simple.spec()["image"] == TOOLS, "the author's image is back"
    assert (simple.record()["phase"], simple.record()["reason"]) == ("Cold", "RestoreRefused")
    why = wait("the Checkpoint says so, too", 10, lambda: is_not_restorable(namespace.checkpoint(name)))
    say(f"condition Restorable: {why['reason']}: {why['message']}")
    simple.wait_ready()


def is_not_restorable(checkpoint):
    found = condition(checkpoint, "Restorable")
    return found if found["status"] == "False" else None
