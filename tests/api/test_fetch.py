"""kubectl kcr export and import where things go wrong: behind a scripted `kubectl port-forward`.

How it is on a node shows tests/e2e/test_export.py.
"""

import contextlib
import gzip
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import threading

import pytest

from user import RBAC, Screen, User
from world import SANITIZER, ApiError, eventually

HERE = pathlib.Path(__file__).resolve().parent
CONTENT = random.Random(1).randbytes(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Agent:
    """Opens tickets as an agent does, for what the scripted door has."""

    def __init__(self, space, directory):
        self.space, self.directory = space, directory
        self.status = {"phase": "Open", "port": 7471, "sizeBytes": len(CONTENT), "digest": f"sha256:{DIGEST}",
                       "relayReference": {"namespace": "relays", "name": "relay-1"}}
        self.later = {}  # of the tickets after the first
        self.remark = {}  # on an import that it has completed
        self.end = None  # of an import of which two parts were brought
        self.opened = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_over.wait(0.05):
            with contextlib.suppress(ApiError):
                self.look()

    def look(self):
        for ticket in self.space.list("checkpointexports"):
            name = ticket["metadata"]["name"]
            self.know(ticket)
            if ticket["status"].get("phase", "Pending") == "Pending":
                status = {**self.status, **(self.later if self.opened > 0 else {})}
                self.space.patch("checkpointexports", name, {"status": status}, "status")
                self.opened += 1
        for ticket in self.space.list("checkpointimports"):
            self.look_at_import(ticket, ticket["metadata"]["name"])

    def know(self, ticket):
        """The door may look at any time: it finds all of the hash or nothing."""
        path = self.directory / f"{ticket['metadata']['name']}.hash"
        if not path.exists():
            new = self.directory / "new"
            new.write_text(ticket["spec"]["secretSHA256"])
            new.rename(path)

    def look_at_import(self, ticket, name):
        phase = ticket["status"].get("phase", "Pending")
        self.know(ticket)
        arrived = self.directory / "arrived"
        if phase == "Pending":
            status = {key: self.status[key] for key in ("phase", "port", "relayReference")}
        elif phase == "Open" and self.end and (self.directory / "log").read_text().count('"PUT"') > 1:
            status = self.end
        elif phase == "Open" and arrived.exists() and arrived.stat().st_size == ticket["spec"]["sizeBytes"]:
            is_right = f"sha256:{hashlib.sha256(arrived.read_bytes()).hexdigest()}" == ticket["spec"]["digest"]
            status = {"phase": "Completed", "checkpointRef": {"name": name}, **self.remark} if is_right else \
                {"phase": "Failed", "message": "other bytes came"}
        else:
            return
        self.space.patch("checkpointimports", name, {"status": status}, "status")

    def stop(self):
        self.is_over.set()
        self.thread.join()


class Exporter(User):
    """A user whose kubectl is the stand-in, in a directory of their own."""

    def __init__(self, kinds, space, directory, *names):
        super().__init__(kinds, space, directory, *names)
        self.door = directory / "door"
        self.here = directory / "here"
        for made in (self.door, self.here, directory / "bin"):
            made.mkdir()
        (directory / "bin" / "kubectl").symlink_to(HERE / "scripted_kubectl.py")
        (self.door / "content").write_bytes(CONTENT)
        (self.door / "log").touch()
        space.create("checkpoints", "Checkpoint", "one", {"spec": {
            "containerName": "main", "podReference": {"name": "pod-1", "namespace": space.name}}})
        self.path = f"{directory / 'bin'}:{os.environ['PATH']}"
        self.script()

    def command(self, *arguments):
        words = super().command(*arguments)
        place = words.index("env") + 1
        return [*words[:place], f"--chdir={self.here}", f"DOOR={self.door}", f"PATH={self.path}", *words[place:]]

    def script(self, *steps):
        (self.door / "script").write_text("".join(json.dumps(step) + "\n" for step in steps))
        (self.door / "log").write_text("")

    def log(self, method):
        return [entry for line in (self.door / "log").read_text().splitlines()
                if (entry := json.loads(line))["method"] == method]

    def ranges(self, method="GET"):
        """Where each request begins."""
        return [int(re.search(r"\d+", entry["range"])[0]) for entry in self.log(method)]

    def files(self):
        return {path.name: path.stat().st_size for path in self.here.iterdir()}

    def check_left_nothing(self):
        """Each child has ended, and the last ticket was given back."""
        for start in self.log("start"):
            assert not pathlib.Path(f"/proc/{start['pid']}").exists()
        assert [entry["known"] for entry in self.log("DELETE")] == [True]


@pytest.fixture
def exporter(roles, space, tmp_path):
    user = Exporter(roles, space, tmp_path, "kcr-view", "kcr-edit").until_it_may_list()
    agent = Agent(space, user.door)
    user.agent = agent
    yield user
    agent.stop()


PARTIAL = f"one.tar.{DIGEST[:12]}.partial"


def test_a_file_comes_whole_for_its_user_only(exporter):
    told = exporter.kcr("export", "one", "-v=9", "--context=there")
    assert exporter.files() == {"one.tar": len(CONTENT)}
    path = exporter.here / "one.tar"
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"verified: sha256:{DIGEST}" in told.stdout
    (start,) = exporter.log("start")
    assert start["arguments"] == ["port-forward", "--context", "there", "--namespace", "relays", "--address",
                                  "127.0.0.1", "pod/relay-1", ":7471"]
    assert start["group"] == start["pid"], "a Ctrl-C at the terminal must not end it"
    exporter.check_left_nothing()
    # A second one does not begin, and asks for nothing.
    assert "'one.tar' is there already" in exporter.kcr("export", "one", status=1).stderr
    assert len(exporter.space.list("checkpointexports")) == 1
    exporter.kcr("export", "one", "-f")


def test_a_pipe_gets_the_bytes_and_nothing_else(exporter):
    result = subprocess.run(exporter.command("export", "one", "-o", "-"), capture_output=True, timeout=60,
                            stdin=subprocess.DEVNULL)
    assert result.returncode == 0 and result.stdout == CONTENT
    assert exporter.files() == {}


def test_what_is_cut_goes_on_where_it_ended(exporter):
    exporter.script({"cut": 1_000_000}, {"cut": 500_000})
    told = exporter.kcr("export", "one").stderr
    assert exporter.ranges() == [0, 1_000_000, 1_500_000]
    assert (exporter.here / "one.tar").read_bytes() == CONTENT
    assert told.count("The way to the node broke") == 2
    assert len(exporter.space.list("checkpointexports")) == 1
    exporter.check_left_nothing()


def test_a_later_run_goes_on_where_one_gave_up(exporter):
    exporter.script({"cut": 1_000_000}, *[{"status": 503}] * 9)
    told = exporter.kcr("export", "one", "--timeout=1s", status=1).stderr
    assert f"lie in '{PARTIAL}'; the same command goes on from there" in told
    assert "the agent answered 503" in told and "API server" not in told
    assert exporter.files() == {PARTIAL: 1_000_000}
    exporter.script()
    assert f"Going on with '{PARTIAL}'" in exporter.kcr("export", "one").stderr
    assert exporter.ranges() == [1_000_000]
    assert (exporter.here / "one.tar").read_bytes() == CONTENT
    assert list(exporter.files()) == ["one.tar"]


def test_wrong_bytes_get_no_name(exporter):
    exporter.script({"cut": 1_000_000}, {"wrong": True})
    told = exporter.kcr("export", "one", status=1).stderr
    assert "their digest is another one" in told
    assert exporter.files() == {}
    exporter.check_left_nothing()


def test_a_ticket_that_was_closed_is_followed_by_another(exporter):
    exporter.script({"cut": 1_000_000}, {"status": 410})
    exporter.kcr("export", "one")
    assert exporter.ranges() == [0, 1_000_000, 1_000_000]
    first, second = exporter.space.list("checkpointexports")
    assert first["spec"]["secretSHA256"] != second["spec"]["secretSHA256"]
    assert (exporter.here / "one.tar").read_bytes() == CONTENT


def test_bytes_that_have_become_others_are_not_mixed(exporter):
    exporter.script({"cut": 1_000_000}, {"status": 410})
    exporter.agent.later = {"digest": "sha256:" + "0" * 64}
    assert "is another one now" in exporter.kcr("export", "one", status=1).stderr
    assert exporter.ranges() == [0, 1_000_000]


def test_an_agent_that_knows_no_ticket_is_believed_after_a_while(exporter):
    exporter.script(*[{"status": 401}] * 9)
    told = exporter.kcr("export", "one", "--timeout=1s", status=1).stderr
    assert "Error: cannot export 'one': the agent answered 401: no such ticket" in told
    assert exporter.files() == {}


def test_what_the_agent_refuses_is_told_in_its_words(exporter):
    exporter.agent.status = {"phase": "Failed", "reason": "Absent", "message": "the store does not have it"}
    told = exporter.kcr("export", "one", status=1).stderr
    assert "is Failed: the store does not have it" in told
    assert exporter.log("start") == []


def test_what_is_not_there_gets_no_ticket(exporter):
    assert 'checkpoints.checkpoint-restore.kcr.io "two" not found' in exporter.kcr("export", "two", status=1).stderr
    told = exporter.kcr("inspect", "two", status=1).stderr
    assert told.startswith("Error: there is no file or directory 'two', and: cannot get checkpoints ")
    assert exporter.space.list("checkpointexports") == []


def test_who_may_not_forward_is_told_whom_to_ask(exporter):
    (exporter.door / "refusal").write_text(
        'Error from server (Forbidden): pods "relay-1" is forbidden: User "jane" cannot create\n')
    told = exporter.kcr("export", "one", status=1).stderr
    assert "bind you to the Role kcr-relay" in told and 'User "jane" cannot create' in told


def test_without_kubectl_it_says_what_it_is_for(exporter):
    exporter.path = "/nowhere"
    assert "there is no kubectl in $PATH" in exporter.kcr("export", "one", status=1).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_what_came_and_gives_the_ticket_back(exporter, number):
    exporter.script({"stall": 1_000_000})
    running = exporter.start("export", "one")
    eventually(lambda: exporter.log("stall") and exporter.files() == {PARTIAL: 1_000_000}, timeout=30, what="a part")
    running.send_signal(number)
    _, told = running.communicate(timeout=20)
    assert running.returncode == 130 and not SANITIZER.search(told), told
    assert f"lie in '{PARTIAL}'; the same command goes on from there" in told
    assert exporter.files() == {PARTIAL: 1_000_000}
    exporter.check_left_nothing()


def test_a_terminal_shows_how_far_it_is(exporter):
    exporter.script({"stall": 1_000_000})
    ours, theirs = os.openpty()
    words = ["TERM=xterm" if word == "TERM=dumb" else word for word in exporter.command("export", "one")]
    running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    Screen(ours).until(lambda text: re.search(r"\r\S+ of 2.9Mi, 33%", text))
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    os.close(ours)
    assert running.returncode == 130


def test_who_may_only_look_is_refused(roles, space, tmp_path):
    viewer = Exporter(roles, space, tmp_path, "kcr-view").until_it_may_list()
    told = viewer.kcr("export", "one", status=1).stderr
    assert f"--clusterrole=edit --user='{viewer.name}'" in told
    assert viewer.log("start") == [] and viewer.files() == {}


def test_the_secret_is_seen_by_nobody(exporter):
    """Neither in what is told, nor in the command line of a process, nor in the cluster."""
    exporter.script({"stall": 1_000_000})
    running = exporter.start("export", "one", "-v=9")
    eventually(lambda: exporter.log("stall"), timeout=30, what="a part")
    memory = pathlib.Path(f"/proc/{running.pid}/cmdline").read_text()
    child = exporter.log("start")[0]["pid"]
    seen = memory + pathlib.Path(f"/proc/{child}/cmdline").read_text() + \
        pathlib.Path(f"/proc/{child}/environ").read_text()
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=20)
    (ticket,) = exporter.space.list("checkpointexports")
    words = set((seen + told + json.dumps(ticket)).replace("\0", " ").replace('"', " ").split())
    hashes = {hashlib.sha256(word.encode()).hexdigest() for word in words}
    assert ticket["spec"]["secretSHA256"] in words
    assert ticket["spec"]["secretSHA256"] not in hashes


# ---- inspect

@pytest.fixture
def inspector(exporter):
    """What is behind the door is a checkpoint, and then some that is none of its files."""
    content = (HERE.parent / "fuzz/corpus/inspect/processes.tar").read_bytes() + bytes(2_000_000)
    (exporter.here / "file.tar").write_bytes(content)
    (exporter.door / "content").write_bytes(content)
    exporter.agent.status |= {"sizeBytes": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    return exporter


def report(user, *words):
    told = json.loads(user.kcr("inspect", *words, "-o", "json").stdout)
    return told.pop("source"), told


def test_a_checkpoint_of_the_cluster_tells_what_its_file_tells(inspector):
    """Also when the way breaks meanwhile."""
    inspector.script({}, {"cut": 1000}, {"status": 503})
    assert report(inspector, "one") == ("one", report(inspector, "file.tar")[1])
    first, second, third, fourth, *rest = inspector.ranges()
    assert (first, third, fourth) == (0, second + 1000, second + 1000)
    assert len({first, second, *rest}) == len(rest) + 2, "a range is fetched once"
    inspector.check_left_nothing()
    inspector.script()
    told = inspector.kcr("inspect", "one", "--diff", "one", "-v", "1")
    assert told.stdout == "" and len(re.findall("^Fetched .* requests.$", told.stderr, re.M)) == 2


def is_reader(pid, directory):
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe").endswith("/kubectl-kcr-inspect") and os.readlink(f"/proc/{pid}/cwd") == str(directory)
    return False


def test_an_interrupted_inspection_gives_the_ticket_back(inspector):
    inspector.script({"stall": 1000})
    running = inspector.start("inspect", "one")
    eventually(lambda: inspector.log("stall"), timeout=30, what="a part")
    readers = [pid for pid in os.listdir("/proc") if is_reader(pid, inspector.here)]
    assert len(readers) == 1
    running.send_signal(signal.SIGINT)
    told = running.communicate(timeout=20)
    assert (running.returncode, *told) == (130, "", "Interrupted.\n")
    assert not pathlib.Path(f"/proc/{readers[0]}").exists()
    inspector.check_left_nothing()


def test_what_cannot_be_fetched_is_told_by_who_reads(inspector):
    inspector.script(*[{"status": 404}] * 9)
    told = inspector.kcr("inspect", "one", status=1).stderr
    assert told.startswith("Error: cannot inspect 'one': ") and "the agent answered 404" in told
    inspector.check_left_nothing()


# ---- import

@pytest.fixture(scope="module")
def import_role(roles):
    """The right that no role of a namespace has; another file's tests may have installed the role kcr-import itself."""
    roles.api.call("POST", f"{RBAC}/clusterroles", {
        "metadata": {"name": "brings-checkpoints"},
        "rules": [{"apiGroups": ["checkpoint-restore.kcr.io"], "resources": ["checkpointimports"],
                   "verbs": ["get", "list", "watch", "create", "delete"]}]})
    yield
    roles.api.call("DELETE", f"{RBAC}/clusterroles/brings-checkpoints")


@pytest.fixture
def importer(import_role, roles, space, tmp_path):
    """Somebody who has it."""
    user = Exporter(roles, space, tmp_path, "kcr-view", "brings-checkpoints").until_it_may_list()
    (user.here / "one.tar").write_bytes(CONTENT)
    user.agent = Agent(space, user.door)
    yield user
    user.agent.stop()


def test_a_file_arrives_whole_however_often_it_is_cut(importer):
    importer.script({"cut": 1_000_000}, {"cut": 500_000})
    told = importer.kcr("import", "one.tar", "--node", "node-1")
    assert importer.ranges("PUT") == [0, 1_000_000, 1_500_000]
    assert (importer.door / "arrived").read_bytes() == CONTENT
    [ticket] = importer.space.list("checkpointimports")
    assert ticket["spec"]["digest"] == f"sha256:{DIGEST}" and ticket["spec"]["nodeName"] == "node-1"
    assert ticket["spec"]["lifetimeSeconds"] == 86400, "as long as the API allows: it has to be enough"
    assert told.stdout.startswith(f"checkpoint/{ticket['metadata']['name']}: 2.9Mi in ")
    assert ticket["metadata"]["name"].startswith("one-")
    assert importer.log("DELETE") == [], "what is complete is not given up"


def test_a_break_after_longer_than_the_patience_is_survived(importer):
    """What was on its way until then counts, not only what the agent has said to be there."""
    importer.script({"takes": 3, "cut": 2_000_000})
    importer.kcr("import", "one.tar", "--node", "node-1", "--timeout=2s")
    assert importer.ranges("PUT") == [0, 2_000_000]


def test_an_import_whose_time_is_over_does_not_begin_anew(importer):
    """What has come lies under the ticket's name: another one would have nothing of it."""
    importer.agent.end = {"phase": "Failed", "reason": "LifetimeOver", "message": "not all has arrived"}
    importer.script({"cut": 1_000_000}, *[{"status": 410}] * 99)
    told = importer.kcr("import", "one.tar", "--node", "node-1", status=1).stderr
    assert re.search("checkpointimport 'one-.*' is Failed: not all has arrived", told)
    assert set(importer.ranges("PUT")[1:]) == {1_000_000}
    assert len({entry["path"] for entry in importer.log("HEAD")}) == 1


def test_what_never_arrives_is_given_up(importer):
    importer.script(*[{"cut": 0}] * 99)
    told = importer.kcr("import", "one.tar", "--node", "node-1", "--timeout=1s", status=1).stderr
    assert "The way to the node broke" in told and set(importer.ranges("PUT")) == {0}


def test_an_import_is_for_a_pod_and_its_node(importer):
    importer.space.pod("pod-1")
    importer.bind("view")
    eventually(lambda: "has no container 'other'" in importer.kcr(
        "import", "one.tar", "--pod", "pod/pod-1", "-c", "other", status=1).stderr, 30, "the right to read Pods")
    importer.kcr("import", "one.tar", "--pod", "pod-1", "-c", "main")
    [ticket] = importer.space.list("checkpointimports")
    assert ticket["spec"]["podReference"]["name"] == "pod-1"
    assert (ticket["spec"]["nodeName"], ticket["spec"]["containerName"]) == ("node-1", "main")


def test_an_interrupted_import_is_given_up(importer):
    importer.script({"stall": 1_000_000})
    running = importer.start("import", "one.tar", "--node", "node-1")
    eventually(lambda: importer.log("stall"), timeout=30, what="a part")
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=20)
    assert running.returncode == 130 and not SANITIZER.search(told), told
    importer.check_left_nothing()


def test_a_compressed_file_is_sent_as_it_is_and_what_it_lacks_is_told(importer):
    packed = gzip.compress(CONTENT)
    (importer.here / "one.tar.gz").write_bytes(packed)
    importer.agent.remark = {"reason": "LeftOut", "message": "it is there now; no restore puts back volumes/data.tar"}
    told = importer.kcr("import", "one.tar.gz", "--node", "node-1")
    assert (importer.door / "arrived").read_bytes() == packed
    [ticket] = importer.space.list("checkpointimports")
    assert ticket["spec"]["digest"] == "sha256:" + hashlib.sha256(packed).hexdigest()
    assert ticket["spec"]["digest"] in told.stdout and ticket["metadata"]["name"].startswith("one-")
    assert importer.agent.remark["message"] + "\n" in told.stderr


def test_an_empty_file_is_not_sent(importer):
    (importer.here / "one.tar").write_bytes(b"")
    assert "it is empty" in importer.kcr("import", "one.tar", "--node", "node-1", status=1).stderr
    assert importer.space.list("checkpointimports") == []


def test_who_may_edit_may_not_import(exporter):
    (exporter.here / "some.tar").write_bytes(CONTENT)
    told = exporter.kcr("import", "some.tar", "--node", "node-1", status=1).stderr
    assert f"--clusterrole=kcr-import --user='{exporter.name}'" in told and exporter.log("start") == []
