#!/usr/bin/env python3
"""Pods, their schedules and the agents of their nodes, in a cluster's network.

usage: storm_agents.py pods COUNT NODES
       storm_agents.py schedules COUNT EXPRESSION    one for each Pod
       storm_agents.py take COUNT DUE SECONDS        completes so many requests, two at a time on each node, SECONDS
                                                     each; prints JSON: how many there were, and when after DUE
Needs KUBECONFIG.
"""

import collections
import concurrent.futures
import contextlib
import json
import subprocess
import sys
import threading
import time

from api import Api, call

OURS = "/apis/checkpoint-restore.kcr.io/v1/namespaces/default/"
PODS = "/api/v1/namespaces/default/pods"
CONNECTIONS = 8
PER_NODE = 2
WAIT_SECONDS = 300


class Caller:
    """Calls from any thread, each on its own connection."""

    def __init__(self, api):
        self._api = api
        self._local = threading.local()

    def call(self, *arguments):
        if not hasattr(self._local, "connection"):
            self._local.connection = self._api.connect()
        return call(self._local.connection, *arguments)


def make(count, one):
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(one, range(count)))


def make_pods(caller, count, nodes):
    def one(number):
        name = f"pod-{number:05}"
        caller.call("POST", PODS, {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"nodeName": f"node-{number % nodes}",
                     "containers": [{"name": "service", "image": "registry.example.com/team/service:v1"}]}})
        caller.call("PATCH", f"{PODS}/{name}/status", {"status": {"phase": "Running", "containerStatuses": [{
            "name": "service", "ready": True, "restartCount": 0, "image": "service:v1", "imageID": "service",
            "containerID": f"containerd://{number:064x}",
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}})
    make(count, one)


def make_schedules(caller, count, expression):
    def one(number):
        name = f"pod-{number:05}"
        caller.call("POST", OURS + "checkpointschedules", {
            "apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointSchedule", "metadata": {"name": name},
            "spec": {"schedule": expression, "selector": {"matchLabels": {"app": name}}}})
    make(count, one)


class Agents:
    """What the requests of all nodes become."""

    def __init__(self, caller, seconds):
        self._caller = caller
        self._seconds = seconds
        self._nodes = collections.defaultdict(lambda: concurrent.futures.ThreadPoolExecutor(PER_NODE))
        self._open = set()
        self.names = set()
        self.uids = set()
        self.done = set()
        self.most = 0

    def _take(self, name):
        path = f"{OURS}checkpointrequests/{name}/status"
        self._caller.call("PATCH", path, {"status": {"phase": "InProgress"}})
        time.sleep(self._seconds)
        self._caller.call("PATCH", path, {"status": {"phase": "Completed"}})

    def look(self, request):
        uid, name = request["metadata"]["uid"], request["metadata"]["name"]
        if request["status"]["phase"] == "Completed":
            self._open.discard(uid)
            self.done.add(uid)
        elif uid not in self.uids:
            self.uids.add(uid)
            self.names.add(name)
            self._open.add(uid)
            self.most = max(self.most, len(self._open))
            self._nodes[request["spec"]["nodeName"]].submit(self._take, name)


def events(api, deadline):
    """Of all requests; watched anew where the server ends a watch, which then begins with all that there are."""
    while time.time() < deadline:
        with contextlib.closing(api.connect()) as connection:
            connection.sock.settimeout(WAIT_SECONDS)
            connection.request("GET", OURS + "checkpointrequests?watch=true")
            for line in connection.getresponse():
                event = json.loads(line)
                if event["type"] in ("ADDED", "MODIFIED"):
                    yield event["object"]


def take(api, count, due, seconds):
    agents = Agents(Caller(api), seconds)
    made = done = 0.0
    for request in events(api, due + WAIT_SECONDS):
        before = len(agents.uids), len(agents.done)
        agents.look(request)
        made = time.time() - due if len(agents.uids) > before[0] else made
        done = time.time() - due if len(agents.done) > before[1] else done
        if len(agents.done) >= count:
            break
    print(json.dumps({"requests": len(agents.uids), "names": len(agents.names), "most": agents.most,
                      "made": made, "done": done}))


def main():
    verb, count = sys.argv[1], int(sys.argv[2])
    api = Api(json.loads(subprocess.run(["kubectl", "config", "view", "--raw", "-o", "json"],
                                        check=True, capture_output=True).stdout))
    if verb == "pods":
        make_pods(Caller(api), count, int(sys.argv[3]))
    elif verb == "schedules":
        make_schedules(Caller(api), count, sys.argv[3])
    elif verb == "take":
        take(api, count, int(sys.argv[3]), float(sys.argv[4]))


try:
    main()
except OSError as failure:
    sys.exit(f"storm_agents.py: {failure}")
