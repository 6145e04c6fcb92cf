"""The video file that the caller wants, its options checked together."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_bool, require_text
from .encoder_choice import check_encoder
from .formats import CODECS, Container
from .kept_segments import KeptSegments
from .options import EncodeOptions
from .output_file import as_path
from .outputs import as_destination, name_of
from .partial_file import PartialFile, check_replaceable, partial_path
from .segment_copies import SegmentCopy
from .segment_journal import SegmentJournal
from .timeline import Timeline

# This library's names of metadata, and FFmpeg's.
_METADATA = {
    "title": "title",
    "author": "artist",
    "comment": "comment",
    "copyright": "copyright",
    "date": "date",
}


@dataclass(frozen=True)
class OutputOptions:
    """The video file that the caller wants: its path, its encoding, its timing and its texts.

    Attributes
    ----------
    destination : Path or str
        The absolute path of the file, or its URL.
    encode : EncodeOptions
        How frames are encoded.
    timeline : Timeline
        When frames are shown, and the chapters.
    metadata : mapping of str to str
        Title and other texts, by FFmpeg's names.
    keep_segments : Path or None
        The absolute path of the directory where segments are kept.
    keep_partial : Path or None
        The absolute path of the file that is kept if the render fails.
    """

    destination: Path | str
    encode: EncodeOptions
    timeline: Timeline
    metadata: Mapping[str, str]
    keep_segments: Path | None = None
    keep_partial: Path | None = None

    @classmethod
    def create(
        cls,
        output_file: object,
        encode: EncodeOptions,
        n_frames: int | None,
        *,
        durations: object = None,
        chapters: object = None,
        metadata: object = None,
        keep_segments: object = None,
        keep_partial: object = False,
    ) -> OutputOptions:
        """Check that an encoder takes the options, and that the container can hold the timing and texts.

        Parameters
        ----------
        encode : EncodeOptions
            For the same file.
        n_frames : int or None
            Number of frames; None if unknown.
        output_file, durations, chapters, metadata, keep_segments, keep_partial
            As for `Animator.make_video`.

        Raises
        ------
        OptionError, OptionTypeError
            If an argument is invalid; the message names it.
        EncoderError
            If no encoder on this machine works with the options.
        """
        check_encoder(encode)
        if chapters is not None and not encode.container.has_metadata:
            raise OptionError(f"chapters: {encode.container.muxer} files cannot hold chapters")
        timeline = Timeline.create(encode.fps, n_frames, durations, chapters)
        check_intervals(timeline, encode.container)
        if not timeline.is_uniform and timeline.n_frames == 1 and encode.codec in ("apng", "webp"):
            raise OptionError(
                f"durations: a single frame is a still image in {encode.container.muxer} files"
            )
        destination = as_destination(output_file)
        path = destination if isinstance(destination, Path) else Path.cwd() / name_of(destination)
        texts = check_metadata(metadata, encode.container)
        segments = _segment_directory(keep_segments, path)
        partial = _partial_file(keep_partial, path, encode)
        return cls(destination, encode, timeline, texts, segments, partial)

    @contextmanager
    def open_copies(self, journal: SegmentJournal | None = None) -> Iterator[list[SegmentCopy]]:
        """Open what takes the segments besides the video, a journal among it if there is one.

        It is closed after all that writes the video.
        """
        with ExitStack() as opened:
            copies: list[SegmentCopy] = []
            if self.keep_segments is not None:
                suffix = self.name.suffix or CODECS[self.encode.codec].suffix
                copies.append(opened.enter_context(KeptSegments(self.keep_segments, suffix)))
            if self.keep_partial is not None and journal is None:
                journal = opened.enter_context(SegmentJournal(self.keep_partial.parent))
            if journal is not None:
                copies.append(journal)
            if self.keep_partial is not None and journal is not None:
                copies.append(opened.enter_context(PartialFile(self.keep_partial, journal)))
            yield copies

    @property
    def name(self) -> Path:
        """The name of the file, without directories."""
        return name_of(self.destination)

    @property
    def folder(self) -> Path:
        """A directory of this machine for what is written besides: that of the file, if it is here."""
        here = self.destination
        return here.parent if isinstance(here, Path) else Path(tempfile.gettempdir())

    @property
    def own_paths(self) -> list[Path | str]:
        """Return the files that the render writes to, but for those of segments."""
        return [self.destination, *([] if self.keep_partial is None else [self.keep_partial])]

    def with_alpha(self) -> OutputOptions:
        """Return the options for frames that turn out to have an alpha channel, which may be lost."""
        encode = self.encode.with_alpha()
        encode.warn_of_lost_alpha()
        check_encoder(encode)
        return replace(self, encode=encode)


def check_intervals(timeline: Timeline, container: Container) -> None:
    """Raise unless a kind of file can show all frames for as long as they are to be shown."""
    longest = float(timeline.longest_interval)
    if longest > container.max_seconds:
        raise OptionError(
            f"a frame is shown for {longest:g} s, but {container.muxer} files can show one for at most "
            f"{container.max_seconds:g} s"
        )


def check_metadata(metadata: object, container: Container) -> dict[str, str]:
    """Return metadata by FFmpeg's names, or raise if a kind of file cannot hold it."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise OptionTypeError(
            f'metadata must be a dict such as {{"title": "Waves"}}, got {in_short(metadata)}'
        )
    if metadata and not container.has_metadata:
        raise OptionError(f"metadata: {container.muxer} files cannot hold metadata")
    unknown = [key for key in metadata if key not in _METADATA]
    if unknown:
        raise OptionError(f"metadata takes {', '.join(_METADATA)}, got {', '.join(map(repr, unknown))}")
    return {_METADATA[key]: require_text(f"metadata[{key!r}]", value) for key, value in metadata.items()}


def _segment_directory(keep_segments: object, output_file: Path) -> Path | None:
    """Return the absolute path of an empty or missing directory, or raise if it is something else."""
    if keep_segments is None:
        return None
    directory = Path(os.path.abspath(as_path(keep_segments, "keep_segments")))
    if os.path.realpath(directory) == os.path.realpath(output_file.parent):
        raise OptionError(
            f"keep_segments must be another directory than that of output_file, got {directory}"
        )
    try:
        is_empty = not directory.exists() or not any(directory.iterdir())
    except OSError as exc:
        raise OptionError(f"keep_segments: cannot read {directory}: {exc.strerror}") from exc
    if not is_empty:
        raise OptionError(
            f"keep_segments must be a new or an empty directory, so that no file is overwritten, but "
            f"{directory} holds files: give another one, or move them away"
        )
    return directory


def _partial_file(keep_partial: object, output_file: Path, encode: EncodeOptions) -> Path | None:
    """Return the absolute path of the file, or raise if it cannot be kept."""
    if not require_bool("keep_partial", keep_partial):
        return None
    encode.require_segments("keep_partial=True")
    path = partial_path(output_file, output_file.suffix or CODECS[encode.codec].suffix)
    check_replaceable(path)
    return path
