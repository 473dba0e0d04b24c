"""The programs that are dumped, and what is read of a dump by both decoders."""

from world import inspect

SHELL_WITH_TTY = """
import os, pty, time
child, _ = pty.fork()
if child == 0:
    os.execvp("sh", ["sh", "-c", "echo $$; sleep 1000"])
print("ready", flush=True)
time.sleep(1000)
"""
THREADS = """
import threading, time
for _ in range(20):
    threading.Thread(target=time.sleep, args=(1000,)).start()
print("ready", flush=True)
"""
HTTP = "import http.server as s; d = s.ThreadingHTTPServer(('127.0.0.1', 8123), s.BaseHTTPRequestHandler); print('ready', flush=True); d.serve_forever()"

PROGRAMS = {  # a command, and what it says when it is ready
    "redis": (["redis-server", "--port", "6399", "--save", ""], "Ready to accept"),
    "nginx": (["sh", "-c", "echo 'user root; worker_processes 2; error_log stderr notice; events {} http { server { listen 8124; } }'"
                           " >/tmp/nginx.conf && exec nginx -c /tmp/nginx.conf -g 'daemon off;'"], "start worker process [0-9]+\n.*start worker process"),
    "postgres": (["unshare", "--ipc", "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "sh", "-c",
                  "cd /tmp && PATH=$(echo /usr/lib/postgresql/*/bin):$PATH && initdb -N -A trust -D data && exec postgres -D data -k /tmp"],
                 "ready to accept connections"),
    "python": (["python3", "-c", HTTP], "ready"),
    "threads": (["python3", "-c", THREADS], "ready"),
    "processes": (["sh", "-c", "sleep 1000 | cat & (sleep 1001; :) & sleep 0.2; echo ready; wait"], "ready"),
    "terminal": (["python3", "-c", SHELL_WITH_TTY], "ready"),
    "kinds": (["python3", "/kinds.py"], "ready"),
}


class Dump:
    """A dump, what CRIU's decoder reads in it, and what ours tells."""

    def __init__(self, node, name):
        self.directory = node.dump(name, *PROGRAMS[name])
        self.images = node.decode(name)
        self.report = inspect("json", "--mappings", "--environment", self.directory)
        self.files = {entry["id"]: entry for entry in self.images["files.img"]}
        self.process_images = {entry["pid"]: entry for entry in self.images["pstree.img"]}

    def one(self, image):
        return self.images[image][0]
