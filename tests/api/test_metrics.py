"""/metrics as Prometheus reads it, the names that dashboards know, what ours count; health; the log."""

import json
import re
import shutil
import subprocess
import time

import pytest

from scripted_kubelet import archive
from test_agent import refuse
from world import eventually, seconds_of, time_of

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
SAMPLE = re.compile(r"([^{ ]+)(?:\{(.*)\})? (\S+)")
PROMTOOL = shutil.which("promtool")  # of Debian's prometheus; too large to be installed for this
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


class Family:
    def __init__(self, kind, help_text):
        self.kind = kind
        self.help = help_text
        self.samples = {}  # (name, labels as a frozenset): value


def labels_of(text):
    """The labels of a sample; all of the text must be labels, each once."""
    pairs, end = [], 0
    while end < len(text):
        found = LABEL.match(text, end)
        assert found, f"no label: {text[end:]}"
        pairs.append(found.groups())
        end = found.end()
    assert len(dict(pairs)) == len(pairs), f"a label twice: {text}"
    return frozenset(pairs)


def parse(text):
    """The families of an exposition in format 0.0.4, which must be strictly that."""
    assert text.endswith("\n")
    families, help_texts, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, help_texts_of = line.split(" ", 3)
            assert name not in help_texts, f"{name} is told of twice"
            help_texts[name] = help_texts_of
        elif line.startswith("# TYPE "):
            _, _, current, kind = line.split(" ")
            assert NAME.fullmatch(current) and current not in families, line
            assert kind in ("counter", "gauge", "histogram"), line
            families[current] = Family(kind, help_texts[current])
        else:
            add_sample(families[current], current, line)
    for name, family in families.items():
        check(name, family)
    return families


def add_sample(family, name, line):
    found = SAMPLE.fullmatch(line)
    assert found, line
    names = [name + suffix for suffix in SUFFIXES.get(family.kind, ("",))]
    assert found[1] in names, f"{line} stands under {name}"
    key = found[1], labels_of(found[2] or "")
    assert key not in family.samples, f"twice: {line}"
    family.samples[key] = float(found[3])


def check(name, family):
    """What promtool's linter says of names, and what must hold of values."""
    assert family.help, name
    assert (family.kind == "counter") == name.endswith("_total"), name
    assert not re.search(r"_(ms|milliseconds|minutes|kb|kilobytes|megabytes)(_|$)", name), name
    if family.kind != "gauge":
        assert all(value >= 0 for value in family.samples.values()), name
    if family.kind == "histogram":
        check_histogram(name, family)


def check_histogram(name, family):
    series = {}
    for (sample, labels), value in family.samples.items():
        if sample.endswith("_bucket"):
            bound = float(dict(labels)["le"].replace("+Inf", "inf"))
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((bound, value))
    for labels, buckets in series.items():
        assert buckets == sorted(buckets), f"{name} {labels}: {buckets}"
        assert buckets[-1] == (float("inf"), family.samples[name + "_count", labels])
        assert (name + "_sum", labels) in family.samples


def metrics_of(program):
    """Parsed here, and by Prometheus' own tool where there is one."""
    text = program.metrics()
    if PROMTOOL is not None:
        found = subprocess.run([PROMTOOL, "check", "metrics"], input=text, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert found.returncode == 0, found.stdout
    return parse(text)


EVERYWHERE = {
    "controller_runtime_reconcile_total", "controller_runtime_reconcile_errors_total",
    "controller_runtime_reconcile_time_seconds", "controller_runtime_active_workers",
    "controller_runtime_max_concurrent_reconciles", "workqueue_depth", "workqueue_adds_total",
    "workqueue_queue_duration_seconds", "workqueue_work_duration_seconds",
    "workqueue_retries_total", "workqueue_unfinished_work_seconds",
    "workqueue_longest_running_processor_seconds", "rest_client_requests_total",
    "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
    "process_max_fds", "process_virtual_memory_bytes", "process_virtual_memory_max_bytes",
    "process_start_time_seconds", "kcr_restores_total",
}
CONTROLLER = EVERYWHERE | {"leader_election_master_status", "kcr_schedule_lag_seconds",
                           "kcr_schedules_waiting", "kcr_newest_checkpoint_age_seconds"}
AGENT = EVERYWHERE | {
    "kcr_checkpoints_total", "kcr_checkpoint_size_bytes", "kcr_checkpoint_frozen_seconds",
    "kcr_store_bytes", "kcr_store_checkpoints", "kcr_store_free_bytes", "kcr_store_room_bytes"}


def test_the_controller_has_the_names_that_dashboards_know(controller):
    families = metrics_of(controller)
    assert CONTROLLER - set(families) == set()
    keys = {name: {frozenset(dict(labels)) for _, labels in family.samples}
            for name, family in families.items()}
    assert keys["controller_runtime_reconcile_total"] == {frozenset(["controller", "result"])}
    assert keys["controller_runtime_active_workers"] == {frozenset(["controller"])}
    assert keys["workqueue_depth"] == {frozenset(["name", "controller"])}
    assert keys["rest_client_requests_total"] == {frozenset(["code", "method", "host"])}
    assert keys["leader_election_master_status"] == {frozenset(["name"])}
    assert controller.metric('leader_election_master_status{name="test-metrics"}') == 1
    assert controller.metric('controller_runtime_max_concurrent_reconciles{controller="pod"}') > 0
    # a series is there before what it counts has happened
    assert 'kcr_restores_total{strategy="image",outcome="cold"} 0\n' in controller.metrics()


def test_an_agent_counts_what_it_takes(node, space):
    node.start()

    def complete():
        found = metrics_of(node.agent)
        return found if AGENT <= set(found) else None
    before = eventually(complete)  # a list that is streamed counts as a request when it ends
    assert before["kcr_checkpoints_total"].samples == {
        ("kcr_checkpoints_total", frozenset([("result", result)])): 0
        for result in ("taken", "failed")}
    node.request()
    node.checkpoint()
    assert node.agent.metric('kcr_checkpoints_total{result="taken"}') == 1
    size = len(archive(space.name, "pod-1"))
    assert node.agent.metric("kcr_checkpoint_size_bytes_sum") == size
    assert node.agent.metric("kcr_checkpoint_frozen_seconds_count") == 1
    assert node.agent.metric("kcr_checkpoint_frozen_seconds_sum") == 0.074565
    node.kubelet.script = refuse(500, "no")
    node.request("two")
    node.failed("two")
    assert node.agent.metric('kcr_checkpoints_total{result="failed"}') == 1
    metrics_of(node.agent)


def test_a_run_has_a_lag(controller, space):
    before = controller.metric("kcr_schedule_lag_seconds_count")
    space.pod("pod-1")
    space.schedule("every", "@every 1s", concurrencyPolicy="Allow")
    eventually(lambda: controller.metric("kcr_schedule_lag_seconds_count") >= before + 2)
    assert controller.metric("kcr_schedule_lag_seconds_sum") > 0


def test_the_age_of_what_a_failure_would_cost(controller, space):
    def age(schedule):
        """What is told, and what it must lie between, as seconds since `when`."""
        return controller.metric(
            f'kcr_newest_checkpoint_age_seconds{{namespace="{space.name}",schedule="{schedule}"}}')

    def assert_is_since(when, schedule):
        earliest = time.time() - when
        assert earliest <= age(schedule) <= time.time() - when

    schedule = space.schedule(restore={"stableSeconds": 0})
    created = seconds_of(schedule["metadata"]["creationTimestamp"])
    eventually(lambda: age("every"), what="the age of a schedule without a Checkpoint")
    assert_is_since(created, "every")
    time.sleep(1.1)  # stamps are of seconds
    taken = space.checkpoint(space.pod("pod-1"), age=0, schedule=schedule)
    eventually(lambda: (space.condition("checkpoints", "ckp-1", "Restorable") or {}).get("status")
               == "True", 30, "a good Checkpoint")
    assert_is_since(time_of(taken["spec"]["checkpointTimestamp"]), "every")
    space.delete("checkpointschedules", "every")
    eventually(lambda: space.name not in controller.metrics(), what="the end of its series")


def test_health_is_told_as_kube_apiserver_does(controller, kinds):
    def ask(path):
        status, text = kinds.network.get(controller.port, path)
        return status, text.decode()
    for path in ("/healthz", "/livez", "/readyz"):
        assert ask(path) == (200, "ok")
    assert ask("/livez?verbose") == (200, "[+]ping ok\nlivez check passed\n")
    assert ask("/readyz?verbose") == (
        200, "[+]ping ok\n[+]informers ok\nreadyz check passed\n")


# ---- The log ----

def kubeconfig_with_token(kinds, directory, token):
    """The cluster as anybody sees it who has this token."""
    path = directory / "token.kubeconfig"
    config = json.loads(kinds.kubectl("config", "view", "--raw", "--flatten", "-o", "json").stdout)
    for user in config["users"]:
        user["user"] = {"token": token}
    path.write_text(json.dumps(config))
    path.chmod(0o600)
    return path


def token_of(kinds, space):
    made = kinds.api.call("POST", space.path("serviceaccounts", "default", "token"), {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    return made["status"]["token"]


def assert_keeps(secret, text):
    """No part of it that would be worth anything stands in the log."""
    for start in range(0, len(secret) - 16, 8):
        assert secret[start:start + 16] not in text


@pytest.mark.parametrize("part", ["controller", "agent"])
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_token_is_logged_whatever_fails(kinds, space, programs, tmp_path, part, log_format):
    """A token without a right fails all over; what it is refused for is told in full."""
    token = token_of(kinds, space)
    password = "correct-horse-battery-staple-0123456789"
    options = []
    if part == "agent":
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {"127.0.0.1:1": {
            "username": "kcr", "password": password}}}))
        options = ["--node-name=node-7", f"--kubelet-checkpoints={tmp_path}/checkpoints",
                   f"--store={tmp_path}/checkpoints/kcr", "--registry-port=17999",
                   "--push-registry=127.0.0.1:1", f"--push-docker-config={tmp_path}/config.json"]
    program = programs(part, *options, "--log-level=debug", f"--log-format={log_format}",
                       kubeconfig=kubeconfig_with_token(kinds, tmp_path, token)).start()
    program.says("is forbidden", 3)
    program.stop()
    text = program.text()
    assert_keeps(token, text)
    assert_keeps(password, text)
    if log_format == "json":
        lines = [json.loads(line) for line in text.splitlines()]
        assert all({"ts", "level", "msg"} <= set(line) for line in lines)
        assert {"warning", "info"} <= {line["level"] for line in lines}
