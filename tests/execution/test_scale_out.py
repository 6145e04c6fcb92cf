"""Renders that begin in this process and go on in others, and those that do not."""

import hashlib
import json
import os
import pickle
import platform
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import dask.array as da
import dask.bag as db
import numpy as np
import psutil
import pytest
from dask import delayed
from helpers import (
    SUPPORT,
    FrameNumber,
    assert_nothing_beside,
    assert_shows,
    decode,
    read_numbers,
    wait_until,
)

from dask_animate import FrameSource
from dask_animate.errors import FrameError, ParamsError, WorkerError
from dask_animate.execution import own_cluster, scale_out

pytestmark = pytest.mark.newest  # which process draws is decided here, not by Dask

N = 60


class WaitsForOthers(FrameNumber):
    """Draws slowly in the process that makes it, until another one has drawn a frame."""

    def __init__(self, folder):
        super().__init__()
        self.here, self.elsewhere = os.getpid(), folder / "elsewhere"

    def update(self, frame_idx, params):
        if os.getpid() != self.here:
            self.elsewhere.touch()
        elif not self.elsewhere.exists():
            time.sleep(0.3 if frame_idx < 20 else 1)  # a busy machine may need a minute to start one
        super().update(frame_idx, params)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """For the notes of `WaitsForOthers`. To start a cluster seems to cost little."""
    monkeypatch.setattr(own_cluster, "START_SECONDS", 0.1)
    monkeypatch.setattr(own_cluster, "_measured", [])
    folder = tmp_path / "notes"
    folder.mkdir()
    yield folder
    wait_until_closed()


def clusters():
    """Return the processes of clusters that were started here."""
    return [one for one in psutil.Process().children(recursive=True) if is_cluster(one)]


def is_cluster(process):
    try:
        return "cluster_process" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended
        return False


def wait_until_closed():
    while any(thread.name == "dask_animate-cluster" for thread in threading.enumerate()):
        time.sleep(0.02)
    assert not clusters()


@pytest.mark.parametrize("said", [b"", pickle.dumps({"path": sys.path})[:-9]])
def test_a_caller_that_ends_before_it_asks(said, tmp_path):
    (tmp_path / "folder").mkdir()
    command = [sys.executable, own_cluster_script(), str(tmp_path / "folder")]
    done = subprocess.run(command, input=said, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("with_folder", [True, False])
def test_a_caller_that_ends_while_the_cluster_starts(tmp_path, with_folder):
    if with_folder:
        (tmp_path / "folder").mkdir()
    asked = {"path": sys.path, "config": {}, "n_workers": 1}
    command = [sys.executable, own_cluster_script(), str(tmp_path / "folder")]
    done = subprocess.run(command, input=pickle.dumps(asked), capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_cluster_ends_with_its_caller_only(tmp_path, name):
    """Whatever all processes of a job are told, nothing is left."""
    folder = tmp_path / "folder"
    folder.mkdir()
    command = [sys.executable, own_cluster_script(), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(pickle.dumps({"path": sys.path, "config": {}, "n_workers": 1}))
    process.stdin.flush()
    wait_until((folder / "address").exists)
    assert sorted(path.name for path in folder.iterdir()) == ["address", "dask-scratch-space"]
    everybody = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in everybody:
        if "resource_tracker" not in " ".join(one.cmdline()):
            one.send_signal(getattr(signal, name))
    assert process.communicate(timeout=60) == (None, b"")
    assert process.returncode == 0
    assert psutil.wait_procs(everybody[1:], timeout=20)[1] == []
    assert list(tmp_path.iterdir()) == []


def own_cluster_script():
    return str(Path(own_cluster.__file__).with_name("cluster_process.py"))


def slow(*case):
    return pytest.param(*case, marks=pytest.mark.slow)


PARAMS = {
    "range": lambda: range(N),
    "generator": lambda: (i for i in range(N)),
    "delayed": lambda: [delayed(i) if i % 7 else i for i in range(N)],
    "array": lambda: da.arange(N, chunks=9),
    "bag": lambda: db.range(N, npartitions=20),
}


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize(
    ("kind", "suffix", "options"),
    [
        ("range", "mp4", {}),
        slow("range", "mp4", {"partition_size": 5}),
        slow("range", "gif", {}),
        slow("range", "mp4", {"encode_on": "client", "partition_size": 7}),
        ("range", "mp4", {"store": "store"}),
        ("generator", "mp4", {}),
        slow("delayed", "mp4", {}),
        slow("array", "mp4", {}),
        slow("array", "mp4", {"partition_size": 5}),
        ("bag", "mp4", {}),
    ],
)
def test_frames_are_right_wherever_they_are_drawn(tmp_path, folder, kind, suffix, options):
    path = tmp_path / f"a.{suffix}"
    if "store" in options:
        options = {"store": tmp_path / "store"}
    video = WaitsForOthers(folder).make_video(path, PARAMS[kind](), 30, num_workers=2, **options)
    assert [read_numbers(frame) for frame in decode(path)] == [(i, i) for i in range(N)]
    stats = video.stats
    assert stats.n_workers >= 1
    assert 0 < stats.n_frames_here < N
    assert stats.scaling_seconds > 0
    assert stats.scaling_reason.startswith("a cluster was started: ")
    assert sum(stats.partition_sizes) == N
    others = "1 worker" if stats.n_workers == 1 else f"{stats.n_workers} workers"
    assert f"by {others} and this process, partitions: " in str(stats)
    here = [report for report in stats.partitions if not report.worker]
    drew = sum(report.seconds - report.setup_seconds for report in here)
    assert 0 <= stats.wait_seconds <= stats.wall_seconds - drew


class SourceThatWaits(FrameSource):
    """As `WaitsForOthers`, without a figure."""

    def __init__(self, folder):
        self.here, self.elsewhere = os.getpid(), folder / "elsewhere"

    def draw(self, frame_idx, params):
        if os.getpid() != self.here:
            self.elsewhere.touch()
        elif not self.elsewhere.exists():
            time.sleep(0.3 if frame_idx < 20 else 1)
        return np.full((16, 16), 4 * params, np.uint8)


def test_frames_without_a_figure(tmp_path, folder):
    source = SourceThatWaits(folder)
    video = source.make_video(tmp_path / "a.mkv", range(N), 30, num_workers=2, codec="ffv1")
    assert decode(video.path)[:, 4, 4, 0].tolist() == [4 * idx for idx in range(N)]
    assert video.stats.n_workers >= 1
    assert 0 < video.stats.n_frames_here < N


@pytest.mark.parametrize("sizes", [slow(7), [3, 4, 5, 6, 7, 8, 9, 10, 8]])
def test_bytes_do_not_depend_on_where_frames_are_drawn(tmp_path, folder, sizes):
    digests = []
    for num_workers in (1, 2):
        if num_workers == 1:
            (folder / "elsewhere").touch()
        video = WaitsForOthers(folder).make_video(
            tmp_path / "a.mp4", range(N), 30, num_workers=num_workers, partition_size=sizes
        )
        (folder / "elsewhere").unlink()
        digests.append(hashlib.sha256(video.path.read_bytes()).digest())
        assert bool(video.stats.n_workers) == (num_workers == 2)
    assert digests[0] == digests[1]


def test_what_is_short_is_drawn_here(tmp_path):
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 30)
    assert_shows(tmp_path / "a.mp4", range(N))
    assert (video.stats.n_workers, video.stats.n_frames_here) == (0, N)
    assert "would have cost more than it saves" in video.stats.scaling_reason
    assert video.stats.scaling_seconds is None


def test_an_animator_that_cannot_travel_is_drawn_here(tmp_path, folder, caplog):
    animator = WaitsForOthers(folder)
    animator.lock = threading.Lock()
    with caplog.at_level("WARNING", "dask_animate"):
        video = animator.make_video(tmp_path / "a.mp4", range(9), 30, num_workers=2)
    assert_shows(tmp_path / "a.mp4", range(9))
    assert video.stats.n_frames_here == 9
    assert "as self.lock (lock) cannot be pickled" in video.stats.scaling_reason
    assert caplog.messages == [f"only this process draws: {video.stats.scaling_reason}"]


def test_data_that_do_not_fit_a_worker_are_drawn_here(tmp_path, folder, monkeypatch, caplog):
    def check_memory(self, limit, partition_size):
        if limit is not None:
            raise ParamsError("rechunk the data")

    monkeypatch.setattr("dask_animate.params.param_sequences.SliceParams.check_memory", check_memory)
    with caplog.at_level("WARNING", "dask_animate"):
        data = da.arange(12, chunks=4)
        video = WaitsForOthers(folder).make_video(tmp_path / "a.mp4", data, 30, num_workers=2)
    assert video.stats.scaling_reason == "rechunk the data"
    assert caplog.messages.count("only this process draws: rechunk the data") == 1
    assert_shows(tmp_path / "a.mp4", range(12))


@pytest.mark.parametrize("executable", ["false", slow("/nowhere/python")])
def test_a_cluster_that_cannot_be_started(tmp_path, folder, monkeypatch, executable, caplog):
    monkeypatch.setattr(sys, "executable", executable)
    with caplog.at_level("WARNING", "dask_animate"):
        video = WaitsForOthers(folder).make_video(tmp_path / "a.mp4", range(12), 30, num_workers=2)
    assert_shows(tmp_path / "a.mp4", range(12))
    assert video.stats.n_frames_here == 12
    assert "but it could not be started" in video.stats.scaling_reason
    assert any("could not be started" in message for message in caplog.messages)


class CannotBeLoaded(WaitsForOthers):
    """Can be loaded in the process that makes it only, which waits until it was tried elsewhere."""

    def __setstate__(self, state):
        if state["here"] != os.getpid():
            state["elsewhere"].touch()
            raise ImportError("no such module here")
        vars(self).update(state)

    def update(self, frame_idx, params):
        if frame_idx == 8:
            wait_until(self.elsewhere.exists)
            time.sleep(1)  # until it is told here
        super().update(frame_idx, params)


def test_an_animator_that_cannot_be_loaded_elsewhere_is_drawn_here(tmp_path, folder):
    video = CannotBeLoaded(folder).make_video(tmp_path / "a.mp4", range(12), 30, num_workers=2)
    assert_shows(tmp_path / "a.mp4", range(12))
    assert video.stats.n_frames_here == 12
    assert "no such module here" in video.stats.scaling_reason


def test_the_process_of_a_cluster_is_killed(tmp_path, folder):
    class Kills(WaitsForOthers):
        def update(self, frame_idx, params):
            if os.getpid() == self.here and self.elsewhere.exists():
                for process in clusters():
                    if process.ppid() == self.here:
                        process.kill()
                time.sleep(0.1)
            super().update(frame_idx, params)

    path = tmp_path / "out" / "a.mp4"
    with pytest.raises(
        WorkerError, match="cluster that was started for this render ended with status -9"
    ):
        Kills(folder).make_video(path, range(5000), 30, num_workers=2)
    assert not path.parent.exists()


def test_settings_of_dask_that_cannot_travel(tmp_path, folder, capfd):
    with ThreadPoolExecutor(1) as pool, dask.config.set(pool=pool):
        video = WaitsForOthers(folder).make_video(tmp_path / "a.mp4", range(N), 30, num_workers=2)
    assert video.stats.n_workers == 1
    assert capfd.readouterr().err == ""


class Allocates(WaitsForOthers):
    """Notes how many pages the kernel has to give it for an array as large as one that it freed."""

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if os.getpid() != self.here:
            n_faults = []
            for _ in range(2):
                before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
                np.ones(2**24)
                n_faults.append(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)
            noted = self.elsewhere.parent / f"{frame_idx}"
            if not noted.exists():  # a frame may be drawn once more
                noted.write_text(json.dumps(n_faults))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_workers_keep_the_memory_of_large_arrays(tmp_path, folder):
    Allocates(folder).make_video(tmp_path / "a.mp4", range(N), 30, num_workers=2)
    (folder / "elsewhere").unlink()
    noted = sorted((int(path.name), json.loads(path.read_text())) for path in folder.iterdir())
    n_faults = [number for _, numbers in noted for number in numbers]
    assert n_faults[0] >= 64  # pages of two mebibytes, or many more that are smaller
    assert n_faults[-1] < 6


class Fails(WaitsForOthers):
    """Fails at the first frame that is drawn elsewhere, or here after one was."""

    def __init__(self, folder, is_elsewhere):
        super().__init__(folder)
        self.is_elsewhere = is_elsewhere

    def update(self, frame_idx, params):
        if (os.getpid() != self.here) == self.is_elsewhere and (
            self.is_elsewhere or self.elsewhere.exists()
        ):
            raise ValueError("not this one")
        super().update(frame_idx, params)


@pytest.mark.parametrize("is_elsewhere", [True, slow(False)])
def test_errors_are_told_once(tmp_path, folder, is_elsewhere, capfd):
    path = tmp_path / "out" / "a.mp4"
    path.parent.mkdir()
    path.write_text("before")
    with pytest.raises(FrameError, match="not this one"):
        Fails(folder, is_elsewhere).make_video(path, range(500), 30, num_workers=2)
    assert path.read_text() == "before"
    assert_nothing_beside(path)
    wait_until_closed()
    assert capfd.readouterr().err == ""


class DiesOnce(WaitsForOthers):
    def update(self, frame_idx, params):
        died = self.elsewhere.with_name("died")
        if os.getpid() != self.here and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        super().update(frame_idx, params)


class Dies(WaitsForOthers):
    """Kills each other process that draws."""

    def update(self, frame_idx, params):
        if os.getpid() != self.here:
            os.kill(os.getpid(), signal.SIGKILL)
        super().update(frame_idx, params)


@pytest.mark.slow
def test_workers_that_die_again_and_again(tmp_path, folder, capfd):
    with pytest.raises(WorkerError, match="workers died drawing this, again and again"):
        Dies(folder).make_video(tmp_path / "a.mp4", range(N), 30, num_workers=2)
    wait_until_closed()
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_a_worker_that_dies(tmp_path, folder):
    video = DiesOnce(folder).make_video(tmp_path / "a.mp4", range(N), 30, num_workers=2)
    assert_shows(tmp_path / "a.mp4", range(N))
    assert video.stats.n_workers == 1


KILLED = """
    import os, sys
    from helpers import Slow
    from dask_animate.execution import own_cluster

    own_cluster.START_SECONDS = 0
    Slow(0.05).make_video(sys.argv[1], range(5000), 30, num_workers=3)
"""


def test_the_cluster_ends_with_a_process_that_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(KILLED))
    path = os.pathsep.join([str(SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])])
    (tmp_path / "temporary").mkdir()
    environment = {"PYTHONPATH": path, "TMPDIR": str(tmp_path / "temporary")}
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "a.mp4")], env={**os.environ, **environment}
    )
    while len(psutil.Process(process.pid).children(recursive=True)) < 4:  # tracker, cluster and workers
        assert process.poll() is None
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert list((tmp_path / "temporary").glob("dask_animate-*")) == []


def test_the_cost_of_a_frame():
    cost = scale_out.FrameCost()
    cost.begin()
    assert cost.frame_seconds() is None
    clock = [cost.begun]
    times = iter([0.3, 0.3, *[0.01] * 18])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale_out.time, "perf_counter", lambda: clock[0])
        patch.setattr(scale_out.time, "process_time", lambda: 1.5 * clock[0])
        known = []
        for n, seconds in enumerate(times, 1):
            clock[0] += seconds
            cost.note(n, 0.0)
            known.append(cost.frame_seconds())
        assert known[0] is None  # one frame tells nothing
        assert known[-1] == pytest.approx(0.01)  # the slow ones at the start do not count for ever
        assert cost.cores() == pytest.approx(1.5)
        cost.note(20, 0.5)
        assert cost.spent() == pytest.approx(0.28)


def cost_of(seconds, update_seconds=0.0):
    """Return the cost as it is known after frames that took so long, partly in `update`."""
    cost, clock = scale_out.FrameCost(), [0.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale_out.time, "perf_counter", lambda: clock[0])
        cost.begin()
        for n, taken in enumerate(seconds, 1):
            clock[0] += taken
            cost.note(n, 0.0, n * update_seconds)
    return cost


def test_the_first_frames_are_slower():
    slow = [0.22, 0.2, 0.35, 0.31]  # as of multi_panel
    for n in (3, 4):
        cost = cost_of(slow[:n])
        assert not cost.is_settled
        assert cost.frame_seconds() < 0.04
        assert cost.first_seconds() == 0
        assert cost.cores() == scale_out.FIRST_CORES
    cost = cost_of([*slow, 0.03, 0.025])
    assert cost.is_settled
    assert cost.frame_seconds() == pytest.approx(0.0275)
    assert cost.first_seconds() == pytest.approx(sum(slow) - 4 * 0.0275)


def test_what_update_takes_it_takes_of_each_frame():
    assert cost_of([1.0]).frame_seconds() == pytest.approx(0.1)
    assert cost_of([1.0], update_seconds=0.8).frame_seconds() == pytest.approx(0.82)


def test_parameters_that_are_left(tmp_path):
    """Of every kind, after some were taken one by one."""
    from dask_animate.params import open_params

    for kind, make in PARAMS.items():
        if kind == "bag":
            continue
        for n_taken in (0, 1, 9, 10, N):
            params = open_params(make(), None)
            items = iter(params)
            taken = [next(items) for _ in range(n_taken)]
            assert params.n_taken == n_taken
            partitions = list(params.partitions(lambda start: 13, np.inf))
            starts = [partition.start for partition in partitions]
            assert starts == list(range(n_taken, N, 13))
            left = [item for partition in partitions for item in partition.items()]
            assert [int(item) for item in [*taken, *left]] == list(range(N))
