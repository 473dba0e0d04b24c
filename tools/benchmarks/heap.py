"""Runs in the benchmarks' containers: memory, and a server that tells about it. usage: PORT LOOK_MS

It starts empty and at once, as Redis does: what is in its memory came from outside. One line is asked on a connection
and one line answered:

    who            a random number of this start, and how many MiB have been filled
    fill MIB       that many MiB of random bytes; answers as `who`
    sum            CRC-32 of all of them
    stood          the longest time in ms for which the program did not run, since this was asked last, seen by looking
                   at the clock each LOOK_MS (0: never)
"""

import os
import select
import socket
import sys
import time
import zlib

life = os.urandom(8).hex()
heap = []
stood = 0.0


def answer(word, *arguments):
    global stood
    if word == "fill":
        heap.extend(os.urandom(1 << 20) for _ in range(int(arguments[0])))
    elif word == "sum":
        total = 0
        for each in heap:
            total = zlib.crc32(each, total)
        return f"{total:08x}"
    elif word == "stood":
        longest, stood = stood, 0.0
        return f"{longest * 1000:.1f}"
    return f"{life} {len(heap)}"


def serve(listener):
    """One connection; what a client that went away has asked is nobody's business."""
    connection, _ = listener.accept()
    with connection:
        try:
            words = connection.makefile().readline().split()
            connection.sendall(answer(*words or ["who"]).encode() + b"\n")
        except OSError:
            pass


def main():
    global stood
    port, look_ms = map(int, sys.argv[1:])
    with socket.create_server(("", port), backlog=1024) as listener:
        looked = time.monotonic()
        while True:
            ready = select.select([listener], [], [], look_ms / 1000 or None)[0]
            now = time.monotonic()
            stood = max(stood, now - looked)
            if ready:
                serve(listener)
                now = time.monotonic()  # serving is running
            looked = now


main()
