"""Faults that a random scenario does not reach: many in one render, and those of programs and disks."""

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import dask
import matplotlib.pyplot as plt
import numpy as np
import psutil
import pytest
from clusters import local_client
from distributed import Client
from fault_injection import Fault, InjectedFrames
from helpers import (
    Counted,
    FrameNumber,
    assert_nothing_beside,
    assert_shows,
    decode,
    path_first,
    plain_frames,
)

from dask_animate import Animator
from dask_animate.errors import OutputError, WorkerError


def environment():
    return os.environ | {"PYTHONPATH": path_first(Path(__file__).parent)}


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_twenty_deaths_in_one_render(tmp_path, encode_on):
    marks, path = tmp_path / "marks", tmp_path / "out" / "a.mkv"
    marks.mkdir()
    rng = random.Random(20)
    faults = [Fault("kill", frame_idx) for frame_idx in sorted(rng.sample(range(400), 20))]
    settings = {
        "distributed.deploy.lost-worker-timeout": "60 s",
        "distributed.scheduler.allowed-failures": 20,
    }
    with dask.config.set(settings):
        cluster, client = local_client(2)
        with cluster, client:
            InjectedFrames(marks, faults).make_video(
                path, range(400), 25, codec="ffv1", client=client, partition_size=10, encode_on=encode_on
            )
    assert len(list(marks.iterdir())) == 20
    assert_shows(path, range(400))
    assert_nothing_beside(path)


class KillsItsNanny(FrameNumber):
    """Kills the process that watches the worker, and the worker."""

    def __init__(self, mark):
        super().__init__()
        self.mark = mark

    def update(self, frame_idx, params):
        if frame_idx == 30:
            try:
                self.mark.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                nanny = psutil.Process().parent()
                while "dask" not in " ".join(nanny.cmdline()):
                    nanny = nanny.parent()
                nanny.kill()
                os.kill(os.getpid(), signal.SIGKILL)
        super().update(frame_idx, params)


def test_a_nanny_is_killed(tmp_path):
    """The worker does not come back, and the others do its work."""
    options = ["--no-dashboard", "--host", "127.0.0.1"]
    file = tmp_path / "scheduler.json"
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, *options, "--scheduler-file", file],
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        for arguments in (["scheduler", "--port", "0"], *[["worker", "--nthreads", "1"]] * 2)
    ]
    try:
        end = time.monotonic() + 60
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.1)
        with Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            KillsItsNanny(tmp_path / "mark").make_video(
                tmp_path / "a.mp4", range(60), 25, client=client, partition_size=10
            )
            assert len(client.scheduler_info()["workers"]) == 1
    finally:
        for program in programs:
            program.kill()
            program.wait()
    assert_shows(tmp_path / "a.mp4", range(60))


class Greedy(FrameNumber):
    """Takes more memory than its worker may have."""

    def update(self, frame_idx, params):
        if frame_idx == 33:
            self.held = [np.ones(4_000_000) for _ in range(60)]
            time.sleep(60)
        super().update(frame_idx, params)


def test_out_of_memory(tmp_path):
    """The error names the partition, its memory, and what to change."""
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "60 s"}):
        cluster, client = local_client(2, memory_limit="700 MB")
        with cluster, client, pytest.raises(WorkerError) as caught:
            Greedy().make_video(
                tmp_path / "out" / "a.mp4", range(60), 25, client=client, partition_size=10
            )
    assert "frames 30 to 39" in str(caught.value)
    assert "memory" in str(caught.value)
    assert "partition_size" in str(caught.value)
    assert not (tmp_path / "out").exists()


class Talkative(FrameNumber):
    """Warns ten thousand times."""

    def update(self, frame_idx, params):
        for n in range(100):
            warnings.warn(f"this is no good, for the {n}th time", UserWarning, stacklevel=1)
        super().update(frame_idx, params)


@pytest.mark.parametrize("where", ["here", "workers"])
def test_ten_thousand_warnings(tmp_path, request, where):
    """Python folds them into one for each text; those of workers go to their logs."""
    options = {"num_workers": 1} if where == "here" else {"client": request.getfixturevalue("client")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        Talkative().make_video(tmp_path / "a.mp4", range(100), 25, **options)
    assert len(caught) == (100 if where == "here" else 0)
    assert_shows(tmp_path / "a.mp4", range(100))


class Unsettled(Animator):
    """Is given what is no number, and infinite ones."""

    def setup(self):
        fig, ax = plt.subplots(figsize=(2, 1), dpi=50)
        ax.set(xlim=(0, 1), ylim=(0, 1))
        (self.line,) = ax.plot([], [])
        return fig

    def update(self, frame_idx, values):
        self.line.set_data(np.linspace(0, 1, len(values)), values)


def test_what_is_no_number(tmp_path, client):
    rng = np.random.default_rng(0)
    values = rng.choice([0.2, 0.8, np.nan, np.inf, -np.inf], size=(40, 30))
    values[7] = np.nan
    Unsettled().make_video(tmp_path / "a.mkv", values, 25, codec="ffv1", client=client)
    expected = plain_frames(Unsettled(), enumerate(values))
    np.testing.assert_array_equal(decode(tmp_path / "a.mkv"), expected)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("encode_on", ["client", "workers"])
def test_the_disk_of_the_output_fills(tmp_path, client, encode_on):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted")
    try:
        path = disk / "a.mkv"
        path.write_bytes(b"before")
        noise = np.random.default_rng(0).integers(0, 256, (60, 120, 160, 3), np.uint8)
        with pytest.raises(OutputError, match="No space left"):
            Pixels().make_video(
                path, noise, 25, codec="ffv1", client=client, encode_on=encode_on, partition_size=10
            )
        assert path.read_bytes() == b"before"
        assert_nothing_beside(path)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


class Pixels(Animator):
    """Shows an image."""

    def setup(self):
        fig = plt.figure(figsize=(1.6, 1.2), dpi=100)
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        self.image = ax.imshow(np.zeros((120, 160, 3), np.uint8))
        return fig

    def update(self, frame_idx, pixels):
        self.image.set_data(pixels)


class Gate(FrameNumber):
    """Draws no frame until a file is there."""

    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def update(self, frame_idx, params):
        while not self.gate.exists():
            time.sleep(0.01)
        super().update(frame_idx, params)


def test_two_renders_to_one_file(tmp_path, tmp_path_factory, client):
    """The later one is told before it draws; the earlier one is not disturbed."""
    path, folder = tmp_path / "a.mkv", tmp_path_factory.mktemp("marks")
    options = {"codec": "ffv1", "client": client}
    gate, log = folder / "gate", folder / "log"
    first = Gate(gate).make_video(path, range(100), 25, wait=False, **options)
    for name in (path, tmp_path / "." / "a.mkv"):
        with pytest.raises(OutputError, match=r"a\.mkv is being written already, in \.a-.*\.part: wait"):
            Counted(log).make_video(name, range(50), 25, num_workers=1)
    assert not log.exists()
    FrameNumber().make_video(tmp_path / "a.gif", range(50), 25, num_workers=1)
    gate.touch()
    first.result(timeout=60)
    assert_shows(path, range(100))
    FrameNumber().make_video(path, range(50), 25, **options)
    assert_shows(path, range(50))
    assert {file.name for file in tmp_path.iterdir()} == {"a.mkv", "a.gif"}


FORKED = """
import os, sys, time
from dask_animate.encoding import as_destination, open_output

output = open_output(as_destination(sys.argv[1]))
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)
print("forked", flush=True)
sys.stdin.read()
"""


def test_a_killed_render_with_a_forked_process_lets_the_next_one_write(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKED, tmp_path / "a.mp4"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "forked\n"
    (child,) = psutil.Process(process.pid).children()
    try:
        with pytest.raises(OutputError, match="is being written already"):
            FrameNumber().make_video(tmp_path / "a.mp4", range(9), 25, num_workers=1)
        process.kill()
        process.wait()
        FrameNumber().make_video(tmp_path / "a.mp4", range(9), 25, num_workers=1)
        assert child.status() == psutil.STATUS_SLEEPING
    finally:
        child.kill()
        process.stdin.close(), process.stdout.close()
    assert_nothing_beside(tmp_path / "a.mp4")
