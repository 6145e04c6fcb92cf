"""Renders on hosts with addresses of their own, some of which are cut off in the middle."""

import shutil
import time
from contextlib import ExitStack, contextmanager

import namespaces
import pytest
from helpers import SUPPORT, assert_shows
from slurm import wait_until

N_FRAMES = 80
NUMBERS = [2 * idx for idx in range(N_FRAMES)]
#: For how long dask waits for a host that does not answer: 30 s by default, and 11 s at least.
PATIENCE = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
}


@pytest.fixture
def hosts(need):
    if not namespaces.are_permitted():
        pytest.skip("this process may not make namespaces")
    need([] if shutil.which("ip") else ["ip"])
    with namespaces.hosts("scheduler", "worker1", "worker2", "client") as hosts:
        yield hosts


@contextmanager
def cluster(hosts, folder, **environment):
    """Run a scheduler and two workers, and return the scheduler's address."""
    with ExitStack() as stack:

        def run(name, *arguments):
            log = folder / f"{name}.log"
            stack.enter_context(hosts.running(name, "-m", *arguments, log=log, **environment))

        address = f"tcp://{hosts.address('scheduler')}:8786"
        run("scheduler", "distributed.cli.dask_scheduler", "--no-dashboard")
        for name in ("worker1", "worker2"):
            run(name, "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", 1)
        yield address


@contextmanager
def render(hosts, folder, address, seconds, **environment):
    """Render on the host "client" meanwhile, from when some frames are drawn; wait for the end."""
    log = folder / "client.log"
    script = [SUPPORT / "render_from_afar.py", address, folder / "a.mp4", N_FRAMES, seconds]
    with hosts.running("client", *script, log=log, **environment) as process:

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
        render(hosts, tmp_path, address, 0.05, **PATIENCE),
    ):
        hosts.cut("worker1")


@pytest.mark.slow
def test_the_client_is_cut_off_for_ten_seconds(hosts, tmp_path):
    with cluster(hosts, tmp_path) as address, render(hosts, tmp_path, address, 0.05):
        hosts.cut("client")
        time.sleep(10)
        hosts.mend("client")
