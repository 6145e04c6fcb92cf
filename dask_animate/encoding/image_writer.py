"""The writer of animated images: APNG and WebP frame by frame, GIF with one palette for all frames."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from types import TracebackType
from typing import cast

import av
import numpy as np
from av.codec.context import Flags
from av.filter.context import FilterContext
from av.stream import Stream
from av.video.format import VideoFormat
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import EncoderError
from ..frames import FrameSize
from .codec_context import configure
from .container import close_container, open_container, output_errors
from .conversion import Converter, check_size
from .encoders import Encoding
from .outputs import Output
from .segment import Segment
from .timeline import Timeline

# Unit of the timestamps in a palette's filters and temporary file, where only their order matters.
_TICK = Fraction(1, 1000)


class ImageWriter:
    """Writes frames, in order, to an animated image. Its methods are those of `VideoWriter`.

    In these formats each frame builds on the one before, so there are no segments. The palette of a GIF
    is known once all frames are; until then they wait in a temporary file, compressed without loss.

    Not thread-safe.

    Parameters
    ----------
    output : Output
        The file.
    encoding : Encoding
        How frames are encoded.
    size : FrameSize
        Size of the frames.
    timeline : Timeline
        When frames are shown.

    Attributes
    ----------
    n_frames : int
        Number of frames so far.
    """

    def __init__(self, output: Output, encoding: Encoding, size: FrameSize, timeline: Timeline) -> None:
        self._output = output
        self._encoding = encoding
        self._size = size
        self._timeline = timeline
        self._converter = Converter(encoding, size)
        self._palette = _Palette(output, encoding, size) if encoding.codec == "gif" else None
        self._container = open_container(output, encoding, timeline, {})
        stream = self._container.add_stream(encoding.encoder, rate=encoding.fps)
        self._stream = cast(VideoStream, stream)
        configure(self._stream.codec_context, encoding, self._converter.encoded_size, threads=1)
        self._stream.codec_context.flags |= Flags.frame_duration
        self._stream.time_base = 1 / encoding.fps
        self.n_frames = 0

    def __enter__(self) -> ImageWriter:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        complete = False
        try:
            if exc_type is None:
                self._finish()
                complete = True
        finally:
            if self._palette is not None:
                self._palette.close()
            close_container(self._container, self._output, complete=complete)
        if complete:
            self._output.commit()

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> av.VideoFrame:
        """Convert a frame to what `encode` takes."""
        check_size(frame, self._size, self.n_frames)
        return self._converter.convert(frame, opaque=opaque)

    def encode(self, picture: av.VideoFrame) -> None:
        """Encode the next frame, converted."""
        if self._palette is not None:
            self._palette.add(picture, self.n_frames)
        else:
            self._encode(picture, self.n_frames)
        self.n_frames += 1

    def add(self, segment: Segment, origin: str) -> None:
        """Raise: these formats have no segments."""
        raise EncoderError(f"{self._encoding.codec} cannot be joined from segments")

    def _finish(self) -> None:
        if self.n_frames == 0:
            raise EncoderError("no frame was written")
        if self._palette is not None:
            for frame_idx, picture in enumerate(self._palette.pictures()):
                self._encode(picture, frame_idx)
        with output_errors(self._output):
            self._mux(None)

    def _encode(self, picture: av.VideoFrame, frame_idx: int) -> None:
        with output_errors(self._output):
            at = self._timeline.start
            picture.pts, picture.time_base = at(frame_idx), 1 / self._encoding.fps
            picture.duration = at(frame_idx + 1) - at(frame_idx)
            picture.pict_type = PictureType.NONE  # drops the type that a decoded picture has
            self._mux(picture)

    def _mux(self, picture: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(picture):
            if self._encoding.codec == "webp":
                packet = self._with_last_duration(packet)
            self._container.mux(packet)

    def _with_last_duration(self, packet: av.Packet[Stream]) -> av.Packet[Stream]:
        """Write the last frame's duration into a WebP file; libwebp writes the mean of the others.

        The encoder merges equal frames in a row into one. A file consists of chunks: a name, a size and
        as many bytes, padded to an even number. The chunk of a frame is "ANMF"; it holds 12 bytes of
        geometry and then the duration in milliseconds, in 3 bytes.
        """
        data, pos = bytearray(packet), 12
        durations = []
        while pos < len(data):
            if data[pos : pos + 4] == b"ANMF":
                durations.append(slice(pos + 20, pos + 23))
            size = int.from_bytes(data[pos + 4 : pos + 8], "little")
            pos += 8 + size + size % 2
        if not durations:
            return packet  # a single frame is no animation
        before = sum(int.from_bytes(data[place], "little") for place in durations[:-1])
        stop = round(1000 * self._timeline.start(self.n_frames) / self._encoding.fps)
        data[durations[-1]] = (stop - before).to_bytes(3, "little")
        patched: av.Packet[Stream] = av.Packet(bytes(data))
        patched.pts, patched.dts, patched.time_base = packet.pts, packet.dts, packet.time_base
        patched.stream = self._stream
        return patched


class _Palette:
    """Computes the palette of all frames, and returns the frames in its colors.

    FFmpeg's filters palettegen and paletteuse do both. The frames wait in a temporary file.
    """

    def __init__(self, output: Output, encoding: Encoding, size: FrameSize) -> None:
        self._output = output
        self._dither = encoding.dither
        self._size = size
        self._file = tempfile.TemporaryFile(dir=output.temporary.parent)  # has no name to leave behind
        self._spool = av.open(self._file, "w", format="matroska")
        self._stream = self._spool.add_stream("ffv1", rate=1000, options={"level": "3"})
        self._stream.width, self._stream.height = size.width, size.height
        self._stream.pix_fmt = "bgr0"
        self._graph, (self._colors,), self._sink = _filter(
            "palettegen", "reserve_transparent=0", [(size, "bgr0")]
        )

    def close(self) -> None:
        close_container(self._spool, self._output, complete=False)
        with suppress(OSError):  # if the disk is full, what is not written yet is not needed either
            self._file.close()

    def add(self, picture: av.VideoFrame, frame_idx: int) -> None:
        picture.pts, picture.time_base = frame_idx, _TICK
        self._colors.push(picture)
        with output_errors(self._output):
            for packet in self._stream.encode(picture):
                self._spool.mux(packet)

    def pictures(self) -> Iterator[av.VideoFrame]:
        with output_errors(self._output):
            for packet in self._stream.encode(None):
                self._spool.mux(packet)
            self._spool.close()
        self._colors.push(None)
        palette = cast(av.VideoFrame, self._sink.pull())
        _graph, (frames, colors), sink = _filter(
            "paletteuse",
            f"dither={self._dither}:diff_mode=rectangle",
            [(self._size, "bgr0"), (FrameSize(palette.height, palette.width), palette.format.name)],
        )
        palette.pts, palette.time_base = 0, _TICK
        colors.push(palette)
        colors.push(None)
        self._file.seek(0)
        with av.open(self._file, "r") as spool:
            for picture in spool.decode(video=0):
                frames.push(picture)
                yield from _finished(sink)
        frames.push(None)
        yield from _finished(sink)


def _filter(
    name: str, args: str, inputs: list[tuple[FrameSize, str]]
) -> tuple[av.filter.Graph, list[FilterContext], FilterContext]:
    """Return the graph of one filter, with its sources and its sink."""
    graph = av.filter.Graph()
    middle, sink = graph.add(name, args), graph.add("buffersink")
    sources = []
    for idx, (size, pixel_format) in enumerate(inputs):
        source = graph.add_buffer(
            width=size.width, height=size.height, format=VideoFormat(pixel_format), time_base=_TICK
        )
        source.link_to(middle, 0, idx)
        sources.append(source)
    middle.link_to(sink)
    graph.configure()
    return graph, sources, sink


def _finished(sink: FilterContext) -> Iterator[av.VideoFrame]:
    """Yield the frames that a filter has finished."""
    while True:
        try:
            yield cast(av.VideoFrame, sink.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
