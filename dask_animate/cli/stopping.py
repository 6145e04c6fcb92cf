"""Signals that end the program: each is raised as an exception, so that everything is cleaned up."""

from __future__ import annotations

import signal
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


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` in the main thread at each signal that ends the program.

    Signals that are ignored stay so, as ``nohup`` and background jobs of a shell want it. Does nothing
    in another thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last = -SAME_SECONDS

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before >= SAME_SECONDS:
            raise Stopped(number)

    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    former = {number: signal.getsignal(number) for number in numbers}
    handled = [number for number, handler in former.items() if handler is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, former[number])
