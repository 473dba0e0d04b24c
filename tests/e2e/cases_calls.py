"""Whatever is called on the runtime behind kcr-runtime gives the same through it."""

import pathlib

from harness import NODE, say
from together import case

LIFECYCLE = (pathlib.Path(__file__).parent / "lifecycle.sh").read_text()


@case
def calls_of_a_runtime(place):
    cluster = place.cluster

    def transcript(program):
        text = cluster.execute("bash", "-s", program, f"/kcr-{cluster.name}/{NODE}/lifecycle", stdin=LIFECYCLE).stdout
        return text.replace(program, "PROGRAM").replace(cluster.runtime_path, "PROGRAM").splitlines()
    # crun on control groups of version 1 now and then fails by itself: what kcr-runtime changes is changed again
    for _ in range(3):
        itself = transcript(cluster.runtime_path)
        through = transcript("/opt/kcr/bin/kcr-runtime")
        if through == itself:
            break
        say(f"differs: {[pair for pair in zip(itself, through) if pair[0] != pair[1]][:3]}")
    calls = [line for line in itself if line.startswith("$ ")]
    good = sum(line == "status 0" for line in itself)
    say(f"{len(calls)} calls of {cluster.runtime_path}, {good} with exit status 0; {len(itself)} lines compared")
    for line, following in zip(itself, itself[1:]):
        if line.startswith("$ "):
            say(f"{line}: {following}")
    assert through == itself
    assert good > 25 and "$ list" in itself
