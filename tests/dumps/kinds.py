"""A program with an open file of every kind that CRIU dumps here, shared memory, threads and a child."""

import ctypes
import mmap
import os
import select
import socket
import sys
import threading
import time

libc = ctypes.CDLL(None)
kept = [os.pipe(), os.eventfd(3), libc.timerfd_create(1, 0), libc.inotify_init1(0)]
os.mkfifo("/tmp/fifo")
kept.append(os.open("/tmp/fifo", os.O_RDWR))
memfd = os.memfd_create("named")
os.ftruncate(memfd, 8192)
kept += [mmap.mmap(memfd, 8192), mmap.mmap(-1, 1 << 20)]
kept[-1][:5] = b"bytes"
kept[-2][:5] = b"bytes"
poll = select.epoll()
poll.register(kept[0][0], select.EPOLLIN)
libc.signalfd(-1, (ctypes.c_ulong * 16)(1 << 9), 0)
libc.inotify_add_watch(kept[3], b"/run", 0x100)  # overlayfs, the root, has no handles for CRIU

listener = socket.create_server(("127.0.0.1", 0))
kept += [socket.create_connection(listener.getsockname()), listener.accept(), socket.socketpair(), poll, listener]
for family, kind, address in ((socket.AF_INET6, socket.SOCK_STREAM, ("::1", 8099)),
                              (socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 5353)),
                              (socket.AF_UNIX, socket.SOCK_STREAM, "/tmp/named.sock"),
                              (socket.AF_UNIX, socket.SOCK_STREAM, "\0abstract")):
    one = socket.socket(family, kind)
    one.bind(address)
    if kind == socket.SOCK_STREAM:
        one.listen(7)
    kept.append(one)
kept.append(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
gone = open("/tmp/gone", "w+")
gone.write("text")
gone.flush()
os.unlink("/tmp/gone")
log = open("/tmp/log", "a")
log.write("four")
log.flush()

for _ in range(3):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
if os.fork() == 0:
    os.execve("/bin/sh", ["sh", "-c", "sleep 1000; :", "an argument\nof two lines", ""], {"SECRET": "in the environment", "EMPTY": ""})
if os.fork() == 0:
    os._exit(3)  # a zombie
time.sleep(0.1)
print("ready", flush=True)
sys.stdout.flush()
time.sleep(1000)
