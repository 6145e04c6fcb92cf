"""Titles of frames: templates with fields for coordinates, and how times and numbers read."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError, OptionTypeError, in_words
from ..validation import in_short
from .coordinates import coordinate_names, coordinate_of

if TYPE_CHECKING:
    import xarray as xr

#: Units in which times are printed, from the coarsest, by NumPy's names: the microseconds in each, and
#: what the `isoformat` of datetimes calls it.
_UNITS = {
    "D": (86_400_000_000, ""),
    "m": (60_000_000, "minutes"),
    "s": (1_000_000, "seconds"),
    "ms": (1000, "milliseconds"),
    "us": (1, "microseconds"),
}
#: A number's format and a unit of timedeltas, such as ".1f h".
_TIMEDELTA = re.compile(r"(.*?) ?(W|D|h|min|s|ms|us|ns)")


class _Piece(NamedTuple):
    """Text of a template, and the field that follows it: "" for none."""

    literal: str
    field: str
    spec: str


class FrameTitle:
    """The titles of frames.

    Parameters
    ----------
    title : str, callable or None
        A template, or a function that returns the title of a slice, as `DataArrayAnimator` describes
        them. None: the frame's coordinate, a number with its name and units.
    data : DataArray or Dataset
        All frames. The coordinates in the template are read now.
    dim : hashable
        Dimension of the frames.

    Raises
    ------
    OptionError, OptionTypeError
        If the title is something else, has a field that frames do not have, or a format that a field
        does not take.
    """

    def __init__(
        self,
        title: str | Callable[[Any], str] | None,
        data: xr.DataArray | xr.Dataset,
        dim: Hashable,
    ) -> None:
        self._function = title if callable(title) else None
        self._pieces = () if title is None or self._function else _parsed(title)
        self._dim = str(dim)
        self._coordinate = coordinate_of(data, dim)
        self._coordinates = coordinate_names(data, dim, scalar=True)
        known = {"time", self._dim, "frame", "name", *self._coordinates}
        for _, field, _ in self._pieces:
            if field and field not in known:
                fields = ", ".join(f"{{{name}}}" for name in sorted(known))
                raise OptionError(f"title: there is no field {{{field}}}; known are {fields}")
        used = {self._coordinates.get(field) for _, field, _ in self._pieces}
        if title is None:
            used = {self._coordinate}
        self._units = {name: _unit_of(data.coords[name].values) for name in used if name is not None}
        if self._pieces:
            self.of(data.isel({dim: 0}), 0)

    def of(self, frame: xr.DataArray | xr.Dataset, frame_idx: int) -> str:
        """Return the title of a frame."""
        if self._function is not None:
            try:
                text = self._function(frame)
            except Exception as exc:
                raise OptionError(f"the function given as title= failed: {in_words(exc)}") from exc
            if not isinstance(text, str):
                raise OptionTypeError(f"the function given as title= must return a string, got {text!r}")
            return text
        if not self._pieces:
            return self._default(frame, frame_idx)
        return "".join(
            literal + (self._text(field, spec, frame, frame_idx) if field else "")
            for literal, field, spec in self._pieces
        )

    def _default(self, frame: xr.DataArray | xr.Dataset, frame_idx: int) -> str:
        if self._coordinate not in frame.coords:
            return _escaped(f"{self._dim} = {frame_idx}")
        coordinate = frame.coords[self._coordinate]
        text = _formatted(coordinate.values[()], "", self._units[self._coordinate])
        if coordinate.dtype.kind in "fiu":
            units = coordinate.attrs.get("units")
            text = f"{coordinate.name} = {text}" + (f" {units}" if units else "")
        return _escaped(text)

    def _text(self, field: str, spec: str, frame: xr.DataArray | xr.Dataset, frame_idx: int) -> str:
        """Return the text of a field; dollars in it do not begin a formula."""
        coordinate = self._coordinates.get(field)
        if coordinate is not None:
            value, unit = frame.coords[coordinate].values[()], self._units[coordinate]
        elif field == "name":
            value, unit = "" if hasattr(frame, "data_vars") else _name_of(frame), ""
        else:
            value, unit = frame_idx, ""
        try:
            text = _formatted(value, spec, unit)
        except (ValueError, TypeError, NotImplementedError) as exc:
            raise OptionError(f"title: {{{field}:{spec}}} cannot format {value}: {exc}") from exc
        return text if coordinate is None else _escaped(text)


def _name_of(array: xr.DataArray) -> str:
    """Return the name of an array with its units; the long or the standard name, if it has one."""
    name = next(
        (str(array.attrs[key]) for key in ("long_name", "standard_name") if array.attrs.get(key)),
        str(array.name or ""),
    )
    units = array.attrs.get("units")
    return _escaped(f"{name} [{units}]" if units else name)


def _escaped(text: str) -> str:
    return text.replace("$", r"\$")


def _parsed(template: object) -> tuple[_Piece, ...]:
    """Return the pieces of a template."""
    if not isinstance(template, str):
        raise OptionTypeError(
            f"title must be a string or a function of a frame, got {in_short(template)}"
        )
    pieces = []
    try:
        for literal, field, spec, conversion in Formatter().parse(template):
            if field == "" or conversion:
                raise ValueError("a field has the form {coordinate} or {coordinate:format}")
            pieces.append(_Piece(literal, field or "", spec or ""))
    except ValueError as exc:
        raise OptionError(f"title: {exc}, got {in_short(template)}") from exc
    return tuple(pieces) or (_Piece("", "", ""),)


def _unit_of(values: NDArray[Any]) -> str:
    """Return the coarsest unit that represents all times exactly; "" if these are no times."""
    if values.dtype.kind == "M":
        known = values[~np.isnat(values)]
        exact = (unit for unit in _UNITS if (known == known.astype(f"M8[{unit}]")).all())
        return next(exact, "ns")
    times = (
        [value for value in values.ravel() if hasattr(value, "hour")] if values.dtype == object else []
    )
    if not times:
        return ""
    since_midnight = {_microseconds(time) for time in times}
    return next(
        unit for unit, (length, _) in _UNITS.items() if not any(us % length for us in since_midnight)
    )


def _microseconds(time: Any) -> int:
    """Return the microseconds since midnight of a datetime, the standard library's or that of cftime."""
    seconds = (time.hour * 60 + time.minute) * 60 + time.second
    return int(seconds * 1_000_000 + time.microsecond)


def _formatted(value: Any, spec: str, unit: str) -> str:
    """Return the text of a value; times without a format in a unit of `_UNITS`."""
    kind = value.dtype.kind if isinstance(value, np.generic) else ""
    if kind in ("M", "m") and np.isnat(value):
        return "NaT"
    if kind == "m":
        return _timedelta(value, spec)
    if spec and kind == "M":
        import pandas as pd  # xarray depends on it

        return format(pd.Timestamp(value), spec)
    if spec:
        return format(value.item() if kind else value, spec)
    if kind == "M":
        return str(np.datetime_as_string(value, unit=unit)).replace("T", " ")  # type: ignore[call-overload]
    if hasattr(value, "hour") and unit in _UNITS:
        timespec = _UNITS[unit][1]
        text = value.isoformat(" ", timespec) if timespec else value.isoformat().partition("T")[0]
        return str(text)
    return f"{value:.10g}" if isinstance(value, np.float64) else str(value)


def _timedelta(value: np.timedelta64, spec: str) -> str:
    """Return the text of a timedelta: in pandas' words, or the number of a unit, with the unit."""
    import pandas as pd

    if not spec:
        return str(pd.Timedelta(value))
    match = _TIMEDELTA.fullmatch(spec)
    if not match:
        raise ValueError(
            "a timedelta takes a format with one of the units W, D, h, min, s, ms, us, ns, "
            'such as ".0f h"'
        )
    number, unit = match.groups()
    return f"{pd.Timedelta(value) / pd.Timedelta(1, unit):{number}} {unit}"
