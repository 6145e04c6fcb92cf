"""Jobs with other files than the client: no folder in common, and scratch that takes nothing."""

import re
import shlex
import sys

import namespaces
import pytest
from distributed import Client
from helpers import Slow, assert_shows
from slurm import wait_until

import dask_animate.execution.worker_watch as worker_watch
from dask_animate.errors import StoreError

PARAMS = [2 * idx for idx in range(60)]

pytestmark = [
    pytest.mark.newest,
    pytest.mark.skipif(not namespaces.are_permitted(), reason="it may not make namespaces"),
]


def python_with(folder, *mounts):
    """Return a Python before whose start commands of mount are run, which nobody else sees."""
    path = folder / "python"
    commands = "; ".join([*mounts, f'exec {shlex.quote(sys.executable)} "$@"'])
    path.write_text(f'#!/bin/bash\nexec unshare --mount bash -ec {shlex.quote(commands)} python "$@"\n')
    path.chmod(0o755)
    return path


def read(folder):
    return "".join(path.read_text() for path in folder.glob("*"))


@pytest.fixture
def render_with(slurm, slurm_cluster, tmp_path):
    """Return a function that renders on one job with some mounts."""
    (tmp_path / "client").mkdir()
    (tmp_path / "scratch").mkdir()

    def render(*mounts, **options):
        cluster = slurm_cluster(python=python_with(tmp_path, *mounts))
        with Client(cluster, set_as_default=False) as client:
            cluster.scale(jobs=1)
            client.wait_for_workers(1, timeout=60)
            path = tmp_path / "client" / "a.mp4"
            video = Slow(0.01).make_video(path, PARAMS, 30, client=client, **options)
        assert_shows(video.path, PARAMS, 30)

    return render


def test_no_folder_in_common(render_with, tmp_path):
    hidden = f"mount -t tmpfs none {tmp_path / 'client'}"
    render_with(hidden)
    with pytest.raises(StoreError, match=r"cannot write to the store: .*/store\.zarr is not found from"):
        render_with(hidden, store=tmp_path / "client" / "store.zarr")
    assert_shows(tmp_path / "client" / "a.mp4", PARAMS, 30)


def test_scratch_is_full(render_with, tmp_path):
    scratch = tmp_path / "scratch"
    fill = f"head -c 1M /dev/zero >{scratch / 'full'} || true"
    render_with(f"mount -t tmpfs -o size=4k none {scratch}", fill)


def test_home_is_read_only(render_with, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    render_with(f"mount -t tmpfs -o ro none {home}", f"export HOME={home}", f"cd {home}")


def test_scratch_is_read_only(slurm, slurm_cluster, tmp_path, caplog, monkeypatch):
    """Dask's worker does not start, which its log says; a render says where to look."""
    monkeypatch.setattr(worker_watch, "PATIENCE_SECONDS", 1)
    (tmp_path / "scratch").mkdir()
    cluster = slurm_cluster(
        python=python_with(tmp_path, f"mount -t tmpfs -o ro none {tmp_path / 'scratch'}")
    )
    with Client(cluster, set_as_default=False) as client, caplog.at_level("WARNING", "dask_animate"):
        cluster.scale(jobs=1)
        render = Slow(0.01).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
        said = r"SLURMCluster has submitted \d+\. See whether the queue has these jobs"
        wait_until(lambda: re.search(said, caplog.text), "it says so")
        wait_until(lambda: "Read-only file system" in read(tmp_path / "logs"), "the job's log says why")
        render.cancel()
    assert not (tmp_path / "a.mp4").exists()
