"""Axes that show a slice of labelled data, and the next one."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..errors import OptionError

#: Kinds of plots, and the numbers of dimensions that they show.
PLOTS = {"line": (1,), "pcolormesh": (2,), "imshow": (2, 3), "contourf": (2,)}
#: Names of a last dimension that make an image with channels of what has three.
CHANNELS = ("band", "c", "channel", "channels", "color", "colour", "rgb", "rgba")
_BY_NDIM = {1: "line", 2: "pcolormesh", 3: "imshow"}


def plot_of(frame: Any, plot: str | None) -> str:
    """Return how a slice is drawn: as asked, or as its dimensions suggest.

    Raises
    ------
    OptionError
        If it cannot be drawn like that.
    """
    chosen = plot or _BY_NDIM.get(frame.ndim, "")
    shape = dict(frame.sizes)
    if plot is None and frame.ndim == 3 and frame.dims[2] not in CHANNELS:
        chosen = ""
    if frame.ndim not in PLOTS.get(chosen, ()):
        raise OptionError(
            f"a frame of {frame.name!r} has the dimensions {shape}; "
            + (f"{chosen} draws {' or '.join(map(str, PLOTS[chosen]))}" if chosen else "give a function")
            + " of them: select from the data, or give a function as plot="
        )
    if frame.ndim == 3 and frame.shape[2] not in (3, 4):
        raise OptionError(f"an image has 3 or 4 channels in its last dimension, got {shape}")
    if frame.dtype.kind not in "fiub":
        raise OptionError(f"{frame.name!r} holds {frame.dtype}, which cannot be drawn: give a function")
    return chosen


def label_of(array: Any) -> str:
    """Return the name of an array, as long as its attributes tell it, with its units."""
    name = next(
        (str(array.attrs[key]) for key in ("long_name", "standard_name") if array.attrs.get(key)),
        str(array.name or ""),
    )
    units = array.attrs.get("units")
    return (f"{name} [{units}]" if units else name).replace("$", r"\$")


class Panel:
    """Axes that show one variable. Not thread-safe.

    Parameters
    ----------
    ax : Axes
        Empty.
    frame : DataArray
        The first slice, in memory.
    plot : str
        One of `PLOTS`.
    limits : tuple of float
        Of the values, or their colors.
    extend : {"neither", "min", "max", "both"}
        Where there are values beyond the limits.
    x, y : str or None
        Coordinates for the axes.
    levels : int
        About so many contours, at round values.
    style : mapping
        Further arguments of matplotlib's function.
    """

    def __init__(
        self,
        ax: Any,
        frame: Any,
        plot: str,
        limits: tuple[float, float],
        extend: str,
        *,
        x: str | None,
        y: str | None,
        levels: int,
        style: Mapping[str, Any],
    ) -> None:
        self._ax = ax
        self._x = _coordinate(frame, x, frame.dims[0] if plot == "line" else frame.dims[1])
        ax.set_xlabel(label_of(self._x))
        self._dims = frame.dims
        self._limits, self._extend = limits, extend
        if plot == "line":
            (self._artist,) = ax.plot(self._x.values, frame.values, **style)
            margin = 0.05 * (limits[1] - limits[0]) or 1
            ax.set_ylim(limits[0] - margin, limits[1] + margin)
            ax.set_ylabel(label_of(frame))
            self.show = self._show_line
            return
        self._y = _coordinate(frame, y, frame.dims[0])
        flat = [self._y, self._x] if self._x.ndim == self._y.ndim == 1 else []
        self._order = [one.dims[0] for one in flat] or max(
            (self._x, self._y), key=attrgetter("ndim")
        ).dims
        self._x, self._y = (one.transpose(*one.dims if one.ndim == 1 else self._order)
                            for one in (self._x, self._y))  # fmt: skip
        ax.set_ylabel(label_of(self._y))
        colors = {"cmap": "RdBu_r" if limits[0] == -limits[1] else "viridis"} | dict(style)
        if plot == "contourf":
            self._prepare_contours(frame, levels, colors)
        elif plot == "imshow":
            self._prepare_image(frame, colors)
        else:
            colors = dict(zip(("vmin", "vmax"), limits, strict=True)) | {"shading": "nearest"} | colors
            self._artist = ax.pcolormesh(self._x.values, self._y.values, self._plane(frame), **colors)
            self._bar(self._artist, frame)
            self.show = lambda frame: self._artist.set_array(self._plane(frame))

    def _plane(self, frame: Any) -> Any:
        """Return the values with the vertical dimension first, masked where they are missing."""
        return np.ma.masked_invalid(frame.transpose(*self._order).values)

    def _bar(self, mappable: Any, frame: Any, **options: Any) -> None:
        extend = {} if "ticks" in options else {"extend": self._extend}
        self._ax.figure.colorbar(mappable, ax=self._ax, label=label_of(frame), **extend, **options)

    def _show_line(self, frame: Any) -> None:
        self._artist.set_ydata(frame.values)

    def _prepare_image(self, frame: Any, colors: dict[str, Any]) -> None:
        if frame.ndim == 3:
            self._ax.set_axis_off()
            self._artist = self._ax.imshow(frame.values)
            self.show = lambda frame: self._artist.set_data(frame.values)
            return
        left, right = _edges(self._x)
        bottom, top = _edges(self._y)
        colors = dict(zip(("vmin", "vmax"), self._limits, strict=True)) | {"aspect": "auto"} | colors
        self._artist = self._ax.imshow(
            self._plane(frame), origin="lower", extent=(left, right, bottom, top), **colors
        )
        self._ax.set(xlim=sorted((left, right)), ylim=sorted((bottom, top)))
        self._bar(self._artist, frame)
        self.show = lambda frame: self._artist.set_data(self._plane(frame))

    def _prepare_contours(self, frame: Any, n_levels: int, colors: dict[str, Any]) -> None:
        levels = MaxNLocator(n_levels).tick_values(*self._limits)
        extend: Any = self._extend
        options: dict[str, Any] = {"levels": levels, "extend": extend} | colors
        self._artist = None

        def show(frame: Any) -> None:
            if self._artist is not None:
                self._artist.remove()
            self._artist = self._ax.contourf(
                self._x.values, self._y.values, self._plane(frame), **options
            )

        self.show = show
        show(frame)
        self._bar(self._artist, frame, ticks=levels[:: max(1, len(levels) // 8)])


def _coordinate(frame: Any, name: str | None, dim: str) -> Any:
    """Return the coordinate for an axis; numbers from 0 where there is none."""
    if name is None:
        if dim in frame.coords:
            return frame.coords[dim]
        return type(frame)(np.arange(frame.sizes[dim]), dims=(dim,), name=str(dim))
    if name not in frame.coords and name not in frame.dims:
        known = sorted(map(str, {*frame.coords, *frame.dims}))
        raise OptionError(f"{name!r} is no coordinate of the frames; they have {', '.join(known)}")
    return frame.coords[name] if name in frame.coords else _coordinate(frame, None, name)


def _edges(coordinate: Any) -> tuple[float, float]:
    """Return the outer edges of the pixels whose centers a coordinate gives."""
    values = coordinate.values
    if values.dtype.kind not in "fiu" or values.ndim != 1:
        raise OptionError(f"imshow needs {coordinate.name!r} to be numbers in a row: use pcolormesh")
    if len(values) == 1:
        return float(values[0]) - 0.5, float(values[0]) + 0.5
    steps = np.diff(values.astype(float))
    if np.ptp(steps) > 1e-3 * abs(steps).max():
        raise OptionError(f"imshow needs {coordinate.name!r} to be evenly spaced: use pcolormesh")
    half = (float(values[-1]) - float(values[0])) / (len(values) - 1) / 2
    return float(values[0]) - half, float(values[-1]) + half
