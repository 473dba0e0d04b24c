#!/usr/bin/env python3
"""Makes and counts many objects, in a cluster's network.

usage: objects.py deployments COUNT ANNOTATED     with no replicas; the first ANNOTATED of them get a schedule
       objects.py pods COUNT NODES                running on NODES nodes that are not there
       objects.py wait RESOURCE COUNT             until there are so many CheckpointSchedules or others of our kinds
       objects.py delete RESOURCE                 all of our kind in the namespace
       objects.py ready PORT                      until /readyz at that port of the loopback address answers 200

The last three print the time at which it was so, as time.monotonic() has it. Needs KUBECONFIG.
"""

import http.client
import json
import subprocess
import sys
import threading
import time

from api import Api, call

CONNECTIONS = 8
WAIT_SECONDS = 120
PAUSE_SECONDS = 0.02
OURS = "/apis/checkpoint-restore.kcr.io/v1/namespaces/default/"
ANNOTATION = {"kcr.io/checkpoint-restore-schedule": "0 0 1 1 *"}


def in_parallel(api, count, make):
    """make(connection, number) for each number, on several connections."""
    numbers = iter(range(count))
    lock = threading.Lock()
    failures = []

    def work():
        connection = api.connect()
        try:
            while not failures:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                make(connection, number)
        except (OSError, SystemExit, http.client.HTTPException) as failure:
            failures.append(failure)
    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def container(name):
    """As people write them, so that the objects have a usual size."""
    return {
        "name": name, "image": "registry.example.com/team/service:v1.2.3",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": f"SETTING_{number}", "value": f"the value of setting {number}"} for number in range(10)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 5},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/service"}],
    }


def labels(number):
    return {"app.kubernetes.io/name": f"service-{number:05}", "app.kubernetes.io/part-of": "shop", "team": "a"}


def pod_spec():
    return {"containers": [container("service"), container("proxy")],
            "volumes": [{"name": "config", "configMap": {"name": "config"}}]}


def deployment(number, is_annotated):
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": f"service-{number:05}", "labels": labels(number),
                     "annotations": ANNOTATION if is_annotated else {"example.com/owner": "team-a"}},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels(number)},
                 "template": {"metadata": {"labels": labels(number)}, "spec": pod_spec()}},
    }


def pod(number, nodes):
    name = f"service-{number // 2:05}"
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": f"{name}-6c8f9b7d54-{number:05}", "labels": labels(number // 2) | {
            "pod-template-hash": "6c8f9b7d54"},
                     "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-6c8f9b7d54",
                                          "uid": f"00000000-0000-4000-8000-{number // 2:012}", "controller": True}]},
        "spec": pod_spec() | {"nodeName": f"node-{number % nodes}"},
    }


def pod_status(number):
    now = "2026-01-01T00:00:00Z"
    conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
    return {"status": {
        "phase": "Running", "hostIP": "10.0.0.1", "podIP": f"10.1.{number // 250}.{number % 250}", "startTime": now,
        "conditions": [{"type": each, "status": "True", "lastTransitionTime": now} for each in conditions],
        "containerStatuses": [{
            "name": name, "ready": True, "started": True, "restartCount": 0, "state": {"running": {"startedAt": now}},
            "image": "registry.example.com/team/service:v1.2.3",
            "imageID": "registry.example.com/team/service@sha256:" + "0123456789abcdef" * 4,
            "containerID": f"containerd://{number:064x}"} for name in ("service", "proxy")]}}


def make_deployments(api, count, annotated):
    def make(connection, number):
        call(connection, "POST", "/apis/apps/v1/namespaces/default/deployments",
             deployment(number, number < annotated))
    in_parallel(api, count, make)


def make_pods(api, count, nodes):
    def make(connection, number):
        body = pod(number, nodes)
        call(connection, "POST", "/api/v1/namespaces/default/pods", body)
        call(connection, "PATCH", f"/api/v1/namespaces/default/pods/{body['metadata']['name']}/status",
             pod_status(number))
    in_parallel(api, count, make)


def count_of(connection, resource):
    listed = call(connection, "GET", OURS + f"{resource}?limit=1")
    return len(listed["items"]) + listed["metadata"].get("remainingItemCount", 0)


def is_ready(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def print_when(what, condition):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > WAIT_SECONDS:
            sys.exit(f"objects.py: gave up after {WAIT_SECONDS} s: {what}")
        time.sleep(PAUSE_SECONDS)
    print(time.monotonic())


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == "ready":
        print_when("ready", lambda: is_ready(int(arguments[0])))
        return
    api = Api(json.loads(subprocess.run(["kubectl", "config", "view", "--raw", "-o", "json"],
                                        check=True, capture_output=True).stdout))
    connection = api.connect()
    if verb == "deployments":
        make_deployments(api, int(arguments[0]), int(arguments[1]))
    elif verb == "pods":
        make_pods(api, int(arguments[0]), int(arguments[1]))
    elif verb == "wait":
        print_when(arguments[0], lambda: count_of(connection, arguments[0]) >= int(arguments[1]))
    elif verb == "delete":
        call(connection, "DELETE", OURS + arguments[0])
        print_when("deleted", lambda: count_of(connection, arguments[0]) == 0)


try:
    main()
except OSError as failure:
    sys.exit(f"objects.py: {failure}")
