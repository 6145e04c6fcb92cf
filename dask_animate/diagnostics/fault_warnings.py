"""Warnings about faults that the events of a render report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from ..errors import FontWarning, HistoryWarning, RedrawWarning, ReuseWarning, SkippedFrameWarning
from .events import (
    Event,
    FigureBuilt,
    FrameFailure,
    Listener,
    PartitionRendered,
    PoolRendered,
    Scaled,
    ValuesChanged,
)

_logger = logging.getLogger("dask_animate.faults")  # a documented name

#: Frames that a warning names.
N_NAMED = 12


def warn_of_faults(warn: Callable[[str, type[Warning]], None]) -> Listener:
    """Return a listener that issues each kind of warning at most once.

    It warns of frames that depend on others, of frames that were not drawn incrementally as requested,
    of frames that the next render cannot find in a store, of fonts that differ between workers, and, in
    the end, of frames that could not be drawn.

    Parameters
    ----------
    warn : callable
        Issues a warning, given its message and its class.
    """
    warned: set[type[Warning]] = set()
    fonts: dict[str, tuple[str, str]] = {}
    skipped: list[FrameFailure] = []

    def warn_once(category: type[Warning], message: str | None) -> None:
        if message and category not in warned:
            warned.add(category)
            warn(message, category)

    def listen(event: Event) -> None:
        if isinstance(event, FigureBuilt):
            warn_once(FontWarning, _font_difference(fonts, event.worker, event.fonts))
        elif isinstance(event, ValuesChanged):
            warn_once(
                ReuseWarning,
                f"{', '.join(event.names[:8])}: not as in the last render with this store, although no "
                f"file has changed, so all frames are drawn again; frames are never found again if they "
                f"depend on a value that differs in every process, such as a time",
            )
        elif isinstance(event, PartitionRendered | PoolRendered):
            warn_once(HistoryWarning, event.report.history_fault)
            warn_once(RedrawWarning, event.report.redraw_fault)
            warn_once(ReuseWarning, event.report.reuse_fault)
            warn_once(FontWarning, _font_difference(fonts, event.report.worker, event.report.fonts))
            for failure in event.report.skipped:
                _logger.warning("frame %d could not be drawn: %s", failure.frame_idx, failure.error)
            skipped.extend(event.report.skipped)
        elif isinstance(event, Scaled) and skipped:
            warn_once(SkippedFrameWarning, _skipped_in_words(skipped))

    return listen


def _skipped_in_words(skipped: Sequence[FrameFailure]) -> str:
    in_order = sorted(skipped, key=lambda failure: failure.frame_idx)
    first = in_order[0]
    named = ", ".join(str(failure.frame_idx) for failure in in_order[:N_NAMED])
    more = f" and {len(in_order) - N_NAMED} more" if len(in_order) > N_NAMED else ""
    return (
        f"frames that could not be drawn, and were replaced as on_error= says: {named}{more}. Frame "
        f"{first.frame_idx}: {first.error} (params: {first.params}); video.skipped has them all"
    )


def _font_difference(
    known: dict[str, tuple[str, str]], worker: str, fonts: Mapping[str, str]
) -> str | None:
    """Describe a font of a worker that differs from other workers; add new fonts to `known`.

    Parameters
    ----------
    known : dict of str to (str, str)
        For each requested font, the first worker that used it and the file that it found.
    worker : str
        Address of the worker.
    fonts : mapping of str to str
        The files that the worker found, by the requested font.
    """
    for requested, found in fonts.items():
        first_worker, first = known.setdefault(requested, (worker, found))
        if first != found:
            return (
                f"the font {requested!r} is {found} on {worker}, but {first} on {first_worker}: texts "
                f"will look different from partition to partition; install the same fonts on all "
                f"workers, or choose one that all have, such as DejaVu Sans, which is part of matplotlib"
            )
    return None
