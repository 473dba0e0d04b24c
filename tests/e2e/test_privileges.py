"""What KCR's programs may do, as the API server sees it."""

import os

import pytest

import harness

CONTROLLER = "system:serviceaccount:kcr-system:kcr-controller"
AGENT = "system:serviceaccount:kcr-agent:kcr-agent"


@pytest.mark.parametrize("account, verb, resource, is_allowed", [
    (AGENT, "create", "nodes/checkpoint", True),
    (AGENT, "get", "nodes/proxy", False),
    (AGENT, "create", "nodes/proxy", False),
    (AGENT, "patch", "pods", False),
    (AGENT, "get", "secrets", False),
    (AGENT, "delete", "checkpoints.checkpoint-restore.kcr.io", False),
    (CONTROLLER, "patch", "pods", True),
    (CONTROLLER, "get", "secrets", False),
    (CONTROLLER, "list", "secrets", False),
    (CONTROLLER, "create", "nodes/checkpoint", False),
    (CONTROLLER, "get", "nodes/proxy", False),
    (CONTROLLER, "create", "pods", False),
    (CONTROLLER, "create", "pods/exec", False),
])
def test_who_may_do_what(cluster, account, verb, resource, is_allowed):
    kind, _, subresource = resource.partition("/")
    options = [f"--subresource={subresource}"] if subresource else []
    answer = cluster.kubectl("auth", "can-i", verb, kind, *options, f"--as={account}", "-A", check=False).stdout
    assert answer.split()[-1:] == ["yes" if is_allowed else "no"], answer


def test_the_programs_run_with_what_they_need_only(cluster):
    def security(program):
        [container] = program["spec"]["template"]["spec"]["containers"]
        return container["securityContext"]
    controller = cluster.api("/apis/apps/v1/namespaces/kcr-system/deployments/kcr-controller")
    agent = cluster.api("/apis/apps/v1/namespaces/kcr-agent/daemonsets/kcr-agent")
    for one in (controller, agent):
        assert security(one)["capabilities"] == {"drop": ["ALL"]}
        assert security(one)["allowPrivilegeEscalation"] is False
        assert security(one)["readOnlyRootFilesystem"] is True
    hold = next(one for one in agent["spec"]["template"]["spec"]["initContainers"] if one["name"] == "hold")
    assert hold["securityContext"] == {**security(agent), "runAsUser": 65534, "runAsGroup": 65534, "runAsNonRoot": True}
    system = cluster.api("/api/v1/namespaces/kcr-system")
    assert system["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_holder_of_calls_may_do_nothing_and_sees_no_token(cluster):
    [agent] = cluster.pods_of(harness.AGENT)
    status = next(one for one in agent["status"]["initContainerStatuses"] if one["name"] == "hold")
    pid = cluster.first_process(status["containerID"])
    fields = dict(line.split(":", 1) for line in cluster.file_of_process(pid, "status").read_text().splitlines())
    assert fields["Uid"].split() == ["65534"] * 4
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert os.listdir(cluster.file_of_process(pid, "root/var/run/secrets/kubernetes.io/serviceaccount")) == []


def test_the_way_to_the_door_has_one_port_and_may_do_nothing(cluster):
    """Everybody may forward ports to its Pod: there is nothing but the door, and only for who comes so."""
    cluster.kubectl("-n", "kcr-relay", "rollout", "status", "daemonset/kcr-relay", "--timeout=60s")
    [relay] = cluster.pods_of(harness.RELAY)
    [status] = relay["status"]["containerStatuses"]
    pid = cluster.first_process(status["containerID"])
    fields = dict(line.split(":", 1) for line in cluster.file_of_process(pid, "status").read_text().splitlines())
    assert fields["Uid"].split() == ["65534"] * 4
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0 and fields["NoNewPrivs"].strip() == "1"
    assert not cluster.file_of_process(pid, "root/var/run/secrets").exists()
    [agent] = cluster.pods_of(harness.AGENT)
    [agent_status] = agent["status"]["containerStatuses"]
    agent_pid = cluster.first_process(agent_status["containerID"])
    networks = [os.readlink(cluster.file_of_process(each, "ns/net")) for each in (pid, agent_pid)]
    assert networks[0] != networks[1]
    sockets = [line.split() for name in ("tcp", "tcp6")
               for line in cluster.file_of_process(pid, f"net/{name}").read_text().splitlines()[1:]]
    assert [fields[1] for fields in sockets if fields[3] == "0A"] == ["0100007F:1D2F"]  # 127.0.0.1:7471
    for namespace, is_allowed in (("kcr-relay", "yes"), ("kcr-agent", "no"), ("kcr-system", "no")):
        answer = cluster.kubectl("auth", "can-i", "create", "pods", "--subresource=portforward", "-n", namespace,
                                 "--as=anybody", "--as-group=system:authenticated", check=False).stdout
        assert answer.split()[-1:] == [is_allowed], (namespace, answer)
