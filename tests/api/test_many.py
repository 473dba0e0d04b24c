"""Many objects: how the controller comes to know them, and that none is forgotten."""

import concurrent.futures

from test_workloads import SCHEDULE, workload
from world import eventually

ALONE = "--leader-elect=false"
COUNT = 60


def test_lists_are_streamed(space, programs):
    """A watch counts when it ends, so that nothing that was answered is a list."""
    space.pod("pod-1")
    controller = programs("controller", ALONE).start().says("Started reconciling")
    answered = [line for line in controller.metrics().splitlines()
                if line.startswith('rest_client_requests_total{code="200"') and 'method="GET"' in line]
    assert answered == []
    controller.stop()


def test_of_many_annotations_at_once_each_gets_its_schedule_and_its_status(space, programs):
    names = [f"web-{number}" for number in range(COUNT)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: workload(space, name=name, **{SCHEDULE: "0 0 1 1 *"}), names))
    workload(space, name="plain")
    controller = programs("controller", ALONE).start()
    eventually(lambda: len(space.names("checkpointschedules")) == COUNT, 60, "a schedule for each")
    eventually(lambda: all("nextRunTime" in item.get("status", {})
                           for item in space.list("checkpointschedules")), 60, "a status for each")
    assert space.names("checkpointschedules") == sorted(names)
    controller.stop()
