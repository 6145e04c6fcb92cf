"""Frames → a segment: encoded as they come, decodable alone."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import EncoderError
from ..frames import FrameSize
from .codec_context import configure, encoder_build
from .conversion import Converter
from .encoders import Encoding
from .segment import Packet, Segment

# VP9's alpha channel comes beside the packet.
_ALPHA = "matroska_block_additional"


class SegmentEncoder:
    """Encodes consecutive frames, one by one, into a closed GOP or several.

    A context manager, which gives the encoder back. Holds the encoder's own pictures and the packets
    until now, no frame.

    Not thread-safe; two encoders may work at once.

    Parameters
    ----------
    encoding : Encoding
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
    n_bytes : int
        Bytes of the packets until now; the encoder holds some more frames.
    seconds : float
        Time spent converting and encoding them.
    """

    def __init__(self, encoding: Encoding, size: FrameSize, start: int, threads: int = 1) -> None:
        self._fps = encoding.fps
        self._start = start
        self._converter = Converter(encoding, size)
        self._picture: Any = None
        self._packets: list[Packet] = []
        self._context: Any = av.CodecContext.create(encoding.encoder, "w")
        configure(self._context, encoding, self._converter.encoded_size, threads)
        self._context.flags |= av.codec.context.Flags.global_header
        self.n_bytes = 0
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
        """Give the encoder back; frames until now are lost, unless `finish` was called."""
        self._context = None

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool, is_repeated: bool = False) -> Any:
        """Read a frame, which may be overwritten afterwards, and return what `encode` takes.

        Apart from `encode` because the frame's owner waits for this only. A frame that repeats the one
        before is not read.
        """
        start = time.perf_counter()
        if not is_repeated or self._picture is None:
            self._picture = self._converter.convert(frame, opaque=opaque)
        self.seconds += time.perf_counter() - start
        return self._picture

    def encode(self, picture: Any) -> None:
        """Encode the next picture."""
        start = time.perf_counter()
        picture.pts, picture.time_base = self.n_frames, 1 / self._fps
        self._encode(picture)
        self.n_frames += 1
        self.seconds += time.perf_counter() - start

    def finish(self) -> Segment:
        """Return the segment; nothing can be added to it."""
        start = time.perf_counter()
        self._encode(None)
        header = self._context.extradata or b""
        self.seconds += time.perf_counter() - start
        return Segment(self._start, self.n_frames, header, self._packets, encoder_build())

    def _encode(self, picture: Any) -> None:
        try:
            packets = self._context.encode(picture)
        except (av.error.FFmpegError, ValueError) as exc:
            raise EncoderError(f"encoding frame {self._start + self.n_frames} failed: {exc}") from exc
        for packet in packets:
            alpha = bytes(packet.get_sidedata(_ALPHA)) if packet.has_sidedata(_ALPHA) else b""
            self._packets.append(Packet(bytes(packet), packet.pts, packet.is_keyframe, alpha))
            self.n_bytes += packet.size
