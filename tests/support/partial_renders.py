"""Renders that do not come to their end."""

import os
import signal
import subprocess
import sys
import textwrap
import time

from helpers import SUPPORT, FrameNumber

from dask_animate.encoding import probe

SIZES = [1, 9, 2, 5, 8]
NUMBERS = [7 * i % 1000 for i in range(sum(SIZES))]

_SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    from distributed import Client
    from helpers import FrameNumber
    from partial_renders import render, wait_for

    path, encode_on, where = Path(sys.argv[1]), *sys.argv[2:]

    class Kills(FrameNumber):
        def update(self, frame_idx, params):
            if frame_idx == 14:
                wait_for(path.with_suffix(f".partial{path.suffix}"), 12)
                os.kill(os.getpid(), signal.SIGKILL)
            super().update(frame_idx, params)

    options = {"encode_on": encode_on}
    if encode_on == "client":
        options["video_extra_ffmpeg_params"] = ["-g", "12"]
    if where == "cluster":
        one = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
        options |= {"client": Client(processes=False, **one), "num_workers": -1}
    render(path, Kills(), **options)
"""


def render(path, animator=None, **options):
    """Render `NUMBERS` in this process, and keep what there is if that fails."""
    options = {"num_workers": 1, "partition_size": SIZES, "keep_partial": True, **options}
    return (animator or FrameNumber()).make_video(path, NUMBERS, 30, **options)


def render_until_killed(path, encode_on="workers", where="here"):
    """Render in another process, which is killed in frame 14; the file shows 12 frames then."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_SCRIPT), str(path), encode_on, where],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path])},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def wait_for(path, n_frames):
    """Wait until a file shows so many frames."""
    for _ in range(3000):
        if path.exists() and probe(path).n_frames >= n_frames:
            return
        time.sleep(0.02)
    raise AssertionError(f"{path} has not got {n_frames} frames")
