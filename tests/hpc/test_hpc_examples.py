"""The examples for batch systems that are not here, whose jobs a shell runs, and for MPI."""

import os
import shutil
from importlib.util import find_spec

import pytest
from hpc_examples import fake_batch_system, run_here

pytestmark = pytest.mark.newest

_WORKER = "-m distributed.cli.dask_worker tcp://127.0.0.1:"
_OPTIONS = "--lifetime 55m --lifetime-stagger 4m --interface lo"


@pytest.mark.parametrize(
    ("name", "programs", "header"),
    [
        (
            "pbs.py",
            ("qsub", "qdel"),
            ["#PBS -q workq", "#PBS -l select=1:ncpus=16:mem=64GB", "#PBS -l walltime=01:00:00"],
        ),
        (
            "sge.py",
            ("qsub", "qdel"),
            ["#$ -q all.q", "#$ -l mem_free=4G", "#$ -l h_rt=01:00:00", "#$ -pe smp 16"],
        ),
        (
            "lsf.py",
            ("bsub", "bkill"),
            ["#BSUB -q normal", "#BSUB -n 1", "#BSUB -M 1000", "#BSUB -W 01:00"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_jobs(need, tmp_path, name, programs, header):
    need([] if find_spec("dask_jobqueue") else ["dask_jobqueue"], "DASK_ANIMATE_HPC")
    path = f"{fake_batch_system(tmp_path, *programs)}{os.pathsep}{os.environ['PATH']}"
    printed = run_here(name, tmp_path, PATH=path)
    job = (tmp_path / "job.sh").read_text()
    assert {*header} <= {*job.splitlines()}
    assert {*header} <= {*printed.splitlines()}
    assert _WORKER in job
    assert _OPTIONS in job


def test_mpi(need, tmp_path):
    there = {"dask_mpi": find_spec("dask_mpi"), "mpirun": shutil.which("mpirun")}
    need([name for name, found in there.items() if not found], "DASK_ANIMATE_HPC")
    run_here("mpi.py", tmp_path, "mpirun", "-n", "4")
