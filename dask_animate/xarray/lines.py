"""Panels of lines over one coordinate, and of scattered points."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ..errors import OptionError
from .intervals import are_intervals, both_ends_of, middles_of
from .panels import (
    Panel,
    PanelSpec,
    Scales,
    axis_coordinate,
    coordinate,
    label_of,
    label_with,
    set_dates,
)


class LinePanel(Panel):
    """A line over one coordinate, or one for each value of `hue`; steps too."""

    increases = None
    draws_on_maps = False

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        words = spec.words
        name, hue = line_coordinates(frame, words.x if words.y is None else words.y, words.hue)
        along = axis_coordinate(frame, name)
        self._has_both_ends = spec.kind == "step" and are_intervals(along)
        self.hue = None if hue is None else coordinate(frame, hue)
        if self.hue is None and words.add_legend:
            raise OptionError("add_legend=True has no effect without hue=, a dimension")
        self._dims = along.dims if self.hue is None else (along.dims[0], self.hue.dims[0])
        self._is_upright = words.y is not None
        values = self._values(frame)
        if self._has_both_ends:
            if words.where is not None:
                raise OptionError(f"where= has no effect with the intervals of {along.name!r}")
            positions = both_ends_of(along)
        else:
            along = middles_of(along)
            positions = along.transpose(*self._dims[: along.ndim]).values
        if spec.kind == "step" and not self._has_both_ends:
            self.style = {"drawstyle": f"steps-{words.where or 'pre'}"} | self.style
        pair = (values, positions) if self._is_upright else (positions, values)
        self.lines = ax.plot(*pair, **self.style)
        limits = scales.limits["values"]
        self.x_limits, self.y_limits = (limits, None) if self._is_upright else (None, limits)
        labels = (
            (label_of(frame), label_of(along))
            if self._is_upright
            else (label_of(along), label_of(frame))
        )
        self.label_axes(*labels)
        set_dates(ax, pair[0])

    def _values(self, frame: xr.DataArray) -> Any:
        values = frame.transpose(*self._dims).values
        return np.repeat(values, 2, axis=0) if self._has_both_ends else values

    def show(self, frame: xr.DataArray, frame_idx: int) -> None:
        """Show another slice."""
        columns = self._values(frame).reshape(-1, len(self.lines)).T
        for line, values in zip(self.lines, columns, strict=True):
            (line.set_xdata if self._is_upright else line.set_ydata)(values)


def line_coordinates(
    frame: xr.DataArray, along: Hashable | None, hue: Hashable | None
) -> tuple[Hashable, Hashable | None]:
    """Return the names of the coordinates along lines and between them; None for a single line."""
    if frame.ndim == 1:
        if hue is not None:
            raise OptionError(
                f"hue={hue!r} tells several lines apart, but a frame is one line along {frame.dims[0]!r}"
            )
        return (frame.dims[0] if along is None else along), None
    if hue is None:
        assert along is not None
        used = coordinate(frame, along).dims
        return along, next(dim for dim in frame.dims if dim not in used[:1])
    if along is None:
        used = coordinate(frame, hue).dims
        along = next(dim for dim in frame.dims if dim not in used)
    return along, hue


class ScatterPanel(Panel):
    """Points: two variables of a Dataset, and a third as `hue`."""

    increases = None

    def __init__(self, ax: Axes, frame: xr.Dataset, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        words = spec.words
        self._names = [name for name in (words.x, words.y, words.hue) if name is not None]
        x, y, *hue = self._values(frame)
        colors: dict[str, Any] = {}
        if scales.colors is not None:
            colors = {"c": hue[0], "cmap": scales.colors.cmap, "norm": scales.colors.norm}
            self.color_label = label_with(words, frame[words.hue])
        colors |= {"edgecolors": "w"}  # as xarray
        self._artist = ax.scatter(x, y, **colors | self.style)
        self.mappable = self._artist if hue else None
        self.label_axes(label_of(frame[words.x]), label_of(frame[words.y]))
        if "transform" not in self.style:
            self.x_limits, self.y_limits = scales.limits["x"], scales.limits["y"]

    def _values(self, frame: xr.Dataset) -> list[Any]:
        arrays = xr.broadcast(*(frame[name] for name in self._names))
        return [np.ma.masked_invalid(array.values.ravel()) for array in arrays]

    def show(self, frame: xr.Dataset, frame_idx: int) -> None:
        """Show another slice."""
        x, y, *hue = self._values(frame)
        self._artist.set_offsets(np.ma.column_stack([x, y]))
        if hue:
            self._artist.set_array(hue[0])
