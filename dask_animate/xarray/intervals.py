"""Coordinates of intervals, such as those of ``groupby_bins``: where they are drawn, as in xarray."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd  # xarray depends on it
import xarray as xr
from numpy.typing import NDArray


def are_intervals(coordinate: xr.DataArray) -> bool:
    """Return whether a coordinate with one dimension holds intervals."""
    if coordinate.ndim != 1 or not coordinate.size or coordinate.dtype.kind != "O":
        return False
    return all(isinstance(one, pd.Interval) for one in coordinate.values)


def middles_of(coordinate: xr.DataArray) -> xr.DataArray:
    """Return the middles of intervals, labelled as by xarray; other coordinates as they are."""
    if not are_intervals(coordinate):
        return coordinate
    attrs = coordinate.attrs
    name = attrs.get("long_name", attrs.get("standard_name", coordinate.name))
    return xr.DataArray(
        pd.Index([one.mid for one in coordinate.values]).to_numpy(),
        dims=coordinate.dims,
        name=coordinate.name,
        attrs=attrs | {"long_name": "_".join([str(name), "center"])},
    )


def edges_of_intervals(coordinate: xr.DataArray) -> NDArray[Any]:
    """Return the n + 1 edges of n intervals that adjoin each other."""
    intervals = coordinate.values
    falls = len(intervals) > 1 and intervals[0] > intervals[-1]
    begin, end = ("right", "left") if falls else ("left", "right")
    edges = [getattr(one, begin) for one in intervals]
    return np.asarray(pd.Index([*edges, getattr(intervals[-1], end)]).to_numpy())


def both_ends_of(coordinate: xr.DataArray) -> NDArray[Any]:
    """Return the two ends of each interval, for steps."""
    ends = [end for one in coordinate.values for end in (one.left, one.right)]
    return np.asarray(pd.Index(ends).to_numpy())
