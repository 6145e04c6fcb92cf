"""A render whose cluster has no worker says so."""

import dask
import pytest
from distributed import Client, LocalCluster
from helpers import FrameNumber, Slow, assert_shows
from slurm import wait_until

import dask_animate.execution.worker_watch as worker_watch


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(worker_watch, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(worker_watch, "LOOK_SECONDS", 0.1)


@pytest.fixture
def cluster():
    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


def test_none_before_and_none_in_the_middle(tmp_path, cluster, caplog):
    numbers = range(500)
    with Client(cluster, set_as_default=False) as client, caplog.at_level("WARNING", "dask_animate"):
        render = Slow(0.005).make_video(
            tmp_path / "a.mp4", numbers, 30, client=client, partition_size=25, wait=False
        )
        wait_until(lambda: len(caplog.messages) > 1, "it says so, and again")
        first = caplog.messages[0]
        assert first.startswith(f"waiting for a worker: the cluster at {cluster.scheduler_address} ")
        assert first.endswith(", and LocalCluster has asked for none: call its scale() or adapt()")
        cluster.scale(1)
        wait_until(lambda: render.progress.n_frames_drawn, "some frames are drawn")
        caplog.clear()
        cluster.scale(0)
        wait_until(lambda: caplog.messages, "it says so")
        cluster.scale(1)
        assert_shows(render.result(120).path, numbers, 30)


def test_a_client_that_knows_an_address_only(tmp_path, cluster, caplog):
    address = cluster.scheduler_address
    with Client(address, set_as_default=False) as client, caplog.at_level("WARNING", "dask_animate"):
        render = FrameNumber().make_video(tmp_path / "a.mp4", range(10), 30, client=client, wait=False)
        wait_until(lambda: caplog.messages, "it says so")
        assert f"start some, as with `dask worker {address}`" in caplog.text
        render.cancel()


def test_an_adaptive_cluster(tmp_path, cluster, caplog):
    cluster.adapt(minimum=0, maximum=0)
    with Client(cluster, set_as_default=False) as client, caplog.at_level("WARNING", "dask_animate"):
        render = FrameNumber().make_video(tmp_path / "a.mp4", range(10), 30, client=client, wait=False)
        wait_until(lambda: caplog.messages, "it says so")
        assert caplog.messages[0].endswith("LocalCluster adapts itself, and asks for none now")
        render.cancel()


def test_workers_that_have_ended(tmp_path, caplog):
    """As jobs do that reach their walltime; dask takes note of it, and starts no others."""
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "100ms"}),
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        caplog.at_level("WARNING", "dask_animate"),
    ):
        client.retire_workers()
        wait_until(lambda: not cluster.requested, "dask takes note")
        render = FrameNumber().make_video(tmp_path / "a.mp4", range(10), 30, client=client, wait=False)
        wait_until(lambda: caplog.messages, "it says so")
        assert "LocalCluster is to have 1, which are being started, or have ended" in caplog.text
        render.cancel()


def test_workers_without_what_is_asked_for(tmp_path, cluster, caplog):
    """They do not count; one that has it ends the waiting."""
    address = cluster.scheduler_address
    cluster.scale(1)
    with Client(cluster, set_as_default=False) as client, caplog.at_level("WARNING", "dask_animate"):
        client.wait_for_workers(1)
        with dask.annotate(resources={"LICENSE": 2}):
            render = FrameNumber().make_video(
                tmp_path / "a.mp4", range(10), 30, client=client, wait=False
            )
        wait_until(lambda: caplog.messages, "it says so")
        first = caplog.messages[0]
        asked = "waiting for a worker with the resources of dask.annotate, LICENSE=2: the cluster at "
        assert first.startswith(asked + address)
        assert f'start some, as with `dask worker {address} --resources "LICENSE=2"`' in first
        cluster.new_spec["options"] = {**cluster.new_spec["options"], "resources": {"LICENSE": 2}}
        cluster.scale(2)
        assert_shows(render.result(120).path, range(10), 30)


def test_workers_that_nobody_is(tmp_path, cluster, caplog):
    cluster.scale(1)
    with Client(cluster, set_as_default=False) as client, caplog.at_level("WARNING", "dask_animate"):
        client.wait_for_workers(1)
        with dask.annotate(workers=["nobody"]):
            render = FrameNumber().make_video(
                tmp_path / "a.mp4", range(10), 30, client=client, wait=False
            )
        wait_until(lambda: caplog.messages, "it says so")
        asked = "waiting for a worker with a name, address or host of dask.annotate, nobody: the cluster"
        assert caplog.messages[0].startswith(asked)
        render.cancel()


def test_jobs_that_could_not_be_submitted(tmp_path, cluster, caplog, monkeypatch):
    """As of dask-jobqueue when `sbatch` fails: the cluster has asked for workers, and has no job."""
    monkeypatch.setattr(cluster, "job_script", lambda: "#!/bin/bash", raising=False)
    monkeypatch.setattr(LocalCluster, "requested", property(lambda self: {0, 1}))
    with Client(cluster, set_as_default=False) as client, caplog.at_level("WARNING", "dask_animate"):
        render = FrameNumber().make_video(tmp_path / "a.mp4", range(10), 30, client=client, wait=False)
        wait_until(lambda: caplog.messages, "it says so")
        assert "has asked for 2, but no job is known to be submitted" in caplog.messages[0]
        render.cancel()
