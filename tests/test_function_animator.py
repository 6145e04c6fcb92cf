"""Animators that are made of functions."""

import inspect

import matplotlib.pyplot as plt
import pytest
from helpers import FrameNumber, assert_shows

from dask_animate import Animator, animate
from dask_animate.errors import FigureError, OptionError, OptionTypeError, SetupError
from dask_animate.video_options import VideoOptions


@animate(fps=20, codec="ffv1")
def numbers():
    """Show the numbers of `FrameNumber`, by a function inside."""
    drawn = FrameNumber()
    return drawn.setup(), drawn.update


@animate
def plain():
    drawn = FrameNumber()
    return drawn.setup(), drawn.update


def setup_with_artists():
    drawn = FrameNumber()
    return drawn.setup(), drawn.image


def update_artists(frame_idx, params, fig, image):
    assert fig is image.figure
    shown = FrameNumber()
    shown.image = image
    shown.update(frame_idx, params)


def setup_alone():
    global current
    current = FrameNumber()
    return current.setup()


def update_alone(frame_idx, params):
    current.update(frame_idx, params)


def update_all(*args):
    assert len(args) == 4
    update_artists(*args)


PAIRS = [
    (setup_with_artists, update_artists),
    (setup_with_artists, update_all),
    (setup_alone, update_alone),
]


@pytest.mark.parametrize(("setup", "update"), PAIRS)
def test_functions_in_this_process_and_on_workers(setup, update, tmp_path, client):
    animator = animate(setup, update)
    assert isinstance(animator, Animator)
    animator.make_video(tmp_path / "a.mkv", range(9), 10, num_workers=1)
    assert_shows(tmp_path / "a.mkv", range(9), 10)
    animator.make_video(tmp_path / "a.mkv", range(9), 10, client=client, partition_size=2)
    assert_shows(tmp_path / "a.mkv", range(9), 10)


def test_decorated_functions(tmp_path, client):
    video = numbers.make_video(tmp_path / "a.mkv", range(9), client=client)
    assert (video.fps, video.codec) == (20, "ffv1")
    assert_shows(tmp_path / "a.mkv", range(9), 20)
    video = numbers.make_video(tmp_path / "b.mp4", range(9), 10, 3, codec="h264", num_workers=1)
    assert (video.fps, video.codec, video.n_frames) == (10, "h264", 3)
    assert repr(numbers) == "<FunctionAnimator numbers>"
    assert plain.frame(5).shape == (40, 140, 3)
    assert plain.check(range(20)).ok
    with pytest.raises(OptionError, match="fps is missing: give it here or to animate"):
        plain.make_video(tmp_path / "c.mp4", range(9))


def test_options_are_those_of_make_video():
    parameters = inspect.signature(Animator.make_video).parameters
    assert VideoOptions.__annotations__.keys() == parameters.keys() - {
        *("self", "output_file", "param_by_frame", "fps", "n_frames", "wait")
    }


@pytest.mark.parametrize(
    ("setup", "update", "text"),
    [
        (lambda: 5, None, "must return the figure and the function that changes it"),
        (plt.figure, None, "must return the figure and the function that changes it"),
        (lambda: (5, print), None, "setup must return the matplotlib Figure"),
        (lambda: None, print, "setup must return the matplotlib Figure"),
        (plt.figure, lambda i, params, fig, more: None, "may take the 1 objects that setup returned"),
        (lambda: (plt.figure(), lambda: None), None, "must take the frame index and the parameters"),
    ],
)
def test_functions_that_do_not_fit(setup, update, text):
    animator = animate(setup, update)
    with pytest.raises(SetupError, match=text) as info:
        animator.frame(0)
    assert isinstance(info.value.__cause__, FigureError)


def test_wrong_arguments(tmp_path):
    with pytest.raises(OptionTypeError, match="setup must be a function, got 5"):
        animate(5)
    with pytest.raises(OptionTypeError, match="update must be a function, got 'x'"):
        animate(plt.figure, "x")
    with pytest.raises(OptionTypeError, match="update= needs setup="):
        animate(update=print)
    with pytest.raises(OptionTypeError, match="must take the frame index and the parameters"):
        animate(plt.figure, lambda i: None)
    with pytest.raises(OptionTypeError, match=r"animate\(\) has no option frames"):
        animate(frames=3)
    with pytest.raises(OptionTypeError, match=r"make_video\(\) has no option dpi"):
        plain.make_video(tmp_path / "a.mp4", [1], 5, dpi=100)
