"""How pixels become packets: what the caller may choose, and when it can be had."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real

from ..errors import OptionError, OptionTypeError

#: Anything further out overflows the rate fields of the encoders or the clock of the container.
FPS_RANGE = (Fraction(1, 1000), Fraction(100_000))


def as_fps(fps: object) -> Fraction:
    """Return frames per second as an exact fraction.

    A float is taken as the nearest fraction with a denominator of at most 100 000, so that 29.97
    means 2997/100. For the broadcast rate give ``Fraction(30000, 1001)``.
    """
    if isinstance(fps, bool) or not isinstance(fps, Real | Decimal):
        raise OptionTypeError(f"fps must be a positive number, got {fps!r}")
    if not math.isfinite(fps) or fps <= 0:
        raise OptionError(f"fps must be a positive number, got {fps!r}")
    if isinstance(fps, Rational):
        exact = Fraction(fps)
    else:
        exact = Fraction(float(fps)).limit_denominator(100_000)
    if max(exact.numerator, exact.denominator) >= 2**31:
        raise OptionError(f"fps must be a fraction of integers below 2**31, got {fps!r}")
    if not FPS_RANGE[0] <= exact <= FPS_RANGE[1]:
        low, high = map(float, FPS_RANGE)
        raise OptionError(f"fps must lie between {low:g} and {high:g}, got {fps!r}")
    return exact


@dataclass(frozen=True)
class EncodeOptions:
    """How pixels become packets; travels to whoever encodes.

    Attributes
    ----------
    fps : Fraction
        Frames per second.
    codec : str
        Name of the codec, as "h264".
    muxer : str
        FFmpeg's name of the container, as "mp4".
    pixel_format : str
        FFmpeg's name of the format of the coded pixels, as "yuv420p".
    alpha : bool
        Keep how translucent frames are; otherwise they are drawn over white.
    mode : {"auto", "gpu", "cpu"}
        Which encoders may be used.
    encoder : str or None
        The one encoder that may be used, once it was chosen.
    quality : int or None
        0 to 51, lower is better; None is the encoder's default in this library.
    preset : str or None
        The encoder's speed preset; None is its default in this library.
    options : tuple of (str, str)
        Further options of the encoder, by name.
    dither : str or None
        How an animated GIF mixes colors that its palette lacks.
    """

    fps: Fraction
    codec: str = "h264"
    muxer: str = "mp4"
    pixel_format: str = "yuv420p"
    alpha: bool = False
    mode: str = "auto"
    encoder: str | None = None
    quality: int | None = None
    preset: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    dither: str | None = None
