"""Frames: their size, and the conversion of their channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_EXPECTED = "uint8 from 0 to 255 or floats from 0 to 1"


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


def as_rgb(frame: NDArray[np.uint8], *, opaque: bool) -> NDArray[np.uint8]:
    """Return a frame with any number of channels as RGB, on a white background; yours.

    Parameters
    ----------
    frame, opaque
        As for `as_pixels`.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        A copy.
    """
    rgb = np.empty((*frame.shape[:2], 3), np.uint8)
    as_pixels(frame, opaque=opaque, out=rgb)
    return rgb


def as_uint8(frame: ArrayLike) -> NDArray[np.uint8]:
    """Convert a frame to uint8.

    Parameters
    ----------
    frame : array_like of uint8 or float, shape (height, width[, 1, 3 or 4])
        Floats are from 0 to 1; they are multiplied by 255 and rounded to nearest.

    Returns
    -------
    ndarray of uint8, shape (height, width, 1, 3 or 4)
        Not a copy if `frame` is such an array.

    Raises
    ------
    ValueError
        If the shape, the type or the range is wrong; the message needs a subject before it.
    """
    if np.ma.is_masked(frame):
        raise ValueError("must have no masked pixels: fill them, such as with frame.filled(0)")
    pixels = np.asarray(frame)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or 0 in pixels.shape:
        raise ValueError(f"must have the shape (height, width, 1, 3 or 4), got {np.shape(frame)}")
    check_dtype(pixels.dtype)
    if pixels.dtype == np.uint8:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 1):  # also if one is NaN
        raise ValueError(f"must hold {_EXPECTED}, got floats from {low:g} to {high:g}")
    return (pixels * 255 + 0.5).astype(np.uint8)


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Raise a ValueError unless `as_uint8` takes the type; the message needs a subject before it."""
    if dtype != np.uint8 and not np.issubdtype(dtype, np.floating):
        raise ValueError(f"must hold {_EXPECTED}, got {dtype}")
