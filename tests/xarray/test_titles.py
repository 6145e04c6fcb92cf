"""Titles of frames: coordinates with formats, times of all calendars, and functions."""

import cftime
import numpy as np
import pytest
import xarray as xr

import dask_animate.xarray  # noqa: F401
from dask_animate.errors import FrameError, OptionError, OptionTypeError, SetupError
from dask_animate.xarray import DataArrayAnimator


def along(coordinate, dim="time", **coords):
    """Return an array of zeros whose frames have a coordinate, and others."""
    coords = {dim: coordinate} | coords
    return xr.DataArray(np.zeros((len(coordinate), 3)), dims=(dim, "x"), coords=coords, name="sst")


def titles(data, title=None, **options):
    animator = DataArrayAnimator(data, title=title, **options)
    return [animator._title.of(data.isel({animator.dim: idx}), idx) for idx in range(len(data))]


def dates(calendar, start="2001-01-30", periods=3, freq="D"):
    return xr.date_range(start, periods=periods, freq=freq, calendar=calendar, use_cftime=True)


DAYS = np.datetime64("2001-02-27") + np.arange(3)


def test_dates_with_a_format():
    assert titles(along(DAYS), "SST {time:%d %b %Y}") == [
        f"SST {day}" for day in ("27 Feb 2001", "28 Feb 2001", "01 Mar 2001")
    ]
    noleap = dates("noleap", "2004-02-28")
    assert titles(along(noleap), "SST {time:%d %b %Y}")[1] == "SST 01 Mar 2004"
    assert titles(along(dates("360_day", "2001-02-29")), "{time:%-d %B}")[1] == "30 February"
    assert titles(along(dates("standard", "0850-01-01")), "{time:%Y}")[0].lstrip("0") == "850"


@pytest.mark.parametrize("calendar", ["noleap", "360_day", None])
@pytest.mark.parametrize(
    ("freq", "second"),
    [
        ("D", "2001-01-31"),
        ("MS", "2001-03-01"),
        ("6h", "2001-01-30 06:00"),
        ("s", "2001-01-30 00:00:01"),
        ("ms", "2001-01-30 00:00:00.001"),
    ],
)
def test_times_are_printed_as_exactly_as_needed(calendar, freq, second):
    if calendar is None:
        times = xr.date_range("2001-01-30", periods=3, freq=freq)
    else:
        times = dates(calendar, freq=freq)
    if calendar == "360_day" and freq == "D":
        second = "2001-02-01"
    assert titles(along(times))[1] == second
    assert titles(along(times), "at {time}")[1] == f"at {second}"


def test_times_beyond_what_numpy_and_python_hold():
    late = along(np.array(["12001-01-01", "12001-01-02"], "M8[s]"))
    assert titles(late) == ["12001-01-01", "12001-01-02"]
    with pytest.raises(OptionError, match=r"title: \{time:%Y\} cannot format 12001"):
        DataArrayAnimator(late, title="{time:%Y}")
    assert titles(along(dates("noleap", "0001-01-01")))[0] == "0001-01-01"
    gap = along(np.array(["2001-01-01", "NaT"], "M8[ns]"))
    assert titles(gap, "{time:%Y}") == ["2001", "NaT"]


def test_any_coordinate_by_name():
    data = along(DAYS, "t", depth=10.25, run="a$b", lag=("t", np.arange(3) * np.timedelta64(90, "m")))
    data = data.assign_coords(start=("t", dates("noleap")))
    assert titles(data, "{depth:.0f} m, {depth}")[0] == "10 m, 10.25"
    assert titles(data, "{run} $x$")[0] == r"a\$b $x$"
    assert titles(data, "{t} {time:%j} {start:%d.%m.}")[2] == "2001-03-01 060 01.02."
    assert titles(data, "{lag:.1f h} or {lag:.0f min}, {lag}")[1] == "1.5 h or 90 min, 0 days 01:30:00"
    assert titles(data, "{name} {frame:03d} {{}}")[1] == "sst 001 {}"
    assert titles(data, "") == ["", "", ""]
    single = along(np.array([0.1, 0.2], "f4"), "depth")
    assert titles(single, "{depth} m {time:.2f}") == ["0.1 m 0.10", "0.2 m 0.20"]
    assert titles(single)[0] == "depth = 0.1"


def test_names_of_coordinates_come_first():
    data = along(DAYS, "member", time=dates("noleap")[0].isoformat(), name="N1", frame=7)
    assert titles(data, "{member} {time} {name} {frame}")[1] == "2001-02-28 2001-01-30T00:00:00 N1 7"


def test_frames_without_coordinates():
    data = xr.DataArray(np.zeros((2, 3)), dims=("t", "x"))
    assert titles(data, "{t} {time} {frame}") == ["0 0 0", "1 1 1"]
    assert titles(data) == ["t = 0", "t = 1"]


def test_a_function_of_the_slice():
    data = along(DAYS).copy(data=np.arange(9.0).reshape(3, 3))
    assert titles(data, lambda frame: f"mean {frame.mean().item():g}") == ["mean 1", "mean 4", "mean 7"]
    both = xr.Dataset({"a": data, "b": data + 1})
    animator = DataArrayAnimator(both, title=lambda frame: f"{(frame.b - frame.a).max().item():g} more")
    animator.before_drawing()
    assert animator.setup().get_suptitle() == "1 more"
    animator = DataArrayAnimator(data, title=lambda frame: 3 if frame.time.dt.day == 28 else "")
    with pytest.raises(FrameError, match="must return a string, got 3") as caught:
        animator.frame(data[1], 1)
    assert isinstance(caught.value.__cause__, OptionTypeError)
    with pytest.raises(SetupError, match=r"given as title= failed: ZeroDivisionError"):
        DataArrayAnimator(data, title=lambda frame: 1 / 0).limits()


def test_titles_are_drawn(tmp_path):
    data = along(dates("noleap"))
    options = {"limits": (-1, 1), "figsize": (3, 2)}
    animator = DataArrayAnimator(data, title="{time:%d.%m.%Y}", **options)
    texts = ["30.01.2001", "31.01.2001", "01.02.2001"]
    for idx, text in enumerate(texts):
        written = DataArrayAnimator(data, title=text, **options)
        assert np.array_equal(animator.frame(data[idx], idx), written.frame(data[idx], idx))
    video = animator.to_video(tmp_path / "a.mp4", 10, num_workers=1)
    assert video.n_frames == 3


@pytest.mark.parametrize(
    ("title", "error", "match"),
    [
        ("{nothing}", OptionError, r"no field {nothing}; known are {depth}, {frame}, {name}, {time}$"),
        ("{x}", OptionError, "no field {x}"),
        ("{time.year}", OptionError, "no field {time.year}"),
        ("{", OptionError, "Single '{' encountered"),
        ("{}", OptionError, "a field has the form {coordinate} or {coordinate:format}"),
        ("{time!r}", OptionError, "a field has the form"),
        ("{depth:%d}", OptionError, r"{depth:%d} cannot format 10.25: Invalid format"),
        ("{name:d}", OptionError, "{name:d} cannot format"),
        (5, OptionTypeError, "title must be a string or a function of a frame, got 5"),
    ],
)
def test_bad_titles(title, error, match):
    data = along(DAYS, depth=10.25, both=("x", [1, 2, 3]))
    with pytest.raises(error, match=match):
        DataArrayAnimator(data, title=title)


def test_timedeltas_need_a_unit():
    data = along(np.arange(3) * np.timedelta64(1, "h"), "lead")
    with pytest.raises(OptionError, match=r"one of the units W, D, h, min, s, ms, us, ns, such as"):
        DataArrayAnimator(data, title="{lead:.1f}")


def test_calendars_are_not_converted():
    """The values that titles are made of are those of the data."""
    data = along(dates("360_day", "2001-02-29"))
    seen = []
    animator = DataArrayAnimator(data, title=lambda frame: seen.append(frame.time.item()) or "")
    animator.frame(data[1], 1)
    assert seen[-1] == cftime.Datetime360Day(2001, 2, 30)
