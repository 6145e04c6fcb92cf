"""Display lists: the commands that artists give to AGG's rasterizer, recorded and replayed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.path import Path
from numpy.typing import NDArray

from ._matplotlib import (
    clip_path_of,
    clipping_patch,
    rasterizer_of,
    set_rasterizer,
    untransformed_path,
)
from .clip_mask import ClipMask, forget_clip_mask
from .extents import (
    EVERYWHERE,
    MANY_PATHS,
    NOWHERE,
    Extents,
    collection_extents,
    extents_of,
    may_spike,
    minkowski_sum,
    pixel_rect,
    transformed,
)
from .rectangles import Rect
from .snapshot import snapshot_context, snapshot_matrix, snapshot_path, snapshot_value


class DrawCommand(NamedTuple):
    """A call of AGG's rasterizer that can be repeated at any time.

    Attributes
    ----------
    draw : callable
        The rasterizer's method.
    args : tuple
        Its arguments. They are copies, except for large arrays, which belong to the artist.
    kwargs : dict
        Its keyword arguments.
    rect : Rect
        A rectangle of the canvas around every pixel that the command may change.
    key : tuple
        Equal for commands that draw the same.
    clip_mask : ClipMask or None
        Its clip path.
    """

    draw: Callable[..., None]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    rect: Rect
    key: tuple[Any, ...]
    clip_mask: ClipMask | None


class Recorder(RendererAgg):
    """A renderer that records draw commands and draws only when it replays them.

    What an artist draws through an ``agg_filter`` is drawn at once on a canvas of its own, and the
    filtered image is recorded.

    Parameters
    ----------
    width, height : float
        Those of `full_renderer`. matplotlib 3.10 cuts fractions of pixels off only for the rasterizer,
        and they have a part in where texts are placed.
    dpi : float
        Dots per inch.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        self._rasterizer: Any = rasterizer_of(self)
        n_rows, n_columns = self.pixels.shape[:2]
        self._recording = _RecordingRasterizer(self._rasterizer, n_columns, n_rows, dpi)
        set_rasterizer(self, self._recording)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The canvas that commands are replayed on, (height, width, 4) RGBA; a view."""
        return np.asarray(self._rasterizer)

    @property
    def has_commands(self) -> bool:
        """Whether anything was recorded since the last `take_commands`."""
        return bool(self._recording.commands)

    def take_commands(self) -> list[DrawCommand]:
        """Return what was recorded since the last call."""
        commands, self._recording.commands = self._recording.commands, []
        return commands

    def clear(self) -> None:
        """Make all pixels transparent white, as every full draw begins."""
        self._rasterizer.clear()

    def forget_clip_mask(self) -> None:
        """Forget the clip path drawn last; see `clip_mask.forget_clip_mask`."""
        forget_clip_mask(self._rasterizer)

    def replay(self, commands: Sequence[DrawCommand], where: Sequence[Rect]) -> None:
        """Execute the commands that may touch one of the rectangles.

        Pixels outside of the rectangles are undefined afterwards: a command may have drawn there on top
        of itself.
        """
        for draw, args, kwargs, (left, top, right, bottom), _, clip_mask in commands:
            for rect in where:
                if left < rect[2] and rect[0] < right and top < rect[3] and rect[1] < bottom:
                    if clip_mask is not None:
                        clip_mask.prepare(self._rasterizer)
                    draw(*args, **kwargs)
                    break

    def buffer_rgba(self) -> memoryview:
        """Return the pixels of the filter's canvas while a filter is drawn, else those of `pixels`."""
        current = rasterizer_of(self)
        return memoryview(self._rasterizer if current is self._recording else current)


def full_renderer(figure: Figure) -> Any:
    """Return the renderer of full draws, which determines a figure's size in pixels.

    matplotlib cuts inches times dpi to whole pixels in several places, and not the same way in all
    versions: 4.81 · 100 is 480.99999999999994.
    """
    canvas: Any = figure.canvas
    return canvas.get_renderer()


def differing_rects(before: Sequence[DrawCommand], now: Sequence[DrawCommand]) -> Iterator[Rect]:
    """Yield the rectangles in which two recordings of one artist may differ."""
    for old, new in zip(before, now, strict=False):
        if old.clip_mask is not None and new.clip_mask is not None:
            new.clip_mask.rendered_for = old.clip_mask.rendered_for
    if len(before) != len(now):
        yield from (command.rect for command in (*before, *now) if command.rect[2])
        return
    for old, new in zip(before, now, strict=True):
        if not _is_same(old.key, new.key):
            yield from {command.rect for command in (old, new) if command.rect[2]}


def _is_same(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except ValueError:  # there is an array where there usually is a tuple
        return False


class _RecordingRasterizer:
    """Takes the place of a renderer's rasterizer and records the calls of its methods."""

    def __init__(self, rasterizer: Any, width: int, height: int, dpi: float) -> None:
        self.commands: list[DrawCommand] = []
        self._rasterizer = rasterizer
        self._width, self._height, self._dpi = width, height, dpi

    def draw_path(self, gc: Any, path: Path, transform: Any, face: Any = None) -> None:
        matrix, matrix_key = snapshot_matrix(transform)
        extents = EVERYWHERE if may_spike(path) else transformed(extents_of(path.vertices), matrix)
        path, path_key = snapshot_path(path)
        key = path_key, matrix_key, face
        self._record("draw_path", gc, (path, matrix, face), key, extents, self._stroke(gc))

    def draw_markers(
        self, gc: Any, marker: Path, marker_transform: Any, path: Path, transform: Any, face: Any = None
    ) -> None:
        matrix, matrix_key = snapshot_matrix(transform)
        marker_matrix, marker_matrix_key = snapshot_matrix(marker_transform)
        size = transformed(extents_of(marker.vertices), marker_matrix)
        extents = minkowski_sum(transformed(extents_of(path.vertices), matrix), size)
        marker, marker_key = snapshot_path(marker)
        path, path_key = snapshot_path(path)
        args = marker, marker_matrix, path, matrix, face
        key = marker_key, marker_matrix_key, path_key, matrix_key, face
        self._record("draw_markers", gc, args, key, extents, self._stroke(gc))

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
        matrix, offset_matrix = (
            snapshot_matrix(master_transform)[0],
            snapshot_matrix(offset_transform)[0],
        )
        if len(paths) > MANY_PATHS and gc.get_clip_rectangle() is not None:
            extents: Extents | None = EVERYWHERE  # within the clip rectangle
        elif len(paths) and len(offsets):
            extents = collection_extents(matrix, paths, transforms, offsets, offset_matrix)
        else:
            extents = None
        widest = float(np.max(linewidths)) if len(edgecolors) and len(linewidths) else 0.0
        given = matrix, paths, transforms, offsets, offset_matrix, facecolors, edgecolors, linewidths
        args, key = snapshot_value((*given, *more))
        margin = self._stroke(gc, widest)
        self._record("draw_path_collection", gc, args, key, extents, margin, kwargs)

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
        matrix, offset_matrix = (
            snapshot_matrix(master_transform)[0],
            snapshot_matrix(offset_transform)[0],
        )
        extents = transformed(extents_of(np.asarray(coordinates).reshape(-1, 2)), matrix)
        offset = transformed(extents_of(np.asarray(offsets).reshape(-1, 2)), offset_matrix)
        given = matrix, mesh_width, mesh_height, coordinates, offsets, offset_matrix, *colors
        args, key = snapshot_value(given)
        self._record("draw_quad_mesh", gc, args, key, minkowski_sum(extents, offset), self._stroke(gc))

    def draw_gouraud_triangles(self, gc: Any, points: Any, colors: Any, transform: Any) -> None:
        matrix, _ = snapshot_matrix(transform)
        extents = transformed(extents_of(np.asarray(points).reshape(-1, 2)), matrix)
        args, key = snapshot_value((points, colors, matrix))
        self._record("draw_gouraud_triangles", gc, args, key, extents, 0.0)

    def draw_text_image(self, image: Any, x: float, y: float, angle: float, gc: Any) -> None:
        # A copy, because the next text overwrites the font's buffer.
        image, image_key = snapshot_value(np.asarray(image))
        height, width = image.shape
        bottom = self._height - y
        if image.size == 0:  # a space
            extents = NOWHERE
        elif angle:
            reach = math.hypot(height, width)
            extents = x - reach, bottom - reach, x + reach, bottom + reach
        else:
            extents = x, bottom, x + width, bottom + height
        gc, gc_key, clip_mask = _snapshot_with_clip_mask(gc)
        key = "draw_text_image", image_key, x, y, angle, gc_key
        self._append("draw_text_image", (image, x, y, angle, gc), key, extents, gc_key[0], clip_mask)

    def draw_image(self, gc: Any, x: float, y: float, image: Any) -> None:
        height, width = np.shape(image)[:2]
        args, key = snapshot_value((x, y, image))
        self._record("draw_image", gc, args, key, (x, y, x + width, y + height), 0.0)

    def copy_from_bbox(self, bbox: Any) -> Any:
        raise NotImplementedError("an artist reads pixels that are not drawn yet")

    def _stroke(self, gc: Any, linewidth: float | None = None) -> float:
        """Return how far a stroke reaches beyond its path, in pixels."""
        width = (gc.get_linewidth() if linewidth is None else linewidth) * self._dpi / 72
        # AGG cuts the tips of mitred joints off at half the width times the width.
        reach = width / 2 * (max(1.5, width) if gc.get_joinstyle() == "miter" else 1.5)
        sketch = gc.get_sketch_params()
        return float(reach if sketch is None else reach + abs(sketch[0]))

    def _record(
        self,
        method: str,
        gc: Any,
        args: tuple[Any, ...],
        key: tuple[Any, ...],
        extents: Extents | None,
        margin: float,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Record a call whose first argument is a graphics context."""
        gc, gc_key, clip_mask = _snapshot_with_clip_mask(gc)
        if extents is None:
            extents = NOWHERE
        left, bottom, right, top = extents
        extents = left - margin, bottom - margin, right + margin, top + margin
        if kwargs:
            kwargs, kwargs_key = snapshot_value(kwargs)
            key = *key, kwargs_key
        self._append(method, (gc, *args), (method, gc_key, *key), extents, gc_key[0], clip_mask, kwargs)

    def _append(
        self,
        method: str,
        args: tuple[Any, ...],
        key: tuple[Any, ...],
        extents: Extents,
        clip: Extents | None,
        clip_mask: ClipMask | None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        rect = pixel_rect(extents, clip, self._width, self._height)
        if rect[2] or clip_mask is not None:
            draw = getattr(self._rasterizer, method)
            self.commands.append(DrawCommand(draw, args, kwargs or {}, rect, key, clip_mask))


def _snapshot_with_clip_mask(gc: Any) -> tuple[Any, tuple[Any, ...], ClipMask | None]:
    """Return a copy of a graphics context, its key, and its clip mask."""
    copy, key = snapshot_context(gc)
    clip_path = clip_path_of(gc)
    if clip_path is None:
        return copy, key, None
    # Artists clipped by one patch share its path, unless the path had to be transformed for each.
    path, _ = clip_path.get_transformed_path_and_affine()
    is_shared = path is untransformed_path(clip_path)
    source = (clipping_patch(clip_path) or path) if is_shared else clip_path
    return copy, key, ClipMask(copy, source, key[1], key[0])
