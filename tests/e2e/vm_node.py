"""A node that is a virtual machine (KCR_E2E_NODE=vm): its files and processes are reached by commands there."""

import pathlib
import subprocess
import types

from harness import ROOT
from runtime_node import RuntimeCluster


class NodePath:
    """A path on the node, with what of pathlib.Path the tests use."""

    def __init__(self, cluster, path):
        self.cluster = cluster
        self.path = pathlib.PurePosixPath(path)

    def __truediv__(self, more):
        return NodePath(self.cluster, self.path / more)

    def __str__(self):
        return str(self.path)

    @property
    def name(self):
        return self.path.name

    def _run(self, *command, content=b""):
        """What a command writes that ends with the path; its failure is taken for the path's absence."""
        words = [ROOT / "cluster" / "exec", "--name", self.cluster.name, *command, self.path]
        result = subprocess.run(list(map(str, words)), input=content, capture_output=True, timeout=300)
        if result.returncode != 0:
            raise FileNotFoundError(f"{' '.join(command)} {self.path}: {result.stderr.decode()}")
        return result.stdout

    def exists(self):
        try:
            self._run("test", "-e")
        except FileNotFoundError:
            return False
        return True

    def read_bytes(self):
        return self._run("cat")

    def read_text(self):
        return self.read_bytes().decode()

    def write_bytes(self, content):
        self._run("sh", "-c", 'cat > "$0"', content=content)

    def write_text(self, text):
        self.write_bytes(text.encode())

    def stat(self):
        return types.SimpleNamespace(st_size=int(self._run("stat", "--format=%s")))

    def chmod(self, mode):
        self._run("chmod", f"{mode:o}")

    def unlink(self):
        self._run("rm")

    def iterdir(self):
        return [self / name for name in self._run("ls", "-A").decode().splitlines()]


class VirtualCluster(RuntimeCluster):
    """Debian's own kernel, systemd, control groups of version 2, AppArmor; slow (see cluster/README.md)."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        # the engine's events come so late here that the kubelet loses some and then looks after five minutes
        self.options = (*self.options, "--vm", "--evented-pleg", "off")

    @property
    def root(self):
        return NodePath(self, "/")

    def install(self):
        super().install()
        assert self.execute("cat", "/sys/module/apparmor/parameters/enabled").stdout == "Y\n"

    def first_process(self, container_id):
        """The pid on the node of the container's first process; None when it has none."""
        pids = self.execute("find", "/sys/fs/cgroup/kubepods.slice", "-path", f"*{container_id.split('//')[1]}*",
                            "-name", "cgroup.procs", "-exec", "cat", "{}", "+").stdout
        return min(map(int, pids.split()), default=None)

    def file_of_process(self, pid, name):
        return self.root / f"proc/{pid}/{name}"

    def kill_process(self, pid):
        self.execute("kill", "-KILL", pid)
