"""Two controllers and their lease: one acts, the other takes over, and nothing is done twice."""

import datetime
import signal
import socket
import time

from ledger import Ledger
from middle import Authority, Fault, Middle, kubeconfig
from world import eventually, stamp

FAST_LEASE = ("--leader-elect-lease-duration=3s", "--leader-elect-renew-deadline=2s",
              "--leader-elect-retry-period=500ms")
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


def lease_options(name, *timings):
    return (f"--leader-elect-resource-name={name}", "--log-level=debug", *timings)


def lease_of(space, name):
    return space.api.call("GET", f"{LEASES}/{name}")["spec"]


def at(text):
    assert len(text) == len("2026-01-01T00:00:00.000000Z"), f"no MicroTime: {text}"
    return datetime.datetime.fromisoformat(text)


def two_controllers(space, programs, lease, *timings):
    """The ledger of a schedule that has had a run, who leads, and who waits."""
    ledger = Ledger(space)
    options = lease_options(lease, *timings)
    leader = programs("controller", *options).start().says("Started reconciling")
    follower = programs("controller", *options).start().says("Synced")
    return ledger.wait(1), leader, follower


def test_a_leader_that_stood_still_past_its_lease_ends_without_acting(space, programs):
    ledger, old, new = two_controllers(space, programs, "stopped", *FAST_LEASE)
    old.signal(signal.SIGSTOP)
    new.says("Started reconciling")
    ledger.wait(1)
    said = len(old.text())
    old.signal(signal.SIGCONT)
    eventually(lambda: old.process.poll() is not None, 10, "the end of the old leader")
    assert old.process.returncode == 1
    tail = old.text()[said:]
    assert "Lost the leader's lease, exiting" in tail
    assert "Decided" not in tail
    old.status = 1
    ledger.wait(2).settle(new)


def test_a_leader_that_stood_still_sends_no_write_when_it_goes_on(space, programs):
    """All that is due while it stood still is due at once when it goes on: it must not do it."""
    schedules = 10
    for number in range(schedules):
        space.schedule(f"every-{number}", "@every 1s", concurrencyPolicy="Allow",
                       timeoutSeconds=3600)
    space.pod("pod-1")
    old = programs("controller", *lease_options("frozen", *FAST_LEASE)).start()
    old.says("Started reconciling")

    def is_between_two_runs():
        """What it has decided on when it is stopped it sends when it goes on, as anybody would."""
        dues = [int(r["metadata"]["name"].rsplit("-", 1)[1]) for r in space.requests()]
        now = time.time()
        return dues.count(int(now)) == schedules and now % 1 < 0.7
    eventually(is_between_two_runs, 60, "a moment without a request to be made")
    old.signal(signal.SIGSTOP)
    time.sleep(4)  # the lease has run out; nobody else is there to take it and to act
    before = {r["metadata"]["uid"] for r in space.requests()}
    # another one holds it now
    space.api.call("PATCH", f"{LEASES}/frozen", {
        "spec": {"holderIdentity": "another", "leaseDurationSeconds": 60,
                 "renewTime": stamp()[:-1] + ".000000Z"}}, "application/merge-patch+json")
    old.signal(signal.SIGCONT)
    eventually(lambda: old.process.poll() is not None, 10, "the end of the old leader")
    after = {r["metadata"]["uid"] for r in space.requests()}
    old.status = 1
    assert len(after - before) == 0, "it acted after its lease had run out"


def test_a_clean_exit_hands_over_sooner_than_one_looks(space, programs):
    """The followers of client-go look at the lease each 5 to 11 s with these timings: ours see
    its release. And its fields are client-go's."""
    looks = 5
    ledger, first, second = two_controllers(
        space, programs, "handover", f"--leader-elect-retry-period={looks}s")
    held = lease_of(space, "handover")
    assert held["leaseDurationSeconds"] == 15
    assert held["leaseTransitions"] == 0
    assert at(held["acquireTime"]) <= at(held["renewTime"])
    assert held["holderIdentity"].startswith(f"{socket.gethostname()}_")
    later = eventually(lambda: (now := lease_of(space, "handover"))["renewTime"]
                       != held["renewTime"] and now, what="a renewal")
    assert later == {**held, "renewTime": later["renewTime"]}
    began = time.monotonic()
    first.signal(signal.SIGTERM)
    second.says("Started reconciling")
    assert time.monotonic() - began < looks, "it looked at the lease after its retry period"
    first.process.wait(20)
    first.stop()
    taken = lease_of(space, "handover")
    assert taken["leaseTransitions"] == 1
    assert taken["holderIdentity"] not in ("", held["holderIdentity"])
    assert at(taken["acquireTime"]) > at(later["renewTime"])
    ledger.wait(2).settle(second)
    released = lease_of(space, "handover")
    assert (released["holderIdentity"], released["leaseDurationSeconds"]) == ("", 1)
    assert released["leaseTransitions"] == 1


def test_a_killed_leader_is_followed_when_its_lease_is_over_and_not_before(space, programs):
    ledger, first, second = two_controllers(space, programs, "killed", *FAST_LEASE)
    first.kill()
    last = lease_of(space, "killed")
    second.says("Started reconciling")
    taken = lease_of(space, "killed")
    duration = datetime.timedelta(seconds=last["leaseDurationSeconds"])
    waited = at(taken["acquireTime"]) - at(last["renewTime"])
    assert duration <= waited < duration * 1.5
    assert taken["leaseTransitions"] == last["leaseTransitions"] + 1
    ledger.wait(2).settle(second)


def test_the_lease_of_a_follower_costs_no_requests(space, programs, kinds, tmp_path):
    """It is told of changes; client-go's asks each 2 to 4.4 s."""
    authority = Authority(tmp_path, "one")
    middle = Middle(kinds, authority)
    try:
        leader = programs("controller", *lease_options("quiet", *FAST_LEASE)).start()
        leader.says("Started reconciling")
        follower = programs("controller", *lease_options("quiet", *FAST_LEASE),
                            kubeconfig=kubeconfig(tmp_path, middle.port, authority.ca)).start()
        follower.says("Synced")
        eventually(lambda: middle.count("leases?watch=true"), what="the watch of the lease")
        before = middle.count("leases")
        time.sleep(3)
        assert middle.count("leases") == before
        # and when nothing passes to it any more it still does not take what is not free
        middle.cut()
        eventually(lambda: middle.count("leases") > before, what="another look at the lease")
        assert "Became the leader" not in follower.text()
    finally:
        middle.close()


# ---- The end ----

def test_a_run_that_was_begun_is_finished_before_the_end(kinds, space, programs, tmp_path):
    authority = Authority(tmp_path, "one")
    middle = Middle(kinds, authority)
    pods = [f"pod-{number}" for number in range(20)]
    try:
        ledger = Ledger(space, 3, pods)
        controller = programs("controller", *lease_options("ending"),
                              kubeconfig=kubeconfig(tmp_path, middle.port, authority.ca)).start()
        controller.says("Started reconciling")
        middle.script = lambda method, path: method == "POST" and Fault(delay=0.06)
        ledger.wait(1)  # more than a second until all are made
        made = middle.count("checkpointrequests", "POST")
        assert made < len(pods), "the test came too late"
        ledger.settle_at_once(controller)
        assert len(ledger.look()) == len(pods)
        assert lease_of(space, "ending")["holderIdentity"] == ""
    finally:
        middle.close()


def test_an_end_while_the_api_server_is_silent_comes_in_time(kinds, space, programs, tmp_path):
    authority = Authority(tmp_path, "one")
    middle = Middle(kinds, authority)
    try:
        ledger = Ledger(space)
        controller = programs("controller", *lease_options("silence"),
                              kubeconfig=kubeconfig(tmp_path, middle.port, authority.ca)).start()
        controller.says("Started reconciling")
        ledger.wait(1)
        middle.script = lambda method, path: Fault(delay=30)
        eventually(lambda: middle.waiting > 0, what="a request without an answer")
        controller.signal(signal.SIGTERM)
        controller.process.wait(9)  # 5 s, and what looks for leaks on a busy machine
        assert controller.process.returncode == 0
        assert "Failed to give the lease back" in controller.text()
    finally:
        middle.close()
