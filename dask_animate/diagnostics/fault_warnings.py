"""Warnings about faults that the events of a render report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import FontWarning, RedrawWarning, ReuseWarning
from .events import Event, FigureBuilt, Listener, PartitionRendered, PoolRendered, ValuesChanged


def warn_of_faults(warn: Callable[[str, type[Warning]], None]) -> Listener:
    """Return a listener that issues each kind of warning at most once.

    It warns of frames that were not drawn incrementally as requested, of frames that the next render
    cannot find in a store, and of fonts that differ between workers.

    Parameters
    ----------
    warn : callable
        Issues a warning, given its message and its class.
    """
    warned: set[type[Warning]] = set()
    fonts: dict[str, tuple[str, str]] = {}

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
            warn_once(RedrawWarning, event.report.redraw_fault)
            warn_once(ReuseWarning, event.report.reuse_fault)
            warn_once(FontWarning, _font_difference(fonts, event.report.worker, event.report.fonts))

    return listen


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
