"""What a restored container still has, and what can be done with it."""

import json
import os
import pathlib
import pty
import re
import select
import shlex
import subprocess
import time

import pytest

from cases_ends import PROBE, assert_came_back, checkpointed, probed
from harness import ROOT, has_condition, say, wait
from together import case
from workload import REDIS, SERVER, TOOLS, pod, server

CAP_SYS_RESOURCE = 24

# Prints what lstat, xattrs and contents say of everything below the paths, but for times that reading changes.
LIST = """
import hashlib, json, os, stat, sys
def look(path):
    at = os.lstat(path)
    one = [oct(at.st_mode), at.st_uid, at.st_gid, {name: os.getxattr(path, name, follow_symlinks=False).hex()
           for name in os.listxattr(path, follow_symlinks=False)}]
    if stat.S_ISLNK(at.st_mode): one.append(os.readlink(path))
    if stat.S_ISREG(at.st_mode): one += [at.st_nlink, at.st_mtime_ns, hashlib.md5(open(path, 'rb').read()).hexdigest()]
    return one
found = {}
for top in ("/kept", "/etc", "/usr/bin", "/tmp", "/root", "/sticky", "/opaque"):
    for folder, folders, files in os.walk(top):
        for name in ["."] + folders + files:
            path = os.path.join(folder, name)
            if path not in ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf"): found[path] = look(path)
print(json.dumps(found, sort_keys=True))
"""
CHANGE = """set -e
mkdir -p /kept/deep/er /sticky /opaque; chmod 1777 /sticky
echo kept > /kept/file; chmod 4750 /kept/file; chown 1234:5678 /kept/file; touch -d @1000000000 /kept/file
ln -s file /kept/link; ln /kept/file /kept/deep/hard; : > /kept/empty; mkfifo /kept/fifo
python3 -c 'import os
os.setxattr("/kept/deep", "user.kcr", b"x\\0y")
os.setxattr("/kept/empty", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))'
dd if=/dev/urandom of=/kept/big bs=1M count=3 2>/dev/null
echo "changed:x:7:" >> /etc/group; chmod 600 /etc/passwd
rm /usr/bin/wget
"""
# CRI-O 1.36 fails its own export on such a layer, and with it the kubelet's call (docs/runtime.md)
REPLACE = "rm -r /usr/bin/vi; mkdir /usr/bin/vi; echo directory > /usr/bin/vi/now\n"


@case
def files_of_the_layer(place):
    """Made, changed, deleted; what was done after the checkpoint is undone."""
    # to give files capabilities, which not every engine grants
    one = place.settle(pod("files-of-the-layer", server(securityContext={"capabilities": {"add": ["SETFCAP"]}})))
    change = CHANGE + REPLACE if place.cluster.engine == "containerd" else CHANGE
    assert one.run(change) == "", "the files are as they should be before the checkpoint"
    look = f"python3 -c {shlex.quote(LIST)}"
    before = json.loads(one.run(look))
    one.count_to(1)
    life, checkpoint = one.state()["life"], one.take()
    one.count_to(2)
    one.run("echo later > /kept/later; rm /kept/file; echo more >> /kept/big; rm -r /sticky; chmod 777 /kept/empty")
    one.kill()
    assert_came_back(one, life, checkpoint)
    after = json.loads(one.run(look))
    say(f"{len(before)} files before, {len(after)} after")
    assert {path: now for path, now in after.items() if now != before.get(path)} == {}
    assert set(before) - set(after) == set()


def mounted(name, path, **more):
    return {"name": name, "mountPath": path, **more}


@case
def volumes_and_surroundings(place):
    """Mounts of all kinds, environment, working directory, capabilities, a root that cannot be written."""
    place.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "red"}},
               {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "secret"}, "stringData": {"word": "sesame"}})
    container = server(
        workingDir="/empty", env=[{"name": "PLAIN", "value": "text"}, {"name": "COLOUR", "valueFrom": {
            "configMapKeyRef": {"name": "settings", "key": "colour"}}}],
        securityContext={"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
                         "capabilities": {"drop": ["NET_RAW"]}, "seccompProfile": {"type": "RuntimeDefault"}},
        volumeMounts=[mounted("empty", "/empty"), mounted("memory", "/memory"), mounted("host", "/host"),
                      mounted("settings", "/settings"), mounted("secret", "/secret", readOnly=True),
                      mounted("projected", "/projected"), mounted("settings", "/one-file", subPath="colour")])
    body = pod("volumes-and-surroundings", container)
    body["spec"]["securityContext"] = {"fsGroup": 3000}
    body["spec"]["volumes"] = [
        {"name": "empty", "emptyDir": {}}, {"name": "memory", "emptyDir": {"medium": "Memory"}},
        {"name": "host", "hostPath": {"path": "/var/lib/kcr/e2e-host", "type": "DirectoryOrCreate"}},
        {"name": "settings", "configMap": {"name": "settings"}}, {"name": "secret", "secret": {"secretName": "secret"}},
        {"name": "projected", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
            {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}}]
    look = ("pwd; id; echo $PLAIN $COLOUR; cat /settings/colour /secret/word /projected/name /one-file; "
            "wc -c < /projected/token; touch /nowhere; ulimit -a; "
            "grep -E '^(Cap|Seccomp|NoNew|Groups)' /proc/self/status; "
            "mount | cut -d' ' -f3 | sort; cat /proc/self/oom_score_adj /proc/self/cgroup | wc -l")
    one = place.settle(body)
    one.run("echo before > /empty/file; echo before > /memory/file")
    before = one.run(look)
    say(f"{before.count(chr(10))} lines about its surroundings")
    one.count_to(1)
    life, checkpoint = one.state()["life"], one.take()
    one.count_to(2)
    one.run("echo after >> /empty/file; echo after >> /memory/file")
    one.kill()
    assert_came_back(one, life, checkpoint)
    after = one.run(look)
    assert set(after.splitlines()) ^ set(before.splitlines()) == set() and after == before
    assert one.run("cat /empty/file /memory/file") == "before\nafter\n" * 2, "volumes stand where the crash left them"


@case
def a_user_that_is_not_root(place):
    """CRIU reads the limits of its processes, which the kernel allows to their user or with CAP_SYS_RESOURCE only."""
    if not has_capability(place.cluster, CAP_SYS_RESOURCE):
        pytest.skip("this node has no CAP_SYS_RESOURCE: CRIU cannot dump processes of another user")
    container = server(securityContext={"runAsUser": 1000, "runAsGroup": 2000, "capabilities": {"drop": ["ALL"]},
                                        "allowPrivilegeEscalation": False})
    body = pod("a-user-that-is-not-root", container)
    body["spec"]["securityContext"] = {"fsGroup": 3000}
    one = place.settle(body)
    before = one.run("id; cat /proc/self/status | grep ^Cap")
    one.count_to(1)
    life, checkpoint = one.state()["life"], one.take()
    one.count_to(2)
    one.kill()
    assert_came_back(one, life, checkpoint)
    assert one.run("id; cat /proc/self/status | grep ^Cap") == before


def has_capability(cluster, number):
    status = cluster.execute("cat", "/proc/self/status").stdout
    return int(re.search(r"^CapBnd:\s*(\w+)", status, re.M)[1], 16) >> number & 1


def settle_with_open_file(place, name, how):
    """A Pod whose server has a file of a volume open, as a shell says it."""
    begin = f'exec 7{how}/empty/log; echo begun >&7; exec python3 -c "$0" 8000 0'
    body = pod(name, server(volumeMounts=[mounted("empty", "/empty")], command=["sh", "-c", begin, SERVER]))
    body["spec"]["volumes"] = [{"name": "empty", "emptyDir": {}}]
    one = place.settle(body)
    one.count_to(1)
    life, checkpoint = one.state()["life"], one.take()
    one.count_to(2)
    one.run("echo grown >> /empty/log")
    one.kill()
    return one, life, checkpoint


@case
def a_log_in_a_volume(place):
    """Open for appending, it may grow between checkpoint and crash."""
    one, life, checkpoint = settle_with_open_file(place, "a-log-in-a-volume", ">>")
    assert_came_back(one, life, checkpoint)
    assert one.run("cat /empty/log") == "begun\ngrown\n"


@case
def a_file_of_a_volume_that_has_changed(place):
    """Memory of a time before its file would harm both: CRIU refuses, the start is a cold one, the reason is told."""
    one, life, checkpoint = settle_with_open_file(place, "a-file-of-a-volume-has-changed", "<>")
    last = one.wait_attempts(1)
    assert (last["outcome"], last["reason"]) == ("Failed", "RestoreFailed"), last
    assert "has bad size" in last["message"], last
    assert one.wait_other_life(life)["count"] == 0
    assert "has bad size" in one.wait_for_event("RestoreFailed")
    wait(f"{checkpoint} is not restorable any more", 20,
         lambda: has_condition(place.checkpoint(checkpoint), "Restorable", "False"))


def read_previous_log(one):
    """The kubelet answers with a sentence of its own while it looks for the container."""
    text = one.namespace.kubectl("logs", "--previous", one.name, check=False).stdout
    return text if "unable to retrieve" not in text else None


@case
def commands_and_logs(place):
    one = place.settle(pod("commands-and-logs"))
    one.ask("/say?text=before")
    one.count_to(1)
    life, checkpoint = one.state()["life"], one.take()
    one.count_to(2)
    one.ask("/say?text=between")
    one.kill()
    assert_came_back(one, life, checkpoint)
    one.ask("/say?text=after")
    wait("the log has what it says now", 20, lambda: "after" in place.kubectl("logs", one.name).stdout)
    previous = wait("the log before is there", 20, lambda: read_previous_log(one))
    say(f"log before: {previous.split()}; after: {place.kubectl('logs', one.name).stdout.split()}")
    assert previous.split() == ["before", "between"]
    assert place.kubectl("logs", one.name).stdout.split() == ["after"]
    said = place.kubectl("exec", one.name, "--", "sh", "-c", "echo $KUBERNETES_SERVICE_PORT; cat /proc/1/comm; exit 7",
                         check=False)
    assert (said.stdout.split(), said.returncode) == (["443", "python3"], 7), said
    copied = place.kubectl("exec", "-i", one.name, "--", "wc", "-c", stdin="x" * 100000)
    assert copied.stdout.split() == ["100000"]


@case
def probes(place):
    """Readiness and liveness go on; a restored container that falls ill is killed again."""
    one, life, checkpoint = checkpointed(place, "probes", probed(), terms="again")
    one.kill()
    assert_came_back(one, life, checkpoint)
    wait("its startup probe has passed again", 40, lambda: one.status()["started"])
    one.ask("/sicken")
    one.assert_restored(checkpoint, 2)
    one.wait_restarts(2)
    assert one.wait_life(life)["count"] == 1 and one.ask("/healthz")


COUNTER = """
import time
count = 0
while True:
    count += 1
    print(count, flush=True)
    time.sleep(0.1)
"""
LISTENER = """
import os, sys
for line in sys.stdin:
    with open("/new", "w") as file:
        file.write(line)
    os.replace("/new", "/piped")
"""


@case
def threads_and_processes(place):
    """The server's threads, and two processes with a pipe between them: all with their pids."""
    begin = 'python3 -c "$1" | python3 -c "$2" & exec python3 -c "$0" 8000 8'
    container = server(command=["sh", "-c", begin, SERVER, COUNTER, LISTENER])
    one = place.settle(pod("threads-and-processes", container))
    wait("the pipe has begun", 20, lambda: one.run("cat /piped 2>&1").strip().isdigit())
    one.count_to(1)
    look = ("{ for p in /proc/[0-9]*; do echo $p $(tr '\\0\\n' '  ' < $p/cmdline | cut -c1-30); done; } 2>/dev/null"
            " | grep 'pytho[n]3'")
    before, piped = one.run(look), int(one.run("cat /piped"))
    life, checkpoint = one.state()["life"], one.take()
    one.count_to(2)
    one.kill()
    assert_came_back(one, life, checkpoint)
    say(before)
    assert len(before.splitlines()) == 3 and one.run(look) == before
    wait("the processes and their pipe go on", 10, lambda: int(one.run("cat /piped") or 0) > piped)
    ticks = one.state()["ticks"]
    wait("the ticking thread goes on", 10, lambda: one.state()["ticks"] > ticks)


def idle_threads(one):
    """How many the server has when nobody but the one who asks is connected: a probe, each second, adds one for a moment."""
    looks = []
    for _ in range(5):
        looks.append(one.state()["threads"])
        time.sleep(0.2)
    return min(looks)


@case
def established_clients(place):
    """They see a close, not a hang: one that was there at the checkpoint, one that came later. New ones are served."""
    one = place.settle(pod("established-clients"))
    one.count_to(1)
    address = one.get()["status"]["podIP"]
    threads = idle_threads(one)
    with place.cluster.connect(address, 8000, 20) as early:
        early.sendall(b"GET / HT")
        wait("it is a thread of the server", 10, lambda: one.state()["threads"] == threads + 1)
        life, checkpoint = one.state()["life"], one.take()
        one.count_to(2)
        with place.cluster.connect(address, 8000, 20) as late:
            late.sendall(b"GET / HT")
            began = time.monotonic()
            one.kill()
            for client in (early, late):
                try:
                    assert client.recv(100) == b""
                except ConnectionError as error:
                    say(f"a client got {error}")
            say(f"both clients saw the close {time.monotonic() - began:.2f} s after the kill")
        assert_came_back(one, life, checkpoint)
        wait("the restored server has noticed, too", 20, lambda: one.state()["threads"] == threads)


@case(engines=True)
def redis(place):
    """Ends well when its liveness probe, a command, has failed; a client waits for messages all the while."""
    begin = "touch /tmp/well; exec redis-server --save '' --protected-mode no"
    patient = {key: PROBE[key] for key in ("periodSeconds", "timeoutSeconds")}
    container = {"name": "main", "image": REDIS, "command": ["sh", "-c", begin],
                 "readinessProbe": {"exec": {"command": ["redis-cli", "ping"]}, **patient},
                 "livenessProbe": {"exec": {"command": ["test", "-e", "/tmp/well"]}, "failureThreshold": 2,
                                   "initialDelaySeconds": 3, **patient}}
    one = place.settle(pod("redis", container, grace=5))
    address = one.get()["status"]["podIP"]

    def ask(*words):
        with place.cluster.connect(address, 6379, 5) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.recv(65536).decode()

    def run_id():
        try:
            return next(line for line in ask("info", "server").splitlines() if line.startswith("run_id"))
        except (OSError, StopIteration):
            return None
    ask("set", "key", "before")
    before = run_id()
    with place.cluster.connect(address, 6379, 30) as subscriber:
        subscriber.sendall(b"subscribe news\r\n")
        subscriber.recv(1000)
        checkpoint = one.take()
        ask("set", "key", "after")
        place.kubectl("exec", one.name, "--", "rm", "/tmp/well")
        assert subscriber.recv(1000) == b"", "the subscriber sees the close"
    one.assert_restored(checkpoint)
    wait("Redis answers", 20, run_id)
    last = wait("the kubelet tells of the end", 60, lambda: one.status()["lastState"].get("terminated"))
    say(f"exit code {last['exitCode']}; {run_id()}; {ask('get', 'key')!r}")
    assert last["exitCode"] == 0 and run_id() == before and "before" in ask("get", "key")


class Terminal:
    """kubectl with a terminal of its own."""

    def __init__(self, place, *arguments):
        self.ours, theirs = pty.openpty()
        kubectl = [ROOT / "cluster" / "kubectl", "--name", place.cluster.name, "-n", place.name]
        self.process = subprocess.Popen([*kubectl, *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
                                        start_new_session=True)
        os.close(theirs)
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def type(self, text):
        os.write(self.ours, (text + "\n").encode())

    def sees(self, text):
        if select.select([self.ours], [], [], 0)[0]:
            self.seen += os.read(self.ours, 4096).decode(errors="replace")
        return text in self.seen


@case
def a_terminal(place):
    container = {"name": "main", "image": TOOLS, "stdin": True, "tty": True,
                 "command": ["sh", "-c", 'n=0; while read -r line; do n=$((n+1)); echo "<$n $line>"; done']}
    one = place.settle(pod("a-terminal", container))

    def say_and_hear(word, answer):
        with Terminal(place, "attach", "-it", one.name) as terminal:
            wait("kubectl is attached", 20, lambda: terminal.sees("pressing enter"))
            terminal.type(word)
            wait(f"the container answers {answer}", 20, lambda: terminal.sees(answer))
    say_and_hear("first", "<1 first>")
    checkpoint = one.take()
    one.kill()
    one.assert_restored(checkpoint)
    one.wait_restarts(1)
    say_and_hear("second", "<2 second>")
    with Terminal(place, "exec", "-it", one.name, "--", "sh", "-c", "tty; stty size") as terminal:
        wait("a command has a terminal, too", 20, lambda: terminal.sees("/dev/pts/"))
