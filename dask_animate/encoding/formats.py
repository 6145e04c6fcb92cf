"""Which containers and codecs there are, and what goes into what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import OptionError
from ..validation import require_choice


@dataclass(frozen=True)
class Container:
    """A kind of file.

    Attributes
    ----------
    muxer : str
        FFmpeg's name of it.
    codecs : tuple of str
        What it holds; the first is the default.
    mime : str
        Its media type.
    is_titled : bool
        Whether it has room for a title and other texts, and for chapters.
    max_fps : int or None
        Above this rate its clock is too coarse.
    max_seconds : float
        Longest time that a frame can be shown.
    has_alpha : bool
        Whether players look for an alpha channel in it.
    """

    muxer: str
    codecs: tuple[str, ...]
    mime: str
    is_titled: bool = False
    max_fps: int | None = None
    max_seconds: float = 86_400
    has_alpha: bool = True


@dataclass(frozen=True)
class Codec:
    """A way of coding pictures.

    Attributes
    ----------
    suffix : str
        Of the file it goes into by default.
    pixel_formats : tuple of str
        FFmpeg's names; the first is the default.
    alpha_format : str or None
        The default for pictures with an alpha channel.
    is_segmented : bool
        Whether segments that were coded apart can be joined.
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
    # Browsers play it, but not under its own name.
    ".mov": Container("mov", ("h264", "hevc"), "video/mp4", True, has_alpha=False),
    ".mkv": Container(
        "matroska", ("h264", "hevc", "av1", "vp9", "ffv1"), "video/matroska", True, max_fps=1000
    ),
    ".webm": Container("webm", ("vp9", "av1"), "video/webm", True, max_fps=1000),
    # A delay is a number of hundredths of a second, and browsers take 1 for 10.
    ".gif": Container("gif", ("gif",), "image/gif", max_fps=50, max_seconds=655.35),
    ".apng": _APNG,
    ".png": _APNG,
    ".webp": Container("webp", ("webp",), "image/webp", max_fps=1000, max_seconds=16_777.215),
}

CONTAINERS_OF = {container.muxer: container for container in CONTAINERS.values()}

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
    """Return the container and the codec that are meant by a file's name and a codec or None."""
    if codec is not None:
        codec = require_choice("codec", codec, tuple(CODECS))
    suffix = output_file.suffix.lower()
    if not suffix and codec is not None:
        suffix = CODECS[codec].suffix
    if suffix not in CONTAINERS:
        raise OptionError(f"output_file must end in {', '.join(CONTAINERS)}, got {output_file.name!r}")
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
    """Return the pixel format that is meant by a name or None."""
    known = CODECS[codec]
    if pixel_format is not None:
        fitting = [name for name in known.pixel_formats if container.has_alpha or not has_alpha(name)]
        name = f"pixel_format of {codec} in {container.muxer}"
        return require_choice(name, pixel_format, fitting)
    if transparent and container.has_alpha and known.alpha_format is not None:
        return known.alpha_format
    return known.pixel_formats[0]


def has_alpha(pixel_format: str) -> bool:
    """Whether pictures of this format have an alpha channel."""
    return pixel_format in ("yuva420p", "bgra", "rgba")


def subsampling(pixel_format: str) -> tuple[int, int]:
    """Return the rows and the columns of pixels that share one color; sizes are multiples of them."""
    if "420" in pixel_format:
        return 2, 2
    if "422" in pixel_format:
        return 1, 2
    return 1, 1
