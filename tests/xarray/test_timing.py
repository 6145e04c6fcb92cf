"""Frames that are shown in proportion to the steps of their coordinate."""

import datetime
import logging
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import dask_animate.xarray  # noqa: F401
from dask_animate.errors import AnimateError, OptionError
from dask_animate.xarray import DataArrayAnimator
from dask_animate.xarray.timing import Timing

DAYS = np.datetime64("2001-01-01") + np.array([0, 1, 2, 9, 10])
FPS = Fraction(10)


def timing(values, fps=FPS, **options):
    """Return the frames that are shown, and their seconds."""
    found = Timing.create(xr.DataArray(values, dims="t", name="t"), fps, **options)
    return list(found.positions), [float(seconds) for seconds in found.seconds]


def numbered(values, dim="time", **coords):
    """Return gray frames whose value is ten times the index."""
    n = len(values)
    gray = 10.0 * np.arange(n)[:, None, None] * np.ones((1, 2, 2))
    return xr.DataArray(gray, dims=(dim, "y", "x"), coords={dim: values} | coords)


def shown(path):
    """Return the frame indices in a video of `numbered` and the times at which they begin."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [
            (round(frame.to_ndarray(format="gray")[100, 100] / 10), frame.pts * stream.time_base)
            for frame in container.decode(stream)
        ]


def plain(ax, frame):
    ax.set_axis_off()
    ax.set_position((0, 0, 1, 1))
    ax.imshow(frame, cmap="gray", vmin=0, vmax=255, aspect="auto")


OPTIONS = {"plot": plain, "figsize": (2, 2), "num_workers": 1}


@pytest.mark.parametrize("calendar", ["datetime64", "noleap", "timedelta", "numbers"])
def test_a_video_in_proportion_to_time(tmp_path, calendar):
    times, rate = {
        "datetime64": (DAYS, "2D"),
        "noleap": (
            xr.date_range("2001-01-01", periods=11, calendar="noleap", use_cftime=True)[
                [0, 1, 2, 9, 10]
            ],
            np.timedelta64(2, "D"),
        ),
        "timedelta": (DAYS - DAYS[0], datetime.timedelta(days=2)),
        "numbers": ([0, 1, 2, 9, 10], 2),
    }[calendar]
    video = numbered(times).animate.to_video(
        tmp_path / "a.mp4", 10, durations="time", rate=rate, **OPTIONS
    )
    assert shown(video.path) == [(0, 0), (1, 0.5), (2, 1), (3, 4.5), (4, 5)]
    assert video.duration == 5.5
    assert video.probe().duration == 5.5


def test_a_video_of_a_length(tmp_path, caplog):
    """Frames whose times lie between those of the video are left out."""
    data = numbered(np.arange(25), "level", height=("level", np.arange(25) ** 2))
    with caplog.at_level(logging.INFO, "dask_animate"):
        video = data.animate.to_video(tmp_path / "a.mp4", 5, durations="height", length=2, **OPTIONS)
    total = 24**2 + 24**2 - 23**2
    exact = [Fraction(idx**2 * 10, total) for idx in range(25)]
    frames = shown(video.path)
    assert video.duration == 2
    assert "10 of 25 frames are shown: the others fall between them" in caplog.messages
    assert video.n_frames == len(frames) == 10
    assert frames[0] == (0, 0)
    for idx, time in frames:
        tick = time * 5
        assert abs(exact[idx] - tick) <= Fraction(1, 2)
        assert min(range(25), key=lambda other: abs(exact[other] - tick)) == idx


def test_titles_index_and_other_options(tmp_path):
    seen = []

    def plot(ax, frame):
        seen.append(frame.time.dt.day.item())
        plain(ax, frame)

    data = numbered(DAYS.astype("M8[ns]"))
    options = {**OPTIONS, "plot": plot, "frames": slice("2001-01-02", None), "n_frames": 3}
    video = data.animate.to_video(tmp_path / "a.mp4", 10, durations="time", length=1.5, **options)
    assert shown(video.path) == [(1, 0), (2, Fraction(1, 10)), (3, Fraction(8, 10))]
    assert video.duration == 1.5
    assert seen[-3:] == [2, 3, 10]
    dataset = xr.Dataset({"a": data, "b": data + 1})
    both = dataset.animate(limits=(0, 250), figsize=(4, 2))
    video = both.to_video(tmp_path / "b.mp4", 10, durations="time", num_workers=1)
    assert (video.n_frames, video.duration) == (3, 0.5)


def test_the_coordinate_by_name(tmp_path):
    data = numbered([0, 1, 3], "t", when=("t", DAYS[[0, 2, 3]]), other=("x", [1, 2]))
    lengths = {}
    for name in ("t", "when", "time"):
        video = data.animate.to_video(tmp_path / "a.mp4", 10, durations=name, length=6, **OPTIONS)
        lengths[name] = [float(time) for _, time in shown(video.path)]
    assert lengths == {"t": [0, 1.2, 3.6], "when": [0, 0.8, 3.4], "time": [0, 1.2, 3.6]}


def test_even_steps_are_the_default_of_a_video():
    assert timing(np.arange(7)) == (list(range(7)), [0.1] * 7)
    assert timing(np.arange(7)[::-1] * 0.1) == (list(range(7)), [0.1] * 7)
    assert timing(DAYS, length=Fraction(11, 10)) == ([0, 1, 2, 3, 4], [0.1, 0.1, 0.7, 0.1, 0.1])


def test_one_frame():
    assert timing(DAYS[:1], length=3) == ([0], [3])
    assert timing(DAYS[:1]) == ([0], [0.1])


def test_many_frames_are_sampled_evenly():
    positions, seconds = timing(np.arange(10_000), length=10)
    assert positions == list(range(0, 10_000, 100))
    assert seconds == [0.1] * 100


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 10**15), min_size=2, max_size=60),
    st.fractions(min_value=Fraction(1, 5), max_value=1000),
    st.sampled_from([Fraction(10), Fraction(30000, 1001), Fraction(2997, 100)]),
)
def test_no_error_adds_up(steps, length, fps):
    values = np.cumsum(steps) + np.datetime64("2001-01-01", "ns")
    found = Timing.create(xr.DataArray(values, dims="t", name="t"), fps, length)
    total = int((values[-1] - values[0]).astype(int)) + steps[-1]
    starts = [Fraction(0)]
    for seconds in found.seconds:
        assert seconds > 0
        assert (seconds * fps).denominator == 1
        starts.append(starts[-1] + seconds)
    half = 1 / fps / 2
    assert abs(starts[-1] - length) <= half
    for position, start in zip(found.positions, starts, strict=False):
        exact = int((values[position] - values[0]).astype(int)) * length / total
        assert abs(exact - start) <= half
    assert all(one < other for one, other in pairwise(found.positions))


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        ([0.0, 1, 1], {}, "'t' must rise or fall .* is 1.0 at frame 1 and 1.0 at frame 2"),
        (DAYS[[0, 2, 1]], {}, "must rise or fall from each frame to the next"),
        ([3.0, 2, 4], {}, "must rise or fall"),
        ([0.0, np.nan, 2], {}, "'t' is nan at frame 1"),
        ([0.0, np.inf], {}, "'t' is inf at frame 1"),
        (np.array(["2001-01-01", "NaT"], "M8[ns]"), {}, "'t' is NaT at frame 1"),
        (["a", "b"], {}, "'t' must hold times or numbers, but it holds <U1"),
        ([False, True], {}, "must hold times or numbers, but it holds bool"),
        (DAYS, {"length": 0.04}, "the whole video is shorter than a frame at 10 frames/s"),
        (DAYS, {"length": 0}, "length must be a positive number of seconds, got 0"),
        (DAYS, {"length": np.inf}, "length must be a positive number"),
        (DAYS, {"length": "3"}, "length must be a positive number"),
        (DAYS, {"length": True}, "length must be a positive number"),
        (DAYS, {"length": 2, "rate": "1D"}, "give length= or rate=, not both"),
        (DAYS, {"rate": 2}, "rate must be a positive time, such as \"7D\" .* of 't' .*; got 2"),
        (DAYS, {"rate": "often"}, "rate must be a positive time"),
        (DAYS, {"rate": "-1D"}, "rate must be a positive time"),
        (DAYS, {"rate": np.timedelta64(1, "M")}, "rate must be a positive time"),
        (DAYS, {"rate": pd.NaT}, "rate must be a positive time"),
        (DAYS[:1], {"rate": "1D"}, "rate= needs at least two frames"),
        ([1, 2], {"rate": "1D"}, "rate must be a positive number"),
        ([1, 2], {"rate": np.timedelta64(1, "D")}, "rate must be a positive number"),
        ([1, 2], {"rate": 0.0}, "rate must be a positive number"),
        ([1, 2], {"rate": np.nan}, "rate must be a positive number"),
    ],
)
def test_bad_timings(values, options, match):
    with pytest.raises(OptionError, match=match):
        timing(values, **options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"durations": "nothing"},
            "durations='nothing' is no coordinate along 'time'; there are: 'time'",
        ),
        ({"durations": "y"}, "is no coordinate along 'time'"),
        ({"length": 3}, 'length= and rate= need durations="time"'),
        ({"durations": {-1: 2}, "rate": "1D"}, "length= and rate= need durations"),
        ({"durations": "time", "n_frames": 9}, "n_frames is 9, but param_by_frame holds only 5 frames"),
        ({"durations": "time", "length": 1, "n_frames": 0}, "n_frames must be at least 1"),
        ({"durations": "time", "rate": "1ns"}, "a frame is shown for"),
    ],
)
def test_errors_before_anything_is_read(tmp_path, options, match):
    def fails(block):
        raise AssertionError("read")

    data = numbered(DAYS).chunk(time=1)
    data = data.copy(data=data.data.map_blocks(fails, dtype=float, meta=np.empty((0, 0, 0))))
    animator = DataArrayAnimator(data, plot=plain)
    if "1ns" in options.values():  # found by make_video
        animator = DataArrayAnimator(numbered(DAYS), plot=plain)
    with pytest.raises(AnimateError, match=match):
        animator.to_video(tmp_path / "a.mp4", 10, num_workers=1, **options)
    assert not any(tmp_path.iterdir())


def test_frames_without_a_coordinate(tmp_path):
    data = numbered(DAYS).drop_vars("time")
    with pytest.raises(OptionError, match=r"durations='time' is no coordinate .* there are: none"):
        data.animate.to_video(tmp_path / "a.mp4", durations="time", **OPTIONS)
