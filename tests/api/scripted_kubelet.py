"""A kubelet that does what a test tells it: its checkpoint API over HTTPS, archives to hand out, its Pods.

A real kubelet cannot be made to answer 500, to hang, to cut its answer or to name an archive that is
not there; what it does when all is well is tested in tests/e2e.
"""

import http.server
import io
import json
import select
import socket
import ssl
import tarfile
import threading

from world import stamp

# As CRIU writes them: image version 2, and a dump that froze for 74,565 us.
INVENTORY = b"\x16\x31\x31\x58\x02\0\0\0\x08\x02"
STATS = b"\x40\x59\x10\x55\x06\x33\x09\x57\x06\0\0\0\x0a\x04\x10\xc5\xc6\x04"
LOG = b"(00.000064) Version: 4.2.1 (gitid 0)\n(00.210000) Dumping finished successfully\n"


def archive(namespace, pod, container="main", memory=10_000, **replaced):
    """A checkpoint archive as containerd 2.3 makes it; `replaced` by names with '_' for '.' and '/'."""
    config = {"id": "4d5b", "rootfsImageName": "kcr.test/app:1", "runtime": "io.containerd.runc.v2",
              "rootfsImageRef": "kcr.test/app@sha256:" + "1" * 64,
              "checkpointedTime": "2026-11-21T22:00:00.123456789+01:00"}
    cri = "io.kubernetes.cri."
    spec = {"ociVersion": "1.2.1", "annotations": {
        cri + "container-type": "container", cri + "container-name": container,
        cri + "sandbox-name": pod, cri + "sandbox-namespace": namespace,
        cri + "sandbox-uid": "u"}}
    files = {"checkpoint/inventory.img": INVENTORY, "checkpoint/pages-1.img": b"p" * memory,
             "config.dump": json.dumps(config).encode(), "dump.log": LOG,
             "rootfs-diff.tar": b"tar", "spec.dump": json.dumps(spec).encode(),
             "stats-dump": STATS}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            content = replaced.get(name.replace(".", "_").replace("/", "_"), content)
            if content is None:
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


class Answer(Exception):
    """Raised by a script: this answer, and nothing else."""

    def __init__(self, status, text=""):
        super().__init__(text)
        self.status = status
        self.text = text


class Cut(Exception):
    """Raised by a script: the connection ends here, in the middle of the answer."""


def no_such_pod():
    """What a kubelet says that has the checkpoint API and allows it: the agent asks for a Pod that cannot be."""
    raise Answer(404, "pod does not exist")


class Kubelet:
    """Listens in the cluster's network. `script(namespace, pod, container)` returns the archive's
    bytes, or raises Answer or Cut; without a script all goes well."""

    def __init__(self, cluster, directory):
        self.directory = directory
        self.script = archive
        self.calls = []
        self.hung_up = 0  # calls whose caller did not wait for the answer
        self.probe = no_such_pod
        self.pods = lambda: []  # what GET /pods lists; may raise Answer
        self.pod_calls = 0
        self.is_over = threading.Event()
        self.tls = tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(cluster.pki / "apiserver.crt", cluster.pki / "apiserver.key")
        tls.load_verify_locations(cluster.pki / "ca.crt")
        tls.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), self.handler(), bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = tls.wrap_socket(cluster.network.listen(), server_side=True)
        self.server.server_address = self.server.socket.getsockname()
        self.port = self.server.server_address[1]
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()

    def write(self, namespace, pod, container, content, began=None):
        """Where the kubelet puts an archive that it was asked for in that second; two of one second have one name."""
        path = self.directory / f"checkpoint-{pod}_{namespace}-{container}-{began or stamp()}.tar"
        path.write_bytes(content)
        return path

    def hang(self, seconds=60):
        self.is_over.wait(seconds)

    def archives(self):
        return sorted(p.name for p in self.directory.glob("*.tar"))

    def handler(kubelet):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                _, _, namespace, pod, container = self.path.split("?")[0].split("/")
                if pod == "no_pod":
                    return self.answer_probe()
                kubelet.calls.append((namespace, pod, container))
                began = stamp()
                try:
                    content = kubelet.script(namespace, pod, container)
                    self.look_for_caller()
                    path = content if not isinstance(content, bytes) else kubelet.write(
                        namespace, pod, container, content, began)
                    self.reply(200, json.dumps({"items": [str(path)]}))
                except Answer as answer:
                    self.reply(answer.status, answer.text)
                except Cut:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"items\":[")
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True

            def answer_probe(self):
                try:
                    kubelet.probe()
                except Answer as answer:
                    self.reply(answer.status, answer.text)

            def look_for_caller(self):
                # One that waits says nothing.
                kubelet.hung_up += select.select([self.connection], [], [], 0)[0] != []

            def do_GET(self):
                kubelet.pod_calls += 1
                try:
                    self.reply(200, json.dumps({"kind": "PodList", "items": kubelet.pods()}))
                except Answer as answer:
                    self.reply(answer.status, answer.text)

            def reply(self, status, text):
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Handler
