#!/usr/bin/env python3
"""Makes and counts many objects, in a cluster's network.

usage: objects.py deployments FIRST COUNT EVERY   with no replicas, numbered from FIRST to below COUNT; every EVERYth one
                                                  is annotated
       objects.py annotate FIRST COUNT            such Deployments
       objects.py pods FIRST COUNT NODES          running on NODES nodes that are not there
       objects.py wait RESOURCE COUNT [SECONDS]   until there are so many CheckpointSchedules or others of our kinds
       objects.py delete RESOURCE                 all of our kind in the namespace
       objects.py ready PORT                      until /readyz at that port of the loopback address answers 200
       objects.py create COUNT                    as many CheckpointSchedules, by nothing but curl

The last one prints how long it took, the three before it the time at which it was so, as time.monotonic() has it. Needs
KUBECONFIG.
"""

import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

from api import Api, call

CONNECTIONS = 8
BARE_REQUESTS = 16  # of curl at the same time; with 8, 32 and 64 it was not faster on two processors
WAIT_SECONDS = 120
PAUSE_SECONDS = 0.02
OURS = "/apis/checkpoint-restore.kcr.io/v1/namespaces/default/"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"
ANNOTATION = {"kcr.io/checkpoint-restore-schedule": "0 0 1 1 *"}


def in_parallel(api, first, count, make):
    """make(connection, number) for each number from `first` to below `count`, on several connections."""
    numbers = iter(range(first, count))
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


def container_status(number, name, now):
    """All that the kubelet of Kubernetes 1.36 writes about a container that runs."""
    return {
        "name": name, "ready": True, "started": True, "restartCount": 0, "state": {"running": {"startedAt": now}},
        "lastState": {}, "image": "registry.example.com/team/service:v1.2.3",
        "imageID": "registry.example.com/team/service@sha256:" + "0123456789abcdef" * 4,
        "containerID": f"containerd://{number:064x}", "allocatedResources": {"cpu": "100m", "memory": "128Mi"},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/service"}, {
            "name": "kube-api-access-abcde", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            "readOnly": True, "recursiveReadOnly": "Disabled"}],
        "user": {"linux": {"uid": 0, "gid": 0, "supplementalGroups": [0]}},
    }


def pod_status(number):
    now = "2026-01-01T00:00:00Z"
    address = f"10.1.{number // 250}.{number % 250}"
    conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
    return {"status": {
        "phase": "Running", "observedGeneration": 1, "startTime": now, "qosClass": "Burstable",
        "hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.1"}], "podIP": address, "podIPs": [{"ip": address}],
        "allocatedResources": {"cpu": "200m", "memory": "256Mi"},
        "resources": {"requests": {"cpu": "200m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "conditions": [{"type": each, "observedGeneration": 1, "status": "True", "lastTransitionTime": now}
                       for each in conditions],
        "containerStatuses": [container_status(number, name, now) for name in ("service", "proxy")]}}


def make_deployments(api, first, count, every):
    def make(connection, number):
        call(connection, "POST", DEPLOYMENTS, deployment(number, number % every == 0))
    in_parallel(api, first, count, make)


def annotate_deployments(api, first, count):
    def annotate(connection, number):
        call(connection, "PATCH", f"{DEPLOYMENTS}/service-{number:05}", {"metadata": {"annotations": ANNOTATION}})
    in_parallel(api, first, count, annotate)


def make_pods(api, first, count, nodes):
    def make(connection, number):
        body = pod(number, nodes)
        call(connection, "POST", f"{PODS}?fieldManager=kube-controller-manager", body)
        call(connection, "PATCH", f"{PODS}/{body['metadata']['name']}/status?fieldManager=kubelet", pod_status(number))
    in_parallel(api, first, count, make)


def schedule(number):
    """What the controller makes of an annotation."""
    name = f"service-{number:05}"
    return {
        "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointSchedule",
        "metadata": {"name": name, "ownerReferences": [{
            "apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": True,
            "blockOwnerDeletion": True, "uid": f"00000000-0000-4000-8000-{number:012}"}]},
        "spec": {"schedule": "0 0 1 1 *", "selector": {"matchLabels": labels(number)}},
    }


def create_by_curl(api, count):
    """The least that any client can need for it: curl, all requests prepared, several at a time by HTTP/2."""
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        (home / "ca").write_text(api.authority)
        (home / "pair").write_bytes(api.pair)
        parts = []
        for number in range(count):
            (home / str(number)).write_text(json.dumps(schedule(number)))
            parts.append(f'url = "https://{api.address}{OURS}checkpointschedules"\ndata = "@{home / str(number)}"\n'
                         f'header = "Content-Type: application/json"\ncacert = "{home / "ca"}"\n'
                         f'cert = "{home / "pair"}"\noutput = "/dev/null"\nfail\n')
        (home / "config").write_text("next\n".join(parts))
        began = time.monotonic()
        subprocess.run(["curl", "--no-progress-meter", "--parallel", "--parallel-immediate", "--parallel-max",
                        str(BARE_REQUESTS), "--config", home / "config"], check=True)
        print(time.monotonic() - began)


def list_of(connection, resource):
    """(how many there are, the version at which it was so)"""
    listed = call(connection, "GET", OURS + f"{resource}?limit=1")
    return (len(listed["items"]) + listed["metadata"].get("remainingItemCount", 0),
            listed["metadata"]["resourceVersion"])


def wait_for(connection, resource, wanted, seconds=WAIT_SECONDS):
    """Told by a watch: to ask again and again would take the server's time from those that are measured."""
    count, version = list_of(connection, resource)
    connection.request("GET", OURS + f"{resource}?watch=true&resourceVersion={version}&timeoutSeconds={seconds}")
    events = connection.getresponse()
    while count < wanted:
        line = events.readline()
        if not line:
            sys.exit(f"objects.py: gave up after {seconds} s: {count} of {wanted} {resource}")
        count += line.startswith(b'{"type":"ADDED"')
    print(time.monotonic())


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
        make_deployments(api, *map(int, arguments))
    elif verb == "annotate":
        annotate_deployments(api, *map(int, arguments))
    elif verb == "pods":
        make_pods(api, *map(int, arguments))
    elif verb == "create":
        create_by_curl(api, int(arguments[0]))
    elif verb == "wait":
        wait_for(connection, arguments[0], *map(int, arguments[1:]))
    elif verb == "delete":
        call(connection, "DELETE", OURS + arguments[0])
        print_when("deleted", lambda: list_of(connection, arguments[0])[0] == 0)


try:
    main()
except OSError as failure:
    sys.exit(f"objects.py: {failure}")
