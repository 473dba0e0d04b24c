"""`kubectl kcr inspect` of what lies elsewhere: kubectl-kcr fetches, kubectl-kcr-inspect reads, and neither hangs on the other."""

import os
import pathlib
import shutil
import signal
import subprocess
import textwrap
import threading

import pytest

from test_image import ARCHIVE, Liar
from test_registry import driver
from world import SANITIZER, eventually

MAIN = driver().parents[2] / "src/main"
RANGE = 1 << 20


class Slow(Liar):
    """A registry that answers with bytes of the layer only when it is told to."""

    def __init__(self):
        super().__init__(ARCHIVE.read_bytes() + bytes(2 * RANGE))
        self.is_asked, self.goes_on = threading.Event(), threading.Event()
        self.starts = []

    def send_range(self, request):
        self.is_asked.set()
        self.starts.append(int(request.headers["Range"].removeprefix("bytes=").split("-")[0]))
        if not self.goes_on.wait(30):
            return
        super().send_range(request)

    def __exit__(self, *_):
        self.goes_on.set()
        super().__exit__()


@pytest.fixture
def registry():
    with Slow() as slow:
        yield slow


def start(registry, *arguments, program=MAIN / "kubectl-kcr", **options):
    return subprocess.Popen([program, "inspect", f"{registry.address}/shop/web:v1", *map(str, arguments)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={"PATH": os.environ["PATH"], "HOME": "/nowhere", "KUBECONFIG": "/nowhere"}, **options)


def end(running):
    try:
        told, complaint = running.communicate(timeout=30)
    finally:
        running.kill()
    assert not SANITIZER.search(complaint), complaint
    return running.returncode, told, complaint


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def reader_of(running, registry):
    """The program that reads, which has asked for something and waits for it."""
    assert registry.is_asked.wait(30)
    [pid] = children(running.pid)
    return pid


def test_who_reads_is_confined_and_has_nothing_but_its_line(registry):
    running = start(registry)
    reader = pathlib.Path(f"/proc/{reader_of(running, registry)}")
    assert os.readlink(reader / "exe") == str(MAIN / "kubectl-kcr-inspect")
    status = (reader / "status").read_text()
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status
    assert {name: os.readlink(reader / "fd" / name).split(":")[0] for name in os.listdir(reader / "fd")} == \
        {"0": "/dev/null", "1": "pipe", "2": "pipe", "3": "socket"}
    maps = (reader / "maps").read_text()
    assert "libpcre2" in maps and "libcurl" not in maps and "libcrypto" not in maps
    ours = pathlib.Path(f"/proc/{running.pid}/maps").read_text()
    assert "libcurl" in ours and "libpcre2" not in ours
    registry.goes_on.set()
    code, told, _ = end(running)
    assert code == 0 and "processes" not in told.splitlines()[0] and len(told.splitlines()) > 2
    assert len(set(registry.starts)) == len(registry.starts), "a range is fetched once"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_both(registry, number):
    running = start(registry)
    reader = reader_of(running, registry)
    running.send_signal(number)
    assert end(running) == (130, "", "Interrupted.\n")
    assert not is_running(reader)


def test_ctrl_c_at_a_terminal_ends_both(registry):
    """It goes to the whole group."""
    running = start(registry, start_new_session=True)
    reader = reader_of(running, registry)
    os.killpg(running.pid, signal.SIGINT)
    assert end(running) == (130, "", "Interrupted.\n")
    assert not is_running(reader)


@pytest.mark.parametrize("flags", [[], ["--dump-memory", "289", "--to"]])
def test_who_reads_ends_with_who_fetches(registry, tmp_path, flags):
    running = start(registry, *flags, *([tmp_path / "memory"] if flags else []))
    readers = [reader_of(running, registry)]
    readers += children(readers[0])
    assert len(readers) == (2 if flags else 1)
    running.kill()
    running.communicate(timeout=30)
    eventually(lambda: not any(map(is_running, readers)), 10, "the end of who reads")
    assert os.listdir(tmp_path) == []


def test_who_fetches_says_that_who_reads_has_died(registry):
    running = start(registry)
    os.kill(reader_of(running, registry), signal.SIGKILL)
    registry.goes_on.set()
    assert end(running) == (1, "", f"Error: kubectl-kcr-inspect, which reads '{registry.address}/shop/web:v1', has died: signal 9 (Killed)\n")


def test_both_may_be_elsewhere(registry, tmp_path):
    registry.goes_on.set()
    image = f"{registry.address}/shop/web:v1"
    assert end(start(registry, "--diff", image)) == (0, "", "")
    assert end(start(registry, "--diff", ARCHIVE)) == (0, "", "")
    code, _, complaint = end(start(registry, "--diff", tmp_path / "none"))
    assert code == 1 and complaint == f"Error: there is no file or directory '{tmp_path}/none'\n"


# ---- A program that reads as it should not: what takes over kubectl-kcr-inspect can do no more

LINE = """\
import os, signal, socket, struct, sys, time
line = socket.socket(fileno=3)
def ask(offset, size):
    line.sendall(struct.pack("=qq", offset, size))
def take(size):
    got = b""
    while len(got) < size:
        got += line.recv(size - len(got))
    return got
total = int(sys.argv[3])
"""


@pytest.fixture
def hostile(tmp_path):
    """kubectl-kcr beside such a program."""
    program = shutil.copy(MAIN / "kubectl-kcr", tmp_path / "kubectl-kcr")

    def place(text):
        reader = tmp_path / "kubectl-kcr-inspect"
        reader.write_text("#!/usr/bin/python3\n" + LINE + textwrap.dedent(text))
        reader.chmod(0o755)
        return program
    return place


@pytest.mark.parametrize("question, words", [
    ("ask(-1, 1)", "1 bytes at offset -1"), ("ask(0, -1)", "-1 bytes at offset 0"), ("ask(0, 0)", "0 bytes"), ("ask(total, 1)", "1 bytes at"),
    ("ask(total - 1, 2)", "2 bytes"), (f"ask(0, {RANGE + 1})", f"{RANGE + 1} bytes"), ("ask(2**63 - 1, 2**63 - 1)", f"{2**63 - 1} bytes at"),
    ("line.sendall(b'half'); line.shutdown(socket.SHUT_WR)", "it ended within a question")])
def test_what_is_not_lent_is_not_fetched(registry, hostile, question, words):
    running = start(registry, program=hostile(f"{question}\ntime.sleep(60)"))
    code, told, complaint = end(running)
    assert (code, told) == (1, "") and words in complaint and complaint.startswith("Error: kubectl-kcr-inspect, which reads '")
    assert registry.starts == []


def test_what_is_asked_for_at_once_is_fetched_one_by_one(registry, hostile):
    registry.goes_on.set()
    running = start(registry, program=hostile("""
        for each in range(100):
            ask(each, 10)
        got = [take(18) for each in range(100)]
        assert all(struct.unpack("=q", each[:8]) == (10,) for each in got)
        os.write(1, got[57][8:])
        sys.exit(7)
        """))
    code, told, complaint = end(running)
    assert (code, complaint) == (7, "")
    assert told.encode() == ARCHIVE.read_bytes()[57:67]
    assert registry.starts == list(range(100))


def test_who_takes_nothing_is_still_interrupted(registry, hostile):
    """It ignores Ctrl-C, has asked and does not read: what was fetched waits to be sent."""
    registry.goes_on.set()
    running = start(registry, program=hostile(f"""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for each in range(3):
            ask(0, {RANGE})
        time.sleep(60)
        """))
    reader = reader_of(running, registry)
    eventually(lambda: registry.starts == [0], 10, "a fetch")
    os.kill(running.pid, signal.SIGINT)
    assert end(running) == (130, "", "Interrupted.\n")
    assert not is_running(reader) and registry.starts == [0]


@pytest.mark.parametrize("text, expected", [
    ("os.kill(os.getpid(), signal.SIGSEGV)", (1, "has died: signal 11")),
    ("ask(0, 512); os.close(3); os.kill(os.getpid(), signal.SIGKILL)", (1, "has died: signal 9")),
    ("line.close(); sys.exit(3)", (3, "")),
    ("line.close(); time.sleep(0.5); os.write(2, b'late'); sys.exit(4)", (4, "late"))])
def test_the_end_of_who_reads_is_the_end(registry, hostile, text, expected):
    registry.goes_on.set()
    code, told, complaint = end(start(registry, program=hostile(text)))
    assert (code, told) == (expected[0], "") and expected[1] in complaint


def test_without_who_reads_nothing_is_fetched(registry, tmp_path):
    alone = shutil.copy(MAIN / "kubectl-kcr", tmp_path / "kubectl-kcr")
    for word in (f"{registry.address}/shop/web:v1", str(ARCHIVE)):
        done = subprocess.run([alone, "inspect", word], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (
            1, f"Error: cannot inspect '{word}' without the program that reads it: there is no program '{tmp_path}/kubectl-kcr-inspect'\n")
    assert not registry.is_asked.is_set()
