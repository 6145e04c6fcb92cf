"""What a frame of labelled data is called: its date, or another coordinate."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError


def check_title(title: Any) -> str:
    """Return a title that holds ``{time}`` and ``{name}`` at most, or raise."""
    try:
        title.format(time="", name="")
    except (AttributeError, KeyError, IndexError, ValueError) as exc:
        raise OptionError(
            f"title must be a text with {{time}} and {{name}} at most, got {title!r}"
        ) from exc
    return str(title)


def coordinate_of(data: Any, dim: Any) -> Any:
    """Return the name of the coordinate along a dimension, its own if there is one, or None."""
    if dim in data.coords:
        return dim
    return next((name for name, one in data.coords.items() if one.dims == (dim,)), None)


def unit_of(data: Any, name: Any) -> Any:
    """Return as fine a unit as tells the times of frames apart, from days to nanoseconds."""
    values = np.empty(0) if name is None else data[name].values
    if values.dtype.kind != "M":
        return ""
    known = values[~np.isnat(values)]
    return next(
        unit
        for unit in ("D", "m", "s", "ms", "us", "ns")
        if unit == "ns" or (known == known.astype(f"M8[{unit}]")).all()
    )


def shown(coordinate: Any, unit: Any) -> str:
    """Return the coordinate of a frame in words."""
    value = coordinate.values[()]
    kind = coordinate.dtype.kind
    if kind == "M" and not np.isnat(value):
        return str(np.datetime_as_string(value, unit=unit)).replace("T", " ")
    if kind == "m" and not np.isnat(value):
        import pandas as pd  # which xarray needs too

        value = pd.Timedelta(value)
    if kind not in "fiu":
        return str(value)
    units = coordinate.attrs.get("units")
    number = f"{value:.10g}" if kind == "f" else str(value)
    return f"{coordinate.name} = {number}" + (f" {units}" if units else "")
