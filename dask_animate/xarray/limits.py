"""The range of data over all frames, found on the cluster, holding a little of it at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from dask import compute, delayed
from numpy.typing import NDArray

from ..errors import OptionError
from ..memory import LIMITS_READ_BYTES
from ..params import SliceParams, Slices
from ..validation import require_choice

#: Ranks at which the distribution of values is kept.
N_RANKS = 1001
#: Distributions that are merged into one at a time.
FAN_IN = 16
#: The percentiles that are called robust, as xarray has it.
ROBUST = (2.0, 98.0)
#: What limits may be, if no numbers.
HOW = ("robust", "minmax")


@dataclass(frozen=True)
class Distribution:
    """How the finite values of something are distributed.

    Attributes
    ----------
    n : int
        Number of values.
    ranked : ndarray of float64, shape (N_RANKS,)
        Values at evenly spaced ranks, from the least to the greatest; empty if there are none.
    """

    n: int
    ranked: NDArray[np.float64]

    @classmethod
    def of(cls, values: Any) -> Distribution:
        """Sum up the values of an array; what is not finite is left out."""
        finite = np.ma.filled(np.ma.asarray(values).astype(float), np.nan).ravel()
        finite = finite[np.isfinite(finite)]
        if not finite.size:
            return cls(0, np.empty(0))
        return cls(finite.size, np.quantile(finite, np.linspace(0, 1, N_RANKS)))

    @classmethod
    def merged(cls, parts: Sequence[Distribution]) -> Distribution:
        """Sum up several: the extremes exactly, other ranks to one of `N_RANKS` and a value of each."""
        parts = [part for part in parts if part.n]
        if len(parts) <= 1:
            return parts[0] if parts else cls(0, np.empty(0))
        values = np.concatenate([part.ranked for part in parts])
        weights = np.repeat([part.n / N_RANKS for part in parts], N_RANKS)
        order = np.argsort(values, kind="stable")
        ranks = np.cumsum(weights[order]) - weights[order] / 2
        ranks = (ranks - ranks[0]) / (ranks[-1] - ranks[0])
        ranked = np.interp(np.linspace(0, 1, N_RANKS), ranks, values[order])
        return cls(sum(part.n for part in parts), ranked)

    @property
    def extremes(self) -> tuple[float, float]:
        """The least and the greatest value; not a number if there is none."""
        return (float(self.ranked[0]), float(self.ranked[-1])) if self.n else (math.nan, math.nan)

    @property
    def robust(self) -> tuple[float, float]:
        """The percentiles `ROBUST`."""
        if not self.n:
            return math.nan, math.nan
        low, high = np.interp(np.array(ROBUST) / 100, np.linspace(0, 1, N_RANKS), self.ranked)
        return float(low), float(high)


def distributions(slices: Slices) -> Mapping[str, Distribution]:
    """Return how the values of each variable of labelled data are distributed, over all frames.

    Parameters
    ----------
    slices : Slices
        Of one DataArray or one Dataset. Dask's current scheduler computes it: the workers of the active
        client, if there is one. Data in memory is not sent anywhere.

    Returns
    -------
    mapping of str to Distribution
        By the names of a Dataset's variables; by "" for a DataArray.
    """
    parts = []
    sizes = SliceParams(slices).sizes(len(slices), LIMITS_READ_BYTES)  # of runs of whole chunks
    for start, stop in pairwise(accumulate(sizes, initial=0)):
        run = slices[start:stop]
        if run.travel_bytes > run.slice_bytes * len(run) / 2 and not run.is_lazy:
            parts.append(_of(run))
        else:
            parts.append(delayed(_of)(run.delayed()))
    while len(parts) > 1:
        groups = [parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN)]
        parts = [delayed(_merged)(group) for group in groups]
    (found,) = compute(*parts)
    return found  # type: ignore[no-any-return]


def _of(slices: Slices) -> dict[str, Distribution]:
    (member,) = slices.load().members
    labelled = member.labelled  # type: ignore[attr-defined]
    variables = getattr(labelled, "data_vars", {"": labelled})
    return {
        name: Distribution.of(variable.values)
        for name, variable in variables.items()
        if variable.dtype.kind in "fiub"
    }


def _merged(parts: Sequence[Mapping[str, Distribution]]) -> dict[str, Distribution]:
    return {name: Distribution.merged([part[name] for part in parts]) for name in parts[0]}


def _default(plot: str) -> str:
    return "minmax" if plot == "line" else "robust"


def in_words(how: str, plot: str) -> str:
    """Return in words which limits were asked for, "" being the default of a kind of plot."""
    names = {"robust": "the 2nd to the 98th percentile", "minmax": "the least and the greatest value"}
    return f"{names[how or _default(plot)]} of all frames"


def limits_of(distribution: Distribution, how: str, plot: str) -> tuple[float, float, str]:
    """Return the limits of values, and at which end of them there are values beyond."""
    least, greatest = distribution.extremes
    how = how or _default(plot)
    low, high = distribution.robust if how == "robust" else (least, greatest)
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 1.0
    if plot != "line" and low < 0 < high:
        high = max(-low, high)
        low = -high
    if low == high:
        low, high = low - 0.5, high + 0.5
    ends = (least < low, greatest > high)
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}.get(ends, "both")
    return low, high, extend


def check_limits(limits: Any, plots: Mapping[Any, str], first: Any) -> dict[Any, Any]:
    """Return what was asked for each variable: a word, "" for the default, or two numbers."""
    if not plots and limits is not None:
        raise OptionError("limits= has no effect with a function as plot=, which sets its own")
    if not isinstance(limits, Mapping):
        limits = dict.fromkeys(plots, limits)
    unknown = [name for name in limits if name not in plots]
    if unknown:
        raise OptionError(f"limits: there is no variable {unknown}, only {list(plots)}")
    for name, asked in limits.items():
        variable = first[name] if hasattr(first, "data_vars") else first
        if asked is not None and variable.ndim == 3:
            raise OptionError(f"limits= has no effect on {name!r}, an image with its own colors")
    return {name: _check_one(limits.get(name)) for name in plots}


def _check_one(limits: Any) -> str | tuple[float, float]:
    if limits is None:
        return ""
    if isinstance(limits, str):
        return require_choice("limits", limits, HOW)
    try:
        low, high = map(float, limits)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (low < high and math.isfinite(high - low)):
        raise OptionError(f'limits must be "robust", "minmax" or (low, high), got {limits!r}')
    return low, high
