"""Which coordinates frames have, and the names by which users ask for them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def coordinate_of(data: xr.DataArray | xr.Dataset, dim: Hashable) -> Hashable | None:
    """Return the name of a coordinate along a dimension, that of the same name if there is one."""
    if dim in data.coords:
        return dim
    return next((name for name, one in data.coords.items() if one.dims == (dim,)), None)


def coordinate_names(
    data: xr.DataArray | xr.Dataset, dim: Hashable, *, scalar: bool
) -> dict[str, Hashable]:
    """Return the names that users may give to coordinates of the frames, and the coordinates' own.

    "time" is the coordinate of the frames, whatever its name, unless there is another one of that name.

    Parameters
    ----------
    data : DataArray or Dataset
        All frames.
    dim : hashable
        Dimension of the frames.
    scalar : bool
        True adds coordinates that are one number for all frames.
    """
    shapes = {(dim,), ()} if scalar else {(dim,)}
    names = {str(name): name for name, one in data.coords.items() if one.dims in shapes}
    coordinate = coordinate_of(data, dim)
    return names if coordinate is None else {"time": coordinate} | names
