"""An upgrade from the previous version, on a node as users have it: what was taken before is restored after."""

import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from harness import AGENT, CONTROLLER, ROOT, Cluster, has_condition, say, wait
from runtime_node import Place, RuntimeCluster
from workload import deployment, pod

# There is no release yet: this commit stands for the one before, under a version of its own. It is the last that had
# no file of options.
PREVIOUS = "00455167b23a"
PREVIOUS_VERSION = "0.0.9"
CACHE = pathlib.Path(os.environ.get("KCR_CACHE", pathlib.Path.home() / ".cache" / "kcr"))


def run(*command, cwd=ROOT, **options):
    return subprocess.run(list(map(str, command)), cwd=cwd, check=True, stdin=options.pop("stdin", subprocess.DEVNULL),
                          stdout=subprocess.PIPE, text=True, **options).stdout


def build(source, home):
    """The previous version's image and manifest, in `home`; `source` is an empty directory."""
    with subprocess.Popen(["git", "archive", PREVIOUS], cwd=ROOT, stdout=subprocess.PIPE) as archive:
        run("tar", "-x", "-C", source, stdin=archive.stdout)
    for name in ("meson.build", "deploy/install.yaml"):
        text = (source / name).read_text()
        (source / name).write_text(text.replace("'0.1.0'", f"'{PREVIOUS_VERSION}'").replace(
            "kcr.io/kcr:0.1.0", f"kcr.io/kcr:{PREVIOUS_VERSION}"))
    run("meson", "setup", "build/release", "--buildtype=release", cwd=source)
    run("nice", "ninja", "-C", "build/release", *(f"src/main/{program}" for program in ("kcr", "kcr-work", "kcr-runtime")),
        cwd=source)
    home.mkdir()
    say(run("tools/kcr-image", home / "kcr.tar", cwd=source).strip())
    shutil.copy(source / "deploy" / "install.yaml", home)


@pytest.fixture(scope="module")
def previous():
    """A directory of the cache; a minute or two the first time."""
    home = CACHE / f"previous-{PREVIOUS}"
    if subprocess.run(["git", "cat-file", "-e", f"{PREVIOUS}^{{commit}}"], cwd=ROOT, capture_output=True).returncode != 0:
        pytest.skip(f"the history of this clone does not reach back to {PREVIOUS}")
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "build.lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            with tempfile.TemporaryDirectory(prefix="tmp.", dir=CACHE) as temp:
                (pathlib.Path(temp) / "source").mkdir()
                build(pathlib.Path(temp) / "source", pathlib.Path(temp) / "home")
                os.rename(pathlib.Path(temp) / "home", home)
    return home


class UpgradedCluster(RuntimeCluster):
    """A node that has the previous version until upgrade()."""

    def __init__(self, name, previous):
        super().__init__(name, "2.4.2", "runc", True)
        self.previous = previous

    def upgrade(self):
        """As docs/install.md has it: the new image, the new manifest, and nothing else."""
        self.previous = None
        Cluster.install(self)

    def _image(self):
        return self.previous / "kcr.tar" if self.previous else super()._image()

    def _manifest(self):
        return (self.previous / "install.yaml").read_text() if self.previous else super()._manifest()


@pytest.fixture
def cluster(previous):
    if os.geteuid() != 0:
        pytest.skip("a node in namespaces of its own needs root")
    one = UpgradedCluster(f"kcr-upgrade-{os.getpid()}", previous)
    try:
        one.start()
        one.install()
        yield one
        one.assert_no_sanitizer_reports()
    finally:
        one.stop(down=True)


def versions(cluster):
    """The versions of KCR's Pods."""
    return {container["image"].rpartition(":")[2] for program in (CONTROLLER, AGENT)
            for one in cluster.pods_of(program) for container in one["spec"]["containers"]}


def test_a_checkpoint_of_the_previous_version_is_restored_by_this_one(cluster):
    assert versions(cluster) == {PREVIOUS_VERSION}
    place = Place(cluster, "upgrade")
    place.create()
    scheduled = deployment("scheduled", schedule="0 0 1 1 *")
    scheduled["metadata"]["namespace"] = place.name
    cluster.apply(scheduled)
    counter = place.settle(pod("counter"))
    counter.count_to(7)
    life = counter.state()["life"]
    name = counter.take()
    place.restorable(name)
    before = place.checkpoint(name)

    cluster.upgrade()

    wait("no Pod of the previous version is left", 60, lambda: PREVIOUS_VERSION not in versions(cluster))
    after = place.checkpoint(name)
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
    assert after["status"]["digest"] == before["status"]["digest"]
    assert has_condition(after, "Restorable", "True"), after["status"]
    assert counter.restarts() == 0, "an upgrade touches no container"
    assert counter.planned() == [name]

    counter.kill()
    assert counter.wait_life(life)["count"] == 7
    counter.assert_restored(name)
    counter.wait_for_event("Restored")

    counter.wait_restarts(1)  # and Ready: what is taken before is not restored
    counter.count_to(8)
    again = counter.take()
    assert counter.planned() == [again, name]
    counter.kill()
    assert counter.wait_life(life)["count"] == 8
    counter.assert_restored(again, attempts=2)
    schedule = place.get("checkpoint-restore.kcr.io/v1", "checkpointschedules", "scheduled")
    assert has_condition(schedule, "Ready", "True"), schedule
