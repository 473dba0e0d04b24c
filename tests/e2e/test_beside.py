"""A checkpoint as a new Pod beside the old one, by image: the checkpoint is the image of its container."""

from harness import KUBECTL_KCR, run, say
from workload import pod


def kcr(namespace, *arguments, fails=False):
    result = run(namespace.cluster.in_network(
        KUBECTL_KCR, "-n", namespace.name, *arguments), check=False, timeout=150)
    said = (result.stdout + result.stderr).strip()
    say(f"$ kubectl kcr {' '.join(arguments)}\n{said}")
    assert result.returncode == (1 if fails else 0), said
    return said


def test_a_pod_runs_from_the_image_of_anothers_checkpoint(namespace):
    namespace.apply(pod("original"))
    original = namespace.pod("original").wait_ready()
    original.count_to(1)
    life = original.state()["life"]
    name = namespace.take("original")
    original.count_to(2)
    for copy in ("first", "second"):
        said = kcr(namespace, "run", copy, "--from", name, f"--labels=app={copy}", "--wait", "--timeout=120s")
        assert f"{copy}: runs from the checkpoint's image" in said
        one = namespace.pod(copy).wait_ready()
        assert one.wait_life(life)["count"] == 1 and one.restarts() == 0
        assert one.spec()["image"] == namespace.checkpoint(name)["status"]["runtimeImage"]
    assert (original.state()["life"], original.state()["count"]) == (life, 2)
    assert not namespace.list("checkpoint-restore.kcr.io/v1", "restorerequests")

    namespace.kubectl("delete", "pod", "original", "--grace-period=0", "--force")
    assert "give a Pod's manifest by --filename" in kcr(namespace, "run", "third", "--from", name, fails=True)
