"""Panels of histograms, whose bins are the same for all frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from numpy.typing import NDArray

from ..errors import OptionError
from .limits import Limits, counts
from .panels import Panel, PanelSpec, Scales, label_of
from .words import PlotWords

#: Arguments of ``Axes.hist`` that change what bars are.
_NOT_KEPT = ("bins", "range", "weights", "cumulative", "histtype", "stacked", "bottom", "orientation")


class HistPanel(Panel):
    """A histogram of all values of a slice."""

    increases = None
    draws_on_maps = False

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        refused = [name for name in _NOT_KEPT if name in self.style]
        if refused:
            raise OptionError(f"style of hist cannot have {', '.join(refused)}: give bins= or limits=")
        self._edges = edges_of(spec.words, scales.limits["values"])
        self._is_density = is_density(spec.words)
        self.style.pop("density", None)
        *_, bars = ax.hist(self._edges[:-1], self._edges.tolist(), **self.style)
        assert isinstance(bars, BarContainer)
        self._bars = bars
        if self.words.add_labels is not False:
            ax.set_xlabel(label_of(frame))
        ax.set_ylim(top=1.05 * scales.highest or 1)
        self.show(frame, 0)

    def show(self, frame: xr.DataArray, frame_idx: int) -> None:
        """Show another slice."""
        heights = counts(frame.values, self._edges, self._is_density)
        for bar, height in zip(self._bars, heights, strict=True):
            bar.set_height(height)


def is_density(words: PlotWords) -> bool:
    """Return whether bars show densities."""
    return bool((words.style or {}).get("density", False))


def edges_of(words: PlotWords, limits: Limits) -> NDArray[Any]:
    """Return the edges of the bins, by default ten between the limits."""
    bins = 10 if words.bins is None else words.bins
    return bins if isinstance(bins, np.ndarray) else np.linspace(*limits, bins + 1)
