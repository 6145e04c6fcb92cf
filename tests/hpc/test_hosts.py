"""Renders on hosts with addresses of their own, some of which are cut off in the middle."""

import shutil
import subprocess
import time
from contextlib import ExitStack, contextmanager

import namespaces
import pytest
from helpers import SUPPORT, assert_shows
from hpc_examples import HPC
from slurm import wait_until

N_FRAMES = 80
NUMBERS = [2 * idx for idx in range(N_FRAMES)]
#: For how long dask waits for a host that does not answer: 30 s by default, and 11 s at least.
PATIENCE = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
}


#: What the host "client" is told by a scheduler with TLS, if it lacks the certificate.
TURNED_AWAY = """
import sys
from distributed import Client
from distributed.security import Security
address = sys.argv[1]
for given in ({}, {"security": Security.temporary()}, {"address": address.replace("tls://", "tcp://")}):
    try:
        Client(**{"address": address, "timeout": "20s", **given})
    except Exception as exc:
        print(type(exc).__mro__, exc)
"""


pytestmark = pytest.mark.newest


@pytest.fixture
def hosts(need):
    if not namespaces.are_permitted():
        pytest.skip("this process may not make namespaces")
    need(name for name in ("ip", "openssl") if not shutil.which(name))
    with namespaces.hosts("scheduler", "worker1", "worker2", "client") as hosts:
        yield hosts


@contextmanager
def cluster(hosts, folder, *options, protocol="tcp", **environment):
    """Run a scheduler and two workers, and return the scheduler's address."""
    with ExitStack() as stack:

        def run(name, *arguments):
            log = folder / f"{name}.log"
            command = "-m", *arguments, *options
            stack.enter_context(hosts.running(name, *command, log=log, **environment))

        address = f"{protocol}://{hosts.address('scheduler')}:8786"
        run("scheduler", "distributed.cli.dask_scheduler", "--no-dashboard", "--host", address)
        for name in ("worker1", "worker2"):
            run(name, "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", 1)
        yield address


@contextmanager
def render(hosts, folder, address, *certificate, **environment):
    """Render on the host "client" meanwhile, from when some frames are drawn; wait for the end."""
    log = folder / "client.log"
    script = [SUPPORT / "render_from_afar.py", address, folder / "a.mp4", N_FRAMES, 0.05]
    with hosts.running("client", *script, *certificate, log=log, **environment) as process:

        def told(line):
            assert process.poll() in (None, 0)
            return line in log.read_text()

        try:
            wait_until(lambda: told("some frames are drawn"), "some frames are drawn", 120)
            assert "complete" not in log.read_text()
            yield
            wait_until(lambda: told("the video is complete"), "the video is complete", 120)
        except AssertionError as exc:
            exc.add_note(logs(folder))
            raise
    assert_shows(folder / "a.mp4", NUMBERS, 30)


def logs(folder):
    return "".join(f"== {log.name}\n{log.read_text()}" for log in folder.glob("*.log"))


def test_a_worker_is_cut_off(hosts, tmp_path):
    with (
        cluster(hosts, tmp_path, **PATIENCE) as address,
        render(hosts, tmp_path, address, **PATIENCE),
    ):
        hosts.cut("worker1")


@pytest.mark.slow
def test_the_client_is_cut_off_for_ten_seconds(hosts, tmp_path):
    with cluster(hosts, tmp_path) as address, render(hosts, tmp_path, address):
        hosts.cut("client")
        time.sleep(10)
        hosts.mend("client")


def test_tls(hosts, tmp_path):
    subprocess.run(
        ["bash", HPC / "tls.sh", "certificate"], cwd=tmp_path, check=True, capture_output=True
    )
    pem, key = tmp_path / "dask.pem", tmp_path / "dask-key.pem"
    options = "--tls-ca-file", pem, "--tls-cert", pem, "--tls-key", key
    with (
        cluster(hosts, tmp_path, *options, protocol="tls") as address,
        render(hosts, tmp_path, address, tmp_path),
    ):
        command = hosts.command("client", "-c", TURNED_AWAY, address)
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        none, other, plain = told.splitlines()
        assert "TypeError" in none
        assert "TLS expects a `ssl_context`" in none
        assert "OSError" in other
        assert "TLS certificate does not match" in other
        assert "OSError" in plain
        assert "closed" in plain
