"""Axes of times that NumPy does not have, those of cftime."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import MissingPackageError

if TYPE_CHECKING:
    import xarray as xr


def require_axes_for(coordinate: xr.DataArray) -> None:
    """Let matplotlib draw axes of a coordinate, which may hold times of cftime.

    Raises
    ------
    MissingPackageError
        If it does, and nc-time-axis is not installed.
    """
    if not (coordinate.dtype == object and coordinate.size):
        return
    if not hasattr(coordinate.values.flat[0], "calendar"):
        return
    try:
        import_module("nc_time_axis")  # tells matplotlib how to draw them
    except ImportError as exc:
        raise MissingPackageError(
            f"{coordinate.name!r} holds times of cftime, whose axis needs nc-time-axis, which is not "
            "installed: pip install nc-time-axis, or convert the times by "
            f'data.convert_calendar("standard", dim={coordinate.name!r}, use_cftime=False)'
        ) from exc
