"""One agent as the tests handle it: with a scripted kubelet and directories of its own."""

import itertools

from scripted_kubelet import Kubelet
from world import eventually

NODE = "node-7"


class Node:
    """One agent with its kubelet, its directories and the requests of its node."""

    registry_ports = itertools.count(17470)

    def __init__(self, kinds, space, programs, directory):
        self.space = space
        self.programs = programs
        self.archives = directory / "checkpoints"
        self.store = self.archives / "kcr"
        self.archives.mkdir()
        self.kubelet = Kubelet(kinds, self.archives)
        self.network = kinds.network
        self.registry_port = next(Node.registry_ports)

    def start(self, *options, **more):
        self.launch(*options, **more).says("Synced with the cluster")
        return self.agent

    def launch(self, *options, **more):
        self.agent = self.programs(
            "agent", f"--node-name={NODE}", f"--kubelet-port={self.kubelet.port}",
            f"--kubelet-checkpoints={self.archives}", f"--store={self.store}",
            "--store-min-free=1Mi", f"--registry-port={self.registry_port}", "--log-level=debug",
            *options, **more)
        return self.agent.start()

    def request(self, name="one", **spec):
        return self.space.request(name, nodeName=NODE, **spec)

    def finished(self, name="one", timeout=15):
        def look():
            status = self.space.get("checkpointrequests", name).get("status", {})
            return status if status.get("phase") in ("Completed", "Failed") else None
        return eventually(look, timeout, f"the end of request {name}")

    def failed(self, name="one", timeout=15):
        status = self.finished(name, timeout)
        assert status["phase"] == "Failed", status
        condition = self.space.condition("checkpointrequests", name, "Complete")
        assert (condition["status"], condition["reason"]) == ("False", status["reason"])
        assert condition["message"] == status["message"]
        return status

    def checkpoint(self, name="one", phase="ImageBuilt", timeout=15):
        """The Checkpoint that a request led to, in this phase."""
        status = self.finished(name)
        assert status["phase"] == "Completed", status

        def look():
            found = self.space.get("checkpoints", status["checkpointRef"]["name"])
            return found if found and found.get("status", {}).get("phase") == phase else None
        return eventually(look, timeout, f"phase {phase} of {status['checkpointRef']['name']}")

    def entries(self):
        """The stored checkpoints; beside them lies what the agent and kcr-runtime share."""
        shared = ("agent.sock", "calls", "containers", "direct", "orders", "plans", "records")
        return sorted(p.name for p in self.store.iterdir() if p.name not in shared)
