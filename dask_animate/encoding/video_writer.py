"""The writer of videos: frames, or segments that were encoded elsewhere, to one file."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import av
import numpy as np
from dask.system import CPU_COUNT
from numpy.typing import NDArray

from ..errors import AnimateError, EncoderError
from ..memory import LOCAL_SEGMENT_BYTES
from .conversion import check_size
from .muxer import Muxer, encoded_stream
from .outputs import Output
from .segment import Segment
from .segment_copies import SegmentCopy, VideoFormat
from .segment_encoder import SegmentEncoder


class VideoWriter:
    """Writes frames or segments, in order, to a video file.

    A context manager. Leaving it normally completes the file and puts it in place; leaving it with an
    exception does not.

    Not thread-safe.

    Parameters
    ----------
    output : Output
        The file.
    video : VideoFormat
        How frames are encoded, when they are shown, and the texts.
    copies : sequence of SegmentCopy
        What else takes the segments, one after the other.

    Attributes
    ----------
    n_frames : int
        Number of frames so far.
    """

    def __init__(
        self,
        output: Output,
        video: VideoFormat,
        copies: Sequence[SegmentCopy] = (),
    ) -> None:
        self._output = output
        self._video = video
        self._copies = copies
        stream = encoded_stream(video.encoding, video.size)
        self._muxer = Muxer(output, video.encoding, stream, video.timeline, video.metadata)
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
            if exc is None:
                self._flush()
                if self.n_frames == 0:
                    raise EncoderError("no frame was written")
            elif self._encoder is not None:
                self._salvage(self._encoder, exc)
        if exc is None:
            self._output.commit()

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> av.VideoFrame:
        """Convert a frame to what `encode` takes. The caller may then overwrite the frame.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied.
        opaque : bool
            True if there is no alpha, or if it is 255 everywhere.
        """
        check_size(frame, self._video.size, self.n_frames)
        return self._open_encoder().convert(frame, opaque=opaque)

    def encode(self, picture: av.VideoFrame) -> None:
        """Encode the next frame, converted."""
        encoder = self._open_encoder()
        encoder.encode(picture)
        self.n_frames += 1
        if encoder.n_frames >= self._video.encoding.gop or encoder.n_bytes >= LOCAL_SEGMENT_BYTES:
            self._flush()

    def add(self, segment: Segment, origin: str) -> None:
        """Append frames that were encoded elsewhere; `origin` names by whom, for error messages."""
        self._flush()
        self._write(segment, origin)
        self.n_frames += segment.n_frames

    def _open_encoder(self) -> SegmentEncoder:
        if self._encoder is None:
            encoding, size = self._video.encoding, self._video.size
            self._encoder = SegmentEncoder(encoding, size, self.n_frames, CPU_COUNT)
        return self._encoder

    def _flush(self) -> None:
        if self._encoder is not None:
            with self._encoder as encoder:
                self._encoder = None
                self._write(encoder.finish())

    def _salvage(self, encoder: SegmentEncoder, error: BaseException) -> None:
        """Give the copies what the video itself will not get; what they lack is noted in its error."""
        with encoder:
            segment = encoder.salvage() if self._copies else None
        if segment is None:
            return
        for copy in self._copies:
            try:
                copy.add(segment, self._video)
            except AnimateError as exc:
                error.add_note(str(exc))

    def _write(self, segment: Segment, origin: str = "this process") -> None:
        self._muxer.add(segment, origin)
        for copy in self._copies:
            copy.add(segment, self._video)
