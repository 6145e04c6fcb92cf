"""The canvas of a figure: its dpi, colors, layout and crop, fixed once, and full draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from ..blitting import (
    AxesBase,
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
    """An Agg canvas for a figure.

    The constructor fixes the figure's dpi, colors, layout and crop, so that all frames have the same
    geometry on every worker. Layout engines run once and are then switched off, unless the options ask
    for them: if they ran at each draw, axes would jump whenever a tick label grows.

    Draws like ``savefig``: artists with ``animated=True``, which matplotlib skips on screen, are drawn.
    All axes update their limits before the draw. Otherwise matplotlib draws an artist that is tied to
    later axes with their limits from the frame before.

    Not thread-safe, like matplotlib.

    Parameters
    ----------
    figure : Figure
        Changed in place; `close` gives it its former canvas back.
    options : DrawOptions
        Dpi, colors, layout and crop.

    Attributes
    ----------
    figure : Figure
        As given.
    """

    def __init__(self, figure: Figure, options: DrawOptions) -> None:
        self.figure = figure
        self._former_canvas = figure.canvas
        canvas: Any = FigureCanvasAgg(figure)  # attaches itself
        draw_animated_artists(canvas)
        self._canvas = canvas
        canvas.manager = self._former_canvas.manager  # so that pyplot knows its figure
        if options.dpi is not None:
            figure.set_dpi(options.dpi)
        if options.transparent:
            _remove_backgrounds(figure)
        if options.facecolor is not None:
            figure.set_facecolor(options.facecolor)
        if options.edgecolor is not None:
            figure.set_edgecolor(options.edgecolor)
        self._layout = None if options.freeze_layout or options.sequential else _InitialLayout(figure)
        self._runs_layout = not options.freeze_layout
        if options.freeze_layout or options.tight:
            figure.draw_without_rendering()
        if options.freeze_layout:
            figure.set_layout_engine("none")
        if options.tight:
            _crop(figure, options.pad_inches)

    def attach(self) -> None:
        """Attach the canvas to the figure again if ``pyplot.close()`` has detached it."""
        if self.figure.canvas is not self._canvas:
            self.figure.set_canvas(self._canvas)

    @property
    def size(self) -> FrameSize:
        """Size of the array that `draw` would return now."""
        return FrameSize(*np.asarray(full_renderer(self.figure).buffer_rgba()).shape[:2])

    @property
    def opaque(self) -> bool:
        """True if the figure's background is visible and fully opaque."""
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
        if self._runs_layout:
            self.figure.draw_without_rendering()  # like savefig: engines may need two runs
        for axes in all_axes(self.figure.axes):
            axes.viewLim  # noqa: B018  updates the limits
        forget_clip_mask(rasterizer_of(full_renderer(self.figure)))
        canvas: Any = self.figure.canvas
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    def close(self) -> None:
        """Give the figure its former canvas back."""
        self.figure.set_canvas(self._former_canvas)


class _InitialLayout:
    """The positions of axes before a layout engine runs.

    The result of a layout engine depends slightly on the positions that it starts from. Starting from
    the same ones for each frame makes the layout independent of the frames before.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._subplot_params = dict(vars(figure.subplotpars))
        self._positions = [(axes, axes.get_position(original=True).frozen()) for axes in figure.axes]

    def restore(self) -> None:
        """Restore the positions, except those of axes that were taken out of the layout."""
        vars(self._figure.subplotpars).update(self._subplot_params)
        for axes, position in self._positions:
            if axes.get_in_layout() and axes.get_subplotspec() is not None:
                move_axes(axes, position)


def rasterize(figure: Figure) -> NDArray[np.uint8]:
    """Draw a figure once.

    Returns
    -------
    ndarray of uint8, shape (height, width, 4)
        RGBA, alpha not premultiplied; owned by the caller.
    """
    canvas = Canvas(figure, DrawOptions())
    try:
        return canvas.draw().copy()
    finally:
        canvas.close()


def _remove_backgrounds(figure: Figure | SubFigure) -> None:
    """Make the backgrounds of a figure transparent for good, like ``savefig(transparent=True)``."""
    figure.patch.set_facecolor("none")
    figure.patch.set_edgecolor("none")
    for subfigure in figure.subfigs:
        _remove_backgrounds(subfigure)
    for axes in figure.axes:
        _remove_axes_backgrounds(axes)


def _remove_axes_backgrounds(axes: AxesBase) -> None:
    axes.set_facecolor("none")  # survives clear(), unlike a color set on the patch
    for inset in axes.child_axes:
        _remove_axes_backgrounds(inset)


def _crop(figure: Any, pad_inches: float | None) -> None:
    """Move and resize the canvas to the tight bounding box of the figure, in whole pixels.

    Content outside the original canvas becomes visible, as with ``savefig(bbox_inches="tight")``. Whole
    pixels keep the drawn content equal to that of the uncropped figure.
    """
    from matplotlib import rcParams

    pad = rcParams["savefig.pad_inches"] if pad_inches is None else pad_inches
    dpi = figure.dpi
    tight = figure.get_tightbbox(figure.canvas.get_renderer()).padded(pad)
    left, bottom = (math.floor(round(value * dpi, 6)) for value in tight.min)
    right, top = (math.ceil(round(value * dpi, 6)) for value in tight.max)
    width, height = right - left, top - bottom
    full = figure.bbox.frozen()

    # Axes and most artists depend on transFigure, which is shifted and keeps its size. The canvas takes
    # its size from figure.bbox, which is resized. Artists placed in pixels or in fractions of
    # figure.bbox, such as a figure legend, move with it, as in savefig.
    figure.bbox_inches.set(Bbox.from_bounds(0, 0, _inches(width, dpi), _inches(height, dpi)))
    set_output_box(figure.transFigure, Bbox.from_bounds(-left, -bottom, full.width, full.height))
    figure.transFigure.invalidate()
    figure.patch.set_bounds(
        left / full.width, bottom / full.height, width / full.width, height / full.height
    )


def _inches(n_pixels: int, dpi: float) -> float:
    """Return the length in inches of whole pixels, rounded so that truncation gives `n_pixels` again."""
    inches = n_pixels / dpi
    while inches * dpi < n_pixels:
        inches = math.nextafter(inches, math.inf)
    return inches
