"""The tables of containers and codecs: which codecs a container holds, and in which pixel formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import OptionError
from ..frames import FrameSize
from ..validation import in_short, require_choice


@dataclass(frozen=True)
class Container:
    """A kind of file.

    Attributes
    ----------
    muxer : str
        FFmpeg's name.
    codecs : tuple of str
        Codecs that it holds; the first is the default.
    mime : str
        Media type.
    has_metadata : bool
        Whether it holds a title and other texts, and chapters.
    max_fps : int or None
        Highest frame rate that its clock resolves; None if any.
    max_seconds : float
        Longest time for which a frame can be shown.
    has_alpha : bool
        Whether players look for an alpha channel in it.
    """

    muxer: str
    codecs: tuple[str, ...]
    mime: str
    has_metadata: bool = False
    max_fps: int | None = None
    max_seconds: float = 86_400
    has_alpha: bool = True


@dataclass(frozen=True)
class Codec:
    """A way of encoding frames.

    Attributes
    ----------
    suffix : str
        Suffix of the default container.
    pixel_formats : tuple of str
        FFmpeg's names of the pixel formats; the first is the default.
    alpha_format : str or None
        The default pixel format of frames with an alpha channel; None if there is none.
    is_segmented : bool
        Whether segments that were encoded separately can be joined.
    has_cheap_keyframes : bool
        Whether a keyframe is hardly larger than another frame.
    """

    suffix: str
    pixel_formats: tuple[str, ...]
    alpha_format: str | None = None
    is_segmented: bool = True
    has_cheap_keyframes: bool = False


_MP4 = Container("mp4", ("h264", "hevc", "av1", "vp9"), "video/mp4", True, has_alpha=False)
_APNG = Container("apng", ("apng",), "image/apng", max_fps=65_535, max_seconds=65_535)

CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    # Browsers play it under MP4's media type, not under its own.
    ".mov": Container("mov", ("h264", "hevc"), "video/mp4", True, has_alpha=False),
    ".mkv": Container(
        "matroska", ("h264", "hevc", "av1", "vp9", "ffv1"), "video/matroska", True, max_fps=1000
    ),
    ".webm": Container("webm", ("vp9", "av1"), "video/webm", True, max_fps=1000),
    # Delays are in hundredths of a second, and browsers replace 1 by 10.
    ".gif": Container("gif", ("gif",), "image/gif", max_fps=50, max_seconds=655.35),
    ".apng": _APNG,
    ".png": _APNG,
    ".webp": Container("webp", ("webp",), "image/webp", max_fps=1000, max_seconds=16_777.215),
}

_YUV = ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le")
CODECS = {
    "h264": Codec(".mp4", _YUV),
    "hevc": Codec(".mp4", _YUV),
    "av1": Codec(".mp4", ("yuv420p", "yuv420p10le")),
    "vp9": Codec(
        ".webm", ("yuv420p", "yuv422p", "yuv444p", "gbrp", "yuva420p"), alpha_format="yuva420p"
    ),
    "ffv1": Codec(
        ".mkv",
        ("bgr0", "yuv444p", "yuv422p", "yuv420p", "bgra"),
        alpha_format="bgra",
        has_cheap_keyframes=True,
    ),
    "gif": Codec(".gif", ("pal8",), is_segmented=False),
    "apng": Codec(".apng", ("rgb24", "rgba"), alpha_format="rgba", is_segmented=False),
    "webp": Codec(".webp", ("bgra",), alpha_format="bgra", is_segmented=False),
}


def container_of(output_file: Path, codec: object) -> tuple[Container, str]:
    """Return the container and the codec of a file, given its name and the codec asked for, or None."""
    if codec is not None:
        codec = require_choice("codec", codec, tuple(CODECS))
    suffix = output_file.suffix.lower()
    if not suffix and codec is not None:
        suffix = CODECS[codec].suffix
    if suffix not in CONTAINERS:
        instead = "" if suffix else ": add one of these suffixes, or give codec="
        raise OptionError(
            f"output_file must end in {', '.join(CONTAINERS)}, got {in_short(output_file.name)}{instead}"
        )
    container = CONTAINERS[suffix]
    if codec is None:
        codec = container.codecs[0]
    if codec not in container.codecs:
        fitting = [suffix for suffix, other in CONTAINERS.items() if codec in other.codecs]
        raise OptionError(
            f"codec {codec!r} does not go into {output_file.name!r}, which holds "
            f"{' or '.join(container.codecs)}; {codec} goes into {', '.join(fitting)}"
        )
    return container, codec


def pixel_format_of(container: Container, codec: str, pixel_format: object, *, transparent: bool) -> str:
    """Return the pixel format asked for, or the default if that is None."""
    known = CODECS[codec]
    if pixel_format is not None:
        fitting = [name for name in known.pixel_formats if container.has_alpha or not has_alpha(name)]
        name = f"pixel_format of {codec} in {container.muxer}"
        return require_choice(name, pixel_format, fitting)
    if transparent and container.has_alpha and known.alpha_format is not None:
        return known.alpha_format
    return known.pixel_formats[0]


def suffixes_with_alpha() -> list[str]:
    """Return the suffixes of files that hold transparent frames, with their default codec."""
    return [
        suffix
        for suffix, container in CONTAINERS.items()
        if container.has_alpha and CODECS[container.codecs[0]].alpha_format is not None
    ]


def has_alpha(pixel_format: str) -> bool:
    """Return whether a pixel format has an alpha channel."""
    return pixel_format in ("yuva420p", "bgra", "rgba")


def encoded_size(size: FrameSize, pixel_format: str) -> FrameSize:
    """Return a size rounded up to what a pixel format takes; frames are padded, never scaled."""
    rows = 2 if "420" in pixel_format else 1
    columns = 2 if "420" in pixel_format or "422" in pixel_format else 1
    return FrameSize(-(-size.height // rows) * rows, -(-size.width // columns) * columns)


def mime_type(path: Path, codec: str) -> str:
    """Return the media type of a video file, by its suffix or else its codec."""
    return CONTAINERS[path.suffix.lower() or CODECS[codec].suffix].mime


def holds_chapters(output_file: Path, codec: object) -> bool:
    """Return whether a file can hold chapters, given its name and the codec asked for, or None."""
    return container_of(output_file, codec)[0].has_metadata
