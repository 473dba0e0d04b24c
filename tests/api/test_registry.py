"""Our registry client and server with real tools: Debian's docker-registry, and skopeo.

The programs under test run inside build/*/tests/programs/registry_driver (KCR_BUILD names the build
tree). All traffic stays on loopback, each registry on a port and in a directory of its own.
"""

import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

for tool in ("docker-registry", "skopeo", "htpasswd", "openssl"):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed", allow_module_level=True)


def driver():
    trees = [os.environ["KCR_BUILD"]] if "KCR_BUILD" in os.environ else [
        ROOT / "build" / name for name in ("sanitize", "dev", "release")]
    for tree in trees:
        path = pathlib.Path(tree) / "tests" / "programs" / "registry_driver"
        if path.exists():
            return path
    pytest.skip("registry_driver is not built")


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Registry:
    """docker-registry in a temporary directory."""

    def __init__(self, directory, **sections):
        self.directory = directory
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.config = {
            "version": "0.1",
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(directory / "storage")}},
            "http": {"addr": self.address, "secret": "for tests"} | sections.pop("http", {}),
        } | sections
        self.process = None

    def start(self):
        path = self.directory / "registry.json"  # JSON is YAML
        path.write_text(json.dumps(self.config))
        with open(self.directory / "registry.log", "ab") as log:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", path], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.02)
        pytest.fail("docker-registry did not start:\n"
                    + (self.directory / "registry.log").read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_registry(tmp_path):
    started = []

    def start(**sections):
        registry = Registry(tmp_path, **sections).start()
        started.append(registry)
        return registry

    yield start
    for registry in started:
        registry.stop()


@pytest.fixture
def layer(tmp_path):
    path = tmp_path / "layer.tar"
    path.write_bytes(os.urandom(300_000))
    return path


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint that lies as a directory: its image's layer is composed."""
    path = tmp_path / "checkpoint-of-redis"
    (path / "checkpoint").mkdir(parents=True)
    for name, size in {"spec.dump": 700, "rootfs-diff.tar": 1024, "checkpoint/empty.img": 0,
                       "checkpoint/pages-1.img": 400_000, "checkpoint/core-1.img": 511}.items():
        (path / name).write_bytes(os.urandom(size))
    return path


def files_of(directory):
    return {str(path.relative_to(directory)): path.read_bytes()
            for path in directory.rglob("*") if path.is_file()}


def assert_layer_holds(blob, directory):
    """The tar has the directory's files and nothing else, each directory before its files."""
    with tarfile.open(blob) as layer:
        members = layer.getmembers()
        contents = {member.name: layer.extractfile(member).read()
                    for member in members if member.isfile()}
    assert [member.name for member in members if member.isdir()] == ["checkpoint"]
    assert members[0].isdir()
    assert contents == files_of(directory)
    assert {(member.mtime, member.uid, member.gid) for member in members} == {(0, 0, 0)}


def push(reference, layer, *options):
    return subprocess.run(
        [driver(), "push", reference, layer, *options],
        capture_output=True, text=True, timeout=120)


def assert_pushed(result):
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def skopeo(*arguments, check=True):
    result = subprocess.run(
        ["skopeo", "--insecure-policy", *map(str, arguments)],
        capture_output=True, text=True, timeout=120)
    if check:
        assert result.returncode == 0, result.stderr
    return result


def docker_config(directory, address, user, password):
    path = directory / "config.json"
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    path.write_text(json.dumps({"auths": {address: {"auth": auth}}}))
    return path


def assert_copy_is_whole(directory, layer, digest):
    """What skopeo copied into `directory` is the image that was described for `layer`."""
    manifest_bytes = (directory / "manifest.json").read_bytes()
    manifest = json.loads(manifest_bytes)
    content = layer.read_bytes()
    assert digest_of(manifest_bytes) == digest
    assert manifest["annotations"]["org.criu.checkpoint.container.name"] == "redis"
    assert manifest["annotations"]["io.kubernetes.cri-o.annotations.checkpoint.name"] == "redis"
    [described] = manifest["layers"]
    assert described["digest"] == digest_of(content)
    assert (directory / described["digest"].removeprefix("sha256:")).read_bytes() == content
    config = json.loads(
        (directory / manifest["config"]["digest"].removeprefix("sha256:")).read_bytes())
    assert config["rootfs"]["diff_ids"] == [described["digest"]]


# ---- Push ----


def test_skopeo_gets_from_docker_registry_what_we_pushed(start_registry, layer, tmp_path):
    registry = start_registry()
    digest = assert_pushed(push(f"{registry.address}/shop/redis:v1", layer))
    source = f"docker://{registry.address}/shop/redis:v1"
    inspected = json.loads(skopeo("inspect", "--tls-verify=false", source).stdout)
    assert inspected["Digest"] == digest
    assert inspected["Architecture"] == "amd64"
    assert inspected["Created"].startswith("2026-02-01T00:00:00Z")
    skopeo("copy", "--src-tls-verify=false", source, f"dir:{tmp_path / 'copy'}")
    assert_copy_is_whole(tmp_path / "copy", layer, digest)


def copied_layer(directory):
    """The layer's path and its digest as the manifest has it, in skopeo's copy of an image."""
    [described] = json.loads((directory / "manifest.json").read_bytes())["layers"]
    return directory / described["digest"].removeprefix("sha256:"), described["digest"]


def test_a_directory_arrives_as_a_layer(start_registry, checkpoint, tmp_path):
    registry = start_registry()
    assert_pushed(push(f"{registry.address}/shop/redis:v1", checkpoint))
    skopeo("copy", "--src-tls-verify=false", f"docker://{registry.address}/shop/redis:v1",
           f"dir:{tmp_path / 'copy'}")
    blob, digest = copied_layer(tmp_path / "copy")
    assert digest_of(blob.read_bytes()) == digest
    assert_layer_holds(blob, checkpoint)


def test_a_copy_of_a_directory_has_the_same_digest(start_registry, checkpoint, tmp_path):
    registry = start_registry()
    first = assert_pushed(push(f"{registry.address}/shop/redis:v1", checkpoint))
    (tmp_path / "other" / "checkpoint").mkdir(parents=True)
    for name in sorted(files_of(checkpoint), reverse=True):  # without modes, owners, times
        (tmp_path / "other" / name).write_bytes((checkpoint / name).read_bytes())
    second = assert_pushed(push(f"{registry.address}/shop/redis:v2", tmp_path / "other"))
    assert first == second


def test_a_second_push_changes_nothing(start_registry, layer):
    registry = start_registry()
    first = assert_pushed(push(f"{registry.address}/shop/redis:v1", layer))
    second = assert_pushed(push(f"{registry.address}/shop/redis:v2", layer))
    assert first == second


def test_without_a_tag_the_digest_names_the_manifest(start_registry, layer):
    registry = start_registry()
    digest = assert_pushed(push(f"{registry.address}/shop/redis", layer))
    skopeo("inspect", "--no-tags", "--tls-verify=false",
           f"docker://{registry.address}/shop/redis@{digest}")


def test_an_empty_layer_arrives(start_registry, tmp_path):
    registry = start_registry()
    (tmp_path / "empty").touch()
    assert_pushed(push(f"{registry.address}/shop/redis:v1", tmp_path / "empty"))


@pytest.mark.parametrize("form", ["file", "directory"])
def test_a_push_survives_the_restart_of_its_registry(start_registry, tmp_path, form):
    registry = start_registry()
    layer = tmp_path / "large"
    if form == "directory":
        (layer / "checkpoint").mkdir(parents=True)
        (layer / "spec.dump").write_bytes(b"{}")
    pages = layer / "checkpoint/pages-1.img" if form == "directory" else layer
    pages.write_bytes(os.urandom(1 << 20) * 256)
    result = []
    pushing = threading.Thread(target=lambda: result.append(
        push(f"{registry.address}/shop/redis:v1", layer, "--retries", "10")))
    pushing.start()
    while pushing.is_alive():
        uploads = (registry.directory / "storage").glob("**/_uploads/*/data")
        if any(path.stat().st_size > 8 << 20 for path in uploads):
            break
        time.sleep(0.005)
    registry.stop()
    registry.start()
    pushing.join()
    digest = assert_pushed(result[0])
    skopeo("copy", "--src-tls-verify=false", f"docker://{registry.address}/shop/redis:v1",
           f"dir:{tmp_path / 'copy'}")
    if form == "directory":
        assert_layer_holds(copied_layer(tmp_path / "copy")[0], layer)
    else:
        assert_copy_is_whole(tmp_path / "copy", layer, digest)


def test_nobody_listening_is_a_failure_that_names_the_address(layer):
    address = f"127.0.0.1:{free_port()}"
    result = push(f"{address}/shop/redis:v1", layer, "--retries", "1")
    assert result.returncode == 1
    assert result.stderr.startswith("SystemError: cannot push")
    assert f"cannot connect to '{address}'" in result.stderr


# ---- Basic authentication ----


@pytest.fixture
def protected(start_registry, tmp_path):
    passwords = tmp_path / "htpasswd"
    subprocess.run(["htpasswd", "-Bbc", "-C", "4", passwords, "ann", "correct horse"],
                   check=True, capture_output=True)
    return start_registry(auth={"htpasswd": {"realm": "tests", "path": str(passwords)}})


def test_basic_credentials_of_a_docker_config_are_used(protected, layer, tmp_path):
    config = docker_config(tmp_path, f"http://{protected.address}/v2/", "ann", "correct horse")
    digest = assert_pushed(
        push(f"{protected.address}/shop/redis:v1", layer, "--docker-config", config))
    inspected = skopeo("inspect", "--tls-verify=false", "--creds", "ann:correct horse",
                       f"docker://{protected.address}/shop/redis:v1").stdout
    assert json.loads(inspected)["Digest"] == digest


def test_a_wrong_password_is_told_without_showing_it(protected, layer, tmp_path):
    config = docker_config(tmp_path, protected.address, "ann", "wrong staple")
    result = push(f"{protected.address}/shop/redis:v1", layer, "--docker-config", config)
    assert result.returncode == 1
    assert result.stderr.startswith("Forbidden: ")
    assert "answered 401" in result.stderr and "credentials are" in result.stderr
    assert "staple" not in result.stderr


def test_missing_credentials_are_told(protected, layer):
    result = push(f"{protected.address}/shop/redis:v1", layer)
    assert result.returncode == 1
    assert "Forbidden: " in result.stderr and "no credentials" in result.stderr


# ---- TLS ----


@pytest.fixture
def certificate(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=tests", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"],
        check=True, capture_output=True)
    return tmp_path / "certificate.pem"


@pytest.fixture
def encrypted(start_registry, certificate):
    return start_registry(http={"tls": {
        "certificate": str(certificate), "key": str(certificate.with_name("key.pem"))}})


def test_a_registry_is_trusted_by_its_ca(encrypted, certificate, layer):
    assert_pushed(push(f"{encrypted.address}/shop/redis:v1", layer, "--ca", certificate))


def test_an_unknown_certificate_is_accepted_only_when_asked_for(
        encrypted, certificate, layer, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other",
         "-keyout", other / "key.pem", "-out", other / "ca.pem"],
        check=True, capture_output=True)
    refused = push(f"{encrypted.address}/shop/redis:v1", layer, "--ca", other / "ca.pem")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Forbidden: "), refused.stderr
    assert_pushed(push(f"{encrypted.address}/shop/redis:v1", layer, "--insecure"))


# ---- Tokens ----


def base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class TokenService:
    """Signs what docker-registry accepts (JWT, RS256); grants `actions` to ann."""

    def __init__(self, certificate, actions=("pull", "push"), lifetime=60):
        self.certificate = certificate
        self.actions = list(actions)
        self.lifetime = lifetime
        self.scopes = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.realm = f"http://127.0.0.1:{self.server.server_port}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(request.path).query)
        login = base64.b64encode(b"ann:secret").decode()
        if request.headers.get("Authorization") != f"Basic {login}":
            request.send_error(401)
            return
        self.scopes += query["scope"]
        body = json.dumps({"token": self.token(query["service"][0], query["scope"][0])}).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def token(self, service, scope):
        kind, name, _ = scope.split(":")
        now = int(time.time())
        der = subprocess.run(["openssl", "x509", "-in", self.certificate, "-outform", "DER"],
                             check=True, capture_output=True).stdout
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        claims = {
            "iss": "tests", "sub": "ann", "aud": service, "jti": str(now),
            "iat": now, "nbf": now - 5, "exp": now + self.lifetime,
            "access": [{"type": kind, "name": name, "actions": self.actions}]}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.certificate.with_name("key.pem")],
            input=signed.encode(), check=True, capture_output=True).stdout
        return f"{signed}.{base64url(signature)}"


@pytest.fixture
def start_token_registry(start_registry, certificate):
    def start(**options):
        service = TokenService(certificate, **options)
        registry = start_registry(auth={"token": {
            "realm": service.realm, "service": "a registry", "issuer": "tests",
            "rootcertbundle": str(certificate)}})
        return registry, service
    return start


def test_a_token_is_fetched_and_used(start_token_registry, layer, tmp_path):
    registry, service = start_token_registry()
    config = docker_config(tmp_path, registry.address, "ann", "secret")
    assert_pushed(push(f"{registry.address}/shop/redis:v1", layer, "--docker-config", config))
    assert service.scopes == ["repository:shop/redis:pull,push"]


def test_a_token_without_push_is_told(start_token_registry, layer, tmp_path):
    registry, _ = start_token_registry(actions=["pull"])
    config = docker_config(tmp_path, registry.address, "ann", "secret")
    result = push(f"{registry.address}/shop/redis:v1", layer, "--docker-config", config)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("Forbidden: cannot push"), result.stderr
    assert "blobs/uploads/" in result.stderr and "lack push on 'shop/redis'" in result.stderr


def test_a_wrong_password_is_refused_by_the_token_service(start_token_registry, layer, tmp_path):
    registry, _ = start_token_registry()
    config = docker_config(tmp_path, registry.address, "ann", "staple")
    result = push(f"{registry.address}/shop/redis:v1", layer, "--docker-config", config)
    assert result.returncode == 1
    assert "token service answered 401" in result.stderr
    assert "staple" not in result.stderr


# ---- Serve ----


@contextlib.contextmanager
def serve(registry, layer, tmp_path):
    """Our server over the parts of an image that we pushed elsewhere before."""
    digest = assert_pushed(push(f"{registry.address}/shop/redis:v1", layer))
    copied = tmp_path / "copied"
    skopeo("copy", "--src-tls-verify=false", f"docker://{registry.address}/shop/redis:v1",
           f"dir:{copied}")
    parts = tmp_path / "served" / "shop" / "redis"
    (parts / "blobs").mkdir(parents=True)
    (parts / "manifests").mkdir()
    shutil.copy(copied / "manifest.json", parts / "manifests" / digest)
    (parts / "manifests" / "v1").symlink_to(digest)
    (parts / "manifests" / "v2").symlink_to(digest)
    for blob in copied.iterdir():
        if len(blob.name) == 64:
            shutil.copy(blob, parts / "blobs" / f"sha256:{blob.name}")
    if layer.is_dir():  # in place of the tar of it
        _, layer_digest = copied_layer(copied)
        (parts / "blobs" / layer_digest).unlink()
        shutil.copytree(layer, parts / "blobs" / layer_digest)
    process = subprocess.Popen([driver(), "serve", tmp_path / "served"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = process.stdout.readline().removeprefix("port ").strip()
    yield f"localhost:{port}", digest
    process.stdin.close()
    assert process.wait(timeout=10) == 0


@pytest.fixture
def served(start_registry, layer, tmp_path):
    with serve(start_registry(), layer, tmp_path) as address_and_digest:
        yield address_and_digest


@pytest.fixture
def served_directory(start_registry, checkpoint, tmp_path):
    with serve(start_registry(), checkpoint, tmp_path) as address_and_digest:
        yield address_and_digest


@pytest.mark.parametrize("by", [":v1", "@digest"])
def test_skopeo_copies_from_our_registry(served, layer, tmp_path, by):
    address, digest = served
    reference = f"docker://{address}/shop/redis{by.replace('digest', digest)}"
    skopeo("copy", "--src-tls-verify=false", reference, f"dir:{tmp_path / 'copy'}")
    assert_copy_is_whole(tmp_path / "copy", layer, digest)


def test_skopeo_copies_a_directory_from_our_registry(served_directory, checkpoint, tmp_path):
    address, _ = served_directory
    skopeo("copy", "--src-tls-verify=false", f"docker://{address}/shop/redis:v1",
           f"dir:{tmp_path / 'copy'}")  # compares the digests
    blob, _ = copied_layer(tmp_path / "copy")
    assert_layer_holds(blob, checkpoint)


def test_any_range_of_a_directory_is_that_of_its_tar(served_directory, tmp_path):
    address, _ = served_directory
    blob, digest = copied_layer(tmp_path / "copied")
    whole = blob.read_bytes()
    for first, last in [(0, 0), (500, 530), (1000, 200_000), (len(whole) - 1500, len(whole) - 1)]:
        request = urllib.request.Request(f"http://{address}/v2/shop/redis/blobs/{digest}",
                                         headers={"Range": f"bytes={first}-{last}"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 206
            assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
            assert answer.read() == whole[first:last + 1]


def test_a_file_that_is_cut_is_never_served_as_if_it_were_whole(served_directory, tmp_path):
    address, _ = served_directory
    _, digest = copied_layer(tmp_path / "copied")
    pages = tmp_path / "served/shop/redis/blobs" / digest / "checkpoint/pages-1.img"
    os.truncate(pages, 64 << 20)  # more than the sockets' buffers hold
    with urllib.request.urlopen(f"http://{address}/v2/shop/redis/blobs/{digest}") as answer:
        answer.read(1000)
        os.truncate(pages, 1000)
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


def test_skopeo_inspects_and_lists_tags(served):
    address, digest = served
    inspected = json.loads(
        skopeo("inspect", "--tls-verify=false", f"docker://{address}/shop/redis:v2").stdout)
    assert inspected["Digest"] == digest
    assert inspected["RepoTags"] == ["v1", "v2"]


def test_pages_of_tags_are_followed_to_the_end(served):
    address, _ = served
    path, seen = "/v2/shop/redis/tags/list?n=1", []
    while path is not None:
        with urllib.request.urlopen(f"http://{address}{path}") as answer:
            seen += json.load(answer)["tags"]
            link = answer.headers["Link"]
            path = link.split(">")[0].removeprefix("<") if link else None
    assert seen == ["v1", "v2"]


def test_our_registry_refuses_pushes(served, layer):
    address, _ = served
    result = push(f"{address}/shop/redis:v3", layer)
    assert result.returncode == 1
    result = push(f"{address}/shop/other:v1", layer)
    assert result.returncode == 1
    assert "Unsupported: cannot push" in result.stderr and "read-only" in result.stderr


def test_another_repository_does_not_see_the_blobs(served, layer):
    address, _ = served
    blob = digest_of(layer.read_bytes())
    with urllib.request.urlopen(f"http://{address}/v2/shop/redis/blobs/{blob}") as answer:
        assert answer.read() == layer.read_bytes()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://{address}/v2/shop/other/blobs/{blob}")
    assert refused.value.code == 404
    assert json.load(refused.value)["errors"][0]["code"] == "BLOB_UNKNOWN"
