"""Which encoder is used: taken from the table, and proved to work by opening it."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import av

from ..errors import EncoderError, OptionError
from ..frames import FrameSize
from ..validation import in_short, require_choice
from ._pyav import unknown_options
from .codec_context import configure, open_encoder
from .encoders import ENCODERS, GPU_ENCODERS, RATE_OPTIONS, Encoder, Encoding
from .formats import CODECS, encoded_size
from .options import EncodeOptions

_logger = logging.getLogger(__name__)

#: What FFmpeg and the driver say when NVENC does not work, and what it means: what is so as long as this
#: process runs, whatever the frames and the options are; and what depends on these, or passes.
_LASTING_CAUSES = (
    ("cannot load (libcuda|nvcuda)", "there is no NVIDIA driver on this machine"),
    ("cannot load (libnvidia-encode|nvencodeapi)", "the driver lacks its encoding library"),
    (
        "minimum required nvidia driver|support the required nvenc api",
        "the NVIDIA driver is too old for this build of FFmpeg",
    ),
    ("unsupported device", "this GPU has no NVENC unit (A100, H100 and H200 have none)"),
    ("no cuda.capable device|cuda_error_no_device", "there is no NVIDIA GPU on this machine"),
)
_OTHER_CAUSES = (
    ("out of memory|incompatible client key", "all encoding sessions of the driver are in use"),
    (
        r"dimension|(width|height) \d+ exceeds|initializeencoder failed: invalid param",
        "it does not take frames of this size",
    ),
    ("not supported", "the NVENC unit of this GPU does not take this codec or pixel format"),
)
#: What ends a message, and what FFmpeg says after it has tried all GPUs.
_BETWEEN, _IN_SUM = "; ", "no capable devices found"
#: Why NVENC does not work in this process, as long as it runs, by the GPU that is asked for: to find out
#: takes half a second, and several processes wait for each other.
_lacking: dict[str | None, str] = {}


def choose_encoder(
    options: EncodeOptions, size: FrameSize, worker_reasons: Iterable[str | None] | None = None
) -> Encoding:
    """Choose the encoder: the GPU's if the mode allows and every encoding process has one.

    The CPU's encoder is opened here first, at the size of the frames.

    Parameters
    ----------
    options : EncodeOptions
        What the caller asks for.
    size : FrameSize
        Size of the drawn frames.
    worker_reasons : iterable of (str or None), optional
        What `gpu_reason` returned on the workers, if they encode; by default this process does.
        The first reason counts: all segments have to come from the same encoder.

    Raises
    ------
    EncoderError
        If the encoder does not open; the message says why.
    OptionError
        If the encoder does not take an option.
    """
    reasons = [gpu_reason(options, size)] if worker_reasons is None else worker_reasons
    reason = next((reason for reason in reasons if reason is not None), None)
    if reason is None:
        return _encoding(options, GPU_ENCODERS[options.codec])
    if options.mode == "gpu":
        raise EncoderError(reason)
    encoder = ENCODERS[options.codec]
    if options.mode == "auto" and options.codec in GPU_ENCODERS:
        _logger.info("encoding with %s on the CPU because %s", encoder.name, reason)
    _probe(encoder, options, size)
    return _encoding(options, encoder)


def gpu_reason(options: EncodeOptions, size: FrameSize) -> str | None:
    """Return why the GPU of this machine cannot encode frames of a size, or None if it can."""
    reason = gpu_exclusion(options) or lasting_gpu_reason(options)
    return _obstacle(GPU_ENCODERS[options.codec], options, size) if reason is None else reason


def gpu_exclusion(options: EncodeOptions) -> str | None:
    """Return why no GPU of any machine is to encode this, or None if one may."""
    if options.mode == "cpu":
        return 'video_mode="cpu"'
    return None if options.codec in GPU_ENCODERS else _no_gpu_encoder(options)


def lasting_gpu_reason(options: EncodeOptions) -> str | None:
    """Return what `gpu_reason` found out in this process that holds as long as this runs, or None."""
    return _lacking.get(_gpu_of(options))


def encoders_here(size: FrameSize) -> list[tuple[str, str, str | None]]:
    """Open each encoder in this process, and return what came of it.

    Returns
    -------
    list of (str, str, str or None)
        The codec, FFmpeg's name of the encoder, and why it does not open; None if it does.
    """
    found = []
    for codec, kind in CODECS.items():
        options = EncodeOptions.create(f"video{kind.suffix}", 30, codec=codec)
        reasons = encoder_reasons(options, size)
        found += [(codec, encoder, reason or None) for encoder, reason in reversed(reasons.items())]
    return found


def encoder_reasons(options: EncodeOptions, size: FrameSize) -> dict[str, str]:
    """Return why encoders that may be used do not open on this machine, by name; "" if one does."""
    reasons: dict[str, str | None] = {}
    if options.mode != "cpu" and options.codec in GPU_ENCODERS:
        reasons[GPU_ENCODERS[options.codec].name] = gpu_reason(options, size)
    if options.mode != "gpu":
        encoder = ENCODERS[options.codec]
        reasons[encoder.name] = _obstacle(encoder, options, size)
    return {name: reason or "" for name, reason in reasons.items()}


def _obstacle(encoder: Encoder, options: EncodeOptions, size: FrameSize) -> str | None:
    """Return why an encoder does not open on this machine, or None if it does."""
    try:
        _probe(encoder, options, size)
    except (EncoderError, OptionError) as exc:
        return str(exc)
    return None


def check_encoder(options: EncodeOptions) -> None:
    """Raise if the encoder does not take the options.

    The CPU's encoder is opened, with frames of a size that every encoder takes. This machine may have
    no GPU, so the GPU's encoder is opened only by `choose_encoder`.
    """
    if options.mode != "gpu":
        _probe(ENCODERS[options.codec], options, FrameSize(256, 256))
    elif options.codec not in GPU_ENCODERS:
        raise EncoderError(_no_gpu_encoder(options))
    else:
        _check_options(GPU_ENCODERS[options.codec], options)


def _no_gpu_encoder(options: EncodeOptions) -> str:
    return f"no GPU encodes {options.codec}: NVENC has {', '.join(GPU_ENCODERS)}"


def _gpu_of(options: EncodeOptions) -> str | None:
    """Return which GPU the options ask for; by default FFmpeg tries all."""
    return dict(options.extra_options).get("gpu")


def _encoding(options: EncodeOptions, encoder: Encoder) -> Encoding:
    """Return the encoding by an encoder with these options."""
    settings = encoder.options(options.quality, options.preset, options.extra_options)
    return Encoding(
        fps=options.fps,
        codec=options.codec,
        muxer=options.container.muxer,
        pixel_format=options.pixel_format,
        keep_alpha=options.keep_alpha,
        dither=options.dither,
        encoder=encoder.name,
        encoder_options=tuple(settings.items()),
        reorder=encoder.reorder,
    )


def _probe(encoder: Encoder, options: EncodeOptions, size: FrameSize) -> None:
    """Open an encoder, and raise if that fails.

    Nothing less tells: FFmpeg lists encoders whose hardware is missing, too.
    """
    _check_options(encoder, options)
    size = encoded_size(size, options.pixel_format)
    if min(size.height, size.width) < encoder.min_side:
        raise EncoderError(
            f"{encoder.name} takes frames of at least {encoder.min_side} pixels on each side, got {size}"
        )
    if size.width < encoder.min_width:
        raise EncoderError(
            f"{encoder.name} takes frames of at least {encoder.min_width} pixels in width, got {size}"
        )
    encoding = _encoding(options, encoder)
    failure: Exception | None = None
    with _messages() as messages:
        try:
            context = av.Codec(encoder.name, "w").create("video")
            configure(context, encoding, size, threads=1)
            open_encoder(context)
        except (av.error.FFmpegError, ValueError) as exc:
            failure = exc
    if isinstance(failure, av.codec.codec.UnknownCodecError):
        raise EncoderError(f"this build of PyAV has no encoder {encoder.name}") from failure
    if failure is not None:
        text = _BETWEEN.join(messages) or str(failure)
        lacking = _what_nvenc_lacks(text) if encoder is GPU_ENCODERS.get(options.codec) else None
        if lacking is not None:
            text = _lacking[_gpu_of(options)] = f"{lacking} ({text}): {encoder.name} does not start"
            raise EncoderError(text) from failure
        raise EncoderError(_failure(encoding, size, text)) from failure
    unknown = unknown_options(context)
    refused = [text for text in messages if re.search("[Ee]rror parsing option|[Uu]nknown option", text)]
    if unknown:
        raise OptionError(
            f"video_extra_ffmpeg_params: {encoder.name} has no option {', '.join(unknown)}"
        )
    if refused:
        raise OptionError(f"video_extra_ffmpeg_params: {encoder.name}: {'; '.join(refused)}")


def _check_options(encoder: Encoder, options: EncodeOptions) -> None:
    """Raise if the encoder has no such quality or preset."""
    if options.preset is not None:
        if not encoder.presets:
            raise OptionError(
                f"video_preset: {encoder.name} has no presets, got {in_short(options.preset)}"
            )
        require_choice(f"video_preset for {encoder.name}", options.preset, encoder.presets)
    if options.quality is None:
        return
    if encoder.quality_option is None:
        raise OptionError(
            f"video_quality: {encoder.name} has no choice of quality, got {options.quality}"
        )
    rate = RATE_OPTIONS.intersection(dict(options.extra_options))
    if rate:
        raise OptionError(
            f"video_quality and -{min(rate)} of video_extra_ffmpeg_params exclude each other"
        )


def _what_nvenc_lacks(message: str) -> str | None:
    """Return why NVENC can never start in this process; None if it may with other frames, or later.

    With several GPUs, one may lack what another has, but all its encoding sessions are in use. So all
    that is said has to be known to last.
    """
    meanings = [
        _meaning(_LASTING_CAUSES, text)
        for text in message.split(_BETWEEN)
        if not text.lower().startswith(_IN_SUM)
    ]
    return meanings[0] if meanings and all(meanings) else None


def _meaning(causes: Iterable[tuple[str, str]], message: str) -> str | None:
    found = (meaning for pattern, meaning in causes if re.search(pattern, message.lower()))
    return next(found, None)


def _failure(encoding: Encoding, size: FrameSize, message: str) -> str:
    """Return the text of the error about an encoder that does not open, given FFmpeg's message."""
    if encoding.encoder.endswith("_nvenc"):
        meaning = _meaning((*_OTHER_CAUSES, *_LASTING_CAUSES), message)
        message = message if meaning is None else f"{meaning} ({message})"
    shown = ", ".join(f"{name}={value}" for name, value in encoding.options(threads=1).items())
    return f"{message}: {encoding.encoder} does not start at {size} pixels with {shown or 'no options'}"


_log_level = threading.Lock()  # FFmpeg has one log level for the whole process


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect FFmpeg's log messages of this thread; only they give the cause of a failure."""
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
