"""Renders on workers that are jobs of a real Slurm."""

import os

import pytest
from distributed import Client
from helpers import NoFigure, Slow, assert_shows
from hpc_examples import run_here
from slurm import wait_until

from dask_animate.errors import FigureError

N_FRAMES = 120
PARAMS = [2 * idx for idx in range(N_FRAMES)]


def test_two_jobs(slurm, slurm_cluster, tmp_path):
    cluster = slurm_cluster()
    with Client(cluster, set_as_default=False) as client:
        cluster.scale(jobs=2)
        client.wait_for_workers(2, timeout=60)
        video = Slow(0.01).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client)
    assert_shows(video.path, PARAMS, 30)
    assert video.stats.n_workers == 2
    assert len({report.worker for report in video.stats.partitions}) == 2


def test_a_job_is_cancelled(slurm, slurm_cluster, tmp_path):
    cluster = slurm_cluster()
    with Client(cluster, set_as_default=False) as client:
        cluster.scale(jobs=2)
        client.wait_for_workers(2, timeout=60)
        render = Slow(0.05).make_video(
            tmp_path / "a.mp4", PARAMS, 30, client=client, partition_size=10, wait=False
        )
        wait_until(lambda: render.progress.n_frames_drawn >= 20, "some frames are drawn")
        slurm.run("scancel", str(slurm.jobs()[0]))
        video = render.result(120)
    assert_shows(video.path, PARAMS, 30)


def test_lives_shorter_than_the_render(slurm, slurm_cluster, tmp_path):
    cluster = slurm_cluster(worker_extra_args=["--lifetime", "5s"])
    with Client(cluster, set_as_default=False) as client:
        cluster.adapt(minimum_jobs=2, maximum_jobs=2, interval="500ms")
        client.wait_for_workers(2, timeout=60)
        began = set(client.scheduler_info(n_workers=-1)["workers"])
        video = Slow(0.12).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client)
    assert_shows(video.path, PARAMS, 30)
    assert {report.worker for report in video.stats.partitions} - began, "no worker came later"


@pytest.mark.parametrize("with_store", [False, True], ids=["no_store", "store"])
def test_all_jobs_reach_their_walltime(slurm, slurm_cluster, tmp_path, with_store):
    """Slurm counts walltimes in minutes, and ends jobs that reach theirs as those that are cancelled."""
    cluster = slurm_cluster()
    with Client(cluster, set_as_default=False) as client:
        cluster.adapt(minimum_jobs=2, maximum_jobs=2, interval="500ms")
        client.wait_for_workers(2, timeout=60)
        options = {"store": tmp_path / "store.zarr"} if with_store else {}
        render = Slow(0.05).make_video(
            tmp_path / "a.mp4", PARAMS, 30, client=client, partition_size=10, wait=False, **options
        )
        wait_until(lambda: render.progress.n_frames_drawn >= 40, "some frames are drawn")
        ended = slurm.jobs()
        slurm.run("scancel", *map(str, ended))
        video = render.result(120)
        assert not {*ended} & {*slurm.jobs()}
    assert_shows(video.path, PARAMS, 30)
    if with_store:  # what had been drawn by the jobs that ended is not drawn again
        assert video.stats.n_frames_rendered == N_FRAMES


def test_from_no_worker_to_two_and_back(slurm, slurm_cluster, tmp_path):
    cluster = slurm_cluster()
    with Client(cluster, set_as_default=False) as client:
        cluster.adapt(minimum_jobs=0, maximum_jobs=2, interval="500ms", target_duration="1s")
        video = Slow(0.1).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client)
        assert len({report.worker for report in video.stats.partitions}) == 2
        wait_until(lambda: not slurm.jobs(), "the jobs have ended")
    assert_shows(video.path, PARAMS, 30)


def test_all_jobs_end_and_a_store_goes_on(slurm, slurm_cluster, tmp_path):
    store = tmp_path / "store.zarr"
    options = {"partition_size": 10, "store": store}
    cluster = slurm_cluster()
    with Client(cluster, set_as_default=False) as client:
        cluster.scale(jobs=2)
        client.wait_for_workers(2, timeout=60)
        render = Slow(0.05).make_video(
            tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False, **options
        )
        wait_until(lambda: render.progress.n_frames_drawn >= 40, "some frames are drawn")
        cluster.scale(0)
        wait_until(lambda: not slurm.jobs(), "the jobs have ended")
        render.cancel()
    assert not os.path.exists(tmp_path / "a.mp4")
    video = Slow(0.05).make_video(tmp_path / "a.mp4", PARAMS, 30, num_workers=1, **options)
    assert_shows(video.path, PARAMS, 30)
    assert video.stats.n_frames_rendered <= N_FRAMES - 30


def test_an_error_names_what_failed_on_the_job(slurm, slurm_cluster, tmp_path):
    cluster = slurm_cluster()
    with Client(cluster, set_as_default=False) as client:
        cluster.scale(jobs=1)
        client.wait_for_workers(1, timeout=60)
        with pytest.raises(FigureError, match="setup\\(\\) must return"):
            NoFigure().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client)
    assert not os.path.exists(tmp_path / "a.mp4")


def test_the_example(slurm, tmp_path):
    printed = run_here("slurm.py", tmp_path)
    assert {"#SBATCH -p debug", "#SBATCH -t 01:00:00"} <= {*printed.splitlines()}
