"""The colors of a panel, the same for all frames: limits, norm and color map, by the rules of xarray."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import (
    BoundaryNorm,
    Colormap,
    ListedColormap,
    LogNorm,
    Normalize,
    from_levels_and_colors,
)
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..errors import OptionError
from .limits import Distribution, Limits, limits_of, not_empty
from .words import PlotWords


@dataclass(frozen=True, eq=False)
class ColorScale:
    """How values become colors. Pickles.

    Attributes
    ----------
    norm : Normalize
        With both limits.
    cmap : Colormap
        Has as many colors as there are intervals, if there are levels.
    extend : {"neither", "min", "max", "both"}
        The ends at which there may be values beyond the limits.
    levels : ndarray of float or None
        Where colors or contours begin.
    colors : str or list or None
        Colors of contours, as given.
    """

    norm: Normalize
    cmap: Colormap
    extend: str
    levels: NDArray[Any] | None
    colors: str | list[Any] | None

    @property
    def limits(self) -> Limits:
        """The lowest and the highest value that has a color of its own."""
        return Limits(float(self.norm.vmin or 0), float(self.norm.vmax or 0))

    @classmethod
    def create(cls, words: PlotWords, kind: str, distribution: Distribution | None) -> ColorScale:
        """Return the colors that words ask for.

        Parameters
        ----------
        words : PlotWords
            Those of one panel.
        kind : str
            The kind of plot: contours always have levels.
        distribution : Distribution or None
            Of the values of all frames; None if `are_settled`.
        """
        norm = _norm_of(words)
        if distribution is not None and isinstance(norm, LogNorm):
            distribution = distribution.positive
            if not distribution.n:
                raise OptionError("norm= is logarithmic, but the data have no values greater than 0")
        found = _found_limits(words, norm, distribution)
        limits, is_divergent = _limits_of(words, norm, found)
        if norm is not None:
            limits = _complete(norm, limits)
        cmap = words.cmap if words.cmap is not None else words.colors
        if cmap is None:
            cmap = _default_cmap(is_divergent)
        levels = _levels_of(words, norm, limits)
        if levels is not None:
            limits = Limits(float(levels[0]), float(levels[-1]))
        extend = words.extend or _extend_of(limits, distribution)
        if levels is None or isinstance(norm, BoundaryNorm):
            cmap = cmap if isinstance(cmap, Colormap) else ListedColormap(cmap)
        else:
            cmap, new = _discrete(cmap, levels, extend, kind != "contour")
            norm = norm or new
        norm = norm or Normalize(*limits)
        if levels is None and kind in ("contour", "contourf"):
            levels = _automatic_levels(kind, found, extend, norm)
        return cls(norm, cmap, extend, levels, words.colors)


def are_settled(words: PlotWords) -> bool:
    """Return whether words say limits and colors, so that no data has to be read."""
    if isinstance(words.levels, np.ndarray):
        return words.extend is not None and (words.cmap is not None or words.colors is not None)
    norm = words.norm
    low, high = words.limits if isinstance(words.limits, tuple) else (words.vmin, words.vmax)
    if isinstance(norm, Normalize):
        low = norm.vmin if low is None else low
        high = norm.vmax if high is None else high
    return low is not None and high is not None


def rule_of(words: PlotWords) -> str:
    """Return the rule for limits that words do not say."""
    if isinstance(words.limits, str):
        return words.limits
    return "minmax" if words.robust is False else "robust"


def _norm_of(words: PlotWords) -> Normalize | None:
    if words.norm == "log":
        return LogNorm()
    if isinstance(words.norm, str):
        name: Any = words.norm  # the stubs know no names
        norm = ScalarMappable(norm=name).norm
        assert isinstance(norm, Normalize)
        return norm
    return deepcopy(words.norm)  # the caller's stays as it is


def _found_limits(words: PlotWords, norm: Normalize | None, distribution: Distribution | None) -> Limits:
    """Return the limits of the values as they are, or, if nobody has looked, those that words say."""
    if distribution is not None and not isinstance(words.limits, tuple):
        return not_empty(limits_of(distribution, rule_of(words)))
    if isinstance(words.levels, np.ndarray):
        return Limits(float(words.levels[0]), float(words.levels[-1]))
    if isinstance(words.limits, tuple):
        return Limits(*words.limits)
    low = norm.vmin if words.vmin is None and norm is not None else words.vmin
    high = norm.vmax if words.vmax is None and norm is not None else words.vmax
    assert low is not None
    assert high is not None
    return Limits(float(low), float(high))


def _limits_of(words: PlotWords, norm: Normalize | None, found: Limits) -> tuple[Limits, bool]:
    """Return the limits before a norm's own, and whether they lie around a center; as xarray does."""
    if isinstance(words.limits, tuple):
        limits = Limits(*words.limits)
        return limits, limits.low == -limits.high
    low = found.low if words.vmin is None else words.vmin
    high = found.high if words.vmax is None else words.vmax
    if words.center is False or (words.vmin is not None and words.vmax is not None):
        return _ordered(low, high), False
    is_divergent = low < 0 < high or words.center is not None
    if not is_divergent or isinstance(norm, LogNorm):
        return _ordered(low, high), False
    center = words.center or 0.0
    if words.vmin is not None or words.vmax is not None:
        half = abs((low if words.vmax is None else high) - center)
    else:
        half = max(abs(low - center), abs(high - center))
    return _ordered(center - half, center + half), True


def _ordered(low: float, high: float) -> Limits:
    if low < high:
        return Limits(low, high)
    raise OptionError(
        f"the limits of colors would be {low:g} and {high:g}: "
        "vmin=, vmax= or center= lies beyond the data"
    )


def _complete(norm: Normalize, limits: Limits) -> Limits:
    """Set the limits that a norm does not have, and return those that it has then."""
    try:
        if norm.vmin is None:
            norm.vmin = limits.low
        if norm.vmax is None:
            norm.vmax = limits.high
        limits = Limits(float(norm.vmin), float(norm.vmax))
        norm(sum(limits) / 2)  # some norms move their limits now
        limits = Limits(float(norm.vmin), float(norm.vmax))
        is_valid = limits.low < limits.high
    except ValueError:
        is_valid = False
    if not is_valid:
        raise OptionError(
            f"norm={type(norm).__name__} cannot have the limits {limits.low:g} and {limits.high:g}: "
            "give it a vmin and a vmax that suit it"
        )
    return limits


def _default_cmap(is_divergent: bool) -> Colormap:
    """Return the color map that xarray would take, by its options."""
    cmap = xr.get_options()["cmap_divergent" if is_divergent else "cmap_sequential"]
    return cmap if isinstance(cmap, Colormap) else colormaps[cmap]


def _levels_of(words: PlotWords, norm: Normalize | None, limits: Limits) -> NDArray[Any] | None:
    """Return the levels that words ask for, as xarray does."""
    levels = words.levels
    if isinstance(norm, BoundaryNorm):
        return np.asarray(norm.boundaries)
    if levels is None or isinstance(levels, np.ndarray):
        return levels
    if isinstance(norm, LogNorm):
        return np.geomspace(*limits, levels)
    if words.vmin is not None or words.vmax is not None:
        return np.linspace(*limits, levels)
    return np.asarray(MaxNLocator(levels - 1).tick_values(*limits))


def _automatic_levels(kind: str, found: Limits, extend: str, norm: Normalize) -> NDArray[Any]:
    """Return the levels that matplotlib gives contours of values between these limits."""
    ax = Figure().subplots()
    draw = ax.contour if kind == "contour" else ax.contourf
    return np.asarray(draw([list(found), list(found)], extend=extend, norm=deepcopy(norm)).levels)


def _extend_of(limits: Limits, distribution: Distribution | None) -> str:
    """Return the ends at which there are values beyond the limits; both if nobody has looked."""
    if distribution is None:
        return "both"
    minimum, maximum = distribution.extremes
    ends = (minimum < limits.low, maximum > limits.high)
    return {(False, False): "neither", (True, False): "min", (False, True): "max"}.get(ends, "both")


def _discrete(
    cmap: Colormap | str | list[Any], levels: NDArray[Any], extend: str, is_filled: bool
) -> tuple[Colormap, Normalize]:
    """Return a color map with one color for each interval, and its norm."""
    bounds = [levels[0], levels[0]] if len(levels) == 1 else list(levels)
    side: Any = extend if is_filled else "max"
    n_colors = len(bounds) - 1 + {"neither": 0, "both": 2}.get(side, 1)
    if not isinstance(cmap, Colormap):
        listed = [cmap] if isinstance(cmap, str) else cmap
        palette: Any = ListedColormap(list(islice(cycle(listed), n_colors)))(np.linspace(0, 1, n_colors))
        return from_levels_and_colors(bounds, palette, extend=side)
    palette = cmap(np.linspace(0, 1, n_colors))
    discrete, norm = from_levels_and_colors(bounds, palette, extend=side)
    discrete.name = cmap.name
    under, over = cmap(-np.inf), cmap(np.inf)
    return discrete.with_extremes(
        bad=cmap(np.nan),
        under=None if under == cmap(0) else under,
        over=None if over == cmap(cmap.N - 1) else over,
    ), norm
