"""The pixels of a figure from its last ones: only what changed is drawn again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from numpy.typing import NDArray

from .display_list import Recorder, full_renderer
from .nodes import ArtistNode
from .rectangles import Rect, inside, merged, overlap, union
from .scene import Scene, all_axes


def blit_obstacle(figure: Figure) -> str | None:
    """Return why a figure cannot be drawn by a `Blitter`, in words; None if it can.

    It must use matplotlib's own ``draw`` and have no ``draw_event`` callbacks, no active layout engine,
    and no ``agg_filter`` on a figure or an axes.
    """
    engine = figure.get_layout_engine()
    if not (engine is None or type(engine) is PlaceHolderLayoutEngine):
        return "a layout engine runs for each frame, but only once with freeze_layout=True"
    if type(figure).draw is not Figure.draw:
        return "the figure has a draw() of its own"
    if any(container.get_agg_filter() for container in _containers(figure)):
        return "the figure or an axes has an agg_filter"
    if figure.canvas.callbacks.callbacks.get("draw_event"):
        return "the figure has callbacks on draw_event"
    return None


def _containers(figure: Figure) -> Iterator[Any]:
    """Yield the figure, and all subfigures and axes in it."""
    yield figure
    yield from all_axes(figure.axes)
    stack: list[Any] = list(figure.subfigs)
    while stack:
        subfigure = stack.pop()
        yield subfigure
        stack += subfigure.subfigs


class Blitter:
    """Redraws the parts of a figure that have changed, with the pixels of a full draw.

    It keeps three images. The *background* holds the static artists: those that never changed and have
    nothing below them that did. On the *canvas*, dirty rectangles are restored from the background, and
    the dynamic artists that reach into them are drawn over it, in order. The *result* gets the
    rectangles from the canvas. Draw commands continue outside of the rectangles and leave garbage on the
    canvas there, so they need neither be clipped, which AGG does not do exactly, nor be completed by
    whatever they overlap.

    Not thread-safe. Not to be used again after an error.

    Parameters
    ----------
    figure : Figure
        A figure on a `FigureCanvasAgg`, whose pixels stay as they are.

    Attributes
    ----------
    dirty_rects : list of Rect
        The rectangles in which the last frame differs from the one before.
    """

    def __init__(self, figure: Figure) -> None:
        renderer = full_renderer(figure)
        self._recorder = Recorder(renderer.width, renderer.height, renderer.dpi)
        self._scene = Scene(figure, self._recorder)
        self._canvas = self._recorder.pixels
        self._background = np.empty_like(self._canvas)
        self._result = np.empty_like(self._canvas)
        self._static: list[ArtistNode] = []
        self._dynamic: list[ArtistNode] = []
        self._nodes: Sequence[ArtistNode] | None = None
        self.dirty_rects: list[Rect] = []

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The last frame; see `draw`."""
        return self._result

    @property
    def nodes(self) -> Sequence[ArtistNode]:
        """The artists that are drawn, in order; another list whenever these may have changed."""
        return self._scene.nodes

    def draw(self) -> NDArray[np.uint8]:
        """Draw the figure as it is now.

        Returns
        -------
        ndarray of uint8, shape (height, width, 4)
            RGBA, alpha not premultiplied. The next call overwrites it, within `dirty_rects` only.
        """
        scene = self._scene
        scene.refresh()
        if scene.dirty_rects or scene.nodes is not self._nodes:
            self.dirty_rects = merged(scene.dirty_rects)
            if self._is_background_valid():
                self._repaint(self.dirty_rects)
            else:
                self._rebuild()
        else:
            self.dirty_rects = []
        return self._result

    def mark_clean(self) -> None:
        """Continue from the present state of the figure, after a full draw with the same pixels."""
        self._scene.mark_clean()

    def culprits(self, rect: Rect) -> list[Any]:
        """Return the artists that would now draw into a rectangle something else than was recorded."""
        return [
            node.artist
            for node in self._scene.nodes
            if any(overlap(other, rect) for other in self._scene.differing(node))
        ]

    def _is_background_valid(self) -> bool:
        """Find the dynamic artists; return False if the background holds what it should not."""
        nodes = self._scene.nodes
        if self._nodes is None:
            return False
        if nodes is not self._nodes:
            self._nodes = nodes
            if [node for node in nodes if node.is_static and node.rect is not None] != self._static:
                return False
            self._dynamic = [node for node in nodes if not node.is_static]
        changed = self._scene.changed
        if any(node.is_static for node in changed):
            return False
        for node in changed:
            node.has_changed = True
            if node.rect is not None and (node.reach is None or not inside(node.rect, node.reach)):
                if self._is_below_static(node):
                    return False
                node.reach = node.rect if node.reach is None else union(node.rect, node.reach)
        return True

    def _is_below_static(self, node: ArtistNode) -> bool:
        """Whether a dynamic artist draws where a static one is drawn over it."""
        assert self._nodes is not None
        assert node.rect is not None
        above = self._nodes[self._nodes.index(node) + 1 :]
        return any(
            other.is_static and other.rect is not None and overlap(node.rect, other.rect)
            for other in above
        )

    def _rebuild(self) -> None:
        """Divide the artists into static and dynamic ones, and draw everything."""
        is_first = self._nodes is None
        for node in self._scene.changed:
            node.has_changed = not is_first
        self._nodes = self._scene.nodes
        self._static, self._dynamic = [], []
        reaches: list[Rect] = []
        for node in self._nodes:
            node.reach = node.full_reach() if node.has_changed else node.rect
            node.is_static = not node.has_changed and not (
                node.rect is not None and any(overlap(node.rect, reach) for reach in reaches)
            )
            if not node.is_static:
                self._dynamic.append(node)
                if node.reach is not None and not any(inside(node.reach, reach) for reach in reaches):
                    reaches.append(node.reach)
            elif node.rect is not None:
                self._static.append(node)
        height, width = self._canvas.shape[:2]
        everywhere = [(0, 0, width, height)]
        self._recorder.clear()
        self._forget_clip_mask()
        for node in self._static:
            self._recorder.replay(node.commands, everywhere)
        np.copyto(self._background, self._canvas)
        for node in self._dynamic:
            self._recorder.replay(node.commands, everywhere)
        np.copyto(self._result, self._canvas)

    def _repaint(self, where: Sequence[Rect]) -> None:
        """Draw the dynamic artists over the background, in some rectangles."""
        self._forget_clip_mask()
        for rect in where:
            _copy(self._background, self._canvas, rect)
        for node in self._dynamic:
            if node.rect is not None and any(overlap(node.rect, rect) for rect in where):
                self._recorder.replay(node.commands, where)
        for rect in where:
            _copy(self._canvas, self._result, rect)

    def _forget_clip_mask(self) -> None:
        assert self._nodes is not None
        if any(node.has_clip_mask for node in self._nodes):
            self._recorder.forget_clip_mask()


def _copy(source: NDArray[np.uint8], target: NDArray[np.uint8], rect: Rect) -> None:
    left, top, right, bottom = rect
    # Whole pixels are copied faster than single bytes.
    target.view(np.uint32)[top:bottom, left:right] = source.view(np.uint32)[top:bottom, left:right]
