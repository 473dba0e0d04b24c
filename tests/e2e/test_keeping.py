"""What is kept of checkpoints, and how it is served: by the agent, or by a registry outside of KCR."""

import json
import shutil
import subprocess

import pytest

from harness import AGENT, KCR, REGISTRY_PORT, condition, run, say, wait
from workload import pod, schedule

OUTSIDE_PORT = 5000


def manifest(cluster, checkpoint):
    """The manifest of a Checkpoint's image, from the agent's registry; None when it has none."""
    repository, digest = checkpoint["status"]["runtimeImage"].removeprefix(f"localhost:{REGISTRY_PORT}/").split("@")
    try:
        status, headers, body = cluster.http("127.0.0.1", REGISTRY_PORT, f"/v2/{repository}/manifests/{digest}")
    except OSError:
        return None
    if status != 200:
        return None
    assert headers["Docker-Content-Digest"] == digest
    return json.loads(body)


def test_as_many_checkpoints_are_kept_as_the_schedule_says(namespace, cluster):
    namespace.apply(pod("simple"),
                    schedule("few", "simple", retention={"maxCount": 2}, restore={"stableSeconds": 0}))
    namespace.pod("simple").wait_ready()
    uid = namespace.get(KCR, "checkpointschedules", "few")["metadata"]["uid"]
    names = []
    for _ in range(4):
        status = namespace.end_of(namespace.ask("simple", schedule="few", schedule_uid=uid))
        names.append(status["checkpointRef"]["name"])
        namespace.built(names[-1])

    def kept():
        return [one["metadata"]["name"] for one in namespace.checkpoints()]
    wait("the two newest are left", 20, lambda: kept() == names[2:])
    uids = {one["metadata"]["uid"] for one in namespace.checkpoints()}
    wait("the store has these and no more", 10, lambda: stored_of(cluster, namespace) == uids)
    say(f"store: {sorted(uids)}")

    [agent] = cluster.pods_of(AGENT)
    cluster.kubectl("-n", "kcr-agent", "delete", "pod", agent["metadata"]["name"])
    cluster.wait_for_programs()
    for one in namespace.checkpoints():
        assert manifest(cluster, one)["layers"][0]["digest"] == one["status"]["digest"], "as before the restart"


def stored_of(cluster, namespace):
    """The uids in the store whose entry is of this namespace."""
    entries = [json.loads((cluster.store / uid / "entry.json").read_text()) for uid in cluster.stored]
    return {entry["uid"] for entry in entries if entry["namespace"] == namespace.name}


def test_a_checkpoints_image_can_be_pulled_by_anybody_on_the_node(namespace, cluster, tmp_path):
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    namespace.apply(pod("simple"))
    namespace.pod("simple").wait_ready()
    checkpoint = namespace.built(namespace.end_of(namespace.ask("simple"))["checkpointRef"]["name"])
    assert cluster.http("127.0.0.1", REGISTRY_PORT, "/v2/")[0] == 200
    say(run(cluster.in_network("skopeo", "copy", "--src-tls-verify=false",
                               f"docker://{checkpoint['status']['runtimeImage']}", f"dir:{tmp_path}")).stdout)
    [layer] = json.loads((tmp_path / "manifest.json").read_text())["layers"]
    assert layer["digest"] == checkpoint["status"]["digest"]
    assert (tmp_path / layer["digest"].removeprefix("sha256:")).stat().st_size == checkpoint["status"]["sizeBytes"]


@pytest.fixture
def outside_registry(cluster, tmp_path):
    """A registry that is not ours, in the cluster's network, and the agent told to push to it."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    config = {"version": "0.1", "storage": {"filesystem": {"rootdirectory": str(tmp_path / "data")}},
              "http": {"addr": f"127.0.0.1:{OUTSIDE_PORT}"}}
    (tmp_path / "config.yml").write_text(json.dumps(config))
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        registry = subprocess.Popen(cluster.in_network("docker-registry", "serve", tmp_path / "config.yml"),
                                    stdout=log, stderr=log)
    arguments = [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": value}
                 for value in (f"--push-registry=localhost:{OUTSIDE_PORT}/kcr", "--push-plain-http")]
    try:
        cluster.kubectl("-n", "kcr-agent", "patch", "daemonset", "kcr-agent", "--type=json", "-p", json.dumps(arguments))
        cluster.wait_for_programs()
        yield tmp_path / "log"
    finally:
        cluster.kubectl("-n", "kcr-agent", "rollout", "undo", "daemonset/kcr-agent")
        cluster.wait_for_programs()
        registry.terminate()
        registry.wait(timeout=10)


def test_a_container_comes_back_from_an_outside_registry(namespace, outside_registry):
    namespace.apply(pod("simple"))
    simple = namespace.pod("simple").wait_ready()
    simple.count_to(1)
    life = simple.state()["life"]
    checkpoint = namespace.checkpoint(namespace.take("simple"))
    say(f"runtimeImage {checkpoint['status']['runtimeImage']}: {condition(checkpoint, 'ImageBuilt')['message']}")
    assert checkpoint["status"]["runtimeImage"].startswith(f"localhost:{OUTSIDE_PORT}/kcr/")
    simple.kill()
    assert simple.wait_life(life)["count"] == 1
    simple.wait_for_event("Restored")
    assert simple.spec()["image"] == checkpoint["status"]["runtimeImage"]
    assert "containerd/" in outside_registry.read_text(), "the registry was asked by containerd"
