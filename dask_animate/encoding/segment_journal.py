"""The segments of a render so far, of which a file can be made at any time."""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from ..errors import NoFramesError, OutputError
from .muxer import Muxer, encoded_stream
from .outputs import as_destination, open_output
from .segment import Segment
from .segment_copies import VideoFormat


@dataclass(frozen=True)
class Beginning:
    """A video file of the first frames of a render.

    Attributes
    ----------
    path : Path or str
        Its absolute path, or its URL.
    n_bytes : int
        Its size.
    n_frames : int
        Number of frames.
    video : VideoFormat
        Of the whole video.
    """

    path: Path | str
    n_bytes: int
    n_frames: int
    video: VideoFormat


class SegmentJournal:
    """Keeps the segments of a render on disk, in order, for a file of all that have come so far.

    They lie in a file that has no name, so nothing is left if the process is killed. If it cannot be
    written, such as on a full disk, the render goes on without it: it is a copy only, and its space may
    be what the video itself needs. From then on, `write` raises an error that says so.

    A context manager; leaving it frees the disk.

    Thread-safe: one thread adds segments while others write files of them. Each holds one segment in
    memory.

    Parameters
    ----------
    directory : Path
        Where the file lies, once there is a segment.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._starts = [0]  # of the segments in the file, in bytes, and the end of the last
        self._n_frames = 0
        self._video: VideoFormat | None = None
        self._failure: str | None = None

    def __enter__(self) -> SegmentJournal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the disk."""
        with self._lock:
            self._give_up("the journal of the render is closed")

    def add(self, segment: Segment, video: VideoFormat) -> None:
        """Keep the next segment.

        Parameters
        ----------
        segment : Segment
            Not changed.
        video : VideoFormat
            Of the whole video; the same each time.
        """
        with self._lock:
            if self._failure is not None:
                return
            try:
                self._append(segment)
            except OSError as exc:
                self._give_up(
                    f"the frames so far could not be kept in {self._directory}: {exc.strerror or exc}"
                )
            else:
                self._video = video

    def write(
        self, output_file: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
    ) -> Beginning:
        """Write all segments so far to a video file, with the chapters that have begun.

        The file is as complete as that of the whole video, and appears in one step.

        Parameters
        ----------
        output_file : path-like
            Path of the file; one that exists is replaced.
        metadata : mapping of str to str, optional
            Texts in place of those of the whole video, by FFmpeg's names.

        Returns
        -------
        Beginning
            What was written.

        Raises
        ------
        NoFramesError
            If there is no segment yet.
        OutputError
            If the file cannot be written, or if segments could not be kept.
        """
        video, n_segments, n_frames = self._state()
        timeline = video.timeline.beginning(n_frames)
        stream = encoded_stream(video.encoding, video.size)
        with open_output(as_destination(output_file)) as file:
            texts = video.metadata if metadata is None else metadata
            with Muxer(file, video.encoding, stream, timeline, texts) as muxer:
                for idx in range(n_segments):
                    muxer.add(self._read(idx))
            file.commit()
        return Beginning(file.path, file.n_bytes, n_frames, video)

    def _state(self) -> tuple[VideoFormat, int, int]:
        """Return the format, and the numbers of segments and of frames."""
        with self._lock:
            if self._failure is not None:
                raise OutputError(self._failure)
            if self._video is None:
                raise NoFramesError(
                    "no segment is complete yet; where the calling process encodes, one has up to 250 "
                    'frames: encode_on="workers" has shorter ones'
                )
            return self._video, len(self._starts) - 1, self._n_frames

    def _append(self, segment: Segment) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._directory)
        self._file.seek(self._starts[-1])
        pickle.dump(segment, self._file, protocol=5)
        self._file.flush()
        self._starts.append(self._file.tell())
        self._n_frames += segment.n_frames

    def _read(self, idx: int) -> Segment:
        with self._lock:
            if self._failure is not None:
                raise OutputError(self._failure)
            assert self._file is not None
            self._file.seek(self._starts[idx])
            return cast(Segment, pickle.load(self._file))

    def _give_up(self, reason: str) -> None:
        self._failure = self._failure or reason
        if self._file is not None:
            with suppress(OSError):  # what is not written yet is not needed either
                self._file.close()
            self._file = None
