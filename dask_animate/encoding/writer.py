"""The writer of a codec: of segments for videos, frame after frame for animated images."""

from __future__ import annotations

from collections.abc import Sequence

from ..frames import FrameSize
from .encoders import Encoding
from .formats import CODECS
from .image_writer import ImageWriter
from .output_options import OutputOptions
from .outputs import Output
from .segment_copies import SegmentCopy, VideoFormat
from .video_writer import VideoWriter


def open_writer(
    output: Output,
    options: OutputOptions,
    copies: Sequence[SegmentCopy],
    encoding: Encoding,
    size: FrameSize,
) -> VideoWriter | ImageWriter:
    """Return the writer of a file.

    Parameters
    ----------
    output : Output
        The file.
    options : OutputOptions
        Gives the timing and the texts.
    copies : sequence of SegmentCopy
        What else takes the segments; nothing does of an animated image, which has none.
    encoding : Encoding
        How frames are encoded.
    size : FrameSize
        Size of the drawn frames.
    """
    if CODECS[encoding.codec].is_segmented:
        video = VideoFormat(encoding, size, options.timeline, options.metadata)
        return VideoWriter(output, video, copies)
    return ImageWriter(output, encoding, size, options.timeline)
