"""Reading a video file: its frames and its properties."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from ..errors import OutputError


@dataclass(frozen=True)
class VideoInfo:
    """The properties of a video file, read by decoding it.

    Attributes
    ----------
    container : str
        FFmpeg's name of the container, such as "mov,mp4,m4a,3gp,3g2,mj2".
    codec : str
        Name of the codec, such as "h264".
    pixel_format : str
        FFmpeg's name of the pixel format, such as "yuv420p".
    width, height : int
        Size of the frames in pixels.
    n_frames : int
        Number of frames that can be decoded.
    n_keyframes : int
        Number of keyframes.
    duration : float
        Duration in seconds.
    is_uniform : bool
        Whether all frames are shown for the same time, up to one tick of the file's clock.
    has_alpha : bool
        Whether frames have an alpha channel.
    color_tags : tuple of int
        Color space, primaries and transfer, in the numbers of ITU-T H.273, and the range: 1 for limited,
        2 for full. Where the file does not say, they are 2, and the range 0.
    metadata : dict of str to str
        Title and other texts, by FFmpeg's names in lower case.
    chapters : list of (str, float)
        Titles, and the seconds at which the chapters start.
    file_size : int
        Size of the file in bytes.
    """

    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    n_frames: int
    n_keyframes: int
    duration: float
    is_uniform: bool
    has_alpha: bool
    color_tags: tuple[int, int, int, int]
    metadata: dict[str, str]
    chapters: list[tuple[str, float]]
    file_size: int


def read_frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Decode a file, frame by frame.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3 or 4)
        RGB, or RGBA if the file has an alpha channel; converted by the file's color tags; the caller
        owns it.

    Raises
    ------
    OutputError
        If the file cannot be read.
    """
    with read_errors(path):
        if is_webp(path):
            with _pillow(path) as image:
                for idx in range(image.n_frames):
                    image.seek(idx)
                    yield np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
            return
        with av.open(str(path), "r") as container:
            alpha = has_alpha(container)
            for picture in _pictures(container):
                pixels = picture.to_ndarray(format="rgba" if alpha else "rgb24")
                yield cast(NDArray[np.uint8], pixels)


def probe(path: Path) -> VideoInfo:
    """Decode a file to its end, and return its properties.

    Raises
    ------
    OutputError
        If the file does not exist, or holds no video.
    """
    with read_errors(path):
        return _probe_webp(path) if is_webp(path) else _probe(path)


def intervals_of(path: Path) -> tuple[list[int], Fraction]:
    """Decode a file to its end; return for how many ticks each frame is shown, and seconds in a tick.

    Raises
    ------
    OutputError
        If the file cannot be read.
    """
    with read_errors(path):
        if is_webp(path):
            with _pillow(path) as image:
                return _webp_intervals(image), Fraction(1, 1000)
        file: Any = av.open(str(path), "r")
        with file as container:
            return _intervals(container).tolist(), container.streams.video[0].time_base


def _intervals(container: InputContainer) -> NDArray[np.int64]:
    starts, last = [], 0
    for picture in _pictures(container):
        starts.append(picture.pts or 0)  # damaged files have frames without a timestamp
        last = picture.duration or 0
    if not last and len(starts) > 1:
        last = starts[-1] - starts[-2]
    return np.diff([*starts, starts[-1] + last]) if starts else np.zeros(0, np.int64)


def _probe(path: Path) -> VideoInfo:
    file: Any = av.open(str(path), "r")
    with file as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        intervals, clock = _intervals(container), stream.time_base
        return VideoInfo(
            container=container.format.name,
            codec=context.codec.canonical_name,
            pixel_format=context.pix_fmt,
            width=stream.width,
            height=stream.height,
            n_frames=len(intervals),
            n_keyframes=_count_keyframes(path),
            duration=_duration(container, float(intervals.sum() * clock)),
            is_uniform=bool(np.ptp(intervals) <= 1) if len(intervals) else True,
            has_alpha=has_alpha(container),
            color_tags=(
                int(context.colorspace),
                int(context.color_primaries),
                int(context.color_trc),
                int(context.color_range),
            ),
            metadata={key.lower(): value for key, value in container.metadata.items()},
            chapters=[
                (chapter["metadata"].get("title", ""), float(chapter["start"] * chapter["time_base"]))
                for chapter in container.chapters()
            ],
            file_size=path.stat().st_size,
        )


def poster(path: Path) -> bytes:
    """Return the first frame as a JPEG file."""
    from PIL import Image

    first = next(read_frames(path), None)
    if first is None:
        raise OutputError(f"cannot read {path}: it has no frames")
    file = io.BytesIO()
    Image.fromarray(first).convert("RGB").save(file, "JPEG", quality=85)
    return file.getvalue()


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Raise PyAV's and Pillow's errors as this library's, which name the file."""
    try:
        yield
    except OutputError:
        raise
    except (av.error.FFmpegError, OSError, EOFError, IndexError) as exc:
        # An error of FFmpeg's that is no OSError has this text, too.
        reason = getattr(exc, "strerror", None) or exc
        if isinstance(exc, IndexError):  # of the first video stream
            reason = "it holds no video"
        raise OutputError(f"cannot read {path}: {reason}") from exc


def _count_keyframes(path: Path) -> int:
    with av.open(str(path), "r") as container:
        return sum(packet.is_keyframe for packet in container.demux(video=0) if packet.size)


def _pictures(container: InputContainer) -> Iterator[av.VideoFrame]:
    container.streams.video[0].thread_type = "AUTO"
    yield from decoded(container, has_alpha(container))


def decoded(container: InputContainer, alpha: bool) -> Iterator[av.VideoFrame]:
    """Yield the pictures of an open file from where it stands, with their alpha channel if `alpha`."""
    stream = container.streams.video[0]
    decoder = stream.codec_context
    if alpha and decoder.codec.canonical_name == "vp9":
        decoder = av.Codec("libvpx-vp9", "r").create("video")  # FFmpeg's own ignores alpha
    for packet in container.demux(stream):
        yield from decoder.decode(packet if packet.size else None)


def _duration(container: InputContainer, from_frames: float) -> float:
    """Return the container's duration in seconds, or that of the frames if it has none."""
    return from_frames if not container.duration else container.duration / av.time_base


def has_alpha(container: InputContainer) -> bool:
    """Return whether the frames of a file are transparent."""
    stream = container.streams.video[0]
    pixel_format = stream.codec_context.format
    if stream.codec_context.name == "gif":
        return False  # always decoded to RGBA
    alpha = pixel_format is not None and any(part.is_alpha for part in pixel_format.components)
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    return alpha or tags.get("alpha_mode") == "1"  # VP9's pixel format does not show it


def is_webp(path: Path) -> bool:
    """Return whether this is a WebP file. FFmpeg does not decode animated ones, so Pillow does."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[:4] == b"RIFF" and start[8:] == b"WEBP"


def _pillow(path: Path) -> Any:
    from PIL import Image

    return Image.open(path)


def _webp_intervals(image: Any) -> list[int]:
    intervals = []
    for idx in range(image.n_frames):
        image.seek(idx)
        image.load()
        intervals.append(image.info.get("duration", 0))
    return intervals


def _probe_webp(path: Path) -> VideoInfo:
    with _pillow(path) as image:
        intervals = _webp_intervals(image)
        return VideoInfo(
            container="webp",
            codec="webp",
            pixel_format="bgra" if image.has_transparency_data else "bgr0",
            width=image.width,
            height=image.height,
            n_frames=image.n_frames,
            n_keyframes=1,
            duration=float(Fraction(sum(intervals), 1000)),
            is_uniform=max(intervals) - min(intervals) <= 1,
            has_alpha=bool(image.has_transparency_data),
            color_tags=(0, 1, 13, 2),
            metadata={},
            chapters=[],
            file_size=path.stat().st_size,
        )
