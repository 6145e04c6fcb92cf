"""Events to what a person reads: a progress bar, lines in a log."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from ..errors import FontWarning, OptionTypeError, RedrawWarning, ReuseWarning
from ..validation import require_int
from .events import Event, FigureBuilt, FrameEncoded, Listener, PartitionRendered, ValuesChanged

_logger = logging.getLogger("dask_animate.progress")  # a documented name


class ProgressBar:
    """One bar that counts frames as they are encoded, in a terminal or a notebook.

    A context manager and a listener.

    Parameters
    ----------
    n_frames : int or None
        Frames of the video; None shows a bar without an end.
    disable : bool or None
        True hides it; None hides it where nobody watches: standard error is not a terminal, and this is
        no notebook.
    """

    def __init__(self, n_frames: int | None, disable: bool | None) -> None:
        from tqdm.auto import tqdm

        if disable is None:
            disable = not _is_watched()
        self._bar: Any = tqdm(
            total=n_frames, unit="frame", desc="Encoding", disable=disable, dynamic_ncols=True
        )

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._bar.close()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, FrameEncoded):
            self._bar.update()


class ProgressLog:
    """A listener that logs every so many encoded frames.

    Parameters
    ----------
    n_frames : int or None
        Frames of the video.
    interval : int
        Frames between two lines.
    """

    def __init__(self, n_frames: int | None, interval: int) -> None:
        self._of = "" if n_frames is None else f" of {n_frames}"
        self._interval = interval

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, FrameEncoded):
            n = event.frame_idx + 1
            if n % self._interval == 0:
                _logger.info("encoded %d%s frames", n, self._of)


def warn_of_faults() -> Listener:
    """Return a listener that warns, once of each kind.

    It warns of frames that had to be drawn again, of frames that cannot be known again, and of fonts
    that differ from worker to worker.
    """
    warned: set[type[Warning]] = set()
    fonts: dict[str, tuple[str, str]] = {}

    def warn(category: type[Warning], message: str | None) -> None:
        if message and category not in warned:
            warned.add(category)
            warnings.warn(message, category, stacklevel=3)

    def listen(event: Event) -> None:
        if isinstance(event, FigureBuilt):
            warn(FontWarning, _other_fonts(fonts, event.worker, event.fonts))
        elif isinstance(event, ValuesChanged):
            warn(
                ReuseWarning,
                f"{', '.join(event.names[:8])}: not as in the last render with this store, though no "
                f"file has changed, so that all frames are drawn again; what differs in every process, "
                f"such as a time, keeps frames from being found",
            )
        elif isinstance(event, PartitionRendered):
            warn(RedrawWarning, event.report.redraw_fault)
            warn(ReuseWarning, event.report.reuse_fault)
            warn(FontWarning, _other_fonts(fonts, event.report.worker, event.report.fonts))

    return listen


def _other_fonts(known: dict[str, tuple[str, str]], worker: str, fonts: Mapping[str, str]) -> str | None:
    """Return in words what a worker draws with another font than those before it; add what is new."""
    for wanted, found in fonts.items():
        first_worker, first = known.setdefault(wanted, (worker, found))
        if first != found:
            return (
                f"the font {wanted!r} is {found} on {worker}, but {first} on {first_worker}: texts will "
                f"look different from partition to partition; install the same fonts on all workers, or "
                f"choose one that all have, such as matplotlib's own DejaVu Sans"
            )
    return None


@dataclass(frozen=True)
class ProgressOptions:
    """What is shown of a render while it runs.

    Attributes
    ----------
    disable_bar : bool or None
        True hides the progress bar; None hides it where nobody watches.
    log_interval : int or None
        Encoded frames between two lines in the log; None logs nothing.
    """

    disable_bar: bool | None
    log_interval: int | None

    @classmethod
    def create(cls, disable_progress_bar: Any, saving_log_interval: object) -> ProgressOptions:
        """Check what the caller gave; the names are those of `Animator.make_video`."""
        if disable_progress_bar not in (None, True, False):
            raise OptionTypeError(
                f"disable_progress_bar must be True, False or None, got {disable_progress_bar!r}"
            )
        if saving_log_interval is not None:
            saving_log_interval = require_int("saving_log_interval", saving_log_interval, 1)
        return cls(disable_progress_bar, saving_log_interval)

    def bar(self, n_frames: int | None) -> ProgressBar:
        """Return the progress bar, to be entered, of a video of so many frames."""
        return ProgressBar(n_frames, self.disable_bar)

    def logs(self, n_frames: int | None) -> list[ProgressLog]:
        """Return the listener that logs, if one was asked for."""
        return [] if self.log_interval is None else [ProgressLog(n_frames, self.log_interval)]


def tell(message: str) -> None:
    """Log a line, and show it where somebody watches."""
    _logger.info(message)
    if _is_watched():
        print(message, file=sys.stderr)


def _is_watched() -> bool:
    return _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
