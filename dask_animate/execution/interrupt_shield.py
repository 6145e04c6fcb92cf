"""Ctrl-C in a terminal and a notebook's interrupt, which also reach workers that were started there."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from distributed import Worker


class InterruptShield:
    """Lets a worker's process ignore SIGINT while renders need it.

    An interrupt is sent to all processes of a terminal or of a kernel, so also to the workers of a
    `LocalCluster`, which end by it and are not started again. Used on a worker's event loop only.
    """

    def __init__(self) -> None:
        self._n_renders = 0
        self._handler: Callable[[int, FrameType | None], object] | int | None = None

    def hold(self, worker: Worker) -> bool:
        """Ignore interrupts from now on; return False if that is not possible, or not ours to do.

        A worker without a nanny may be the caller's own process, or be ended by Ctrl-C.
        """
        if worker.nanny is None or threading.current_thread() is not threading.main_thread():
            return False
        if not self._n_renders:
            self._handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._n_renders += 1
        return True

    def release(self) -> None:
        """Put things back once no render needs this; once for each `hold` that returned True."""
        self._n_renders -= 1
        if not self._n_renders:
            signal.signal(signal.SIGINT, self._handler)


#: That of this process.
shield = InterruptShield()
