"""Segments of a render, each kept as a file of its own that can be played."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ..errors import OutputError
from .muxer import Muxer, encoded_stream
from .output_file import Directories, OutputFile
from .segment import Segment
from .segment_copies import VideoFormat

#: Digits of a frame index in a name, if that is enough for all frames, and if their number is unknown.
_DIGITS, _MOST_DIGITS = 6, 12


class KeptSegments:
    """A directory to which the segments of one render go.

    A context manager. Entering it makes the directory and proves that it is writable. Leaving it removes
    the directory if it was made and is still empty. Each file appears complete or not at all, and stays
    whatever becomes of the render.

    Not thread-safe.

    Parameters
    ----------
    directory : Path
        Missing or empty.
    suffix : str
        Suffix of the files.
    """

    def __init__(self, directory: Path, suffix: str) -> None:
        self._directory = directory
        self._suffix = suffix
        self._made = Directories()

    def __enter__(self) -> KeptSegments:
        try:
            self._made.make(self._directory)
            tempfile.TemporaryFile(dir=self._directory).close()
        except OSError as exc:
            self._made.remove()
            raise OutputError(
                f"keep_segments: cannot write to {self._directory}: {exc.strerror or exc}"
            ) from exc
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._made.remove()

    def add(self, segment: Segment, video: VideoFormat) -> None:
        """Write a segment to a file that is named by its first and its last frame.

        Parameters
        ----------
        segment : Segment
            Not changed.
        video : VideoFormat
            Of the whole video.

        Raises
        ------
        OutputError
            If the file cannot be written, or if there is one with its name.
        """
        path = self._directory / self._name(segment, video.timeline.n_frames)
        if path.exists():
            raise OutputError(f"keep_segments: {path} exists already, made by somebody else")
        part = video.timeline.part(segment.start, segment.n_frames)
        with OutputFile(path) as file:
            stream = encoded_stream(video.encoding, video.size)
            with Muxer(file, video.encoding, stream, part, {}) as muxer:
                muxer.add(replace(segment, start=0))
            file.commit()

    def _name(self, segment: Segment, n_frames: int | None) -> str:
        digits = _MOST_DIGITS if n_frames is None else max(_DIGITS, len(str(n_frames - 1)))
        first, last = segment.start, segment.start + segment.n_frames - 1
        return f"{first:0{digits}}-{last:0{digits}}{self._suffix}"
