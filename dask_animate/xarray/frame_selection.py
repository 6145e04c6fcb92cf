"""Which slices of labelled data are frames, selected by label or by position."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pandas.errors import InvalidIndexError  # xarray depends on it

from ..errors import OptionError
from ..validation import in_short
from .coordinates import coordinate_of

T = TypeVar("T", xr.DataArray, xr.Dataset)


def select_frames(data: T, dim: Hashable, frames: object) -> T:
    """Return the slices of data that are selected; nothing is read.

    Parameters
    ----------
    data : DataArray or Dataset
        The data, with at least one slice.
    dim : hashable
        Dimension of the frames.
    frames : object
        As given to `DataArrayAnimator`; None selects all.

    Raises
    ------
    OptionError
        If it selects no frames, or is no selection for the coordinate of the frames.
    """
    if frames is None:
        return data
    index = data[dim]
    positions = xr.DataArray(np.arange(index.size), dims=(dim,), coords=index.coords)
    coordinate = coordinate_of(data, dim)
    if coordinate is not None and dim not in data.xindexes:
        positions = positions.assign_coords({dim: data[coordinate].values})
    labels = None if coordinate is None else positions[dim]
    selection = getattr(frames, "values", frames)
    described = _described(dim, labels, index.size)
    by_position = _are_positions(selection, labels)
    try:
        found = (positions.isel if by_position else positions.sel)({dim: selection})
    except KeyError as exc:
        raise OptionError(f"frames={in_short(frames)} is not among {described}") from exc
    except (IndexError, TypeError, ValueError, InvalidIndexError) as exc:
        raise OptionError(
            f"frames={in_short(frames)} cannot be selected from {described}: {exc}"
        ) from exc
    if not found.size:
        how = "integers are positions" if by_position else "labels are selected as in data.sel"
        raise OptionError(f"frames={in_short(frames)} selects nothing from {described}; {how}")
    return take(data, dim, np.atleast_1d(found.values))


def take(data: T, dim: Hashable, positions: NDArray[np.integer[Any]]) -> T:
    """Return the slices at some positions, by a slice if they are evenly spaced.

    A slice keeps the chunks and the laziness of any kind of array.
    """
    steps = np.unique(np.diff(positions))
    if len(positions) == 1:
        steps = np.array([1])
    if len(steps) != 1 or steps[0] == 0:
        return data.isel({dim: positions})
    start, step = int(positions[0]), int(steps[0])
    stop = int(positions[-1]) + (1 if step > 0 else -1)
    return data.isel({dim: slice(start, None if stop < 0 else stop, step)})


def _are_positions(selection: Any, labels: xr.DataArray | None) -> bool:
    """Return whether a selection holds positions: integers that cannot be labels, or a mask."""
    ends: Any = selection
    if isinstance(selection, slice):
        ends = [end for end in (selection.start, selection.stop) if end is not None]
    kind = np.asarray(ends).dtype.kind if np.size(ends) else "i"
    return kind == "b" or labels is None or (kind in "iu" and labels.dtype.kind not in "fiu")


def _described(dim: Hashable, labels: xr.DataArray | None, n: int) -> str:
    """Return the frames in words."""
    if labels is None:
        return f"the {n} frames along {dim!r}, which have no labels"
    first, last = (str(labels.values[idx]) for idx in (0, -1))
    return f"the {n} frames along {dim!r}, from {first} to {last}"
