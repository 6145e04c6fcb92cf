"""What a caller asks of the encoding, checked before any work."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import OptionError, OptionTypeError
from ..validation import require_choice, require_int, require_text
from .encoder_choice import check_options
from .formats import CODECS, CONTAINERS_OF, Container, container_of, has_alpha, pixel_format_of
from .spec import EncodeOptions, as_fps
from .timeline import Timeline

MODES = ("auto", "gpu", "cpu")
QUALITY_RANGE = (0, 51)
_METADATA = {
    "title": "title",
    "author": "artist",
    "comment": "comment",
    "copyright": "copyright",
    "date": "date",
}
#: Of an animated GIF, after FFmpeg's filter paletteuse.
DITHERS = ("none", "bayer", "floyd_steinberg", "sierra2_4a")

# Said elsewhere in the call, so that two places cannot disagree.
_TAKEN_OPTIONS = {
    "c": "give codec= instead",
    "codec": "give codec= instead",
    "vcodec": "give codec= instead",
    "r": "give fps= instead",
    "framerate": "give fps= instead",
    "s": "change the figure's size or its dpi instead",
    "pix_fmt": "give pixel_format= instead",
    "crf": "give video_quality= instead",
    "preset": "give video_preset= instead",
    **dict.fromkeys(
        ("colorspace", "color_primaries", "color_trc", "color_range"),
        "frames are converted to BT.709 and tagged as such",
    ),
}


def create_encode_spec(
    output_file: Path,
    fps: object,
    *,
    codec: object = None,
    pixel_format: object = None,
    transparent: bool = False,
    mode: object = "auto",
    quality: object = None,
    preset: object = None,
    extra_ffmpeg_params: object = None,
    dither: object = None,
) -> EncodeOptions:
    """Check how the caller wants the file encoded, down to opening an encoder with these options.

    Raises
    ------
    OptionError, OptionTypeError
        If an argument cannot be used; the message names it.
    EncoderError
        If no encoder for it works on this machine.
    """
    container, codec = container_of(output_file, codec)
    pixels = pixel_format_of(container, codec, pixel_format, transparent=transparent)
    spec = EncodeOptions(
        fps=as_fps(fps),
        codec=codec,
        muxer=container.muxer,
        pixel_format=pixels,
        alpha=has_alpha(pixels) and (transparent or pixel_format is not None),
        mode=require_choice("video_mode", mode, MODES),
        quality=_quality(quality),
        preset=_preset(preset),
        options=parse_options(extra_ffmpeg_params),
        dither=_dither(codec, dither),
    )
    _check_rate(spec, container)
    check_options(spec)
    return spec


def check_encode_on(encode_on: object, codec: str) -> str:
    """Return where to encode, or raise if it cannot be there."""
    encode_on = require_choice("encode_on", encode_on, ("auto", "workers", "client"))
    if encode_on == "workers" and not CODECS[codec].is_segmented:
        raise OptionError(
            f'encode_on="workers" cannot be had for {codec}, whose frames build on each other from the '
            f'first to the last: give "client" or "auto"'
        )
    return encode_on


def check_labels(metadata: object, chapters: object, spec: EncodeOptions) -> dict[str, str]:
    """Return what a file says of itself by FFmpeg's names.

    Raises
    ------
    OptionError, OptionTypeError
        If that cannot be written, or if there are chapters in a file that has none.
    """
    if not CONTAINERS_OF[spec.muxer].is_titled:
        if metadata:
            raise OptionError(f"metadata: {spec.muxer} files have no room for it")
        if chapters is not None:
            raise OptionError(f"chapters: {spec.muxer} files have none")
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise OptionTypeError(f'metadata must be a dict as {{"title": "Waves"}}, got {metadata!r}')
    unknown = [key for key in metadata if key not in _METADATA]
    if unknown:
        raise OptionError(f"metadata takes {', '.join(_METADATA)}, got {', '.join(map(repr, unknown))}")
    return {_METADATA[key]: require_text(f"metadata[{key!r}]", value) for key, value in metadata.items()}


def check_times(timeline: Timeline, spec: EncodeOptions) -> None:
    """Raise if a kind of file cannot hold when frames are shown."""
    container = CONTAINERS_OF[spec.muxer]
    longest = float(timeline.longest_interval)
    if longest > container.max_seconds:
        raise OptionError(
            f"a frame stays for {longest:g} s, but in {spec.muxer} files for at most "
            f"{container.max_seconds:g} s"
        )
    if not timeline.is_uniform and timeline.n_frames == 1 and spec.codec in ("apng", "webp"):
        raise OptionError(f"durations: a single frame is a still image in {spec.muxer} files")


def parse_options(params: object) -> tuple[tuple[str, str], ...]:
    """Turn ``["-tune", "animation"]`` into ``(("tune", "animation"),)``."""
    if params is None:
        return ()
    if isinstance(params, str) or not isinstance(params, Sequence):
        raise OptionTypeError(
            f'video_extra_ffmpeg_params must be a list as ["-tune", "animation"], got {params!r}'
        )
    words = [str(word) for word in params]
    if len(words) % 2 or not all(word.startswith("-") for word in words[::2]):
        raise OptionError(
            f"video_extra_ffmpeg_params must alternate options with a dash and their values, "
            f"got {words!r}"
        )
    options = {}
    for word, value in zip(words[::2], words[1::2], strict=True):
        name = word[1:].removesuffix(":v")
        if name in _TAKEN_OPTIONS:
            raise OptionError(f"video_extra_ffmpeg_params cannot set {word}: {_TAKEN_OPTIONS[name]}")
        if name.endswith("-params") and re.search(r"(^|:)crf=", value):
            raise OptionError(f"video_extra_ffmpeg_params cannot set crf: {_TAKEN_OPTIONS['crf']}")
        options[name] = value
    return tuple(options.items())


def _quality(quality: object) -> int | None:
    if quality is None:
        return None
    low, high = QUALITY_RANGE
    value = require_int("video_quality", quality, low)
    if value > high:
        raise OptionError(f"video_quality must be at most {high}, got {value}")
    return value


def _preset(preset: object) -> str | None:
    if preset is not None and (not isinstance(preset, str) or not preset):
        raise OptionTypeError(f"video_preset must be a name as 'medium', got {preset!r}")
    return preset


def _dither(codec: str, dither: object) -> str | None:
    if codec != "gif":
        if dither is not None:
            raise OptionError(f"dither={dither!r} is for GIF, {codec} has all colors")
        return None
    return "none" if dither is None else require_choice("dither", dither, DITHERS)


def _check_rate(spec: EncodeOptions, container: Container) -> None:
    if container.max_fps is not None and spec.fps > container.max_fps:
        raise OptionError(
            f"fps must be at most {container.max_fps} for {spec.muxer}, whose clock is no finer, "
            f"got {float(spec.fps):g}"
        )
