"""How the caller wants frames encoded, checked before any work."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real

from ..errors import OptionError, OptionTypeError, TransparencyWarning, warn
from ..validation import in_short, require_choice, require_int
from .formats import CODECS, Container, container_of, has_alpha, pixel_format_of, suffixes_with_alpha
from .outputs import as_destination, name_of

MODES = ("auto", "gpu", "cpu")
QUALITY_RANGE = (0, 51)
#: Rates outside overflow the fields of encoders or the clocks of containers.
FPS_RANGE = (Fraction(1, 1000), Fraction(100_000))
#: Values of `dither` for an animated GIF; those of FFmpeg's filter paletteuse.
DITHERS = ("none", "bayer", "floyd_steinberg", "sierra2_4a")

# FFmpeg's options for which there is a parameter, or which have to stay as they are.
_RESERVED_OPTIONS = {
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


@dataclass(frozen=True)
class EncodeOptions:
    """How the caller wants frames encoded. Which encoder does it is up to `choose_encoder`.

    Attributes
    ----------
    fps : Fraction
        Frames per second.
    codec : str
        Name of the codec, such as "h264".
    container : Container
        The kind of file.
    pixel_format : str
        FFmpeg's name of the pixel format of the encoded frames, such as "yuv420p".
    keep_alpha : bool
        Whether the alpha channel is encoded; otherwise translucent frames are blended with white.
    mode : {"auto", "gpu", "cpu"}
        Where encoders may run.
    quality : int or None
        0 to 51, lower is better; None for this library's default.
    preset : str or None
        The encoder's speed preset; None for this library's default.
    extra_options : tuple of (str, str)
        Further options of the encoder, by FFmpeg's names.
    dither : str or None
        One of `DITHERS`; None for other codecs than GIF.
    is_default_format : bool
        Whether the pixel format was chosen here.
    transparent : bool
        Whether frames are known to have an alpha channel.
    """

    fps: Fraction
    codec: str
    container: Container
    pixel_format: str
    keep_alpha: bool
    mode: str
    quality: int | None
    preset: str | None
    extra_options: tuple[tuple[str, str], ...]
    dither: str | None
    is_default_format: bool = True
    transparent: bool = False

    @classmethod
    def create(
        cls,
        output_file: object,
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
        """Check the arguments, each by itself; `OutputOptions.create` checks that an encoder takes them.

        Most arguments are those of `Animator.make_video`, ``video_`` removed from their names.

        Parameters
        ----------
        transparent : bool
            Whether frames have an alpha channel.

        Raises
        ------
        OptionError, OptionTypeError
            If an argument is invalid; the message names it.
        """
        container, codec = container_of(name_of(as_destination(output_file)), codec)
        pixels = pixel_format_of(container, codec, pixel_format, transparent=transparent)
        options = cls(
            fps=as_fps(fps),
            codec=codec,
            container=container,
            pixel_format=pixels,
            keep_alpha=has_alpha(pixels) and (transparent or pixel_format is not None),
            mode=require_choice("video_mode", mode, MODES),
            quality=_quality(quality),
            preset=_preset(preset),
            extra_options=parse_ffmpeg_params(extra_ffmpeg_params),
            dither=_dither(codec, dither),
            is_default_format=pixel_format is None,
            transparent=transparent,
        )
        if container.max_fps is not None and options.fps > container.max_fps:
            raise OptionError(
                f"fps must be at most {container.max_fps} for {container.muxer}, whose clock is no "
                f"finer, got {float(options.fps):g}"
            )
        return options

    def with_alpha(self) -> EncodeOptions:
        """Return the options for frames that turn out to have an alpha channel."""
        pixels = self.pixel_format
        if self.is_default_format:
            pixels = pixel_format_of(self.container, self.codec, None, transparent=True)
        return replace(self, pixel_format=pixels, keep_alpha=has_alpha(pixels), transparent=True)

    def warn_of_lost_alpha(self) -> None:
        """Warn if transparent frames will not be transparent in the video."""
        if not self.keep_alpha:
            warn(
                f"transparent frames are drawn on white: {self.codec} as {self.pixel_format} in "
                f"{self.container.muxer} files cannot be transparent; by default "
                f"{', '.join(suffixes_with_alpha())} can",
                TransparencyWarning,
            )

    def check_encode_on(self, encode_on: object, *, keeps_segments: bool) -> str:
        """Return "auto", "workers" or "client", or raise if the codec cannot be encoded there.

        Segments can be kept only of what is encoded where it is drawn.
        """
        encode_on = require_choice("encode_on", encode_on, ("auto", "workers", "client"))
        if keeps_segments:
            self.require_segments("keep_segments")
        if keeps_segments and encode_on == "client":
            raise OptionError(
                "keep_segments needs frames to be encoded partition by partition: give "
                'encode_on="workers" or "auto", got "client"'
            )
        if keeps_segments:
            return "workers"
        if encode_on == "workers" and not CODECS[self.codec].is_segmented:
            raise OptionError(
                f'encode_on="workers" is not possible for {self.codec}, where each frame builds on the '
                f'one before: give "client" or "auto"'
            )
        return encode_on

    def require_segments(self, name: str) -> None:
        """Raise if the file is written in one piece, so that what is named is not possible."""
        if not CODECS[self.codec].is_segmented:
            raise OptionError(
                f"{name} is not possible for {self.codec}: GIF, APNG and WebP files are written in one "
                f"piece; give another codec, such as h264 in an MP4 file"
            )


def as_fps(fps: object) -> Fraction:
    """Return frames per second as an exact fraction.

    A float becomes the nearest fraction with a denominator of at most 100 000, so that 29.97 means
    2997/100. The broadcast rate is ``Fraction(30000, 1001)``.
    """
    if isinstance(fps, bool) or not isinstance(fps, Real | Decimal):
        raise OptionTypeError(f"fps must be a positive number, got {in_short(fps)}")
    if not math.isfinite(fps) or fps <= 0:
        raise OptionError(f"fps must be a positive number, got {in_short(fps)}")
    if isinstance(fps, Rational):
        exact = Fraction(fps)
    else:
        exact = Fraction(float(fps)).limit_denominator(100_000)
    if max(exact.numerator, exact.denominator) >= 2**31:
        raise OptionError(f"fps must be a fraction of integers below 2**31, got {in_short(fps)}")
    if not FPS_RANGE[0] <= exact <= FPS_RANGE[1]:
        low, high = map(float, FPS_RANGE)
        raise OptionError(f"fps must be between {low:g} and {high:g}, got {in_short(fps)}")
    return exact


def parse_ffmpeg_params(params: object) -> tuple[tuple[str, str], ...]:
    """Turn ``["-tune", "animation"]`` into ``(("tune", "animation"),)``."""
    if params is None:
        return ()
    if isinstance(params, str) or not isinstance(params, Sequence):
        raise OptionTypeError(
            f'video_extra_ffmpeg_params must be a list such as ["-tune", "animation"], '
            f"got {in_short(params)}"
        )
    words = [str(word) for word in params]
    if len(words) % 2 or not all(word.startswith("-") for word in words[::2]):
        raise OptionError(
            f"video_extra_ffmpeg_params must alternate options that start with a dash and their "
            f"values, got {in_short(words)}"
        )
    options = {}
    for word, value in zip(words[::2], words[1::2], strict=True):
        name = word[1:].removesuffix(":v")
        if name in _RESERVED_OPTIONS:
            raise OptionError(f"video_extra_ffmpeg_params cannot set {word}: {_RESERVED_OPTIONS[name]}")
        if name.endswith("-params") and re.search(r"(^|:)crf=", value):
            raise OptionError(f"video_extra_ffmpeg_params cannot set crf: {_RESERVED_OPTIONS['crf']}")
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
        raise OptionTypeError(f"video_preset must be a name such as 'medium', got {in_short(preset)}")
    return preset


def _dither(codec: str, dither: object) -> str | None:
    if codec != "gif":
        if dither is not None:
            raise OptionError(f"dither={in_short(dither)} is only for GIF: {codec} has all colors")
        return None
    return "none" if dither is None else require_choice("dither", dither, DITHERS)
