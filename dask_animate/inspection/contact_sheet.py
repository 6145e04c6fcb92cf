"""The contact sheet: some frames of a sequence on one image."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from matplotlib import image
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..drawing import IsolatedState, rasterize

T = TypeVar("T")

_TILE_INCHES = 3.2
_DPI = 100


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """Some frames of a sequence, each with its frame index, on one image.

    In a notebook it shows itself.

    Attributes
    ----------
    frame_idx : tuple of int
        Which frames are shown.
    pixels : ndarray of uint8, shape (height, width, 4)
        The image, RGBA; yours.
    """

    frame_idx: tuple[int, ...]
    pixels: NDArray[np.uint8] = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the image as a PNG file."""
        image.imsave(os.fspath(path), self.pixels, format="png")

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        image.imsave(png, self.pixels, format="png")
        return png.getvalue()


def make_sheet(
    frame_idx: Sequence[int],
    frames: Sequence[NDArray[np.uint8]],
    *,
    n_columns: int | None = None,
    titles: Sequence[str] = (),
) -> ContactSheet:
    """Lay frames out in a grid, each under its frame index.

    Parameters
    ----------
    frame_idx : sequence of int
        Index of each frame.
    frames : sequence of ndarray of uint8, shape (height, width, 3)
        All of one size.
    n_columns : int, optional
        By default as many as rows.
    titles : sequence of str
        Put before the frame indices, in turn.
    """
    n_columns = n_columns or math.ceil(math.sqrt(len(frames)))
    under = titles or [""]
    names = [f"{under[i % len(under)]}frame {idx}" for i, idx in enumerate(frame_idx)]
    with IsolatedState().active():  # matplotlib draws in one thread at a time
        return ContactSheet(tuple(frame_idx), rasterize(_grid(names, frames, n_columns)))


def _grid(names: Sequence[str], frames: Sequence[NDArray[np.uint8]], n_columns: int) -> Figure:
    n_rows = math.ceil(len(frames) / n_columns)
    height, width = frames[0].shape[:2]
    tile_height = _TILE_INCHES * height / width + 0.3
    figure = Figure(
        figsize=(_TILE_INCHES * n_columns, tile_height * n_rows), dpi=_DPI, layout="compressed"
    )
    grid: Any = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in grid.flat[len(frames) :]:
        axes.set_axis_off()
    for axes, name, frame in zip(grid.flat, names, frames, strict=False):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("0.8")
        axes.imshow(frame, origin="upper", interpolation="antialiased", interpolation_stage="rgba")
        axes.set_title(name, fontsize=9)
    return figure


def spread(items: Iterable[T], n: int, total: int | None) -> list[tuple[int, T]]:
    """Pick `n` items, evenly spread over an iterable, first and last among them.

    Where the length is known the picks are exact. Otherwise at most ``4 * n`` items are kept while
    reading, every second one being dropped whenever they get more, and the picks are as even as those
    allow.

    Returns
    -------
    list of (int, item)
        Positions and items; fewer than `n` where there are fewer.
    """
    if total is not None:
        chosen = set(_evenly(n, total))
        if hasattr(items, "__getitem__"):  # the others need not be read
            return [(idx, items[idx]) for idx in sorted(chosen)]
        return [(idx, item) for idx, item in enumerate(items) if idx in chosen]
    kept: list[tuple[int, T]] = []
    last: tuple[int, T] | None = None
    stride = 1
    for idx, item in enumerate(items):
        last = (idx, item)
        if idx % stride:
            continue
        kept.append(last)
        if len(kept) > 4 * n:
            kept, stride = kept[::2], 2 * stride
    if last is not None and kept[-1][0] != last[0]:
        kept.append(last)
    return [kept[i] for i in _evenly(n, len(kept))]


def _evenly(n: int, total: int) -> list[int]:
    return sorted({round(x) for x in np.linspace(0, total - 1, min(n, total))})
