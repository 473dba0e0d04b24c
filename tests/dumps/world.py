"""A node in namespaces of its own, in which programs run, are dumped by CRIU and decoded by its own decoder."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("KCR_BUILD", ROOT / "build/sanitize"))
DRIVER = BUILD / "tests/programs/inspect_driver"
KUBECTL_KCR = BUILD / "src/main/kubectl-kcr"
KUBECTL_KCR_INSPECT = BUILD / "src/main/kubectl-kcr-inspect"
DEADLINE = 30

# CRIU needs no descriptors of ours in the programs that it dumps; these are the options that runc gives it.
DUMP = ["criu", "dump", "--tcp-close", "--skip-in-flight", "--shell-job", "--file-locks", "--ext-unix-sk", "-v4", "-o", "dump.log"]


class Node:
    """Programs run in it by run() and start(); dump() ends them."""

    def __init__(self, root, scratch):
        self.root = root
        self.scratch = scratch
        self.programs = []

    def start_node(self):
        self.keeper = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", HERE / "node.sh", self.root, self.scratch],
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        if self.keeper.stdout.readline().strip() != "ready":
            raise RuntimeError(f"no node for dumps: {HERE}/node.sh ended with {self.keeper.wait()}")
        self.pid = int(pathlib.Path(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children").read_text().split()[0])

    def stop(self):
        self.keeper.kill()
        self.keeper.wait()
        for program in self.programs:
            program.wait(DEADLINE)

    def inside(self, *command):
        return ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd", *map(str, command)]

    def run(self, *command, check=True):
        return subprocess.run(self.inside(*command), check=check, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=DEADLINE)

    def path(self, inside):
        """A path in the node as seen from here."""
        return pathlib.Path(f"/proc/{self.pid}/root") / inside.lstrip("/")

    def start(self, *command):
        """A program whose standard streams are files; its pid in the node."""
        self.path("/tmp/pid").unlink(missing_ok=True)
        self.programs.append(subprocess.Popen(
            self.inside("setsid", "sh", "-c", 'echo $$ >/tmp/pid; exec "$@" </dev/null >/tmp/out 2>&1', "sh", *command),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return int(self.wait_for(lambda: self.text("/tmp/pid"), "the program to start"))

    def text(self, inside):
        path = self.path(inside)
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, condition, what):
        end = time.monotonic() + DEADLINE
        while not (value := condition()):
            if time.monotonic() > end:
                raise RuntimeError(f"waited {DEADLINE} s for {what}; the program said: {self.text('/tmp/out')}")
            time.sleep(0.02)
        return value

    def dump(self, name, command, ready):
        """Dumps a program once `ready` (a pattern) is in its output; the directory of the dump as seen from here."""
        pid = self.start(*command)
        self.wait_for(lambda: re.search(ready, self.text("/tmp/out")), f"'{ready}'")
        directory = self.path(f"/dumps/{name}")
        (directory / "checkpoint").mkdir(parents=True)
        # Without CAP_SYS_RESOURCE the limits of a process are told only to who has its real user.
        status = pathlib.Path(self.path(f"/proc/{pid}/status")).read_text()
        user, group = (re.search(rf"^{word}:\s+(\d+)", status, re.MULTILINE)[1] for word in ("Uid", "Gid"))
        done = self.run("setpriv", f"--ruid={user}", f"--rgid={group}", "--keep-groups", *DUMP, "-t", pid, "-D", f"/dumps/{name}/checkpoint", "-W", f"/dumps/{name}", check=False)
        if done.returncode != 0:
            log = (directory / "dump.log").read_text().splitlines()
            raise RuntimeError(f"CRIU cannot dump '{name}': {[line.split('Error', 1)[1] for line in log if 'Error' in line]}")
        return directory

    def decode(self, name):
        """What CRIU's own decoder reads in the images."""
        return json.loads(self.run("python3", "-c", (HERE / "decode.py").read_text(), f"/dumps/{name}/checkpoint").stdout)


def inspect(output, *arguments):
    """What our reader tells."""
    text = inspect_text(output, *arguments)
    return json.loads(text) if "json" in output else text


def inspect_text(output, *arguments):
    done = subprocess.run([DRIVER, output, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kubectl_kcr(*arguments, program=KUBECTL_KCR):
    """The command as users have it; without a kubeconfig, because it needs no cluster."""
    environment = {**os.environ, "KUBECONFIG": "/nowhere", "NO_COLOR": "1"}
    return subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=DEADLINE, env=environment)


def stop_on_term():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
