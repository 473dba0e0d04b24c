"""The examples of docs/kubectl.md, and what they have in common with what a program says elsewhere: their shape."""

import re

from harness import ROOT

EXAMPLE = "    $ kubectl kcr "

# What differs from one cluster and moment to the next.
SHAPES = [
    (r"sha256:[0-9a-f]{64}", "DIGEST"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"""User "[^"]*"|--user='[^']*'""", "USER"),
    (r"\bredis-[a-z0-9.-]*[a-z0-9]", "NAME"),
    (r"\*/1 \* \* \* \*|@every [^,\s]+", "CRON"),
    (r"\b(not restorable: \w+|restorable)$|\b(True|False|Unknown) +\w+$", "VERDICT"),
    (r"[─●✗↺○]{2,}", "LANE"),
    (r"\b(\d+(\.\d+)?(us|ms|[KMG]iB?|[smhdB])?)+\b", "N"),
    (r"\s+", " "),
]

# States that may be over before somebody looks.
FLEETING = {"NAME/redis: the agent takes it", "NAME/redis: taken, the node's store takes it in"}


def shape(line):
    for pattern, word in SHAPES:
        line = re.sub(pattern, word, line.strip())
    return line


def examples():
    """(arguments as they are typed, lines that are shown) for each `$ kubectl kcr ...` of the document."""
    found = []
    is_inside = False
    for line in (ROOT / "docs" / "kubectl.md").read_text().splitlines():
        if line.startswith(EXAMPLE):
            found.append((line.removeprefix(EXAMPLE), []))
            is_inside = True
        elif line.startswith("    ") and is_inside:
            found[-1][1].append(line)
        elif line:
            is_inside = False
    return found


def missing(shown, said):
    """The lines of an example whose shape is not among what was said; '...' stands for whatever is there."""
    said = {shape(line) for line in said.splitlines()}
    wanted = {shape(line) for line in shown} - {"..."} - FLEETING
    return [line for line in wanted if not any(
        one == line or line.endswith("...") and one.startswith(line.removesuffix("...").strip()) for one in said)]
