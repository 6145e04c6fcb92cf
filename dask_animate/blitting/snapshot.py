"""Arguments of drawing calls, copied, and keys to compare them by.

A key that equals no other says: what is drawn is not known, or would take long to compare.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, TransformedPath
from numpy.typing import NDArray

from .extents import Extents

#: Elements of an array, and members of a list, up to which they are copied and compared.
COPIED_ELEMENTS, COPIED_MEMBERS = 20_000, 64


def frozen_matrix(transform: Any) -> tuple[NDArray[np.float64], bytes]:
    """Copy the matrix of an affine transform; None is the identity."""
    matrix = np.eye(3) if transform is None else transform.get_matrix()
    return matrix.copy(), matrix.tobytes()


def frozen_path(path: Any) -> tuple[Path, Any]:
    """Copy a path, unless it cannot be changed anyway."""
    if path._readonly:
        return path, path
    copy: Any = Path.__new__(Path)
    vars(copy).update(vars(path))
    copy._vertices, vertices_key = frozen_value(path._vertices)
    copy._codes, codes_key = frozen_value(path._codes)
    return copy, (vertices_key, codes_key, path._should_simplify, path._simplify_threshold)


def frozen_context(gc: Any) -> tuple[Any, tuple[Any, ...]]:
    """Copy a graphics context. Its key begins with its clip rectangle and its clip path."""
    copy: Any = GraphicsContextBase.__new__(GraphicsContextBase)
    state = vars(copy)
    state.update(vars(gc))
    clip = None
    if gc._cliprect is not None:
        (x0, y0), (x1, y1) = gc._cliprect.get_points().tolist()
        clip = x0, y0, x1, y1
        copy._cliprect = _box(clip)
    path_key: Any = None
    if gc._clippath is not None:
        path, affine = gc._clippath.get_transformed_path_and_affine()
        path, path_key = frozen_path(path)
        matrix, matrix_key = frozen_matrix(affine)
        copy._clippath = TransformedPath(path, Affine2D(matrix))
        path_key = path_key, matrix_key
    offset, dashes = gc._dashes
    if dashes is not None:
        copy._dashes = offset, tuple(dashes)
    key = (
        *(clip, path_key, copy._dashes, gc._alpha, gc._forced_alpha, gc._antialiased),
        *(gc._capstyle, gc._joinstyle, gc._linewidth, gc._rgb, gc._hatch, gc._hatch_color),
        *(gc._hatch_linewidth, gc._snap, gc._sketch),
    )
    return copy, key


@lru_cache(32)
def _box(extents: Extents) -> Bbox:
    return Bbox.from_extents(*extents)


def frozen_value(value: Any) -> tuple[Any, Any]:
    """Copy an argument of any kind. What is large is not copied, and its key equals no other."""
    if value is None or isinstance(value, float | int | str):
        return value, value
    if isinstance(value, np.ndarray):
        if value.size > COPIED_ELEMENTS or value.dtype.hasobject:
            return value, object()
        return value.copy(), (value.shape, value.dtype, value.tobytes())
    if isinstance(value, list) and len(value) > COPIED_MEMBERS:
        return value, object()
    if isinstance(value, tuple | list):
        if not value:
            return (), ()
        copies, keys = zip(*map(frozen_value, value), strict=True)
        return copies, keys
    if isinstance(value, dict):
        pairs = {name: frozen_value(member) for name, member in value.items()}
        return (
            {name: copy for name, (copy, _) in pairs.items()},
            tuple((name, key) for name, (_, key) in pairs.items()),
        )
    if isinstance(value, Path):
        return frozen_path(value)
    return value, object()
