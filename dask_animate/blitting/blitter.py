"""The pixels of a figure from its last ones: what changed is drawn again, and what lies there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from numpy.typing import NDArray

from ._matplotlib import all_axes, full_renderer
from .display_list import Recorder
from .nodes import ArtistNode
from .rectangles import Rect, inside, joined, merged, overlap
from .scene import Scene


def can_blit(figure: Figure) -> bool:
    """Whether a figure draws as matplotlib's own do, and nobody listens who might change something."""
    engine = figure.get_layout_engine()
    return (
        type(figure).draw is Figure.draw
        and not any(container.get_agg_filter() for container in _containers(figure))
        and (engine is None or type(engine) is PlaceHolderLayoutEngine)
        and not figure.canvas.callbacks.callbacks.get("draw_event")
    )


def _containers(figure: Figure) -> Iterator[Any]:
    """Yield the figure, and all figures and axes in it; a filter of one takes in all that it holds."""
    yield figure
    yield from all_axes(figure.axes)
    stack: list[Any] = list(figure.subfigs)
    while stack:
        subfigure = stack.pop()
        yield subfigure
        stack += subfigure.subfigs


class Blitter:
    """Redraws a figure where it has changed, with the pixels of a full draw.

    Three pictures are kept: the *base*, which holds what has never changed and has nothing below it that
    did; the canvas, on which damaged rectangles are restored from the base and everything else that
    reaches into them is drawn in order; and the result, into which the rectangles are copied. On the
    canvas, drawing goes on beyond the rectangles and leaves garbage there, so nothing has to be clipped,
    which AGG does not do exactly, nor be redrawn for its own overlaps.

    Not thread-safe. After an error it is to be given up.

    Parameters
    ----------
    figure : Figure
        On a `Canvas`, of which the pixels are not touched.

    Attributes
    ----------
    damage : list of Rect
        Where the picture last drawn differs from the one before.
    """

    def __init__(self, figure: Figure) -> None:
        renderer = full_renderer(figure)
        self._recorder = Recorder(renderer.width, renderer.height, renderer.dpi)
        self._scene = Scene(figure, self._recorder)
        self._canvas = self._recorder.pixels
        self._base = np.empty_like(self._canvas)
        self._result = np.empty_like(self._canvas)
        self._still: list[ArtistNode] = []
        self._over: list[ArtistNode] = []
        self._units: Sequence[ArtistNode] | None = None
        self.damage: list[Rect] = []

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture last drawn; see `draw`."""
        return self._result

    def draw(self) -> NDArray[np.uint8]:
        """Draw the figure as it is now.

        Returns
        -------
        ndarray of uint8, shape (height, width, 4)
            RGBA, alpha not premultiplied. Overwritten by the next call, which changes it within
            `damage` only.
        """
        scene = self._scene
        scene.refresh()
        if scene.damage or scene.units is not self._units:
            self.damage = merged(scene.damage)
            if self._is_base_right():
                self._repaint(self.damage)
            else:
                self._rebuild()
        else:
            self.damage = []
        return self._result

    def settle(self) -> None:
        """Go on from here after the whole figure was drawn by others, with the same pixels."""
        self._scene.settle()

    def culprits(self, rect: Rect) -> list[Any]:
        """Return the artists that draw into a rectangle otherwise than was recorded."""
        return [
            unit.artist
            for unit in self._scene.units
            if any(overlap(other, rect) for other in self._scene.differing(unit))
        ]

    def _is_base_right(self) -> bool:
        """Update which units are drawn over the base; False if it holds what it should not."""
        units = self._scene.units
        if self._units is None:
            return False
        if units is not self._units:
            self._units = units
            if [unit for unit in units if unit.is_still and unit.rect is not None] != self._still:
                return False
            self._over = [unit for unit in units if not unit.is_still]
        changed = self._scene.changed
        if any(unit.is_still for unit in changed):
            return False
        for unit in changed:
            unit.is_moving = True
            if unit.rect is not None and (unit.reach is None or not inside(unit.rect, unit.reach)):
                if self._is_below_base(unit):
                    return False
                unit.reach = unit.rect if unit.reach is None else joined(unit.rect, unit.reach)
        return True

    def _is_below_base(self, unit: ArtistNode) -> bool:
        assert self._units is not None
        assert unit.rect is not None
        above = self._units[self._units.index(unit) + 1 :]
        return any(
            other.is_still and other.rect is not None and overlap(unit.rect, other.rect)
            for other in above
        )

    def _rebuild(self) -> None:
        """Draw everything, first what goes into the base."""
        is_first = self._units is None
        for unit in self._scene.changed:
            unit.is_moving = not is_first
        self._units = self._scene.units
        self._still, self._over = [], []
        reaches: list[Rect] = []
        for unit in self._units:
            unit.reach = unit.full_reach() if unit.is_moving else unit.rect
            unit.is_still = not unit.is_moving and not (
                unit.rect is not None and any(overlap(unit.rect, reach) for reach in reaches)
            )
            if not unit.is_still:
                self._over.append(unit)
                if unit.reach is not None and not any(inside(unit.reach, reach) for reach in reaches):
                    reaches.append(unit.reach)
            elif unit.rect is not None:
                self._still.append(unit)
        height, width = self._canvas.shape[:2]
        everywhere = [(0, 0, width, height)]
        self._recorder.clear()
        self._forget_mask()
        for unit in self._still:
            self._recorder.play(unit.calls, everywhere)
        np.copyto(self._base, self._canvas)
        for unit in self._over:
            self._recorder.play(unit.calls, everywhere)
        np.copyto(self._result, self._canvas)

    def _repaint(self, where: Sequence[Rect]) -> None:
        self._forget_mask()
        for rect in where:
            _copy(self._base, self._canvas, rect)
        for unit in self._over:
            if unit.rect is not None and any(overlap(unit.rect, rect) for rect in where):
                self._recorder.play(unit.calls, where)
        for rect in where:
            _copy(self._canvas, self._result, rect)

    def _forget_mask(self) -> None:
        assert self._units is not None
        if any(unit.is_masked for unit in self._units):
            self._recorder.forget_clip_mask()


def _copy(source: NDArray[np.uint8], target: NDArray[np.uint8], rect: Rect) -> None:
    left, top, right, bottom = rect
    # As single pixels, which is faster than by bytes.
    target.view(np.uint32)[top:bottom, left:right] = source.view(np.uint32)[top:bottom, left:right]
