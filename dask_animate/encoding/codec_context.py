"""An FFmpeg codec context, set up from an `Encoding`."""

from __future__ import annotations

import os
from collections.abc import Mapping

import av
from av.codec.context import ThreadType
from av.video.codeccontext import VideoCodecContext

from ..frames import FrameSize
from .encoders import Encoding
from .scheduling import scheduling_kept

# BT.709 in limited range for YUV, sRGB in full range for RGB. The numbers are those of ITU-T H.273, and
# FFmpeg's for the range. Players guess BT.601 or BT.709 from the size of untagged pixels.
_YUV_TAGS = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 1}
_RGB_TAGS = {"colorspace": 0, "color_primaries": 1, "color_trc": 13, "color_range": 2}


def configure(context: VideoCodecContext, encoding: Encoding, size: FrameSize, threads: int) -> None:
    """Set all fields and options of an encoder's context.

    Parameters
    ----------
    context : VideoCodecContext
        Changed; not opened.
    encoding : Encoding
        What to set.
    size : FrameSize
        Size of the encoded frames.
    threads : int
        Number of the encoder's threads, unless the user set it.
    """
    options = encoding.options(threads)
    context.width, context.height = size.width, size.height
    context.pix_fmt = encoding.pixel_format
    context.time_base, context.framerate = 1 / encoding.fps, encoding.fps
    context.thread_type = ThreadType.FRAME  # threads that share a frame make larger files
    if "threads" not in options:
        # By itself, x264 counts the cores of the machine, not those that this process may use.
        context.thread_count = threads
    for name, value in color_tags(encoding.pixel_format).items():
        setattr(context, name, value)
    context.options = options
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 writes to stderr directly: errors only


def open_encoder(context: VideoCodecContext) -> None:
    """Open an encoder, unless it is open."""
    if not context.is_open:
        with scheduling_kept():
            context.open()


def color_tags(pixel_format: str) -> Mapping[str, int]:
    """Return the color tags of a pixel format: a context's attributes and their H.273 numbers."""
    return _YUV_TAGS if pixel_format.startswith("yuv") else _RGB_TAGS


def encoder_build() -> str:
    """Return the versions of the libraries that encode in this process."""
    version = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"PyAV {av.__version__} with libavcodec {version}"
