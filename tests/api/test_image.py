"""`kubectl kcr inspect IMAGE`: images at Debian's docker-registry, made by KCR and by skopeo, and at registries that lie."""

import hashlib
import http.server
import io
import json
import os
import re
import subprocess
import tarfile
import threading

import pytest

# pylint: disable=unused-import
from test_registry import ROOT, assert_pushed, docker_config, driver, push, skopeo, start_registry

ARCHIVE = ROOT / "tests/fuzz/corpus/inspect/processes.tar"
OCTETS = "application/octet-stream"


def inspect(*arguments, **variables):
    """The command without a kubeconfig and, but for what is given, without logins."""
    program = driver().parents[2] / "src/main/kubectl-kcr"
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "KUBECONFIG": "/nowhere", **variables}
    return subprocess.run([program, "inspect", *map(str, arguments)], capture_output=True, text=True, timeout=60, env=environment, check=False)


def report(*arguments, **variables):
    done = inspect(*arguments, "-o", "json", **variables)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return told.pop("source"), told


@pytest.fixture(scope="module")
def expected():
    return report(ARCHIVE)[1]


def test_an_image_of_kcr_tells_what_its_archive_tells(start_registry, expected):
    registry = start_registry()
    digest = assert_pushed(push(f"{registry.address}/shop/web:v1", ARCHIVE))
    name = f"{registry.address}/shop/web"
    for word, source in ((f"{name}:v1", f"{name}:v1@{digest}"), (f"{name}@{digest}", f"{name}@{digest}"),
                         (f"docker://{name}:v1", f"{name}:v1@{digest}")):
        assert report(word) == (source, expected)
    assert inspect(f"{name}:v1", "--diff", ARCHIVE).stdout == ""
    assert inspect(ARCHIVE, "--diff", f"{name}:v1").stdout == ""


def write_image(directory):
    """The archive as an image in the form of skopeo's dir: transport."""
    def add(content, name=""):
        digest = hashlib.sha256(content).hexdigest()
        (directory / (name or digest)).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    directory.mkdir()
    kind = "application/vnd.oci.image"
    layer = add(ARCHIVE.read_bytes())
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
    add(json.dumps({"schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
                    "config": {"mediaType": f"{kind}.config.v1+json", **add(json.dumps(config).encode())},
                    "layers": [{"mediaType": f"{kind}.layer.v1.tar", **layer}]}).encode(), "manifest.json")
    (directory / "version").write_text("Directory Transport Version: 1.1\n")


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_compressed_layers_are_told_and_read(start_registry, expected, tmp_path, form):
    registry = start_registry()
    write_image(tmp_path / "plain")
    skopeo("copy", "--dest-compress", "--dest-compress-format", form, f"dir:{tmp_path}/plain", f"dir:{tmp_path / form}")
    skopeo("copy", "--dest-tls-verify=false", f"dir:{tmp_path / form}", f"docker://{registry.address}/shop/web:v1")
    before = sorted(os.listdir(tmp_path))
    done = inspect(f"{registry.address}/shop/web:v1", "-o", "json", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.pop("source").startswith(f"{registry.address}/shop/web:v1@sha256:")
    assert told == expected
    assert "The layer is compressed" in done.stderr and f"downloaded to {tmp_path}" in done.stderr
    assert sorted(os.listdir(tmp_path)) == before


@pytest.fixture
def whole_archive(tmp_path):
    """The corpus leaves the pages out: bytes in their places."""
    path = tmp_path / "whole.tar"
    path.write_bytes(ARCHIVE.read_bytes())
    with tarfile.open(path, "a") as tar:
        for number in range(1, 5):
            member = tarfile.TarInfo(f"checkpoint/pages-{number}.img")
            member.size = 256 << 10
            tar.addfile(member, io.BytesIO(os.urandom(member.size)))
    return path


def number(value):
    """Of 12 bytes, as GNU tar writes large ones."""
    return (1 << 95 | value).to_bytes(12, "big")


def header(name, kind, size, more=b""):
    """Of an entry, as old GNU tar writes it; `more` stands behind the names of owners."""
    bare = name.encode().ljust(100, b"\0") + b"0000600\0" + bytes(16) + number(size) + bytes(12)
    rest = kind + bytes(100) + b"ustar  \0" + bytes(121) + more
    return (bare + b"%06o\0 " % (sum(bare + rest) + 8 * 0x20) + rest).ljust(512, b"\0")


def with_hole(name, first, size):
    """A file of 512 bytes, a hole, and 512 bytes more (GNU tar's manual, "Old GNU Format")."""
    places = number(0) + number(512) + number(size - 512) + number(512)
    return header(name, b"S", 1024, places.ljust(97, b"\0") + number(size)) + first.ljust(512, b"\0") + bytes(512)


@pytest.mark.parametrize("name, first", [("checkpoint/pages-1.img", b""), ("rootfs-diff.tar", header("large", b"0", 1 << 59))],
                         ids=["pages", "changes"])
def test_a_hole_of_an_exbibyte_is_told_and_not_read(expected, tmp_path, name, first):
    """No bytes of the archive stand for it, and what lets it pass by as zeros never ends."""
    path = tmp_path / "hole.tar"
    path.write_bytes(with_hole(name, first, 1 << 60) + ARCHIVE.read_bytes())
    told = report(path)[1]
    assert f"'{name}' is a sparse file, whose holes are not read" in "\n".join(told["problems"])
    assert [process["pid"] for process in told["processes"]] == [process["pid"] for process in expected["processes"]]


def test_memory_of_an_image_is_searched_and_written(start_registry, whole_archive, tmp_path):
    registry = start_registry()
    assert_pushed(push(f"{registry.address}/shop/web:v1", whole_archive))
    image = f"{registry.address}/shop/web:v1"
    ours, theirs = (inspect(place, "--search", "0x0102") for place in (image, whole_archive))
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)
    assert len(ours.stdout.splitlines()) > 1
    ours, theirs = (inspect(place, "--dump-memory", "289", "--to", tmp_path / name)
                    for place, name in ((image, "ours"), (whole_archive, "theirs")))
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout) == (0, ours.stdout)
    assert len(set((tmp_path / "ours").read_bytes())) == 256
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_logins_are_those_of_the_other_tools(start_registry, expected, tmp_path):
    (tmp_path / "users").write_text(subprocess.run(["htpasswd", "-Bbn", "ann", "correct horse"], check=True, capture_output=True, text=True).stdout)
    registry = start_registry(auth={"htpasswd": {"realm": "test", "path": str(tmp_path / "users")}})
    config = docker_config(tmp_path, registry.address, "ann", "correct horse")
    assert_pushed(push(f"{registry.address}/shop/web:v1", ARCHIVE, "--docker-config", config))
    image = f"{registry.address}/shop/web:v1"
    assert report(image, DOCKER_CONFIG=str(tmp_path))[1] == expected
    assert report(image, REGISTRY_AUTH_FILE=str(config))[1] == expected
    assert report(image, "--authfile", config)[1] == expected
    denied = inspect(image)
    assert denied.returncode == 1 and "cannot read image" in denied.stderr and "cannot log in" in denied.stderr
    missing = inspect(image, "--authfile", tmp_path / "none")
    assert missing.returncode == 1 and "none" in missing.stderr


# ---- Registries that lie ----


class Liar:
    """A registry of one image, with one thing wrong."""

    def __init__(self, content, fault="", layers=1):
        self.content, self.fault, self.served = content, fault, 0
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": len(content),
                 "digest": "sha256:" + hashlib.sha256(content).hexdigest()}
        if fault == "compressed":
            layer |= {"mediaType": layer["mediaType"] + "+gzip", "digest": "sha256:" + "1" * 64}
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": layer["digest"], "size": 2},
            "layers": [layer] * layers}).encode()
        liar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                liar.answer(self)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        if "/manifests/" in request.path:
            digest = "sha256:" + ("0" * 64 if self.fault == "digest" else hashlib.sha256(self.manifest).hexdigest())
            self.send(request, 200, self.manifest, json.loads(self.manifest)["mediaType"], {"Docker-Content-Digest": digest})
        elif self.fault == "redirect" and "elsewhere" not in request.path:
            self.send(request, 307, b"", OCTETS, {"Location": f"http://localhost:{self.server.server_port}/elsewhere"})
        elif self.fault == "redirect" and request.headers["Authorization"]:
            self.send(request, 400, b"", OCTETS, {})
        else:
            self.send_range(request)

    def send_range(self, request):
        first, last = map(int, request.headers["Range"].removeprefix("bytes=").split("-"))
        piece = self.content[first:last + 1]
        if self.fault == "short":
            piece = piece[:-1]
        if self.fault == "whole":
            self.send(request, 200, self.content, OCTETS, {})
        elif self.fault == "absent":
            self.send(request, 404, b"", OCTETS, {})
        else:
            self.served += len(piece)
            self.send(request, 206, piece, OCTETS, {"Content-Range": f"bytes {first}-{last}/{len(self.content)}"})

    @staticmethod
    def send(request, status, body, kind, headers):
        request.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


def test_only_what_matters_of_a_layer_is_fetched(expected):
    """The archive's pages are small; a file of 64 MiB in front of its end is none of what a report needs."""
    archive = ARCHIVE.read_bytes().rstrip(b"\0")
    archive += bytes(-len(archive) % 512)
    header = bytearray(512)
    header[0:12] = b"some/ballast"
    header[100:107], header[124:135], header[156:157], header[257:263] = b"0000600", b"%011o" % (64 << 20), b"0", b"ustar\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with Liar(archive + bytes(header) + bytes(64 << 20) + bytes(1024)) as registry:
        told = report(f"{registry.address}/shop/web:v1")[1]
        assert told["processes"] == expected["processes"]
        assert registry.served < 4 << 20
        registry.served = 0
        fetched = re.search(r"^Fetched (\S+)Ki of 64Mi by (\d+) requests\.$", inspect(f"{registry.address}/shop/web:v1", "-v", "1").stderr, re.M)
        assert round(float(fetched[1])) == round(registry.served / 1024)


def test_redirects_are_followed_without_the_login(expected, tmp_path):
    with Liar(ARCHIVE.read_bytes(), "redirect") as registry:
        config = docker_config(tmp_path, registry.address, "ann", "correct horse")
        assert report(f"{registry.address}/shop/web:v1", "--authfile", config)[1] == expected


@pytest.mark.parametrize("fault, words", [
    ("digest", "its manifest has the digest"), ("short", "instead of"), ("whole", "does not serve parts of blobs"),
    ("absent", "404"), ("compressed", "its layer has the digest")])
def test_what_is_wrong_with_a_registry_is_told(fault, words):
    with Liar(ARCHIVE.read_bytes() + bytes(1 << 20), fault) as registry:
        done = inspect(f"{registry.address}/shop/web:v1")
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr and registry.address in done.stderr


def test_what_a_registry_says_does_not_drive_the_terminal():
    with Liar(ARCHIVE.read_bytes()) as registry:
        registry.manifest = json.dumps({"schemaVersion": 2, "mediaType": "\x1b]52;c;eA==\x07\x9b1m"}).encode()
        done = inspect(f"{registry.address}/shop/web:v1")
    assert done.returncode == 1 and "' ]52;c;eA==  1m'" in done.stderr
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stderr)


def test_what_is_no_image_of_a_checkpoint_is_told():
    with Liar(ARCHIVE.read_bytes(), layers=2) as registry:
        assert "it has 2 layers" in inspect(f"{registry.address}/shop/web:v1").stderr
    with Liar(b"no tar at all" * 100) as registry:
        assert "cannot inspect" in inspect(f"{registry.address}/shop/web:v1").stderr
    assert "neither a file nor an image" in inspect("UPPER/Case:x:y").stderr
