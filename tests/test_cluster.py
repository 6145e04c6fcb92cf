import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from distributed import Client
from helpers import WARNINGS, FrameNumber, assert_nothing_beside, assert_shows

from dask_animate.cluster import check_client, check_num_workers, resolve_num_workers
from dask_animate.errors import FrameError, OptionError, OptionTypeError, WorkerError

HERE = Path(__file__).parent


def run_script(tmp_path, text, *arguments, **kwargs):
    """Start a script in an interpreter of its own."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(text))
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": WARNINGS}
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **kwargs,
    )


@pytest.mark.parametrize(
    ("given", "available", "meant"),
    [(-1, 8, 8), (-2, 8, 7), (-20, 8, 1), (1, 8, 1), (3, 8, 3), (30, 8, 30), (-1, 1, 1), (-1, 0, 1)],
)
def test_resolve_num_workers(given, available, meant):
    assert resolve_num_workers(given, available) == meant


@pytest.mark.parametrize("bad", [0, 1.0, None, "2", True])
def test_bad_num_workers(bad):
    with pytest.raises((OptionError, OptionTypeError), match="num_workers must"):
        check_num_workers(bad)


def test_bad_clients(own_client):
    with pytest.raises(OptionTypeError, match=r"got LocalCluster; .* give Client\(cluster\)"):
        check_client(own_client.cluster)
    closed = Client(own_client.cluster, set_as_default=False)
    closed.close()
    with pytest.raises(OptionError, match="not connected to its cluster: its status is 'closed'"):
        check_client(closed)
    check_client(None)


def test_the_active_client_is_used(tmp_path, client):
    with client.as_current():
        video = FrameNumber().make_video(tmp_path / "a.mp4", range(60), 30, partition_size=2)
        assert video.stats.n_workers == 2
        here = FrameNumber().make_video(tmp_path / "a.mp4", range(20), 30, num_workers=1)
    assert here.stats.n_workers == 0


def test_a_cluster_for_the_call_is_closed_after_it(tmp_path):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(60), 30, num_workers=2, partition_size=2)
    assert video.stats.n_workers == 2
    assert_shows(tmp_path / "a.mp4", range(60))
    with pytest.raises(ValueError, match="n_frames is 9"):
        FrameNumber().make_video(tmp_path / "a.mp4", iter(range(3)), 30, 9, num_workers=2)
    time.sleep(0.5)
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert after <= before


GUARDLESS = """
    import sys
    from pathlib import Path
    from dask_animate import Animator
    import matplotlib.pyplot as plt

    class Spot(Animator):
        def setup(self):
            fig, ax = plt.subplots(figsize=(1, 1))
            (self.line,) = ax.plot([0], [0], "o")
            return fig

        def update(self, frame_idx, params):
            self.line.set_data([params], [0])

    print("script runs", __name__)
    video = Spot().make_video(sys.argv[1], range(40), 30, num_workers=2, partition_size=2)
    print(video.n_frames, video.stats.n_workers, __spec__)
"""


def test_a_script_needs_no_guard(tmp_path):
    (tmp_path / "out").mkdir()
    script = run_script(tmp_path, GUARDLESS, tmp_path / "out" / "a.mp4")
    out, err = script.communicate(timeout=60)
    assert (out, err) == ("script runs __main__\n40 2 None\n", "")


INTERRUPTED = """
    import sys
    from helpers import Slow

    print("start", flush=True)
    Slow(0.05).make_video(sys.argv[1], range(400), 30, num_workers=int(sys.argv[2]))
"""


@pytest.mark.parametrize("n_workers", [1, 2])
def test_ctrl_c(tmp_path, n_workers):
    path = tmp_path / "out" / "a.mp4"
    path.parent.mkdir()
    path.write_text("before")
    script = run_script(tmp_path, INTERRUPTED, path, n_workers, start_new_session=True)
    assert script.stdout.readline() == "start\n"
    for _ in range(200):  # until something was encoded
        time.sleep(0.1)
        if any(part.stat().st_size > 0 for part in path.parent.glob(".*.part")):
            break
    else:
        raise AssertionError("nothing was ever encoded")
    children = psutil.Process(script.pid).children(recursive=True)
    assert len(children) >= (n_workers if n_workers > 1 else 0)
    os.killpg(script.pid, signal.SIGINT)  # as a terminal does, to the workers as well
    _, err = script.communicate(timeout=30)
    assert err.strip().endswith("KeyboardInterrupt")
    assert script.returncode != 0
    assert path.read_text() == "before"
    assert_nothing_beside(path)
    assert psutil.wait_procs(children, timeout=10)[1] == []


BUSY = """
    import sys, time
    from helpers import Slow

    print("start", flush=True)
    Slow(60).make_video(sys.argv[1], range(40), 30, num_workers=2)
"""


def test_ctrl_c_does_not_wait_for_slow_frames(tmp_path):
    """As from a notebook's stop button, to this process alone."""
    script = run_script(tmp_path, BUSY, tmp_path / "out" / "a.mp4", start_new_session=True)
    assert script.stdout.readline() == "start\n"
    time.sleep(5)  # the workers sleep in update()
    children = psutil.Process(script.pid).children(recursive=True)
    script.send_signal(signal.SIGINT)
    _, err = script.communicate(timeout=25)
    assert err.strip().endswith("KeyboardInterrupt")
    assert not (tmp_path / "out").exists()
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_a_render_within_a_render(tmp_path):
    class Outer(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params)
            FrameNumber().make_video(
                tmp_path / "inner.mp4", range(3), 30, num_workers=1 if frame_idx < 2 else 2
            )

    with pytest.raises(FrameError, match=r"frame 2 .* has to draw here: give num_workers=1"):
        Outer().make_video(tmp_path / "a.mp4", range(5), 30, num_workers=1)
    assert_shows(tmp_path / "inner.mp4", range(3))


def test_a_cluster_from_within_a_worker(tmp_path, client):
    def render():
        FrameNumber().make_video(tmp_path / "a.mp4", range(3), 30)

    with pytest.raises(OptionError, match="as it is one itself: give num_workers=1"):
        client.submit(render, pure=False).result()


POOL = """
    import sys, multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from helpers import FrameNumber

    def load(i):
        return 3 * i

    def generate():
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            yield from pool.map(load, range(20))

    if __name__ == "__main__":
        FrameNumber().make_video(sys.argv[1], generate(), 30, num_workers=2)
        print(__spec__)
"""


def test_a_generator_with_processes_of_its_own(tmp_path):
    (tmp_path / "out").mkdir()
    script = run_script(tmp_path, POOL, tmp_path / "out" / "a.mp4")
    out, err = script.communicate(timeout=60)
    assert (out, err) == ("None\n", "")
    assert_shows(tmp_path / "out" / "a.mp4", range(0, 60, 3))


def test_the_scheduler_goes_away(tmp_path):
    """A clear error, and no hang."""
    scheduler = subprocess.Popen(
        [
            *(sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"),
            *("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", tmp_path / "scheduler.json"),
        ],
        stderr=subprocess.DEVNULL,
    )
    worker = None
    try:
        for _ in range(300):
            time.sleep(0.1)
            if (tmp_path / "scheduler.json").exists():
                break
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1"),
                *("--no-dashboard", "--death-timeout", "5"),
                *("--scheduler-file", tmp_path / "scheduler.json"),
            ],
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(HERE)},
        )

        def generate():
            for i in range(1000):
                if i == 60:
                    scheduler.send_signal(signal.SIGKILL)
                    scheduler.wait()
                yield i

        scheduler_file = str(tmp_path / "scheduler.json")
        with Client(scheduler_file=scheduler_file, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=30)
            with pytest.raises(WorkerError, match="the scheduler is gone"):
                FrameNumber().make_video(tmp_path / "out" / "a.mp4", generate(), 30, client=client)
        assert not (tmp_path / "out").exists()
    finally:
        scheduler.kill()
        if worker is not None:
            worker.kill()
            worker.wait()
        scheduler.wait()
