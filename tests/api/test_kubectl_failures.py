"""What kubectl-kcr says when it cannot do what it was asked for, and what it leaves behind when it is interrupted."""

import json
import pathlib
import random
import re
import signal
import subprocess
import time

import pytest

from user import User, checkpoint
from world import ADDRESS, GROUP, PORT, SANITIZER, eventually

def test_a_denial_names_the_role_to_ask_for(roles, space, tmp_path):
    nobody = User(roles, space, tmp_path)
    told = nobody.kcr("list", status=1).stderr
    assert told.startswith(f"Error: cannot list checkpoints in namespace '{space.name}': ")
    assert (f"kubectl create rolebinding kcr-view --clusterrole=view --user='{nobody.name}' "
            f"-n {space.name}") in told


def test_all_namespaces_need_a_right_for_the_cluster(viewer):
    told = viewer.kcr("list", "-A", status=1).stderr
    assert "cannot list checkpoints: " in told
    assert "name a namespace by -n" in told


def test_a_server_that_is_away_is_named(viewer):
    viewer.write_kubeconfig("127.0.0.1", 1)
    told = viewer.kcr("list", "--request-timeout=1s", status=1).stderr
    assert told.startswith("Error: cannot list checkpoints in namespace ")
    assert "The API server https://127.0.0.1:1 of context there cannot be reached" in told


def test_credentials_that_have_expired_are_named(viewer):
    viewer.token = "nonsense"
    viewer.write_kubeconfig()
    told = viewer.kcr("list", status=1).stderr
    assert "does not accept the credentials of context there" in told


@pytest.mark.parametrize("text, words", [
    ("{", "cannot read the kubeconfig"),
    ("{}", "has no current-context"),
    ('{"current-context": "x"}', "has no context 'x'"),
])
def test_a_kubeconfig_that_is_wrong_is_named(viewer, text, words):
    viewer.kubeconfig.write_text(text)
    told = viewer.kcr("list", status=1).stderr
    assert told.startswith("Error: ") and words in told


def test_requests_are_shown_without_secrets(viewer):
    told = viewer.kcr("list", "-v=6").stderr
    assert re.search(rf"^GET https://{ADDRESS}:{PORT}{GROUP}/namespaces/{viewer.space.name}/checkpoints"
                     r"\?limit=500 200 in \d+ ms$", told, re.M)
    assert viewer.token not in told


@pytest.fixture
def shop(editor, space, web):
    """deploy/web with a checkpoint, and a Pod of its own with one."""
    checkpoint(space, space.get("pods", "web-5d6f-x"), "old", age=7200)
    checkpoint(space, space.pod("lone"), "third", age=30)
    return editor


@pytest.mark.parametrize("source", ["token", "exec"])
def test_no_command_shows_the_token(shop, source):
    if source == "exec":  # a program that gives it
        credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                      "status": {"token": shop.token}}
        configuration = json.loads(shop.kubeconfig.read_text())
        configuration["users"][0]["user"] = {"exec": {
            "apiVersion": credential["apiVersion"], "command": "echo", "args": [json.dumps(credential)],
            "interactiveMode": "Never"}}
        shop.kubeconfig.write_text(json.dumps(configuration))
    commands = [["list"], ["describe", "old"], ["tree"], ["events", "deploy/web"], ["top", "--once"],
                ["timeline", "deploy/web"], ["checkpoint", "pod/web-5d6f-x", "-c", "main"],
                ["restore", "pod/lone", "--from", "third"], ["schedule", "deploy/web", "@daily"],
                ["prune", "--keep=0"]]
    for command in commands if source == "token" else commands[:1]:
        result = shop.kcr(*command, "-v=9")
        assert re.search(rf"^(GET|POST|PATCH|DELETE) https://{ADDRESS}", result.stderr, re.M), command
        assert shop.token not in result.stdout + result.stderr, command
        assert not re.search("bearer|authorization:", result.stdout + result.stderr, re.I), command


def test_what_is_not_there_is_named_with_a_way_to_find_what_is(shop):
    here = shop.space.name
    for command, failed, way in [
        ("list nope", f"there is no checkpoint 'nope' in namespace '{here}'", "'kubectl kcr list' shows"),
        ("describe nope", f"cannot get checkpoints '{here}/nope'",
         f"\n'kubectl kcr list -n {here}' shows the checkpoints there are; a workload or Pod is named deploy/NAME"),
        ("describe deploy/nope", f"cannot get deployments '{here}/nope'",
         f"\n'kubectl get deployments.apps -n {here}' shows what there is"),
        ("describe schedule/nope", f"cannot get checkpointschedules '{here}/nope'",
         f"\n'kubectl get checkpointschedules.checkpoint-restore.kcr.io -n {here}' shows"),
        ("checkpoint sts/nope", f"cannot get statefulsets '{here}/nope'", "'kubectl get statefulsets.apps -n "),
        ("checkpoint pod/web-5d6f-x -c oops", "pod 'web-5d6f-x' has no container 'oops'", "it has: main, side"),
        ("restore pod/lone --from nope", f"cannot get checkpoints '{here}/nope'", "'kubectl kcr list -n "),
        ("restore deploy/web", "pod 'web-5d6f-", "has 2 containers; say by -c which one goes back"),
        ("restore ds/nope", "there is no Pod of ds/nope", f"'kubectl get pods -n {here}' shows"),
        ("schedule deploy/nope @daily", f"cannot patch deployments '{here}/nope'", "'kubectl get deployments.apps"),
        ("suspend deploy/web", "deployment 'web' has no schedule", "'kubectl get ckps' shows those there are"),
    ]:
        told = shop.kcr(*command.split(), status=1).stderr
        assert told.startswith(f"Error: {failed}"), command
        assert way in told, command


def test_a_cluster_with_an_older_kcr_is_named(kinds, editor, two):
    with kinds.without("restorerequests"):
        told = editor.kcr("restore", "pod/lone", "--from", "third", status=1).stderr
        assert told.startswith("Error: cannot create restorerequests")
        assert "The KCR of this cluster is older than kubectl-kcr and does not have this kind: upgrade it" in told
        assert editor.lines("tree", "pod/lone")[0] == "pod/lone"  # what it has goes on


def test_a_server_that_is_another_one_is_named(viewer, tmp_path):
    authority = tmp_path / "authority"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=other", "-keyout", tmp_path / "key", "-out", authority],
                   check=True, capture_output=True)

    def told(**cluster):
        configuration = json.loads(viewer.kubeconfig.read_text())
        configuration["clusters"][0]["cluster"].update(cluster)
        other = tmp_path / "other"
        other.write_text(json.dumps(configuration))
        return viewer.kcr("list", f"--kubeconfig={other}", status=1).stderr
    assert "The certificate-authority of context there did not sign the certificate of" in told(
        **{"certificate-authority": str(authority)})


# ---- Ctrl-C ----

def interrupted(user, seconds, *arguments):
    """Ctrl-C after some time: what it said and how it ended, by the signal or by itself."""
    process = user.start(*arguments)
    program = pathlib.Path(f"/proc/{process.pid}/comm")
    eventually(lambda: program.read_text() == "kubectl-kcr\n", what="it to be more than a shell, which may lose a signal")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert not SANITIZER.search(errors), errors
    assert process.returncode in (0, 130, -signal.SIGINT), (process.returncode, errors)
    return output, errors, process.returncode


def moments(user, *arguments):
    """Times all over what such a command takes here and now, at random within each sixth of it."""
    began = time.monotonic()
    user.kcr(*arguments)
    took = time.monotonic() - began
    return [took * (sixth + random.random()) / 6 for sixth in range(6)]


@pytest.mark.parametrize("plural, short, arguments", [
    ("checkpointrequests", "request", ["checkpoint", "deploy/web", "--wait"]),
    ("restorerequests", "restore", ["restore", "deploy/web", "-c", "main", "--wait"]),
])
def test_an_interrupt_at_any_time_tells_of_all_that_was_asked_for(editor, space, web, plural, short, arguments):
    whole = {"checkpointrequests": 3, "restorerequests": 2}[plural]
    for seconds in moments(editor, *arguments[:-1]):
        for name in space.names(plural):
            space.delete(plural, name)
        _, errors, status = interrupted(editor, seconds, *arguments)
        made = space.names(plural)
        assert made == [] or len(made) == whole, f"half of it after {seconds} s: {made}"
        assert sorted(re.findall(rf"^  {short}/(\S+)$", errors, re.M)) == made, errors
        assert status == (130 if made else -signal.SIGINT)
        time.sleep(max(0, 1.05 - seconds))  # names have the second in them


def test_an_interrupted_prune_has_deleted_all_or_nothing(editor, space, two):
    for seconds in moments(editor, "prune", "--keep=0"):
        for name in ("gone-1", "gone-2", "gone-3"):
            if name not in space.names("checkpoints"):
                checkpoint(space, two, name, age=9000, restorable="False")
        output, _, status = interrupted(editor, seconds, "prune", "--keep=0")
        left = [name for name in space.names("checkpoints") if name.startswith("gone")]
        assert len(left) in (0, 3), f"half of it after {seconds} s: {left}"
        assert ("gone-1" in output, status) == ((True, 0) if not left else (False, -signal.SIGINT))
    assert "new" in space.names("checkpoints")  # the way back stays
