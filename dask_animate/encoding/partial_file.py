"""The file of a video that is not complete: there while the render runs, and kept if it fails."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO

import av

from ..errors import AnimateError, OptionError, Restart
from .growing_file import GrowingFile
from .output_file import OutputFile
from .segment import Segment
from .segment_copies import VideoFormat
from .segment_journal import SegmentJournal

#: The last line of the comment in each such file, by which later renders know that they may replace it.
_MARK = "partial video of dask_animate"


class PartialFile:
    """Keeps the segments of a render as a file that can be played, unless the render succeeds.

    The file appears with the first segment and grows with each, so it is also left if the process is
    killed. If the render fails, it is replaced by one with an index and chapters, and the error gets a
    note that names it. It is removed if the render succeeds or begins again. If it cannot be written,
    such as on a full disk, the render goes on, and the file stays as it was.

    A context manager around the render.

    Not thread-safe.

    Parameters
    ----------
    path : Path
        Its name. A file that an earlier render left there is replaced, no other.
    journal : SegmentJournal
        Gets the same segments, each before this does.
    """

    def __init__(self, path: Path, journal: SegmentJournal) -> None:
        self._path = path
        self._journal = journal
        self._growing: GrowingFile | None = None
        self._file: IO[bytes] | None = None
        self._metadata: Mapping[str, str] = {}
        self._failure: str | None = None

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with self._file or nullcontext():
            if exc is None or isinstance(exc, Restart):
                self._remove()
                return
        if self._growing is not None or self._failure is not None:
            exc.add_note(f"keep_partial: {self._complete()}")

    def add(self, segment: Segment, video: VideoFormat) -> None:
        """Add the next segment."""
        if self._failure is not None:
            return
        try:
            if self._growing is None:
                self._growing = self._begin(segment, video)
            else:
                self._growing.add(segment)
        except (OSError, AnimateError) as exc:
            self._failure = str(exc)

    def _begin(self, segment: Segment, video: VideoFormat) -> GrowingFile:
        """Put a file of the first segment in place."""
        lines = [*filter(None, [video.metadata.get("comment")]), _MARK]
        self._metadata = {**video.metadata, "comment": "\n".join(lines)}
        with OutputFile(self._path) as output:
            file = output.temporary.open("wb", buffering=0)
            try:
                growing = GrowingFile(file, self._path, replace(video, metadata=self._metadata))
                growing.add(segment)
                check_replaceable(self._path)
                output.commit()
            except BaseException:
                file.close()
                raise
        self._file = file
        return growing

    def _complete(self) -> str:
        """Replace the file by one with an index, and say what there is."""
        if self._growing is None:
            return f"no frames could be kept: {self._failure}"
        try:
            check_replaceable(self._path)
            n_frames = self._journal.write(self._path, self._metadata).n_frames
        except AnimateError as exc:
            n_frames, reason = self._growing.n_frames, self._failure or exc
            return f"{self._path} shows the first {n_frames} frames, without an index: {reason}"
        return f"{self._path} shows the first {n_frames} frames"

    def _remove(self) -> None:
        """Remove the file, unless another one has its name by now."""
        if self._file is None:
            return
        with suppress(OSError):
            if os.path.samestat(self._path.lstat(), os.fstat(self._file.fileno())):
                self._path.unlink()


def partial_path(output_file: Path, suffix: str) -> Path:
    """Return the name of the file for an output file with or without that suffix."""
    return output_file.with_name(f"{output_file.name.removesuffix(suffix)}.partial{suffix}")


def check_replaceable(path: Path) -> None:
    """Raise unless a name is free, or that of a file that an earlier render left."""
    if os.path.lexists(path) and not _is_partial(path):
        raise OptionError(
            f"keep_partial=True needs the name {path}, which something else has that was not left by an "
            f"earlier render: move it away"
        )


def _is_partial(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with av.open(str(path), "r") as container:
            texts = {name.lower(): text for name, text in container.metadata.items()}
    except (av.error.FFmpegError, OSError, ValueError):
        return False
    return texts.get("comment", "").endswith(_MARK)
