"""A checkpoint of which a byte is missing or another one is not restored, not even in part."""

import concurrent.futures

from harness import IN_VM, condition, has_condition, say, story, wait
from together import case
from workload import TOOLS, pod

DAMAGES = ("removed", "cut", "flipped")
PODS = 3 if IN_VM else 10  # among which the damages are dealt

# A start costs next to nothing; which one it is stands in its layer. CRIU interrupts a sleep, busybox's ends then.
SLEEPER = {"name": "main", "image": TOOLS,
           "command": ["sh", "-c", "cat /proc/sys/kernel/random/uuid > /life; while :; do sleep 1000; done"]}


def damage(path, how):
    """Does it, gives the way back."""
    content = path.read_bytes()
    if how == "removed":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[:-1])
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:])
    return lambda: (path.write_bytes(content), path.chmod(0o600))


@case
def a_damaged_checkpoint_is_marked(place):
    """The kubelet's start is a cold one; the next end is undone from the older checkpoint."""
    one = place.settle(pod("a-damaged-checkpoint-is-marked"))
    life = one.state()["life"]
    one.run("echo layer > /layer")
    one.count_to(1)
    older = one.take()
    one.count_to(2)
    newer = one.take()
    damage(one.directory(newer) / "checkpoint" / "pages-1.img", "flipped")
    one.kill()
    last = one.wait_attempts(1)
    assert (last["outcome"], last["reason"]) == ("Damaged", "CheckpointDamaged") and "pages-1.img" in last["message"]
    assert one.wait_other_life(life)["count"] == 0
    assert one.run("cat /layer 2>&1; ls /proc | grep -c '^[0-9]'").startswith("cat: can't open")
    marked = wait("the Checkpoint is marked", 20, lambda: has_condition(place.checkpoint(newer), "Restorable", "False"))
    say(f"{newer}: {condition(marked, 'Usable')}")
    assert condition(marked, "Usable")["status"] == "False"
    assert condition(marked, "Usable")["reason"] == "CheckpointDamaged"
    assert "pages-1.img" in one.wait_for_event("CheckpointDamaged")
    wait("the plan is without it", 20, lambda: one.planned() == [older])
    one.wait_restarts(1)
    one.kill()
    one.assert_restored(older, 2)
    assert one.wait_life(life)["count"] == 1


@case(alone=True, once=True)
def each_file_damaged_in_each_way(place):
    """Several Pods share the table. The agent is away, so that a Checkpoint that was repaired is tried again."""
    with concurrent.futures.ThreadPoolExecutor(PODS) as pool:
        lines = story.lines

        def begin(number):
            story.lines = lines
            one = place.settle(pod(f"damaged-{number}", SLEEPER))
            life = noted_life(one)
            (one.root() / "layer").write_text("of the checkpoint")
            return one, life, one.take()

        def start_from_some(number):
            for path, how in damages_of(*residents[number])[number::PODS]:
                start_from_damaged(*residents[number], path, how)
        residents = list(pool.map(begin, range(PODS)))
        with place.cluster.agent_away():
            list(pool.map(start_from_some, range(PODS)))
            say(f"{len(damages_of(*residents[0]))} damages")
            one, life, checkpoint = residents[0]
            one.kill()
            one.wait_runs(one.assert_restored(checkpoint))
            assert (one.root() / "life").read_text() == life, "whole again, it is restored"
            assert (one.root() / "layer").exists()


def noted_life(one):
    """What it has written, once it has: the file is there a little earlier."""
    path = one.root() / "life"
    return wait("it has noted its life", 20, lambda: path.exists() and path.read_text())


def damages_of(one, _, checkpoint):
    """Pairs of a file that the plan names and a damage; to an empty file only one can be done."""
    directory = one.directory(checkpoint)
    paths = [directory / file["path"] for file in one.plan()["candidates"][0]["files"]]
    return [(path, how) for path in paths for how in DAMAGES if how == "removed" or path.stat().st_size > 0]


def start_from_damaged(one, life, _, path, how):
    repair = damage(path, how)
    try:
        one.kill()
        last = one.wait_attempts(1)
        assert (last["outcome"], last["reason"]) == ("Damaged", "CheckpointDamaged"), (path, how, last)
        assert path.name in last["message"], (path, how, last)
        one.wait_runs(last)
        assert noted_life(one) != life, (path, how)
        assert not (one.root() / "layer").exists(), (path, how)
        one.forget_attempts()
    finally:
        repair()
    say(f"{path.name} {how}: {last['message']}")
