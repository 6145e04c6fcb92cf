"""Segments → a video file: packets in order, with exact times, without decoding."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import av

from .container import close_container, open_container, output_errors
from .encoder import encoder_of
from .errors import EncoderError
from .output import OutputFile
from .spec import EncodeSpec, Segment
from .timeline import Timeline


class Muxer:
    """Puts segments into a file.

    A context manager. Leaving it normally completes the file; leaving it with an exception does not.

    Not thread-safe.

    Parameters
    ----------
    output : OutputFile
        Where to.
    spec : EncodeSpec
        With the container.
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
        self, output: OutputFile, spec: EncodeSpec, timeline: Timeline, metadata: Mapping[str, str]
    ) -> None:
        self._output = output
        self._spec = spec
        self._timeline = timeline
        self._metadata = metadata
        self._container: Any = None
        self._stream: Any = None
        self._first: Segment | None = None
        self._header: bytes | None = None
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

    def add(self, segment: Segment) -> None:
        """Append a segment, which has to start where the one before it ended.

        Times are given anew: frames are shown when the timeline says, and packets are decoded in the
        order in which they come, `Encoder.reorder` frames ahead of the one shown.

        Raises
        ------
        EncoderError
            If it cannot be decoded together with the first segment.
        OutputError
            If the file cannot be written.
        """
        assert segment.start == self.n_frames, "segments come in order"
        with av.open(io.BytesIO(segment.data), "r") as source:
            stream = source.streams.video[0]
            header = stream.codec_context.extradata
            if self._first is None:
                self._open(stream)
                self._first, self._header = segment, header
            elif header != self._header:
                raise EncoderError(self._mismatch(segment))
            packets = [packet for packet in source.demux(stream) if packet.size]
            if len(packets) != segment.n_frames:
                raise EncoderError(
                    f"{_frames(segment)} were encoded to {len(packets)} packets, not one for each: an "
                    f"option of the encoder is at fault"
                )
            with output_errors(self._output):
                self._mux(packets)
        self.n_frames += segment.n_frames

    def _mux(self, packets: list[Any]) -> None:
        rank = {pts: rank for rank, pts in enumerate(sorted(packet.pts for packet in packets))}
        at, ahead = self._timeline.start, encoder_of(self._spec).reorder
        for decoded, packet in enumerate(packets, self.n_frames):
            shown = self.n_frames + rank[packet.pts]
            if shown < decoded - ahead:
                raise EncoderError(f"the encoder delays frames by more than {ahead}: lower -bf")
            packet.pts, packet.dts = at(shown), at(decoded - ahead)
            packet.duration = at(shown + 1) - at(shown)
            packet.time_base = 1 / self._spec.fps
            packet.stream = self._stream
            self._container.mux_one(packet)

    def _open(self, template: Any) -> None:
        self._container = open_container(self._output, self._spec, self._timeline, self._metadata)
        self._stream = self._container.add_stream_from_template(template, opaque=True)
        self._stream.time_base = 1 / self._spec.fps
        if self._spec.codec == "hevc" and self._spec.muxer in ("mp4", "mov"):
            self._stream.codec_context.codec_tag = "hvc1"  # Apple's players take no other
        if self._spec.codec == "vp9" and self._spec.alpha:
            self._stream.metadata["alpha_mode"] = "1"  # FFmpeg's decoder does not see it

    def _mismatch(self, segment: Segment) -> str:
        assert self._first is not None
        one, other = self._first, segment
        return (
            f"{_frames(other)} were encoded by {_who(other)} with {other.build}, frames before them by "
            f"{_who(one)} with {one.build}, and the two streams do not fit together: install one "
            f'version of PyAV on all workers, or give encode_on="client"'
        )


def _frames(segment: Segment) -> str:
    return f"frames {segment.start} to {segment.start + segment.n_frames - 1}"


def _who(segment: Segment) -> str:
    return segment.worker or "this process"
