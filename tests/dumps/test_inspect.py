"""What our reader tells of dumps of real programs is what CRIU's own decoder reads in them, field by field."""

import ipaddress
import json
import quopri
import shutil
import subprocess
import tarfile

import pytest

from world import KUBECTL_KCR, KUBECTL_KCR_INSPECT, inspect, inspect_text, kubectl_kcr

FILE_TYPES = ["", "regular", "pipe", "fifo", "inet-socket", "unix-socket", "eventfd", "eventpoll", "inotify", "signalfd",
              "packet-socket", "tty", "fanotify", "netlink-socket", "namespace", "tun", "external", "timerfd", "memfd"]
GUARD = 1 << 16  # ranges within mappings that may not be touched, which CRIU lists beside these
PARTS = {"reg": 1, "pipe": 2, "fifo": 3, "isk": 4, "usk": 5}


def living(dump):
    """A zombie has left nothing but its status."""
    return [each for each in dump.report["processes"] if each["state"] != "zombie"]


def number(value, names):
    """pycriu shows some numbers by their names."""
    return names.index(value) if value in names else value


def test_nothing_is_left_unread(dump):
    assert dump.report["problems"] == []
    assert dump.report["unknown"] == []


def test_processes_are_those_of_the_tree(dump):
    theirs = [{"pid": each["pid"], "parentPid": each["ppid"], "group": each["pgid"], "session": each["sid"],
               "threads": each["threads"]} for each in dump.images["pstree.img"]]
    ours = [{"pid": each["pid"], "parentPid": each["parentPid"], "group": each.get("group", 0), "session": each["session"],
             "threads": [thread["id"] for thread in each["threads"]]} for each in dump.report["processes"]]
    assert ours == theirs


def test_names_states_and_credentials_are_those_of_the_cores(dump):
    for ours in living(dump):
        core = dump.one(f"core-{ours['pid']}.img")
        creds = core["thread_core"]["creds"]
        effective = creds["cap_eff"]
        assert ours["name"] == core["tc"]["comm"]
        assert ours["state"] == {1: "running", 3: "stopped"}[core["tc"]["task_state"]]
        assert (ours["uid"], ours["gid"], ours["effectiveUid"], ours["effectiveGid"]) == \
            (creds["uid"], creds["gid"], creds["euid"], creds["egid"])
        assert ours["capabilities"] == f"{effective[1]:08x}{effective[0]:08x}"
        assert ours.get("nice", 0) == core["thread_core"].get("sched_nice", 0)
        assert ours.get("oomScoreAdjustment", 0) == core["tc"].get("oom_score_adj", 0)
        assert core["mtype"] == dump.report["dump"]["architecture"].upper()


def test_names_of_threads_are_those_of_their_cores(dump):
    for ours in living(dump):
        for thread in ours["threads"]:
            core = dump.one(f"core-{thread['id']}.img")
            assert thread["name"] == (core["thread_core"].get("comm") or core.get("tc", {}).get("comm"))


def test_directories_and_executables_are_the_files_that_images_name(dump):
    for ours in living(dump):
        fs, mm = dump.one(f"fs-{ours['pid']}.img"), dump.one(f"mm-{ours['pid']}.img")
        assert ours["workingDirectory"] == dump.files[fs["cwd_id"]]["reg"]["name"]
        assert ours["root"] == dump.files[fs["root_id"]]["reg"]["name"]
        assert ours["executable"] == dump.files[mm["exe_file_id"]]["reg"]["name"]


def test_mappings_are_those_of_the_memory(dump):
    for ours in living(dump):
        theirs = sorted((vma["start"], vma["end"]) for vma in dump.one(f"mm-{ours['pid']}.img")["vmas"]
                        if not vma["status"] & GUARD)
        assert [(int(each["start"], 16), int(each["end"], 16)) for each in ours["mappings"]] == theirs
        assert ours["memoryBytes"] == sum(end - start for start, end in theirs)
        assert sum(each["bytes"] for each in ours["memory"]) == ours["memoryBytes"]


def test_kinds_and_protections_of_mappings_are_those_of_their_flags(dump):
    file_private, file_shared, heap, anonymous = 1 << 6, 1 << 7, 1 << 5, 1 << 9
    for ours in living(dump):
        vmas = {vma["start"]: vma for vma in dump.one(f"mm-{ours['pid']}.img")["vmas"] if not vma["status"] & GUARD}
        for mapping in ours["mappings"]:
            vma = vmas[int(mapping["start"], 16)]
            protection = "".join(letter if vma["prot"] & bit else "-" for letter, bit in (("r", 1), ("w", 2), ("x", 4)))
            assert mapping["protection"] == protection
            kind = {"file-private": file_private, "file-shared": file_shared, "heap": heap, "anonymous": anonymous,
                    "stack": anonymous}.get(mapping["kind"])
            assert kind is None or vma["status"] & kind, mapping
            if mapping["kind"].startswith("file-"):
                assert mapping["name"] == dump.files[vma["shmid"]]["reg"]["name"]
                assert mapping.get("offsetBytes", 0) == vma["pgoff"]


def pages_of(entries):
    """(address, pages) of what is in this dump."""
    return [(each["vaddr"], each.get("nr_pages", each.get("compat_nr_pages"))) for each in entries[1:]
            if each.get("flags", 4) & 4]


def test_dumped_bytes_are_those_of_the_pagemaps(dump):
    for ours in living(dump):
        pages = pages_of(dump.images[f"pagemap-{ours['pid']}.img"])
        assert ours["dumpedBytes"] == 4096 * sum(count for _, count in pages)
        for mapping in ours["mappings"]:
            start, end = int(mapping["start"], 16), int(mapping["end"], 16)
            assert mapping.get("dumpedBytes", 0) == sum(
                max(0, min(end, address + 4096 * count) - max(start, address)) for address, count in pages)


def test_command_lines_and_environments_are_what_the_pages_hold(dump):
    for ours in living(dump):
        mm, pagemap = dump.one(f"mm-{ours['pid']}.img"), dump.images[f"pagemap-{ours['pid']}.img"]
        memory, position = {}, 0
        pages = (dump.directory / f"checkpoint/pages-{pagemap[0]['pages_id']}.img").read_bytes()
        for address, count in pages_of(pagemap):
            for page in range(count):
                memory[address + 4096 * page] = pages[position:position + 4096]
                position += 4096
        read = lambda start, end: b"".join(memory[address & ~4095][address & 4095:][:1] for address in range(start, end))
        # A program that wrote over it left NULs behind, like empty arguments at its end.
        assert ours["arguments"] == read(mm["mm_arg_start"], mm["mm_arg_end"]).decode(errors="replace").rstrip("\0").split("\0")
        pairs = [pair for pair in read(mm["mm_env_start"], mm["mm_env_end"]).decode().split("\0") if "=" in pair]
        assert [f"{each['name']}={each.get('value', '')}" for each in ours.get("environment", [])] == pairs


def name_of(dump, file):
    """The name of those types of files whose name is in their own entry."""
    kind = number(file["type"], ["UND", "REG", "PIPE", "FIFO", "INETSK", "UNIXSK"])
    if kind == PARTS["reg"]:
        return file["reg"]["name"]
    if kind == PARTS["pipe"]:
        return f"pipe:[{file['pipe']['pipe_id']}]"
    return dump.files[file["fifo"]["regf_id"]]["reg"]["name"] if kind == PARTS["fifo"] else None


def test_descriptors_are_those_of_the_tables(dump):
    types = ["UND", "REG", "PIPE", "FIFO", "INETSK", "UNIXSK", "EVENTFD", "EVENTPOLL", "INOTIFY", "SIGNALFD", "PACKETSK",
             "TTY", "FANOTIFY", "NETLINKSK", "NS", "TUNF", "EXT", "TIMERFD", "MEMFD"]
    for ours in living(dump):
        table = dump.one(f"ids-{ours['pid']}.img")["files_id"]
        theirs = sorted(dump.images[f"fdinfo-{table}.img"], key=lambda each: each["fd"])
        assert [(each["number"], each["file"]) for each in ours["descriptors"]] == [(each["fd"], each["id"]) for each in theirs]
        for each, their in zip(ours["descriptors"], theirs):
            file = dump.files[their["id"]]
            assert each["type"] == FILE_TYPES[number(file["type"], types)]
            assert each.get("closeOnExec", False) == bool(their["flags"] & 1)
            if (name := name_of(dump, file)) is not None:
                assert each["name"] == name
            if "reg" in file:
                assert each.get("position", 0) == file["reg"]["pos"]
                assert each["access"].startswith(("r", "w", "rw")[file["reg"]["flags"] & 3])
                assert ("a" in each["access"]) == bool(file["reg"]["flags"] & 0o2000)


def address(words, port):
    packed = b"".join(word.to_bytes(4, "little") for word in words)
    text = str(ipaddress.ip_address(packed))
    return f"[{text}]:{port}" if len(packed) == 16 else f"{text}:{port}"


def test_sockets_have_their_addresses_and_states(dump):
    ours = {each["file"]: each for each in dump.report["sockets"]}
    states = {1: "established", 7: "closed", 8: "close-wait", 10: "listen"}
    kinds = {1: "stream", 2: "datagram", 5: "seqpacket"}
    inet = {key: file["isk"] for key, file in dump.files.items() if "isk" in file}
    unix = {key: file["usk"] for key, file in dump.files.items() if "usk" in file}
    for key, theirs in inet.items():
        assert ours[key]["local"] == address(theirs["src_addr"], theirs["src_port"])
        assert ours[key]["state"] == states[theirs["state"]]
        assert ours[key]["type"] == kinds[theirs["type"]]
        assert ours[key]["inode"] == theirs["ino"]
        assert ours[key].get("backlog", 0) == theirs["backlog"]
        if theirs["dst_port"]:
            assert ours[key]["remote"] == address(theirs["dst_addr"], theirs["dst_port"])
    for key, theirs in unix.items():
        name = quopri.decodestring(theirs["name"]).decode()  # as pycriu writes bytes
        assert ours[key].get("local", "") == (f"@{name[1:]}" if name.startswith("\0") else name.rstrip("\0"))
        assert ours[key]["state"] == states[theirs["state"]]
        assert ours[key].get("peerInode", 0) == theirs["peer"]
    assert len(ours) == len([file for file in dump.files.values() if {"isk", "usk", "nlsk", "psk"} & set(file)])


@pytest.mark.parametrize("dump", ["kinds"], indirect=True)
def test_a_zombie_has_a_status(dump):
    zombie, = [each for each in dump.report["processes"] if each["state"] == "zombie"]
    assert zombie["exitCode"] == 3 << 8
    assert "memory" not in zombie


@pytest.mark.parametrize("dump", ["kinds"], indirect=True)
def test_statistics_are_those_of_the_dump(dump, node):
    stats = (dump.directory / "stats-dump")
    (dump.directory / "checkpoint/zz-stats.img").write_bytes(stats.read_bytes())
    theirs = node.decode(dump.directory.name)["zz-stats.img"][0]["dump"]
    (dump.directory / "checkpoint/zz-stats.img").unlink()
    ours = dump.report["dump"]
    assert (ours["freezingMicroseconds"], ours["frozenMicroseconds"], ours["pagesScanned"], ours["pagesWritten"]) == \
        (theirs["freezing_time"], theirs["frozen_time"], theirs["pages_scanned"], theirs["pages_written"])
    assert ours["imageVersion"] == dump.one("inventory.img")["img_version"]
    assert ours["tcpClosed"] == dump.one("inventory.img")["tcp_close"]
    assert ours["pagesBytes"] == sum(path.stat().st_size for path in (dump.directory / "checkpoint").glob("pages-*.img"))


@pytest.mark.parametrize("dump", ["kinds"], indirect=True)
def test_archives_tell_the_same_as_the_directory(dump, tmp_path):
    """Plain, gzip (buildah's) and zstd (podman's): the same but for where it was read."""
    expected = inspect("json", dump.directory)
    for suffix, option in (("tar", ""), ("tar.gz", "--gzip"), ("tar.zst", "--zstd")):
        archive = tmp_path / f"dump.{suffix}"
        subprocess.run(["tar", "--create", f"--file={archive}", *filter(None, [option]), "--directory", dump.directory, "."], check=True)
        told = inspect("json", archive)
        assert told.pop("source") == str(archive)
        assert told == {key: value for key, value in expected.items() if key != "source"}


@pytest.mark.parametrize("dump", ["kinds"], indirect=True)
def test_values_of_variables_are_told_only_when_asked_for(dump):
    for output in ("json", "table", "tree"):
        told = str(inspect(output, dump.directory))
        assert "in the environment" not in told
    assert "SECRET" in inspect("table", dump.directory)
    assert "in the environment" in inspect("table", "--environment", dump.directory)


@pytest.mark.parametrize("dump", ["threads"], indirect=True)
def test_a_report_does_not_differ_from_itself_but_from_others(dump, dumps):
    assert inspect("difference", dump.directory, dump.directory) == ""
    assert inspect("difference-json", dump.directory, dump.directory) == []
    other = inspect("difference-json", dump.directory, dumps["processes"].directory)
    command = next(each for each in other if each["place"].endswith(" command"))
    assert ("before" in command) != ("after" in command), "they have other processes"


@pytest.mark.parametrize("dump", ["processes"], indirect=True)
def test_the_changes_of_the_file_system_are_listed(dump, tmp_path):
    changed = tmp_path / "changed"
    (changed / "etc").mkdir(parents=True)
    (changed / "etc/new").write_text("content")
    (changed / "etc/.wh.old").write_text("")
    archive = tmp_path / "with.tar"
    with tarfile.open(tmp_path / "rootfs-diff.tar", "w:gz") as diff:
        diff.add(changed, ".")
    (tmp_path / "deleted.files").write_text('["/var/other"]')
    with tarfile.open(archive, "w") as tar:
        tar.add(dump.directory, ".")
        tar.add(tmp_path / "rootfs-diff.tar", "rootfs-diff.tar")
        tar.add(tmp_path / "deleted.files", "deleted.files")
    changes = {each["path"]: each for each in inspect("json", archive)["changes"]}
    assert changes["/etc/new"]["sizeBytes"] == 7
    assert changes["/etc/old"]["type"] == changes["/var/other"]["type"] == "deleted"


def test_the_command_shows_what_the_reader_tells(dumps):
    directory = dumps["redis"].directory
    for output in ("tree", "table", "json"):
        done = kubectl_kcr("inspect", directory, "-o", output)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == inspect_text(output, directory)
    assert kubectl_kcr("inspect", directory).stdout == inspect_text("tree", directory)
    whole = kubectl_kcr("inspect", "--mappings", "--environment", directory, "-o", "json")
    assert json.loads(whole.stdout) == dumps["redis"].report


def test_the_program_that_kubectl_prefers_tells_the_same(dumps):
    directory = dumps["redis"].directory
    assert kubectl_kcr(directory, program=KUBECTL_KCR_INSPECT).stdout == kubectl_kcr("inspect", directory).stdout
    assert kubectl_kcr(directory, "--diff", "/usr", program=KUBECTL_KCR_INSPECT).stderr == \
        "Error: cannot inspect '/usr': it holds no checkpoint: neither CRIU's inventory.img nor an engine's config.dump\n"


def test_either_program_goes_without_the_other(dumps, tmp_path):
    directory = dumps["redis"].directory
    alone = shutil.copy(KUBECTL_KCR, tmp_path / "alone")
    assert kubectl_kcr("inspect", directory, program=alone).stdout == inspect_text("tree", directory)
    alone = shutil.copy(KUBECTL_KCR_INSPECT, tmp_path / "alone-inspect")
    done = kubectl_kcr("some-checkpoint", program=alone)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no kubectl-kcr beside this program" in done.stderr


def test_it_has_no_network_and_no_other_files_while_it_reads(dumps):
    """What strace sees after the confinement: nothing is opened but what lies in the directory."""
    traced = kubectl_kcr("-f", "-o", "/dev/stderr", "-e", "trace=open,openat,openat2,socket,execve,prctl,landlock_restrict_self", "-E",
                         "ASAN_OPTIONS=detect_leaks=0", KUBECTL_KCR_INSPECT, dumps["redis"].directory, program="/usr/bin/strace").stderr
    before, confined, after = traced.partition("PR_SET_SECCOMP, SECCOMP_MODE_FILTER")
    assert confined and "landlock_restrict_self" in before
    calls = [line for line in after.splitlines()[1:] if "(" in line]
    assert calls and all("RESOLVE_BENEATH" in line or '"."' in line for line in calls), calls


def test_the_command_compares_two(dumps):
    redis, python = dumps["redis"].directory, dumps["python"].directory
    assert kubectl_kcr("inspect", redis, "--diff", redis).stdout == ""
    done = kubectl_kcr("inspect", redis, "--diff", python)
    assert done.returncode == 0 and done.stdout == inspect_text("difference", redis, python)
    assert "redis-server" in done.stdout


@pytest.mark.parametrize("arguments, status, words", [
    (["/no/such/place"], 1, "there is no file or directory '/no/such/place'"),
    (["/usr"], 1, "it holds no checkpoint"),
    (["/bin/sh"], 1, "cannot inspect '/bin/sh'"),
    ([], 2, "it needs more: PATH|IMAGE"),
    (["a", "b"], 2, "'b' is too much"),
    (["/usr", "-o", "wide"], 2, "tree"),
])
def test_the_command_says_what_is_wrong(arguments, status, words):
    done = kubectl_kcr("inspect", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
