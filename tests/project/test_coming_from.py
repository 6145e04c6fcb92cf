"""What the tables of docs/coming-from.md say of this library: one test for each line."""

import importlib
import inspect
import io
import re
import sys
from pathlib import Path

import av
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from helpers import FrameNumber, assert_nothing_beside, assert_shows, decode, read_numbers
from PIL import Image

import dask_animate.xarray  # noqa: F401  gives arrays `.animate`
from dask_animate import Animator, Clip, FrameSource, IndexedFrameParams, join
from dask_animate.errors import FrameError, NoFramesError, ParamsError
from dask_animate.util import get_rendered_frame_ids

PAGE = Path(__file__).parents[2] / "docs" / "coming-from.md"
PEER, PARSAVE, PYMPANIM, XMOVIE = (
    "parallel-matplotlib-animation",
    "matplotlib's proposed `mpl_parsave`",
    "pympanim",
    "xmovie",
)
TESTED = set()


def line(page_section, there):
    """Mark a test as that of a line: its section, and what stands on the left."""
    TESTED.add((page_section, there))
    return lambda test: test


def lines():
    """Return section and left cell of each line of the page's tables, and what stands on the right."""
    found = {}
    for section in PAGE.read_text().split("\n## ")[1:]:
        rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)
        found |= {(section.split("\n")[0], there): here for there, here in rows if there != "there"}
    return found


def test_each_line_has_its_test():
    assert len(lines()) > 20
    assert lines().keys() == TESTED


def psnr(path, whole):
    error = np.mean((decode(path).astype(float) - whole) ** 2)
    return 10 * np.log10(255**2 / error)


class Wave(Animator):
    """A plot with a line that moves, 640x480."""

    def setup(self):
        fig, ax = plt.subplots()
        (self.line,) = ax.plot(np.linspace(0, 1, 200), np.zeros(200))
        ax.set(ylim=(-1, 1), title="a wave", xlabel="x", ylabel="y")
        return fig

    def update(self, frame_idx, params):
        self.line.set_ydata(np.sin(12 * self.line.get_xdata() + frame_idx / 5))


class Blank(FrameSource):
    def __init__(self, height, width):
        self.frame_shape = (height, width, 3)

    def draw(self, frame_idx, params):
        return np.full(self.frame_shape, 255, np.uint8)


@line(PEER, "`from parallel_animate import Animator, IndexedFrameParams`")
@line(PEER, "`from parallel_animate.util import …`")
def test_the_names_are_here():
    package = importlib.import_module("dask_animate")
    assert package.Animator is Animator
    assert package.IndexedFrameParams is IndexedFrameParams
    util = importlib.import_module("dask_animate.util")
    assert callable(util.configure_matplotlib_style)
    assert list(get_rendered_frame_ids(60, 1, 30, 6)) == [0, 2, 4]


@line(PEER, "`make_video(...)`")
def test_the_same_fifteen_arguments():
    parameters = inspect.signature(Animator.make_video).parameters.values()
    kinds = [(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    without_default = [name for name, default in kinds if default is inspect.Parameter.empty]
    assert len(kinds) == 1 + 15
    assert without_default == ["self", "output_file", "param_by_frame", "fps"]
    assert dict(kinds[4:]) == {
        **dict.fromkeys(("n_frames", "disable_progress_bar", "plotting_log_interval")),
        **dict.fromkeys(("saving_log_interval", "savefig_params", "video_quality", "video_preset")),
        "video_extra_ffmpeg_params": None,
        "num_workers": -1,
        "video_mode": "auto",
        "reuse_figure_object": True,
        "preload_factor": 8,
    }


@line(PEER, "`video_quality=None`, `video_preset=None`")
def test_about_the_loss_of_slow_at_20(tmp_path):
    """What it costs is in benchmarks/encoder_defaults.md."""
    whole = np.stack([Wave().frame(None, idx)[..., :3] for idx in range(24)])
    loss = []
    for options in ({}, {"video_quality": 20, "video_preset": "slow"}):
        Wave().make_video(tmp_path / "a.mp4", range(24), 30, num_workers=1, **options)
        loss.append(psnr(tmp_path / "a.mp4", whole))
    assert abs(loss[0] - loss[1]) < 2


@line(PEER, "heights of 1080 are scaled to 1088")
@pytest.mark.parametrize(("size", "encoded"), [((1080, 1920), (1080, 1920)), ((101, 203), (102, 204))])
def test_sizes_stay(tmp_path, size, encoded):
    video = Blank(*size).make_video(tmp_path / "a.mp4", range(2), 30, num_workers=1)
    assert (video.height, video.width) == encoded
    assert decode(video.path).shape == (2, *encoded, 3)


@line(PEER, "a frame id without parameters is left out")
def test_ids_without_parameters(tmp_path):
    params = [IndexedFrameParams(i, i) for i in (0, 2)]
    with pytest.raises(ParamsError):
        FrameNumber().make_video(tmp_path / "a.mp4", params, 30)
    assert not list(tmp_path.iterdir())


@line(PEER, "no parameters: `RuntimeError`")
def test_no_parameters(tmp_path):
    with pytest.raises(NoFramesError):
        FrameNumber().make_video(tmp_path / "a.mp4", [], 30)
    assert issubclass(NoFramesError, RuntimeError)


@line(PARSAVE, "`blocks`: which process draws which frames")
@line(PARSAVE, "the parts as files")
@line(PARSAVE, "joining them with ffmpeg")
@pytest.mark.parametrize(("sizes", "n_files"), [([5, 10, 5], 3), (8, 3)])
def test_blocks_are_partitions_and_files(tmp_path, client, sizes, n_files):
    video = FrameNumber().make_video(
        tmp_path / "a.mp4",
        range(20),
        30,
        client=client,
        partition_size=sizes,
        keep_segments=tmp_path / "parts",
    )
    assert video.stats.n_partitions == n_files
    files = sorted((tmp_path / "parts").iterdir())
    assert len(files) == n_files
    joined = join(files, tmp_path / "joined.mp4")
    assert_shows(joined.path, range(20))
    np.testing.assert_array_equal(decode(joined.path), decode(video.path))


class Pillow(FrameSource):
    def draw(self, frame_idx, seconds):
        return Image.new("RGB", (160, 120), (int(80 * seconds), 0, 0))


class RawBytes(FrameSource):
    def draw(self, frame_idx, seconds):
        return bytes([int(80 * seconds), 0, 0]) * (160 * 120), (120, 160, 3)


@line(PYMPANIM, "a frame generator that returns an image of Pillow or raw bytes")
@line(PYMPANIM, "`produce(generator, fps, dpi, bitrate, file)`")
@line(PYMPANIM, "time in milliseconds")
@pytest.mark.parametrize("source", [Pillow(), RawBytes()])
def test_images_and_bytes(tmp_path, source):
    times = np.arange(0, 3, 1 / 10)
    video = source.make_video(tmp_path / "a.mkv", times, 10, codec="ffv1", num_workers=1)
    assert video.duration == 3
    assert decode(video.path)[:, 60, 80, 0].tolist() == [int(80 * seconds) for seconds in times]


@line(PYMPANIM, "a scene of matplotlib")
def test_a_scene_is_an_animator(tmp_path):
    FrameNumber().make_video(tmp_path / "a.mp4", range(3), 30, num_workers=1)
    assert_shows(tmp_path / "a.mp4", range(3))


@line(PYMPANIM, "settings found by tuning, which can be kept")
def test_sizes_of_partitions_are_found(tmp_path, client):
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(300), 30, client=client)
    assert video.stats.n_partitions > 1
    assert_shows(video.path, range(300))


@pytest.fixture
def air():
    coords = {"time": np.arange(12), "lat": np.arange(20), "lon": np.arange(30)}
    values = np.random.default_rng(0).random((12, 20, 30))
    return xr.DataArray(values, coords, coords.keys(), name="air")


class Own(Animator):
    """Draws slices of an array."""

    def setup(self):
        fig, ax = plt.subplots(figsize=(3, 2))
        self.mesh = ax.pcolormesh(np.zeros((20, 30)), vmin=0, vmax=1)
        return fig

    def update(self, frame_idx, data):
        assert data.dims == ("lat", "lon")
        self.mesh.set_array(data.values)


@line(XMOVIE, "`Movie(ds.air)`")
@line(XMOVIE, '`framedim="lon"`')
@pytest.mark.parametrize(("options", "n_frames"), [({}, 12), ({"dim": "lon"}, 30)])
def test_movies_of_arrays(tmp_path, air, options, n_frames):
    video = air.to_dataset().air.animate.to_video(tmp_path / "a.mp4", fps=20, **options)
    assert (video.n_frames, video.fps) == (n_frames, 20)


@line(XMOVIE, "`Movie(data, plotfunc)`")
@line(XMOVIE, "`mov.preview(10)`")
def test_own_plots(tmp_path, air):
    assert Own().make_video(tmp_path / "a.mp4", air, fps=10, num_workers=1).n_frames == 12
    assert Own().frame(air[10]).shape == (200, 300, 3)
    assert Own().preview(air, 4).frame_idx == (0, 4, 7, 11)


@line(XMOVIE, '`save("a.mp4", framerate=20, parallel=True)`')
@pytest.mark.parametrize("chunks", [{"time": 1}, {"time": 5, "lat": 7}, {"lon": 4}])
def test_every_kind_of_chunks(tmp_path, air, client, chunks):
    whole = Own().make_video(tmp_path / "whole.mkv", air, 20, codec="ffv1", num_workers=1)
    lazy = air.chunk(chunks)
    video = Own().make_video(tmp_path / "a.mkv", lazy, 20, codec="ffv1", client=client)
    assert video.stats.n_workers >= 1
    assert video.stats.n_frames_here == 0
    np.testing.assert_array_equal(decode(video.path), decode(whole.path))


@line(XMOVIE, '`save("a.gif")`, `gif_framerate`, `remove_movie`')
def test_gif(tmp_path, air):
    video = air.animate.to_video(tmp_path / "a.gif", fps=10)
    assert_nothing_beside(video.path)
    with av.open(str(video.path)) as container:
        assert container.format.name == "gif"
        assert len([*container.decode(video=0)]) == 12


class Fails(FrameNumber):
    def update(self, frame_idx, params):
        raise ValueError(params)


@line(XMOVIE, "`overwrite_existing`")
def test_files_are_replaced_once_complete(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"former")
    with pytest.raises(FrameError):
        Fails().make_video(path, range(3), 30, num_workers=1)
    assert path.read_bytes() == b"former"
    FrameNumber().make_video(path, range(3), 30, num_workers=1)
    assert_shows(path, range(3))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@line(XMOVIE, "`progress=True`")
@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_progress_is_shown_in_terminals(tmp_path, monkeypatch, stream):
    """Notebooks: tests/test_notebook.py."""
    monkeypatch.setattr(sys, "stderr", stream)
    FrameNumber().make_video(tmp_path / "a.mp4", range(20), 30, num_workers=1)
    assert ("20/20" in stream.getvalue()) == stream.isatty()


@line(PYMPANIM, "a scene or a generator that is cropped, reversed, dilated, rescaled, joined, overlaid")
def test_a_clip(tmp_path):
    count = Clip(FrameNumber(), range(100, 160), fps=30).crop(0, 1)
    shown = count + count.reverse().speed(2) + count.to_duration(2)
    with_inset = shown.overlay(shown.resize(28, 8), "bottom right", opacity=0)
    with_inset.render(tmp_path / "a.mp4")
    frames = [*range(30), *range(28, -1, -2), *np.repeat(range(30), 2).tolist()]
    assert [read_numbers(frame) for frame in decode(tmp_path / "a.mp4", 30)] == [
        (idx, 100 + idx) for idx in frames
    ]
