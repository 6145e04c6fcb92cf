"""A figure made ready to be drawn, and drawn as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from ..blitting import (
    all_axes,
    draw_animated_artists,
    forget_clip_mask,
    full_renderer,
    move_axes,
    rasterizer_of,
    set_output_box,
)
from ..frames import FrameSize
from .options import DrawOptions


class Canvas:
    """The pixels of a live figure.

    The figure's dpi, colors, layout and crop are settled here, once: every frame drawn afterwards has
    the same geometry, on whichever worker. Layout engines run once and are then switched off, because
    run at each draw they let the axes jump when a tick label grows.

    Draws as ``savefig`` does, artists with ``animated=True`` included, which are left out on a screen.
    Axes find their limits first: matplotlib draws what is tied to axes that come later with the limits
    that these had in the frame before.

    Not thread-safe, as matplotlib is not.

    Parameters
    ----------
    figure : Figure
        Changed in place; gets its former canvas back from `close`.
    spec : DrawOptions
        How it is to look.

    Attributes
    ----------
    figure : Figure
        As given.
    """

    def __init__(self, figure: Figure, spec: DrawOptions) -> None:
        self.figure = figure
        self._former_canvas = figure.canvas
        canvas: Any = FigureCanvasAgg(figure)  # attaches itself
        draw_animated_artists(canvas)
        self._canvas = canvas
        canvas.manager = self._former_canvas.manager  # so that pyplot knows its figure
        if spec.dpi is not None:
            figure.set_dpi(spec.dpi)
        if spec.transparent:
            _remove_backgrounds(figure)
        if spec.facecolor is not None:
            figure.set_facecolor(spec.facecolor)
        if spec.edgecolor is not None:
            figure.set_edgecolor(spec.edgecolor)
        figure.draw_without_rendering()
        self._layout = None if spec.freeze_layout else _Layout(figure)
        if spec.freeze_layout:
            figure.set_layout_engine("none")
        if spec.tight:
            _crop(figure, spec.pad_inches)

    def attach(self) -> None:
        """Give the figure its canvas again, which ``pyplot.close()`` takes from it."""
        if self.figure.canvas is not self._canvas:
            self.figure.set_canvas(self._canvas)

    @property
    def size(self) -> FrameSize:
        """Size of the pixels that `draw` would return now."""
        return FrameSize(*np.asarray(full_renderer(self.figure).buffer_rgba()).shape[:2])

    @property
    def opaque(self) -> bool:
        """Whether the figure's background hides whatever is behind it."""
        background: Any = self.figure.patch
        return bool(
            self.figure.get_frameon() and background.get_visible() and background.get_facecolor()[3] == 1
        )

    def draw(self) -> NDArray[np.uint8]:
        """Draw the whole figure.

        Returns
        -------
        ndarray of uint8, shape (height, width, 4)
            RGBA, alpha not premultiplied. A view of the renderer's buffer: the next draw overwrites it.
        """
        if self._layout is not None:
            self._layout.restore()
        for axes in all_axes(self.figure.axes):
            axes.viewLim  # noqa: B018  its limits, now
        forget_clip_mask(rasterizer_of(full_renderer(self.figure)))
        canvas: Any = self.figure.canvas
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    def close(self) -> None:
        """Give the figure its former canvas back."""
        self.figure.set_canvas(self._former_canvas)


class _Layout:
    """Where layout engines begin, which has some influence on where they end.

    Beginning at the same place for each frame makes the layout independent of the frames before.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._spaces = dict(vars(figure.subplotpars))
        self._positions = [(axes, axes.get_position(original=True).frozen()) for axes in figure.axes]

    def restore(self) -> None:
        """Put axes back, but for those that were taken out of the layout."""
        vars(self._figure.subplotpars).update(self._spaces)
        for axes, position in self._positions:
            if axes.get_in_layout() and axes.get_subplotspec() is not None:
                move_axes(axes, position)


def rasterize(figure: Figure) -> NDArray[np.uint8]:
    """Draw a figure once; returns an array (height, width, 4) of uint8 that the caller owns."""
    canvas = Canvas(figure, DrawOptions())
    try:
        return canvas.draw().copy()
    finally:
        canvas.close()


def _remove_backgrounds(figure: Any) -> None:
    """Do to a figure what ``savefig(transparent=True)`` does, for good."""
    figure.patch.set_facecolor("none")
    figure.patch.set_edgecolor("none")
    for subfigure in figure.subfigs:
        _remove_backgrounds(subfigure)
    for axes in figure.axes:
        _remove_axes_backgrounds(axes)


def _remove_axes_backgrounds(axes: Any) -> None:
    axes.set_facecolor("none")  # survives clear(), unlike a color set on the patch
    for inset in axes.child_axes:
        _remove_axes_backgrounds(inset)


def _crop(figure: Any, pad_inches: float | None) -> None:
    """Move and shrink the canvas to what is drawn on the figure, in whole pixels.

    Content outside the original canvas comes into view, as with ``savefig(bbox_inches="tight")``. Whole
    pixels keep the drawing itself equal to the uncropped one.
    """
    from matplotlib import rcParams

    pad = rcParams["savefig.pad_inches"] if pad_inches is None else pad_inches
    dpi = figure.dpi
    tight = figure.get_tightbbox(figure.canvas.get_renderer()).padded(pad)
    left, bottom = (math.floor(round(value * dpi, 6)) for value in tight.min)
    right, top = (math.ceil(round(value * dpi, 6)) for value in tight.max)
    width, height = right - left, top - bottom
    full = figure.bbox.frozen()

    # Axes and most artists hang on transFigure, which is shifted and keeps its size; the canvas takes
    # its size from figure.bbox, which shrinks. What is placed in pixels or in fractions of the latter,
    # such as a legend of the figure, moves with it, as in savefig.
    figure.bbox_inches.set(Bbox.from_bounds(0, 0, _inches(width, dpi), _inches(height, dpi)))
    set_output_box(figure.transFigure, Bbox.from_bounds(-left, -bottom, full.width, full.height))
    figure.transFigure.invalidate()
    figure.patch.set_bounds(
        left / full.width, bottom / full.height, width / full.width, height / full.height
    )


def _inches(n_pixels: int, dpi: float) -> float:
    """Return a length that is as many pixels even where fractions of one are cut off."""
    inches = n_pixels / dpi
    while inches * dpi < n_pixels:
        inches = math.nextafter(inches, math.inf)
    return inches
