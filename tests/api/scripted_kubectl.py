#!/usr/bin/python3
"""Stands in for `kubectl port-forward` and for the agent's door behind it, and fails as it is told.

In the directory of $DOOR: `content` is what is fetched, `arrived` what was brought; `script` has a line
of JSON for each GET and PUT, of which the stand-ins of one test take one after the other; `log` gets a
line for each start and each request; NAME.hash is the secretSHA256 of a ticket; `refusal` is what
port-forward fails with.
A line may have: status (it is answered), cut (so many bytes are sent or taken, then all ends), stall (so
many, then nothing more happens), wrong (a byte is another one), takes (so many seconds go by between
the first half of what a PUT brings and the second). What is left out goes well.
"""

import hashlib
import http.server
import json
import os
import pathlib
import re
import sys
import time

DOOR = pathlib.Path(os.environ["DOOR"])


def log(**entry):
    with open(DOOR / "log", "a") as lines:
        lines.write(json.dumps(entry) + "\n")


def next_step():
    steps = [json.loads(line) for line in (DOOR / "script").read_text().splitlines()]
    taken = sum('"GET"' in line or '"PUT"' in line for line in (DOOR / "log").read_text().splitlines())
    return steps[taken - 1] if taken <= len(steps) else {}


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def is_known(self):
        ticket = DOOR / (self.path.split("/")[4] + ".hash")
        secret = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return ticket.exists() and hashlib.sha256(secret.encode()).hexdigest() == ticket.read_text()

    def answer(self, status, text=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_DELETE(self):
        log(method="DELETE", path=self.path, known=self.is_known())
        self.answer(200)

    def arrived(self):
        return (DOOR / "arrived").stat().st_size if (DOOR / "arrived").exists() else 0

    def do_HEAD(self):
        log(method="HEAD", path=self.path, known=self.is_known())
        self.answer(204 if self.is_known() else 401, Upload_Offset=str(self.arrived()))

    def do_PUT(self):
        log(method="PUT", path=self.path, range=self.headers["Content-Range"], known=self.is_known())
        step = next_step()
        if "status" in step or not self.is_known():
            self.answer(step.get("status", 401), b"no such ticket\n")
            return
        size = int(self.headers["Content-Length"])
        size = step.get("cut", step.get("stall", size))
        with open(DOOR / "arrived", "ab") as arrived:
            arrived.write(self.rfile.read(size // 2))
            time.sleep(step.get("takes", 0))
            arrived.write(self.rfile.read(size - size // 2))
        if "cut" in step:
            os._exit(1)
        if "stall" in step:
            log(method="stall")
            time.sleep(60)
        self.answer(204, Upload_Offset=str(self.arrived()))

    def do_GET(self):
        log(method="GET", path=self.path, range=self.headers["Range"], known=self.is_known())
        step = next_step()
        if "status" in step or not self.is_known():
            self.answer(step.get("status", 401), b"no such ticket\n")
            return
        content = (DOOR / "content").read_bytes()
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        part = bytearray(content[first:last + 1])
        if "wrong" in step:
            part[0] ^= 1
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        self.wfile.write(part[:step.get("cut", step.get("stall", len(part)))])
        self.wfile.flush()
        if "cut" in step:
            os._exit(1)
        if "stall" in step:
            log(method="stall")
            time.sleep(60)


def main():
    log(method="start", arguments=sys.argv[1:], pid=os.getpid(), group=os.getpgrp())
    refusal = DOOR / "refusal"
    if refusal.exists():
        sys.exit(refusal.read_text())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    print(f"Forwarding from 127.0.0.1:{server.server_port} -> 7471", flush=True)
    server.serve_forever()


main()
