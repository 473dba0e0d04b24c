"""Many objects: how the controller comes to know them, and that none is forgotten."""

import concurrent.futures

from middle import Authority, Fault, Middle, kubeconfig
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


def test_a_server_that_cannot_stream_gives_compressed_pages(kinds, space, programs, tmp_path):
    """As one before Kubernetes 1.32 refuses to. The real one gives the pages, smaller ones than were asked for, and begins
    to compress at 128 KiB."""
    for number in range(20):
        space.create("pods", "Pod", f"pod-{number:02}", {"spec": {
            "containers": [{"name": "main", "image": "kcr.test/app:1"}]}}, annotations={"long": "x" * 10_000})
    space.pod("the-last-one")
    authority = Authority(tmp_path, "one")
    middle = Middle(kinds, authority)
    try:
        middle.script = lambda method, path: Fault(422) if "sendInitialEvents" in path else None
        middle.rewrite = lambda path: path.replace("/pods?limit=500", "/pods?limit=15")
        controller = programs("controller", ALONE,
                              kubeconfig=kubeconfig(tmp_path, middle.port, authority.ca)).start()
        controller.says("Started reconciling")
        assert any(path.startswith("/api/v1/pods?limit=500") for path in middle.compressed)
        assert middle.count("/api/v1/pods?limit=500&continue=") >= 1
        space.schedule("every", "@every 1s")
        eventually(lambda: [request["spec"]["podReference"]["name"] for request in space.requests()][:1]
                   == ["the-last-one"], 20, "a request for the Pod of the last page")
        controller.stop()
    finally:
        middle.close()


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
