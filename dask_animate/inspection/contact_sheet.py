"""The contact sheet: sampled frames of a sequence on one image."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib import image
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..drawing import IsolatedState, rasterize

_TILE_INCHES = 3.2
_DPI = 100


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """Sampled frames of a sequence, each with its frame index, on one image.

    Displays itself in a notebook.

    Attributes
    ----------
    frame_idx : tuple of int
        Indices of the frames.
    pixels : ndarray of uint8, shape (height, width, 4)
        The image, RGBA; owned by the caller.
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
    """Arrange frames in a grid, each below its frame index.

    Parameters
    ----------
    frame_idx : sequence of int
        Index of each frame.
    frames : sequence of ndarray of uint8, shape (height, width, 3)
        The frames, all of one size.
    n_columns : int, optional
        By default about the number of rows.
    titles : sequence of str
        Prefixes of the frame indices, used cyclically.
    """
    n_columns = n_columns or math.ceil(math.sqrt(len(frames)))
    prefixes = titles or [""]
    names = [f"{prefixes[i % len(prefixes)]}frame {idx}" for i, idx in enumerate(frame_idx)]
    with IsolatedState().active():  # matplotlib is not thread-safe
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
