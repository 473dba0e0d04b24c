"""kcr-hold: a call of the kubelet outlives the agent that made it."""

import signal
import subprocess
import threading

import pytest

from scripted_kubelet import archive
from world import SANITIZER, binary, eventually, never


class Holder:
    """kcr-hold, as it runs beside the agent."""

    def __init__(self, directory, *options):
        self.socket = directory / "hold.sock"
        self.log = directory / "hold.log"
        self.options = options

    def start(self):
        self.log.touch()
        started = self.text().count("Started") + 1
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [binary().with_name("kcr-hold"), f"--socket={self.socket}", "--log-level=debug", *self.options],
                stdin=subprocess.DEVNULL, stderr=log, stdout=log)
        eventually(lambda: self.text().count("Started") == started, what="kcr-hold's start")
        return self

    def text(self):
        return self.log.read_text()

    def stop(self, timeout=10):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout) == 0, self.text()
        assert not SANITIZER.search(self.text()), self.text()


@pytest.fixture
def holder(tmp_path):
    made = Holder(tmp_path)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def slow(node):
    """The kubelet answers when this is set."""
    event = threading.Event()

    def script(*container):
        assert event.wait(30)
        return archive(*container)
    node.kubelet.script = script
    yield event
    event.set()


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "without kcr-hold"])
def test_the_kubelet_s_caller_is_there_until_it_has_answered(node, slow, holder, is_held):
    """The control shows what kcr-hold is for."""
    agent = node.start(*([f"--hold-socket={holder.socket}"] if is_held else []))
    node.request()
    eventually(lambda: node.kubelet.calls)
    agent.kill()
    if is_held:
        holder.process.send_signal(signal.SIGTERM)
        never(lambda: holder.process.poll() is not None, 0.5, "it ends while it holds a call")
    slow.set()
    eventually(lambda: node.kubelet.archives())
    assert node.kubelet.hung_up == (0 if is_held else 1)


def test_the_next_agent_does_not_ask_while_the_kubelet_is_at_it(node, slow, holder):
    """Two calls at a time would spoil each other's files."""
    node.start(f"--hold-socket={holder.socket}")
    node.request()
    eventually(lambda: node.kubelet.calls)
    node.agent.kill()
    node.start(f"--hold-socket={holder.socket}")
    never(lambda: len(node.kubelet.calls) > 1, 1, "a second call")
    slow.set()
    node.checkpoint()
    assert len(node.kubelet.calls) == 2
    assert node.kubelet.hung_up == 0
    assert node.kubelet.archives() == []  # what the first call left is gone, too
    assert len(node.entries()) == 1


def test_a_call_that_ends_well_is_not_held_any_longer(node, holder):
    node.start(f"--hold-socket={holder.socket}")
    node.request("one")
    node.checkpoint("one")
    assert node.agent.metric('kcr_calls_handed_over_total{result="held"}') == 1
    eventually(lambda: "ended" in holder.text(), what="the end of what is held")
    holder.stop(timeout=5)


def test_a_holder_that_is_away_is_told_of_once(node, holder, tmp_path):
    holder.stop()
    agent = node.start(f"--hold-socket={holder.socket}")
    for name in ("one", "two"):
        node.request(name)
        node.checkpoint(name)
    assert agent.text().count("Failed to hand a call over") == 1
    assert agent.metric('kcr_calls_handed_over_total{result="failed"}') == 2
    holder.start()
    node.request("three")
    node.checkpoint("three")
    assert agent.text().count("Handed a call over to kcr-hold again") == 1


def test_a_kubelet_that_never_answers_is_given_up(node, slow, tmp_path):
    impatient = Holder(tmp_path, "--limit=1s")
    try:
        node.start(f"--hold-socket={impatient.start().socket}")
        node.request()
        eventually(lambda: node.kubelet.calls)
        node.agent.kill()
        eventually(lambda: "did not end in time" in impatient.text(), what="the limit")
        slow.set()
        eventually(lambda: node.kubelet.archives())
        assert node.kubelet.hung_up == 1
    finally:
        impatient.stop()


def test_mistakes_in_its_options_are_told():
    made = subprocess.run([binary().with_name("kcr-hold"), "--limit=x", "--token"], capture_output=True, text=True,
                          timeout=10)
    assert made.returncode == 2
    assert "--limit: 'x' is not a duration" in made.stderr and "--token: there is no such option" in made.stderr
