"""Signals that end the program: each is raised as an exception, so that everything is cleaned up."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Signals that end the program, where the system has them.
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
#: Seconds within which a signal that comes again is the same one: GNU's timeout sends two, and batch
#: systems send theirs to the script and to what it started.
SAME_SECONDS = 2.0
#: Seconds after which a signal is sent again whose exception was lost.
AGAIN_SECONDS = 0.05


class Stopped(KeyboardInterrupt):
    """The program was asked to end.

    Attributes
    ----------
    signal : signal.Signals
        By which signal.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(f"stopped by {self.signal.name}")


class Stopper:
    """Handles the signals.

    Attributes
    ----------
    received : Stopped or None
        The first of them. It may take a while until its exception arrives if that is lost at first, and
        errors may come before, from processes that the same signal has ended.
    """

    def __init__(self) -> None:
        self.received: Stopped | None = None
        self._last = -math.inf
        self._hook = sys.unraisablehook

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Raise `Stopped`, unless it was raised just now."""
        before, self._last = self._last, time.monotonic()
        if self._last - before >= SAME_SECONDS:
            stopped = Stopped(number)
            self.received = self.received or stopped
            raise stopped

    def unraisable(self, told: sys.UnraisableHookArgs) -> None:
        """Send the signal again if what it raised was lost, in a finalizer or in a callback from C."""
        if not isinstance(told.exc_value, Stopped):
            self._hook(told)
            return
        self._last = -math.inf
        again = threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), told.exc_value.signal))
        again.daemon = True
        again.start()


@contextmanager
def stoppable() -> Iterator[Stopper]:
    """Raise `Stopped` in the main thread at each signal that ends the program.

    Signals that are ignored stay so, as ``nohup`` and background jobs of a shell want it. Does nothing
    in another thread.
    """
    stopper = Stopper()
    if threading.current_thread() is not threading.main_thread():
        yield stopper
        return
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    former = {number: signal.getsignal(number) for number in numbers}
    handled = [number for number, handler in former.items() if handler is not signal.SIG_IGN]
    hook, sys.unraisablehook = sys.unraisablehook, stopper.unraisable
    for number in handled:
        signal.signal(number, stopper.stop)
    try:
        yield stopper
    finally:
        for number in handled:
            signal.signal(number, former[number])
        sys.unraisablehook = hook
