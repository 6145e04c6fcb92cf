"""Frames: their size, and the conversion of their channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FrameSize:
    """The height and width of all frames, in pixels."""

    height: int
    width: int

    @property
    def n_bytes(self) -> int:
        """Size in bytes of one RGB frame."""
        return 3 * self.height * self.width

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def flatten(rgba: NDArray[np.uint8], out: NDArray[np.uint8], *, opaque: bool) -> None:
    """Convert RGBA to RGB on a white background.

    Parameters
    ----------
    rgba : ndarray of uint8, shape (height, width, 4)
        Alpha not premultiplied.
    out : ndarray of uint8, shape (height, width, 3)
        Overwritten.
    opaque : bool
        True if alpha is 255 everywhere; blending is skipped.

    Notes
    -----
    The result is ``rgb * a + 255 * (1 - a)``, rounded to nearest.
    """
    if opaque:
        for channel in range(3):  # four times as fast as assigning [..., :3]
            out[..., channel] = rgba[..., channel]
        return
    alpha = rgba[..., 3].astype(np.uint32)
    rest = 255 * (255 - alpha) + 127
    for channel in range(3):
        out[..., channel] = (rgba[..., channel] * alpha + rest) // 255


def as_pixels(frame: NDArray[np.uint8], *, opaque: bool, out: NDArray[np.uint8]) -> None:
    """Convert a frame with any number of channels to RGB, on a white background, or to RGBA.

    Parameters
    ----------
    frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
        Gray, RGB or RGBA, alpha not premultiplied.
    opaque : bool
        True if there is no alpha channel or it is 255 everywhere.
    out : ndarray of uint8, shape (height, width, 3 or 4)
        Overwritten.
    """
    n_channels = frame.shape[2]
    if n_channels == out.shape[2]:
        out[...] = frame
    elif n_channels == 4:
        flatten(frame, out, opaque=opaque)
    else:
        for channel in range(3):
            out[..., channel] = frame[..., min(channel, n_channels - 1)]
        out[..., 3:] = 255
