"""The examples for batch systems that are not here, whose jobs a shell runs, for MPI and for TLS."""

import json
import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

import pytest
from distributed import Client
from distributed.security import Security
from hpc_examples import HPC, fake_batch_system, run_here
from slurm import wait_until

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
    need([] if find_spec("dask_jobqueue") else ["dask_jobqueue"])
    path = f"{fake_batch_system(tmp_path, *programs)}{os.pathsep}{os.environ['PATH']}"
    printed = run_here(name, tmp_path, PATH=path)
    job = (tmp_path / "job.sh").read_text()
    assert {*header} <= {*job.splitlines()}
    assert {*header} <= {*printed.splitlines()}
    assert _WORKER in job
    assert _OPTIONS in job


def test_mpi(need, tmp_path):
    there = {"dask_mpi": find_spec("dask_mpi"), "mpirun": shutil.which("mpirun")}
    need(name for name, found in there.items() if not found)
    run_here("mpi.py", tmp_path, "mpirun", "-n", "4")


@contextmanager
def tls_cluster(folder):
    """Run the example's scheduler and its workers, and return the scheduler's address."""
    script = folder / "tls.sh"
    # Another scheduler may have the usual port here.
    script.write_text((HPC / "tls.sh").read_text().replace("--protocol tls", "--protocol tls --port 0"))
    subprocess.run(["bash", script, "certificate"], cwd=folder, check=True, capture_output=True)
    with ExitStack() as stack:
        for part in ("scheduler", "worker"):
            log = stack.enter_context((folder / f"{part}.log").open("w"))
            process = stack.enter_context(
                subprocess.Popen(["bash", script, part], cwd=folder, stdout=log, stderr=log)
            )
            stack.callback(process.terminate)
            if part == "scheduler":
                wait_until((folder / "scheduler.json").exists, "the scheduler is there")
        with (folder / "scheduler.json").open() as file:
            yield json.load(file)["address"]


def test_tls(need, tmp_path):
    need(name for name in ("openssl", "dask") if not shutil.which(name))
    with tls_cluster(tmp_path) as address:
        assert (tmp_path / "dask-key.pem").stat().st_mode & 0o077 == 0
        run_here("tls.py", tmp_path)
        with pytest.raises(TypeError, match="TLS expects a `ssl_context`"):
            Client(address, timeout="10s")
        with pytest.raises(OSError, match="closed"):
            Client(address.replace("tls://", "tcp://"), timeout="10s")
        with pytest.raises(OSError, match="TLS certificate does not match"):
            Client(address, security=Security.temporary(), timeout="10s")
