"""Frames → a segment: each frame is encoded when it comes."""

from __future__ import annotations

from contextlib import suppress

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from ..errors import EncoderError
from ..frames import FrameSize
from ._pyav import get_alpha
from .codec_context import configure, encoder_build, open_encoder
from .conversion import Converter
from .encoders import Encoding
from .segment import Packet, Segment


class SegmentEncoder:
    """Encodes consecutive frames one by one, into one or more closed GOPs.

    A context manager that frees the encoder. It holds packets, but no frames other than those that the
    encoder itself holds.

    Not thread-safe; several encoders may work at once.

    Parameters
    ----------
    encoding : Encoding
        How frames are encoded.
    size : FrameSize
        Size of the frames.
    start : int
        Frame index of the first frame.
    threads : int
        Number of the encoder's threads. The encoded bytes depend on it.

    Attributes
    ----------
    n_frames : int
        Number of frames so far.
    n_bytes : int
        Size of the packets so far, in bytes; the encoder delays some frames.
    """

    def __init__(self, encoding: Encoding, size: FrameSize, start: int, threads: int = 1) -> None:
        self._fps = encoding.fps
        self._start = start
        self._converter = Converter(encoding, size)
        self._picture: av.VideoFrame | None = None
        self._packets: list[Packet] = []
        self._is_interrupted = False
        self._context: VideoCodecContext | None = _create_context(
            encoding, self._converter.encoded_size, threads
        )
        self.n_bytes = 0
        self.n_frames = 0

    def __enter__(self) -> SegmentEncoder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the encoder; frames are lost unless `finish` was called."""
        self._context = None

    def convert(
        self, frame: NDArray[np.uint8], *, opaque: bool, is_repeated: bool = False
    ) -> av.VideoFrame:
        """Convert a frame to what `encode` takes. The caller may then overwrite the frame.

        Separate from `encode`, so that the owner of the frame waits only for this.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied.
        opaque : bool
            True if there is no alpha, or if it is 255 everywhere.
        is_repeated : bool
            True if the frame equals the one before; then it is not read.
        """
        if not is_repeated or self._picture is None:
            self._picture = self._converter.convert(frame, opaque=opaque)
        return self._picture

    def encode(self, picture: av.VideoFrame) -> None:
        """Encode the next frame, converted."""
        picture.pts, picture.time_base = self.n_frames, 1 / self._fps
        self._encode(picture)
        self.n_frames += 1

    def finish(self) -> Segment:
        """Return the segment; nothing can be added to it."""
        header = self._encode(None).extradata or b""
        return Segment(self._start, self.n_frames, header, self._packets, encoder_build())

    def salvage(self) -> Segment | None:
        """Return the frames that can be decoded; none are added afterwards. None if there are none.

        An interrupt comes when a call of the encoder returns, whose packets are then lost. Those before
        can be decoded up to the first frame that is missing, unless they were to come after it.
        """
        context = self._context
        assert context is not None, "the encoder is closed"
        if not self._is_interrupted:
            with suppress(EncoderError):
                self._encode(None)
        n_whole, last = 0, -1
        for n_packets, packet in enumerate(self._packets, 1):
            last = max(last, packet.rank)
            if last + 1 == n_packets:  # no frame before the last one is missing
                n_whole = n_packets
        if not n_whole:
            return None
        packets, header = self._packets[:n_whole], context.extradata or b""
        return Segment(self._start, n_whole, header, packets, encoder_build())

    def _encode(self, picture: av.VideoFrame | None) -> VideoCodecContext:
        context = self._context
        assert context is not None, "the encoder is closed"
        self._is_interrupted = True  # until the packets are here
        try:
            open_encoder(context)
            packets = context.encode(picture)
        except (av.error.FFmpegError, ValueError) as exc:
            raise EncoderError(f"encoding frame {self._start + self.n_frames} failed: {exc}") from exc
        for packet in packets:
            assert packet.pts is not None
            self._packets.append(
                Packet(bytes(packet), packet.pts, packet.is_keyframe, get_alpha(packet))
            )
            self.n_bytes += packet.size
        self._is_interrupted = False
        return context


def _create_context(encoding: Encoding, size: FrameSize, threads: int) -> VideoCodecContext:
    context = av.Codec(encoding.encoder, "w").create("video")
    configure(context, encoding, size, threads)
    context.flags |= Flags.global_header  # the header apart from the packets, as files hold it
    return context
