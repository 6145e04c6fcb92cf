"""Frames that take too long on a worker: who it was is told, and the worker's process ends."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from distributed import Worker

from ..validation import in_short
from ._distributed import is_wanted, leave_and_end

_logger = logging.getLogger(__name__)

#: Seconds for which a worker waits until its task is cancelled, and then until the scheduler has let it
#: go.
TOLD_SECONDS, LEAVE_SECONDS = 10.0, 10.0
#: Seconds between two looks whether it is.
LOOK_SECONDS = 0.02
#: Seconds for which Python may not run at all, besides twice the limit of a frame.
STUCK_SECONDS = 10.0
#: Seconds that the encoder has at least for the frames of a partition, whatever the limit of a frame.
ENCODER_SECONDS = 60.0
#: Frames of the stack that a message shows, innermost last.
N_STACK = 4

_HERE = str(Path(__file__).parents[1])


def topic_of(render: str) -> str:
    """Return the topic of the events that tell of frames that take too long, given the render's id."""
    return f"dask_animate-late-{render}"


class Watchdog:
    """Watches the frames of one task, and its encoder; ends the process if something takes too long.

    Python cannot interrupt code in C, nor any code soundly. So the process ends, and its nanny, if it
    has one, starts it again. Before, the client is told which frame it was, so that it cancels the
    task: no other worker is to draw the same frame. The other tasks of the worker run elsewhere.

    If a frame does not even let other threads run, as code in C does that keeps Python's lock, nothing
    can be told. Then the process just ends after a while.

    A context manager, entered and left by the thread that draws.

    Parameters
    ----------
    worker : distributed.Worker
        The worker.
    render : str
        The render's id.
    seconds : float
        Limit for each frame.
    """

    def __init__(self, worker: Worker, render: str, seconds: float) -> None:
        self._worker = worker
        self._render = render
        self._seconds = seconds
        self._key = worker.get_current_task()
        self._thread_id = threading.get_ident()
        self._watched: _Watched | None = None
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        _switch.hold(self, 2 * self._seconds + STUCK_SECONDS)
        threading.Thread(target=self._watch, name="dask_animate-watchdog", daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        _switch.release(self)
        self._is_over.set()

    @contextmanager
    def frame(self, frame_idx: int, params: Any) -> Iterator[None]:
        """Watch a frame while it is drawn."""
        with self._until(self._seconds, frame_idx, params):
            yield

    @contextmanager
    def encoder(self, start: int, n_frames: int) -> Iterator[None]:
        """Watch the encoder of a partition, which may have as long as the frames, or a minute."""
        with self._until(max(ENCODER_SECONDS, n_frames * self._seconds)):
            yield

    @contextmanager
    def _until(self, seconds: float, frame_idx: int | None = None, params: Any = None) -> Iterator[None]:
        self._watched = _Watched(time.monotonic() + seconds, seconds, frame_idx, params)
        try:
            yield
        finally:
            self._watched = None

    def _watch(self) -> None:
        patience = self._seconds
        while not self._is_over.wait(patience):
            _switch.renew()
            watched = self._watched
            # What begins while this waits cannot be late before it looks again.
            left = self._seconds if watched is None else watched.deadline - time.monotonic()
            if watched is not None and left <= 0:
                self._end(watched)
            patience = min(self._seconds, left)

    def _end(self, watched: _Watched) -> None:
        limit = "timeout=" * (watched.frame_idx is not None) + f"{watched.seconds:g} seconds"
        error = f"it took longer than {limit}, and was in {self._where()}"
        who = "the encoder" if watched.frame_idx is None else f"frame {watched.frame_idx}"
        _logger.warning("%s: %s; this process ends", who, error)
        event = {
            "key": str(self._key),
            "frame_idx": watched.frame_idx,
            "error": error,
            "params": in_short(watched.params),
        }
        self._worker.log_event(topic_of(self._render), event)
        deadline = time.monotonic() + TOLD_SECONDS
        while is_wanted(self._worker, self._key) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        self._worker.loop.add_callback(leave_and_end, self._worker, LEAVE_SECONDS)
        time.sleep(LEAVE_SECONDS + 1)
        os._exit(1)  # if not even the event loop runs

    def _where(self) -> str:
        """Return which code the frame is in, innermost last; of the caller's, if it is in theirs."""
        stack = traceback.extract_stack(sys._current_frames().get(self._thread_id))
        theirs = takewhile(lambda line: not line.filename.startswith(_HERE), reversed(stack))
        shown = [*theirs][:N_STACK] or stack[-1:]
        return ", in ".join(f"{line.name} ({line.filename}:{line.lineno})" for line in reversed(shown))


@dataclass(frozen=True, slots=True)
class _Watched:
    """What is being done, until when at most; not of a frame if it is the encoder's work."""

    deadline: float
    seconds: float
    frame_idx: int | None
    params: Any


class _DeadMansSwitch:
    """Ends this process if no Python code can run any more, while somebody holds the switch.

    Thread-safe.

    The clock is a thread of faulthandler's, which needs no Python code.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders: dict[object, float] = {}

    def hold(self, holder: object, seconds: float) -> None:
        """Begin, for somebody who calls `renew` within so many seconds."""
        with self._lock:
            self._holders[holder] = seconds
            self._set()

    def renew(self) -> None:
        """Begin anew, if somebody still holds it."""
        with self._lock:
            self._set()

    def release(self, holder: object) -> None:
        """End, if nobody else holds it."""
        with self._lock:
            del self._holders[holder]
            self._set()

    def _set(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        if self._holders:
            seconds = max(self._holders.values())
            faulthandler.dump_traceback_later(seconds, exit=True, file=2)


_switch = _DeadMansSwitch()
