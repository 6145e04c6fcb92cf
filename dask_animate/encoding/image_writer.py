"""The sink of animated images: APNG and WebP, frame after frame, and GIF with one palette for all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import EncoderError
from ..frames import FrameSize
from .codec_context import configure
from .container import close_container, open_container, output_errors
from .conversion import Converter
from .encoders import Encoding
from .output_file import OutputFile
from .segment import Segment
from .timeline import Timeline
from .video_writer import check_size


class ImageWriter:
    """An animated image in the making; like `VideoWriter`, but for segments.

    Every frame of these formats builds on the one before. A GIF has 256 colors, which are known when all
    frames are: until then they wait in a temporary file, compressed without loss.

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
        When frames are shown.
    """

    def __init__(
        self, output: OutputFile, encoding: Encoding, size: FrameSize, timeline: Timeline
    ) -> None:
        self._output = output
        self._encoding = encoding
        self._size = size
        self._timeline = timeline
        self._palette = _Palette(output, encoding, size) if encoding.codec == "gif" else None
        self._converter = Converter(encoding, size)
        self._container: Any = None
        self._stream: Any = None
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
                if self.n_frames == 0:
                    raise EncoderError("no frame was written")
                if self._palette is not None:
                    for frame_idx, picture in enumerate(self._palette.pictures()):
                        self._encode(picture, frame_idx)
                with output_errors(self._output):
                    self._mux(None)
                complete = True
        finally:
            if self._palette is not None:
                self._palette.close()
            if self._container is not None:
                close_container(self._container, self._output, complete=complete)
        if complete:
            self._output.commit()

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> Any:
        """Read a frame; see `VideoWriter.convert`."""
        check_size(frame, self._size, self.n_frames)
        return self._converter.convert(frame, opaque=opaque)

    def encode(self, picture: Any) -> None:
        """Encode a picture."""
        if self._palette is not None:
            self._palette.add(picture, self.n_frames)
        else:
            self._encode(picture, self.n_frames)
        self.n_frames += 1

    def add(self, segment: Segment, origin: str) -> None:
        """Raise: there are no segments of these formats."""
        raise EncoderError(f"{self._encoding.codec} cannot be joined from segments")

    def _encode(self, picture: Any, frame_idx: int) -> None:
        with output_errors(self._output):
            if self._container is None:
                self._open()
            at = self._timeline.start
            picture.pts, picture.time_base = at(frame_idx), 1 / self._encoding.fps
            picture.duration = at(frame_idx + 1) - at(frame_idx)
            picture.pict_type = 0  # the encoder's choice; a decoded picture says what it was
            self._mux(picture)

    def _open(self) -> None:
        self._container = open_container(self._output, self._encoding, self._timeline, {})
        self._stream = self._container.add_stream(self._encoding.encoder, rate=self._encoding.fps)
        configure(self._stream.codec_context, self._encoding, self._converter.encoded_size, threads=1)
        self._stream.codec_context.flags |= av.codec.context.Flags.frame_duration
        self._stream.time_base = 1 / self._encoding.fps

    def _mux(self, picture: Any) -> None:
        for packet in self._stream.encode(picture):
            if self._encoding.codec == "webp":
                packet = self._hold_last(packet)
            self._container.mux(packet)

    def _hold_last(self, packet: Any) -> Any:
        """Write the last frame's duration into a WebP file, where libwebp puts the mean of the others.

        Equal frames in a row have become one, which is shown for as long as they. The file is made of
        chunks of a name, a size and as many bytes, padded to even. The chunk of a frame has its duration
        in milliseconds after 12 bytes of geometry.
        """
        data, pos = bytearray(packet), 12
        durations = []
        while pos < len(data):
            if data[pos : pos + 4] == b"ANMF":
                durations.append(slice(pos + 20, pos + 23))
            size = int.from_bytes(data[pos + 4 : pos + 8], "little")
            pos += 8 + size + size % 2
        if not durations:
            return packet  # one frame, no animation
        before = sum(int.from_bytes(data[place], "little") for place in durations[:-1])
        stop = round(1000 * self._timeline.start(self.n_frames) / self._encoding.fps)
        data[durations[-1]] = (stop - before).to_bytes(3, "little")
        patched: Any = av.Packet(bytes(data))
        patched.pts, patched.dts, patched.time_base = packet.pts, packet.dts, packet.time_base
        patched.stream = self._stream
        return patched


class _Palette:
    """Collects frames on disk and their colors in a palette; gives the frames back in its colors.

    Both by FFmpeg's filters palettegen and paletteuse.
    """

    def __init__(self, output: OutputFile, encoding: Encoding, size: FrameSize) -> None:
        self._output = output
        self._dither = encoding.dither
        self._size = size
        self._file = tempfile.TemporaryFile(dir=output.temporary.parent)  # gone whatever happens
        self._spool: Any = av.open(self._file, "w", format="matroska")
        self._stream: Any = self._spool.add_stream("ffv1", rate=1000, options={"level": "3"})
        self._stream.width, self._stream.height = size.width, size.height
        self._stream.pix_fmt = "bgr0"
        self._graph, (self._colors,), self._sink = self._filter(
            "palettegen", "reserve_transparent=0", [(size, "bgr0")]
        )

    def close(self) -> None:
        close_container(self._spool, self._output, complete=False)
        with suppress(OSError):  # what a full disk did not take is not needed
            self._file.close()

    def add(self, picture: Any, frame_idx: int) -> None:
        picture.pts, picture.time_base = frame_idx, Fraction(1, 1000)
        self._colors.push(picture)
        with output_errors(self._output):
            for packet in self._stream.encode(picture):
                self._spool.mux(packet)

    def pictures(self) -> Iterator[Any]:
        with output_errors(self._output):
            for packet in self._stream.encode(None):
                self._spool.mux(packet)
            self._spool.close()
        self._colors.push(None)
        palette = self._sink.pull()
        _, (frames, colors), sink = self._filter(
            "paletteuse",
            f"dither={self._dither}:diff_mode=rectangle",
            [(self._size, "bgr0"), (FrameSize(palette.height, palette.width), palette.format.name)],
        )
        palette.pts, palette.time_base = 0, Fraction(1, 1000)
        colors.push(palette)
        colors.push(None)
        self._file.seek(0)
        with av.open(self._file, "r") as spool:
            for picture in spool.decode(video=0):
                frames.push(picture)
                yield from _ready(sink)
        frames.push(None)
        yield from _ready(sink)

    @staticmethod
    def _filter(name: str, args: str, inputs: list[tuple[FrameSize, str]]) -> tuple[Any, list[Any], Any]:
        graph: Any = av.filter.Graph()
        middle, sink = graph.add(name, args), graph.add("buffersink")
        sources = []
        for idx, (size, pixel_format) in enumerate(inputs):
            source = graph.add_buffer(
                width=size.width, height=size.height, format=pixel_format, time_base=Fraction(1, 1000)
            )
            source.link_to(middle, 0, idx)
            sources.append(source)
        middle.link_to(sink)
        graph.configure()
        return graph, sources, sink


def _ready(sink: Any) -> Iterator[Any]:
    """Yield what a filter has finished."""
    pull: Callable[[], Any] = sink.pull
    while True:
        try:
            yield pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
