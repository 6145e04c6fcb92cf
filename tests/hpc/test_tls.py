"""The example for TLS as it stands; `test_hosts.py` tries clients without its certificate."""

import shutil
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
from hpc_examples import HPC, run_here
from slurm import wait_until

pytestmark = pytest.mark.newest


@contextmanager
def tls_cluster(folder):
    """Run the example's scheduler and its workers."""
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
        yield


def test_tls(need, tmp_path):
    need(name for name in ("openssl", "dask") if not shutil.which(name))
    with tls_cluster(tmp_path):
        assert (tmp_path / "dask-key.pem").stat().st_mode & 0o077 == 0
        run_here("tls.py", tmp_path)
