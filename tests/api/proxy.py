"""A TCP proxy between our programs and the API server that can be told to misbehave."""

import select
import socket
import subprocess
import threading
import time

from world import ADDRESS, PORT


class Proxy:
    """Listens in the cluster's network; `stall`, `delay` and `refuse` count from when they are set."""

    def __init__(self, network):
        self.network = network
        self.listening = network.listen()
        self.port = self.listening.getsockname()[1]
        self.pairs = set()
        self.frozen = set()
        self.lock = threading.Lock()
        self.is_stalled = False  # bytes are taken in and go nowhere
        self.delay = 0  # seconds that each piece is held back
        self.is_refusing = False  # a new connection is closed at once
        self.count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def kubeconfig(self, cluster, directory):
        """Like the admin's, by way of us."""
        path = directory / f"proxy-{self.port}.kubeconfig"
        path.write_text(cluster.kubeconfig.read_text())
        path.chmod(0o600)
        subprocess.run(
            ["sed", "-i", f"s#server: .*#server: https://127.0.0.1:{self.port}\\n"
             f"    tls-server-name: {ADDRESS}#", path], check=True)
        return path

    def freeze(self):
        """Nothing more goes through the connections that there are, and they do not end."""
        with self.lock:
            self.frozen |= self.pairs

    def cut(self):
        """Every connection ends, mid-stream, with a reset."""
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            for end in pair:
                reset(end)

    def close(self):
        self.listening.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near, _ = self.listening.accept()
            except OSError:
                return
            self.count += 1
            if self.is_refusing:
                reset(near)
                continue
            try:
                far = self.network.connect(ADDRESS, PORT)
            except OSError:
                reset(near)
                continue
            far.settimeout(None)
            with self.lock:
                self.pairs.add((near, far))
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near, far):
        try:
            while True:
                readable, _, _ = select.select([near, far], [], [], 0.1)
                if self.is_stalled or (near, far) in self.frozen:
                    time.sleep(0.05)
                    continue
                for end in readable:
                    piece = end.recv(65536)
                    if not piece:
                        return
                    time.sleep(self.delay)
                    (far if end is near else near).sendall(piece)
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.pairs.discard((near, far))
            near.close()
            far.close()


def reset(connection):
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
