"""Data as ocean and climate groups have it: packed, masked, with a calendar of its own, derived."""

import numpy as np
import pytest
import xarray as xr
from helpers import decode

import dask_animate.xarray  # noqa: F401

N = 20
PACKED = {"dtype": "int16", "scale_factor": 0.01, "add_offset": 10.0, "_FillValue": -32768}
OPTIONS = {"num_workers": 1, "figsize": (3, 2)}


def ocean():
    """Return temperatures of a calendar without leap days, with land that is missing."""
    lat, lon = np.linspace(-80, 80, 9), np.linspace(0, 342, 20)
    time = xr.date_range("2004-02-20", periods=N, calendar="noleap", use_cftime=True)
    wave = np.sin(np.deg2rad(lon) + np.arange(N)[:, None, None] / 5)
    values = 15 + 10 * np.cos(np.deg2rad(lat))[:, None] + wave
    values = np.where((np.abs(lat)[:, None] < 30) & (lon < 60), np.nan, values)
    coords = {"time": time, "lat": lat, "lon": lon}
    return xr.DataArray(values.round(2), dims=tuple(coords), coords=coords, name="sst")


@pytest.fixture(params=[2, 3])
def stored(request, tmp_path):
    """A zarr store of packed numbers whose chunks hold seven steps."""
    path = tmp_path / "ocean.zarr"
    encoding = {"sst": PACKED | {"chunks": (7, 9, 20)}}
    ocean().to_zarr(path, zarr_format=request.param, encoding=encoding, consolidated=request.param == 2)
    return path, request.param == 2


@pytest.mark.newest  # zarr_format= is younger than the oldest xarray
@pytest.mark.parametrize("chunks", [None, {}], ids=["lazy", "dask"])
def test_packed_numbers(tmp_path, stored, chunks):
    path, consolidated = stored
    data = xr.open_zarr(path, chunks=chunks, consolidated=consolidated).sst
    options = OPTIONS | {"vmin": 10, "vmax": 30, "title": "{time:%d.%m.%Y}"}
    frames = {"frames": slice("2004-02-27", "2004-03-05"), "durations": "time"}
    video = data.animate.to_video(tmp_path / "a.mkv", 10, codec="ffv1", **options, **frames)
    assert video.n_frames == 7  # there is no 29 February
    shown = decode(video.path, 10)
    for name in ("num_workers", "title"):
        options.pop(name)
    memory = ocean().animate(title="{time:%d.%m.%Y}", frames=frames["frames"], **options)
    for idx in (0, 2, 6):
        assert np.array_equal(shown[idx], memory.frame(ocean()[7 + idx], idx))


@pytest.mark.parametrize("plot", ["pcolormesh", "imshow", "contourf", "line"])
def test_frames_that_hold_no_numbers(tmp_path, plot):
    """Missing and infinite values are left out, without a warning; limits are those of the rest."""
    data = ocean()
    data[0] = np.nan
    data[2, 4, 5] = np.inf
    data[3] = -np.inf
    data[5:7] = np.nan
    data = data[:8] if plot != "line" else data[:8, 0]
    finite = data.values[np.isfinite(data.values)]
    animator = data.animate(plot=plot, limits="minmax", figsize=(3, 2))
    low, high = animator.limits()["sst"]
    if plot == "contourf":  # round levels
        assert low <= finite.min() < finite.max() <= high < 30
    else:
        assert (low, high) == (finite.min(), finite.max())
    video = animator.to_video(tmp_path / "a.mp4", 10, num_workers=1)
    assert video.n_frames == 8


def test_derived_data(tmp_path):
    data = ocean().chunk(time=6)
    derived = {
        "anomalies": data.groupby("time.month") - data.groupby("time.month").mean(),
        "rolling": data.rolling(time=5, center=True).mean(),
        "monthly": data.resample(time="MS").mean(),
    }
    titles = {"anomalies": "{time:%b %Y}, month {month}"}
    for name, one in derived.items():
        video = one.animate.to_video(tmp_path / f"{name}.mp4", 10, title=titles.get(name), **OPTIONS)
        assert video.n_frames == one.sizes["time"]
    climatology = data.groupby("time.month").mean()
    assert climatology.animate(title="month {month}").preview(climatology, 2, dim="month")
