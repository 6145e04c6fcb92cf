"""Extents around every pixel that a draw command may touch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.path import get_path_collection_extents
from numpy.typing import NDArray

from .rectangles import Rect

#: left, bottom, right, top in pixels. Rows are counted from the bottom.
Extents = tuple[float, float, float, float]

EVERYWHERE: Extents = (-math.inf, -math.inf, math.inf, math.inf)
NOWHERE: Extents = (math.inf, math.inf, -math.inf, -math.inf)

#: Paths of a collection up to which each is examined by itself.
MANY_PATHS = 64

# Antialiasing touches the next pixel, snapping moves by up to one, rounding by up to half of one.
_MARGIN = 2.5


def extents_of(points: Any) -> Extents | None:
    """Return the extents of all finite points, (n, 2); None if there are none."""
    if len(points) == 0:
        return None
    if len(points) <= 16:
        xs, ys = zip(*points.tolist(), strict=True)
        extents: Any = min(xs), min(ys), max(xs), max(ys)
        total = sum(xs) + sum(ys)
    else:
        extents = *points.min(axis=0).tolist(), *points.max(axis=0).tolist()
        total = sum(extents)
    if math.isfinite(total):
        return extents  # type: ignore[no-any-return]
    points = np.ma.getdata(points)
    finite = points[np.isfinite(points).all(axis=1)]
    if len(finite) == 0:
        return None
    return *finite.min(axis=0).tolist(), *finite.max(axis=0).tolist()


def transformed(extents: Extents | None, matrix: NDArray[np.float64]) -> Extents | None:
    """Return the extents of transformed extents; `matrix` is affine, (3, 3)."""
    if extents is None:
        return None
    x0, y0, x1, y1 = extents
    (a, c, e), (b, d, f), _ = matrix.tolist()
    ax0, ax1, cy0, cy1 = a * x0, a * x1, c * y0, c * y1
    bx0, bx1, dy0, dy1 = b * x0, b * x1, d * y0, d * y1
    return (
        min(ax0, ax1) + min(cy0, cy1) + e,
        min(bx0, bx1) + min(dy0, dy1) + f,
        max(ax0, ax1) + max(cy0, cy1) + e,
        max(bx0, bx1) + max(dy0, dy1) + f,
    )


def may_spike(path: Any) -> bool:
    """Whether the stroke of a path may reach far beyond the path.

    Where two segments have the same direction up to rounding, AGG joins the sides of the stroke where
    they intersect, which may be anywhere on the line. It draws a hair up to there, barely visible.
    """
    points = path.vertices
    if len(points) < 3 or path.readonly:
        return False
    with np.errstate(invalid="ignore"):  # points may be infinite, which are gaps
        steps = np.diff(points, axis=0)
        one, two = steps[:-1, 0] * steps[1:, 1], steps[:-1, 1] * steps[1:, 0]
        scale = np.abs(one) + np.abs(two)
        return bool(((np.abs(one - two) <= 1e-9 * scale) & (scale > 0)).any())


def minkowski_sum(a: Extents | None, b: Extents | None) -> Extents | None:
    """Return the extents of all sums of a point of `a` and a point of `b`."""
    if a is None or b is None:
        return None
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


def collection_extents(
    matrix: Any,
    paths: Sequence[Any],
    transforms: Any,
    offsets: Any,
    offset_matrix: Any,
) -> Extents | None:
    """Return extents around every path with every transform at every offset."""
    if len(paths) > MANY_PATHS:  # as a rule with a transform or an offset of its own
        box = get_path_collection_extents(matrix, paths, transforms, offsets, offset_matrix)
        return _finite(box.extents)
    corners = [extents for path in paths if (extents := extents_of(path.vertices)) is not None]
    if any(map(may_spike, paths)):
        return EVERYWHERE
    if not corners:
        return None
    lefts, bottoms, rights, tops = zip(*corners, strict=True)
    size: Extents = min(lefts), min(bottoms), max(rights), max(tops)
    if len(transforms):
        # A path is transformed by its own matrix, then by the one of all paths.
        points = np.array([[x, y, 1.0] for x in size[::2] for y in size[1::2]]).T
        points = (matrix @ (np.asarray(transforms) @ points))[:, :2]
        size = _finite((*points.min(axis=(0, 2)), *points.max(axis=(0, 2))))
    else:
        size = transformed(size, matrix) or EVERYWHERE
    return minkowski_sum(transformed(extents_of(np.asarray(offsets)), offset_matrix), size)


def _finite(extents: Any) -> Extents:
    left, bottom, right, top = map(float, extents)
    finite = math.isfinite(left + bottom + right + top)
    return (left, bottom, right, top) if finite else EVERYWHERE


def pixel_rect(extents: Extents, clip: Extents | None, width: int, height: int) -> Rect:
    """Return the pixels of a canvas in or next to extents; all zeros if there are none."""
    left, low, right, high = extents
    if clip is not None:
        left, low = max(left, clip[0]), max(low, clip[1])
        right, high = min(right, clip[2]), min(high, clip[3])
    top, bottom = height - high, height - low
    rect = (
        int(min(left - _MARGIN, width)) if left > _MARGIN else 0,
        int(min(top - _MARGIN, height)) if top > _MARGIN else 0,
        math.ceil(max(right + _MARGIN, 0)) if right < width - _MARGIN else width,
        math.ceil(max(bottom + _MARGIN, 0)) if bottom < height - _MARGIN else height,
    )
    return rect if rect[0] < rect[2] and rect[1] < rect[3] else (0, 0, 0, 0)
