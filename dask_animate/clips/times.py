"""Exact times: seconds as fractions, the frames of a span of time, and the middle of each."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real

from ..errors import OptionError, OptionTypeError
from ..validation import in_short

#: Floats are taken for the nearest fraction with at most this denominator, so that 0.1 is a tenth.
MAX_DENOMINATOR = 10**9


def exact(name: str, value: object) -> Fraction:
    """Return a number as an exact fraction, or raise an error that names the argument."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise OptionTypeError(f"{name} must be a number, got {in_short(value)}")
    if not math.isfinite(value):
        raise OptionError(f"{name} must be a finite number, got {in_short(value)}")
    if isinstance(value, Rational):
        return Fraction(value)
    return Fraction(float(value)).limit_denominator(MAX_DENOMINATOR)


def positive(name: str, value: object) -> Fraction:
    """Return a number above 0 as an exact fraction, or raise an error that names the argument."""
    number = exact(name, value)
    if number <= 0:
        raise OptionError(f"{name} must be above 0, got {in_short(value)}")
    return number


def count_frames(duration: Fraction, fps: Fraction) -> int:
    """Return how many frames show a span of time: its length in frames, rounded, but at least one."""
    return max(1, math.floor(duration * fps + Fraction(1, 2)))


def middle(idx: int, n: int, duration: Fraction) -> Fraction:
    """Return the middle of one of `n` equal parts of a span of time.

    The parts are as long as frames if a whole number of frames fits in. Otherwise they differ from
    frames by less than half a frame in all, and the middles still lie symmetrically. So a reversed clip
    has the reversed frames in any case.
    """
    return duration * (2 * idx + 1) / (2 * n)


def part_at(t: Fraction, n: int, duration: Fraction) -> int:
    """Return which of `n` equal parts of a span of time holds a time; an edge belongs to the earlier."""
    return min(max(math.ceil(t * n / duration) - 1, 0), n - 1)
