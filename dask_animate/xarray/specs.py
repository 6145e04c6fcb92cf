"""Which panels an animation has: from the data and the caller's words to one specification a panel."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from ..diagnostics import notify
from ..errors import OptionError, ParamsError
from .kinds import OF_DATASETS, check_dataset_plot, check_facets, kind_of
from .panels import PanelSpec
from .words import COLOR_WORDS, FUNCTION, PlotWords, check_names

if TYPE_CHECKING:
    import xarray as xr


def panel_specs(
    data: xr.DataArray | xr.Dataset,
    first: Any,
    dim: str,
    plot: Any,
    given: Mapping[str, Any],
) -> tuple[PlotWords, list[PanelSpec]]:
    """Return the words of the whole figure and the panels, row by row; none for a function.

    Parameters
    ----------
    data : DataArray or Dataset
        All frames.
    first : DataArray or Dataset
        The first one; it need not be in memory.
    dim : str
        Dimension of the frames.
    plot : None or str or dict or callable
        As from `check_plot`.
    given : mapping of str to object
        All of the caller's arguments by name.
    """
    check_names(given)
    if callable(plot):
        return PlotWords.create(given, {"": FUNCTION}), []
    if isinstance(plot, str) and plot in OF_DATASETS:
        return _of_dataset(data, first, dim, plot, given)
    is_dataset = hasattr(data, "data_vars")
    if is_dataset:
        kinds = _kinds_of_variables(data, first, dim, plot, given)
    else:
        kinds = {"" if data.name is None else data.name: kind_of(first, plot, given)}
    words = PlotWords.create(given, kinds)
    _check_grid(words, len(kinds))
    for name, kind in kinds.items():
        if kind != "hovmoller":
            _check_fixed(data, dim, words.of(name, kind))
    specs = [
        PanelSpec(kind, words.of(name, kind), name, name if is_dataset else None)
        for name, kind in kinds.items()
    ]
    return words, _faceted(specs, words, first)


def _of_dataset(
    data: xr.Dataset, first: xr.Dataset, dim: str, kind: str, given: Mapping[str, Any]
) -> tuple[PlotWords, list[PanelSpec]]:
    """Return the words and the panels of a plot that shows several variables at once."""
    names = [given[one] for one in ("over", "hue", *OF_DATASETS[kind]) if given.get(one) is not None]
    name: Hashable = names[0] if names else ""
    words = PlotWords.create(given, {name: kind})
    check_dataset_plot(first, kind, words)
    if kind != "scatter":
        _check_fixed(data, dim, words)
    about_colors = sorted(COLOR_WORDS & words.given().keys())
    if about_colors and words.hue is None and words.over is None:
        raise OptionError(f"{', '.join(about_colors)}= has no effect without hue= or over=, a variable")
    _check_grid(words, 1)
    return words, _faceted([PanelSpec(kind, words.of(name, kind), name)], words, first)


def _check_fixed(data: xr.DataArray | xr.Dataset, dim: str, words: PlotWords) -> None:
    """Raise if a coordinate for an axis differs between frames: axes are drawn once."""
    for word in ("x", "y"):
        name = getattr(words, word)
        if name in data.coords and dim in data.coords[name].dims:
            raise OptionError(
                f"{word}={name!r} changes along {dim!r}, the dimension of the frames, and must not: "
                "choose another coordinate, or give a function plot(ax, frame) as plot="
            )


def _check_grid(words: PlotWords, n_variables: int) -> None:
    is_faceted = words.col is not None or words.row is not None
    if is_faceted and n_variables > 1:
        raise OptionError(
            f"col= and row= make facets of one variable, the Dataset has {n_variables}: "
            "select one, such as data['name']"
        )
    if words.col_wrap is not None and words.col is None and n_variables == 1:
        raise OptionError("col_wrap= needs col=, a dimension, or a Dataset with several variables")


def _faceted(specs: list[PanelSpec], words: PlotWords, first: Any) -> list[PanelSpec]:
    """Return a panel for each combination of the facets' dimensions, row by row."""
    dims = [dim for dim in (words.row, words.col) if dim is not None]
    if not dims:
        return specs
    check_facets(first, dims)
    places = product(*(range(first.sizes[dim]) for dim in dims))
    (spec,) = specs
    return [replace(spec, facet=dict(zip(dims, place, strict=True))) for place in places]


def _kinds_of_variables(
    data: xr.Dataset, first: xr.Dataset, dim: str, plot: Any, given: Mapping[str, Any]
) -> dict[Hashable, str]:
    """Return the kind of plot for each variable of a Dataset that has the dimension."""
    chosen = plot if isinstance(plot, Mapping) else {}
    names = [name for name, variable in data.data_vars.items() if dim in variable.dims]
    if not names:
        raise ParamsError(f"no variable of the Dataset has the dimension {dim!r}")
    still = [name for name in chosen if name not in names]
    if still:
        raise OptionError(f"plot: the variables {still} do not have the dimension {dim!r}")
    kinds, problems = {}, []
    for name in chosen or names:
        try:
            kinds[name] = kind_of(first[name], chosen[name] if chosen else plot, given)
        except OptionError as exc:
            if chosen:
                raise
            problems.append(exc)
    if not kinds:
        raise problems[0]
    if problems:
        left_out = ", ".join(repr(name) for name in names if name not in kinds)
        notify(f"variables of the Dataset that cannot be drawn like this are left out: {left_out}")
    return kinds
