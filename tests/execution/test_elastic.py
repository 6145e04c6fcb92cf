"""Clusters that grow while a video is rendered."""

import threading
from contextlib import contextmanager

import dask.bag as db
import pytest
from dask import delayed
from distributed import Client, LocalCluster
from helpers import FrameNumber, assert_shows

from dask_animate.execution.workers import Workers

N_FRAMES, N_WORKERS, SIZE, PATIENCE = 144, 6, 4, 30.0

#: Set once there are as many workers as an adaptive cluster may have.
all_joined = threading.Event()


class WaitsForAll(FrameNumber):
    """Draws the first frames, and those from one on when all workers have joined.

    Until a partition was measured, there are two for each worker, of which as many as may be are there.
    """

    def __init__(self, frame_idx=2 * N_WORKERS * SIZE):
        super().__init__()
        self.frame_idx = frame_idx

    def update(self, frame_idx, params):
        if frame_idx >= self.frame_idx and not all_joined.wait(PATIENCE):
            raise TimeoutError("the cluster does not grow")
        super().update(frame_idx, params)


@contextmanager
def adaptive_cluster():
    """A cluster in this process without a worker, that grows by the work that it sees, and stays so."""

    def watch():
        while not is_over.wait(0.01):
            if len(cluster.scheduler.workers) >= N_WORKERS:
                all_joined.set()

    is_over = threading.Event()
    all_joined.clear()
    with LocalCluster(
        n_workers=0, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as cluster:
        watching = threading.Thread(target=watch)
        watching.start()
        cluster.adapt(
            minimum=0, maximum=N_WORKERS, interval="50ms", target_duration="100ms", wait_count=10**6
        )
        yield cluster
        is_over.set()
        watching.join()


KINDS = [
    pytest.param(lambda: range(N_FRAMES), id="range"),
    pytest.param(lambda: [delayed(i) for i in range(N_FRAMES)], id="delayed"),
    pytest.param(lambda: db.from_sequence(range(N_FRAMES), npartitions=N_FRAMES // SIZE), id="bag"),
]


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize("knows_cluster", [True, False])
@pytest.mark.parametrize("params", KINDS)
def test_a_cluster_grows_to_its_maximum(tmp_path, params, knows_cluster):
    params = params()
    sizes = {} if isinstance(params, db.Bag) else {"partition_size": SIZE}
    with (
        adaptive_cluster() as cluster,
        Client(cluster if knows_cluster else cluster.scheduler_address, set_as_default=False) as client,
    ):
        video = WaitsForAll().make_video(
            tmp_path / "a.mp4",
            params,
            30,
            client=client,
            encode_on="workers",
            preload_factor=1,
            **sizes,
        )
    assert_shows(tmp_path / "a.mp4", range(N_FRAMES))
    assert video.stats.n_workers >= 3


def test_a_generator_is_read_for_all_that_may_join(tmp_path):
    n_ahead = 40  # frames, and those of a partition that is drawn, for each worker
    most = N_WORKERS * (n_ahead + SIZE)
    n_frames = 2 * most
    with adaptive_cluster() as cluster, Client(cluster, set_as_default=False) as client:
        video = WaitsForAll(most).make_video(
            tmp_path / "a.mp4",
            iter(range(n_frames)),
            30,
            client=client,
            encode_on="workers",
            partition_size=SIZE,
            preload_factor=n_ahead,
        )
    assert_shows(tmp_path / "a.mp4", range(n_frames))
    assert video.stats.n_workers >= 3


def test_what_is_known_of_a_cluster():
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        Client(cluster.scheduler_address, set_as_default=False) as elsewhere,
    ):

        def known(client, max_workers=None, **kwargs):
            workers = Workers(client, max_workers, **kwargs)
            return workers.are_elastic(), workers.most_threads()

        assert known(client) == (False, 2)
        assert known(elsewhere) == (True, 2)
        assert known(elsewhere, 1) == (False, 2)
        assert known(elsewhere, is_complete=True) == (False, 2)
        adaptive = cluster.adapt(minimum=1, maximum=5, interval="10s")
        assert known(client) == (True, 10)
        assert known(client, 2) == (False, 2)
        adaptive.stop()
        assert known(client) == (False, 2)
