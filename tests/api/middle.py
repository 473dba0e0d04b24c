"""A server between our programs and the API server that understands what they say: it answers in
the API server's place, loses its answers, breaks a watch in the middle of an event, or asks for a
token and shows a certificate of its own. What it passes on it passes on as the admin."""

import contextlib
import http.client
import http.server
import json
import socket
import ssl
import subprocess
import threading

from proxy import reset

GONE = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version: 1 (2)"}


def refusal(status, message="by the test"):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status,
                       "message": message}).encode()


class Fault:
    """What happens to one request instead of all being well."""

    def __init__(self, status=None, body=None, headers=(), is_lost=False, cut_after=None,
                 is_mute=False, delay=0):
        self.status = status  # answered by us; the API server hears nothing
        self.body = refusal(status) if body is None and status else body
        self.headers = dict(headers)
        self.is_lost = is_lost  # it is done, and the connection ends before the answer
        self.cut_after = cut_after  # a watch ends by a reset after so many bytes
        self.is_mute = is_mute  # a watch is open and says nothing
        self.delay = delay  # seconds until we listen to it


class Middle:
    """Listens in the cluster's network. `script(method, path)` returns a Fault or None."""

    def __init__(self, cluster, authority):
        self.api = cluster.api
        self.network = cluster.network
        self.script = lambda method, path: None
        self.rewrite = lambda path: path  # what the API server is asked instead
        self.tokens = None  # those that are let in; None: everybody is
        self.requests = []  # method, path, token
        self.compressed = []  # paths that the API server answered by gzip
        self.open = set()  # connections
        self.waiting = 0  # requests that are held back
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.listening = cluster.network.listen()
        self.port = self.listening.getsockname()[1]
        self.show(authority)
        threading.Thread(target=self._accept, daemon=True).start()

    def show(self, authority):
        """From now on new connections get a certificate of this authority."""
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(authority.certificate, authority.key)
        self.tls = tls

    def cut(self):
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            reset(connection)

    def close(self):
        self.is_over.set()
        self.listening.close()
        self.cut()

    def count(self, word, method=None):
        return sum(word in path and method in (None, used) for used, path, _ in self.requests)

    def _accept(self):
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            with self.tls.wrap_socket(plain, server_side=True) as connection:
                with self.lock:
                    self.open.add(connection)
                try:
                    Handler(self, connection)
                finally:
                    with self.lock:
                        self.open.discard(connection)


class Handler(http.server.BaseHTTPRequestHandler):
    """The requests of one connection, each passed on or not."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, middle, connection):
        self.middle = middle
        self.upstream = None
        super().__init__(connection, None, None)

    def finish(self):
        super().finish()
        if self.upstream is not None:
            self.upstream.close()

    def answer_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.middle.requests.append((self.command, self.path, token))
        if self.middle.tokens is not None and token not in self.middle.tokens:
            self.reply(401, refusal(401, "Unauthorized"))
            return
        fault = self.middle.script(self.command, self.path) or Fault()
        if fault.delay > 0:
            self.middle.waiting += 1
            self.middle.is_over.wait(fault.delay)
        if fault.status is not None:
            self.reply(fault.status, fault.body, fault.headers)
            return
        answer = self.pass_on(body)
        if fault.is_lost:
            answer.read()
            reset(self.connection)
            self.close_connection = True
        elif "watch=true" in self.path and answer.status == 200:
            self.stream(answer, fault)
        else:
            headers = {name: value for name, value in answer.getheaders()
                       if name in ("Retry-After", "Content-Encoding")}
            if "Content-Encoding" in headers:
                self.middle.compressed.append(self.path)
            self.reply(answer.status, answer.read(), headers)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer_request

    def pass_on(self, body):
        if self.upstream is None:
            self.upstream = self.middle.api.open(timeout=None)
            self.upstream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {name: self.headers[name] for name in ("Content-Type", "Accept", "Accept-Encoding")
                   if name in self.headers}
        self.upstream.request(self.command, self.middle.rewrite(self.path), body or None, headers)
        return self.upstream.getresponse()

    def stream(self, answer, fault):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if fault.is_mute:
            self.middle.is_over.wait()
        sent = 0
        while piece := answer.read1(65536):
            if fault.cut_after is not None and sent + len(piece) >= fault.cut_after:
                piece = piece[:max(1, fault.cut_after - sent)]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                reset(self.connection)
                self.close_connection = True
                return
            sent += len(piece)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def reply(self, status, content, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Authority:
    """A certificate authority and the certificate of 127.0.0.1 that it gave."""

    def __init__(self, directory, name):
        self.ca = directory / f"{name}-ca.crt"
        self.certificate = directory / f"{name}.crt"
        self.key = directory / f"{name}.key"
        ca_key = directory / f"{name}-ca.key"
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._openssl("req", "-x509", *new_key, "-days", "2", "-subj", f"/CN={name}",
                      "-keyout", ca_key, "-out", self.ca)
        self._openssl("req", "-x509", *new_key, "-days", "2", "-subj", f"/CN={name}-server",
                      "-addext", "subjectAltName=IP:127.0.0.1",
                      "-addext", "basicConstraints=critical,CA:FALSE",
                      "-CA", self.ca, "-CAkey", ca_key,
                      "-keyout", self.key, "-out", self.certificate)

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def kubeconfig(directory, port, ca, token=None):
    """One that names files, as a service account's does: who rotates writes to them."""
    path = directory / f"middle-{port}.kubeconfig"
    user = {} if token is None else {"tokenFile": str(token)}
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}",
                                               "certificate-authority": str(ca)}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))
    path.chmod(0o600)
    return path
