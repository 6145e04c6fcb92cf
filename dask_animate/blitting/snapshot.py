"""Snapshots of the arguments of draw commands: copies, with keys to compare them by.

Equal keys mean equal arguments. A key that equals no other one belongs to an argument that is of an
unknown kind or would take long to compare.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, TransformedPath
from numpy.typing import NDArray

from ._matplotlib import clip_path_of, path_with
from .extents import Extents

#: Elements of an array, and members of a list, up to which they are copied and compared.
COPIED_ELEMENTS, COPIED_MEMBERS = 20_000, 64


def snapshot_matrix(transform: Any) -> tuple[NDArray[np.float64], bytes]:
    """Copy the matrix of an affine transform; None is the identity."""
    matrix = np.eye(3) if transform is None else transform.get_matrix()
    return matrix.copy(), matrix.tobytes()


def snapshot_path(path: Path) -> tuple[Path, Any]:
    """Copy a path, unless it is read-only."""
    if path.readonly:
        return path, path
    vertices, vertices_key = snapshot_value(path.vertices)
    codes, codes_key = snapshot_value(path.codes)
    key = vertices_key, codes_key, path.should_simplify, path.simplify_threshold
    return path_with(path, vertices, codes), key


def snapshot_context(gc: Any) -> tuple[Any, tuple[Any, ...]]:
    """Copy a graphics context. Its key begins with its clip rectangle and its clip path."""
    copy: Any = GraphicsContextBase.__new__(GraphicsContextBase)
    vars(copy).update(vars(gc))
    offset, dashes = gc.get_dashes()
    if dashes is not None:
        copy.set_dashes(offset, tuple(dashes))
    box, clip_path = gc.get_clip_rectangle(), clip_path_of(gc)
    copy.set_clip_rectangle(None)
    if clip_path is not None:
        copy.set_clip_path(None)
    others = tuple(vars(copy).values())
    clip: Extents | None = None
    path_key: Any = None
    if box is not None:
        (x0, y0), (x1, y1) = box.get_points().tolist()
        clip = x0, y0, x1, y1
        copy.set_clip_rectangle(_box(clip))
    if clip_path is not None:
        path, affine = clip_path.get_transformed_path_and_affine()
        path, path_key = snapshot_path(path)
        matrix, matrix_key = snapshot_matrix(affine)
        copy.set_clip_path(TransformedPath(path, Affine2D(matrix)))
        path_key = path_key, matrix_key
    return copy, (clip, path_key, *others)


@lru_cache(32)
def _box(extents: Extents) -> Bbox:
    return Bbox.from_extents(*extents)


def snapshot_value(value: Any) -> tuple[Any, Any]:
    """Copy an argument of any kind. A large one is not copied, and its key equals no other."""
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
        copies, keys = zip(*map(snapshot_value, value), strict=True)
        return copies, keys
    if isinstance(value, dict):
        pairs = {name: snapshot_value(member) for name, member in value.items()}
        return (
            {name: copy for name, (copy, _) in pairs.items()},
            tuple((name, key) for name, (_, key) in pairs.items()),
        )
    if isinstance(value, Path):
        return snapshot_path(value)
    return value, object()
