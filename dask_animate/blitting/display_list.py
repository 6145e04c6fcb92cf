"""What artists draw, written down: calls of the rasterizer, with the pixels that each can touch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path
from numpy.typing import NDArray

from .clip_mask import ClipMask, forget_clip_mask
from .extents import (
    EVERYWHERE,
    MANY_PATHS,
    NOWHERE,
    Extents,
    collection_extents,
    extents_of,
    mapped,
    may_spike,
    moved,
    pixels_of,
)
from .rectangles import Rect
from .snapshot import frozen_context, frozen_matrix, frozen_path, frozen_value


class Call(NamedTuple):
    """A call of AGG's rasterizer, to be made any number of times.

    Attributes
    ----------
    draw : callable
        The rasterizer's method.
    args : tuple
        Its arguments: copies, but for large arrays, which are the artist's own.
    kwargs : dict
        Its keyword arguments.
    rect : Rect
        Every pixel that it may change is inside, and inside of the canvas.
    key : tuple
        Equal for calls that draw the same.
    mask : ClipMask or None
        Its clip path.
    """

    draw: Callable[..., None]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    rect: Rect
    key: tuple[Any, ...]
    mask: ClipMask | None


class Recorder(RendererAgg):
    """A renderer that notes what is drawn instead of drawing it.

    What an artist draws through an ``agg_filter`` is drawn at once, aside, and the filtered picture is
    noted.

    Parameters
    ----------
    width, height : float
        As of the renderer of full draws: matplotlib 3.10 cuts fractions of pixels off only for the
        rasterizer, and places texts by the rest as well.
    dpi : float
        Dots per inch.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        self._rasterizer: Any = self._renderer
        n_rows, n_columns = self.pixels.shape[:2]
        self._renderer = self._notes = _Notes(self._rasterizer, n_columns, n_rows, dpi)
        self._update_methods()  # type: ignore[no-untyped-call]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """What was played, (height, width, 4) RGBA of uint8; the rasterizer's own."""
        return np.asarray(self._rasterizer)

    @property
    def has_notes(self) -> bool:
        """Whether anything was noted since the last time."""
        return bool(self._notes.calls)

    def taken(self) -> list[Call]:
        """Return the calls noted since the last time."""
        calls, self._notes.calls = self._notes.calls, []
        return calls

    def clear(self) -> None:
        """Make all pixels white and transparent, as each drawing begins."""
        self._rasterizer.clear()

    def forget_clip_mask(self) -> None:
        """Forget the clip path drawn last, as `mask.forget_mask` explains."""
        forget_clip_mask(self._rasterizer)

    def play(self, calls: Sequence[Call], where: Sequence[Rect]) -> None:
        """Make those calls that may touch one of the rectangles.

        Pixels outside of them are garbage afterwards: what a call draws there may be there already.
        """
        for draw, args, kwargs, (left, top, right, bottom), _, mask in calls:
            for rect in where:
                if left < rect[2] and rect[0] < right and top < rect[3] and rect[1] < bottom:
                    if mask is not None:
                        mask.prepare(self._rasterizer)
                    draw(*args, **kwargs)
                    break

    def buffer_rgba(self) -> memoryview:
        """Return the pixels of a filter's canvas, or those that were played."""
        filtering = self._renderer is not self._notes
        return memoryview(self._renderer if filtering else self._rasterizer)


def differing(before: Sequence[Call], now: Sequence[Call]) -> Iterator[Rect]:
    """Yield the rectangles in which two recordings of one artist may differ."""
    for old, new in zip(before, now, strict=False):
        if old.mask is not None and new.mask is not None:
            new.mask.shown = old.mask.shown
    if len(before) != len(now):
        yield from (call.rect for call in (*before, *now) if call.rect[2])
        return
    for old, new in zip(before, now, strict=True):
        if not _same(old.key, new.key):
            yield from {call.rect for call in (old, new) if call.rect[2]}


def _same(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except ValueError:  # an array where there is a tuple as a rule
        return False


class _Notes:
    """Stands where a renderer has its rasterizer, and writes down its calls."""

    def __init__(self, rasterizer: Any, width: int, height: int, dpi: float) -> None:
        self.calls: list[Call] = []
        self._rasterizer = rasterizer
        self._width, self._height, self._dpi = width, height, dpi

    def draw_path(self, gc: Any, path: Path, transform: Any, face: Any = None) -> None:
        matrix, matrix_key = frozen_matrix(transform)
        extents = EVERYWHERE if may_spike(path) else mapped(extents_of(path.vertices), matrix)
        path, path_key = frozen_path(path)
        key = path_key, matrix_key, face
        self._note("draw_path", gc, (path, matrix, face), key, extents, self._stroke(gc))

    def draw_markers(
        self, gc: Any, marker: Path, marker_transform: Any, path: Path, transform: Any, face: Any = None
    ) -> None:
        matrix, matrix_key = frozen_matrix(transform)
        marker_matrix, marker_matrix_key = frozen_matrix(marker_transform)
        size = mapped(extents_of(marker.vertices), marker_matrix)
        extents = moved(mapped(extents_of(path.vertices), matrix), size)
        marker, marker_key = frozen_path(marker)
        path, path_key = frozen_path(path)
        args = marker, marker_matrix, path, matrix, face
        key = marker_key, marker_matrix_key, path_key, matrix_key, face
        self._note("draw_markers", gc, args, key, extents, self._stroke(gc))

    def draw_path_collection(
        self,
        gc: Any,
        master_transform: Any,
        paths: Sequence[Path],
        transforms: Any,
        offsets: Any,
        offset_transform: Any,
        facecolors: Any,
        edgecolors: Any,
        linewidths: Any,
        *more: Any,
        **kwargs: Any,
    ) -> None:
        matrix, offset_matrix = frozen_matrix(master_transform)[0], frozen_matrix(offset_transform)[0]
        if len(paths) > MANY_PATHS and gc.get_clip_rectangle() is not None:
            extents: Extents | None = EVERYWHERE  # in the clip, that is
        elif len(paths) and len(offsets):
            extents = collection_extents(matrix, paths, transforms, offsets, offset_matrix)
        else:
            extents = None
        widest = float(np.max(linewidths)) if len(edgecolors) and len(linewidths) else 0.0
        given = matrix, paths, transforms, offsets, offset_matrix, facecolors, edgecolors, linewidths
        args, key = frozen_value((*given, *more))
        margin = self._stroke(gc, widest)
        self._note("draw_path_collection", gc, args, key, extents, margin, kwargs)

    def draw_quad_mesh(
        self,
        gc: Any,
        master_transform: Any,
        mesh_width: int,
        mesh_height: int,
        coordinates: NDArray[Any],
        offsets: Any,
        offset_transform: Any,
        *colors: Any,
    ) -> None:
        matrix, offset_matrix = frozen_matrix(master_transform)[0], frozen_matrix(offset_transform)[0]
        extents = mapped(extents_of(np.asarray(coordinates).reshape(-1, 2)), matrix)
        offset = mapped(extents_of(np.asarray(offsets).reshape(-1, 2)), offset_matrix)
        given = matrix, mesh_width, mesh_height, coordinates, offsets, offset_matrix, *colors
        args, key = frozen_value(given)
        self._note("draw_quad_mesh", gc, args, key, moved(extents, offset), self._stroke(gc))

    def draw_gouraud_triangles(self, gc: Any, points: Any, colors: Any, transform: Any) -> None:
        matrix, _ = frozen_matrix(transform)
        extents = mapped(extents_of(np.asarray(points).reshape(-1, 2)), matrix)
        args, key = frozen_value((points, colors, matrix))
        self._note("draw_gouraud_triangles", gc, args, key, extents, 0.0)

    def draw_text_image(self, image: Any, x: float, y: float, angle: float, gc: Any) -> None:
        # The font's own buffer is overwritten by the next text.
        image, image_key = frozen_value(np.asarray(image))
        height, width = image.shape
        bottom = self._height - y
        if image.size == 0:  # a space
            extents = NOWHERE
        elif angle:
            reach = math.hypot(height, width)
            extents = x - reach, bottom - reach, x + reach, bottom + reach
        else:
            extents = x, bottom, x + width, bottom + height
        gc, gc_key, mask = _context(gc)
        key = "draw_text_image", image_key, x, y, angle, gc_key
        self._add("draw_text_image", (image, x, y, angle, gc), key, extents, gc_key[0], mask)

    def draw_image(self, gc: Any, x: float, y: float, image: Any) -> None:
        height, width = np.shape(image)[:2]
        args, key = frozen_value((x, y, image))
        self._note("draw_image", gc, args, key, (x, y, x + width, y + height), 0.0)

    def copy_from_bbox(self, bbox: Any) -> Any:
        raise NotImplementedError("an artist reads pixels that are not drawn yet")

    def _stroke(self, gc: Any, linewidth: float | None = None) -> float:
        """Return how far a stroke reaches beyond its path, in pixels."""
        width = (gc.get_linewidth() if linewidth is None else linewidth) * self._dpi / 72
        # AGG cuts off the tips of mitred joints at half the width times the width itself.
        reach = width / 2 * (max(1.5, width) if gc.get_joinstyle() == "miter" else 1.5)
        sketch = gc.get_sketch_params()
        return float(reach if sketch is None else reach + abs(sketch[0]))

    def _note(
        self,
        method: str,
        gc: Any,
        args: tuple[Any, ...],
        key: tuple[Any, ...],
        extents: Extents | None,
        margin: float,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        gc, gc_key, mask = _context(gc)
        if extents is None:
            extents = NOWHERE
        left, bottom, right, top = extents
        extents = left - margin, bottom - margin, right + margin, top + margin
        if kwargs:
            kwargs, kwargs_key = frozen_value(kwargs)
            key = *key, kwargs_key
        self._add(method, (gc, *args), (method, gc_key, *key), extents, gc_key[0], mask, kwargs)

    def _add(
        self,
        method: str,
        args: tuple[Any, ...],
        key: tuple[Any, ...],
        extents: Extents,
        clip: Extents | None,
        mask: ClipMask | None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        rect = pixels_of(extents, clip, self._width, self._height)
        if rect[2] or mask is not None:
            draw = getattr(self._rasterizer, method)
            self.calls.append(Call(draw, args, kwargs or {}, rect, key, mask))


def _context(gc: Any) -> tuple[Any, tuple[Any, ...], ClipMask | None]:
    """Return a copy of a graphics context, its key, and its mask."""
    copy, key = frozen_context(gc)
    if gc._clippath is None:
        return copy, key, None
    # Artists clipped by one patch have the same path, unless it had to be transformed for each.
    clippath = gc._clippath
    path, _ = clippath.get_transformed_path_and_affine()
    source = getattr(clippath, "_patch", path) if path is clippath._path else clippath
    return copy, key, ClipMask(copy, source, key[1], key[0])
