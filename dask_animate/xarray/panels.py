"""What a panel is: axes that show one slice after another, how it is asked for, and its coordinates."""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # xarray depends on it
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.transforms import Transform

from ..errors import OptionError
from .calendars import require_axes_for
from .colors import ColorScale
from .limits import Limits
from .words import PlotWords

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable
    from matplotlib.lines import Line2D


@dataclass(frozen=True, eq=False)
class PanelSpec:
    """What a panel shows of a frame, and how.

    Attributes
    ----------
    kind : str
        The kind of plot, a key of `PANELS`.
    words : PlotWords
        Those that hold for this panel.
    name : hashable
        What the panel's limits are known by: a variable's name, or "".
    variable : hashable or None
        The variable of a Dataset; None if the panel shows the whole frame.
    facet : mapping of hashable to int
        Indices along the dimensions of `col` and `row`.
    """

    kind: str
    words: PlotWords
    name: Hashable
    variable: Hashable | None = None
    facet: Mapping[Hashable, int] = field(default_factory=dict)

    def of(self, frame: xr.DataArray | xr.Dataset) -> Any:
        """Return what the panel shows of a frame: a DataArray, or a Dataset."""
        shown = frame if self.variable is None else frame[self.variable]
        return shown.isel(self.facet) if self.facet else shown


@dataclass(frozen=True, eq=False)
class Scales:
    """What holds for all frames of a panel. Pickles.

    Attributes
    ----------
    limits : mapping of str to Limits
        Limits of what is shown by positions, by role, such as the values of a line.
    colors : ColorScale or None
        The colors, of panels that have them.
    arrow : float
        Length of a typical vector.
    highest : float
        The highest bar of all histograms.
    history : DataArray or None
        All frames, for panels that show those before a frame.
    """

    limits: Mapping[str, Limits] = field(default_factory=dict)
    colors: ColorScale | None = None
    arrow: float = 1.0
    highest: float = 1.0
    history: xr.DataArray | None = None


class Panel(ABC):
    """Axes that show what a `PanelSpec` says of each frame. Not thread-safe.

    Parameters
    ----------
    ax : Axes
        Empty.
    frame : DataArray or Dataset
        What the panel shows of the first frame, in memory.
    spec : PanelSpec
        How it is shown.
    scales : Scales
        What holds for all frames.

    Attributes
    ----------
    mappable : ScalarMappable or None
        What a color bar explains, with the label of it.
    color_label : str
        The label of a color bar.
    lines : list of Line2D
        What a legend explains.
    hue : DataArray or None
        The coordinate that tells lines apart.
    ax, words, style
        The axes, the caller's words, and the arguments of matplotlib's function among them.
    """

    #: Whether coordinates grow to the right and upwards if nobody says otherwise.
    increases: bool | None = True
    #: Whether it shows something on a map: its axes are places.
    draws_on_maps: bool = True
    mappable: ScalarMappable | None = None
    color_label: str = ""
    lines: list[Line2D] = []  # noqa: RUF012  replaced, not changed
    hue: xr.DataArray | None = None
    #: Limits of the values that positions on an axis show, before margins.
    x_limits: Limits | None = None
    y_limits: Limits | None = None

    def __init__(self, ax: Axes, frame: Any, spec: PanelSpec, scales: Scales) -> None:
        self.ax = ax
        self.words = spec.words
        self.style: dict[str, Any] = dict(spec.words.style or {})
        if is_on_map(ax) and not self.draws_on_maps:
            raise OptionError(
                f"{spec.kind} does not draw on a map projection: choose pcolormesh as plot=, or leave "
                "out the projection in subplot_kws="
            )
        if spec.words.transform is not None:
            if not isinstance(spec.words.transform, Transform) and not is_on_map(ax):
                raise OptionError(
                    "transform= needs a map: give a projection, such as "
                    'subplot_kws={"projection": cartopy.crs.Robinson()}'
                )
            self.style["transform"] = spec.words.transform

    @abstractmethod
    def show(self, frame: Any, frame_idx: int) -> None:
        """Show another slice; what is shown depends on these arguments alone."""

    def label_axes(self, x: str, y: str) -> None:
        """Write the labels of the axes, unless the caller wants none."""
        if self.words.add_labels is not False:
            self.ax.set(xlabel=x, ylabel=y)

    def apply_words(self) -> None:
        """Set what words say about the axes, in the order of xarray; once, after all is drawn."""
        words, ax = self.words, self.ax
        for name, inverted, invert in (
            ("xincrease", ax.xaxis_inverted(), ax.invert_xaxis),
            ("yincrease", ax.yaxis_inverted(), ax.invert_yaxis),
        ):
            given = getattr(words, name)
            increases = self.increases if given is None else given
            if increases is not None and increases == inverted:
                invert()
        for name in ("xscale", "yscale"):
            if (value := getattr(words, name)) is not None:
                getattr(ax, f"set_{name}")(value)
        if self.x_limits is not None:
            low, high = _padded(self.x_limits, ax.xaxis.get_transform())
            ax.set_xlim((high, low) if ax.xaxis_inverted() else (low, high))
        if self.y_limits is not None:
            low, high = _padded(self.y_limits, ax.yaxis.get_transform())
            ax.set_ylim((high, low) if ax.yaxis_inverted() else (low, high))
        for name in ("xticks", "yticks", "xlim", "ylim"):
            if (value := getattr(words, name)) is not None:
                axis = ax.xaxis if name.startswith("x") else ax.yaxis
                if axis.get_converter() is None and any(isinstance(one, str) for one in value):
                    raise OptionError(f"{name} must be numbers on an axis of numbers, got {value!r:.60}")
                getattr(ax, f"set_{name}")(value)


def is_on_map(ax: Axes) -> bool:
    """Return whether the axes have a map projection of cartopy."""
    return hasattr(ax, "projection")


def set_dates(ax: Axes, values: Any) -> None:
    """Make the ticks of the horizontal axis short if it shows dates, as xarray does."""
    if np.issubdtype(values.dtype, np.datetime64):
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_formatter(formatter)


def coordinate(frame: xr.DataArray, name: Hashable) -> xr.DataArray:
    """Return a coordinate of a slice; numbers from 0 if it is a dimension that has none.

    Raises
    ------
    OptionError
        If there is none of this name, or it is the same for the whole slice.
    """
    if name in frame.coords:
        found = frame.coords[name]
        if not found.ndim:
            raise OptionError(f"{name!r} has one value in a frame, and is no coordinate along it")
        return found
    if name in frame.dims:
        return xr.DataArray(np.arange(frame.sizes[name]), dims=(name,), name=str(name))
    known = sorted(map(str, {*frame.coords, *frame.dims}))
    raise OptionError(f"{name!r} is no coordinate of the frames; they have {', '.join(known)}")


def axis_coordinate(frame: xr.DataArray, name: Hashable) -> xr.DataArray:
    """Return a coordinate that has places on an axis.

    Raises
    ------
    OptionError
        If there is none of this name, or it is a multi-index.
    MissingPackageError
        If it holds times of cftime, and nc-time-axis is not installed.
    """
    found = coordinate(frame, name)
    if name in frame.dims and isinstance(index := frame.indexes.get(name), pd.MultiIndex):
        levels = ", ".join(map(repr, index.names))
        raise OptionError(
            f"{name!r} is a multi-index, which has no places on an axis: give one of its levels, "
            f"{levels}, as x= or y=, or unstack the data by data.unstack({name!r})"
        )
    require_axes_for(found)
    return found


def plane_coordinates(frame: xr.DataArray, words: PlotWords) -> tuple[xr.DataArray, xr.DataArray]:
    """Return the coordinates for the axes of a slice with two dimensions, as xarray infers them."""
    x_name, y_name = words.x, words.y
    if x_name is None and y_name is None:
        y_name, x_name = frame.dims[:2]
    elif x_name is None:
        x_name = _other_dim(frame, y_name)
    elif y_name is None:
        y_name = _other_dim(frame, x_name)
    elif x_name == y_name:
        raise OptionError(f"x= and y= must be different coordinates, got {x_name!r} twice")
    return axis_coordinate(frame, x_name), axis_coordinate(frame, y_name)


def on_plane(
    x: xr.DataArray, y: xr.DataArray
) -> tuple[tuple[Hashable, ...], xr.DataArray, xr.DataArray]:
    """Return the dimensions of a plane, the vertical one first, and its coordinates in their order."""
    is_grid = x.ndim == y.ndim == 1
    dims = (y.dims[0], x.dims[0]) if is_grid else max((x, y), key=attrgetter("ndim")).dims
    x, y = (one if one.ndim == 1 else one.transpose(*dims) for one in (x, y))
    return dims, x, y


def _other_dim(frame: xr.DataArray, name: Hashable) -> Hashable:
    (*_, dim) = coordinate(frame, name).dims
    rest: list[Hashable] = [other for other in frame.dims[:2] if other != dim]
    return rest[0]


def _padded(limits: Limits, transform: Transform) -> tuple[float, float]:
    """Return limits with margins of a twentieth on the axis, as matplotlib's own."""
    low, high = transform.transform(list(limits))
    margin = 0.05 * (high - low)
    low, high = transform.inverted().transform([low - margin, high + margin])
    return float(low), float(high)


def label_of(array: xr.DataArray) -> str:
    """Return the label of an axis or a color bar, as xarray words it, in lines of 30 characters."""
    keys = [key for key in ("long_name", "standard_name") if key in array.attrs]
    name = str(array.attrs[keys[0]] if keys else "" if array.name is None else array.name)
    units = next((f" [{array.attrs[key]}]" for key in ("units", "unit") if key in array.attrs), "")
    if name.startswith("$") and name.count("$") % 2 == 0:
        return name + units  # a formula, which cannot be broken
    return "\n".join(textwrap.wrap(name + units, 30))


def label_with(words: PlotWords, array: xr.DataArray) -> str:
    """Return the label of an array, or "" if the caller wants none."""
    return "" if words.add_labels is False else label_of(array)
