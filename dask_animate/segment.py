"""Frames → a segment: encoded as they come, decodable alone."""

from __future__ import annotations

import io
import time
from fractions import Fraction
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from .encoder import build, configure, encoder_of
from .errors import EncoderError
from .pixels import Converter
from .spec import EncodeSpec, FrameSize, Segment

#: The clock of Matroska; a segment's frames are one tick apart.
TICK = Fraction(1, 1000)


class SegmentEncoder:
    """Encodes consecutive frames, one by one, into a closed GOP or several.

    A context manager, which gives the encoder back. Holds the encoder's own pictures and the packets
    until now, no frame.

    Not thread-safe; two encoders may work at once.

    Parameters
    ----------
    spec : EncodeSpec
        With the encoder chosen.
    size : FrameSize
        Of the frames.
    start : int
        Frame index of the first.
    threads : int
        For the encoder. The bytes depend on it.

    Attributes
    ----------
    n_frames : int
        Frames until now.
    seconds : float
        Time spent converting and encoding them.
    """

    def __init__(self, spec: EncodeSpec, size: FrameSize, start: int, threads: int = 1) -> None:
        self._fps = spec.fps
        self._start = start
        self._converter = Converter(spec, size)
        self._file = io.BytesIO()
        self._container: Any = av.open(self._file, "w", format="matroska")
        self._stream: Any = self._container.add_stream(encoder_of(spec).name, rate=spec.fps)
        configure(self._stream.codec_context, spec, self._converter.encoded_size, threads)
        self._stream.time_base = TICK
        self.seconds = 0.0
        self.n_frames = 0

    def __enter__(self) -> SegmentEncoder:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the encoder back; the frames until now are lost, unless `finish` was called."""
        self._container.close()

    @property
    def n_bytes(self) -> int:
        """Bytes of the segment until now."""
        return self._file.tell()

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> Any:
        """Read a frame, which may be overwritten afterwards, and return what `encode` takes.

        Apart from `encode` because the frame's owner waits for this only.
        """
        start = time.perf_counter()
        picture = self._converter.convert(frame, opaque=opaque)
        self.seconds += time.perf_counter() - start
        return picture

    def encode(self, picture: Any) -> None:
        """Encode the next picture."""
        start = time.perf_counter()
        picture.pts, picture.time_base = self.n_frames, 1 / self._fps
        self._mux(picture)
        self.n_frames += 1
        self.seconds += time.perf_counter() - start

    def finish(self, draw_seconds: float = 0.0, worker: str = "") -> Segment:
        """Return the segment; nothing can be added to it."""
        start = time.perf_counter()
        self._mux(None)
        self._container.close()
        self.seconds += time.perf_counter() - start
        data = self._file.getvalue()
        return Segment(self._start, self.n_frames, data, draw_seconds, self.seconds, worker, build())

    def _mux(self, picture: Any) -> None:
        try:
            for packet in self._stream.encode(picture):
                packet.time_base = TICK  # a frame interval may be no whole number of milliseconds
                self._container.mux(packet)
        except av.error.FFmpegError as exc:
            raise EncoderError(f"encoding frame {self._start + self.n_frames} failed: {exc}") from exc
