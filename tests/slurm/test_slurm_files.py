"""Jobs with other files than the client: no folder in common, and scratch that takes nothing."""

import os
import shlex
import sys

import namespaces
import pytest
from distributed import Client
from helpers import Slow, assert_shows

from dask_animate.errors import StoreError

PARAMS = [2 * idx for idx in range(60)]

pytestmark = pytest.mark.skipif(not namespaces.are_permitted(), reason="it may not make namespaces")


def python_with(folder, *mounts):
    """Return a Python before whose start commands of mount are run, which nobody else sees."""
    path = folder / "python"
    commands = "; ".join([*mounts, f'exec {shlex.quote(sys.executable)} "$@"'])
    path.write_text(f'#!/bin/bash\nexec unshare --mount bash -ec {shlex.quote(commands)} python "$@"\n')
    path.chmod(0o755)
    return path


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
    with pytest.raises(StoreError, match=r"store\.zarr"):
        render_with(hidden, store=tmp_path / "client" / "store.zarr")
    assert os.listdir(tmp_path / "client") == ["a.mp4"]


@pytest.mark.parametrize("options", ["ro", "size=4k"], ids=["read_only", "full"])
def test_scratch_takes_nothing(render_with, tmp_path, options):
    scratch = tmp_path / "scratch"
    fill = "" if options == "ro" else f"; head -c 1M /dev/zero >{scratch / 'full'} || true"
    render_with(f"mount -t tmpfs -o {options} none {scratch}{fill}")
