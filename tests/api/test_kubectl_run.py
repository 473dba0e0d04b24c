"""kubectl kcr run as its users call it: the Pod and the RestoreRequest that it makes, and what it refuses."""

import pytest

from user import User, checkpoint
from world import eventually

GATED = [{"name": "kcr.io/restore"}]


@pytest.fixture
def original(space):
    """A Pod with a claim's and admission's marks, and its checkpoint by kcr-runtime."""
    pod = space.pod("web-5d6f-x", ["main", "side"], labels={"app": "web", "pod-template-hash": "5d6f"},
                    nodeSelector={"disk": "fast"})
    checkpoint(space, pod, "ckp")
    return pod


def made(space, name="copy"):
    """The Pod and the request for it."""
    [request] = [r for r in space.list("restorerequests") if r["spec"]["podReference"]["name"] == name]
    return space.get("pods", name), request


def finish(space, request, phase, message):
    space.patch("restorerequests", request["metadata"]["name"], {"status": {"phase": phase, "message": message}},
                "status")


def test_run_makes_a_gated_pod_like_the_other_one_and_its_request(editor, space, original):
    lines = editor.lines("run", "copy", "--from", "ckp", "--labels=app=copy,tier=test", "--timeout=90s")
    pod, request = made(space)
    assert lines == ["pod/copy created",
                     f"restorerequest.checkpoint-restore.kcr.io/{request['metadata']['name']} created"]
    assert request["spec"] == {"podReference": {"name": "copy"}, "containerName": "main", "checkpointName": "ckp",
                               "timeoutSeconds": 90}
    assert pod["metadata"]["labels"] == {"app": "copy", "tier": "test"}
    assert not {"ownerReferences", "annotations"} & set(pod["metadata"])
    spec = pod["spec"]
    assert spec["schedulingGates"] == GATED and not {"nodeName", "nodeSelector"} & set(spec)
    [term] = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term == {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}
    assert [(c["name"], c["image"], c["volumeMounts"]) for c in spec["containers"]] == [
        (c["name"], c["image"], c["volumeMounts"]) for c in original["spec"]["containers"]]


def test_a_dry_run_makes_nothing(editor, space, original):
    printed = editor.kcr("run", "copy", "--from", "ckp", "--dry-run=client").stdout
    assert "kind: RestoreRequest" in printed and "- name: kcr.io/restore" in printed
    assert editor.lines("run", "copy", "--from", "ckp", "--dry-run=server")[0] == "pod/copy created (server dry run)"
    assert space.names("pods") == ["web-5d6f-x"] and space.names("restorerequests") == []
    # what it prints can be created
    editor.kinds.kubectl("-n", space.name, "create", "-f", "-", stdin=printed)
    assert made(space)


def test_an_archive_is_run_as_an_image(editor, space, original):
    archive = space.checkpoint(original, "archive")
    assert editor.lines("run", "copy", "--from", "archive") == ["pod/copy created"]
    main, side = space.get("pods", "copy")["spec"]["containers"]
    assert (main["image"], main["imagePullPolicy"]) == (archive["status"]["runtimeImage"], "IfNotPresent")
    assert side["image"] == "kcr.test/app:1"
    assert "schedulingGates" not in space.get("pods", "copy")["spec"] and space.names("restorerequests") == []


def replica_set(space):
    labels = {"app": "web", "pod-template-hash": "5d6f"}
    return space.create("replicasets", "ReplicaSet", "web-5d6f", {"spec": {
        "replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
            "terminationGracePeriodSeconds": 7, "containers": [{"name": "main", "image": "kcr.test/app:1"}]}}}})


@pytest.mark.parametrize("is_same", [True, False])
def test_when_the_pod_is_gone_its_template_has_the_spec_if_it_is_the_same(editor, space, is_same):
    made_by = replica_set(space)
    uid = made_by["metadata"]["uid"] if is_same else "another"
    checkpoint(space, space.pod("web-5d6f-x"), "ckp")
    space.checkpoint(space.get("pods", "web-5d6f-x"), "of-it", strategy="Runtime", workloadReference={
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d6f", "uid": uid})
    space.delete("pods", "web-5d6f-x")
    eventually(lambda: not space.get("pods", "web-5d6f-x"))
    if is_same:
        said = editor.kcr("run", "copy", "--from", "of-it").stderr
        assert "Pod 'web-5d6f-x' is gone: the new one is made from the template that replicaset 'web-5d6f' has" in said
        assert space.get("pods", "copy")["spec"]["terminationGracePeriodSeconds"] == 7
    else:
        assert "give a Pod's manifest by --filename" in editor.kcr("run", "copy", "--from", "of-it", status=1).stderr


def test_another_pod_of_the_same_name_is_not_the_one(editor, space, original):
    space.delete("pods", "web-5d6f-x")
    eventually(lambda: not space.get("pods", "web-5d6f-x"))
    space.pod("web-5d6f-x")
    assert "is gone" in editor.kcr("run", "copy", "--from", "ckp", status=1).stderr


def test_a_manifest_stands_in_for_a_pod_that_is_gone(editor, space, original, tmp_path):
    space.delete("pods", "web-5d6f-x")
    manifest = tmp_path / "pod.yaml"
    manifest.write_text("kind: Pod\nspec:\n  terminationGracePeriodSeconds: 5\n  containers:\n  - name: main\n    image: x\n")
    editor.kcr("run", "copy", "--from", "ckp", "-f", manifest)
    spec = made(space)[0]["spec"]
    assert spec["terminationGracePeriodSeconds"] == 5 and spec["schedulingGates"] == GATED
    assert spec["containers"][0]["image"] == "kcr.test/app:1"  # the checkpoint's
    manifest.write_text("kind: Deployment\nspec: {}\n")
    assert "is no manifest of a Pod" in editor.kcr("run", "more", "--from", "ckp", "-f", manifest, status=1).stderr


REFUSED = (
    (("copy",), "say by --from which checkpoint"),
    (("copy", "--from", "nowhere"), "a Pod starts from a checkpoint of its own namespace"),
    (("copy", "--from", "other/ckp"), "is not a name of a checkpoint"),
    (("copy", "--from", "ckp", "--labels=x"), "is not label=value"),
    (("a/b", "--from", "ckp"), "is not a name of a Pod"),
    (("web-5d6f-x", "--from", "ckp"), "already exists"),
    (("copy", "--from", "young"), "checkpoint 'young' cannot be run: its image is not built yet"),
    (("copy", "--from", "broken"), "checkpoint 'broken' cannot be run: its files are not what they were"),
)


def test_run_refuses_what_cannot_be(editor, space, original):
    checkpoint(space, original, "young")
    space.patch("checkpoints", "young", {"status": {"phase": "Processing"}}, "status")
    checkpoint(space, original, "broken")
    space.patch("checkpoints", "broken", {"status": {"conditions": [{
        "type": "Usable", "status": "False", "reason": "CheckpointDamaged", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}, "status")
    for arguments, words in REFUSED:
        assert words in editor.kcr("run", *arguments, status=1).stderr
    assert space.names("pods") == ["web-5d6f-x"] and space.names("restorerequests") == []


def test_a_claim_is_shared_only_if_that_is_said(editor, space):
    pod = space.pod("db", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "db-data"}}])
    checkpoint(space, pod, "ckp")
    assert "write to the claim 'db-data', as the old one does; --share-volumes" in editor.kcr(
        "run", "copy", "--from", "ckp", status=1).stderr
    editor.kcr("run", "copy", "--from", "ckp", "--share-volumes")
    assert made(space)


def test_run_waits_and_tells(editor, space, original):
    waiting = editor.start("run", "copy", "--from", "ckp", "--wait", "--timeout=60s")
    _, request = eventually(lambda: space.names("restorerequests") and made(space))
    assert waiting.stderr.readline() == "copy/main: Pending\n"
    finish(space, request, "Failed", "Can't bind inet socket back")
    told = waiting.communicate(timeout=30)[1]
    assert waiting.returncode == 1
    assert "Error: container 'main' of pod 'copy' was not restored: Can't bind inet socket back" in told
    assert "'kubectl describe pod copy' shows how the Pod is, 'kubectl delete pod copy' removes it." in told


def test_run_by_image_waits_for_the_container(editor, space, original):
    space.checkpoint(original, "archive")
    waiting = editor.start("run", "copy", "--from", "archive", "--wait", "--timeout=60s")
    assert waiting.stderr.readline() == "copy: waits for its node\n"
    state = {"name": "main", "ready": False, "restartCount": 0, "image": "", "imageID": ""}
    space.pod_status("copy", [{**state, "state": {"waiting": {"reason": "ErrImagePull", "message": "no\x1b]52;c;eA==\x07\x9b1m!"}}}], "Pending")
    assert waiting.stderr.readline() == "copy: ErrImagePull: no ]52;c;eA==  1m!\n"
    space.pod_status("copy", [space.running("main")])
    assert "copy: runs from the checkpoint's image\n" in waiting.communicate(timeout=30)[1]
    assert waiting.returncode == 0


def test_who_may_only_view_sees_what_would_be_made(roles, space, original, tmp_path):
    user = User(roles, space, tmp_path, "view").until_allowed("run", "copy", "--from", "ckp", "--dry-run=client")
    assert "kind: RestoreRequest" in user.kcr("run", "copy", "--from", "ckp", "--dry-run=client").stdout
    assert "cannot create pods" in user.kcr("run", "copy", "--from", "ckp", status=1).stderr


def test_who_may_make_pods_but_no_requests_leaves_none(roles, space, original, tmp_path):
    api = roles.api
    api.call("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space.name}/roles", {
        "metadata": {"name": "pods"}, "rules": [{"apiGroups": [""], "resources": ["pods"],
                                                 "verbs": ["get", "create", "delete"]}]})
    user = User(roles, space, tmp_path, "kcr-view")
    api.call("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space.name}/rolebindings", {
        "metadata": {"name": "pods"}, "subjects": [{"kind": "User", "name": user.name,
                                                    "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pods"}})
    user.until_allowed("run", "copy", "--from", "ckp", "--dry-run=client")
    said = user.kcr("run", "copy", "--from", "ckp", status=1)
    assert "cannot create restorerequests" in said.stderr and "Pod 'copy' is deleted again." in said.stderr
    eventually(lambda: space.names("pods") == ["web-5d6f-x"], what="the end of the Pod")
