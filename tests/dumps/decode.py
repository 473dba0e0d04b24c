"""Runs in the node: CRIU's own decoder, pycriu, of all images in a directory, as one JSON object by file name."""

import json
import pathlib
import sys

import pycriu

RAW = ("pages-", "tmpfs-", "ghost-file-", "pipes-data", "fifo-data", "netns-", "iptables", "ip6tables", "nftables",
       "route", "rule", "ifaddr", "bpfmap-data")


def plain(value):
    """What JSON can hold: bytes as the numbers that they are."""
    return {"bytes": list(value)} if isinstance(value, bytes) else str(value)


decoded = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.img")):
    if not path.name.startswith(RAW):
        with path.open("rb") as file:
            decoded[path.name] = pycriu.images.load(file, pretty=False)["entries"]
json.dump(decoded, sys.stdout, default=plain)
