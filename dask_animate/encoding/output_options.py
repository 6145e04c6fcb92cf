"""The video file that the caller wants, its options checked together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_text
from .encoder_choice import check_encoder
from .formats import Container
from .options import EncodeOptions
from .output_file import as_path
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
    path : Path
        The absolute path of the file.
    encode : EncodeOptions
        How frames are encoded.
    timeline : Timeline
        When frames are shown, and the chapters.
    metadata : mapping of str to str
        Title and other texts, by FFmpeg's names.
    """

    path: Path
    encode: EncodeOptions
    timeline: Timeline
    metadata: Mapping[str, str]

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
    ) -> OutputOptions:
        """Check that an encoder takes the options, and that the container can hold the timing and texts.

        Parameters
        ----------
        encode : EncodeOptions
            For the same file.
        n_frames : int or None
            Number of frames; None if unknown.
        output_file, durations, chapters, metadata
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
        _check_intervals(timeline, encode)
        path = Path(os.path.abspath(as_path(output_file)))
        return cls(path, encode, timeline, _metadata(metadata, encode.container))

    def with_alpha(self) -> OutputOptions:
        """Return the options for frames that turn out to have an alpha channel, which may be lost."""
        encode = self.encode.with_alpha()
        encode.warn_of_lost_alpha()
        check_encoder(encode)
        return replace(self, encode=encode)


def _check_intervals(timeline: Timeline, encode: EncodeOptions) -> None:
    container = encode.container
    longest = float(timeline.longest_interval)
    if longest > container.max_seconds:
        raise OptionError(
            f"a frame is shown for {longest:g} s, but {container.muxer} files can show one for at most "
            f"{container.max_seconds:g} s"
        )
    if not timeline.is_uniform and timeline.n_frames == 1 and encode.codec in ("apng", "webp"):
        raise OptionError(f"durations: a single frame is a still image in {container.muxer} files")


def _metadata(metadata: object, container: Container) -> dict[str, str]:
    """Return metadata by FFmpeg's names."""
    if metadata and not container.has_metadata:
        raise OptionError(f"metadata: {container.muxer} files cannot hold metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise OptionTypeError(
            f'metadata must be a dict such as {{"title": "Waves"}}, got {in_short(metadata)}'
        )
    unknown = [key for key in metadata if key not in _METADATA]
    if unknown:
        raise OptionError(f"metadata takes {', '.join(_METADATA)}, got {', '.join(map(repr, unknown))}")
    return {_METADATA[key]: require_text(f"metadata[{key!r}]", value) for key, value in metadata.items()}
