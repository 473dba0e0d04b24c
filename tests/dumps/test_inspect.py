"""What our reader tells of dumps of real programs is what CRIU's own decoder reads in them, field by field."""

import ipaddress
import json
import quopri
import re
import shutil
import subprocess
import tarfile

import pytest
import yaml

from world import KUBECTL_KCR_INSPECT, inspect, inspect_text, kubectl_kcr

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


def test_what_reads_goes_without_what_fetches(dumps, tmp_path):
    alone = shutil.copy(KUBECTL_KCR_INSPECT, tmp_path / "alone")
    directory = dumps["redis"].directory
    assert kubectl_kcr(directory, program=alone).stdout == inspect_text("tree", directory)
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
    ([], 2, "it needs more: PATH ...|IMAGE"),
    (["/usr", "-o", "wide"], 2, "tree"),
    (["/usr", "/bin", "--search", "x"], 1, "for one checkpoint: '/bin' is too much"),
    (["/usr", "--part", "mount"], 1, "no part 'mount', did you mean 'mounts'?"),
    (["/usr", "--part", "files", "-o", "tree"], 1, "a tree has no parts"),
    (["/usr", "--part", "files", "--diff", "/bin"], 1, "--part is for a checkpoint as a whole"),
    (["/usr", "-o", "yaml", "--search", "x"], 1, "-o yaml is for a checkpoint as a whole"),
])
def test_the_command_says_what_is_wrong(arguments, status, words):
    done = kubectl_kcr("inspect", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr


REPORT_PARTS = {  # by its name: the members of the report, those of a process, the section of the table
    "container": ({"container"}, set(), "CHECKPOINT"),
    "dump": ({"dump"}, set(), "DUMP"),
    "processes": ({"processes"}, {"arguments", "threads", "uid", "dumpedBytes"}, "PROCESSES"),
    "memory": ({"processes", "sharedMemory"}, {"memory", "mappings", "memoryBytes", "dumpedBytes"}, "MEMORY"),
    "files": ({"processes"}, {"descriptors"}, "FILES"),
    "sockets": ({"sockets"}, set(), "SOCKETS"),
    "mounts": ({"mounts"}, set(), "MOUNTS"),
    "environment": ({"processes"}, {"environment"}, "ENVIRONMENT"),
    "changes": ({"changes"}, set(), None),
    "annotations": (set(), set(), None),
    "restore": ({"obstacles"}, set(), "RESTORE"),
}


def headings(table):
    return {line for line in table.splitlines() if line and line[0] != " "}


@pytest.mark.parametrize("part", REPORT_PARTS)
def test_a_part_is_what_the_whole_report_has_of_it(dumps, part):
    whole = dumps["python"].report
    members, of_process, section = REPORT_PARTS[part]
    arguments = ("inspect", dumps["python"].directory, "--mappings", "--environment")
    told = json.loads(kubectl_kcr(*arguments, "--part", part, "-o", "json").stdout)
    assert set(told) == (members | {"version", "source", "problems", "unknown"}) & set(whole)
    assert {name: told[name] for name in told if name != "processes"} == {name: whole[name] for name in told if name != "processes"}
    if "processes" in members:
        for ours, process in zip(told["processes"], whole["processes"], strict=True):
            assert ours == {name: process[name] for name in ours}
            assert {"pid", "name"} | of_process <= set(ours)
            assert part == "processes" or set(ours) == {"pid", "name"} | of_process
    shown = {each for each in headings(kubectl_kcr(*arguments, "--part", part).stdout) if not each.startswith("MAPPINGS OF")}
    assert shown == {section} & headings(kubectl_kcr(*arguments, "-o", "table").stdout)


def test_parts_together_are_the_whole_and_completed_by_name(dumps):
    redis = dumps["redis"].directory
    offered = kubectl_kcr("__complete", "inspect", redis, "--part", "").stdout.splitlines()[:-1]
    assert offered == list(REPORT_PARTS)
    assert kubectl_kcr("inspect", redis, "--part", ",".join(offered)).stdout == inspect_text("table", redis)
    assert kubectl_kcr("__complete", "inspect", "--part=files,so").stdout.splitlines() == ["--part=files,sockets", ":4"]
    help_text = " ".join(kubectl_kcr("inspect", "--help").stdout.split())
    assert ", ".join(offered) in help_text


def below(processes, pid):
    """The process and all below it, as the tree of the whole report has them."""
    kept = {pid}
    for each in processes:
        if each["parentPid"] in kept:
            kept.add(each["pid"])
    return kept


@pytest.mark.parametrize("dump", ["processes", "nginx"], indirect=True)
def test_one_process_is_shown_with_those_below_it(dump):
    whole = dump.report
    for process in whole["processes"]:
        told = json.loads(kubectl_kcr("inspect", dump.directory, "--mappings", "--environment", "--pid", process["pid"], "-o", "json").stdout)
        kept = below(whole["processes"], process["pid"])
        assert told["processes"] == [each for each in whole["processes"] if each["pid"] in kept]
        open_files = {file["file"] for each in told["processes"] for file in each.get("descriptors", [])}
        assert told["sockets"] == [each for each in whole["sockets"] if each["file"] in open_files]
    assert kubectl_kcr("inspect", dump.directory, "--pid", 1 << 22).stderr.endswith("has no process 4194304\n")


@pytest.fixture
def kubelet(dumps, tmp_path):
    """A directory as the kubelet's, with a whole archive of Redis in it, one that is no archive and what is none of both."""
    directory = tmp_path / "checkpoints"
    directory.mkdir()
    metadata = tmp_path / "metadata"
    metadata.mkdir()
    annotations = {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "main",
                   "io.kubernetes.cri.sandbox-name": "web", "io.kubernetes.cri.sandbox-namespace": "shop"}
    (metadata / "config.dump").write_text(json.dumps({
        "id": "0123456789abcdef", "rootfsImageName": "docker.io/library/redis:8", "runtime": "runc",
        "createdTime": "2026-11-21T21:00:00Z", "checkpointedTime": "2026-11-21T22:00:00Z"}))
    (metadata / "spec.dump").write_text(json.dumps({"annotations": annotations}))
    (metadata / "rootfs-diff.tar").write_bytes(bytes(1024))
    with tarfile.open(directory / "checkpoint-web_shop-main.tar", "w") as tar:
        tar.add(dumps["redis"].directory, ".")
        tar.add(metadata, ".")
    (directory / "checkpoint-\x1b[31m.tar").write_text("no archive")
    (directory / "notes.txt").write_text("to be passed over")
    return directory


def test_a_directory_of_archives_is_shown_as_a_table(kubelet):
    done = kubectl_kcr("inspect", kubelet)
    head, broken, whole = [re.split("  +", line) for line in done.stdout.splitlines()]
    assert head == ["SOURCE", "CONTAINER", "IMAGE", "ID", "ENGINE", "RUNTIME", "CREATED", "CHECKPOINTED", "SIZE", "MEMORY", "CHANGES", "WRONG"]
    assert whole[:8] == [f"{kubelet}/checkpoint-web_shop-main.tar", "shop/web/main", "docker.io/library/redis:8", "0123456789ab", "containerd",
                         "runc", "2026-11-21T21:00:00Z", "2026-11-21T22:00:00Z"]
    assert whole[10:] == ["1.0 KiB", "-"]
    assert broken[0] == rf"{kubelet}/checkpoint-\x1b[31m.tar" and broken[1:11] == ["-"] * 10 and broken[11].startswith("it is no tar")
    assert (done.returncode, done.stderr) == (1, "Error: 1 of 2 could not be inspected\n")


def test_several_are_shown_one_behind_the_other(kubelet, dumps):
    archive, python = kubelet / "checkpoint-web_shop-main.tar", dumps["python"].directory
    assert kubectl_kcr("inspect", archive, python).returncode == 0
    assert "WRONG" not in kubectl_kcr("inspect", archive, python).stdout
    assert kubectl_kcr("inspect", kubelet, python, "-o", "name").stdout.splitlines() == [str(archive), str(python)]
    tree = kubectl_kcr("inspect", archive, python, "-o", "tree").stdout
    assert tree == f"==> {archive} <==\n{inspect_text('tree', archive)}\n==> {python} <==\n{inspect_text('tree', python)}"
    damaged, whole, other = json.loads(kubectl_kcr("inspect", kubelet, python, "-o", "json").stdout)
    assert set(damaged) == {"source", "failure"} and "it is no tar" in damaged["failure"]
    assert (whole, other) == (inspect("json", archive), inspect("json", python))
    documents = list(yaml.safe_load_all(kubectl_kcr("inspect", kubelet, python, "-o", "yaml").stdout))
    assert documents == [damaged, whole, other]
    assert yaml.safe_load(kubectl_kcr("inspect", archive, "-o", "yaml").stdout) == whole


def test_annotations_of_the_container_are_told(kubelet):
    archive = kubelet / "checkpoint-web_shop-main.tar"
    assert inspect("json", archive)["annotations"]["io.kubernetes.cri.sandbox-name"] == "web"
    assert "io.kubernetes.cri.sandbox-name       web" in kubectl_kcr("inspect", archive, "--part", "annotations").stdout


def test_a_word_among_several_that_is_no_path_is_told_as_such(dumps):
    done = kubectl_kcr("inspect", dumps["python"].directory, "some-checkpoint")
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 3
    assert "there is no file or directory 'some-checkpoint', and images and checkpoints of the cluster are inspected one at a time" in done.stdout


def test_each_of_several_is_read_by_a_confined_process_of_its_own(kubelet, dumps):
    traced = kubectl_kcr("-f", "-qq", "-o", "/dev/stderr", "-e", "trace=openat,openat2,open,pread64,landlock_restrict_self,seccomp,prctl", "-E",
                         "ASAN_OPTIONS=detect_leaks=0", KUBECTL_KCR_INSPECT, kubelet, dumps["python"].directory, program="/usr/bin/strace").stderr
    lines = re.findall(r"^(\d+) +(\w+)\((.*)", traced, re.M)
    by_process = {}
    for pid, call, rest in lines:
        by_process.setdefault(pid, []).append((call, rest))
    parent, *children = by_process.values()
    assert len(children) == 3
    assert not any(call == "pread64" and "ustar" in rest for call, rest in parent), "it reads no archive itself"
    assert all(any("SECCOMP_MODE_FILTER" in rest for _, rest in child) for child in children)
