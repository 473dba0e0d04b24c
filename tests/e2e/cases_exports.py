"""Checkpoints that kcr-runtime took, as files: their tar is composed while it is sent, and taken in again."""

import contextlib
import gzip
import hashlib
import json
import pathlib
import re
import secrets
import subprocess
import tempfile

from cases_requested import put_back
from harness import KCR, KUBECTL_KCR, run, say, wait
from together import case
from workload import pod


def kcr(place, *arguments):
    told = run(place.cluster.in_network(KUBECTL_KCR, "-n", place.name, *arguments))
    say(f"kubectl kcr {' '.join(arguments)}: {told.stderr}")
    return told.stdout


@case(once=True)
def exported(place):
    """The file is what lies in the store, and what is read of it by ranges."""
    one = place.settle(pod("exported"))
    one.run("echo something > /changed")
    checkpoint = one.take()
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/exported.tar"
        assert "verified: sha256:" in kcr(place, "export", checkpoint, "-o", path)
        report = json.loads(kcr(place, "inspect", path, "-o", "json"))
    assert report["processes"][0]["arguments"][0] == "python3"
    assert "changed" in [change["path"].strip("/") for change in report["changes"]]
    away = json.loads(kcr(place, "inspect", checkpoint, "-o", "json"))
    assert {**away, "source": ""} == {**report, "source": ""}


@contextlib.contextmanager
def forwarded(cluster, relay):
    """A port of the cluster's network that leads to the door."""
    words = ["port-forward", "--address=127.0.0.1", "-n", relay["namespace"], f"pod/{relay['name']}", ":7471"]
    process = subprocess.Popen(cluster.in_network("kubectl", *words), stdout=subprocess.PIPE, text=True)
    try:
        yield int(re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())[1])
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def bring(place, name, content, **spec):
    """A CheckpointImport, whose bytes are brought in two parts; the Checkpoint that it becomes."""
    secret = secrets.token_hex(32)
    place.make({"apiVersion": KCR, "kind": "CheckpointImport", "metadata": {"name": name}, "spec": {
        "nodeName": "node1", "sizeBytes": len(content), "digest": "sha256:" + hashlib.sha256(content).hexdigest(),
        "secretSHA256": hashlib.sha256(secret.encode()).hexdigest(), **spec}})

    def reaches(phase):
        def look():
            status = place.get(KCR, "checkpointimports", name).get("status", {})
            assert status.get("phase") != "Failed", status
            return status if status.get("phase") == phase else None
        return wait(f"{name} is {phase}", 90, look)
    middle = len(content) // 2
    with forwarded(place.cluster, reaches("Open")["relayReference"]) as port:
        for first, last in ((0, middle), (middle, len(content))):
            status, headers, told = place.cluster.http(
                "127.0.0.1", port, f"/v1/imports/{place.name}/{name}/archive.tar", "PUT", content[first:last],
                {"Authorization": f"Bearer {secret}", "Content-Range": f"bytes {first}-{last - 1}/{len(content)}"}, 60)
            assert (status, headers.get("Upload-Offset")) == (204, str(last)), told
    return place.built(reaches("Completed")["checkpointRef"]["name"])


@case(once=True)
def imported(place):
    """What went out comes back, compressed meanwhile, as another Checkpoint of the same bytes; the container is restored from that."""
    one = place.settle(pod("imported"))
    one.run("echo something > /changed")
    one.count_to(1)
    life = one.state()["life"]
    checkpoint = one.take()
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "out.tar"
        kcr(place, "export", checkpoint, "-o", str(path))
        content = gzip.compress(path.read_bytes(), 1)
    taken = place.checkpoint(checkpoint)
    made = bring(place, "brought", content, podReference={"name": "imported"}, containerName="main")
    assert (made["spec"]["strategy"], made["status"]["digest"]) == ("Runtime", taken["status"]["digest"])
    place.kubectl("delete", "ckp", checkpoint)
    one.count_to(4)
    one.run("echo otherwise > /changed")
    put_back(place, one, "brought", life, 1, checkpointName="brought")
    assert one.run("cat /changed").strip() == "something"
