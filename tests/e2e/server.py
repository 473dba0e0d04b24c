"""Runs in the tests' containers: all of its state is in memory. usage: PORT HEAP_MIB

With STUBBORN in its environment it has to be killed to end; with GENTLE it ends well when it is asked to.

GET / gives {"life", "count", "ticks", "threads", "keys"}: life is a random number of this start, ticks go up by
themselves. GET /run?command=... runs that in a shell and gives its "output", too.
"""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

life = os.urandom(8).hex()
count = 0
ticks = 0
keys = {}
is_healthy = True
heap = [bytearray(os.urandom(1 << 20)) for _ in range(int(sys.argv[2]))]


def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.05)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count, is_healthy
        path, _, query = self.path.partition("?")
        arguments = dict(urllib.parse.parse_qsl(query))
        if path == "/count":
            count = int(arguments["to"])
        elif path == "/set":
            keys.update(arguments)
        elif path == "/exit":
            os._exit(int(arguments["code"]))
        elif path == "/eat":
            while True:
                heap.append(bytearray(os.urandom(1 << 20)))
        elif path == "/sicken":
            is_healthy = False
        elif path == "/say":
            print(arguments["text"], flush=True)
        state = {"life": life, "count": count, "ticks": ticks, "threads": threading.active_count(), "keys": keys}
        if path == "/run":
            state["output"] = subprocess.run(arguments["command"], shell=True, text=True, stdout=subprocess.PIPE,
                                             stderr=subprocess.STDOUT, timeout=30).stdout
        body = json.dumps(state).encode()
        self.send_response(200 if is_healthy or path != "/healthz" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# Process 1 gets no signal that it has no handler for.
if "STUBBORN" not in os.environ:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0 if "GENTLE" in os.environ else 143))
threading.Thread(target=tick, daemon=True).start()
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
