"""The sink of videos: frames, or segments that were encoded elsewhere, to one file."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np
from dask.system import CPU_COUNT
from numpy.typing import NDArray

from ..errors import EncoderError, FrameSizeError
from ..frames import FrameSize
from ..memory import LOCAL_SEGMENT_BYTES
from .encoders import Encoding
from .muxer import Muxer
from .output_file import OutputFile
from .segment import Segment
from .segment_encoder import SegmentEncoder
from .timeline import Timeline


class VideoWriter:
    """A video file in the making: frames or segments in, in order, a complete file out.

    A context manager. Leaving it normally completes the file and puts it in place; leaving it with an
    exception does not. A frame is first converted, which reads it, and then encoded.

    Not thread-safe.

    Parameters
    ----------
    output : OutputFile
        Where to.
    encoding : Encoding
        How, with the encoder chosen.
    size : FrameSize
        Of the frames.
    timeline : Timeline
        When frames are shown, and the chapters.
    metadata : mapping of str to str
        By FFmpeg's names.
    """

    def __init__(
        self,
        output: OutputFile,
        encoding: Encoding,
        size: FrameSize,
        timeline: Timeline,
        metadata: Mapping[str, str],
    ) -> None:
        self._output = output
        self._encoding = encoding
        self._size = size
        self._muxer = Muxer(output, encoding, size, timeline, metadata)
        self._encoder: SegmentEncoder | None = None
        self.n_frames = 0

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with self._muxer:
            if exc_type is None:
                self._flush()
                if self.n_frames == 0:
                    raise EncoderError("no frame was written")
            elif self._encoder is not None:
                self._encoder.close()
        if exc_type is None:
            self._output.commit()

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> Any:
        """Read a frame, which may be overwritten afterwards, and return what `encode` takes.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied.
        opaque : bool
            True if there is no alpha, or if it is 255 everywhere.
        """
        check_size(frame, self._size, self.n_frames)
        if self._encoder is None:
            self._encoder = SegmentEncoder(self._encoding, self._size, self.n_frames, CPU_COUNT)
        return self._encoder.convert(frame, opaque=opaque)

    def encode(self, picture: Any) -> None:
        """Encode the picture that was converted last."""
        assert self._encoder is not None, "convert comes first"
        self._encoder.encode(picture)
        self.n_frames += 1
        if self._encoder.n_frames >= self._encoding.gop or self._encoder.n_bytes >= LOCAL_SEGMENT_BYTES:
            self._flush()

    def add(self, segment: Segment, origin: str) -> None:
        """Append frames that were encoded elsewhere; `origin` names by whom, for messages."""
        self._flush()
        self._muxer.add(segment, origin)
        self.n_frames += segment.n_frames

    def _flush(self) -> None:
        if self._encoder is not None:
            with self._encoder as encoder:
                self._encoder = None
                self._muxer.add(encoder.finish())


def check_size(frame: NDArray[np.uint8], size: FrameSize, frame_idx: int) -> None:
    """Raise unless a frame has this size."""
    given = FrameSize(*frame.shape[:2])
    if given != size:
        raise FrameSizeError(f"frame {frame_idx} is {given} pixels, but the frames before it are {size}")
