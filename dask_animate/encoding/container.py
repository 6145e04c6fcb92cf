"""A video file that is being written: its header, its closing, and what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import av

from ..errors import EncoderError, OutputError
from .encoders import Encoding
from .output_file import OutputFile
from .timeline import Timeline

# The index at the front; nothing random in the file; images that begin again when they end.
_OPTIONS = {
    "mp4": {"movflags": "+faststart"},
    "mov": {"movflags": "+faststart"},
    "apng": {"plays": "0"},
    "webp": {"loop": "0"},
}


def open_container(
    output: OutputFile, encoding: Encoding, timeline: Timeline, metadata: Mapping[str, str]
) -> Any:
    """Return an `av.OutputContainer` without streams, for the temporary file of an output."""
    options = {"fflags": "+bitexact", **_OPTIONS.get(encoding.muxer, {})}
    if encoding.muxer == "apng" and not timeline.is_uniform:
        options["final_delay"] = str(timeline.last_interval)
    with output_errors(output):
        container: Any = av.open(
            str(output.temporary),
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


def close_container(container: Any, output: OutputFile, *, complete: bool) -> None:
    """Write what is left and close; errors count only if the file is to be `complete`."""
    if complete:
        with output_errors(output):
            container.close()
        return
    try:
        container.close()
    except (av.error.FFmpegError, OSError, ValueError):
        pass  # the file is thrown away


@contextmanager
def output_errors(output: OutputFile) -> Iterator[None]:
    """Turn PyAV's errors into ours, saying what was being written."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as exc:
        if isinstance(exc, OSError):
            raise OutputError(f"cannot write {output.path}: {exc.strerror or exc}") from exc
        raise EncoderError(f"encoding {output.path} failed: {exc}") from exc
