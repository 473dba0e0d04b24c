"""The chart by helm itself: what it renders, what it refuses, and its life on a real API server."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from world import ApiError, binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "chart"
EVERYTHING = ["networkPolicy.enabled=true", "podMonitor.enabled=true", "alerts.enabled=true", "dashboard.enabled=true"]
KINDS = ("checkpointschedules", "checkpointrequests", "restorerequests", "checkpointexports", "checkpointimports",
         "checkpoints", "checkpointnodes")
OPERATOR = "github.com/prometheus-operator/prometheus-operator"


def helm(*arguments, check=True, stdin=None):
    result = subprocess.run([ROOT / "tools" / "helm", *map(str, arguments)], capture_output=True, text=True,
                            input=stdin, timeout=900)
    if check and result.returncode != 0:
        pytest.fail(f"helm {' '.join(map(str, arguments))}:\n{result.stdout}{result.stderr}")
    return result


def settings(values):
    return [word for value in values for word in ("--set", value)]


def render(*values, namespace="kcr-system"):
    """The objects by kind and name."""
    text = helm("template", "kcr", CHART, "--namespace", namespace, *settings(values)).stdout
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text) if one}


def config_of(objects, name, member):
    return yaml.safe_load(objects["ConfigMap", name]["data"][member])


@pytest.fixture(scope="module")
def usual():
    return render()


def test_helm_has_no_complaint():
    helm("lint", "--strict", CHART, *settings(EVERYTHING))


def test_install_yaml_has_the_charts_objects(usual):
    """And the namespace that helm makes itself. tools/check proves that the file is current, byte for byte."""
    text = (ROOT / "deploy" / "install.yaml").read_text()
    installed = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text) if one}
    assert installed.pop(("Namespace", "kcr-system"))["metadata"]["labels"] == {
        "pod-security.kubernetes.io/enforce": "restricted"}
    assert installed == usual


def test_options_of_the_values_are_the_programs_files(usual):
    assert config_of(usual, "kcr-controller", "controller.yaml") == {
        "apiVersion": "config.kcr.io/v1", "kind": "ControllerConfiguration"}
    objects = render("controller.config.log-level=debug", "controller.config.health-probe-port=9000",
                     "agent.config.store-max-size=50Gi", "agent.config.kubelet-insecure-tls=true")
    assert config_of(objects, "kcr-controller", "controller.yaml") == {
        "apiVersion": "config.kcr.io/v1", "kind": "ControllerConfiguration", "log-level": "debug",
        "health-probe-port": 9000}
    assert config_of(objects, "kcr-agent", "agent.yaml") == {
        "apiVersion": "config.kcr.io/v1", "kind": "AgentConfiguration", "store-max-size": "50Gi",
        "kubelet-insecure-tls": True}
    controller = objects["Deployment", "kcr-controller"]["spec"]["template"]
    assert controller["spec"]["containers"][0]["ports"] == [{"name": "health", "containerPort": 9000}]
    before = usual["Deployment", "kcr-controller"]["spec"]["template"]
    assert controller["metadata"]["annotations"] != before["metadata"]["annotations"], "changed options start new Pods"


@pytest.mark.parametrize("value, words", [
    ("controller.config.log-levl=debug", "log-levl"),
    ("controller.config.log-level=loud", "log-level"),
    ("controller.config.health-probe-port=70000", "health-probe-port"),
    ("agent.config.store-max-size=lots", "store-max-size"),
    ("agent.config.push-plain-http=perhaps", "push-plain-http"),
    ("controller.replicas=0", "replicas"),
    ("runtime.installed=true", "installed"),
    ("agent.extraVolumeMounts[0].name=registry", "mountPath"),
])
def test_a_mistake_in_the_values_is_refused(value, words):
    result = helm("template", "kcr", CHART, "--set", value, check=False)
    assert result.returncode != 0
    assert words in result.stderr, result.stderr


def test_what_is_chosen_is_rendered(usual):
    assert ("RuntimeClass", "kcr") in usual
    for kind in ("NetworkPolicy", "PodMonitor", "PrometheusRule"):
        assert kind not in [key[0] for key in usual]
    assert usual["PodDisruptionBudget", "kcr-controller"]["spec"]["maxUnavailable"] == 1
    assert usual["Deployment", "kcr-controller"]["spec"]["replicas"] == 2

    everything = render(*EVERYTHING)
    assert {("NetworkPolicy", "kcr-controller"), ("NetworkPolicy", "kcr-relay"), ("PodMonitor", "kcr-controller"),
            ("PodMonitor", "kcr-agent"), ("PrometheusRule", "kcr"), ("ConfigMap", "kcr-dashboard")} == set(everything) - set(usual)

    bare = render("runtime.install=false", "controller.podDisruptionBudget.enabled=false")
    assert {("RuntimeClass", "kcr"), ("PodDisruptionBudget", "kcr-controller")} == set(usual) - set(bare)
    init = bare["DaemonSet", "kcr-agent"]["spec"]["template"]["spec"]["initContainers"]
    assert [container["name"] for container in init] == ["hold"]

    trusting = render("nodeIsolation.enabled=false")
    assert {("ValidatingAdmissionPolicy", "kcr-node-isolation"),
            ("ValidatingAdmissionPolicyBinding", "kcr-node-isolation")} == set(usual) - set(trusting)

    removing = render("runtime.remove=true")
    assert ("DaemonSet", "kcr-agent") not in removing and ("DaemonSet", "kcr-uninstall-runtime") in removing


def test_the_agent_reads_files_of_volumes_that_are_given_to_it(usual):
    def parts(objects):
        spec = objects["DaemonSet", "kcr-agent"]["spec"]["template"]["spec"]
        [agent] = spec["containers"]
        return spec["volumes"], agent["volumeMounts"]

    volume = {"name": "registry", "secret": {"secretName": "login"}}
    mount = {"name": "registry", "mountPath": "/etc/kcr-registry", "readOnly": True}
    volumes, mounts = parts(render("agent.extraVolumes[0].name=registry", "agent.extraVolumes[0].secret.secretName=login",
                                   "agent.extraVolumeMounts[0].name=registry",
                                   "agent.extraVolumeMounts[0].mountPath=/etc/kcr-registry",
                                   "agent.extraVolumeMounts[0].readOnly=true",
                                   "agent.config.push-docker-config=/etc/kcr-registry/config.json"))
    usual_volumes, usual_mounts = parts(usual)
    assert volumes == [*usual_volumes, volume]
    assert mounts == [*usual_mounts, mount]


@pytest.mark.parametrize("values", [(), ("runtime.remove=true",)])
def test_where_agents_run_all_of_a_node_does(values):
    """Agents, the way to them and their removal: on the nodes of a label, and not where a taint keeps others off."""
    text = helm("template", "kcr", CHART, *settings(["agent.nodeSelector.kcr=try", *values]),
                "--set-json", "agent.tolerations=[]").stdout
    found = [one for one in yaml.safe_load_all(text) if one and one["kind"] == "DaemonSet"]
    assert found
    for one in found:
        spec = one["spec"]["template"]["spec"]
        assert spec["nodeSelector"] == {"kubernetes.io/os": "linux", "kcr": "try"}
        assert "tolerations" not in spec


def test_a_cluster_that_the_agent_cannot_work_in_is_refused():
    """GET /pods of kubelets is more than it may, before 1.33."""
    refused = helm("template", "kcr", CHART, "--kube-version=1.32.9", check=False)
    assert refused.returncode != 0 and "1.33" in refused.stderr
    helm("template", "kcr", CHART, "--kube-version=1.33.0-gke.100")


def test_what_was_installed_by_other_arguments_can_be_removed():
    """The uninstaller gets those arguments that it knows, and above all the directory."""
    help_text = subprocess.run([binary(), "install-runtime", "--help"], capture_output=True, text=True, timeout=60).stdout
    known = re.findall(r"^ +(--[a-z-]+)(=?)", help_text, re.MULTILINE)
    assert {("--directory", "="), ("--store", "="), ("--runtime", "="), ("--best-effort", "")} < set(known)
    given = {"--directory": "/var/opt/kcr", "--store": "/data/kcr", "--log-format": "json"}
    arguments = [name + (f"={given.get(name, '/x')}" if takes_value else "")
                 for name, takes_value in known if name not in ("--host", "--restart-engine")]

    objects = render("runtime.remove=true", "runtime.restartEngine=true", f"runtime.arguments={{{','.join(arguments)}}}")
    [container] = objects["DaemonSet", "kcr-uninstall-runtime"]["spec"]["template"]["spec"]["containers"]
    command, *passed = container["args"]
    assert {"--directory=/var/opt/kcr", "--store=/data/kcr", "--restart-engine"} < set(passed)
    assert "--restart-engine" not in str(render("runtime.remove=true")["DaemonSet", "kcr-uninstall-runtime"])

    elsewhere = ["--host=/a-host-that-is-not-there" if word == "--host=/host" else word for word in passed]
    said = subprocess.run([binary(), command, *elsewhere], capture_output=True, text=True, timeout=60).stderr
    assert "a-host-that-is-not-there" in said, "its options are right: it gets as far as the host"


def test_the_way_out_may_do_nothing_and_can_be_left_out(usual):
    relay = usual["DaemonSet", "kcr-relay"]["spec"]["template"]["spec"]
    agent = usual["DaemonSet", "kcr-agent"]["spec"]["template"]["spec"]
    [container] = relay["containers"]
    assert relay["securityContext"]["runAsUser"] == 65534 and relay["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "serviceAccountName"} & set(relay)
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}}
    [door] = relay["volumes"]
    assert door in agent["volumes"] and container["volumeMounts"][0]["readOnly"]
    [option] = [word for word in container["command"] if word.startswith("--socket=")]
    assert option.replace("--socket", "--door-socket") in agent["containers"][0]["args"]
    granted = {(resource, verb) for rule in usual["Role", "kcr-relay"]["rules"]
               for resource in rule["resources"] for verb in rule["verbs"]}
    assert granted == {("pods", "get"), ("pods/portforward", "get"), ("pods/portforward", "create")}

    named = render("export.namespace=way-out", "export.group=oncall")
    assert named["DaemonSet", "kcr-relay"]["metadata"]["namespace"] == "way-out" and ("Namespace", "way-out") in named
    assert named["RoleBinding", "kcr-relay"]["subjects"][0]["name"] == "oncall"
    assert "--relay-namespace=way-out" in str(named["DaemonSet", "kcr-agent"])

    without = render("export.enabled=false")
    assert {key[1] for key in set(usual) - set(without)} == {"kcr-relay"}
    assert "door" not in str(without["DaemonSet", "kcr-agent"])


def test_the_notes_tell_what_is_left_to_do():
    def notes(*values):
        return helm("install", "kcr", CHART, "--dry-run=client", *settings(values)).stdout.partition("NOTES:")[2]

    assert "systemctl restart containerd" in notes()
    assert "kubectl annotate deployment" in notes()
    for value in ("runtime.install=false", "runtime.restartEngine=true"):
        assert "systemctl" not in notes(value)
    removal = notes("runtime.remove=true")
    assert "app.kubernetes.io/component=uninstall-runtime" in removal
    assert "kubectl annotate" not in removal


def test_who_is_monitored_and_guarded_is_there():
    """PodMonitors, policies and budgets select the Pods of the one workload that they are named after, by a port of it."""
    objects = render(*EVERYTHING)
    for (kind, name), one in objects.items():
        if kind not in ("PodMonitor", "NetworkPolicy", "PodDisruptionBudget"):
            continue
        selector = one["spec"].get("selector") or one["spec"]["podSelector"]
        selected = [workload for workload in objects.values() if workload["kind"] in ("Deployment", "DaemonSet")
                    and workload["metadata"]["namespace"] == one["metadata"]["namespace"]
                    and selector["matchLabels"].items() <= workload["spec"]["template"]["metadata"]["labels"].items()]
        assert [workload["metadata"]["name"] for workload in selected] == [name], kind
        ports = {port["name"] for container in selected[0]["spec"]["template"]["spec"]["containers"]
                 for port in container.get("ports", ())}
        asked = {end["port"] for end in one["spec"].get("podMetricsEndpoints", ())} | {
            port["port"] for rule in one["spec"].get("ingress", ()) for port in rule["ports"]}
        assert asked <= ports, kind


def metric_names(text):
    """Names of metrics in PromQL, without the suffixes of histograms."""
    names = re.findall(r"\b(?:kcr|controller_runtime|workqueue|rest_client|leader_election|process)_[a-z_]+", text)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def test_dashboard_and_alerts_ask_for_metrics_that_there_are():
    sources = "".join(path.read_text() for path in (ROOT / "src").glob("*/*.c"))
    exported = set(re.findall(r'\.name = "((?:kcr|controller|workqueue|rest|leader|process)_[a-z_]+)"', sources))
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    groups = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())["groups"]
    queries += [rule["expr"] for group in groups for rule in group["rules"]]
    asked = metric_names("\n".join(queries))
    assert len(asked) > 10
    assert asked <= exported, asked - exported


def test_prometheus_can_read_dashboard_and_alerts(tmp_path):
    """By promtool: the alerts as a file of rules, each query of the dashboard as a rule."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
    queries = [target["expr"].replace("$__rate_interval", "5m")
               for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "dashboard.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    for path in (CHART / "files" / "alerts.yaml", tmp_path / "dashboard.yaml"):
        result = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr


def test_alerts_are_raised_by_what_is_wrong_and_by_nothing_else(tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    shutil.copy(CHART / "files" / "alerts.yaml", tmp_path / "alerts")
    shutil.copy(ROOT / "tests" / "api" / "alerts.yaml", tmp_path / "test.yaml")
    result = subprocess.run(["promtool", "test", "rules", tmp_path / "test.yaml"], capture_output=True, text=True,
                            timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


# ---- On the session's API server

@pytest.fixture(scope="module")
def operator_kinds(kinds):
    """What the Prometheus operator adds to a cluster, from the files of its Go module."""
    fetched = subprocess.run(["go", "mod", "download", "-json", OPERATOR], capture_output=True, text=True, timeout=300,
                             cwd=ROOT / "tests" / "api" / "prometheus-operator")
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    home = pathlib.Path(json.loads(fetched.stdout)["Dir"]) / "example" / "prometheus-operator-crd"
    files = [word for plural in ("podmonitors", "prometheusrules")
             for word in ("-f", home / f"monitoring.coreos.com_{plural}.yaml")]
    kinds.kubectl("apply", "--server-side", *files)
    kinds.kubectl("wait", "--for=condition=Established", "--timeout=60s", *files)
    yield
    kinds.kubectl("delete", *files)


def test_the_prometheus_operator_takes_monitors_and_alerts(kinds, operator_kinds, space):
    def apply(one):
        return kinds.kubectl("apply", "--validate=strict", "-f", "-", check=False, stdin=json.dumps(
            one | {"metadata": one["metadata"] | {"namespace": space.name}}))

    objects = render(*EVERYTHING, "podMonitor.labels.release=p", "alerts.labels.release=p", "podMonitor.interval=1m30s")
    ours = {key: one for key, one in objects.items() if key[0] in ("PodMonitor", "PrometheusRule")}
    assert len(ours) == 3
    for one in ours.values():
        assert one["metadata"]["labels"]["release"] == "p"
        result = apply(one)
        assert result.returncode == 0, result.stderr
    ours["PodMonitor", "kcr-agent"]["spec"]["podMetricsEndpoints"][0]["interval"] = "often"
    ours["PrometheusRule", "kcr"]["spec"]["groups"][0]["rules"][0]["sumary"] = "a member that there is not"
    for key, words in (("PodMonitor", "kcr-agent"), "interval"), (("PrometheusRule", "kcr"), "sumary"):
        assert words in apply(ours[key]).stderr


@pytest.fixture
def release(kinds):
    """helm with a connection to the cluster. What is left of a test is removed."""
    def run(*arguments):
        command = [ROOT / "cluster" / "exec", "--name", kinds.name, "--net", ROOT / "tools" / "helm", *arguments,
                   "--namespace", "kcr-system", "--kubeconfig", kinds.kubeconfig]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, f"{' '.join(arguments)}:\n{result.stdout}{result.stderr}"

    yield run
    run("uninstall", "kcr", "--ignore-not-found")
    kinds.kubectl("delete", "namespace", "kcr-system", "kcr-agent", "--ignore-not-found", "--wait=false")


def test_helm_takes_over_and_leaves_the_kinds_behind(kinds, release, space):
    """From an applied install.yaml to a release, another one, and none; the session's kinds stay with their objects."""
    def get(path):
        return kinds.api.call("GET", path)

    controller = "/apis/apps/v1/namespaces/kcr-system/deployments/kcr-controller"
    options = "/api/v1/namespaces/kcr-system/configmaps/kcr-controller"
    kinds.kubectl("apply", "-f", ROOT / "deploy" / "install.yaml")
    before = get(controller)
    release("install", "kcr", str(CHART), "--take-ownership",
            *settings(["networkPolicy.enabled=true", "dashboard.enabled=true"]))
    after = get(controller)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"] == before["spec"], "nothing is restarted"
    dashboard = get("/api/v1/namespaces/kcr-system/configmaps/kcr-dashboard")["data"]["kcr.json"]
    assert json.loads(dashboard)["uid"] == "kcr"

    # by force, because kubectl has a say in what it has applied until somebody else changes it
    release("upgrade", "kcr", str(CHART), "--force-conflicts",
            *settings(["controller.replicas=3", "controller.config.log-level=debug"]))
    assert get(controller)["spec"]["replicas"] == 3
    assert "log-level: debug" in get(options)["data"]["controller.yaml"]

    space.schedule("kept")
    uid = space.get("checkpointschedules", "kept")["metadata"]["uid"]
    release("uninstall", "kcr")
    with pytest.raises(ApiError, match="404"):
        get(controller)
    for kind in KINDS:
        get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{kind}.checkpoint-restore.kcr.io")
    assert space.get("checkpointschedules", "kept")["metadata"]["uid"] == uid
