"""Limits that hold for all frames, from the distribution of the data, which Dask computes in pieces."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from dask import compute, delayed
from numpy.typing import ArrayLike, NDArray

from ..memory import LIMITS_READ_BYTES
from ..params import SliceParams, Slices, UnfilledPartition, delayed_blocks

if TYPE_CHECKING:
    import xarray as xr

#: Number of quantiles that represent a distribution.
N_RANKS = 1001
#: Distributions that a task merges into one.
FAN_IN = 16
#: Percentiles of robust limits, those of xarray.
ROBUST = (2.0, 98.0)


class Limits(NamedTuple):
    """The lowest and the highest value that is shown."""

    low: float
    high: float


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
    def positive(self) -> Distribution:
        """The distribution of the values greater than 0."""
        above = self.quantiles[self.quantiles > 0]
        if not above.size:
            return Distribution(0, np.empty(0))
        ranks = np.linspace(0, 1, len(above))
        quantiles = np.interp(np.linspace(0, 1, N_RANKS), ranks, above)
        return Distribution(max(1, self.n * len(above) // N_RANKS), quantiles)

    @property
    def root_mean_square(self) -> float:
        """The root of the mean of the squares; 0 if there are no values."""
        return float(np.sqrt(np.mean(np.square(self.quantiles)))) if self.n else 0.0

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
    found: Mapping[Hashable, Distribution] = _reduced(slices, _distributions, _merged)
    return found


def highest_counts(
    slices: Slices, edges: Mapping[Hashable, NDArray[Any]], dims: Sequence[Hashable], density: bool
) -> Mapping[Hashable, float]:
    """Return the highest bar of all histograms of each variable.

    Parameters
    ----------
    slices : Slices
        As in `distributions`.
    edges : mapping of hashable to ndarray
        The edges of the bins of each variable; "" for a DataArray.
    dims : sequence of hashable
        The dimension of the frames and those of the facets: each combination has a histogram.
    density : bool
        Whether bars show densities in place of counts.
    """
    summary = partial(_highest_counts, edges=dict(edges), dims=tuple(dims), density=density)
    found: Mapping[Hashable, float] = _reduced(slices, summary, _highest)
    return found


def counts(values: NDArray[Any], edges: NDArray[Any], density: bool) -> NDArray[Any]:
    """Return the heights of the bars of a histogram of the finite values; 0 if there are none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros(len(edges) - 1)
    with np.errstate(invalid="ignore"):  # densities where no value is in any bin
        return np.asarray(np.nan_to_num(np.histogram(finite, edges, density=density)[0]))


_Summary = Callable[[Any], dict[Hashable, Any]]


def _reduced(slices: Slices, summary: _Summary, merge: Callable[[Sequence[Any]], Any]) -> Any:
    """Return the merged summaries of runs of slices, which Dask reads; at last as `distributions`."""
    params = SliceParams(slices)
    sizes = params.sizes(len(slices), LIMITS_READ_BYTES)  # multiples of whole chunks
    if slices.is_lazy:
        parts = _computed(params, sizes, summary)
    else:
        parts = _read(slices, sizes, summary)
    while len(parts) > 1:
        groups = [parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN)]
        parts = [delayed(merge)(group) for group in groups]
    (found,) = compute(*parts)
    return found


def _computed(params: SliceParams, sizes: tuple[int, ...], summary: _Summary) -> list[Any]:
    """Return a Delayed object for the summary of each run of data that dask computes."""
    blocks = params.blocks(lambda _: sizes)
    runs = (delayed(blocks.partition(idx), traverse=False) for idx in range(len(sizes)))
    of_filled = delayed(_of_filled)
    return [of_filled(*run, summary) for run in zip(runs, delayed_blocks(blocks), strict=True)]


def _read(slices: Slices, sizes: tuple[int, ...], summary: _Summary) -> list[Any]:
    """Return the summary of each run of other data, or a Delayed object for those to be read."""
    parts = []
    for start, stop in pairwise(accumulate(sizes, initial=0)):
        run = slices[start:stop]
        is_here = run.travel_bytes > run.slice_bytes * len(run) / 2
        parts.append(_of(run, summary) if is_here else delayed(_of)(run.delayed(), summary))
    return parts


def _of_filled(run: UnfilledPartition, blocks: Sequence[Any], summary: _Summary) -> dict[Hashable, Any]:
    """Task: return the summary of a run, given the data that dask computed for it."""
    slices = run.filled(blocks)
    assert isinstance(slices, Slices)
    return _of(slices, summary)


def _of(slices: Slices, summary: _Summary) -> dict[Hashable, Any]:
    (member,) = slices.load().arrays
    labelled = member.labelled  # type: ignore[attr-defined]
    return summary(getattr(labelled, "data_vars", {"": labelled}))


def _distributions(variables: Mapping[Hashable, xr.DataArray]) -> dict[Hashable, Distribution]:
    return {
        name: Distribution.of(variable.values)
        for name, variable in variables.items()
        if variable.dtype.kind in "fiub"
    }


def _merged(parts: Sequence[Mapping[Hashable, Distribution]]) -> dict[Hashable, Distribution]:
    return {name: Distribution.merged([part[name] for part in parts]) for name in parts[0]}


def _highest_counts(
    variables: Mapping[Hashable, xr.DataArray],
    edges: Mapping[Hashable, NDArray[Any]],
    dims: tuple[Hashable, ...],
    density: bool,
) -> dict[Hashable, float]:
    highest = {}
    for name, bins in edges.items():
        variable = variables[name].transpose(*dims, ...)
        frames = variable.values.reshape(math.prod(variable.shape[: len(dims)]), -1)
        highest[name] = max(float(counts(frame, bins, density).max()) for frame in frames)
    return highest


def _highest(parts: Sequence[Mapping[Hashable, float]]) -> dict[Hashable, float]:
    return {name: max(part[name] for part in parts) for name in parts[0]}


def rule_in_words(rule: str) -> str:
    """Return the text for a rule."""
    names = {"robust": "the 2nd to the 98th percentile", "minmax": "the minimum and the maximum"}
    return f"{names[rule]} of all frames"


def limits_of(distribution: Distribution, rule: str) -> Limits:
    """Return the limits of a distribution by a rule: NaN if it has no values."""
    return Limits(*(distribution.robust if rule == "robust" else distribution.extremes))


def limits_of_values(
    requested: str | tuple[float, float] | None, distribution: Distribution | None, is_log: bool = False
) -> Limits:
    """Return the limits of a line's or a histogram's values, as requested or from all frames.

    Parameters
    ----------
    requested : {"robust", "minmax"} or tuple of float or None
        None is "minmax".
    distribution : Distribution or None
        Of all frames; None only if limits are requested.
    is_log : bool
        Whether the axis shows positive values only.
    """
    if isinstance(requested, tuple):
        return Limits(*requested)
    assert distribution is not None
    limits = limits_of(distribution.positive if is_log else distribution, requested or "minmax")
    return not_empty(limits)


def not_empty(limits: Limits) -> Limits:
    """Return limits that differ: those of no values, or of one value, are made wider."""
    low, high = limits
    if not (math.isfinite(low) and math.isfinite(high)):
        return Limits(0.0, 1.0)
    return limits if low < high else Limits(low - 0.5, high + 0.5)
