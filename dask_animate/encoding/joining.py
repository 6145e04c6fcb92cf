"""Video files → one video file, without decoding or encoding again."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from ..errors import JoinError, OptionError, OptionTypeError
from ..frames import FrameSize
from ..validation import in_short
from .encoders import Encoding
from .formats import Container, container_of
from .muxer import AddStream, Muxer
from .output_file import as_path
from .output_options import check_intervals, check_metadata
from .outputs import as_destination, name_of, open_output
from .parts import Part, read_part
from .segment import Segment
from .timeline import Timeline


@dataclass(frozen=True)
class Joined:
    """A video file that was made of others.

    Attributes
    ----------
    path : Path or str
        Its absolute path, or its URL.
    n_bytes : int
        Its size.
    encoding : Encoding
        How its frames are encoded; by an encoder named "copy", as FFmpeg calls it.
    size : FrameSize
        Of its frames.
    part_sizes : tuple of int
        Frames of each part.
    seconds : float
        Its duration.
    """

    path: Path | str
    n_bytes: int
    encoding: Encoding
    size: FrameSize
    part_sizes: tuple[int, ...]
    seconds: float


def join_files(
    files: object, output_file: object, *, chapters: object = None, metadata: object = None
) -> Joined:
    """Join files; see `dask_animate.join`. All of them are read before anything is written."""
    destination = as_destination(output_file)
    paths = _paths(files, destination)
    parts = _read(paths)
    _check_fit(parts)
    first = parts[0]
    container, _ = container_of(name_of(destination), first.codec)
    fps, starts = _in_a_row(parts)
    _check_container(container, first, fps)
    timeline = Timeline.of_starts(fps, starts, chapters)
    check_intervals(timeline, container)
    texts = check_metadata(metadata, container)
    encoding = _encoding(parts, fps, container)
    with open_output(destination) as file:
        with Muxer(file, encoding, _copied_stream(first, encoding), timeline, texts) as muxer:
            for part in parts:
                for segment in part.segments(muxer.n_frames):
                    muxer.add(segment)
        file.commit()
    sizes = tuple(part.n_frames for part in parts)
    size = FrameSize(first.height, first.width)
    return Joined(file.path, file.n_bytes, encoding, size, sizes, timeline.seconds(sum(sizes)))


def _paths(files: object, output_file: Path | str) -> list[Path]:
    """Return the paths of the parts; raise if they are none, or if the output is among them."""
    if isinstance(files, str | bytes | os.PathLike):
        raise OptionTypeError(
            f"files must be a list of paths in their order, got {in_short(files)}: give "
            f'sorted(glob.glob("parts/*.mp4")), for example'
        )
    if not isinstance(files, Iterable):
        raise OptionTypeError(f"files must be a list of paths in their order, got {in_short(files)}")
    paths = [as_path(path, f"files[{idx}]") for idx, path in enumerate(files)]
    if not paths:
        raise OptionError("files is empty: give the paths of one video file or more")
    for path in paths:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise JoinError(f"{path} is not a file")
    for idx, path in enumerate(paths):
        if os.path.realpath(path) == os.path.realpath(output_file):
            raise OptionError(f"output_file is files[{idx}], {path}: give another name")
    return paths


def _read(paths: Sequence[Path]) -> list[Part]:
    """Read each part once, even if it occurs several times."""
    known = {path: read_part(path) for path in dict.fromkeys(paths)}
    return [known[path] for path in paths]


def _check_fit(parts: Sequence[Part]) -> None:
    """Raise unless one decoder can decode all parts, and one header describes them."""
    first = parts[0]
    for part in parts[1:]:
        for name, value in part.traits.items():
            if value != first.traits[name]:
                raise JoinError(
                    f"{part.path} does not fit the first part, {first.path}: {name}: {value}, in the "
                    f"first {first.traits[name]}"
                )
        if part.header != first.header:
            raise JoinError(
                f"{part.path} does not fit the first part, {first.path}: it has a "
                f"different header, so it was encoded by another encoder, with other options or at "
                f"another frame rate"
            )


def _check_container(container: Container, first: Part, fps: Fraction) -> None:
    """Raise unless a kind of file holds the alpha channel and the times of the parts."""
    if first.traits["rotation"] != "0°" and container.muxer not in ("mp4", "mov"):
        raise OptionError(
            f"output_file: {container.muxer} files cannot say that the parts are rotated: give a name "
            f"that ends in .mp4 or .mov"
        )
    if first.has_alpha and not container.has_alpha:
        raise OptionError(
            f"output_file: {container.muxer} files cannot be transparent, as the parts are: give a name "
            f"that ends in .webm or .mkv"
        )
    if container.max_fps is not None and fps > container.max_fps:
        raise OptionError(
            f"output_file: {container.muxer} files count in 1/{container.max_fps} s, but times in the "
            f"parts are multiples of 1/{float(fps):g} s: give a name that ends in .mp4"
        )


def _in_a_row(parts: Sequence[Part]) -> tuple[Fraction, list[int]]:
    """Return ticks per second, and the tick at which each frame starts and the last one ends."""
    starts = [0]
    for part in parts:
        end = starts[-1]
        starts += [end + start for start in part.starts[1:]]
    # MP4's clock is finer than the interval of frames by a factor that no header tells.
    divisor = math.gcd(*starts) if "MP4" in parts[0].traits["container"] else 1
    return 1 / (parts[0].tick * divisor), [start // divisor for start in starts]


def _encoding(parts: Sequence[Part], fps: Fraction, container: Container) -> Encoding:
    first = parts[0]
    return Encoding(
        fps=fps,
        codec=first.codec,
        muxer=container.muxer,
        pixel_format=first.pixel_format,
        keep_alpha=first.has_alpha,
        dither=None,
        encoder="copy",
        encoder_options=(),
        reorder=max(part.reorder for part in parts),
    )


def _copied_stream(first: Part, encoding: Encoding) -> AddStream:
    """Return what adds a stream with the header of the first part."""

    def add(container: OutputContainer, segment: Segment) -> VideoStream:
        with av.open(os.path.abspath(first.path), "r") as source:
            stream = container.add_stream_from_template(source.streams.video[0], opaque=True)
        stream.codec_context.framerate = encoding.fps
        stream.codec_context.bit_rate = 0  # that of the first part says nothing about all of them
        # The clock of MP4 files stays, so that the result can be joined with other parts.
        stream.time_base = first.tick
        return stream

    return add
