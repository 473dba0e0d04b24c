"""What happens to a whole node: its store is full, it loses its power."""

import time

from cases_ends import checkpointed
from harness import say, wait
from together import case

STORE_MIB = 1536  # in memory, of which little is used; the agent wants 1 GiB of it to stay free


@case(alone=True, once=True)
def a_full_disk(place):
    """Of the store: nothing is taken, all that was taken is restored; with room again it goes on as ever."""
    with place.cluster.small_store(STORE_MIB):
        one, life, checkpoint = checkpointed(place, "a-full-disk")
        place.cluster.fill_store()
        status = place.end_of(place.ask(one.name))
        assert (status["phase"], status["reason"]) == ("Failed", "StoreFull"), status
        assert one.state()["life"] == life and one.restarts() == 0, "the container goes on"
        one.kill()
        assert one.wait_life(life)["count"] == 1, "a record cannot be written, a restore can be made"
        one.wait_restarts(1)
        say(f"on record: {one.attempts()}")
        place.cluster.grow_store(STORE_MIB)
        one.count_to(3)
        newer = one.take()
        one.kill()
        wait("the newest memory is back", 40, lambda: (one.ask("/") or {}).get("count") == 3)
        one.wait_restarts(2)
        say(f"from {newer}: {one.attempts()}")


@case(alone=True)
def a_node_without_power(place):
    """Its Pods come back with their memory, in the order in which the kubelet starts them."""
    pods = [checkpointed(place, f"a-node-without-power-{number}") for number in range(3)]
    began = time.monotonic()
    place.cluster.reboot()
    say(f"the node is back after {time.monotonic() - began:.1f} s")
    for one, life, checkpoint in pods:
        one.assert_restored(checkpoint)
        assert one.wait_life(life)["count"] == 1
        last = wait("the kubelet tells of the end", 20, lambda p=one: p.status()["lastState"].get("terminated"))
        say(f"{one.name}: exit code {last['exitCode']}, reason {last['reason']}")
    place.cluster.wait_for_programs()
