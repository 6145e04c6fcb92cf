"""The writer of a codec: of segments for videos, frame after frame for animated images."""

from __future__ import annotations

from ..frames import FrameSize
from .encoders import Encoding
from .formats import CODECS
from .image_writer import ImageWriter
from .kept_segments import KeptSegments
from .output_file import OutputFile
from .output_options import OutputOptions
from .video_writer import VideoWriter


def open_writer(
    output: OutputFile,
    options: OutputOptions,
    kept: KeptSegments | None,
    encoding: Encoding,
    size: FrameSize,
) -> VideoWriter | ImageWriter:
    """Return the writer of a file.

    Parameters
    ----------
    output : OutputFile
        The file.
    options : OutputOptions
        Gives the timing and the texts.
    kept : KeptSegments or None
        Where segments are kept, each as a file of its own.
    encoding : Encoding
        How frames are encoded.
    size : FrameSize
        Size of the drawn frames.
    """
    if CODECS[encoding.codec].is_segmented:
        return VideoWriter(output, encoding, size, options.timeline, options.metadata, kept)
    return ImageWriter(output, encoding, size, options.timeline)
