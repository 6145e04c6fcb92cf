"""What clips are made of: animations, arrays, images, videos; and what cannot be."""

import os

import dask.array as da
import dask.bag as db
import matplotlib.pyplot as plt
import numpy as np
import pytest
import zarr
from helpers import FrameNumber, decode
from matplotlib.animation import ArtistAnimation, FuncAnimation
from PIL import Image

from dask_animate import Clip, FrameSource, IndexedFrameParams, save, write_video
from dask_animate.errors import (
    AnimatorPickleError,
    NoFramesError,
    OptionError,
    OptionTypeError,
    ParamsError,
)
from dask_animate.sources import ImageFiles, VideoFile

N = 12
FRAMES = np.arange(N * 20 * 30 * 3, dtype=np.uint32).reshape(N, 20, 30, 3).astype(np.uint8)


def pixels(clip):
    return clip.frames().compute(scheduler="synchronous")


def there_and_back(frames):
    return np.concatenate([frames, frames[::-1]])


@pytest.fixture
def dot():
    fig, ax = plt.subplots(figsize=(2, 2), dpi=50)
    (line,) = ax.plot([0], [0], "o")
    ax.set_xlim(0, N)
    yield fig, line
    plt.close(fig)


ARRAYS = {
    "numpy": lambda folder: FRAMES,
    "floats": lambda folder: FRAMES / np.float32(255),
    "dask": lambda folder: da.from_array(FRAMES, chunks=(5, 20, 30, 3)),
    "zarr": lambda folder: zarr.create_array(str(folder / "a.zarr"), data=FRAMES, chunks=(5, 20, 30, 3)),
    "path": lambda folder: ARRAYS["zarr"](folder) and folder / "a.zarr",
    "list": lambda folder: list(FRAMES),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays(tmp_path, client, kind):
    clip = Clip(ARRAYS[kind](tmp_path), fps=10)
    both = clip + clip.reverse()
    assert both.duration == 2 * N / clip.fps
    assert np.array_equal(pixels(both), there_and_back(FRAMES))
    path = tmp_path / "a.mkv"
    both.render(path, codec="ffv1", pixel_format="bgr0", client=client)
    assert np.array_equal(decode(path, 10), there_and_back(FRAMES))


def test_a_video_file(tmp_path):
    video = write_video(FRAMES, tmp_path / "a.mkv", 12, codec="ffv1", pixel_format="bgr0")
    for source in (video, video.path, str(video.path), VideoFile(video.path)):
        clip = Clip(source)
        assert (clip.fps, clip.n_frames) == (12, N)
        assert np.array_equal(pixels(clip.reverse()), FRAMES[::-1])
    assert Clip(video, fps=24).duration * 2 == Clip(video).duration


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "gif", "webp"])
def test_a_video_file_whose_frames_are_shown_for_different_times(tmp_path, suffix):
    durations = [0.1, 0.5, 0.1, 0.3]
    video = save_levels(tmp_path / f"a.{suffix}", durations=durations)
    clip = Clip(video)
    assert (clip.fps, clip.n_frames) == (10, 10)
    assert float(clip.duration) == pytest.approx(1)
    expected = [0, 1, 1, 1, 1, 1, 2, 3, 3, 3]
    assert levels(clip) == expected
    assert levels(clip.reverse()) == expected[::-1]
    assert levels(clip.speed(2)) == [0, 1, 1, 2, 3]
    assert levels(Clip(video, fps=10)) == [0, 1, 2, 3]
    assert VideoFile(video.path).fps == 4
    assert [float(one) for one in VideoFile(video.path).durations] == pytest.approx(durations)
    clip.render(tmp_path / "b.mp4", num_workers=1)
    assert levels(Clip(tmp_path / "b.mp4")) == expected


@pytest.mark.parametrize("suffix", ["mp4", "webm", "gif", "webp"])
@pytest.mark.parametrize("fps", [30, 24])
def test_times_that_a_file_rounds_are_equal(tmp_path, suffix, fps):
    video = write_video(FRAMES, tmp_path / f"a.{suffix}", fps)
    assert VideoFile(video.path).durations is None


def save_levels(path, **options):
    shades = np.array([0, 80, 160, 240], np.uint8)
    return write_video(shades[:, None, None, None] * np.ones((32, 32, 3), np.uint8), path, 10, **options)


def levels(clip):
    return [round(frame[16, 16, 0] / 80) for frame in pixels(clip).astype(float)]


def test_image_files(tmp_path):
    paths = [tmp_path / f"{idx:02}.png" for idx in range(N)]
    for path, frame in zip(paths, FRAMES, strict=True):
        Image.fromarray(frame).save(path)
    for source in (f"{tmp_path}/*.png", paths, ImageFiles(paths)):
        assert np.array_equal(pixels(Clip(source).reverse()), FRAMES[::-1])
    still = Clip(paths[3])
    assert still.n_frames == 1
    assert np.array_equal(pixels(still.to_duration(0.1)), FRAMES[[3] * 3])


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_func_animation(tmp_path, dot, client, elsewhere):
    fig, line = dot
    animation = FuncAnimation(fig, lambda x: line.set_xdata([x]), frames=range(N), interval=50)
    clip = Clip(animation)
    assert (clip.fps, clip.n_frames) == (20, N)
    assert repr(clip) == "Clip(FuncAnimation, 12 frames, 20 fps)"
    path = tmp_path / "a.mkv"
    lossless = {"codec": "ffv1", "pixel_format": "bgr0", "num_workers": 1}
    save(animation, path, **lossless)
    expected = there_and_back(decode(path, 20))
    line.set_color("red")  # the clip has a copy
    if elsewhere:
        lossless = lossless | {"client": client, "num_workers": -1}
    (clip + clip.reverse()).render(path, **lossless)
    assert np.array_equal(decode(path, 20), expected)
    assert list(line.get_xdata()) == [0]


def test_an_artist_animation(dot):
    fig, _ = dot
    frames = [[fig.text(0.5, 0.5, str(idx))] for idx in range(3)]
    clip = Clip(ArtistAnimation(fig, frames, interval=100))
    shown = pixels(clip)
    assert len(np.unique(shown.reshape(3, -1), axis=0)) == 3
    assert np.array_equal(pixels(clip.reverse()), shown[::-1])


def test_an_animation_whose_frames_depend_on_others(dot):
    fig, line = dot
    xs = []

    def grow(x):
        xs.append(x)
        line.set_data(xs, xs)

    animation = FuncAnimation(fig, grow, frames=range(N))
    with pytest.raises(OptionError, match=r"looks different.*save\(\) the animation and make a clip"):
        Clip(animation)
    assert xs == []
    animation._draw_was_started = True


def test_an_animation_that_cannot_be_copied(dot):
    fig, line = dot
    with open(os.devnull) as file:

        def update(x):
            file.fileno()
            line.set_xdata([x])

        animation = FuncAnimation(fig, update, frames=range(N))
        with pytest.raises(AnimatorPickleError, match="the animation cannot be copied"):
            Clip(animation)
    animation._draw_was_started = True


class Plain(FrameSource):
    def draw(self, frame_idx, params):
        return FRAMES[params]


WRONG = [
    (lambda: Clip(3), OptionTypeError, "source must be an Animator"),
    (lambda: Clip(FrameNumber()), OptionError, "params: give the parameters"),
    (lambda: Clip(FrameNumber(), []), NoFramesError, "params is empty"),
    (lambda: Clip(FrameNumber(), (i for i in range(3))), OptionTypeError, "params must be a sequence"),
    (lambda: Clip(FrameNumber(), db.from_sequence([1])), OptionTypeError, "params must be a sequence"),
    (lambda: Clip(FrameNumber(), {"a": 1}), OptionTypeError, "^params holds a int"),
    (lambda: Clip(FrameNumber(), "abc.zarr"), Exception, "abc.zarr"),
    (
        lambda: Clip(FrameNumber(), [IndexedFrameParams(0, 1)]),
        OptionTypeError,
        "not IndexedFrameParams",
    ),
    (lambda: Clip(FrameNumber(), range(3), fps=0), OptionError, "fps must be a positive number"),
    (lambda: Clip(FrameNumber(), range(3), enter=3), OptionTypeError, "enter must be a function"),
    (lambda: Clip(FrameNumber(), range(3), redraw="some"), OptionError, "redraw must be one of"),
    (lambda: Clip(FrameNumber(), range(3), savefig_params={"a": 1}), OptionError, "for a; it takes"),
    (lambda: Clip(Plain(), range(3), enter=print), OptionError, "enter is for an Animator"),
    (lambda: Clip(Plain(), range(3), savefig_params={"dpi": 9}), OptionError, "savefig_params"),
    (lambda: Clip(FRAMES, range(3)), OptionError, "an array holds the frames themselves"),
    (lambda: Clip(FRAMES, seed=3), OptionError, "seed is for sources that are drawn"),
    (lambda: Clip(FRAMES[0]), ParamsError, "frames must have the shape"),
    (lambda: Clip("nothing.mp4"), Exception, "nothing.mp4"),
    (lambda: Clip("nothing.png"), OptionError, "nothing.png"),
    (lambda: Clip.from_function(FRAMES, print, 1), OptionTypeError, "source must be an Animator or"),
    (lambda: Clip.from_function(Plain(), 3, 1), OptionTypeError, "function must return"),
    (lambda: Clip.from_function(Plain(), print, 0), OptionError, "duration must be above 0"),
]


@pytest.mark.parametrize(("act", "error", "match"), WRONG)
def test_what_cannot_be_a_clip(act, error, match):
    with pytest.raises(error, match=match):
        act()
