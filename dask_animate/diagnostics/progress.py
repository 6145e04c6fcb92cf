"""The progress of a render for people: a bar in terminals, lines in files, and log messages."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from ..errors import OptionTypeError
from ..validation import in_short, require_int
from .events import Event, FrameEncoded, PoolRendered
from .live_view import LiveView, in_notebook

_logger = logging.getLogger("dask_animate.progress")  # users configure it by this name

#: Where standard error is a file, a line is due after so many frames, as a share of all, or after so
#: many seconds, but not sooner than after a few.
LINE_SHARE, LINE_SECONDS, MIN_LINE_SECONDS = 0.05, 60.0, 5.0
#: Seconds before which nothing is said of the pace: the frames of a segment come all at once.
PACE_SECONDS = 1.0


class ProgressBar:
    """A listener that shows encoded frames on a progress bar, in a terminal.

    Its clock starts with the first frame, lest workers that start count as slow frames. Also a context
    manager, which closes the bar.

    Parameters
    ----------
    n_frames : int or None
        Number of frames; None shows a bar without a total.
    """

    def __init__(self, n_frames: int | None) -> None:
        from tqdm import tqdm

        self._bar: Any = tqdm(
            total=n_frames,
            unit="frame",
            desc="Frames",
            bar_format="{desc}: waiting for the first one",
            leave=False,
            dynamic_ncols=True,
        )
        self._is_running = False
        self._n_pooled = 0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bar.close()

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        if isinstance(event, FrameEncoded):
            if not self._is_running:
                self._start()
            self._bar.update()
        elif isinstance(event, PoolRendered):
            self._n_pooled += event.report.n_frames
            self._bar.bar_format = f"{{desc}}: {self._n_pooled} that are shown more than once are drawn"
            self._bar.refresh()

    def conclude(self, text: str) -> None:
        """Say in one line below the bar, which is closed, what came out."""
        self._bar.write(text, file=sys.stderr)

    def _start(self) -> None:
        self._is_running = True
        self._bar.bar_format = None
        self._bar.leave = True
        self._bar.initial = 1  # the clock knows nothing of the time that the first frame took
        self._bar.unpause()


class ProgressLines:
    """A listener that shows encoded frames as lines of text, for a file that is read by people.

    A context manager, as the `ProgressBar` is.

    Parameters
    ----------
    n_frames : int or None
        Number of frames, if it is known.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, n_frames: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._n_frames = n_frames
        self._clock = clock
        self._begun: float | None = None  # when the first frame came
        self._said = clock()
        self._n_said = 0
        self._say("waiting for the first one")

    def __enter__(self) -> ProgressLines:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Do nothing: every line is complete."""

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        if not isinstance(event, FrameEncoded):
            return
        n, now = event.frame_idx + 1, self._clock()
        if self._begun is None:
            self._begun = now
        share = None if self._n_frames is None else (n - self._n_said) / self._n_frames
        is_far = share is not None and share >= LINE_SHARE and now - self._said >= MIN_LINE_SECONDS
        if is_far or now - self._said >= LINE_SECONDS:
            self._said, self._n_said = now, n
            self._say(self._text(n, now - self._begun))

    def conclude(self, text: str) -> None:
        """Say in one line what came out."""
        print(text, file=sys.stderr, flush=True)

    def _text(self, n: int, seconds: float) -> str:
        """Return how far the render is; the first frame, which began the clock, is not in its pace."""
        pace = (n - 1) / seconds if seconds >= PACE_SECONDS else 0.0
        speed = f", {pace:.3g} per second" if pace else ""
        if self._n_frames is None:
            return f"{n}{speed}"
        left = f", {timedelta(seconds=round((self._n_frames - n) / pace))} left" if pace else ""
        return f"{n} of {self._n_frames} ({n / self._n_frames:.0%}){speed}{left}"

    def _say(self, text: str) -> None:
        print(f"Frames: {text}", file=sys.stderr, flush=True)


class ProgressLog:
    """A listener that logs the number of encoded frames at regular intervals.

    Parameters
    ----------
    n_frames : int or None
        Number of frames of the video, if it is known.
    interval : int
        Frames between two messages.
    """

    def __init__(self, n_frames: int | None, interval: int) -> None:
        self._total = "" if n_frames is None else f" of {n_frames}"
        self._interval = interval

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        if isinstance(event, FrameEncoded):
            n = event.frame_idx + 1
            if n % self._interval == 0:
                _logger.info("encoded %d%s frames", n, self._total)


@dataclass(frozen=True)
class ProgressOptions:
    """How a render reports its progress.

    Attributes
    ----------
    is_shown : bool or None
        Whether progress is shown; None shows it in terminals and notebooks.
    log_interval : int or None
        Encoded frames between two log messages; None logs nothing.
    """

    is_shown: bool | None
    log_interval: int | None

    @classmethod
    def create(cls, disable_progress_bar: Any, saving_log_interval: object) -> ProgressOptions:
        """Validate the arguments of `Animator.make_video` with these names."""
        is_flag = isinstance(disable_progress_bar, int | np.bool_) and disable_progress_bar in (0, 1)
        if disable_progress_bar is not None and not is_flag:
            raise OptionTypeError(
                f"disable_progress_bar must be True, False or None, got {in_short(disable_progress_bar)}"
            )
        if saving_log_interval is not None:
            saving_log_interval = require_int("saving_log_interval", saving_log_interval, 1)
        is_shown = None if disable_progress_bar is None else not disable_progress_bar
        return cls(is_shown, saving_log_interval)

    def shown(
        self, n_frames: int | None, html: Callable[[], str], is_over: Callable[[], bool]
    ) -> AbstractContextManager[ProgressBar | ProgressLines | None]:
        """Return a context manager that shows a render, and yields the listener that this needs.

        Parameters
        ----------
        n_frames : int or None
            Number of frames, if it is known.
        html, is_over : callable
            As for the `LiveView` that a notebook shows.
        """
        if self.is_shown is False:
            return nullcontext()
        if in_notebook():
            return LiveView(html, is_over)
        if sys.stderr is not None and sys.stderr.isatty():
            return ProgressBar(n_frames)
        if sys.stderr is not None and self.is_shown:
            return ProgressLines(n_frames)
        return nullcontext()

    def logs(self, n_frames: int | None) -> list[ProgressLog]:
        """Return the listener that logs, if it is requested."""
        return [] if self.log_interval is None else [ProgressLog(n_frames, self.log_interval)]


def notify(message: str) -> None:
    """Log a message, and print it in a terminal or a notebook."""
    _logger.info(message)
    if in_notebook():
        print(message)  # what comes on stderr looks like a fault there
    elif sys.stderr is not None and sys.stderr.isatty():
        print(message, file=sys.stderr)
