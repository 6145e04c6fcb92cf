"""Segments → a video file: packets with exact timestamps, neither decoded nor encoded again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import TracebackType
from typing import NamedTuple

import av
from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from ..errors import EncoderError
from ..frames import FrameSize
from ._pyav import add_packet_stream, set_alpha
from .codec_context import configure
from .container import Destination, close_container, open_container, output_errors
from .encoders import ENCODERS, Encoding
from .segment import Packet, Segment
from .timeline import Timeline

#: Adds a stream to a file that is being written, and says in its header how to decode the packets of a
#: segment.
AddStream = Callable[[OutputContainer, Segment], VideoStream]


class _Opened(NamedTuple):
    """A file whose header is known from its first segment."""

    container: OutputContainer
    stream: VideoStream
    first: Segment
    origin: str


class Muxer:
    """Writes segments to a file, in order.

    A context manager. Leaving it normally completes the file; leaving it with an exception does not.

    Not thread-safe.

    Parameters
    ----------
    output : Destination
        The file.
    encoding : Encoding
        How the segments were encoded.
    add_stream : callable
        Adds the stream, given the first segment; see `encoded_stream`.
    timeline : Timeline
        When frames are shown, and the chapters.
    metadata : mapping of str to str
        Title and other texts, by FFmpeg's names.
    offset : int, optional
        Given for a fragment of a file that grows: the tick of that file at which it begins.

    Attributes
    ----------
    n_frames : int
        Number of frames so far.
    """

    def __init__(
        self,
        output: Destination,
        encoding: Encoding,
        add_stream: AddStream,
        timeline: Timeline,
        metadata: Mapping[str, str],
        offset: int | None = None,
    ) -> None:
        self._output = output
        self._offset = offset
        self._encoding = encoding
        self._add_stream = add_stream
        self._timeline = timeline
        self._metadata = metadata
        self._opened: _Opened | None = None
        self.n_frames = 0

    def __enter__(self) -> Muxer:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            close_container(self._opened.container, self._output, complete=exc_type is None)

    def add(self, segment: Segment, origin: str = "this process") -> None:
        """Append a segment, which must start where the one before ended.

        Packets get new timestamps: the timeline says when frames are shown, and packets are decoded in
        their order, `Encoding.reorder` frames ahead of the frame that is shown.

        Parameters
        ----------
        segment : Segment
            Not changed.
        origin : str
            Who encoded it, for error messages.

        Raises
        ------
        EncoderError
            If one decoder cannot decode this segment and the first.
        OutputError
            If the file cannot be written.
        """
        assert segment.start == self.n_frames, "segments are not in order"
        if self._opened is None:
            self._opened = self._open(segment, origin)
        elif segment.header != self._opened.first.header:
            raise EncoderError(_mismatch(self._opened, segment, origin))
        if sorted(packet.rank for packet in segment.packets) != list(range(segment.n_frames)):
            raise EncoderError(
                f"{_frames(segment)} were encoded to {len(segment.packets)} packets, not to one for "
                f"each: one of the encoder's options is the cause"
            )
        with output_errors(self._output):
            for decoded, packet in enumerate(segment.packets, self.n_frames):
                self._opened.container.mux_one(self._timed(packet, decoded, self._opened.stream))
        self.n_frames += segment.n_frames

    @property
    def tick(self) -> Fraction:
        """Unit of time in the file, in seconds; known once there is a segment."""
        assert self._opened is not None
        assert self._opened.stream.time_base is not None
        return self._opened.stream.time_base

    def _timed(self, packet: Packet, decoded: int, stream: VideoStream) -> av.Packet[Stream]:
        """Return PyAV's packet with its timestamps; it is the one to decode after `decoded` others."""
        at, ahead = self._timeline.start, self._encoding.reorder
        shown = self.n_frames + packet.rank
        if shown < decoded - ahead:
            raise EncoderError(f"the encoder delays frames by more than {ahead}: lower -bf")
        timed: av.Packet[Stream] = av.Packet(packet.data)
        offset = self._offset or 0
        timed.pts, timed.dts = offset + at(shown), offset + at(decoded - ahead)
        timed.duration = at(shown + 1) - at(shown)
        if decoded + 1 == self._timeline.n_frames and self._encoding.muxer in ("mp4", "mov"):
            # They sum durations in decoding order: the last one corrects the total.
            timed.duration = at(decoded + 1) - (at(decoded - ahead) - at(-ahead))
        timed.time_base = 1 / self._encoding.fps
        timed.is_keyframe = packet.is_keyframe
        timed.stream = stream
        if packet.alpha:
            set_alpha(timed, packet.alpha)
        return timed

    def _open(self, segment: Segment, origin: str) -> _Opened:
        encoding = self._encoding
        container = open_container(
            self._output,
            encoding,
            self._timeline,
            self._metadata,
            is_fragment=self._offset is not None,
        )
        stream = self._add_stream(container, segment)
        if encoding.codec == "hevc" and encoding.muxer in ("mp4", "mov"):
            stream.codec_context.codec_tag = "hvc1"  # the only tag that Apple's players take
        if segment.packets[0].alpha:
            stream.metadata["alpha_mode"] = "1"
        return _Opened(container, stream, segment, origin)


def encoded_stream(encoding: Encoding, size: FrameSize) -> AddStream:
    """Return what adds the stream of frames that this library encodes.

    Parameters
    ----------
    encoding : Encoding
        How they are encoded.
    size : FrameSize
        Size of the drawn frames.
    """

    def add(container: OutputContainer, segment: Segment) -> VideoStream:
        stream = add_packet_stream(container, ENCODERS[encoding.codec].name, encoding.fps)
        configure(stream.codec_context, encoding, encoding.encoded_size(size), threads=1)
        stream.codec_context.extradata = segment.header or None
        stream.time_base = 1 / encoding.fps
        return stream

    return add


def _mismatch(opened: _Opened, other: Segment, origin: str) -> str:
    first = opened.first
    advice = "" if first.build == other.build else "install one version of PyAV on all workers, or "
    return (
        f"{_frames(other)} were encoded by {origin} with {other.build}, frames before them by "
        f"{opened.origin} with {first.build}, and one decoder cannot decode both: {advice}"
        f'give encode_on="client"'
    )


def _frames(segment: Segment) -> str:
    return f"frames {segment.start} to {segment.start + segment.n_frames - 1}"
