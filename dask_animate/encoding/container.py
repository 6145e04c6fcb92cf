"""The container of a video file that is being written: opening, closing, and errors of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import av
from av.container import OutputContainer

from ..errors import EncoderError, OutputError
from .encoders import Encoding
from .output_file import OutputFile
from .timeline import Timeline

# The index at the front of the file, so that it plays while it loads; images that loop for ever.
_OPTIONS = {
    "mp4": {"movflags": "+faststart"},
    "mov": {"movflags": "+faststart"},
    "apng": {"plays": "0"},
    "webp": {"loop": "0"},
}


def open_container(
    output: OutputFile, encoding: Encoding, timeline: Timeline, metadata: Mapping[str, str]
) -> OutputContainer:
    """Open the temporary file of an output as a container without streams."""
    # bitexact: no random numbers in the file
    options = {"fflags": "+bitexact", **_OPTIONS.get(encoding.muxer, {})}
    if encoding.muxer == "apng" and not timeline.is_uniform:
        options["final_delay"] = str(timeline.last_interval)
    with output_errors(output):
        container = av.open(str(output.temporary), "w", format=encoding.muxer, container_options=options)
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


def close_container(container: OutputContainer, output: OutputFile, *, complete: bool) -> None:
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
def output_errors(output: OutputFile) -> Iterator[None]:
    """Raise PyAV's errors as this library's, which name the file."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as exc:
        if isinstance(exc, OSError):
            raise OutputError(f"cannot write {output.path}: {exc.strerror or exc}") from exc
        raise EncoderError(f"encoding {output.path} failed: {exc}") from exc
