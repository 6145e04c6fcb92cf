"""Frames selected by label, as in `sel`, or by position, as in `isel`."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from helpers import decode

import dask_animate.xarray  # noqa: F401
from dask_animate.errors import OptionError
from dask_animate.xarray import DataArrayAnimator
from dask_animate.xarray.frame_selection import take

N = 24
COORDINATES = {
    "datetime64": xr.date_range("2001-01-01", periods=N, freq="MS"),
    "cftime": xr.date_range("2001-01-01", periods=N, freq="MS", calendar="noleap", use_cftime=True),
    "numbers": np.arange(1990, 1990 + N),
    "floats": np.arange(N) / 2,
    "strings": np.array([f"r{idx:02d}" for idx in range(N)]),
    "none": None,
}


def along(kind, dim="time"):
    coords = {} if COORDINATES[kind] is None else {dim: COORDINATES[kind]}
    values = da.from_array(np.arange(N * 6.0).reshape(N, 2, 3), chunks=(5, 2, 3))
    return xr.DataArray(values, dims=(dim, "y", "x"), coords=coords, name="a")


def selected(data, frames):
    """Return the positions of the frames that are selected."""
    animator = DataArrayAnimator(data, frames=frames)
    return (animator.data[:, 0, 0] / 6).astype(int).values.tolist()


@pytest.mark.parametrize(
    ("kinds", "frames", "expected"),
    [
        (list(COORDINATES), None, range(N)),
        (list(COORDINATES), slice(None, None, 6), range(0, N, 6)),
        (list(COORDINATES), slice(None, None, -1), range(N - 1, -1, -1)),
        (list(COORDINATES), np.arange(N) % 7 == 2, [2, 9, 16, 23]),
        (["datetime64", "cftime"], slice("2001-03", "2001-05"), [2, 3, 4]),
        (["datetime64", "cftime"], slice("2002", None, 4), [12, 16, 20]),
        (["datetime64", "cftime"], "2002", range(12, 24)),
        (["datetime64", "cftime"], "2002-02-01", [13]),
        (["datetime64"], ["2002-02-01", "2001-01-01"], [13, 0]),
        (["datetime64"], np.datetime64("2002-02-01"), [13]),
        (["cftime"], COORDINATES["cftime"][[3, 1]], [3, 1]),
        (["datetime64", "cftime", "strings", "none"], slice(3, 9, 2), [3, 5, 7]),
        (["datetime64", "cftime", "strings", "none"], [0, 5, 5, -1], [0, 5, 5, 23]),
        (["datetime64", "cftime", "strings", "none"], -1, [23]),
        (["datetime64", "cftime", "strings", "none"], range(2, 4), [2, 3]),
        (["numbers"], slice(2000, 2003), [10, 11, 12, 13]),
        (["numbers"], [2001, 1999], [11, 9]),
        (["numbers"], slice(None, 1991), [0, 1]),
        (["floats"], slice(1, 2), [2, 3, 4]),
        (["floats"], [0.5, 11.5], [1, 23]),
        (["strings"], slice("r03", "r04"), [3, 4]),
        (["strings"], "r07", [7]),
    ],
)
def test_labels_and_positions(kinds, frames, expected):
    for kind in kinds:
        data = along(kind)
        assert selected(data, frames) == list(expected), kind
        if kind in ("datetime64", "cftime"):  # labels of a coordinate that has another name
            other = data.assign_coords(when=("time", data.time.values)).drop_vars("time")
            assert selected(other, frames) == list(expected), kind


def test_a_mask_with_labels():
    data = along("datetime64")
    assert selected(data, data.time.dt.month == 7) == [6, 18]


def test_frames_titles_and_limits_follow(tmp_path):
    data = along("cftime")
    options = {"frames": slice("2002", None), "limits": "minmax", "figsize": (3, 2)}
    animator = data.animate(**options)
    assert animator.limits() == {"a": (72.0, 143.0)}
    video = data.animate.to_video(
        tmp_path / "a.mkv", 10, codec="ffv1", num_workers=1, title="{time:%Y-%m} {frame}", **options
    )
    expected = DataArrayAnimator(data, title="2002-02 1", **options)
    assert np.array_equal(decode(video.path, 10)[1], expected.frame(data[13].compute(), 1))
    assert video.n_frames == 12
    assert data.animate.preview(3, **options).frame_idx == (0, 6, 11)
    with data.animate.explore(**options) as explorer:
        shown = explorer.show(11).pixels()
    assert np.array_equal(shown, DataArrayAnimator(data, **options).frame(data[23].compute(), 11))


def test_a_dataset():
    data = xr.Dataset({"a": along("datetime64"), "b": along("datetime64") + 1, "c": ("y", [1, 2])})
    animator = data.animate(dim="time", frames=slice("2002", None), limits="minmax")
    assert animator.limits() == {"a": (72.0, 143.0), "b": (73.0, 144.0)}
    assert animator.data.sizes["time"] == 12


def test_nothing_is_read_and_chunks_stay():
    def fails(block):
        raise AssertionError("read")

    data = along("datetime64").chunk(time=6)
    lazy = data.copy(data=data.data.map_blocks(fails, dtype=float, meta=np.empty((0, 0, 0))))
    animator = lazy.animate(frames=slice(None, None, 3))
    assert animator.data.chunks[0] == (2, 2, 2, 2)
    assert take(data, "time", np.array([20, 14, 8])).chunks[0] == (1, 1, 1)


@pytest.mark.parametrize(
    ("kind", "frames", "match"),
    [
        (
            "datetime64",
            slice("1999", "2000"),
            r"selects nothing from the 24 frames along 'time', from 2001",
        ),
        ("datetime64", slice(2001, 2003), "selects nothing from .* integers are positions"),
        ("datetime64", [], "selects nothing"),
        ("datetime64", "1999", "frames='1999' is not among the 24 frames"),
        ("datetime64", "b", "is not among"),
        ("datetime64", slice("b", "c"), "cannot be selected"),
        ("datetime64", 24, "cannot be selected .* out of bounds"),
        ("datetime64", np.zeros(24, bool), "selects nothing"),
        ("datetime64", np.zeros(23, bool), "cannot be selected"),
        ("datetime64", ("a", "b"), "cannot be selected|is not among"),
        ("cftime", "1999", "is not among"),
        ("cftime", "b", "cannot be selected"),
        ("numbers", slice(0, 10), "selects nothing from the 24 frames along 'time', from 1990 to 2013"),
        ("numbers", 5, "frames=5 is not among"),
        ("strings", "x", "is not among"),
        ("none", "2001", "the 24 frames along 'time', which have no labels"),
        ("none", slice("a", "b"), "cannot be selected"),
        ("none", slice(30, None), "selects nothing"),
    ],
)
def test_bad_selections(kind, frames, match):
    with pytest.raises(OptionError, match=match):
        DataArrayAnimator(along(kind), frames=frames)
