"""Frames to a video file: convert, encode, mux."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from dask.system import CPU_COUNT
from numpy.typing import NDArray

from .encoder import choose_encoder
from .errors import EncoderError, FrameSizeError, OutputError
from .output import OutputFile
from .spec import EncodeSpec, FrameSize

# How the color of four pixels becomes that of one: their mean, exact to rounding. The default of
# swscale blurs over more rows, and takes longer.
_CHROMA = Interpolation.AREA | Interpolation.FULL_CHR_H_INP


class VideoWriter:
    """A video file in the making: frames in, in order, a complete file out.

    A context manager. Leaving it normally completes the file and puts it in place; leaving it with an
    exception does not.

    Not thread-safe.

    Parameters
    ----------
    output : OutputFile
        Where to.
    spec : EncodeSpec
        How.
    """

    def __init__(self, output: OutputFile, spec: EncodeSpec) -> None:
        self._output = output
        self._spec = spec
        self._reformatter = VideoReformatter()
        self._container: Any = None
        self._stream: Any = None
        self._padded: NDArray[np.uint8] | None = None
        self.n_frames = 0
        self.size: FrameSize | None = None
        self.encoder = ""

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            if exc_type is None:
                self._finish()
                self._output.commit()
        finally:
            self._close_quietly()

    @property
    def encoded_size(self) -> FrameSize:
        """Size of the encoded frames: the drawn size, rounded up to even."""
        assert self.size is not None, "nothing was written yet"
        return _even(self.size)

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Encode the next frame.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 3)
            RGB, C-contiguous. It is read before this returns and may be reused.
        """
        size = FrameSize(*frame.shape[:2])
        if self.size is None:
            self._start(size)
        elif size != self.size:
            raise FrameSizeError(
                f"frame {self.n_frames} is {size} pixels, but the frames before it are {self.size}"
            )
        picture = self._to_yuv(self._pad(frame))
        picture.pts = self.n_frames
        picture.time_base = 1 / self._spec.fps
        self._mux(picture)
        self.n_frames += 1

    def _start(self, size: FrameSize) -> None:
        self.size = size
        even = _even(size)
        encoder = choose_encoder(self._spec, even)
        self.encoder = encoder.name
        if even != size:
            self._padded = np.empty((even.height, even.width, 3), np.uint8)
        with _output_errors(self._output):
            self._container = av.open(
                str(self._output.temporary),
                "w",
                format="mp4",
                container_options={"movflags": "faststart"},
            )
            self._stream = self._container.add_stream(
                encoder.name, rate=self._spec.fps, options=encoder.options(self._spec)
            )
        _configure(self._stream, even, self._spec)

    def _pad(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Repeat the last row and column where yuv420p needs even sizes."""
        if self._padded is None:
            return np.ascontiguousarray(frame)
        height, width = frame.shape[:2]
        self._padded[:height, :width] = frame
        self._padded[:height, width:] = frame[:, -1:]
        self._padded[height:] = self._padded[height - 1]
        return self._padded

    def _to_yuv(self, rgb: NDArray[np.uint8]) -> Any:
        # Without copying; `rgb` outlives the frame, which ends with the conversion.
        picture = av.VideoFrame.from_numpy_buffer(rgb, format="rgb24")
        return self._reformatter.reformat(
            picture,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_CHROMA,
        )

    def _mux(self, picture: Any) -> None:
        with _output_errors(self._output):
            for packet in self._stream.encode(picture):
                self._container.mux(packet)

    def _finish(self) -> None:
        if self._container is None:
            raise EncoderError("no frame was written")
        self._mux(None)
        with _output_errors(self._output):
            self._container.close()
        self._container = None

    def _close_quietly(self) -> None:
        if self._container is not None:
            try:
                self._container.close()
            except (av.error.FFmpegError, ValueError):
                pass  # the file is thrown away
            self._container = None


def _configure(stream: Any, size: FrameSize, spec: EncodeSpec) -> None:
    stream.width, stream.height = size.width, size.height
    stream.pix_fmt = "yuv420p"
    stream.time_base = 1 / spec.fps
    context = stream.codec_context
    context.time_base, context.framerate = 1 / spec.fps, spec.fps
    context.thread_type = "FRAME"  # slices would cost size
    if "threads" not in dict(spec.options):
        # Left alone, x264 counts the cores of the machine, not those that this process may use.
        context.thread_count = CPU_COUNT
    # Players take untagged pixels for BT.601 or BT.709 by their size.
    context.colorspace = 1  # BT.709, in the numbers of H.273
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    context.color_range = ColorRange.MPEG


def _even(size: FrameSize) -> FrameSize:
    return FrameSize(size.height + size.height % 2, size.width + size.width % 2)


@contextmanager
def _output_errors(output: OutputFile) -> Iterator[None]:
    """Turn PyAV's errors into ours, saying what was being written."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as exc:
        if isinstance(exc, OSError):
            raise OutputError(f"cannot write {output.path}: {exc.strerror or exc}") from exc
        raise EncoderError(f"encoding {output.path} failed: {exc}") from exc
