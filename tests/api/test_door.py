"""The agent's door with a real API server: who has a ticket's secret gets the Checkpoint's bytes, and nobody else."""

import contextlib
import hashlib
import http.client
import secrets
import time

import pytest

from door import SECRET, Connection, WayOut
from node import NODE
from world import eventually, stamp

PLURAL = "checkpointexports"


@pytest.fixture
def door(node, space, tmp_path):
    return WayOut(node, space, tmp_path)


def test_a_ticket_is_opened_and_its_bytes_are_the_checkpoints(door, space):
    status = door.opened()
    digest = "sha256:" + hashlib.sha256(door.content).hexdigest()
    assert status["relayReference"] == {"namespace": space.name, "name": "relay-1"}
    assert (status["port"], status["sizeBytes"], status["digest"]) == (7471, len(door.content), digest)
    assert status["checkpointRef"]["name"] == door.checkpoint and status["openTime"]
    code, headers, content = door.ask()
    assert (code, headers["ETag"], headers["Content-Type"]) == (200, f'"{digest}"', "application/x-tar")
    assert content == door.content
    eventually(lambda: door.status().get("sentBytes") == len(content), what="what was sent, on record")
    assert door.node.agent.metric("kcr_exported_bytes_total") == len(content)
    code, headers, content = door.ask(method="HEAD")
    assert (code, headers["Content-Length"], content) == (200, str(len(door.content)), b"")
    assert eventually(lambda: space.notes("ExportOpened", door.checkpoint)) == ["CheckpointExport one may fetch its bytes"]
    assert SECRET not in door.node.agent.text()


def test_ranges_and_conditions_are_those_of_http(door):
    digest = door.opened()["digest"]
    size = len(door.content)
    code, headers, content = door.ask(Range="bytes=1000-")
    assert (code, content) == (206, door.content[1000:])
    assert headers["Content-Range"] == f"bytes 1000-{size - 1}/{size}"
    assert door.ask(Range="bytes=5-6", If_Range=f'"{digest}"')[2] == door.content[5:7]
    assert door.ask(Range="bytes=5-6", If_Range='"sha256:0"')[0] == 200
    assert door.ask(If_None_Match=f'"{digest}"')[0] == 304
    code, headers, content = door.ask(Range=f"bytes={size}-")
    assert (code, headers["Content-Range"], content) == (416, f"bytes */{size}", b"")


def test_who_has_not_the_secret_learns_nothing(door, space):
    door.opened()
    hashed = hashlib.sha256(SECRET.encode()).hexdigest()
    wrong = [door.ask(secret=secret) for secret in (None, "", "x", SECRET[:-1], SECRET + "0", hashed)]
    wrong += [door.ask(Authorization=f"Basic {SECRET}", secret=None), door.ask("two"), door.ask(space="default"),
              door.ask(method="DELETE", file="", secret="x")]
    assert {(code, content) for code, _, content in wrong} == {
        (401, b"this node has no such ticket, or its secret is another one\n")}
    assert {headers["WWW-Authenticate"] for _, headers, _ in wrong} == {"Bearer"}
    assert door.ask()[0] == 200  # it was not closed


def test_a_ticket_is_for_its_own_checkpoint_only(door, space):
    """Not for that of another ticket, whose secret is another one."""
    other = secrets.token_hex(32)
    door.opened()
    door.opened("two", secret=other)
    assert (door.ask("two")[0], door.ask("one", secret=other)[0], door.ask("two", secret=other)[0]) == (401, 401, 200)


@pytest.mark.parametrize("method, file, code", [
    ("GET", "", 405), ("DELETE", "/archive.tar", 405), ("POST", "", 405), ("GET", "/other.tar", 404),
    ("GET", "/archive.tar/more", 404),
])
def test_what_is_not_there_is_said_to_be(door, method, file, code):
    door.opened()
    assert door.ask(method=method, file=file)[0] == code


def test_who_has_the_secret_may_close_the_ticket(door):
    door.opened()
    assert door.ask()[0] == 200
    assert door.finish() == 204
    assert door.ask()[0] == 410  # at once
    status = door.reaches("Closed")
    assert (status["reason"], status["sentBytes"]) == ("Finished", len(door.content))
    assert status["closeTime"] and door.finish() == 410
    assert door.ask(secret="x")[0] == 401  # that it was closed is for its owner


def test_a_ticket_that_is_deleted_is_none(door, space):
    door.opened()
    space.delete(PLURAL, "one")
    eventually(lambda: door.ask()[0] == 401, what="its end")


def test_a_ticket_closes_when_its_lifetime_is_over(door, space):
    door.opened(lifetimeSeconds=60)
    space.patch(PLURAL, "one", {"status": {"openTime": stamp(time.time() - 61)}}, "status")
    status = door.reaches("Closed")
    assert status["reason"] == "LifetimeOver"
    assert door.ask()[0] == 410


def test_a_ticket_ends_with_its_checkpoint(door, space):
    door.opened()
    space.delete("checkpoints", door.checkpoint)
    status = door.reaches("Failed")
    assert status["reason"] in ("CheckpointGone", "NotStored")
    assert door.ask()[0] == 410
    assert eventually(lambda: space.notes("ExportFailed", "one")) == [status["message"]]


def test_a_checkpoint_that_is_not_there_fails_its_ticket(door, space):
    door.export("none", checkpointName="none")
    door.node.agent.stop()
    [entry] = door.node.entries()
    (door.node.store / entry / "layer.tar").unlink()
    door.export("lost")
    door.start()
    lost, none = door.reaches("Failed", "lost"), door.reaches("Failed", "none")
    assert lost["reason"] in ("NotStored", "CheckpointFailed") and lost["message"]
    assert none["reason"] == "CheckpointNotFound"
    assert door.ask("lost")[0] == 410


def test_without_a_relay_a_ticket_waits(door, space):
    space.delete("pods", "relay-1")
    eventually(lambda: space.get("pods", "relay-1") is None)
    door.export()
    eventually(lambda: door.ask()[0] == 503, what="that it is not open yet")
    space.pod("relay-2", ["relay"], {"app.kubernetes.io/component": "relay"}, node=NODE)
    assert door.reaches("Open")["relayReference"]["name"] == "relay-2"
    space.delete("pods", "relay-2")
    space.pod("relay-3", ["relay"], {"app.kubernetes.io/component": "relay"}, node=NODE)
    eventually(lambda: door.status()["relayReference"]["name"] == "relay-3", what="the relay of now")


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_an_export_goes_on_with_the_next_agent(node, space, tmp_path, end):
    door = WayOut(node, space, tmp_path, memory=32 << 20)
    door.opened()
    with contextlib.closing(Connection(door.path)) as connection:
        connection.request("GET", f"/v1/exports/{space.name}/one/archive.tar",
                           headers={"Authorization": f"Bearer {SECRET}"})
        answer = connection.getresponse()
        got = answer.read(1 << 20)
        getattr(node.agent, end)()
        with pytest.raises((http.client.IncompleteRead, OSError)):
            answer.read()
    sent = door.status().get("sentBytes", 0)
    assert sent >= len(got) if end == "stop" else sent == 0
    door.start()
    code, _, rest = door.ask(Range=f"bytes={len(got)}-", If_Range=f'"{door.status()["digest"]}"')
    assert (code, got + rest == door.content) == (206, True)
    eventually(lambda: door.status().get("sentBytes") == sent + len(rest), what="what was sent, on record")


def test_what_is_being_sent_is_cut_when_its_ticket_ends(node, space, tmp_path):
    door = WayOut(node, space, tmp_path, memory=32 << 20)
    door.opened()
    with contextlib.closing(Connection(door.path)) as connection:
        connection.request("GET", f"/v1/exports/{space.name}/one/archive.tar",
                           headers={"Authorization": f"Bearer {SECRET}"})
        answer = connection.getresponse()
        got = answer.read(1 << 16)
        assert door.finish() == 204
        with pytest.raises((http.client.IncompleteRead, OSError)):
            answer.read()
    status = door.reaches("Closed")
    eventually(lambda: len(got) <= door.status().get("sentBytes", 0) < len(door.content))
    assert status["reason"] == "Finished"


def test_more_connections_than_it_takes_wait_their_turn(door):
    door.opened()
    with contextlib.ExitStack() as stack:
        idle = [Connection(door.path) for _ in range(16)]
        for connection in idle:
            connection.connect()
            stack.callback(connection.close)
        waiting = stack.enter_context(contextlib.closing(Connection(door.path, timeout=0.5)))
        waiting.connect()
        waiting.request("GET", "/")
        with pytest.raises(TimeoutError):
            waiting.getresponse()
    assert door.ask()[0] == 200


def test_without_the_kind_all_else_goes_on(kinds, node, space, tmp_path):
    with kinds.without(PLURAL):
        node.launch(f"--door-socket={tmp_path / 'door.sock'}").says("Nothing can be exported").says(
            "Synced with the cluster")
        node.request()
        assert node.checkpoint()
