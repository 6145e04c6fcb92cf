"""Segments → a video file: packets in order, with exact times, without decoding."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import av
from av.packet import PacketSideData, packet_sidedata_type_from_literal

from ..errors import EncoderError
from ..frames import FrameSize
from .codec_context import configure
from .container import close_container, open_container, output_errors
from .encoders import ENCODERS, Encoding
from .output_file import OutputFile
from .segment import Segment
from .timeline import Timeline

# VP9's alpha channel goes beside the packet. PyAV does not document that such data can be made anew.
_ALPHA: Any = packet_sidedata_type_from_literal("matroska_block_additional")
_SideData: Any = PacketSideData


class Muxer:
    """Puts segments into a file.

    A context manager. Leaving it normally completes the file; leaving it with an exception does not.

    Not thread-safe.

    Parameters
    ----------
    output : OutputFile
        Where to.
    encoding : Encoding
        With the container.
    size : FrameSize
        Of the encoded frames.
    timeline : Timeline
        When frames are shown, and the chapters.
    metadata : mapping of str to str
        By FFmpeg's names.

    Attributes
    ----------
    n_frames : int
        Frames until now.
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
        self._size = encoding.encoded_size(size)
        self._timeline = timeline
        self._metadata = metadata
        self._container: Any = None
        self._stream: Any = None
        self._first: Segment | None = None
        self._first_origin = ""
        self.n_frames = 0

    def __enter__(self) -> Muxer:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._container is None:
            return
        close_container(self._container, self._output, complete=exc_type is None)

    def add(self, segment: Segment, origin: str = "this process") -> None:
        """Append a segment, which has to start where the one before it ended.

        Times are given anew: frames are shown when the timeline says, and packets are decoded in the
        order in which they come, `Encoder.reorder` frames ahead of the one shown.

        Parameters
        ----------
        segment : Segment
            Not changed.
        origin : str
            Who encoded it, for messages.

        Raises
        ------
        EncoderError
            If it cannot be decoded together with the first segment.
        OutputError
            If the file cannot be written.
        """
        assert segment.start == self.n_frames, "segments come in order"
        if self._first is None:
            self._open(segment)
            self._first, self._first_origin = segment, origin
        elif segment.header != self._first.header:
            raise EncoderError(self._mismatch(segment, origin))
        if sorted(packet.rank for packet in segment.packets) != list(range(segment.n_frames)):
            raise EncoderError(
                f"{_frames(segment)} were encoded to {len(segment.packets)} packets, not to one for "
                f"each: an option of the encoder is at fault"
            )
        with output_errors(self._output):
            self._mux(segment)
        self.n_frames += segment.n_frames

    def _mux(self, segment: Segment) -> None:
        at, ahead, tick = self._timeline.start, self._encoding.reorder, 1 / self._encoding.fps
        for decoded, (data, rank, is_keyframe, alpha) in enumerate(segment.packets, self.n_frames):
            shown = self.n_frames + rank
            if shown < decoded - ahead:
                raise EncoderError(f"the encoder delays frames by more than {ahead}: lower -bf")
            packet: Any = av.Packet(data)
            packet.pts, packet.dts = at(shown), at(decoded - ahead)
            packet.duration = at(shown + 1) - packet.pts
            if decoded + 1 == self._timeline.n_frames and self._encoding.muxer in ("mp4", "mov"):
                # They add up durations in the order of decoding, so that the last one makes the total.
                packet.duration = at(decoded + 1) - (packet.dts - at(-ahead))
            packet.time_base = tick
            packet.is_keyframe = is_keyframe
            packet.stream = self._stream
            if alpha:
                beside = _SideData(_ALPHA, len(alpha))
                beside.update(alpha)
                packet.set_sidedata(beside, move=True)
            self._container.mux_one(packet)

    def _open(self, segment: Segment) -> None:
        self._container = open_container(self._output, self._encoding, self._timeline, self._metadata)
        # A stream without an encoder of its own is to be had from a template only; what the template
        # does not know is set here.
        with av.open(io.BytesIO(), "w", format="matroska") as nowhere:
            template = nowhere.add_stream(ENCODERS[self._encoding.codec].name, rate=self._encoding.fps)
            self._stream = self._container.add_stream_from_template(template, opaque=True)
        context = self._stream.codec_context
        configure(context, self._encoding, self._size, threads=1)
        context.extradata = segment.header or None
        self._stream.time_base = 1 / self._encoding.fps
        if self._encoding.codec == "hevc" and self._encoding.muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # Apple's players take no other
        if segment.packets[0].alpha:
            self._stream.metadata["alpha_mode"] = "1"

    def _mismatch(self, segment: Segment, origin: str) -> str:
        assert self._first is not None
        one, other = self._first, segment
        advice = "" if one.build == other.build else "install one version of PyAV on all workers, or "
        return (
            f"{_frames(other)} were encoded by {origin} with {other.build}, frames before them by "
            f"{self._first_origin} with {one.build}, and the two streams do not fit together: {advice}"
            f'give encode_on="client"'
        )


def _frames(segment: Segment) -> str:
    return f"frames {segment.start} to {segment.start + segment.n_frames - 1}"
