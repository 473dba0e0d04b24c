"""A crash of Redis: back with its memory by KCR, against the kubelet's plain cold restart; the idle controller."""

import json
import time

from benchmarks.archive import request
from benchmarks.cluster import ROOT, Failure, memory, wait_for
from benchmarks.figures import figure

RUNS = 7
KEYS = 10000
DEADLINE_SECONDS = 60
IDLE_LOOKS = 5
IDLE_SECONDS = 15  # of peace before the first look
SEED_IDLE_MIB = 63  # of the seed's Go operator, see docs/benchmarks.md

FILL = f"for i = 1, {KEYS} do redis.call('set', 'key:' .. i, 'value-' .. i) end"


def _redis(name, replicas, annotations=None):
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"terminationGracePeriodSeconds": 0,
                     "containers": [{"name": "redis", "image": "kcr.test/redis:1"}]}}},
    }


def _start(cluster, name, replicas, annotations=None):
    """The Pods of a Redis Deployment with its keys in memory."""
    cluster.apply(_redis(name, replicas, annotations))
    cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")
    pods = cluster.get("pods", "-l", f"app={name}")["items"]
    for pod in pods:
        cluster.kubectl("exec", pod["metadata"]["name"], "--", "redis-cli", "eval", FILL, "0")
    return pods


def _wait_until_restorable(cluster, pods):
    names = {pod["metadata"]["name"] for pod in pods}

    def all_restorable():
        done = set()
        for checkpoint in cluster.get("checkpoints")["items"]:
            status = checkpoint.get("status", {})
            if status.get("phase") == "Failed":
                raise Failure(f"a checkpoint failed: {status.get('failedReason')}")
            conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
            if conditions.get("Restorable") == "True":
                done.add(checkpoint["spec"]["podReference"]["name"])
        return names <= done
    wait_for("the checkpoints to be restorable", all_restorable, pause=0.5)


def _checkpoint(cluster, pods):
    names = [pod["metadata"]["name"] for pod in pods]
    cluster.apply(*(request(f"checkpoint-{name}", name, "redis") for name in names))
    _wait_until_restorable(cluster, pods)


def _crash_to_serving(cluster, pod, which):
    """Seconds from SIGKILL of the Pod's redis-server until it (`same`) or its successor (`other`) answers."""
    container = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    pid = cluster.process_of_container(container, "redis-server")
    outcome = cluster.in_net(ROOT / "tools/demo-crash", pod["status"]["podIP"], pid, DEADLINE_SECONDS, which)
    return json.loads(outcome)["seconds"]


def measure_idle(cluster, say):
    """The controller's memory on a cluster with the demo's objects: an annotated Redis and its checkpoint."""
    pods = _start(cluster, "redis", 1, {"kcr.io/checkpoint-restore-schedule": "0 0 1 1 *"})
    cluster.kubectl("wait", "--for=create", "checkpointschedule/redis", "--timeout=30s")
    _checkpoint(cluster, pods)
    time.sleep(IDLE_SECONDS)
    values = []
    for _ in range(IDLE_LOOKS):
        status = memory(cluster.one_process("controller"))
        values.append(status["VmRSS"] / 1024)
        time.sleep(1)
    say(f"controller idle: {values[-1]:.1f} MiB")
    cluster.kubectl("delete", "deployment", "redis")
    return [figure("controller's memory when idle", values, "MiB",
                   how=f"VmRSS in /proc/PID/status of the larger 'kcr controller', {IDLE_SECONDS} s after the last "
                       f"change; RssAnon {status['RssAnon'] / 1024:.1f}, RssFile {status['RssFile'] / 1024:.1f} MiB",
                   reference=SEED_IDLE_MIB, bound=16, bound_on="value",
                   reference_is="the seed's Go operator, measured earlier on this kind of machine")]


def measure(cluster, say):
    """Each container crashes once, since the kubelet lets a second crash wait; Pods take turns."""
    restored = _start(cluster, "restored", RUNS)
    cold = _start(cluster, "cold", RUNS)
    _checkpoint(cluster, restored)
    ours, theirs = [], []
    for ours_pod, their_pod in zip(restored, cold):
        ours.append(_crash_to_serving(cluster, ours_pod, "same"))
        theirs.append(_crash_to_serving(cluster, their_pod, "other"))
        say(f"crash {len(ours)} of {RUNS}: serving with its memory after {ours[-1]:.2f} s, empty after {theirs[-1]:.2f} s")
    cluster.kubectl("delete", "deployment", "restored", "cold")
    return [figure("crash of Redis to serving again, with its memory", ours, "s",
                   how="tools/demo-crash: SIGKILL of redis-server until the same run_id and keys are answered",
                   reference=theirs, reference_is="the kubelet's cold restart of the same container, empty")]
