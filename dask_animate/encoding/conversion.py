"""Drawn frames → pictures in an encoder's pixel format."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from ..errors import FrameSizeError
from ..frames import FrameSize, as_pixels
from .encoders import Encoding

# Chroma subsampling by the mean of the pixels, exact up to rounding. The default of swscale blurs over
# more rows and is slower.
_CHROMA = Interpolation.AREA | Interpolation.FULL_CHR_H_INP


class Converter:
    """Converts frames of one size to pictures of one pixel format; reuses its buffers.

    Not thread-safe.

    Parameters
    ----------
    encoding : Encoding
        Gives the pixel format, and whether alpha is kept.
    size : FrameSize
        Size of the frames.

    Attributes
    ----------
    encoded_size : FrameSize
        Size of the pictures.
    """

    def __init__(self, encoding: Encoding, size: FrameSize) -> None:
        # The palette of a GIF is computed from full colors.
        self._format = "bgr0" if encoding.pixel_format == "pal8" else encoding.pixel_format
        self._keep_alpha = encoding.keep_alpha
        self._size = size
        self.encoded_size = encoding.encoded_size(size)
        self._reformatter = VideoReformatter()
        self._rgb: NDArray[np.uint8] | None = None
        self._padded: NDArray[np.uint8] | None = None

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> av.VideoFrame:
        """Convert a frame to a picture.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied. May be overwritten once this returns.
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
        if pixel_format == self._format:  # nothing to convert, but the encoder may hold on to it
            return av.VideoFrame.from_ndarray(frame, format=pixel_format)
        # No copy: the picture shares the memory of `frame`, and lives until the conversion ends.
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
        """Repeat the last row and column if the pixel format needs even sizes."""
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


def check_size(frame: NDArray[np.uint8], size: FrameSize, frame_idx: int) -> None:
    """Raise unless a frame has this size."""
    given = FrameSize(*frame.shape[:2])
    if given != size:
        raise FrameSizeError(f"frame {frame_idx} is {given} pixels, but the frames before it are {size}")
