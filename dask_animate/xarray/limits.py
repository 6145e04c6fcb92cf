"""Limits that hold for all frames, from the distribution of the data, which Dask computes in pieces."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from dask import compute, delayed
from numpy.typing import ArrayLike, NDArray

from ..errors import OptionError
from ..memory import LIMITS_READ_BYTES
from ..params import SliceParams, Slices, UnfilledPartition, delayed_blocks
from ..validation import in_short, require_choice

if TYPE_CHECKING:
    import xarray as xr

#: Number of quantiles that represent a distribution.
N_RANKS = 1001
#: Distributions that a task merges into one.
FAN_IN = 16
#: Percentiles of robust limits, those of xarray.
ROBUST = (2.0, 98.0)
#: Names of rules for limits.
RULES = ("robust", "minmax")


class Limits(NamedTuple):
    """Limits of values or of colors.

    Attributes
    ----------
    low, high : float
        The limits.
    extend : {"neither", "min", "max", "both"}
        The ends at which there may be values beyond the limits.
    """

    low: float
    high: float
    extend: str = "both"


@dataclass(frozen=True)
class Distribution:
    """The distribution of the finite values of data.

    Attributes
    ----------
    n : int
        Number of values.
    quantiles : ndarray of float64, shape (N_RANKS,)
        Evenly spaced quantiles from the minimum to the maximum; empty if there are no values.
    """

    n: int
    quantiles: NDArray[np.float64]

    @classmethod
    def of(cls, values: ArrayLike) -> Distribution:
        """Return the distribution of the finite values of an array."""
        finite = np.ma.filled(np.ma.asarray(values).astype(float), np.nan).ravel()
        finite = finite[np.isfinite(finite)]
        if not finite.size:
            return cls(0, np.empty(0))
        return cls(finite.size, np.quantile(finite, np.linspace(0, 1, N_RANKS)))

    @classmethod
    def merged(cls, parts: Sequence[Distribution]) -> Distribution:
        """Merge distributions. The extremes are exact; the error in rank is about one of `N_RANKS`."""
        parts = [part for part in parts if part.n]
        if len(parts) <= 1:
            return parts[0] if parts else cls(0, np.empty(0))
        values = np.concatenate([part.quantiles for part in parts])
        weights = np.repeat([part.n / N_RANKS for part in parts], N_RANKS)
        order = np.argsort(values, kind="stable")
        ranks = np.cumsum(weights[order]) - weights[order] / 2
        ranks = (ranks - ranks[0]) / (ranks[-1] - ranks[0])
        quantiles = np.interp(np.linspace(0, 1, N_RANKS), ranks, values[order])
        return cls(sum(part.n for part in parts), quantiles)

    @property
    def extremes(self) -> tuple[float, float]:
        """The minimum and the maximum; NaN if there are no values."""
        return (float(self.quantiles[0]), float(self.quantiles[-1])) if self.n else (math.nan, math.nan)

    @property
    def robust(self) -> tuple[float, float]:
        """The percentiles `ROBUST`; NaN if there are no values."""
        if not self.n:
            return math.nan, math.nan
        low, high = np.interp(np.array(ROBUST) / 100, np.linspace(0, 1, N_RANKS), self.quantiles)
        return float(low), float(high)


def distributions(slices: Slices) -> Mapping[Hashable, Distribution]:
    """Return the distribution of each variable over all frames.

    Parameters
    ----------
    slices : Slices
        Slices of one DataArray or one Dataset. Dask's current scheduler reads them, on the workers of
        the active client if there is one. Data in memory is read in this process.

    Returns
    -------
    mapping of hashable to Distribution
        Keys are the names of a Dataset's variables; "" for a DataArray.
    """
    params = SliceParams(slices)
    sizes = params.sizes(len(slices), LIMITS_READ_BYTES)  # multiples of whole chunks
    parts = _computed(params, sizes) if slices.is_lazy else _read(slices, sizes)
    while len(parts) > 1:
        groups = [parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN)]
        parts = [delayed(_merged)(group) for group in groups]
    (found,) = compute(*parts)
    return found  # type: ignore[no-any-return]


def _computed(params: SliceParams, sizes: tuple[int, ...]) -> list[Any]:
    """Return a Delayed object for the distributions of each run of data that dask computes."""
    blocks = params.blocks(lambda _: sizes)
    runs = (delayed(blocks.partition(idx), traverse=False) for idx in range(len(sizes)))
    return [delayed(_of_filled)(*run) for run in zip(runs, delayed_blocks(blocks), strict=True)]


def _read(slices: Slices, sizes: tuple[int, ...]) -> list[Any]:
    """Return the distributions of each run of other data, or a Delayed object for those to be read."""
    parts = []
    for start, stop in pairwise(accumulate(sizes, initial=0)):
        run = slices[start:stop]
        is_here = run.travel_bytes > run.slice_bytes * len(run) / 2
        parts.append(_of(run) if is_here else delayed(_of)(run.delayed()))
    return parts


def _of_filled(run: UnfilledPartition, blocks: Sequence[Any]) -> dict[Hashable, Distribution]:
    """Task: return the distributions of a run, given the data that dask computed for it."""
    slices = run.filled(blocks)
    assert isinstance(slices, Slices)
    return _of(slices)


def _of(slices: Slices) -> dict[Hashable, Distribution]:
    (member,) = slices.load().arrays
    labelled = member.labelled  # type: ignore[attr-defined]
    variables = getattr(labelled, "data_vars", {"": labelled})
    return {
        name: Distribution.of(variable.values)
        for name, variable in variables.items()
        if variable.dtype.kind in "fiub"
    }


def _merged(parts: Sequence[Mapping[Hashable, Distribution]]) -> dict[Hashable, Distribution]:
    return {name: Distribution.merged([part[name] for part in parts]) for name in parts[0]}


def default_rule(plot: str) -> str:
    """Return the default rule for a kind of plot."""
    return "minmax" if plot == "line" else "robust"


def in_words(rule: str) -> str:
    """Return the text for a rule."""
    names = {"robust": "the 2nd to the 98th percentile", "minmax": "the minimum and the maximum"}
    return f"{names[rule]} of all frames"


def limits_of(distribution: Distribution, rule: str, plot: str) -> Limits:
    """Return the limits of a distribution for a kind of plot."""
    minimum, maximum = distribution.extremes
    low, high = distribution.robust if rule == "robust" else (minimum, maximum)
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 1.0
    if plot != "line" and low < 0 < high:
        high = max(-low, high)
        low = -high
    if low == high:
        low, high = low - 0.5, high + 0.5
    ends = (minimum < low, maximum > high)
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}.get(ends, "both")
    return Limits(low, high, extend)


def check_limits(
    limits: Any, plots: Mapping[Hashable, str], first: xr.DataArray | xr.Dataset
) -> dict[Hashable, str | Limits]:
    """Return the requested limits of each variable, or the rule for finding them.

    Parameters
    ----------
    limits : object
        As given to `DataArrayAnimator`.
    plots : mapping of hashable to str
        The kind of plot of each variable.
    first : DataArray or Dataset
        The first slice.
    """
    if not plots and limits is not None:
        raise OptionError("limits= has no effect with a function as plot=, which sets its own")
    if not isinstance(limits, Mapping):
        limits = dict.fromkeys(plots, limits)
    unknown = [name for name in limits if name not in plots]
    if unknown:
        raise OptionError(f"limits: there is no variable {unknown}, only {list(plots)}")
    for name, requested in limits.items():
        variable = first[name] if hasattr(first, "data_vars") else first
        if requested is not None and variable.ndim == 3:
            raise OptionError(f"limits= has no effect on {name!r}, an image with its own colors")
    return {name: _check_one(limits.get(name), plot) for name, plot in plots.items()}


def _check_one(limits: Any, plot: str) -> str | Limits:
    if limits is None:
        return default_rule(plot)
    if isinstance(limits, str):
        return require_choice("limits", limits, RULES)
    try:
        low, high = map(float, limits)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (low < high and math.isfinite(high - low)):
        raise OptionError(f'limits must be "robust", "minmax" or (low, high), got {in_short(limits)}')
    return Limits(low, high)
