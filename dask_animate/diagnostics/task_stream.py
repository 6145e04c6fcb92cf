"""The task stream of a render: which worker drew which partition when, and what the time went into."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from dask.utils import format_time
from matplotlib import image
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..drawing import IsolatedState, rasterize
from ..errors import OptionTypeError, StatsError
from ..validation import in_short
from .events import PartitionReport
from .stats import label_of, who

if TYPE_CHECKING:
    from .stats import RenderStats

#: Colors of the phases, in the order in which they are drawn: those of Okabe and Ito, which people see
#: apart whatever their color vision, and grays for what is no work.
PHASE_COLORS = {
    "setup": "#4d4d4d",
    "load": "#E69F00",
    "update": "#F0E442",
    "draw": "#0072B2",
    "compare": "#CC79A7",
    "convert": "#56B4E9",
    "encode": "#009E73",
    "store": "#D55E00",
    "other": "#a6a6a6",
    "wait": "#dedede",
}
#: Partitions that overlap by less follow each other: a clock was adjusted meanwhile.
CLOCK_SECONDS = 0.005
#: Pixels for each inch of the PNG file: twice as many as it is shown with, for screens of high density.
PNG_DPI = 200
#: Rows that are named; with more, every second one is, or every third one.
MAX_NAMES = 70
#: Partitions in a row up to which there are gaps between them.
MAX_GAPS = 40


class _ShownFigure(Figure):
    """A figure that a notebook shows even if pyplot has made none in it yet."""

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        self.savefig(png, format="png")
        return png.getvalue()


def draw_task_stream(stats: RenderStats, ax: Axes | None) -> Figure:
    """Draw the task stream of a render; see `RenderStats.plot`."""
    if ax is not None and not isinstance(ax, Axes):
        raise OptionTypeError(f"ax must be an Axes of matplotlib or None, got {in_short(ax)}")
    if not stats.partitions:
        raise StatsError(
            "there is no partition to plot: the frames were copied from other files, not rendered"
        )
    rows = _rows((*stats.partitions, *stats.encoded_here))
    if ax is None:
        ax = _ShownFigure(figsize=(10, _height(len(rows))), layout="constrained").add_subplot()
    _draw_bars(ax, rows, stats.began)
    _name_rows(ax, list(rows))
    ax.set_xlim(0, stats.wall_seconds)
    ax.set_xlabel("seconds since the render was asked for")
    ax.set_title(_title(stats), loc="left", fontsize="medium")
    ax.spines[["top", "right"]].set_visible(False)
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def _height(n_rows: int) -> float:
    """Return the height of a figure in inches: 2.6 for one row, 12 for 64, 14 for many."""
    return min(max(2.6, 1.4 + 0.25 * min(n_rows, 16) + 0.14 * max(0, n_rows - 16)), 14.0)


def _rows(partitions: Sequence[PartitionReport]) -> dict[str, list[list[PartitionReport]]]:
    """Return the partitions of each worker, this process first, in lanes without overlaps."""
    rows: dict[str, list[list[PartitionReport]]] = {}
    for report in sorted(partitions, key=lambda report: (report.worker, report.began)):
        lanes = rows.setdefault(report.worker, [])
        for lane in lanes:
            if lane[-1].finished <= report.began + CLOCK_SECONDS:
                lane.append(report)
                break
        else:
            lanes.append([report])
    return rows


def _draw_bars(ax: Axes, rows: dict[str, list[list[PartitionReport]]], began: float) -> None:
    reports, bottoms, heights = [], [], []
    for number, lanes in enumerate(rows.values()):
        height = 0.84 / len(lanes)
        for n, lane in enumerate(lanes):
            reports += lane
            bottoms += [number - 0.42 + n * height] * len(lane)
            heights += [height] * len(lane)
    lefts = np.array([report.began - began for report in reports])
    bottom, height_of = np.array(bottoms), np.array(heights)
    longest = max(len(lane) for lanes in rows.values() for lane in lanes)
    phases = [report.phases for report in reports]
    widths = {name: np.array([seconds[name] for seconds in phases]) for name in PHASE_COLORS}
    right = lefts
    for name, color in PHASE_COLORS.items():
        left, right = right, right + widths[name]
        shown = right > left
        if not shown.any():
            continue
        bars: Any = _rectangles(left[shown], right[shown], bottom[shown], height_of[shown])
        label = f"{name} {format_time(widths[name].sum())}"
        collection = PolyCollection(bars, facecolors=color, label=label)
        if longest > MAX_GAPS:  # bars are thinner than pixels, and share them
            collection.set_snap(False)
        ax.add_collection(collection, autolim=False)
    if longest <= MAX_GAPS:
        gap = ax.get_facecolor()
        ax.vlines(lefts, bottom, bottom + height_of, colors=[gap], linewidths=0.8, zorder=2.5)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0.0)


def _rectangles(
    lefts: NDArray[np.float64],
    rights: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    heights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the corners of rectangles, (n, 4, 2)."""
    tops = bottoms + heights
    x = np.stack([lefts, rights, rights, lefts], axis=1)
    y = np.stack([bottoms, bottoms, tops, tops], axis=1)
    return np.stack([x, y], axis=2)


def _name_rows(ax: Axes, workers: Sequence[str]) -> None:
    step = -(-len(workers) // MAX_NAMES)
    labels = [_literal(_short(worker)) for worker in workers[::step]]
    size = "small" if len(workers) <= 30 else "x-small"
    ax.set_yticks(range(0, len(workers), step), labels, fontsize=size)
    ax.set_ylim(len(workers) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def _short(worker: str) -> str:
    """Return a worker's address without its protocol, in 28 characters at most."""
    name = label_of(worker)
    return name if len(name) <= 28 else f"…{name[-27:]}"


def _title(stats: RenderStats) -> str:
    n_frames = sum(report.n_frames for report in stats.partitions)
    drawn_by = who({report.worker for report in stats.partitions})
    here = sum(report.encoding_seconds for report in stats.encoded_here)
    encoded = (
        f"this process converted and encoded for {format_time(here)}"
        if here
        else "encoded where they were drawn"
    )
    reused = f", {stats.n_frames_reused} of them from the store" if stats.n_frames_reused else ""
    return (
        f"{_counted(n_frames, 'frame')} in {format_time(stats.wall_seconds)}{reused}: "
        f"{_counted(len(stats.partitions), 'partition')} by {drawn_by}; {encoded}"
    )


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + "s" * (n != 1)


def _literal(text: str) -> str:
    """Return a text that matplotlib shows as it is, and not as mathematics."""
    return text.replace("$", r"\$")


def task_stream_png(stats: RenderStats, *, dark: bool) -> bytes:
    """Draw the task stream of a render for a page that has its own legend; return a PNG file.

    Parameters
    ----------
    stats : RenderStats
        Of the render; with partitions.
    dark : bool
        Whether the page is dark.
    """
    text, page = ("#c9d0da", "#1a1e24") if dark else ("#333a44", "#ffffff")
    settings = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), text)
    settings |= {"axes.edgecolor": text, "axes.facecolor": page, "figure.facecolor": page}
    with IsolatedState({**settings, "text.usetex": False}).active():  # matplotlib is not thread-safe
        figure = draw_task_stream(stats, None)
        (ax,) = figure.axes
        legend = ax.get_legend()
        assert legend is not None
        legend.remove()
        figure.dpi = PNG_DPI
        png = io.BytesIO()
        image.imsave(png, rasterize(figure), format="png")
    return png.getvalue()
