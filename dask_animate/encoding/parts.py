"""Video files that are to be joined: what a decoder needs for each, and when its frames are shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, cast

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.video.stream import VideoStream

from ..errors import JoinError
from ._pyav import get_alpha, other_side_data
from .decoding import has_alpha
from .formats import CODECS
from .segment import Packet, Segment

#: FFmpeg's names of the containers that keep the header apart from the packets, as all parts need it.
_CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2": "MP4 or MOV", "matroska,webm": "MKV or WebM"}
#: FFmpeg's filters that let pass only pictures at which a decoder forgets all that was before: IDR, and
#: BLA in HEVC. A keyframe of an open GOP is none of them. In other codecs each keyframe is one.
_RESETS = {"h264": "filter_units=pass_types=5", "hevc": "filter_units=pass_types=16-20"}
#: FFmpeg's timestamps are at most so many frames apart from the order of decoding.
_MAX_REORDER = 16


class _Mark(NamedTuple):
    """The times of a packet, in the clock of the file, and whether decoding can start at it."""

    pts: int
    dts: int | None
    duration: int
    is_keyframe: bool


@dataclass(frozen=True)
class Part:
    """A video file that is to be joined with others.

    Attributes
    ----------
    path : Path
        The file.
    codec : str
        Name of the codec, such as "h264".
    pixel_format : str
        FFmpeg's name.
    width, height : int
        Of the frames, in pixels.
    has_alpha : bool
        Whether frames have an alpha channel.
    header : bytes
        What a decoder needs before the first packet.
    traits : mapping of str to str
        What must be the same in all parts besides the header, in words.
    tick : Fraction
        Seconds of which all times in the file are multiples.
    starts : tuple of int
        The tick at which each frame is shown, from 0, and the end of the last.
    reorder : int
        Number of frames by which a frame is decoded ahead of the one that is shown.
    """

    path: Path
    codec: str
    pixel_format: str
    width: int
    height: int
    has_alpha: bool
    header: bytes
    traits: Mapping[str, str]
    tick: Fraction
    starts: tuple[int, ...]
    reorder: int
    _ranks: Mapping[int, int] = field(repr=False)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.starts) - 1

    def segments(self, start: int) -> Iterator[Segment]:
        """Read the packets again, and yield them as segments that can be decoded one after the other.

        Parameters
        ----------
        start : int
            Frame index of the first frame in the joined video.
        """
        packets: list[Packet] = []
        n_done, last = 0, -1
        with _opened(self.path) as container:
            for packet in container.demux(container.streams.video[0]):
                if not packet.size:
                    continue
                rank = self._ranks.get(cast(int, packet.pts))
                if rank is None:
                    raise JoinError(f"{self.path} was changed while it was read")
                if packet.is_keyframe and packets and last == n_done + len(packets) - 1:
                    yield self._segment(start + n_done, packets)
                    n_done += len(packets)
                    packets = []
                packets.append(
                    Packet(bytes(packet), rank - n_done, packet.is_keyframe, get_alpha(packet))
                )
                last = max(last, rank)
        if n_done + len(packets) != self.n_frames:
            raise JoinError(f"{self.path} was changed while it was read")
        yield self._segment(start + n_done, packets)

    def _segment(self, start: int, packets: list[Packet]) -> Segment:
        return Segment(start, len(packets), self.header, packets, build="")


def read_part(path: Path) -> Part:
    """Read all packets of a file, and decode its first frame.

    Raises
    ------
    JoinError
        If the file cannot be read, or not be joined with any other; the message says why.
    """
    with _opened(path) as container:
        stream = _only_stream(path, container)
        marks = _marks(path, container, stream)
        shown = sorted(mark.pts for mark in marks)
        _check_beginning(path, marks, shown)
        tick, starts = _times(stream, marks, shown)
        clock = cast(Fraction, stream.time_base)
        _check_end(path, container, marks, shown[0] * clock + starts[-1] * tick)
        ranks = {pts: rank for rank, pts in enumerate(shown)}
        context, alpha = stream.codec_context, has_alpha(container)
        return Part(
            path=path,
            codec=context.codec.canonical_name,
            pixel_format=context.pix_fmt or "",
            width=stream.width,
            height=stream.height,
            has_alpha=alpha,
            header=bytes(context.extradata or b""),
            traits=_traits(container, stream, tick, alpha=alpha) | _picture_traits(path),
            tick=tick,
            starts=starts,
            reorder=_reorder(marks, ranks, starts, tick / clock),
            _ranks=ranks,
        )


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    try:
        # FFmpeg takes what is before a colon for a protocol, but not in an absolute path.
        with av.open(os.path.abspath(path), "r") as container:
            yield container
    except (av.error.FFmpegError, OSError) as exc:
        raise JoinError(f"cannot read {path}: {exc.strerror or exc}") from exc


def _only_stream(path: Path, container: InputContainer) -> VideoStream:
    """Return the stream of a file that holds one video and nothing else."""
    if container.format.name not in _CONTAINERS:
        raise JoinError(
            f"{path} is a {container.format.name} file; only MP4, MOV, MKV and WebM files can be joined "
            f"without encoding again: encode all frames with write_video"
        )
    streams = container.streams
    # MP4 and MOV hold chapters and time codes as streams of data.
    others = {stream.type for stream in streams} - {"video", "data"}
    if len(streams.video) != 1:
        raise JoinError(f"{path} has {len(streams.video)} video streams; a part must have one")
    if others:
        raise JoinError(
            f"{path} has {' and '.join(sorted(others))}, which would be lost: remove it first"
        )
    ratio = streams.video[0].sample_aspect_ratio
    if ratio and ratio != 1:
        raise JoinError(f"{path} has pixels of the shape {ratio}, which would be lost: encode it again")
    codec = streams.video[0].codec_context.codec.canonical_name
    joinable = [name for name, known in CODECS.items() if known.is_segmented]
    if codec not in joinable:
        raise JoinError(f"{path} holds {codec}; what can be joined is {', '.join(joinable)}")
    return streams.video[0]


def _marks(path: Path, container: InputContainer, stream: VideoStream) -> list[_Mark]:
    """Return the marks of all packets, in the order of decoding."""
    codec = stream.codec_context.codec.canonical_name
    resets = BitStreamFilterContext(_RESETS[codec], stream) if codec in _RESETS else None
    marks: list[_Mark] = []
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.pts is None:
            raise JoinError(f"{path} has frames without a time")
        if packet.is_corrupt or packet.is_discard:
            raise JoinError(f"{path} has frames that are damaged, or hidden by an edit list")
        if other := other_side_data(packet):
            raise JoinError(f"{path} has data beside its frames that cannot be copied: {other}")
        marks.append(_Mark(packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe))
        if len(marks) == 1 and resets is not None and not resets.filter(packet):
            raise JoinError(
                f"{path} does not begin with a keyframe that resets the decoder (IDR): it was cut out "
                f"of a longer video, or its GOPs are open"
            )
    if not marks:
        raise JoinError(f"{path} has no frames")
    return marks


def _check_beginning(path: Path, marks: list[_Mark], shown: list[int]) -> None:
    """Raise unless no frame needs what came before the file."""
    if not marks[0].is_keyframe:
        raise JoinError(f"{path} does not begin with a keyframe: it was cut out of a longer video")
    if marks[0].pts != shown[0]:
        raise JoinError(
            f"{path} shows a frame before its first keyframe: it was cut out of a video with open GOPs"
        )
    if len(set(shown)) < len(shown):
        raise JoinError(f"{path} has several frames at one time")


def _check_end(path: Path, container: InputContainer, marks: list[_Mark], end: Fraction) -> None:
    """Raise if a file has fewer frames than it should, given the second at which the last one ends."""
    declared = container.streams.video[0].frames  # 0 if the header says nothing
    missing = Fraction(container.duration or 0, av.time_base) - end
    # Matroska says how long the video is, in milliseconds.
    if (declared and declared != len(marks)) or (not declared and missing > Fraction(1, 100)):
        raise JoinError(f"{path} is incomplete: its header tells of frames that it does not have")


def _times(
    stream: VideoStream, marks: list[_Mark], shown: list[int]
) -> tuple[Fraction, tuple[int, ...]]:
    """Return the file's tick in seconds, and the ticks at which frames start and the last one ends.

    MP4 and MOV have a clock of which the interval of frames is a multiple. Matroska rounds times to
    milliseconds; what was rounded is a multiple of the interval that its header declares.
    """
    clock = cast(Fraction, stream.time_base)
    times = [pts - shown[0] for pts in shown]
    end = _end(stream, marks, times)
    rate = stream.average_rate
    if "matroska" not in stream.container.format.name or not rate:
        return clock, (*times, end)
    ticks = [round(time * clock * rate) for time in times]
    is_rounded = all(
        abs(tick / rate - time * clock) <= clock for tick, time in zip(ticks, times, strict=True)
    )
    if not is_rounded or len(set(ticks)) < len(ticks):
        return clock, (*times, end)
    return 1 / rate, (*ticks, max(ticks[-1] + 1, round(end * clock * rate)))


def _end(stream: VideoStream, marks: list[_Mark], times: list[int]) -> int:
    """Return the time at which the last frame ends, in the file's clock."""
    first, last = marks[0], marks[-1]
    if first.dts is not None and last.dts is not None and stream.duration is not None:
        # MP4 and MOV: the sum of all durations. FFmpeg cuts the stream's own at a whole millisecond, and
        # knows no other duration of the last packet of VP9 than the usual one.
        end = max(stream.duration, last.dts + last.duration - first.dts)
        if end > times[-1]:
            return end
    shown_last = max(marks)  # by the time of display
    return times[-1] + max(1, shown_last.duration)


def _reorder(
    marks: list[_Mark], ranks: Mapping[int, int], starts: tuple[int, ...], tick: Fraction
) -> int:
    """Return by how many frames decoding is ahead, given the tick in units of the file's clock.

    At least as many as frames need; more if the file's first time of decoding says so.
    """
    needed = max(idx - ranks[mark.pts] for idx, mark in enumerate(marks))
    first = marks[0]
    if first.dts is None:
        return needed
    interval = min(stop - start for start, stop in pairwise(starts)) * tick
    return max(needed, min(_MAX_REORDER, int((first.pts - first.dts) / interval)))


def _traits(
    container: InputContainer, stream: VideoStream, tick: Fraction, *, alpha: bool
) -> dict[str, str]:
    context = stream.codec_context
    tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
    return {
        "container": _CONTAINERS[container.format.name],
        "codec": context.codec.canonical_name,
        "size": f"{stream.width}x{stream.height}",
        "pixel format": context.pix_fmt or "none",
        "alpha channel": "yes" if alpha else "no",
        "shape of pixels": str(stream.sample_aspect_ratio or Fraction(1)),
        "color tags": ", ".join(str(int(tag)) for tag in tags),
        "clock": f"{1 / tick} ticks/s",
    }


def _picture_traits(path: Path) -> dict[str, str]:
    """Decode the first frame, and return what only it tells."""
    with _opened(path) as container:
        picture = next(container.decode(video=0), None)
    if picture is None:
        raise JoinError(f"{path} has no frame that can be decoded")
    return {
        "rotation": f"{picture.rotation}°",
        "interlacing": "yes" if picture.interlaced_frame else "no",
    }
