"""Where the time goes while a partition is drawn: a clock that gives each moment to one phase."""

from __future__ import annotations

import time
from typing import Literal, get_args

#: What the time of a partition goes into.
Phase = Literal["setup", "load", "update", "draw", "compare", "convert", "encode", "store", "wait"]
PHASES: tuple[Phase, ...] = get_args(Phase)


class PhaseClock:
    """Divides the time since it was made, and what it begins with, into phases.

    One reading of the clock ends a phase and begins the next one. So no moment counts twice, and the
    phases never add up to more than the time that passed. Used by one thread.

    Attributes
    ----------
    began : float
        When it was made, by `time.time` of this process; earlier if something was done before.
    seconds : dict of str to float
        Time that each phase took until now; phases that did not occur are missing.
    """

    __slots__ = ("_last", "_started", "began", "seconds")

    def __init__(self) -> None:
        self.began = time.time()
        self.seconds: dict[Phase, float] = {}
        self._started = self._last = time.perf_counter()

    @property
    def total(self) -> float:
        """Seconds from the beginning to the last reading."""
        return self._last - self._started

    def lap(self, phase: Phase) -> None:
        """Add the time since the last reading to a phase."""
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now

    def begin_with(self, phase: Phase, seconds: float) -> None:
        """Count what was done for the partition before: it begins earlier by as much as that took."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds
        self.began -= seconds
        self._started -= seconds

    def skip(self) -> None:
        """Leave out the time since the last reading."""
        self._last = time.perf_counter()
