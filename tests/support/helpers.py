"""Animators whose frames can be told apart, and how to read them back from a file."""

import os
import random
import signal
import time
import tomllib
from fractions import Fraction
from pathlib import Path

import av
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage

from dask_animate import Animator
from dask_animate.rendering.task_output import TaskSpec

N_BITS = 14

#: Where this module lies, for interpreters that tests start.
SUPPORT = Path(__file__).parent

_PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
#: PYTHONWARNINGS of interpreters that tests start: what pytest makes of warnings.
WARNINGS = ",".join(_PROJECT["tool"]["pytest"]["ini_options"]["filterwarnings"])


def path_first(folder):
    """Return a PYTHONPATH for interpreters that tests start: a folder, this one, and what it was."""
    return os.pathsep.join([str(folder), str(SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])])


def draw_block(renderer, indexed, n_frames):
    """Draw frames into one block; return the pixels and the report."""
    output = renderer.render(TaskSpec(), 0, indexed, n_frames)
    return output.payload.pixels, output.report


def plain_frames(animator, items):
    """Return the frames that a plain loop of matplotlib draws of pairs of an index and parameters."""
    figure = animator.setup()
    canvas = FigureCanvasAgg(figure)
    frames = []
    for frame_idx, params in items:
        animator.update(frame_idx, params)
        canvas.draw()
        frames.append(np.array(canvas.buffer_rgba())[..., :3])
    plt.close(figure)
    return np.stack(frames)


class FrameNumber(Animator):
    """Draws its frame index, and a second number from its parameters, as rows of squares."""

    def __init__(self, figsize=(2.8, 0.8), dpi=50):
        self.figsize, self.dpi = figsize, dpi

    def setup(self):
        fig = plt.figure(figsize=self.figsize, dpi=self.dpi)
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        self.image = ax.imshow(
            np.zeros((2, N_BITS)), cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
        )
        return fig

    def update(self, frame_idx, params):
        numbers = np.array([frame_idx, int(params)])
        self.image.set_data((numbers[:, None] >> np.arange(N_BITS)) & 1)


def read_numbers(picture):
    """Return the two numbers that a `FrameNumber` frame, (height, width, 3), shows."""
    height, width = picture.shape[:2]
    rows = (np.array([0.25, 0.75]) * height).astype(int)
    columns = ((np.arange(N_BITS) + 0.5) / N_BITS * width).astype(int)
    bits = picture[np.ix_(rows, columns)].mean(axis=-1) > 127
    return tuple((bits << np.arange(N_BITS)).sum(axis=1).tolist())


def decode(path, fps=None):
    """Return all frames of a video, (n, height, width, 3), and check that their times are uniform."""
    if Path(path).suffix == ".webp":
        return decode_webp(path, fps)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        fps = fps or stream.guessed_rate
        # the demuxer of APNG rounds each delay, so that errors add up
        exact = 0 if path.suffix in (".mp4", ".mov", ".m4v") else stream.time_base
        for idx, frame in enumerate(frames):
            off = abs(frame.pts * stream.time_base - idx / Fraction(fps))
            assert off <= exact * (idx if path.suffix in (".apng", ".png") else 1)
        dts = [packet.dts for packet in demux(path) if packet.dts is not None]  # Matroska has none
        assert dts == sorted(set(dts))
        return np.stack([frame.to_ndarray(format="rgb24") for frame in frames])


def demux(path):
    """Return the packets of a video."""
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def decode_webp(path, fps=None):
    """FFmpeg decodes no animated WebP."""
    from PIL import Image

    frames, shown = [], 0
    with Image.open(path) as image:
        for idx in range(image.n_frames):
            image.seek(idx)
            frames.append(np.asarray(image.convert("RGB")))
            assert fps is None or abs(shown - 1000 * idx / fps) <= 1
            shown += image.info["duration"]
    return np.stack(frames)


def assert_shows(path, params, fps=None):
    """Check that frame i of a `FrameNumber` video shows i and ``params[i]``, for all i."""
    shown = [read_numbers(frame) for frame in decode(path, fps)]
    assert shown == [(i, int(value)) for i, value in enumerate(params)]


def wait_until(condition, seconds=60):
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)


def assert_nothing_beside(path):
    """Check that a directory holds one file, or none, and no temporary one."""
    assert set(os.listdir(Path(path).parent)) <= {Path(path).name}


class SpeaksOut(FrameNumber):
    """Changes whatever of the process an animator may change."""

    def setup(self):
        fig = super().setup()
        plt.rcParams["lines.linewidth"] = 9
        return fig

    def update(self, frame_idx, params):
        np.random.rand(3)
        random.random()
        plt.figure(1)
        super().update(frame_idx, params)


class ChangesParams(FrameNumber):
    """Shows a number from its parameters, all of which it changes in place."""

    def update(self, frame_idx, params):
        super().update(frame_idx, params["x"][0] + len(params["more"]) + len(params) - 2)
        params["x"] *= 2
        params["more"].append(1)
        params["new"] = 1


class ChangesParamsAndImage(ChangesParams):
    """Changes the image as well, without telling matplotlib, so that frames have to be drawn again."""

    def update(self, frame_idx, params):
        shown = self.image
        self.image = AxesImage(shown.axes)
        super().update(frame_idx, params)
        self.image, changed = shown, self.image
        self.image.get_array()[:] = changed.get_array()


class Noise(Animator):
    """Shows random numbers from NumPy's and Python's global states, drawn in setup and in update."""

    def setup(self):
        fig = plt.figure(figsize=(1, 1), dpi=32)
        self.points = np.random.rand(8)
        self.image = fig.add_axes((0, 0, 1, 1)).imshow(np.zeros((3, 8)), vmin=0, vmax=1)
        return fig

    def update(self, frame_idx, params):
        other = [random.random() for _ in range(8)]
        self.image.set_data([self.points, np.random.rand(8), other])


class FailsAt(FrameNumber):
    """Raises in the frame with a given index."""

    def __init__(self, frame_idx):
        super().__init__()
        self.bad = frame_idx

    def update(self, frame_idx, params):
        if frame_idx == self.bad:
            raise LookupError(f"no data for {params}")
        super().update(frame_idx, params)


class KillsItsWorker(FrameNumber):
    """Kills the process that draws a given frame, the first `times` times."""

    def __init__(self, frame_idx, directory, times=1):
        super().__init__()
        self.bad, self.directory, self.times = frame_idx, Path(directory), times

    def update(self, frame_idx, params):
        if frame_idx == self.bad and len(list(self.directory.glob("killed-*"))) < self.times:
            time.sleep(0.5)  # until its nanny knows that it runs; else it is not started again
            (self.directory / f"killed-{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        super().update(frame_idx, params)


class Counted(FrameNumber):
    """Leaves a line in a file for each frame that is drawn."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def update(self, frame_idx, params):
        with open(self.log, "a") as file:
            file.write(f"{frame_idx} {params}\n")
        super().update(frame_idx, params)


class CountsSetups(FrameNumber):
    """Leaves a file for each setup(), named by process and time."""

    def __init__(self, directory):
        super().__init__()
        self.directory = Path(directory)

    def setup(self):
        (self.directory / f"setup-{os.getpid()}-{time.monotonic_ns()}").touch()
        return super().setup()


class Slow(FrameNumber):
    """Takes its time for each frame."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def update(self, frame_idx, params):
        time.sleep(self.seconds)
        super().update(frame_idx, params)


class NoFigure(Animator):
    """Forgets what setup() has to return."""

    def setup(self):
        return plt.subplots()

    def update(self, frame_idx, params):
        pass


class Grows(FrameNumber):
    """Changes the size of its figure in a frame."""

    def __init__(self, frame_idx):
        super().__init__()
        self.bad = frame_idx

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if frame_idx == self.bad:
            self.image.figure.set_size_inches(4, 3)
