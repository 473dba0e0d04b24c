"""Pods with memory: a heap, and Redis. Their programs start empty, what is in their memory comes from outside."""

import pathlib
import re
import socket

from benchmarks.cluster import WAIT_SECONDS, wait_for

HEAP_PROGRAM = (pathlib.Path(__file__).parent / "heap.py").read_text()


class Program:
    """A Pod with one container, `main`, that serves. Subclasses say what runs and how it tells who it is."""

    container = "main"

    def __init__(self, cluster, name, runtime_class=None):
        self.cluster, self.name, self.runtime_class = cluster, name, runtime_class
        self.uid = self.address = self.process = self.container_id = None

    def manifest(self):
        spec = {"terminationGracePeriodSeconds": 0, "containers": [{"name": self.container, **self.runs}]}
        if self.runtime_class:
            spec["runtimeClassName"] = self.runtime_class
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": self.name}, "spec": spec}

    def find(self, pod):
        """Takes from the Pod, which runs, where it serves."""
        status = pod["status"]
        self.uid = pod["metadata"]["uid"]
        self.address = (status["podIP"], self.port)
        self.container_id = status["containerStatuses"][0]["containerID"].rpartition("/")[2]
        self.process = self.cluster.process_of_container(self.container_id, self.command)
        wait_for(f"{self.name} to answer", self.who)

    def exchange(self, question, is_complete):
        """The answer to a question; None when nobody listens."""
        answer = b""
        try:
            with self.cluster.network():
                connection = socket.create_connection(self.address, timeout=WAIT_SECONDS)
        except OSError:
            return None
        with connection:
            connection.sendall(question)
            while not is_complete(answer) and (piece := connection.recv(1 << 16)):
                answer += piece
        return answer

    def who(self):
        """Which start of the program serves, and how much it holds; None when none does."""
        answer = self.exchange(self.question, self.identity)
        return answer and self.identity(answer)


class Heap(Program):
    """heap.py with random bytes."""

    port, command, question = 8000, "python3", b"who\n"

    def __init__(self, cluster, name, mib, look_ms=0, runtime_class=None):
        super().__init__(cluster, name, runtime_class)
        self.mib = mib
        self.runs = {"image": "kcr.test/tools:1",
                     "command": ["python3", "-c", HEAP_PROGRAM, str(self.port), str(look_ms)]}

    @staticmethod
    def identity(answer):
        return answer if answer.endswith(b"\n") else None

    def ask(self, line):
        return self.exchange(line.encode() + b"\n", self.identity).decode().strip()

    def fill(self):
        self.ask(f"fill {self.mib}")

    def contents(self):
        return self.ask("sum")

    def stood_still(self, function):
        """What function() returns, and for how many seconds the program did not run meanwhile."""
        self.ask("stood")
        result = function()
        return result, float(self.ask("stood")) / 1000


class Redis(Program):
    """Redis with many small keys."""

    port, command, question = 6379, "redis-server", b"INFO server\r\nDBSIZE\r\n"

    def __init__(self, cluster, name, keys):
        super().__init__(cluster, name)
        self.keys = keys
        self.runs = {"image": "kcr.test/redis:1"}

    @staticmethod
    def identity(answer):
        """A start's run_id, and the number of keys."""
        found = re.search(rb"run_id:(\w+).*\r\n:(\d+)\r\n$", answer, re.DOTALL)
        return found and found.groups()

    def _evaluate(self, script):
        return self.exchange(b'EVAL "%s" 0\r\n' % script, lambda answer: answer.endswith(b"\r\n"))

    def fill(self):
        self._evaluate(b"for i = 1, %d do redis.call('set', 'key:' .. i, 'value-' .. i) end return 1" % self.keys)

    def contents(self):
        """How many keys have the value that they were given."""
        return self._evaluate(b"local n = 0 for i = 1, %d do if redis.call('get', 'key:' .. i) == 'value-' .. i then "
                              b"n = n + 1 end end return n" % self.keys)


def start(cluster, programs):
    """Has the Pods run, filled with memory."""
    cluster.apply(*(each.manifest() for each in programs))
    cluster.kubectl("wait", "--for=condition=Ready", "--timeout=120s", *(f"pod/{each.name}" for each in programs))
    for each in programs:
        each.find(cluster.get("pod", each.name))
        each.fill()


def remove(cluster, programs):
    cluster.kubectl("delete", "pod", *(each.name for each in programs))
