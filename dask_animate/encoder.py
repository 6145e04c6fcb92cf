"""Which encoder writes a video, and with which options: chosen from a table, proved by opening it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from .errors import EncoderError, OptionError, OptionTypeError
from .spec import EncodeSpec, FrameSize, as_fps, require_choice, require_int

MODES = ("auto", "gpu", "cpu")
QUALITY_RANGE = (0, 51)


@dataclass(frozen=True)
class Encoder:
    """An encoder, and how this library's quality and preset are said to it."""

    name: str
    quality_option: str
    default_quality: int
    default_preset: str
    presets: tuple[str, ...]
    fixed_options: tuple[tuple[str, str], ...] = ()

    def options(self, spec: EncodeSpec) -> dict[str, str]:
        """Return the options to open it with; the user's own win over all others."""
        quality = self.default_quality if spec.quality is None else spec.quality
        rate = {"b", "qp", "cq"}.intersection(dict(spec.options))
        if rate and spec.quality is not None:
            raise OptionError(
                f"video_quality and -{rate.pop()} of video_extra_ffmpeg_params exclude each other"
            )
        return {
            **dict(self.fixed_options),
            **({} if rate else {self.quality_option: str(quality)}),
            "preset": spec.preset or self.default_preset,
            **dict(spec.options),
        }


# The defaults are chosen from the table in benchmarks/encoder_defaults.md.
_X264 = Encoder(
    "libx264",
    quality_option="crf",
    default_quality=20,
    default_preset="veryfast",
    presets=(
        *("ultrafast", "superfast", "veryfast", "faster", "fast"),
        *("medium", "slow", "slower", "veryslow", "placebo"),
    ),
    # On AVX-512 machines the macroblock tree of x264 (core 165) gives other bytes from run to run.
    fixed_options=(("mbtree", "0"),),
)
_NVENC = Encoder(
    "h264_nvenc",
    quality_option="qp",
    default_quality=20,
    default_preset="p4",
    presets=("p1", "p2", "p3", "p4", "p5", "p6", "p7"),
    fixed_options=(("rc", "constqp"),),
)

_SUFFIXES = {".mp4": "h264", ".m4v": "h264"}
_CODECS = ("h264",)

# Said elsewhere in the call, so that two places cannot disagree.
_TAKEN_OPTIONS = {
    "c": "give codec= instead",
    "codec": "give codec= instead",
    "vcodec": "give codec= instead",
    "r": "give fps= instead",
    "framerate": "give fps= instead",
    "s": "change the figure's size or its dpi instead",
    "pix_fmt": "frames are written as yuv420p",
    "crf": "give video_quality= instead",
    "preset": "give video_preset= instead",
}


def create_encode_spec(
    output_file: Path,
    fps: object,
    *,
    codec: object = None,
    mode: object = "auto",
    quality: object = None,
    preset: object = None,
    extra_ffmpeg_params: object = None,
) -> EncodeSpec:
    """Check how the caller wants the file encoded, down to opening an encoder with these options.

    Raises
    ------
    OptionError, OptionTypeError
        If an argument cannot be used; the message names it.
    EncoderError
        If no encoder for it works on this machine.
    """
    spec = EncodeSpec(
        fps=as_fps(fps),
        codec=_codec(codec, output_file),
        mode=require_choice("video_mode", mode, MODES),
        quality=_quality(quality),
        preset=_preset(preset),
        options=parse_options(extra_ffmpeg_params),
    )
    choose_encoder(spec, FrameSize(256, 256))  # large enough for every encoder
    return spec


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
        options[name] = value
    return tuple(options.items())


def choose_encoder(spec: EncodeSpec, size: FrameSize) -> Encoder:
    """Return the encoder of the mode, having opened it with these options at this size.

    Opening is the only honest probe: a build lists encoders whose hardware is not there.
    """
    encoder = _NVENC if spec.mode == "gpu" else _X264
    _probe(encoder, spec, size)
    return encoder


def _probe(encoder: Encoder, spec: EncodeSpec, size: FrameSize) -> None:
    if spec.preset is not None:
        require_choice(f"video_preset for {encoder.name}", spec.preset, encoder.presets)
    context: Any = av.CodecContext.create(encoder.name, "w")
    context.width, context.height = size.width, size.height
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = 1 / spec.fps, spec.fps
    context.options = encoder.options(spec)
    failure: Exception | None = None
    with _messages() as messages:
        try:
            context.open()
        except (av.error.FFmpegError, ValueError) as exc:
            failure = exc
    if failure is not None:
        raise EncoderError(
            f"{encoder.name} does not start at {size} pixels with {_shown(encoder.options(spec))}: "
            f"{'; '.join(messages) or failure}"
        ) from failure
    unknown = sorted(context.options)
    refused = [text for text in messages if "rror parsing option" in text]
    if unknown:
        raise OptionError(
            f"video_extra_ffmpeg_params: {encoder.name} has no option {', '.join(unknown)}"
        )
    if refused:
        raise OptionError(f"video_extra_ffmpeg_params: {encoder.name}: {'; '.join(refused)}")


_log_level = threading.Lock()  # the level is that of the whole process


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect what FFmpeg says in this thread, which is where it tells the cause of a failure."""
    messages: list[str] = []
    with _log_level:
        level = av.logging.get_level()
        av.logging.set_level(av.logging.WARNING)
        try:
            with av.logging.Capture() as captured:
                yield messages
        finally:
            messages += [text.strip() for _, _, text in captured]
            av.logging.set_level(level)


def _codec(codec: object, output_file: Path) -> str:
    if codec is not None:
        return require_choice("codec", codec, _CODECS)
    suffix = output_file.suffix.lower()
    if suffix not in _SUFFIXES:
        raise OptionError(f"output_file must end in {' or '.join(_SUFFIXES)}, got {output_file.name!r}")
    return _SUFFIXES[suffix]


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


def _shown(options: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())
