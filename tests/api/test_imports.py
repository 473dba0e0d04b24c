"""CheckpointImports with a real API server: an archive is brought to the agent's door and becomes a Checkpoint."""

import contextlib
import gzip
import hashlib
import http.client
import io
import pathlib
import tarfile
import time

import pytest

from door import SECRET, Connection, WayIn, WayOut
from node import NODE
from scripted_kubelet import archive
from test_nodes import DescribedNode
from world import eventually, owner_of, stamp

PLURAL = "checkpointimports"
PODMAN = pathlib.Path(__file__).parents[1] / "unit/checkpoint/data/podman-5.8.6.tar.zst"


@pytest.fixture
def door(node, space, tmp_path):
    return WayIn(node, space, tmp_path)


@pytest.fixture
def content(space):
    return archive("elsewhere", "away", "app")


def test_what_is_brought_becomes_a_checkpoint_that_is_served(door, space, content):
    status = door.opened(content)
    assert status["relayReference"] == {"namespace": space.name, "name": "relay-1"} and status["port"] == 7471
    assert door.offset() == 0
    assert door.bring(content) == (204, len(content))
    checkpoint = door.completed()
    ticket = space.get(PLURAL, "one")
    assert checkpoint["metadata"]["name"] == "one"
    assert checkpoint["metadata"]["ownerReferences"] == [owner_of(ticket, blockOwnerDeletion=True)]
    spec = checkpoint["spec"]
    assert (spec["nodeName"], spec["containerName"], spec["podReference"]["name"]) == (NODE, "app", "away")
    assert spec["image"] == "kcr.test/app:1"
    assert checkpoint["status"]["digest"] == ticket["spec"]["digest"]
    assert ticket["status"]["receivedBytes"] == len(content) and ticket["status"]["closeTime"]
    assert door.node.entries() == [checkpoint["metadata"]["uid"]] and door.node.kubelet.archives() == []
    assert eventually(lambda: space.notes("Imported", "one")) == ["it is Checkpoint one now"]
    assert door.ask(method="HEAD")[0] == 410 and SECRET not in door.node.agent.text()


def test_it_may_be_for_a_pod_of_the_node(door, space, content):
    pod = space.get("pods", "pod-1")
    door.opened(content, podReference={"name": "pod-1"}, containerName="main")
    door.bring(content)
    spec = door.completed()["spec"]
    assert spec["podReference"] == {"name": "pod-1", "namespace": space.name, "uid": pod["metadata"]["uid"]}
    assert (spec["containerName"], spec["wasReady"]) == ("main", True)


def test_what_was_exported_can_be_imported(door, space, content):
    """By the digest it had: the same bytes."""
    door.opened(content)
    door.bring(content)
    made = door.completed()
    out = WayOut.of(door)
    out.opened("out", checkpointName="one")
    assert out.ask("out")[2] == content
    assert made["status"]["sizeBytes"] == len(content)


@contextlib.contextmanager
def runtime_door(make_node, space, directory):
    """Of a node where kcr-runtime restores."""
    node = make_node(DescribedNode)
    node.forget()
    node.has("containerd://2.4.2")
    node.installed()
    try:
        door = WayIn(node, space, directory)
        node.says("Runtime")
        yield door
    finally:
        node.agent.stop()
        node.forget()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "compressed"])
def test_where_kcr_runtime_restores_it_becomes_a_directory(make_node, space, tmp_path, content, pack):
    """And what is exported of that comes back as it was."""
    with runtime_door(make_node, space, tmp_path) as door:
        node = door.node
        packed = pack(content)
        door.opened(packed)
        door.bring(packed)
        made = door.completed()
        directory = node.store / made["metadata"]["uid"]
        assert made["spec"]["strategy"] == "Runtime"
        assert (directory / "checkpoint" / "pages-1.img").read_bytes() == b"p" * 10_000
        assert (directory / "rootfs-diff.tar").read_bytes() == b"tar"
        assert node.kubelet.archives() == [] and list((node.store / "direct").iterdir()) == []

        out = WayOut.of(door)
        out.opened("out", checkpointName="one")
        exported = out.ask("out")[2]
        assert "sha256:" + hashlib.sha256(exported).hexdigest() == made["status"]["digest"]
        door.opened(exported, "again")
        door.bring(exported, name="again")
        again = door.completed("again")
        assert again["status"]["digest"] == made["status"]["digest"]
        assert again["metadata"]["uid"] != made["metadata"]["uid"]


def test_what_has_no_room_to_become_a_directory_is_thrown_away(make_node, space, tmp_path, content):
    with runtime_door(make_node, space, tmp_path) as door:
        door.opened(content)
        door.bring(content, 0, len(content) - 1)
        door.node.agent.stop()
        door.start("--store-max-size=1Ki")
        door.bring(content, len(content) - 1)
        status = door.reaches("Failed")
        assert status["reason"] == "TooLarge"
        assert status["message"].startswith("there is no room to unpack it: the node's store holds 0 MiB")
        eventually(lambda: door.node.kubelet.archives() == [])
        assert space.names("checkpoints") == []


def test_what_is_compressed_is_unpacked_on_the_node(door, space, content):
    """Its digest is that of the file, in parts as ever; what is served is a tar of the same checkpoint."""
    packed = gzip.compress(content)
    door.opened(packed)
    assert door.bring(packed, 0, 100) == (204, 100)
    door.node.agent.kill()
    door.start()
    assert door.bring(packed, 100) == (204, len(packed))
    made = door.completed()
    ticket = space.get(PLURAL, "one")
    assert ticket["spec"]["digest"] == "sha256:" + hashlib.sha256(packed).hexdigest()
    assert (ticket["status"]["receivedBytes"], ticket["status"]["message"]) == (len(packed), "it is Checkpoint one now")
    assert "reason" not in ticket["status"] and made["spec"]["strategy"] == "Image"
    directory = door.node.store / made["metadata"]["uid"]
    assert (directory / "checkpoint" / "pages-1.img").read_bytes() == b"p" * 10_000
    assert door.node.kubelet.archives() == [] and list((door.node.store / "direct").iterdir()) == []

    out = WayOut.of(door)
    out.opened("out", checkpointName="one")
    served = out.ask("out")[2]
    assert "sha256:" + hashlib.sha256(served).hexdigest() == made["status"]["digest"]
    assert files_of(served) == files_of(content)


def files_of(tar):
    with tarfile.open(fileobj=io.BytesIO(tar)) as entries:
        return {entry.name: entries.extractfile(entry).read() for entry in entries if entry.isfile()}


def test_what_podman_made_says_what_no_restore_puts_back(door, space):
    """Compressed by zstd, as it does when it is not told otherwise, with a volume and a file in /dev/shm."""
    content = PODMAN.read_bytes()
    door.opened(content)
    door.bring(content)
    made = door.completed()
    left = "; no restore puts back devshm-checkpoint.tar, volumes/data.tar: the Pod has volumes of its own"
    status = door.status()
    assert (status["reason"], status["message"]) == ("LeftOut", "it is Checkpoint one now" + left)
    built = space.condition("checkpoints", "one", "ImageBuilt")
    assert (built["status"], built["message"]) == ("True", "the image is served by the node's agent" + left)
    assert (made["status"]["engine"], made["spec"]["image"]) == ("podman", "localhost/app:1")
    directory = door.node.store / made["metadata"]["uid"]
    assert "/etc/gone" in (directory / "deleted.files").read_text()
    assert not (directory / "volumes").exists()


def test_what_unpacks_to_more_than_there_is_room_for_is_thrown_away(node, space, tmp_path):
    door = WayIn(node, space, tmp_path)
    node.agent.stop()
    door.start("--store-max-size=1Mi")
    packed = gzip.compress(archive("elsewhere", "away", memory=2_000_000))
    assert len(packed) < 10_000
    door.opened(packed)
    door.bring(packed)
    status = door.reaches("Failed")
    assert (status["reason"], status["message"]) == (
        "TooLarge", "the archive unpacks to more than the 1 MiB that there is room for")
    eventually(lambda: node.kubelet.archives() == [])
    assert space.names("checkpoints") == []


def test_it_may_come_in_parts_also_after_the_agent_was_killed(door, content):
    door.opened(content)
    assert door.bring(content, 0, 1000) == (204, 1000)
    assert door.bring(content, 500, 1500) == (409, 1000)
    assert door.bring(content, 1001) == (409, 1000)
    door.node.agent.kill()
    door.start()
    assert door.offset() == 1000
    assert eventually(lambda: door.status().get("receivedBytes") == 1000)
    assert door.bring(content, 1000) == (204, len(content))
    assert door.completed()["status"]["sizeBytes"] == len(content)


def test_one_whose_checkpoint_was_made_is_completed_also_by_the_next_agent(door, space):
    """It may be in the store by then, and what was brought is not there any more."""
    content = PODMAN.read_bytes()
    door.opened(content)
    door.bring(content)
    made, status = door.completed(), door.status()
    door.node.agent.kill()
    space.patch(PLURAL, "one", {"status": {"phase": "Open", "checkpointRef": None, "closeTime": None,
                                           "message": None, "reason": None}}, "status")
    door.start()
    again = door.reaches("Completed")
    assert {**again, "closeTime": status["closeTime"]} == status
    assert door.completed()["metadata"]["uid"] == made["metadata"]["uid"]
    assert door.ask(method="HEAD")[0] == 410


def test_what_has_come_of_a_part_that_broke_off_is_kept(door, space, content):
    door.opened(content)
    with contextlib.closing(Connection(door.path)) as connection:
        connection.putrequest("PUT", f"/v1/imports/{space.name}/one/archive.tar")
        connection.putheader("Authorization", f"Bearer {SECRET}")
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content[:700])
        eventually(lambda: door.offset() == 700)
        assert door.bring(content, 700, 900) == (204, 900)  # the newest connection counts
        with contextlib.suppress(OSError):
            connection.send(content[700:])
            connection.sock.recv(1)
    assert door.bring(content, 900) == (204, len(content))
    door.completed()


def test_other_bytes_than_announced_are_thrown_away(door, space, content):
    door.opened(content)
    other = content.replace(b"ppp", b"pxp", 1)
    assert door.bring(other) == (204, len(content))
    status = door.reaches("Failed")
    assert "not what was announced" in status["message"]
    eventually(lambda: door.node.kubelet.archives() == [], what="the end of what was brought")
    assert space.names("checkpoints") == []
    assert eventually(lambda: space.notes("ImportFailed", "one")) == [status["message"]]


@pytest.mark.parametrize("make, words", [
    (lambda: b"no tar at all" * 100, "archive"),
    (lambda: archive("n", "p", checkpoint_inventory_img=None), "inventory"),
    (lambda: archive("n", "p")[:5000], "archive"),
    (lambda: gzip.compress(archive("n", "p"))[:-5], "before its end"),
    (lambda: gzip.compress(archive("n", "p")) + b"more", "cannot be unpacked"),
    (lambda: gzip.compress(b"no tar at all" * 100), "archive"),
], ids=["no tar", "without an inventory", "cut", "compressed and cut", "with a tail", "compressed, no tar"])
def test_what_is_no_checkpoint_is_thrown_away(door, space, make, words):
    content = make()
    door.opened(content)
    door.bring(content)
    assert words in door.reaches("Failed")["message"]
    eventually(lambda: door.node.kubelet.archives() == [])
    assert space.names("checkpoints") == []


def test_who_has_not_the_secret_brings_nothing(door, content):
    door.opened(content)
    answers = [door.ask(secret=secret, method="PUT", body=b"x")[0] for secret in (None, "x", SECRET + "0")]
    answers += [door.ask("two", method="PUT", body=b"x")[0], door.ask(secret="x", method="HEAD")[0]]
    assert set(answers) == {401}
    assert door.offset() == 0


@pytest.mark.parametrize("method, file, code", [
    ("GET", "/archive.tar", 405), ("PUT", "", 405), ("POST", "/archive.tar", 405), ("PUT", "/other.tar", 404),
])
def test_what_is_not_there_is_said_to_be(door, content, method, file, code):
    door.opened(content)
    assert door.ask(method=method, file=file, body=None if method == "GET" else b"x")[0] == code


def test_nothing_is_taken_in_at_an_export(door, space):
    out = WayOut.of(door)
    out.export("out", checkpointName="none")
    out.reaches("Failed", "out")
    assert out.ask("out", method="PUT", body=b"x")[0] == 413


def test_who_has_the_secret_may_give_it_up(door, content):
    door.opened(content)
    door.bring(content, 0, 1000)
    assert door.finish() == 204
    assert door.reaches("Failed")["reason"] == "GivenUp"
    eventually(lambda: door.node.kubelet.archives() == [])
    assert door.bring(content, 1000)[0] == 410


def test_what_does_not_come_in_time_is_thrown_away(door, space, content):
    door.opened(content, lifetimeSeconds=60)
    door.bring(content, 0, 1000)
    space.patch(PLURAL, "one", {"status": {"openTime": stamp(time.time() - 61)}}, "status")
    assert door.reaches("Failed")["reason"] == "LifetimeOver"
    eventually(lambda: door.node.kubelet.archives() == [])


def test_what_came_goes_with_its_ticket(door, space, content):
    door.opened(content)
    door.bring(content, 0, 1000)
    space.delete(PLURAL, "one")
    eventually(lambda: door.node.kubelet.archives() == [])


def test_a_store_that_is_full_takes_nothing(node, space, tmp_path, content):
    door = WayIn(node, space, tmp_path)
    node.agent.stop()
    door.start("--store-max-size=1Ki")
    door.announce(content)
    status = door.reaches("Failed")
    assert status["reason"] == "StoreFull" and "--store-max-size" in status["message"]


def test_a_checkpoint_that_the_api_server_refuses_ends_it_with_its_words(door, space):
    content = archive("elsewhere", "away", "x" * 64)
    door.opened(content)
    door.bring(content)
    status = door.reaches("Failed")
    assert (status["reason"], status["receivedBytes"]) == ("Invalid", len(content))
    assert "spec.containerName" in status["message"]
    eventually(lambda: door.node.kubelet.archives() == [])
    assert space.names("checkpoints") == []


def test_a_name_that_another_node_s_checkpoint_has_is_left_to_it(door, space, content):
    space.create("checkpoints", "Checkpoint", "one", {"spec": {
        "containerName": "app", "nodeName": "node-8", "podReference": {"name": "away", "namespace": space.name}}})
    door.opened(content)
    door.bring(content)
    made = door.completed()
    assert made["metadata"]["name"].startswith("one-") and made["spec"]["nodeName"] == NODE
    assert sorted(space.names("checkpoints")) == ["one", made["metadata"]["name"]]


def test_a_store_that_becomes_full_meanwhile_ends_it(door, content):
    """And says so: who brings it sees only that the connection ends."""
    door.opened(content)
    door.bring(content, 0, 1000)
    door.node.agent.stop()
    door.start("--store-max-size=1Ki")
    with contextlib.suppress(OSError, http.client.HTTPException):
        door.bring(content, 1000)
    status = door.reaches("Failed")
    assert status["reason"] == "StoreFull" and "--store-max-size" in status["message"]
    assert door.bring(content, 1000)[0] == 410
    eventually(lambda: door.node.kubelet.archives() == [])


def test_those_that_are_to_come_have_their_room(node, space, tmp_path, content):
    door = WayIn(node, space, tmp_path)
    node.agent.stop()
    door.start(f"--store-max-size={3 * len(content) // 2}")
    door.opened(content)
    door.bring(content, 0, 1000)
    door.announce(content, "two")
    status = door.reaches("Failed", "two")
    assert status["reason"] == "StoreFull" and "other CheckpointImports" in status["message"]
    door.bring(content, 1000)
    door.completed()


def test_without_the_kind_all_else_goes_on(kinds, node, tmp_path):
    with kinds.without(PLURAL):
        node.launch(f"--door-socket={tmp_path / 'door.sock'}").says("Nothing can be imported").says(
            "Synced with the cluster")
        node.request()
        assert node.checkpoint()
