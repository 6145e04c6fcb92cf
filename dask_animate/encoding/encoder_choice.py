"""Which encoder codes a video: chosen from the table, proved by opening it."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import av

from ..errors import EncoderError, OptionError
from ..frames import FrameSize
from ..validation import require_choice
from .encoders import BY_NAME, ENCODERS, GOP, GPU_ENCODERS, RATE_OPTIONS, Encoder
from .spec import EncodeOptions

_logger = logging.getLogger(__name__)

#: What FFmpeg and the driver say when NVENC cannot be had, and what it means.
_CAUSES = (
    ("cannot load (libcuda|nvcuda)", "there is no NVIDIA driver on this machine"),
    ("cannot load (libnvidia-encode|nvencodeapi)", "the driver lacks its encoding library"),
    ("minimum required nvidia driver", "the NVIDIA driver is too old for this build of FFmpeg"),
    ("unsupported device|no capable devices", "this GPU has no NVENC unit, as A100, H100 and H200"),
    ("no cuda-capable device|cuda_error_no_device", "there is no NVIDIA GPU on this machine"),
    ("out of memory|incompatible client key", "all encoding sessions of the driver are taken"),
    ("dimension|initializeencoder failed: invalid param", "it does not take frames of this size"),
    ("not supported", "the NVENC unit of this GPU does not take this codec or pixel format"),
)

# BT.709 in limited range for YUV, sRGB in full range for RGB; in the numbers of ITU-T H.273, and for the
# range in FFmpeg's. Players take untagged pixels for BT.601 or BT.709 by their size.
_YUV_TAGS = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 1}
_RGB_TAGS = {"colorspace": 0, "color_primaries": 1, "color_trc": 13, "color_range": 2}


def cpu_encoder(codec: str) -> Encoder:
    """Return the CPU's encoder of a codec."""
    return ENCODERS[codec]


def encoder_of(spec: EncodeOptions) -> Encoder:
    """Return the encoder of a spec for which it was chosen."""
    assert spec.encoder is not None, "no encoder was chosen yet"
    return BY_NAME[spec.encoder]


def choose_encoder(spec: EncodeOptions, size: FrameSize) -> EncodeOptions:
    """Return the spec with the encoder that its mode allows, having opened it here at this size.

    Opening is the only honest probe: a build lists encoders whose hardware is not there.

    Raises
    ------
    EncoderError
        If it does not open; names the cause.
    OptionError
        If an option does not go with it.
    """
    if spec.encoder is None:
        obstacle = gpu_obstacle(spec, size)
        if obstacle is None:
            return with_gpu(spec)
        spec = without_gpu(spec, obstacle)
    _probe(encoder_of(spec), spec, size)
    return spec


def gpu_obstacle(spec: EncodeOptions, size: FrameSize) -> str | None:
    """Return why the GPU of this machine cannot encode this, or None if it can."""
    if spec.mode == "cpu":
        return 'video_mode="cpu"'
    gpu = GPU_ENCODERS.get(spec.codec)
    if gpu is None:
        return f"no GPU encodes {spec.codec}: NVENC has {', '.join(GPU_ENCODERS)}"
    try:
        _probe(gpu, spec, size)
    except (EncoderError, OptionError) as exc:
        return str(exc)
    return None


def with_gpu(spec: EncodeOptions) -> EncodeOptions:
    """Return the spec with the GPU's encoder."""
    return replace(spec, encoder=GPU_ENCODERS[spec.codec].name)


def without_gpu(spec: EncodeOptions, obstacle: str) -> EncodeOptions:
    """Return the spec with the CPU's encoder, or raise if only a GPU will do."""
    if spec.mode == "gpu":
        raise EncoderError(obstacle)
    encoder = ENCODERS[spec.codec]
    if spec.mode == "auto" and spec.codec in GPU_ENCODERS:
        _logger.info("encoding with %s on the CPU, as %s", encoder.name, obstacle)
    return replace(spec, encoder=encoder.name)


def check_options(spec: EncodeOptions) -> None:
    """Raise if the options do not go with the CPU's encoder, by opening it.

    What a GPU makes of them is seen where there is one. The size is one that every encoder takes.
    """
    if spec.mode != "gpu":
        _probe(ENCODERS[spec.codec], spec, FrameSize(256, 256))
    elif spec.codec not in GPU_ENCODERS:
        raise EncoderError(f"no GPU encodes {spec.codec}: NVENC has {', '.join(GPU_ENCODERS)}")
    else:
        _check_against(GPU_ENCODERS[spec.codec], spec)


def gop_of(spec: EncodeOptions) -> int:
    """Return the most frames from one keyframe to the next."""
    given = dict(spec.options).get("g", "")
    return int(given) if given.isdecimal() and int(given) > 0 else GOP


def configure(context: Any, spec: EncodeOptions, size: FrameSize, threads: int) -> None:
    """Set up the context of the chosen encoder, down to all its options."""
    encoder = encoder_of(spec)
    context.width, context.height = size.width, size.height
    context.pix_fmt = spec.pixel_format
    context.time_base, context.framerate = 1 / spec.fps, spec.fps
    context.thread_type = "FRAME"  # slices would cost size
    if "threads" not in dict(spec.options):
        # Left alone, x264 counts the cores of the machine, not those that this process may use.
        context.thread_count = threads
    for name, value in color_tags(spec.pixel_format).items():
        setattr(context, name, value)
    context.options = encoder.options(spec, threads)
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 writes to stderr by itself: errors only


def color_tags(pixel_format: str) -> Mapping[str, int]:
    """Return how the pixels are to be read, in H.273's numbers."""
    return _YUV_TAGS if pixel_format.startswith("yuv") else _RGB_TAGS


def build() -> str:
    """Return the versions of what encodes in this process."""
    version = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"PyAV {av.__version__} with libavcodec {version}"


def _probe(encoder: Encoder, spec: EncodeOptions, size: FrameSize) -> None:
    _check_against(encoder, spec)
    if min(size.height, size.width) < encoder.min_side:
        raise EncoderError(
            f"{encoder.name} takes frames of at least {encoder.min_side} pixels on each side, got {size}"
        )
    failure: Exception | None = None
    with _messages() as messages:
        try:
            context: Any = av.CodecContext.create(encoder.name, "w")
            configure(context, replace(spec, encoder=encoder.name), size, threads=1)
            context.open()
        except (av.error.FFmpegError, ValueError) as exc:
            failure = exc
    if isinstance(failure, av.codec.codec.UnknownCodecError):
        raise EncoderError(f"this build of PyAV has no encoder {encoder.name}") from failure
    if failure is not None:
        said = "; ".join(messages) or str(failure)
        cause = _cause(said) if encoder.name.endswith("_nvenc") else said
        shown = ", ".join(f"{name}={value}" for name, value in encoder.options(spec).items())
        raise EncoderError(
            f"{encoder.name} does not start at {size} pixels with {shown or 'no options'}: {cause}"
        ) from failure
    unknown = sorted(context.options)
    refused = [text for text in messages if re.search("[Ee]rror parsing option|[Uu]nknown option", text)]
    if unknown:
        raise OptionError(
            f"video_extra_ffmpeg_params: {encoder.name} has no option {', '.join(unknown)}"
        )
    if refused:
        raise OptionError(f"video_extra_ffmpeg_params: {encoder.name}: {'; '.join(refused)}")


def _check_against(encoder: Encoder, spec: EncodeOptions) -> None:
    """Raise if what was asked for means nothing to this encoder."""
    if spec.preset is not None:
        if not encoder.presets:
            raise OptionError(f"video_preset: {encoder.name} has no presets, got {spec.preset!r}")
        require_choice(f"video_preset for {encoder.name}", spec.preset, encoder.presets)
    if spec.quality is None:
        return
    if encoder.quality_option is None:
        raise OptionError(f"video_quality: {encoder.name} has no choice of quality, got {spec.quality}")
    rate = RATE_OPTIONS.intersection(dict(spec.options))
    if rate:
        raise OptionError(
            f"video_quality and -{min(rate)} of video_extra_ffmpeg_params exclude each other"
        )


def _cause(said: str) -> str:
    """Return what NVENC's words mean, and the words."""
    for pattern, meaning in _CAUSES:
        if re.search(pattern, said.lower()):
            return f"{meaning} ({said})"
    return said


_log_level = threading.Lock()  # the level is that of the whole process


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect what FFmpeg says in this thread, which is where it tells the cause of a failure."""
    messages: list[str] = []
    with _log_level:
        level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
        av.logging.set_level(av.logging.WARNING)
        av.logging.set_skip_repeated(False)
        try:
            with av.logging.Capture() as captured:
                yield messages
        finally:
            messages += [text.strip() for _, _, text in captured]
            av.logging.set_level(level)
            av.logging.set_skip_repeated(skips)
