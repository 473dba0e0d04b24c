"""What runs in the tests' Pods: a server whose memory can be recognised, and the objects around it."""

import pathlib

SERVER = (pathlib.Path(__file__).parent / "server.py").read_text()
TOOLS = "kcr.test/tools:1"
REDIS = "kcr.test/redis:1"


def server(name="main", port=8000, heap_mib=0, **more):
    """A container with the server; `heap_mib` of memory make its checkpoint slow."""
    return {"name": name, "image": TOOLS, "command": ["python3", "-c", SERVER, str(port), str(heap_mib)],
            "ports": [{"containerPort": port}],
            "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1}, **more}


def pod_spec(*containers, grace=1):
    return {"terminationGracePeriodSeconds": grace, "containers": list(containers) or [server()]}


def pod(name, *containers, grace=1):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": pod_spec(*containers, grace=grace)}


def deployment(name, *containers, replicas=1, schedule=None, **annotations):
    if schedule is not None:
        annotations["kcr.io/checkpoint-restore-schedule"] = schedule
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "annotations": annotations},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(*containers)}}}


def stateful_set(name, *containers):
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
            "spec": {"serviceName": name, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(*containers)}}}


def service(app, port):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": app},
            "spec": {"selector": {"app": app}, "ports": [{"port": port}]}}


def schedule(name, app, cron="0 0 1 1 *", **spec):
    """A CheckpointSchedule; the default is due once a year."""
    return {"apiVersion": "checkpoint-restore.kcr.io/v1", "kind": "CheckpointSchedule", "metadata": {"name": name},
            "spec": {"schedule": cron, "selector": {"matchLabels": {"app": app}}, **spec}}
