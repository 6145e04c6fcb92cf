"""Axes that show one variable, a slice at a time: one class for each kind of plot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_int
from .labels import label_of
from .limits import Limits

if TYPE_CHECKING:
    import xarray as xr

#: Kinds of plots and the numbers of dimensions that they can show.
PLOTS = {"line": (1,), "pcolormesh": (2,), "imshow": (2, 3), "contourf": (2,)}
#: Names of a last dimension that holds the channels of an image.
CHANNELS = ("band", "c", "channel", "channels", "color", "colour", "rgb", "rgba")
_BY_NDIM = {1: "line", 2: "pcolormesh", 3: "imshow"}


@dataclass(frozen=True)
class PanelOptions:
    """How panels are drawn.

    Attributes
    ----------
    x, y : str or None
        Coordinates for the axes; None takes those of the slice's dimensions.
    levels : int
        Approximate number of contour levels, at round values.
    style : dict
        Further arguments of matplotlib's function.
    """

    x: str | None
    y: str | None
    levels: int
    style: dict[str, Any]

    @classmethod
    def create(
        cls,
        plots: Collection[str],
        x: str | None,
        y: str | None,
        levels: int | None,
        style: Mapping[str, Any] | None,
    ) -> PanelOptions:
        """Validate the caller's arguments; an argument that has no effect on `plots` is an error."""
        given = {"x": x, "y": y, "levels": levels, "style": style}
        ignored = [] if plots else [name for name, value in given.items() if value is not None]
        if plots and levels is not None and "contourf" not in plots:
            ignored.append("levels")
        if plots and y is not None and set(plots) == {"line"}:
            ignored.append("y")
        if ignored:
            kinds = ", ".join(sorted(set(plots))) or "a function"
            raise OptionError(f"{', '.join(ignored)}= has no effect with {kinds} as plot=")
        if style is not None and not isinstance(style, Mapping):
            raise OptionTypeError(
                f'style must be a dict such as {{"cmap": "magma"}}, got {in_short(style)}'
            )
        levels = 11 if levels is None else require_int("levels", levels, 2)
        return cls(x, y, levels, dict(style or {}))


def plot_of(frame: xr.DataArray, plot: str | None) -> str:
    """Return the kind of plot for a slice: `plot`, or the default for its dimensions.

    Raises
    ------
    OptionError
        If the slice cannot be drawn like that.
    """
    chosen = plot or _BY_NDIM.get(frame.ndim, "")
    if plot is None and frame.ndim == 3 and frame.dims[2] not in CHANNELS:
        chosen = ""
    if frame.ndim not in PLOTS.get(chosen, ()):
        raise OptionError(_wrong_dimensions(frame, chosen))
    if frame.ndim == 3 and frame.shape[2] not in (3, 4):
        shape = dict(frame.sizes)
        raise OptionError(f"an image has 3 or 4 channels in its last dimension, got {shape}")
    if frame.dtype.kind not in "fiub":
        raise OptionError(
            f"{frame.name!r} holds {frame.dtype}, which cannot be drawn: give a function as plot="
        )
    return chosen


def _wrong_dimensions(frame: xr.DataArray, chosen: str) -> str:
    """Return the text of the error for a slice that a kind of plot, or "" for any, cannot draw."""
    name = "" if frame.name is None else f" of {frame.name!r}"
    sizes = ", ".join(f"{dim}: {size}" for dim, size in frame.sizes.items())
    has = f"has {frame.ndim} dimension{'s' * (frame.ndim > 1)} ({sizes})" if sizes else "is one number"
    drawn = PLOTS.get(chosen, (1, 2))
    what = f'plot="{chosen}" draws' if chosen else "the built-in plots draw"
    how_many = f"{' or '.join(map(str, drawn))} dimension{'s' * (drawn != (1,))}"
    ways = ["give a function plot(ax, frame) as plot="]
    if chosen:
        ways.insert(0, "choose another plot=")
    if frame.ndim > max(drawn):
        ways.insert(0, f"select from the data, such as data.isel({{{frame.dims[0]!r}: 0}})")
    return f"a frame{name} {has}, but {what} {how_many}: {', or '.join(ways)}"


class Panel(ABC):
    """Axes that show one variable. Not thread-safe.

    Parameters
    ----------
    ax : Axes
        Empty.
    frame : DataArray
        The first slice, in memory.
    limits : Limits
        Limits of the values or of their colors.
    options : PanelOptions
        How the panel is drawn.
    """

    @abstractmethod
    def show(self, frame: xr.DataArray) -> None:
        """Show another slice."""


class LinePanel(Panel):
    """A line over one coordinate."""

    def __init__(self, ax: Axes, frame: xr.DataArray, limits: Limits, options: PanelOptions) -> None:
        x = _coordinate(frame, options.x, frame.dims[0])
        ax.set_xlabel(label_of(x))
        (self._artist,) = ax.plot(x.values, frame.values, **options.style)
        margin = 0.05 * (limits.high - limits.low) or 1
        ax.set_ylim(limits.low - margin, limits.high + margin)
        ax.set_ylabel(label_of(frame))

    def show(self, frame: xr.DataArray) -> None:
        """Show another slice."""
        self._artist.set_ydata(frame.values)


class _PlanePanel(Panel):
    """A plane over two coordinates."""

    def __init__(self, ax: Axes, frame: xr.DataArray, limits: Limits, options: PanelOptions) -> None:
        self._ax = ax
        self._extend = limits.extend
        x = _coordinate(frame, options.x, frame.dims[1])
        y = _coordinate(frame, options.y, frame.dims[0])
        is_grid = x.ndim == y.ndim == 1
        self._dims = (y.dims[0], x.dims[0]) if is_grid else max((x, y), key=attrgetter("ndim")).dims
        self._x, self._y = (one if one.ndim == 1 else one.transpose(*self._dims) for one in (x, y))
        ax.set_xlabel(label_of(x))
        ax.set_ylabel(label_of(y))
        self._artist: Any = None

    def _values(self, frame: xr.DataArray) -> np.ma.MaskedArray[Any, Any]:
        """Return the values with the vertical dimension first, masked where they are missing."""
        return np.ma.masked_invalid(frame.transpose(*self._dims).values)

    def _add_colorbar(self, frame: xr.DataArray, **options: Any) -> None:
        self._ax.figure.colorbar(self._artist, ax=self._ax, label=label_of(frame), **options)


class MeshPanel(_PlanePanel):
    """A ``pcolormesh``."""

    def __init__(self, ax: Axes, frame: xr.DataArray, limits: Limits, options: PanelOptions) -> None:
        super().__init__(ax, frame, limits, options)
        style = _color_style(limits) | {"shading": "nearest"} | options.style
        self._artist = ax.pcolormesh(self._x.values, self._y.values, self._values(frame), **style)
        self._add_colorbar(frame, extend=self._extend)

    def show(self, frame: xr.DataArray) -> None:
        """Show another slice."""
        self._artist.set_array(self._values(frame))


class ImagePanel(_PlanePanel):
    """An ``imshow`` of values, over coordinates that are evenly spaced."""

    def __init__(self, ax: Axes, frame: xr.DataArray, limits: Limits, options: PanelOptions) -> None:
        super().__init__(ax, frame, limits, options)
        left, right = _edges(self._x)
        bottom, top = _edges(self._y)
        style = _color_style(limits) | {"aspect": "auto"} | options.style
        extent = (left, right, bottom, top)
        self._artist = ax.imshow(self._values(frame), origin="lower", extent=extent, **style)
        ax.set(xlim=sorted((left, right)), ylim=sorted((bottom, top)))
        self._add_colorbar(frame, extend=self._extend)

    def show(self, frame: xr.DataArray) -> None:
        """Show another slice."""
        self._artist.set_data(self._values(frame))


class ChannelsPanel(_PlanePanel):
    """An ``imshow`` of colors, without axes."""

    def __init__(self, ax: Axes, frame: xr.DataArray, limits: Limits, options: PanelOptions) -> None:
        super().__init__(ax, frame, limits, options)
        ax.set_axis_off()
        self._artist = ax.imshow(frame.values)

    def show(self, frame: xr.DataArray) -> None:
        """Show another slice."""
        self._artist.set_data(frame.values)


class ContourPanel(_PlanePanel):
    """A ``contourf``."""

    def __init__(self, ax: Axes, frame: xr.DataArray, limits: Limits, options: PanelOptions) -> None:
        super().__init__(ax, frame, limits, options)
        levels = MaxNLocator(options.levels).tick_values(limits.low, limits.high)
        style: dict[str, Any] = {"cmap": _colormap(limits), "levels": levels, "extend": limits.extend}
        self._style = style | options.style
        self.show(frame)
        self._add_colorbar(frame, ticks=levels[:: max(1, len(levels) // 8)])

    def show(self, frame: xr.DataArray) -> None:
        """Show another slice."""
        if self._artist is not None:
            self._artist.remove()
        self._artist = self._ax.contourf(
            self._x.values, self._y.values, self._values(frame), **self._style
        )


_PANELS: dict[str, Callable[[Axes, xr.DataArray, Limits, PanelOptions], Panel]] = {
    "line": LinePanel,
    "pcolormesh": MeshPanel,
    "contourf": ContourPanel,
}


def make_panel(ax: Axes, frame: xr.DataArray, plot: str, limits: Limits, options: PanelOptions) -> Panel:
    """Make a panel of a kind in `PLOTS`; the other arguments are those of `Panel`."""
    image = ImagePanel if frame.ndim == 2 else ChannelsPanel
    return _PANELS.get(plot, image)(ax, frame, limits, options)


def _colormap(limits: Limits) -> str:
    return "RdBu_r" if limits.low == -limits.high else "viridis"


def _color_style(limits: Limits) -> dict[str, Any]:
    return {"cmap": _colormap(limits), "vmin": limits.low, "vmax": limits.high}


def _coordinate(frame: xr.DataArray, name: str | None, dim: Any) -> xr.DataArray:
    """Return the coordinate for an axis; numbers from 0 if the dimension has none."""
    if name is None:
        if dim in frame.coords:
            return frame.coords[dim]
        return type(frame)(np.arange(frame.sizes[dim]), dims=(dim,), name=str(dim))
    if name not in frame.coords and name not in frame.dims:
        known = sorted(map(str, {*frame.coords, *frame.dims}))
        raise OptionError(f"{name!r} is no coordinate of the frames; they have {', '.join(known)}")
    return frame.coords[name] if name in frame.coords else _coordinate(frame, None, name)


def _edges(coordinate: xr.DataArray) -> tuple[float, float]:
    """Return the outer edges of the pixels whose centers a coordinate gives."""
    values: NDArray[Any] = coordinate.values
    if values.dtype.kind not in "fiu" or values.ndim != 1:
        raise OptionError(
            f"imshow needs {coordinate.name!r} to be numeric with one dimension: use pcolormesh"
        )
    if len(values) == 1:
        return float(values[0]) - 0.5, float(values[0]) + 0.5
    steps = np.diff(values.astype(float))
    if np.ptp(steps) > 1e-3 * abs(steps).max():
        raise OptionError(f"imshow needs {coordinate.name!r} to be evenly spaced: use pcolormesh")
    half = (float(values[-1]) - float(values[0])) / (len(values) - 1) / 2
    return float(values[0]) - half, float(values[-1]) + half
