"""The kinds of plots: which slices they show, what has to be known of all frames, and their panels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_choice
from .histogram import HistPanel
from .lines import LinePanel, ScatterPanel
from .panels import Panel, coordinate
from .planes import ChannelsPanel, ContourPanel, HovmollerPanel, ImagePanel, MeshPanel
from .vectors import QuiverPanel, StreamPanel
from .words import CHANNELS, FUNCTION, PlotWords

if TYPE_CHECKING:
    import xarray as xr

#: The panel of each kind.
PANELS: dict[str, type[Panel]] = {
    "line": LinePanel,
    "step": LinePanel,
    "pcolormesh": MeshPanel,
    "imshow": ImagePanel,
    "contour": ContourPanel,
    "contourf": ContourPanel,
    "hist": HistPanel,
    "hovmoller": HovmollerPanel,
    "scatter": ScatterPanel,
    "quiver": QuiverPanel,
    "streamplot": StreamPanel,
    CHANNELS: ChannelsPanel,
}
#: Names that a caller may give.
KINDS = tuple(kind for kind in PANELS if kind != CHANNELS)
#: Kinds that show several variables of a Dataset, and the words that name them.
OF_DATASETS = {"scatter": ("x", "y"), "quiver": ("u", "v"), "streamplot": ("u", "v")}
#: Numbers of dimensions that the other kinds can show; `hue` takes one away.
_NDIMS = {
    "line": (1,),
    "step": (1,),
    "pcolormesh": (2,),
    "imshow": (2, 3),
    "contour": (2,),
    "contourf": (2,),
    "hist": (1, 2, 3, 4, 5, 6),
    "hovmoller": (1,),
}
#: Names of a last dimension that holds the channels of an image.
_CHANNEL_DIMS = ("band", "c", "channel", "channels", "color", "colour", "rgb", "rgba")
_BY_NDIM = {1: "line", 2: "pcolormesh", 3: "imshow"}


def check_plot(plot: Any, data: xr.DataArray | xr.Dataset) -> Any:
    """Return `plot` as given: None, a function, a kind, or a dict of kinds."""
    if plot is None or callable(plot):
        return plot
    if not isinstance(plot, Mapping):
        kind = require_choice("plot", plot, KINDS)
        if kind in OF_DATASETS and not hasattr(data, "data_vars"):
            raise OptionError(f'plot="{kind}" needs several variables: give a Dataset')
        return kind
    if not hasattr(data, "data_vars"):
        raise OptionTypeError("plot must be the name of a plot or a function, a dict is for a Dataset")
    known = [kind for kind in KINDS if kind not in OF_DATASETS]
    for name, kind in plot.items():
        if name not in data.data_vars:
            raise OptionError(f"plot: there is no variable {name!r}, only {list(data.data_vars)}")
        require_choice(f"plot[{name!r}]", kind, known)
    return dict(plot)


def kind_of(frame: xr.DataArray, plot: str | None, given: Mapping[str, Any]) -> str:
    """Return the kind of plot for a slice: `plot`, or the default for its dimensions.

    Parameters
    ----------
    frame : DataArray
        The slice. It need not be in memory.
    plot : str or None
        As given for it.
    given : mapping of str to object
        The caller's words, some of which take dimensions away.

    Raises
    ------
    OptionError
        If the slice cannot be drawn like that.
    """
    facets = [given[name] for name in ("col", "row") if given.get(name) is not None]
    check_facets(frame, facets)
    check_not_empty(frame)
    frame = frame.isel(dict.fromkeys(facets, 0))
    between = _between_lines(frame, plot, given)
    lines = frame.isel({between: 0}) if between is not None else frame
    chosen = plot or _BY_NDIM.get(lines.ndim, "")
    if plot is None and lines.ndim == 3 and lines.dims[2] not in _CHANNEL_DIMS:
        chosen = ""
    if lines.ndim not in _NDIMS.get(chosen, ()):
        raise OptionError(_wrong_dimensions(lines, chosen))
    is_picture = chosen == "imshow" and lines.ndim == 3
    if is_picture and lines.shape[2] not in (3, 4):
        shape = dict(lines.sizes)
        raise OptionError(f"an image has 3 or 4 channels in its last dimension, got {shape}")
    if frame.dtype.kind not in "fiub":
        raise OptionError(
            f"{_name_of(frame)} {frame.dtype}, which cannot be drawn: give a function as plot="
        )
    return CHANNELS if is_picture else chosen


def _between_lines(frame: xr.DataArray, plot: str | None, given: Mapping[str, Any]) -> Hashable | None:
    """Return the dimension along which lines differ, for slices that are drawn as several lines."""
    if frame.ndim != 2 or plot not in ("line", "step", None):
        return None
    hue = given.get("hue")
    if hue is not None and not isinstance(hue, Mapping):
        return _dim_of(frame, hue)
    along = given.get("x") or given.get("y")
    if plot is None or along is None or isinstance(along, Mapping):
        return None
    used = _dim_of(frame, along)
    between: Hashable | None = next((dim for dim in frame.dims if dim != used), None)
    return between


def _dim_of(frame: xr.DataArray, name: Hashable) -> Hashable:
    if name in frame.dims:
        return name
    dim: Hashable = coordinate(frame, name).dims[-1]
    return dim


def _name_of(frame: xr.DataArray) -> str:
    return "the data hold" if frame.name is None else f"{frame.name!r} holds"


def check_not_empty(frame: xr.DataArray) -> None:
    """Raise if a slice has a dimension of the length 0."""
    for dim, size in frame.sizes.items():
        if not size:
            name = "" if frame.name is None else f" of {frame.name!r}"
            raise OptionError(
                f"a frame{name} has nothing to draw: its dimension {dim!r} has the length 0"
            )


def check_facets(frame: xr.DataArray | xr.Dataset, facets: list[Hashable]) -> None:
    """Raise if facets are not along different dimensions of a slice."""
    for dim in facets:
        if dim not in frame.dims:
            known = ", ".join(map(str, frame.dims))
            raise OptionError(
                f"col= and row= name dimensions of the frames, {known}; got {in_short(dim)}"
            )
    if len(set(facets)) < len(facets):
        raise OptionError(f"col= and row= must be different dimensions, got {facets[0]!r} twice")


def _wrong_dimensions(frame: xr.DataArray, chosen: str) -> str:
    """Return the text of the error for a slice that a kind of plot, or "" for any, cannot draw."""
    name = "" if frame.name is None else f" of {frame.name!r}"
    sizes = ", ".join(f"{dim}: {size}" for dim, size in frame.sizes.items())
    has = f"has {frame.ndim} dimension{'s' * (frame.ndim > 1)} ({sizes})" if sizes else "is one number"
    drawn = _NDIMS.get(chosen, (1, 2))
    what = f'plot="{chosen}" draws' if chosen else "the built-in plots draw"
    how_many = f"{' or '.join(map(str, drawn))} dimension{'s' * (drawn != (1,))}"
    ways = ["give a function plot(ax, frame) as plot="]
    if chosen:
        ways.insert(0, "choose another plot=")
    if chosen in ("line", "step") and frame.ndim == 2:
        ways.insert(0, f"draw several lines by hue={str(frame.dims[0])!r}")
    elif frame.ndim > max(drawn):
        ways.insert(0, f"give a panel to each by col={str(frame.dims[0])!r}")
    if frame.ndim > max(drawn):
        ways.insert(0, f"select from the data, such as data.isel({{{frame.dims[0]!r}: 0}})")
    return f"a frame{name} {has}, but {what} {how_many}: {', or '.join(ways)}"


def check_dataset_plot(first: xr.Dataset, kind: str, words: PlotWords) -> None:
    """Raise if words do not name the variables that a plot of a Dataset shows."""
    needed = OF_DATASETS[kind]
    for name in (*needed, "hue", "over"):
        value = getattr(words, name)
        if value is None and name in needed:
            raise OptionError(
                f'plot="{kind}" needs {" and ".join(f"{one}=" for one in needed)}, names of variables; '
                f"the Dataset has {', '.join(map(repr, first.data_vars))}"
            )
        if value is not None and value not in first.variables:
            raise OptionError(
                f"{name}={value!r} is no variable of the Dataset; it has "
                f"{', '.join(map(repr, first.data_vars))}"
            )
        if value is not None:
            check_not_empty(first[value])
    if kind in ("quiver", "streamplot"):
        facets = {words.col, words.row}
        for name in ("u", "v"):
            shown = first[getattr(words, name)]
            rest = [dim for dim in shown.dims if dim not in facets]
            if len(rest) != 2:
                raise OptionError(
                    f"{name}={shown.name!r} must have 2 dimensions in each frame, it has "
                    f"{', '.join(map(str, rest)) or 'none'}"
                )


def variables_of(kind: str, words: PlotWords, variable: Hashable) -> dict[str, Hashable]:
    """Return the variables whose values of all frames a panel depends on, by their role in it."""
    if kind == CHANNELS or kind == FUNCTION:
        return {}
    if kind in ("line", "step", "hist"):
        return {"values": variable}
    if kind not in OF_DATASETS:
        return {"color": variable}
    colored = words.hue if words.over is None else words.over
    roles = () if kind == "streamplot" else OF_DATASETS[kind]  # streamlines show no lengths
    named: dict[str, Hashable] = {role: getattr(words, role) for role in roles}
    return named | ({} if colored is None else {"color": colored})
