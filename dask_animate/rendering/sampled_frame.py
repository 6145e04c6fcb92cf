"""One frame of those that are being drawn, copied for people who watch."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..frames import as_rgb

if TYPE_CHECKING:
    from PIL.Image import Image

#: JPEG's scale of quality ends at 95; below 70, thin lines get halos.
JPEG_QUALITY = 75


@dataclass(frozen=True)
class Thumbnail:
    """A small picture of a frame.

    Attributes
    ----------
    frame_idx : int
        Index of the frame.
    drawn_at : float
        As in `SampledFrame`.
    jpeg : bytes
        A JPEG file.
    """

    frame_idx: int
    drawn_at: float
    jpeg: bytes


@dataclass(frozen=True)
class SampledFrame:
    """A frame as it was drawn, not yet compared with a full draw.

    Attributes
    ----------
    frame_idx : int
        Its index.
    drawn_at : float
        When it was drawn, in seconds as `time.time` has them in the process that drew it.
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB, on white where it is transparent.
    """

    frame_idx: int
    drawn_at: float
    pixels: NDArray[np.uint8]

    def thumbnail(self, side: int) -> Thumbnail:
        """Return a small JPEG file of the frame.

        Parameters
        ----------
        side : int
            The longer side, in pixels, is at most about so long. A frame is reduced by a whole number,
            averaging, so that thin lines stay.
        """
        from PIL import Image as images

        image = images.fromarray(self.pixels)
        factor = -(-max(image.size) // side)
        if factor > 1:
            image = image.reduce(factor)
        return Thumbnail(self.frame_idx, self.drawn_at, _file_of(image, "JPEG", quality=JPEG_QUALITY))

    def _repr_png_(self) -> bytes:
        from PIL import Image as images

        return _file_of(images.fromarray(self.pixels), "PNG")


def _file_of(image: Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


class FrameSampler:
    """Copies a frame when one was asked for; costs nothing where nobody asks.

    Thread-safe: one thread draws, others ask.
    """

    def __init__(self) -> None:
        self._is_wanted = False
        self._latest: SampledFrame | None = None

    def peek(self) -> SampledFrame | None:
        """Return the frame that was copied last, if there is one, and ask for a newer one."""
        self._is_wanted = True
        return self._latest

    def offer(self, frame_idx: int, frame: NDArray[np.uint8], *, opaque: bool) -> None:
        """Copy a frame if one was asked for.

        Parameters
        ----------
        frame_idx : int
            Its index.
        frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
            Only read.
        opaque : bool
            True if there is no alpha, or if it is 255 everywhere.
        """
        if not self._is_wanted:
            return
        self._is_wanted = False
        self._latest = SampledFrame(frame_idx, time.time(), as_rgb(frame, opaque=opaque))
