"""Texts for labelled data: axis labels and frame titles."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..errors import OptionError
from ..validation import in_short

if TYPE_CHECKING:
    import xarray as xr

_Unit = Literal["D", "m", "s", "ms", "us", "ns"]
_UNITS: tuple[_Unit, ...] = get_args(_Unit)


def label_of(array: xr.DataArray) -> str:
    """Return the name of an array with its units; the long or the standard name, if it has one."""
    name = next(
        (str(array.attrs[key]) for key in ("long_name", "standard_name") if array.attrs.get(key)),
        str(array.name or ""),
    )
    units = array.attrs.get("units")
    return (f"{name} [{units}]" if units else name).replace("$", r"\$")


class FrameTitle:
    """The titles of frames.

    Parameters
    ----------
    template : str or None
        May contain ``{time}``, the frame's coordinate, and ``{name}``, the label of the data; by
        default the former.
    data : DataArray or Dataset
        All frames.
    dim : hashable
        Dimension of the frames.

    Raises
    ------
    OptionError
        If the template is not a string or contains other fields.
    """

    def __init__(self, template: str | None, data: xr.DataArray | xr.Dataset, dim: Hashable) -> None:
        self._template = "{time}" if template is None else template
        try:
            self._template.format(time="", name="")
        except (AttributeError, KeyError, IndexError, ValueError) as exc:
            raise OptionError(
                f"title must be a string with no fields but {{time}} and {{name}}, "
                f"got {in_short(template)}"
            ) from exc
        self._dim = dim
        self._coordinate = _coordinate_of(data, dim)
        self._unit = _time_unit(data, self._coordinate)

    def of(self, frame: xr.DataArray | xr.Dataset, frame_idx: int) -> str:
        """Return the title of a frame."""
        time = f"{self._dim} = {frame_idx}"
        if self._coordinate in frame.coords:
            time = _in_words(frame.coords[self._coordinate], self._unit)
        name = "" if hasattr(frame, "data_vars") else label_of(frame)
        return self._template.format(time=time.replace("$", r"\$"), name=name)


def _coordinate_of(data: xr.DataArray | xr.Dataset, dim: Hashable) -> Hashable | None:
    """Return the name of a coordinate along a dimension, that of the same name if there is one."""
    if dim in data.coords:
        return dim
    return next((name for name, one in data.coords.items() if one.dims == (dim,)), None)


def _time_unit(data: xr.DataArray | xr.Dataset, coordinate: Hashable | None) -> _Unit | None:
    """Return the coarsest NumPy unit that represents all times exactly; None if these are no times."""
    values = np.empty(0) if coordinate is None else data[coordinate].values
    if values.dtype.kind != "M":
        return None
    known = values[~np.isnat(values)]
    return next(unit for unit in _UNITS if unit == "ns" or (known == known.astype(f"M8[{unit}]")).all())


def _in_words(coordinate: xr.DataArray, unit: _Unit | None) -> str:
    """Return the text for a frame's coordinate; times in a NumPy unit."""
    value = coordinate.values[()]
    kind = coordinate.dtype.kind
    if kind == "M" and not np.isnat(value):
        return str(np.datetime_as_string(value, unit=unit)).replace("T", " ")
    if kind == "m" and not np.isnat(value):
        import pandas as pd  # xarray depends on it

        value = pd.Timedelta(value)
    if kind not in "fiu":
        return str(value)
    units = coordinate.attrs.get("units")
    number = f"{value:.10g}" if kind == "f" else str(value)
    return f"{coordinate.name} = {number}" + (f" {units}" if units else "")
