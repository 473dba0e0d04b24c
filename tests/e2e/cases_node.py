"""What happens to a whole node: its store is full, it loses its power."""

import time

from cases_ends import assert_came_back, checkpointed
from harness import say, wait
from together import case

STORE_MIB = 1536  # in memory, of which little is used; the agent wants 1 GiB of it to stay free


@case(alone=True, once=True)
def a_full_disk(place):
    """
    Below the agent's reserve nothing is taken, and all that was taken is restored. Without room for a record of it no
    restore is begun: a cold start, which nothing else keeps from running. With room again it goes on as ever.
    """
    cluster = place.cluster
    with cluster.small_store(STORE_MIB):
        one, life, checkpoint = checkpointed(place, "a-full-disk", terms="again")
        cluster.fill_store(free_mib=100)
        status = place.end_of(place.ask(one.name))
        assert (status["phase"], status["reason"]) == ("Failed", "StoreFull"), status
        assert one.state()["life"] == life and one.restarts() == 0, "the container goes on"
        one.kill()
        assert_came_back(one, life, checkpoint)

        cluster.fill_store(free_mib=0)
        one.kill()
        other = one.wait_other_life(life)
        assert other["count"] == 0 and len(one.attempts()) == 1
        one.wait_restarts(2)

        cluster.grow_store(STORE_MIB)
        one.count_to(3)
        newer = one.take(terms="again")
        one.kill()
        one.assert_restored(newer, 2)
        assert one.wait_life(other["life"])["count"] == 3


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
        last = wait("the kubelet tells of the end", 60, lambda p=one: p.status()["lastState"].get("terminated"))
        say(f"{one.name}: exit code {last['exitCode']}, reason {last['reason']}")
    place.cluster.wait_for_programs()
