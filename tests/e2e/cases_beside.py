"""kubectl kcr run: a checkpoint as a new Pod beside the one that it was taken of, by kcr-runtime."""

import json
import re

from cases_ends import checkpointed
from harness import KCR, KUBECTL_KCR, PATIENCE, condition, has_condition, run, say, wait
from together import case
from workload import REDIS, deployment, pod, server, service


def kcr(place, *arguments, fails=False):
    """The plugin as a user has it; what it said."""
    words = ["-n", place.name, *arguments]
    result = run(place.cluster.in_network(KUBECTL_KCR, *words), check=False, timeout=200 * PATIENCE)
    said = (result.stdout + result.stderr).strip()
    say(f"$ kubectl kcr {' '.join(words)}\n{said}")
    assert (result.returncode == 1) == fails and result.returncode in (0, 1), said
    return said


def beside(place, name, checkpoint, *more):
    """A Pod that runs from the checkpoint, when it is Ready."""
    said = kcr(place, "run", name, "--from", checkpoint, f"--labels=app={name}", "--wait", f"--timeout={60 * PATIENCE}s", *more)
    assert f"{name}/main: Completed: container main runs from Checkpoint {checkpoint}" in said, said
    return place.ready(name)


def assert_started_so(one, checkpoint):
    """At once, without a cold start before."""
    [attempt] = one.attempts()
    assert (attempt["outcome"], one.restarts()) == ("Restored", 0), attempt
    [request] = [r for r in one.namespace.list(KCR, "restorerequests") if r["spec"]["podReference"]["name"] == one.name]
    assert request["status"]["checkpointRef"]["name"] == checkpoint
    assert request["status"]["restoredContainerID"] == one.container_id()
    assert "schedulingGates" not in one.get()["spec"]


def redis(place, host, *words):
    """One command by the Redis protocol; the answer's last line."""
    with place.cluster.connect(host, 6379) as connection:
        connection.sendall(" ".join(words).encode() + b"\r\nquit\r\n")
        text = b""
        while part := connection.recv(4096):
            text += part
    lines = text.decode().split("\r\n")
    return lines[1] if lines[0].startswith("$") else lines[0]


def clusters_address(place, name):
    """Where a Service is, once its rules are in the node's network."""
    address = place.get("v1", "services", name)["spec"]["clusterIP"]

    def look():
        try:
            return redis(place, address, "ping") == "+PONG"
        except OSError:
            return False
    wait(f"Service {name} serves at {address}", 30, look)
    return address


@case
def a_redis_beside_its_original(place):
    """Both serve, each at its own Service, each with what it knew; and a third one from the same checkpoint."""
    one = pod("redis-original", {"name": "main", "image": REDIS, "readinessProbe": {
        "tcpSocket": {"port": 6379}, "periodSeconds": 1}})
    place.make(one, *(service(f"redis-{name}", 6379) for name in ("original", "copy", "second")))
    original = place.ready("redis-original")
    first = clusters_address(place, "redis-original")
    assert redis(place, first, "set", "drawer", "socks") == "+OK"
    checkpoint = original.take()
    assert redis(place, first, "set", "drawer", "shirts") == "+OK"
    for name in ("redis-copy", "redis-second"):
        copy = beside(place, name, checkpoint)
        assert_started_so(copy, checkpoint)
        address = clusters_address(place, name)
        assert redis(place, address, "get", "drawer") == "socks"
        assert redis(place, address, "set", "drawer", name) == "+OK"
    assert redis(place, first, "get", "drawer") == "shirts"
    assert redis(place, clusters_address(place, "redis-copy"), "get", "drawer") == "redis-copy"
    assert original.restarts() == 0 and condition(place.checkpoint(checkpoint), "Usable") is None


@case
def a_copy_comes_back_when_it_fails(place):
    """From the checkpoint that it was made for, then from its own."""
    one = place.settle(pod("it-comes-back"))
    one.count_to(1)
    checkpoint = one.take(terms="again")
    life = one.state()["life"]
    copy = beside(place, "the-copy", checkpoint)
    assert copy.wait_life(life)["count"] == 1
    copy.count_to(5)
    copy.kill()
    copy.assert_restored(checkpoint, 2)
    assert copy.wait_life(life)["count"] == 1
    copy.wait_restarts(1)
    copy.count_to(6)
    own = copy.take(terms="again")
    copy.kill()
    copy.assert_restored(own, 3)
    assert copy.wait_life(life)["count"] == 6
    assert one.state()["life"] == life and one.restarts() == 0


@case
def what_differs_for_the_process(place):
    """The address, token and files from outside are the new Pod's, and an emptyDir is empty; the container's own files
    and the host name, which CRIU sets for the Pod, are the old one's."""
    spec = pod("the-original", server(volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}]))
    spec["spec"]["volumes"] = [{"name": "scratch", "emptyDir": {}}]
    one = place.settle(spec)
    one.run("echo kept > /tmp/file; echo lost > /scratch/file")
    checkpoint = one.take()
    life = one.state()["life"]
    copy = beside(place, "other-name", checkpoint)
    assert copy.wait_life(life)
    assert copy.run("cat /proc/sys/kernel/hostname /etc/hostname").split() == ["the-original", "other-name"]
    assert copy.run("cat /tmp/file; ls /scratch") == "kept\n"
    assert one.run("cat /proc/sys/kernel/hostname").split() == ["the-original"]
    token = "cut -d. -f2 /var/run/secrets/kubernetes.io/serviceaccount/token | tr _- /+ | base64 -d 2>/dev/null"
    assert '"pod":{"name":"other-name"' in copy.run(token)
    assert copy.get()["status"]["podIP"] != one.get()["status"]["podIP"]
    say(copy.run("grep -a -o HOSTNAME=.* /proc/1/environ | tr '\\0' '\\n' | head -1"))


BOUND = """import os, socket, time
bound = socket.socket()
bound.bind((os.environ["POD_IP"], 8000))
bound.listen()
time.sleep(1000000)
"""


def failures(one):
    """How often its container could not be made: CRI-O keeps nothing of such a one, so it is no restart to the kubelet."""
    return sum(event.get("count", 1) for event in one.namespace.list("v1", "events")
               if event["involvedObject"].get("name") == one.name and event["reason"] == "Failed")


@case
def a_process_that_is_bound_to_its_address(place):
    """CRIU cannot give it back; the copy does not start without its memory, and everybody is told why."""
    bound = pod("bound", {"name": "main", "image": "kcr.test/tools:1", "command": ["python3", "-c", BOUND], "env": [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1}})
    one = place.settle(bound)
    checkpoint = one.take()
    said = kcr(place, "run", "unbound", "--from", checkpoint, "--wait", f"--timeout={40 * PATIENCE}s", fails=True)
    assert "the container does not start without its memory" in said and "bind" in said, said
    copy = place.resident("unbound")
    wait("the kubelet tells it, too", 60, lambda: "does not start without its memory" in json.dumps(copy.status()))
    say(json.dumps(copy.status()))
    wait("the kubelet has tried again", 60, lambda: copy.restarts() >= 1 or failures(copy) >= 2)
    assert len(copy.attempts()) == 1 and not has_condition(copy.get(), "Ready", "True")
    assert condition(place.checkpoint(checkpoint), "Usable") is None
    place.kubectl("delete", "pod", "unbound", "--grace-period=0", "--force")


@case
def a_pod_that_is_gone(place):
    """Its template has the spec while its workload has the template; else somebody brings it."""
    place.apply(deployment("gone"))
    [one] = [place.resident(p.name) for p in place.pods("gone")]
    one.wait_ready(120)
    one.count_to(3)
    checkpoint = one.take()
    life = one.state()["life"]
    place.patch("apps/v1", "deployments", "gone", {"spec": {"replicas": 0}})
    wait("the Pod is gone", 60, lambda: not place.find("v1", "pods", one.name))
    assert beside(place, "from-its-template", checkpoint).wait_life(life)["count"] == 3
    place.kubectl("delete", "deployment", "gone")
    wait("its template is gone", 60, lambda: not place.list("apps/v1", "replicasets"))
    said = kcr(place, "run", "from-nothing", "--from", checkpoint, fails=True)
    assert "give a Pod's manifest by --filename" in said
    manifest = place.cluster.node / "from-a-file.json"
    manifest.write_text(json.dumps(pod("whatever")))
    copy = beside(place, "from-a-file", checkpoint, "-f", str(manifest))
    assert copy.wait_life(life)["count"] == 3


@case
def what_cannot_be_run_makes_no_pod(place):
    one, _, checkpoint = checkpointed(place, "what-cannot-be-run")
    for arguments, words in (
            (["--from", checkpoint, "-n", "kube-system"], "a Pod starts from a checkpoint of its own namespace"),
            (["--from", "nowhere"], "not found"),
            (["--from", checkpoint, "--labels", "x"], "is not label=value")):
        assert words in kcr(place, "run", "nobody", *arguments, fails=True)
    assert "already exists" in kcr(place, "run", one.name, "--from", checkpoint, fails=True)
    asked = {request["spec"]["podReference"]["name"] for request in place.list(KCR, "restorerequests")}
    assert not place.find("v1", "pods", "nobody") and not asked & {"nobody", one.name}
    assert re.search(r"name: nobody\n.*schedulingGates:\n +- name: kcr.io/restore",
                     kcr(place, "run", "nobody", "--from", checkpoint, "--dry-run=client"), re.S)
    assert "created (server dry run)" in kcr(place, "run", "nobody", "--from", checkpoint, "--dry-run=server")
    assert not place.find("v1", "pods", "nobody") and one.restarts() == 0
