"""Frames of a video file by their numbers, in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from ..errors import OutputError
from .decoding import decoded, has_alpha, intervals_of, is_webp, read_errors, read_frames

#: FFmpeg's names of the containers that store when each frame is shown, and what can be decoded alone.
_SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts")


@dataclass(frozen=True)
class VideoIndex:
    """What has to be known of a video file in order to find its frames.

    Attributes
    ----------
    n_frames : int
        Number of frames.
    fps : Fraction
        Frames per second, on average.
    durations : tuple of Fraction, or None
        For how many seconds each frame is shown; None if all are shown equally long.
    shape : tuple of int
        Shape of each frame: height, width, and 3 for RGB or 4 for RGBA.
    pts : ndarray of int64, shape (n_frames,), or None
        When frames are shown, in ticks of the file's clock; None if frames can only be counted.
    keyframes : ndarray of int64
        When the keyframes are shown, at which decoding can begin; empty if frames can only be counted.
        The first may be hidden, before the first frame that is shown.
    """

    n_frames: int
    fps: Fraction
    durations: tuple[Fraction, ...] | None
    shape: tuple[int, int, int]
    pts: NDArray[np.int64] | None
    keyframes: NDArray[np.int64]

    def keyframe_of(self, pts: int) -> int:
        """Return when the last keyframe is shown up to a time."""
        return int(self.keyframes[np.searchsorted(self.keyframes, pts, "right") - 1])


def read_index(path: Path) -> VideoIndex:
    """Return the index of a video file.

    Files in MP4, MOV, Matroska, WebM and MPEG-TS are read, but not decoded; others are decoded.

    Raises
    ------
    OutputError
        If the file cannot be read, or holds no video.
    """
    with read_errors(path):
        found = None if is_webp(path) else _demuxed(path)
    return found or _counted(path)


def _demuxed(path: Path) -> VideoIndex | None:
    """Return the index by the times of the packets; None if these do not say where frames are."""
    with av.open(str(path), "r") as container:
        if container.format.name not in _SEEKABLE:
            return None
        stream: Any = container.streams.video[0]
        fps = stream.average_rate or stream.guessed_rate
        shape = (stream.height, stream.width, 4 if has_alpha(container) else 3)
        packets = [packet for packet in container.demux(stream) if packet.size]
        clock, is_mov = stream.time_base, container.format.name == _SEEKABLE[0]
        end = stream.start_time + stream.duration if is_mov and stream.duration else None
    times = {packet.pts for packet in packets}
    if not fps or None in times or len(times) < len(packets):
        return None
    shown = sorted((packet for packet in packets if not packet.is_discard), key=lambda one: one.pts)
    pts = np.array([packet.pts for packet in shown], np.int64)
    keyframes = np.array(sorted(packet.pts for packet in packets if packet.is_keyframe), np.int64)
    if not len(pts) or not packets[0].is_keyframe or packets[0].pts > min(times):
        return None  # begins in the middle
    # A packet of MOV lasts until the next one is decoded, which need not be the next one shown.
    last = shown[-1].duration or 0 if end is None else end - shown[-1].pts
    intervals = [*np.diff(pts).tolist(), last]
    return VideoIndex(len(pts), *_rate(intervals, clock, Fraction(fps)), shape, pts, keyframes)


def _counted(path: Path) -> VideoIndex:
    first = next(read_frames(path), None)
    intervals, clock = intervals_of(path)
    if first is None or not intervals:
        raise OutputError(f"cannot read {path}: it has no frames")
    rate = _rate(intervals, clock, _nominal_rate(path, sum(intervals) * clock / len(intervals)))
    return VideoIndex(len(intervals), *rate, first.shape, None, np.empty(0, np.int64))


def _nominal_rate(path: Path, interval: Fraction) -> Fraction:
    if is_webp(path):
        return (1 / (interval or Fraction(1))).limit_denominator(1000)
    with av.open(str(path), "r") as container:
        stream: Any = container.streams.video[0]
        return Fraction(stream.average_rate or stream.guessed_rate or 1)


def _rate(
    intervals: Sequence[int], clock: Fraction, nominal: Fraction
) -> tuple[Fraction, tuple[Fraction, ...] | None]:
    """Return the frames per second, and for how long each frame is shown unless it is equally long.

    It is if at the nominal rate, or at the average one, no frame is shown more than half a frame too
    early or too late. Files whose times make no sense, too, count as having the nominal rate.

    Parameters
    ----------
    intervals : sequence of int
        For how many ticks each frame is shown.
    clock : Fraction
        Seconds in a tick.
    nominal : Fraction
        Frames per second that the file says.
    """
    *between, last = intervals
    shortest = min(between, default=1)
    if shortest <= 0:
        return nominal, None
    starts = np.cumsum([0, *between])
    ending = last if last > 0 else shortest
    mean = Fraction(len(intervals), sum(between) + ending)
    for rate in (nominal, mean / clock):
        ticks = 1 / (rate * clock)  # of one frame
        late = np.abs(starts - np.arange(len(starts)) * float(ticks)).max()
        if late <= ticks / 2 and last <= 3 * ticks / 2:  # some files have none or a short one at the end
            return rate, None
    return mean / clock, tuple(ticks * clock for ticks in (*between, ending))


class FrameReader:
    """Decodes frames of a video file, each exactly as when the file is decoded from its start.

    Frames in rising order are decoded one after another. For others, decoding begins again at the
    keyframe before. Not thread-safe.

    Parameters
    ----------
    path : Path
        The file.
    index : VideoIndex
        Its index.
    """

    def __init__(self, path: Path, index: VideoIndex) -> None:
        self._path = path
        self._index = index
        self._container: Any = None
        self._frames: Iterator[NDArray[np.uint8]] = iter(())  # if they are counted
        self._pictures: Iterator[av.VideoFrame] = iter(())  # if they are found by their times
        self._number = -1  # of the frame decoded last
        self._pixels: NDArray[np.uint8] = np.empty(0, np.uint8)

    def read(self, number: int) -> NDArray[np.uint8]:
        """Return a frame.

        Parameters
        ----------
        number : int
            Its number, from 0.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3 or 4)
            RGB or RGBA; read-only, as it is returned again if the same frame is read next.

        Raises
        ------
        OutputError
            If it cannot be decoded.
        """
        if number == self._number:
            return self._pixels
        with read_errors(self._path):
            pixels = self._counted(number) if self._index.pts is None else self._sought(number)
        if pixels is None:
            raise OutputError(f"cannot read {self._path}: frame {number} cannot be decoded")
        pixels.flags.writeable = False
        self._pixels, self._number = pixels, number
        return self._pixels

    def _counted(self, number: int) -> NDArray[np.uint8] | None:
        if not 0 <= self._number < number:
            self._frames, self._number = read_frames(self._path), -1
        return next(islice(self._frames, number - self._number - 1, None), None)

    def _sought(self, number: int) -> NDArray[np.uint8] | None:
        all_pts = self._index.pts
        assert all_pts is not None
        pts = int(all_pts[number])
        keyframe = self._index.keyframe_of(pts)
        if not (0 <= self._number < number and keyframe <= all_pts[self._number + 1]):
            self._pictures = self._decoded_from(keyframe)
        self._number = -1  # in case that this fails
        picture = self._next(pts)
        if picture is None:  # nothing can be decoded from there
            self._pictures = self._decoded()
            picture = self._next(pts)
        if picture is None:
            return None
        pixels = picture.to_ndarray(format="rgba" if self._index.shape[2] == 4 else "rgb24")
        return cast(NDArray[np.uint8], pixels)

    def _next(self, pts: int) -> av.VideoFrame | None:
        for picture in self._pictures:
            if picture.pts == pts:
                return picture
            if picture.pts is None or picture.pts > pts:
                break
        return None

    def _decoded_from(self, keyframe: int) -> Iterator[av.VideoFrame]:
        """Yield pictures from a keyframe on, in the order in which they are shown, or none."""
        # Those before the keyframe may refer to others that were skipped.
        pictures = dropwhile(lambda picture: (picture.pts or 0) < keyframe, self._decoded(keyframe))
        first = next(pictures, None)
        # Where pictures are refreshed part by part, the first ones after a keyframe are incomplete. Some
        # decoders leave them out.
        if first is not None and first.pts == keyframe and first.pict_type == PictureType.I:
            yield first
            yield from pictures

    def _decoded(self, pts: int | None = None) -> Iterator[av.VideoFrame]:
        """Decode the file, from its start or from a keyframe before a time."""
        if self._container is None or pts is None:
            self._container = av.open(str(self._path), "r")
        if pts is not None:
            self._container.seek(pts, stream=self._container.streams.video[0])
        yield from decoded(self._container, self._index.shape[2] == 4)
