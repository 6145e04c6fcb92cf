"""A video file that can be played while it grows: each segment is appended as a whole."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from ..errors import EncoderError
from .muxer import Muxer, encoded_stream
from .segment import Segment
from .segment_copies import VideoFormat

# Elements of Matroska whose content consists of elements.
_MKV_SEGMENT, _MKV_CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"


@dataclass(frozen=True)
class _Memory:
    """A fragment that is made in memory, of a file with a path."""

    path: Path
    temporary: io.BytesIO = field(default_factory=io.BytesIO)


class GrowingFile:
    """Appends segments to a file. What is there after each is a video of all frames so far.

    FFmpeg's own muxers hold back packets until others come, and those of a process that is killed are
    lost. So each segment is made a file of its own, in memory, and what follows its header is appended:
    a fragment of MP4 and MOV, or clusters of Matroska. Chapters would need a header that tells of the
    end, and are left out.

    Not thread-safe.

    Parameters
    ----------
    file : binary file
        Empty, unbuffered, and closed by the caller.
    path : Path
        Its name, for error messages.
    video : VideoFormat
        Of the whole video.

    Attributes
    ----------
    n_frames : int
        Number of frames so far.
    """

    def __init__(self, file: IO[bytes], path: Path, video: VideoFormat) -> None:
        self._file = file
        self._path = path
        self._video = video
        self.n_frames = 0

    def add(self, segment: Segment) -> None:
        """Append a segment, which must start where the one before ended.

        Raises
        ------
        OSError
            If it cannot be written. The file is then as it was before.
        EncoderError
            If FFmpeg makes something else of it than expected. The file is then as it was before.
        """
        assert segment.start == self.n_frames, "segments are not in order"
        fragment = self._fragment(segment)
        end = self._file.tell()
        try:
            while fragment:
                fragment = fragment[self._file.write(fragment) :]
        except OSError:
            self._file.truncate(end)
            raise
        self.n_frames += segment.n_frames

    def _fragment(self, segment: Segment) -> memoryview:
        """Return what to append for a segment."""
        video, memory = self._video, _Memory(self._path)
        offset = video.timeline.start(segment.start)
        timeline = video.timeline.part(segment.start, segment.n_frames)
        stream = encoded_stream(video.encoding, video.size)
        with Muxer(memory, video.encoding, stream, timeline, video.metadata, offset) as muxer:
            muxer.add(replace(segment, start=0))
            tick = muxer.tick
        data = memory.temporary.getbuffer()
        if segment.start == 0:
            return data
        if video.encoding.muxer in ("mp4", "mov"):
            return _mp4_fragment(data, int(offset / video.encoding.fps / tick))
        return _mkv_clusters(data)


def _mp4_fragment(data: memoryview, start: int) -> memoryview:
    """Return the fragment of an MP4 file that holds one, and set its time, which FFmpeg begins at 0."""
    fragment = _find_box(data, b"moof", 0)
    tracks = _find_box(data, b"traf", fragment + 8)
    time = _find_box(data, b"tfdt", tracks + 8)
    assert data[time + 8] == 1, "the time has 4 bytes"
    data[time + 12 : time + 20] = start.to_bytes(8, "big")
    return data[fragment:]


def _find_box(data: memoryview, name: bytes, pos: int) -> int:
    """Return the position of the next box of that name, in MP4: a size of 4 bytes, a name of 4."""
    while data[pos + 4 : pos + 8] != name:
        size = int.from_bytes(data[pos : pos + 4], "big")
        if size < 8:  # of more than 4 bytes, up to the end, or behind it
            raise EncoderError(f"FFmpeg has written a fragment whose {name.decode()} is not found")
        pos += size
    return pos


def _mkv_clusters(data: memoryview) -> memoryview:
    """Return a Matroska file without what comes before its first cluster.

    Elements have a name of 1 to 4 bytes and a size of 1 to 8. The number of leading zeros in each tells
    its length; in a size they and the first 1 are no part of the number.
    """
    pos = 0
    while (name := bytes(data[pos : pos + 4])) != _MKV_CLUSTER:
        if pos + 12 > len(data):  # the longest name and size
            raise EncoderError("FFmpeg has written a fragment whose cluster is not found")
        pos += 9 - data[pos].bit_length()
        n_bytes = 9 - data[pos].bit_length()
        size = int.from_bytes(data[pos : pos + n_bytes], "big") & ((1 << 7 * n_bytes) - 1)
        pos += n_bytes + (0 if name == _MKV_SEGMENT else size)
    return data[pos:]
