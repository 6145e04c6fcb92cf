"""Coordinates of intervals, as xarray draws them, and what has no place on an axis."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dask_animate.errors import OptionError, SetupError
from dask_animate.xarray.intervals import edges_of_intervals, middles_of

OURS = {"figsize": (3, 2), "title": "x"}
BINS = [-90, -30, 0, 30, 90]


def field():
    values = np.random.default_rng(0).random((2, 9, 6))
    coords = {"lat": np.linspace(-80, 80, 9), "lon": np.arange(6)}
    return xr.DataArray(values, coords, ("time", "lat", "lon"), "sst")


def binned():
    return field().groupby_bins("lat", BINS).mean().transpose("time", "lat_bins", "lon")


@pytest.mark.newest  # other releases of xarray may draw otherwise
@pytest.mark.parametrize(
    ("plot", "words"),
    [
        ("pcolormesh", {"vmin": 0, "vmax": 1, "add_colorbar": False}),
        ("pcolormesh", {"vmin": 0, "vmax": 1, "add_colorbar": False, "x": "lat_bins"}),
        ("contourf", {"levels": [0, 0.3, 0.5, 1], "add_colorbar": False}),
        ("line", {"ylim": (0, 1)}),
        ("line", {"xlim": (0, 1), "y": "lat_bins"}),
        ("step", {"ylim": (0, 1)}),
    ],
)
def test_as_xarray_draws_them(plot, words):
    data = binned()
    if plot in ("line", "step"):
        data = data.isel(lon=0, drop=True)

    def theirs(ax, frame):
        getattr(frame.plot, plot)(ax=ax, **words)

    ours = data.animate(plot=plot, **OURS, **words).frame(data.isel(time=1), 1)
    assert (ours == data.animate(plot=theirs, **OURS).frame(data.isel(time=1), 1)).all()


@pytest.mark.parametrize("plot", ["pcolormesh", "line", "step"])
def test_frames_differ(plot):
    data = binned().isel(lon=slice(2)) if plot == "pcolormesh" else binned().isel(lon=0, drop=True)
    words = {"plot": plot, "limits": (0, 1)} | OURS
    frames = data.animate(**words).frames(data, partition_size=2).compute(scheduler="synchronous")
    assert (frames[1] == data.animate(**words).frame(data.isel(time=1), 1)).all()
    assert not (frames[0] == frames[1]).all()


def test_places():
    coordinate = binned().lat_bins
    assert edges_of_intervals(coordinate).tolist() == BINS
    assert edges_of_intervals(coordinate[::-1]).tolist() == BINS[::-1]
    assert middles_of(coordinate).values.tolist() == [-60, -15, 15, 60]
    assert middles_of(field().lat).identical(field().lat)
    days = pd.interval_range(pd.Timestamp("2001-01-01"), periods=2)
    times = xr.DataArray(np.array(list(days), object), dims="t")
    assert edges_of_intervals(times).dtype.kind == middles_of(times).dtype.kind == "M"


@pytest.mark.parametrize(
    ("data", "words", "error", "match"),
    [
        (binned(), {"plot": "imshow"}, SetupError, "imshow needs 'lat_bins' to be evenly spaced"),
        (
            binned().isel(lon=0),
            {"plot": "step", "where": "mid"},
            SetupError,
            "where= has no effect with the intervals of 'lat_bins'",
        ),
        (
            binned().assign_coords(lon=list("abcdef")),
            {},
            SetupError,
            "'lon' holds <U1, whose cells have no edges beside intervals",
        ),
        (
            field().stack(p=("lat", "lon")),
            {},
            SetupError,
            "'p' is a multi-index, .* give one of its levels, 'lat', 'lon', as x=",
        ),
        (field().isel(lat=slice(0)), {}, OptionError, "'sst' has nothing to draw: its dimension 'lat'"),
        (field().rename(None).isel(lon=slice(0)), {}, OptionError, "a frame has nothing to draw"),
    ],
)
def test_what_has_no_place_on_an_axis(data, words, error, match):
    with pytest.raises(error, match=match):
        data.animate(**words).limits()


def test_a_level_of_a_multi_index_is_an_axis():
    data = field().stack(p=("lat", "lon"))
    data.animate(x="lon", figsize=(2, 2)).frame(data[0])
