"""Flags, the file of options and its changes, as a user of the programs meets them."""

import os
import signal
import subprocess

import pytest

from world import binary

HEADS = {"controller": "ControllerConfiguration", "agent": "AgentConfiguration"}


def write(path, part, *lines):
    path.write_text("\n".join(("apiVersion: config.kcr.io/v1", f"kind: {HEADS[part]}", *lines, "")))


def run(*arguments):
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=20)


def test_every_mistake_of_file_and_flags_is_told_at_once(tmp_path):
    path = tmp_path / "agent.yaml"
    write(path, "agent", "logLevel: debug", "store-max-size: lots", "push-plain-http: true")
    result = run("agent", f"--config={path}", "--kubelet-port=0", "--node-nam=x")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "kcr agent: 6 mistakes in its options",
        "  --kubelet-port: '0' is not a number from 1 to 65535",
        "  --node-nam: there is no such option; did you mean --node-name?",
        f"  {path}:3: logLevel: there is no such option; did you mean log-level?",
        f"  {path}:4: store-max-size: 'lots' is not a quantity of bytes such as 500Mi or 10Gi",
        "  node-name: it is missing (in a Pod: the field spec.nodeName)",
        "  push-registry: it is missing, the other push options need it",
        "'kcr agent --help' tells what there is."]


@pytest.mark.parametrize("command, mistakes", [
    ("controller --leader-elect-lease-duration=5s",
     ["leader-elect-renew-deadline: it must be shorter than leader-elect-lease-duration"]),
    ("controller --leader-elect-retry-period=9s --leader-elect-resource-name=",
     ["leader-elect-retry-period: 1.2 times this must be shorter than leader-elect-renew-deadline",
      "leader-elect-resource-name: it must not be empty"]),
    ("agent --node-name=x --kubelet-insecure-tls --kubelet-certificate-authority=/ca",
     ["kubelet-insecure-tls: it contradicts kubelet-certificate-authority"]),
])
def test_what_options_need_of_each_other_is_told(command, mistakes):
    result = run(*command.split())
    assert result.returncode == 2
    assert [line.strip() for line in result.stderr.splitlines()[1:-1]] == mistakes


@pytest.mark.parametrize("part", ["controller", "agent", "install-runtime", "uninstall-runtime"])
def test_help_fits_a_terminal(part):
    result = run(part, "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert ("--config=PATH" in result.stdout) == (part in HEADS)


def test_a_changed_file_is_taken_up_without_a_restart(kinds, programs, tmp_path):
    """As the kubelet changes a ConfigMap's mount: the link by way of which the file lies there is exchanged."""
    def put(version, *lines):
        (tmp_path / version).mkdir()
        write(tmp_path / version / "controller.yaml", "controller", *lines)
        (tmp_path / "new").symlink_to(version)
        os.rename(tmp_path / "new", tmp_path / "..data")

    path = tmp_path / "controller.yaml"
    path.symlink_to("..data/controller.yaml")
    put("1", "leader-elect: false")
    controller = programs("controller", f"--config={path}", f"--kubeconfig={kinds.kubeconfig}").start()
    controller.says("Started reconciling")

    put("2", "leader-elect: false", "log-format: json", "log-levl: info")
    controller.says("there is no such option; did you mean log-level?")
    put("3", "leader-elect: true", "log-format: json", "schedule-spread: 30s")
    controller.says('"msg":"Took up changed options","options":"schedule-spread=30s, log-format=json"')
    controller.says('"msg":"Changed options need a restart","options":"leader-elect"')
    controller.signal(signal.SIGHUP)
    controller.says("Changed options need a restart", times=2)
    assert controller.process.poll() is None
