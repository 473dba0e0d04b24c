"""The agent's door as the tests handle it: tickets, and HTTP by its Unix socket."""

import contextlib
import hashlib
import http.client
import socket

from node import NODE
from scripted_kubelet import archive
from world import eventually

SECRET = "5ec7" * 16


class Connection(http.client.HTTPConnection):
    """HTTP by a Unix socket."""

    def __init__(self, path, timeout=20):
        super().__init__("door", timeout=timeout)
        self.socket_path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.socket_path)


class Door:
    """A node with a Pod of kcr-relay; tickets of one kind, and what they get."""

    way = plural = None

    def __init__(self, node, space, directory):
        self.node = node
        self.space = space
        self.path = directory / "door.sock"
        space.pod("relay-1", ["relay"], {"app.kubernetes.io/component": "relay"}, node=NODE)
        self.start()

    def start(self, *options):
        self.node.start(f"--door-socket={self.path}", f"--relay-namespace={self.space.name}", *options)

    def status(self, name="one"):
        return self.space.get(self.plural, name)["status"]

    def reaches(self, phase, name="one"):
        eventually(lambda: self.status(name)["phase"] == phase, what=f"phase {phase} of {name}")
        return self.status(name)

    def ask(self, name="one", secret=SECRET, method="GET", file="/archive.tar", space=None, body=None, **headers):
        """Status, headers and content of the answer."""
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        headers = {word.replace("_", "-"): value for word, value in headers.items()}
        with contextlib.closing(Connection(self.path)) as connection:
            with contextlib.suppress(BrokenPipeError):  # a body that is refused is not read
                connection.request(method, f"/v1/{self.way}/{space or self.space.name}/{name}{file}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def finish(self, name="one", secret=SECRET):
        return self.ask(name, secret, "DELETE", "")[0]


class WayOut(Door):
    """With one Checkpoint of `memory` bytes."""

    way, plural = "exports", "checkpointexports"

    def __init__(self, node, space, directory, memory=10_000):
        super().__init__(node, space, directory)
        self.content = archive(space.name, "pod-1", memory=memory)
        node.kubelet.script = lambda *_: self.content
        node.request()
        self.checkpoint = node.checkpoint()["metadata"]["name"]

    @classmethod
    def of(cls, door):
        """Of a node that has a door, with whatever Checkpoints."""
        one = cls.__new__(cls)
        one.node, one.space, one.path, one.checkpoint = door.node, door.space, door.path, None
        return one

    def export(self, name="one", secret=SECRET, **spec):
        spec = {"checkpointName": self.checkpoint, "nodeName": NODE,
                "secretSHA256": hashlib.sha256(secret.encode()).hexdigest(), **spec}
        return self.space.create(self.plural, "CheckpointExport", name, {"spec": spec})

    def opened(self, name="one", **more):
        self.export(name, **more)
        return self.reaches("Open", name)


class WayIn(Door):
    way, plural = "imports", "checkpointimports"

    def announce(self, content, name="one", secret=SECRET, **spec):
        spec = {"nodeName": NODE, "sizeBytes": len(content), "digest": "sha256:" + hashlib.sha256(content).hexdigest(),
                "secretSHA256": hashlib.sha256(secret.encode()).hexdigest(), **spec}
        return self.space.create(self.plural, "CheckpointImport", name, {"spec": spec})

    def opened(self, content, name="one", **more):
        self.announce(content, name, **more)
        return self.reaches("Open", name)

    def offset(self, name="one"):
        code, headers, _ = self.ask(name, method="HEAD")
        assert code == 204, code
        return int(headers["Upload-Offset"])

    def bring(self, content, first=0, last=None, name="one", **more):
        """Brings bytes up to `last`; the status, and where to go on."""
        part = content[first:last]
        ends = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
        code, headers, _ = self.ask(name, method="PUT", body=part, Content_Range=ends, **more)
        return code, int(headers.get("Upload-Offset", -1))

    def completed(self, name="one"):
        """The Checkpoint that came of it."""
        made = self.reaches("Completed", name)["checkpointRef"]["name"]
        eventually(lambda: self.space.get("checkpoints", made).get("status", {}).get("phase") == "ImageBuilt",
                   what="the Checkpoint in the store")
        return self.space.get("checkpoints", made)
