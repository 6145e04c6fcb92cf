"""The figure of an animation: a grid of panels or facets, with their titles, color bars and legends."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # xarray depends on it
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import AnimateError, OptionError
from ..validation import in_short
from .kinds import PANELS
from .panels import Panel, PanelSpec, Scales, label_of
from .words import PlotWords

if TYPE_CHECKING:
    import xarray as xr

#: Height of a facet in inches and its width by height, and the width of the color bar; as in xarray.
FACET_SIZE, FACET_ASPECT, COLORBAR_WIDTH = 3.0, 1.0, 1.0
#: Characters of a facet's title.
_TITLE_LENGTH = 30


@dataclass(frozen=True)
class Grid:
    """How many rows and columns of panels a figure has, and whether they are facets of one variable."""

    n_rows: int
    n_columns: int
    is_faceted: bool

    @classmethod
    def of(cls, words: PlotWords, n_panels: int, sizes: Mapping[Hashable, int]) -> Grid:
        """Return the grid for some panels; `sizes` are those of the dimensions of a frame."""
        if words.row is not None:
            n_columns = 1 if words.col is None else sizes[words.col]
            return cls(sizes[words.row], n_columns, True)
        if words.col is not None and words.col_wrap is None:
            return cls(1, n_panels, True)
        wrap = words.col_wrap
        square = math.ceil(math.sqrt(n_panels))
        n_columns = min(wrap, n_panels) if isinstance(wrap, int) else square
        return cls(math.ceil(n_panels / n_columns), n_columns, words.col is not None)

    def figsize(self, words: PlotWords) -> tuple[float, float]:
        """Return the width and the height of the figure in inches."""
        if words.figsize is not None:
            return words.figsize
        aspect = 1.0 if words.aspect == "equal" else words.aspect
        if self.is_faceted:
            height = words.size or FACET_SIZE
            width = height * (FACET_ASPECT if aspect in (None, "auto") else float(aspect))
            return self.n_columns * width + COLORBAR_WIDTH, self.n_rows * height
        if words.size is None:
            return 6.4 * self.n_columns, 4.8 * self.n_rows
        default_width, default_height = rcParams["figure.figsize"]
        ratio = default_width / default_height if aspect in (None, "auto") else float(aspect)
        return self.n_columns * words.size * ratio, self.n_rows * words.size


@dataclass(frozen=True)
class Layout:
    """A figure with its panels.

    Attributes
    ----------
    figure : Figure
        The figure.
    axes : ndarray of Axes, shape (n_rows, n_columns)
        All axes. Those without a panel are invisible.
    panels : list of (PanelSpec, Panel)
        The panels, row by row.
    """

    figure: Figure
    axes: Any
    panels: list[tuple[PanelSpec, Panel]]

    @property
    def public_axes(self) -> Any:
        """The axes as from ``plt.subplots``: one, or an array without dimensions of length one."""
        return self.axes.item() if self.axes.size == 1 else self.axes.squeeze()


def build(
    frame: xr.DataArray | xr.Dataset,
    specs: Sequence[PanelSpec],
    scales: Mapping[Hashable, Scales],
    words: PlotWords,
) -> Layout:
    """Draw the panels of a frame.

    Parameters
    ----------
    frame : DataArray or Dataset
        The first one.
    specs : sequence of PanelSpec
        The panels, row by row.
    scales : mapping of hashable to Scales
        What holds for all frames, by the names in `specs`.
    words : PlotWords
        Those of the whole figure.
    """
    grid = Grid.of(words, len(specs), dict(frame.sizes))
    figure = Figure(grid.figsize(words), layout="constrained")
    axes = figure.subplots(
        grid.n_rows,
        grid.n_columns,
        squeeze=False,
        sharex=grid.is_faceted,
        sharey=grid.is_faceted,
        subplot_kw=words.subplot_kws,
    )
    panels = []
    for ax, spec in zip(axes.flat, specs, strict=False):
        with _naming("style", spec.words.style):
            panel = PANELS[spec.kind](ax, spec.of(frame), spec, scales[spec.name])
        panel.apply_words()
        panels.append((spec, panel))
    for ax in axes.flat[len(specs) :]:
        ax.set_axis_off()
    layout = Layout(figure, axes, panels)
    if grid.is_faceted:
        _finish_facets(layout, frame, words, scales)
        return layout
    for ax, (spec, panel) in zip(axes.flat, panels, strict=False):
        if len(specs) > 1 and spec.words.add_labels is not False:
            ax.set_title(spec.name)
        _add_colorbar(figure, ax, spec, panel, scales[spec.name])
        if panel.hue is not None and panel.lines and spec.words.add_legend is not False:
            ax.legend(**_legend(panel))
    return layout


def _finish_facets(
    layout: Layout, frame: Any, words: PlotWords, scales: Mapping[Hashable, Scales]
) -> None:
    """Add titles, and one color bar or legend for all facets; labels stay at the edges of the grid."""
    n = len(layout.panels)
    spec, panel = layout.panels[-1]
    for idx, ax in enumerate(layout.axes.flat[:n]):
        if idx + layout.axes.shape[1] < n:
            ax.set_xlabel("")
        else:
            ax.tick_params(labelbottom=True)
        if idx % layout.axes.shape[1]:
            ax.set_ylabel("")
    if words.add_labels is not False:
        _add_facet_titles(layout, frame, words)
    used = list(layout.axes.flat[:n])
    _add_colorbar(layout.figure, used, spec, panel, scales[spec.name])
    if panel.hue is not None and panel.lines and words.add_legend is not False:
        layout.figure.legend(**_legend(panel) | {"loc": "outside right center"})


def _add_facet_titles(layout: Layout, frame: Any, words: PlotWords) -> None:
    size = rcParams["axes.labelsize"]
    if words.col is not None and words.row is not None:
        for idx, ax in enumerate(layout.axes[0]):
            ax.set_title(_facet_title(frame, words.col, idx), size=size)
        for idx, ax in enumerate(layout.axes[:, -1]):
            title = _facet_title(frame, words.row, idx)
            ax.annotate(
                title, (1.02, 0.5), xycoords="axes fraction", rotation=270, ha="left", va="center"
            )
        return
    for ax, (spec, _) in zip(layout.axes.flat, layout.panels, strict=False):
        ((dim, idx),) = spec.facet.items()
        ax.set_title(_facet_title(frame, dim, idx), size=size)


def _facet_title(frame: Any, dim: Hashable, idx: int) -> str:
    """Return the title of a facet, as xarray words it."""
    value = frame[dim].values[idx]
    if isinstance(value, np.datetime64):
        text = str(pd.Timestamp(value)).removesuffix(" 00:00:00")
    else:
        text = f"{value:.4}" if isinstance(value, np.floating) else str(value)
    title = f"{dim} = {text}"
    return title if len(title) <= _TITLE_LENGTH else title[: _TITLE_LENGTH - 3] + "..."


def _add_colorbar(
    figure: Figure, axes: Axes | list[Axes], spec: PanelSpec, panel: Panel, scales: Scales
) -> None:
    is_wanted = spec.words.add_colorbar
    if is_wanted is None:
        is_wanted = spec.kind != "contour"
    if panel.mappable is None or not is_wanted:
        return
    options: dict[str, Any] = {"ax": axes}
    if scales.colors is not None and not hasattr(panel.mappable, "extend"):
        options["extend"] = scales.colors.extend  # contours have their own
    if spec.words.add_labels is not False:
        options["label"] = panel.color_label
    with _naming("cbar_kwargs", spec.words.cbar_kwargs):
        figure.colorbar(panel.mappable, **options | (spec.words.cbar_kwargs or {}))


@contextmanager
def _naming(word: str, given: Mapping[str, Any] | None) -> Iterator[None]:
    """Name the caller's word in what matplotlib says of the arguments in it."""
    try:
        yield
    except (AttributeError, TypeError, ValueError) as exc:
        if not given or isinstance(exc, AnimateError):
            raise
        raise OptionError(f"{word}={in_short(given)}: {type(exc).__name__}: {exc}") from exc


def _legend(panel: Panel) -> dict[str, Any]:
    assert panel.hue is not None
    return {
        "handles": panel.lines,
        "labels": list(panel.hue.values),
        "title": label_of(panel.hue),
    }
