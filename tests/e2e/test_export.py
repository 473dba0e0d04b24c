"""`kubectl kcr export`, `inspect` and `import`: checkpoints on their way from a node and back, with the rights of users."""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from harness import KCR, NODE, say, wait
from user import User
from workload import pod, server

HEAP_MIB = 64


@pytest.fixture(scope="module")
def taken(shared):
    """The name of a checkpoint of a server with some memory."""
    shared.apply(pod("server", server(heap_mib=HEAP_MIB)))
    shared.pod("server").wait_ready()
    status = shared.end_of(shared.ask("server"))
    assert status["phase"] == "Completed", status
    return shared.built(status["checkpointRef"]["name"])["metadata"]["name"]


@pytest.fixture(scope="module")
def editor(shared, tmp_path_factory):
    user = User(shared, tmp_path_factory.mktemp("editor"), "editor", "edit")
    wait("the editor may list checkpoints", 20, lambda: user.kcr("list", check=False).returncode == 0)
    return user


def tickets(namespace):
    return sorted(namespace.list(KCR, "checkpointexports"), key=lambda one: one["metadata"]["creationTimestamp"])


def digest_of(path):
    with open(path, "rb") as content:
        return "sha256:" + hashlib.file_digest(content, "sha256").hexdigest()


def report_of(user, word):
    report = json.loads(user.kcr("inspect", word, "-o", "json").stdout)
    report.pop("source")
    return report


@pytest.fixture(scope="module")
def exported(editor, taken):
    """The checkpoint as a file."""
    editor.kcr("export", taken, "-o", "one.tar")
    return editor.here / "one.tar"


def test_what_comes_is_the_checkpoint(shared, editor, exported, taken):
    [ticket] = tickets(shared)
    status = ticket["status"]
    assert status["digest"] == digest_of(exported) and status["sizeBytes"] == exported.stat().st_size
    assert exported.stat().st_size > HEAP_MIB << 20
    assert exported.stat().st_mode & 0o777 == 0o600
    [process] = report_of(editor, "one.tar")["processes"]
    assert process["arguments"][:2] == ["python3", "-c"]
    assert process["dumpedBytes"] > HEAP_MIB << 20


def test_the_cluster_keeps_on_record_who_has_fetched_what(shared, editor, exported, taken):
    def look():
        [ticket, *_] = tickets(shared)
        return ticket if ticket["status"]["phase"] == "Closed" else None
    ticket = wait("the ticket is closed", 20, look)
    assert ticket["spec"]["checkpointName"] == taken
    assert ticket["spec"]["nodeName"] == NODE
    assert ticket["status"]["sentBytes"] >= exported.stat().st_size


def test_a_checkpoint_is_inspected_without_its_memory(shared, editor, exported, taken):
    before = len(tickets(shared))
    assert report_of(editor, taken) == report_of(editor, "one.tar")

    def look():
        [ticket] = tickets(shared)[before:]
        return ticket["status"] if ticket["status"]["phase"] == "Closed" else None
    status = wait("the ticket is closed", 20, look)
    say(f"{status['sentBytes']} of {status['sizeBytes']} bytes were fetched")
    assert 0 < status["sentBytes"] < status["sizeBytes"] / 10
    told = editor.kcr("inspect", taken, "-v", "1").stderr
    assert re.search(r"^Fetched \S+ of \S+ by \d+ requests\.$", told, re.M)


def forwarding_of(pid):
    """The kubectl that it has started."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"port-forward" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes()]


def partly(directory):
    return sum(path.stat().st_size for path in directory.glob("two.tar.*.partial"))


def stopped_halfway(editor, taken):
    """An export whose way is held up as soon as something came."""
    before = partly(editor.here)
    running = subprocess.Popen(editor.command("export", taken, "-o", "two.tar"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while partly(editor.here) == before:
        assert time.monotonic() < deadline and running.poll() is None, running.communicate()
        time.sleep(0.001)
    [forwarding] = forwarding_of(running.pid)
    os.kill(forwarding, signal.SIGSTOP)
    return running, forwarding


def test_what_is_cut_is_gone_on_with(editor, exported, taken):
    """Ctrl-C first, then the end of the forwarding behind its back."""
    running, forwarding = stopped_halfway(editor, taken)
    running.send_signal(signal.SIGINT)
    os.kill(forwarding, signal.SIGCONT)
    _, told = running.communicate(timeout=30)
    assert running.returncode == 130 and "the same command goes on from there" in told, told
    assert not pathlib.Path(f"/proc/{forwarding}").exists()
    first = partly(editor.here)
    running, forwarding = stopped_halfway(editor, taken)
    os.kill(forwarding, signal.SIGKILL)
    _, told = running.communicate(timeout=60)
    say(told)
    assert running.returncode == 0, told
    assert "Going on with 'two.tar." in told and "The way to the node broke" in told
    assert 0 < first < exported.stat().st_size
    assert digest_of(editor.here / "two.tar") == digest_of(exported)
    assert not list(editor.here.glob("*.partial"))


def test_a_user_who_may_only_look_is_refused(shared, editor, taken, tmp_path):
    user = User(shared, tmp_path, "viewer", "view")
    wait("the viewer may list checkpoints", 20, lambda: user.kcr("list", check=False).returncode == 0)
    before = len(tickets(shared))
    for command in ("export", "inspect"):
        told = user.kcr(command, taken, check=False)
        assert told.returncode == 1 and "cannot create checkpointexports" in told.stderr
        assert "--clusterrole=edit" in told.stderr
    assert len(tickets(shared)) == before and list(tmp_path.glob("*.tar*")) == []


def test_a_user_without_rights_is_refused(shared, taken, tmp_path):
    told = User(shared, tmp_path, "nobody").kcr("export", taken, check=False)
    assert told.returncode == 1 and "is forbidden" in told.stderr
    assert list(tmp_path.glob("*.tar*")) == []


def test_what_was_taken_home_comes_back(shared, editor, exported, tmp_path):
    """The same bytes, of the same Pod; another name."""
    user = User(shared, tmp_path, "importer", "edit", "kcr-import")
    wait("the importer may list checkpoints", 20, lambda: user.kcr("list", check=False).returncode == 0)
    told = user.kcr("import", str(exported), "--pod", "server", "-c", "main").stdout
    name = re.match(r"checkpoint/(\S+): \S+ in \S+, verified: sha256:", told)[1]
    checkpoint = shared.built(name)
    assert checkpoint["spec"]["podReference"]["uid"] == shared.pod("server").uid()
    assert checkpoint["metadata"]["ownerReferences"][0]["kind"] == "CheckpointImport"
    assert report_of(user, name) == report_of(editor, "one.tar")
    assert "--clusterrole=kcr-import" in editor.kcr("import", "one.tar", "--node", NODE, check=False).stderr
