"""kcr-relay: connections at its loopback address come out at a Unix socket, whole, and nowhere else."""

import contextlib
import hashlib
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import threading

import pytest

from world import SANITIZER, binary, eventually

PATIENCE = 20


class Relay:
    """kcr-relay as its Pod runs it, with a door that does what `serve(connection)` says."""

    ports = itertools.count(27471)

    def __init__(self, directory, *options):
        self.path = directory / "door.sock"
        self.log = directory / "relay.log"
        self.port = next(Relay.ports)
        self.options = options
        self.door = None

    def start(self):
        self.log.touch()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [binary().with_name("kcr-relay"), f"--port={self.port}", f"--socket={self.path}",
                 "--log-level=debug", *self.options], stdin=subprocess.DEVNULL, stderr=log, stdout=log)
        eventually(lambda: "Started" in self.text(), what="kcr-relay's start")
        return self

    def text(self):
        return self.log.read_text()

    def open_door(self, serve):
        self.close_door()
        self.path.unlink(missing_ok=True)
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(self.path))
        self.door.listen(64)

        def run(door):
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = door.accept()
                    connection.settimeout(PATIENCE)
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()
        threading.Thread(target=run, args=(self.door,), daemon=True).start()

    def close_door(self):
        if self.door is not None:
            self.door.shutdown(socket.SHUT_RDWR)
            self.door.close()
            self.door = None

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.text()
        self.close_door()
        assert not SANITIZER.search(self.text()), self.text()


@pytest.fixture
def make_relay(tmp_path):
    made = []

    def make(*options):
        made.append(Relay(tmp_path, *options))
        return made[-1].start()
    yield make
    for relay in made:
        relay.stop()


def echo(connection):
    """Everything back, until there is no more."""
    with connection, contextlib.suppress(OSError):
        while got := connection.recv(65536):
            connection.sendall(got)


def all_of(connection):
    digest, size = hashlib.sha256(), 0
    while got := connection.recv(65536):
        digest.update(got)
        size += len(got)
    return size, digest.hexdigest()


def test_what_is_sent_arrives_whole_both_ways(make_relay):
    relay = make_relay()
    relay.open_door(echo)
    content = os.urandom(1 << 20) * 24

    def send(connection):
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)  # the other way stays open
    with relay.connect() as one, relay.connect() as other:
        threads = [threading.Thread(target=send, args=(c,), daemon=True) for c in (one, other)]
        for thread in threads:
            thread.start()
        expected = (len(content), hashlib.sha256(content).hexdigest())
        assert (all_of(one), all_of(other)) == (expected, expected)


def test_an_agent_that_is_away_is_found_again_when_it_is_back(make_relay):
    relay = make_relay()
    with relay.connect() as connection:
        assert connection.recv(1) == b""
    eventually(lambda: f"Cannot reach the agent" in relay.text())
    relay.open_door(echo)
    with relay.connect() as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
        relay.open_door(echo)  # a new socket by the same name
        with relay.connect() as another:
            another.sendall(b"y")
            assert another.recv(1) == b"y"


def test_it_listens_on_the_loopback_address_only(make_relay):
    relay = make_relay()
    lines = [line.split() for line in pathlib.Path(f"/proc/{relay.process.pid}/net/tcp").read_text().splitlines()[1:]]
    listening = [line[1] for line in lines if line[3] == "0A" and line[1].endswith(f":{relay.port:04X}")]
    assert listening == [f"0100007F:{relay.port:04X}"]


def test_a_connection_on_which_nothing_moves_is_closed(make_relay):
    relay = make_relay("--idle-limit=300ms")
    relay.open_door(echo)
    with relay.connect() as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
        assert connection.recv(1) == b""


def test_connections_beyond_the_limit_wait_for_their_turn(make_relay):
    relay = make_relay()
    relay.open_door(echo)
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(relay.connect()) for _ in range(32)]
        for connection in taken:
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
        late = stack.enter_context(relay.connect())
        late.sendall(b"y")
        late.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.recv(1)
        late.settimeout(PATIENCE)
        taken[0].close()
        assert late.recv(1) == b"y"


def test_it_takes_no_processor_time_while_a_side_has_hung_up(make_relay):
    """The door has sent its last and gone; who asked takes it later."""
    relay = make_relay()
    size = 8 << 20

    def last_words(connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"w" * size)
    relay.open_door(last_words)

    def ticks():
        fields = pathlib.Path(f"/proc/{relay.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    with relay.connect() as connection:
        eventually(lambda: "Connected" in relay.text())
        threading.Event().wait(0.3)
        before = ticks()
        threading.Event().wait(0.5)
        assert ticks() - before <= 5  # of 50 that a busy one takes
        assert all_of(connection)[0] == size
