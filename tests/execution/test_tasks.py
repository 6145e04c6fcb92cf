"""What a worker's plugin keeps in its process, which several workers may share."""

import time

from distributed import Client, LocalCluster
from helpers import FrameNumber

from dask_animate.drawing import DrawOptions
from dask_animate.execution import tasks
from dask_animate.rendering import renderers

NAME = f"dask_animate-{'0' * 32}"


def shrink(cluster, client, n_workers):
    """Let workers leave, and wait until they have."""
    cluster.scale(n_workers)
    deadline = time.monotonic() + 30
    while len(client.scheduler_info()["workers"]) > n_workers or len(cluster.workers) > n_workers:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_that_leaves_takes_nothing_from_another_of_its_process():
    spec = FrameNumber()._spec(DrawOptions.create(None)).pickled()
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with (
        LocalCluster(**options, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(tasks.RendererPlugin(NAME, spec, has_thumbnails=True), name=NAME)
        assert tasks._watched == {"0" * 32: NAME}
        shrink(cluster, client, 1)
        assert renderers.held(NAME) is not None
        assert tasks._watched == {"0" * 32: NAME}
        shrink(cluster, client, 0)
    assert renderers.held(NAME) is None
    assert tasks._watched == {}
