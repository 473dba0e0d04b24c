"""Searching and writing the memory of dumps, compared with what pagemaps and pages say that it holds."""

import json
import os
import re
import stat
import subprocess

import pytest

from test_inspect import living, pages_of
from world import KUBECTL_KCR_INSPECT, kubectl_kcr

PAGE = 4096
SECRET = b"in the environment"  # of kinds.py


def run(*arguments):
    return kubectl_kcr(*arguments, program=KUBECTL_KCR_INSPECT)


def memory_of(dump, pid):
    """[(address, bytes)] of what lies together, as CRIU's decoder and the pages tell."""
    pagemap = dump.images[f"pagemap-{pid}.img"]
    pages = (dump.directory / f"checkpoint/pages-{pagemap[0]['pages_id']}.img").read_bytes()
    runs, position = [], 0
    for address, count in pages_of(pagemap):
        content = pages[position:position + PAGE * count]
        position += PAGE * count
        if runs and runs[-1][0] + len(runs[-1][1]) == address:
            runs[-1] = (runs[-1][0], runs[-1][1] + content)
        else:
            runs.append((address, content))
    return runs


def matches_of(dump, expression):
    """{(pid, address)} of all processes."""
    return {(process["pid"], address + match.start()) for process in living(dump)
            for address, content in memory_of(dump, process["pid"]) for match in re.finditer(expression, content)}


def search(directory, *arguments):
    done = run(directory, "-o", "json", "--search", *arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == []
    return told


def places(told):
    return {(each["pid"], int(each["address"], 16)) for each in told["matches"] if "pid" in each}


@pytest.mark.parametrize("arguments, expression", [
    (["python"], b"python"), (["0x00ff00"], b"\x00\xff\x00"), (["--regex", "[0-9]+[a-z]{3}"], b"[0-9]+[a-z]{3}"),
    (["--regex", "(?i)path="], b"(?i)path="), (["nowhere in all of it, surely"], b"nowhere in all of it, surely")])
def test_matches_are_where_the_pages_have_them(dump, arguments, expression):
    told = search(dump.directory, *reversed(arguments))
    assert places(told) == matches_of(dump, expression)
    assert told["searchedBytes"] >= sum(each["dumpedBytes"] for each in living(dump))


def seams_of(dump, pid):
    """16 bytes around places where our reader's pieces meet: entries of the pagemap that adjoin, and every 64 pages of one."""
    runs, entries = memory_of(dump, pid), pages_of(dump.images[f"pagemap-{pid}.img"])
    places = [address for address, _ in entries] + [address + 64 * PAGE for address, count in entries if count > 64]
    around = [content[place - start - 8:place - start + 8] for place in places for start, content in runs
              if start + 8 <= place <= start + len(content) - 8]
    return [seam for seam in around if len(set(seam)) > 4]


@pytest.mark.parametrize("dump", ["redis", "postgres"], indirect=True)
def test_matches_across_the_ends_of_pieces_are_found(dump):
    seams = [seam for process in living(dump)[:2] for seam in seams_of(dump, process["pid"])][:6]
    assert seams
    for seam in seams:
        escaped = "".join(f"\\x{byte:02x}" for byte in seam)
        for arguments in ([f"0x{seam.hex()}"], [escaped, "--regex"]):
            assert places(search(dump.directory, *arguments)) == matches_of(dump, re.escape(seam))


@pytest.mark.parametrize("dump", ["kinds"], indirect=True)
def test_what_matches_is_shown_only_when_asked_for(dump):
    text = SECRET.decode()
    for output in ([], ["-o", "json"]):
        hidden = run(dump.directory, "--regex", "--search", f"{text[:5]}.{text[6:]}", *output)
        assert hidden.returncode == 0 and str(len(SECRET)) in hidden.stdout
        assert text not in hidden.stdout + hidden.stderr and SECRET.hex() not in hidden.stdout
    assert text in run(dump.directory, "--search", text, "--show-match").stdout
    shown = search(dump.directory, text, "--show-match", "--around", "2")["matches"][0]
    assert bytes.fromhex(shown["match"]) == SECRET
    pid, address = shown["pid"], int(shown["address"], 16)
    content, = [(content, start) for start, content in memory_of(dump, pid) if start <= address < start + len(content)]
    at = address - content[1]
    assert bytes.fromhex(shown["before"] + shown["match"] + shown["behind"]) == content[0][at - 2:at + len(SECRET) + 2]


@pytest.mark.parametrize("dump", ["processes"], indirect=True)
def test_one_process_is_searched(dump):
    first, second = [process["pid"] for process in living(dump)][:2]
    assert {pid for pid, _ in places(search(dump.directory, "PATH="))} > {first, second}
    assert {pid for pid, _ in places(search(dump.directory, "PATH=", "--pid", first))} == {first}


@pytest.mark.parametrize("dump", ["kinds"], indirect=True)
def test_compressed_archives_have_the_same_matches(dump, tmp_path):
    expected = search(dump.directory, "python")
    for suffix, option in (("tar", []), ("tar.gz", ["--gzip"]), ("tar.zst", ["--zstd"])):
        archive = tmp_path / f"dump.{suffix}"
        subprocess.run(["tar", "--create", f"--file={archive}", *option, "--directory", dump.directory, "."], check=True)
        told = search(archive, "python")
        key = lambda each: (each.get("pid", 0), each["address"])
        assert sorted(told["matches"], key=key) == sorted(expected["matches"], key=key)
        assert told["searchedBytes"] == expected["searchedBytes"]


@pytest.mark.parametrize("dump", ["kinds"], indirect=True)
def test_shared_memory_is_searched_once(dump):
    told = search(dump.directory, f"(?s).{{{PAGE}}}", "--regex")
    shared = [each for each in told["matches"] if "sharedMemory" in each]
    assert len(shared) * PAGE == sum(each["dumpedBytes"] for each in dump.report["sharedMemory"]) > 0


@pytest.mark.parametrize("dump", ["redis"], indirect=True)
def test_a_process_is_written_to_a_file_of_its_owner(dump, tmp_path):
    process, = living(dump)
    target = tmp_path / "memory"
    done = run(dump.directory, "--dump-memory", process["pid"], "--to", target)
    assert (done.returncode, done.stderr) == (0, "")
    runs = memory_of(dump, process["pid"])
    assert target.read_bytes() == b"".join(content for _, content in runs)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    rows = [line.split(None, 3) for line in done.stdout.splitlines()[1:]]
    memory = dict(runs)
    content = target.read_bytes()
    for offset, address, size, _ in rows:
        start, = [start for start in memory if start <= int(address, 16) < start + len(memory[start])]
        at = int(address, 16) - start
        assert content[int(offset):int(offset) + int(size)] == memory[start][at:at + int(size)]
    assert sum(int(row[2]) for row in rows) == len(content)
    again = run(dump.directory, "--dump-memory", process["pid"], "--to", target)
    assert again.returncode == 1 and "is there already" in again.stderr
    whole = subprocess.run([KUBECTL_KCR_INSPECT, dump.directory, "--dump-memory", str(process["pid"]), "--to", "-"],
                           stdout=subprocess.PIPE, check=True)
    assert whole.stdout == content
    assert sorted(os.listdir(tmp_path)) == ["memory"]


@pytest.mark.parametrize("dump", ["processes"], indirect=True)
def test_a_process_is_printed_as_hexdump_prints_it(dump, tmp_path):
    pid = living(dump)[0]["pid"]
    done = run(dump.directory, "--dump-memory", pid)
    assert (done.returncode, done.stderr) == (0, "")
    expected = []
    for address, content in memory_of(dump, pid):
        (tmp_path / "run").write_bytes(content)
        for line in subprocess.run(["hexdump", "-C", tmp_path / "run"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
            place, separator, rest = line.partition("  ")
            expected.append(f"{int(place, 16) + address:016x}{separator}{rest}" if place != "*" else line)
    # hexdump ends each file with its size, ours a run only where a line of "*" needs it.
    assert [line for line in done.stdout.splitlines() if "  " in line or line == "*"] == \
        [line for line in expected if "  " in line or line == "*"]


@pytest.mark.parametrize("arguments, words", [
    (["--search", "a", "--dump-memory", "1"], "exclude each other"), (["--search", "a", "--diff", "b"], "exclude each other"),
    (["--regex"], "belong to --search"), (["--search", "a", "--around", "3"], "it needs --show-match"),
    (["--to", "x"], "belongs to --dump-memory"), (["--search", ""], "nothing to search for"),
    (["--search", "0x123"], "two digits for each"), (["--search", "0xzz"], "no hexadecimal number"),
    (["--regex", "--search", "(a"], "no regular expression"), (["--dump-memory", "99999999"], "there is no process 99999999"),
    (["--regex", "--search", r"(?:\W+\w?)*\x01\x02never"], "the expression takes too much here")])
@pytest.mark.parametrize("dump", ["processes"], indirect=True)
def test_what_cannot_be_done_is_said(dump, arguments, words):
    done = run(dump.directory, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
