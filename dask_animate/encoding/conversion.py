"""Frames as they were drawn → pictures as an encoder takes them."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from ..frames import FrameSize, as_pixels
from .formats import subsampling
from .spec import EncodeOptions

# How the color of four pixels becomes that of one: their mean, exact to rounding. The default of
# swscale blurs over more rows, and takes longer.
_CHROMA = Interpolation.AREA | Interpolation.FULL_CHR_H_INP


class Converter:
    """Frames to pictures of one size and one pixel format; keeps its buffers from frame to frame.

    Not thread-safe.

    Parameters
    ----------
    spec : EncodeOptions
        With the pixel format, and what becomes of alpha.
    size : FrameSize
        Of the frames.
    """

    def __init__(self, spec: EncodeOptions, size: FrameSize) -> None:
        # A palette is made of pixels that have none yet.
        self._format = "bgr0" if spec.pixel_format == "pal8" else spec.pixel_format
        self._keep_alpha = spec.alpha
        self._size = size
        self.encoded_size = encoded_size(size, self._format)
        self._reformatter = VideoReformatter()
        self._rgb: NDArray[np.uint8] | None = None
        self._padded: NDArray[np.uint8] | None = None

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> Any:
        """Return a frame as `av.VideoFrame`.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied. It is read before this returns.
        opaque : bool
            True if there is no alpha, or if it is 255 everywhere.
        """
        is_blended = frame.shape[2] == 4 and not opaque and not self._keep_alpha
        if is_blended or frame.shape[2] == 1:
            if self._rgb is None:
                self._rgb = np.empty((*frame.shape[:2], 3), np.uint8)
            as_pixels(frame, opaque=False, out=self._rgb)
            frame = self._rgb
        frame = self._pad(frame)
        pixel_format = "rgb24" if frame.shape[2] == 3 else "rgba"
        if pixel_format == self._format:  # nothing to convert, but the encoder may keep it
            return av.VideoFrame.from_ndarray(frame, format=pixel_format)
        # Without copying; `frame` outlives the picture, which ends with the conversion.
        picture = av.VideoFrame.from_numpy_buffer(frame, format=pixel_format)
        is_yuv = self._format.startswith("yuv")
        return self._reformatter.reformat(
            picture,
            format=self._format,
            dst_colorspace=Colorspace.ITU709 if is_yuv else None,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG if is_yuv else ColorRange.JPEG,
            interpolation=_CHROMA,
        )

    def _pad(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Repeat the last row and column where the format needs even sizes."""
        if self.encoded_size == self._size:
            return np.ascontiguousarray(frame)
        even = self.encoded_size
        if self._padded is None or self._padded.shape[2] != frame.shape[2]:
            self._padded = np.empty((even.height, even.width, frame.shape[2]), np.uint8)
        height, width = frame.shape[:2]
        self._padded[:height, :width] = frame
        self._padded[:height, width:] = frame[:, -1:]
        self._padded[height:] = self._padded[height - 1]
        return self._padded


def encoded_size(size: FrameSize, pixel_format: str) -> FrameSize:
    """Return the size of coded frames: rounded up to what the pixel format takes, never scaled."""
    rows, columns = subsampling(pixel_format)
    return FrameSize(-(-size.height // rows) * rows, -(-size.width // columns) * columns)
