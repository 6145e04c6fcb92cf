"""Spans: which stretch of a clip shows which stretch of a clip inside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .footage import Footage

_ZERO = Fraction(0)


@dataclass(frozen=True)
class Span:
    """A stretch of a clip, and the time of a clip inside that is shown in it.

    The inner time is ``rate * t + offset`` at the time t, but for what `slack` and `eased` say.

    Attributes
    ----------
    start, end : Fraction
        The stretch, in seconds.
    rate, offset : Fraction
        The inner time. The rate is negative if it runs backwards, 0 if it stands still.
    slack : Fraction
        By how much the inner time may differ, as it proceeds in steps.
    eased : (Fraction, Fraction) or None
        If the inner time follows a curve, between which times it stays.
    """

    start: Fraction
    end: Fraction
    rate: Fraction = Fraction(1)
    offset: Fraction = _ZERO
    slack: Fraction = _ZERO
    eased: tuple[Fraction, Fraction] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the inner time is known exactly at any time."""
        return self.eased is None and not self.slack

    @property
    def inner(self) -> tuple[Fraction, Fraction]:
        """The earliest and the latest inner time."""
        if self.eased is not None:
            low, high = self.eased
        else:
            low, high = sorted(self.rate * t + self.offset for t in (self.start, self.end))
        return low - self.slack, high + self.slack

    def mapped(self, rate: Fraction, offset: Fraction) -> Span:
        """Return the span of a clip further inside, whose time is ``rate * t + offset``."""
        eased = self.eased
        if eased is not None:
            low, high = sorted(rate * t + offset for t in eased)
            eased = low, high
        return replace(
            self,
            rate=rate * self.rate,
            offset=rate * self.offset + offset,
            slack=abs(rate) * self.slack,
            eased=eased,
        )

    def within(self, low: Fraction, high: Fraction) -> Span | None:
        """Return the part in which the inner time is from `low` to `high`; None if there is none."""
        if self.eased is not None:
            low, high = max(low, self.eased[0]), min(high, self.eased[1])
            return replace(self, eased=(low, high)) if low <= high else None
        low, high = low - self.slack, high + self.slack
        if not self.rate:
            return self if low <= self.offset <= high else None
        first, last = sorted(((low - self.offset) / self.rate, (high - self.offset) / self.rate))
        start, end = max(self.start, first), min(self.end, last)
        return replace(self, start=start, end=end) if start < end else None

    def stepped(self, step: Fraction) -> Span:
        """Return it with an inner time that proceeds in steps."""
        return replace(self, slack=self.slack + step / 2)

    def along_curve(self, duration: Fraction) -> Span:
        """Return it with an inner time that may be any of a clip of a duration."""
        return replace(self, slack=_ZERO, eased=(_ZERO, duration))


@dataclass(frozen=True)
class Use:
    """A footage and where it is shown.

    Attributes
    ----------
    footage : Footage
        What is shown.
    span : Span
        Where, and which part of it.
    """

    footage: Footage
    span: Span
