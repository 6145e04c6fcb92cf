"""A real Slurm for the tests in this folder, which are skipped where its programs are missing."""

import os
import sys
from importlib.util import find_spec

import dask
import pytest
from helpers import SUPPORT
from skipped_files import skips_files
from slurm import missing, running_slurm

MISSING = [*missing(), *([] if find_spec("dask_jobqueue") else ["dask_jobqueue"])]


pytest_pycollect_makemodule = skips_files(MISSING, unless="DASK_ANIMATE_SLURM")


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A Slurm with one node of two CPUs; programs that are started find it."""
    with pytest.MonkeyPatch.context() as patch, running_slurm(tmp_path_factory.mktemp("slurm")) as slurm:
        for name, value in slurm.environment.items():
            patch.setenv(name, value)
        # Jobs get the environment that they are submitted from.
        patch.setenv("PYTHONPATH", str(SUPPORT), prepend=os.pathsep)
        yield slurm
        slurm.cancel_all()


@pytest.fixture
def slurm_cluster(slurm, tmp_path):
    """Return a function that makes a `SLURMCluster` of jobs with one worker each."""
    from dask_jobqueue import SLURMCluster

    clusters = []

    def make(python=sys.executable, **options):
        cluster = SLURMCluster(
            cores=1,
            processes=1,
            memory="2GB",
            queue="debug",
            interface="lo",
            python=str(python),
            local_directory=tmp_path / "scratch",
            log_directory=tmp_path / "logs",
            scheduler_options={"dashboard_address": ":0"},
            **options,
        )
        clusters.append(cluster)
        return cluster

    (tmp_path / "logs").mkdir()
    # By default dask waits 15 s for a worker that has ended to come back before it submits another job.
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}):
        yield make
        for cluster in clusters:
            cluster.close()
    slurm.cancel_all()
