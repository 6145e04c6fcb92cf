"""The container of a video file that is being written: opening, closing, and errors of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

import av
from av.container import OutputContainer

from ..errors import EncoderError, OutputError
from .encoders import Encoding
from .timeline import Timeline

# The index at the front of the file, so that it plays while it loads; its durations in milliseconds, as
# FFmpeg 9 would choose another unit if it already knew one of the stream's; images that loop for ever.
_MP4 = {"movflags": "+faststart", "movie_timescale": "1000"}
_OPTIONS = {
    "mp4": _MP4,
    "mov": _MP4,
    "apng": {"plays": "0"},
    "webp": {"loop": "0"},
}
# Without lengths that are known at the end only; MP4's header waits for the first packet's times.
_MP4_FRAGMENT = {"movflags": "+empty_moov+default_base_moof+delay_moov+skip_trailer"}
_FRAGMENT_OPTIONS = {
    "mp4": _MP4_FRAGMENT,
    "mov": _MP4_FRAGMENT,
    "matroska": {"live": "1"},
    "webm": {"live": "1"},
}


class Destination(Protocol):
    """Where a container is written to."""

    @property
    def path(self) -> Path | str:
        """The file that it becomes, for error messages."""
        ...

    @property
    def temporary(self) -> Path | IO[bytes]:
        """What to write to."""
        ...


def open_container(
    output: Destination,
    encoding: Encoding,
    timeline: Timeline,
    metadata: Mapping[str, str],
    *,
    is_fragment: bool = False,
) -> OutputContainer:
    """Open a container without streams, for a whole file or for a fragment of one that grows."""
    known = _FRAGMENT_OPTIONS if is_fragment else _OPTIONS
    # bitexact: no random numbers in the file
    options = {"fflags": "+bitexact", **known.get(encoding.muxer, {})}
    if encoding.muxer == "apng" and not timeline.is_uniform:
        options["final_delay"] = str(timeline.last_interval)
    with output_errors(output):
        target = output.temporary
        container = av.open(
            str(target) if isinstance(target, Path) else target,
            "w",
            format=encoding.muxer,
            container_options=options,
        )
    container.metadata.update(metadata)
    container.set_chapters(
        [
            {
                "id": idx,
                "start": start,
                "end": stop,
                "time_base": 1 / encoding.fps,
                "metadata": {"title": title},
            }
            for idx, (title, start, stop) in enumerate(timeline.chapters)
        ]
    )
    return container


def close_container(container: OutputContainer, output: Destination, *, complete: bool) -> None:
    """Write what is pending, and close; errors are ignored unless the file is to be `complete`."""
    if complete:
        with output_errors(output):
            container.close()
        return
    try:
        container.close()
    except (av.error.FFmpegError, OSError, ValueError):
        pass  # the file will be removed


@contextmanager
def output_errors(output: Destination) -> Iterator[None]:
    """Raise PyAV's errors as this library's, which name the file."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as exc:
        if isinstance(exc, OSError):
            raise OutputError(f"cannot write {output.path}: {exc.strerror or exc}") from exc
        raise EncoderError(f"encoding {output.path} failed: {exc}") from exc
