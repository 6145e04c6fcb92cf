"""The progress of a render for people: a progress bar and log messages."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Any

from ..errors import OptionTypeError
from ..validation import in_short, require_int
from .events import Event, FrameEncoded

_logger = logging.getLogger("dask_animate.progress")  # users configure it by this name


class ProgressBar:
    """A listener that shows encoded frames on a progress bar, in a terminal or a notebook.

    Its clock starts with the first frame, lest workers that start count as slow frames. Also a context
    manager, which closes the bar.

    Parameters
    ----------
    n_frames : int or None
        Number of frames; None shows a bar without a total.
    disable : bool or None
        True hides the bar. None hides it if standard error is not a terminal and this is no notebook.
    """

    def __init__(self, n_frames: int | None, disable: bool | None) -> None:
        from tqdm.auto import tqdm

        if disable is None:
            disable = not _is_interactive()
        self._bar: Any = tqdm(
            total=n_frames,
            unit="frame",
            desc="Frames",
            bar_format="{desc}: waiting for the first one",
            leave=False,
            disable=disable,
            dynamic_ncols=True,
        )
        self._is_running = False

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

    def _start(self) -> None:
        self._is_running = True
        self._bar.bar_format = None
        self._bar.leave = True
        self._bar.initial = 1  # the clock knows nothing of the time that the first frame took
        self._bar.unpause()


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
    disable_bar : bool or None
        As `disable` of `ProgressBar`.
    log_interval : int or None
        Encoded frames between two log messages; None logs nothing.
    """

    disable_bar: bool | None
    log_interval: int | None

    @classmethod
    def create(cls, disable_progress_bar: Any, saving_log_interval: object) -> ProgressOptions:
        """Validate the arguments of `Animator.make_video` with these names."""
        if disable_progress_bar not in (None, True, False):
            raise OptionTypeError(
                f"disable_progress_bar must be True, False or None, got {in_short(disable_progress_bar)}"
            )
        if saving_log_interval is not None:
            saving_log_interval = require_int("saving_log_interval", saving_log_interval, 1)
        return cls(disable_progress_bar, saving_log_interval)

    def bar(self, n_frames: int | None) -> ProgressBar:
        """Return the progress bar for a video."""
        return ProgressBar(n_frames, self.disable_bar)

    def logs(self, n_frames: int | None) -> list[ProgressLog]:
        """Return the listener that logs, if it is requested."""
        return [] if self.log_interval is None else [ProgressLog(n_frames, self.log_interval)]


def notify(message: str) -> None:
    """Log a message, and print it in a terminal or a notebook."""
    _logger.info(message)
    if _is_interactive():
        print(message, file=sys.stderr)


def _is_interactive() -> bool:
    return _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
