"""The writer "dask" of matplotlib's animations: the frames are matplotlib's own, the file is ours."""

import io
import os
import subprocess
import sys
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import N_BITS, assert_nothing_beside, decode, read_numbers
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, FuncAnimation, writers

from dask_animate.encoding import probe, read_frames
from dask_animate.errors import AnimateError, EncoderError, TransparencyWarning
from dask_animate.matplotlib import DaskWriter

N_FRAMES = 12


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


def numbers(fails_at=None, **options):
    """An animation whose frame i shows i."""
    fig = plt.figure(figsize=(2.8, 0.8), dpi=50)
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    image = ax.imshow(
        np.zeros((2, N_BITS)), cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )

    def draw(i):
        if i == fails_at:
            raise LookupError(f"no frame {i}")
        image.set_data((np.array([i, i])[:, None] >> np.arange(N_BITS)) & 1)

    return FuncAnimation(fig, draw, frames=N_FRAMES, interval=50, **options)


def curves(**subplot_options):
    """An animation with text and slanted lines, of a size that is odd at 75 dpi."""
    fig, ax = plt.subplots(figsize=(3, 2), **subplot_options)
    (line,) = ax.plot(np.arange(20))

    def draw(i):
        line.set_ydata(np.sin(np.arange(20) / 3 + i) * 9 + 9)
        ax.set_title(f"frame {i}")

    return FuncAnimation(fig, draw, frames=5, interval=100)


class Recorder(AbstractMovieWriter):
    """Keeps the frames that matplotlib's own writers send to a program."""

    def setup(self, fig, outfile, dpi=None):
        super().setup(fig, outfile, dpi)
        self.frames = []

    def grab_frame(self, **savefig_kwargs):
        file = io.BytesIO()
        self.fig.savefig(file, format="rgba", dpi=self.dpi, **savefig_kwargs)
        width, height = self.frame_size
        self.frames.append(np.frombuffer(file.getvalue(), np.uint8).reshape(height, width, 4))

    def finish(self):
        pass


@pytest.mark.parametrize(
    "options",
    [{}, {"dpi": 75}, {"dpi": 120, "savefig_kwargs": {"facecolor": "tab:olive"}}],
)
def test_frames_are_those_of_matplotlib(tmp_path, options):
    recorder = Recorder()
    curves().save(tmp_path / "a.mkv", writer=recorder, **options)
    curves().save(tmp_path / "a.mkv", writer="dask", codec="ffv1", **options)
    shown = np.stack(list(read_frames(tmp_path / "a.mkv")))
    np.testing.assert_array_equal(shown, np.stack(recorder.frames)[..., :3])
    assert len(np.unique(shown.reshape(5, -1), axis=0)) == 5


def test_frames_are_those_of_the_writer_ffmpeg(tmp_path):
    if not FFMpegWriter.isAvailable():
        assert "CI" not in os.environ, "the tests' ffmpeg is missing"
        pytest.skip("needs the program ffmpeg")
    arguments = {"codec": "ffv1", "extra_args": ["-pix_fmt", "bgr0"], "fps": 12, "dpi": 75}
    for name in ("ffmpeg", "dask"):
        curves().save(tmp_path / f"{name}.mkv", writer=name, **arguments)
    np.testing.assert_array_equal(decode(tmp_path / "dask.mkv", 12), decode(tmp_path / "ffmpeg.mkv", 12))


def test_the_file_is_written_as_by_this_library(tmp_path):
    path = tmp_path / "new" / "a.mp4"
    curves().save(path, writer="dask", dpi=75, fps=Fraction(30000, 1001), metadata={"artist": "Ann"})
    info = probe(path)
    assert (info.width, info.height, info.pixel_format) == (226, 150, "yuv420p")
    assert (info.codec, info.color_tags, info.metadata["artist"]) == ("h264", (1, 1, 1, 1), "Ann")
    assert len(decode(path, Fraction(30000, 1001))) == 5
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert_nothing_beside(path)


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".webm", ".gif", ".apng", ".webp"])
def test_every_kind_of_file(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with plt.rc_context({"animation.writer": "dask"}):
        numbers().save(path)
    assert [read_numbers(frame) for frame in decode(path, 20)] == [(i, i) for i in range(N_FRAMES)]


def test_in_a_notebook(tmp_path):
    with plt.rc_context({"animation.writer": "dask"}):
        assert numbers().to_html5_video().startswith("<video")


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_a_failure_leaves_the_file_that_was_there(tmp_path, error):
    path = tmp_path / "a.mp4"
    path.write_text("before")
    with pytest.raises(LookupError, match="no frame 7"):
        numbers(fails_at=7).save(path, writer="dask")
    fig = plt.figure()

    def interrupted():
        with DaskWriter().saving(fig, path, 50) as writer:
            writer.grab_frame()
            raise error

    with pytest.raises(error):
        interrupted()
    with pytest.raises(EncoderError, match="no frame was written"), DaskWriter().saving(fig, path, 50):
        pass
    assert path.read_text() == "before"
    assert_nothing_beside(path)


def test_without_a_context_manager(tmp_path):
    fig = plt.figure(figsize=(1, 1))
    writer = DaskWriter(fps=4)
    with pytest.raises(EncoderError, match=r"call setup\(\) before"):
        writer.grab_frame()
    writer.setup(fig, tmp_path / "given-up.mp4", 32)
    writer.grab_frame()
    writer.setup(fig, tmp_path / "a.mp4", 32)
    for width in (1, 2, 3):
        fig.set_size_inches(width, 1)  # by a user who drags the window
        writer.grab_frame()
    writer.finish()
    writer.finish()
    assert decode(tmp_path / "a.mp4", 4).shape == (3, 32, 32, 3)
    assert_nothing_beside(tmp_path / "a.mp4")


def test_transparency(tmp_path):
    kwargs = {"savefig_kwargs": {"transparent": True}, "writer": "dask"}
    for suffix in (".webm", ".apng"):
        curves().save(tmp_path / f"a{suffix}", **kwargs)
        assert next(read_frames(tmp_path / f"a{suffix}"))[2, 2, 3] == 0
    curves().save(tmp_path / "a.mp4", **kwargs)  # which matplotlib draws on white, with no warning
    assert decode(tmp_path / "a.mp4")[0, 2, 2].min() >= 253
    fig = plt.figure(figsize=(1, 1), facecolor=(1, 0, 0, 0))
    with DaskWriter().saving(fig, tmp_path / "b.mp4", 32) as writer:
        with pytest.warns(TransparencyWarning, match="transparent frames are drawn on white"):
            writer.grab_frame()
        writer.grab_frame()
    assert decode(tmp_path / "b.mp4", 5).min() >= 253
    with DaskWriter().saving(fig, tmp_path / "b.webm", 32) as writer:
        writer.grab_frame(facecolor="white")
        with pytest.warns(TransparencyWarning, match="because the first frame is opaque"):
            writer.grab_frame()


def test_arguments_mean_what_they_say(tmp_path):
    def saved(name, **arguments):
        writer = DaskWriter(fps=10, **arguments)
        curves().save(tmp_path / name, writer=writer)
        return probe(tmp_path / name)

    assert saved("a.mkv", codec="vp9").codec == "vp9"
    assert saved("a.mp4", extra_args=["-pix_fmt", "yuv444p"]).pixel_format == "yuv444p"
    same = [
        saved("a.mp4", extra_args=["-crf", "35", "-preset:v", "fast"]),
        saved("b.mp4", video_quality=35, video_preset="fast"),
    ]
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert same[0].file_size < saved("a.mp4").file_size
    sizes = [saved("a.mp4", bitrate=kbits).file_size for kbits in (10, 2000)]
    assert sizes[0] < sizes[1] / 2
    with plt.rc_context({"animation.bitrate": 10}):
        assert saved("a.mp4").file_size == sizes[0]
    with plt.rc_context({"animation.codec": "hevc"}):
        assert saved("a.mp4").codec == "hevc"
        assert saved("a.webm").codec == "vp9"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0}, "fps must be a positive number"),
        ({"codec": "libx264"}, "codec must be one of 'h264', "),
        ({"codec": "ffv1"}, "codec 'ffv1' does not go into 'a.mp4'"),
        ({"name": "a.avi"}, r"the file's name must end in \.mp4, "),
        ({"name": "a.gif", "bitrate": 100}, "bitrate=100 is not possible for gif, only for h264, "),
        ({"bitrate": 0.5}, "bitrate must be an integer"),
        ({"metadata": {"genre": "x"}}, "metadata takes title, author"),
        ({"name": "a.gif", "metadata": {"title": "x"}}, "gif files cannot hold metadata"),
        ({"extra_args": "-crf 3"}, "extra_args must be a list"),
        ({"extra_args": ["-crf"]}, "extra_args must alternate"),
        ({"extra_args": ["-warp", "9"]}, "^extra_args: libx264 has no option warp"),
        ({"extra_args": ["-vcodec", "x"]}, "extra_args cannot set -vcodec: give codec= instead"),
        ({"extra_args": ["-crf", "good"]}, "video_quality must be an integer, got 'good'"),
        ({"extra_args": ["-crf", "3"], "video_quality": 4}, "leave one of them out"),
        (
            {"name": "a.webm", "extra_args": ["-crf", "3"]},
            "extra_args cannot set -crf: give video_quality= instead",
        ),
        ({"video_preset": "warp"}, "video_preset for libx264 must be one of"),
        ({"pixel_format": "rgb24"}, "pixel_format of h264 in mp4 must be one of"),
        ({"video_mode": "fast"}, "video_mode must be one of"),
        ({"dither": "bayer"}, "only for GIF"),
    ],
)
def test_bad_arguments_are_errors_before_any_work(tmp_path, change, message):
    def fails(i):
        raise AssertionError("work has started")

    change = dict(change)
    path = tmp_path / change.pop("name", "a.mp4")
    animation = FuncAnimation(plt.figure(), fails, init_func=lambda: [], frames=3)
    with pytest.raises(AnimateError, match=message):
        animation.save(path, writer=DaskWriter(**{"fps": 5, **change}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["dpi", "format", "bbox_inches"])
def test_what_is_the_same_for_all_frames(tmp_path, name):
    with DaskWriter().saving(plt.figure(), tmp_path / "a.mp4", 32) as writer:
        writer.grab_frame()
        with pytest.raises(AnimateError, match=f"grab_frame cannot take {name}"):
            writer.grab_frame(**{name: 3})


def test_it_is_registered_by_an_import_of_its_own():
    assert writers["dask"] is DaskWriter
    assert "dask" in writers.list()
    code = """
        import sys, dask_animate
        assert "dask_animate.matplotlib" not in sys.modules
        from matplotlib.animation import writers
        assert not writers.is_available("dask")
        import dask_animate.matplotlib, matplotlib
        assert writers.is_available("dask") and matplotlib.rcParams
    """
    lines = [line.strip() for line in code.splitlines()]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)
