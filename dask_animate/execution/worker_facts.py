"""What is known of a worker before it draws: with what it draws, and that it draws what others draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..frames import FrameSize

#: Differences of one kind that a message names.
SHOWN_DIFFERENCES = 4


@dataclass(frozen=True)
class WorkerFacts:
    """What a worker draws with, and a digest of what it draws.

    Attributes
    ----------
    worker : str
        Its address, or "" for this process.
    origin : str
        How its process was started; processes of the same origin draw the same frames.
    versions : mapping of str to str
        Of Python, of libraries, and the kind of processor.
    fonts : mapping of str to str
        The font files that the figure is drawn with, by what is asked for.
    settings : mapping of str to str
        The rcParams after ``setup()`` that are not the caller's.
    proof : str or None
        Digest of the pixels that workers compare; "" if there is nothing to draw; None if nothing was
        drawn yet.
    failure : str
        Why it cannot draw; "" if it can.
    """

    worker: str
    origin: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    proof: str | None = None
    failure: str = ""


@dataclass(frozen=True)
class WorkerCheck:
    """What a preflight found out about a worker.

    Attributes
    ----------
    facts : WorkerFacts
        What it draws with, a digest of the first frame as it draws it, and why it cannot draw.
    size : FrameSize or None
        Of its frames; None if that is not known before they are drawn.
    encoders : mapping of str to str
        Why encoders that may be used do not open there, by their names; "" for those that do.
    n_threads : int
        Its threads.
    memory : int or None
        Its memory limit in bytes; None if it has none.
    store : str or None
        Why it cannot write to the store; "" if it can, None if there is none.
    """

    facts: WorkerFacts
    size: FrameSize | None = None
    encoders: Mapping[str, str] = field(default_factory=dict)
    n_threads: int = 1
    memory: int | None = None
    store: str | None = None


def differences(first: WorkerFacts, second: WorkerFacts) -> list[str]:
    """Return what is different between two workers, in words: that of the first / of the second.

    What is different need not be the cause of different pixels, but the cause is among it if it is
    known at all.
    """
    found = [f"{name} {old} / {new}" for name, old, new in _differing(first.versions, second.versions)]
    fonts = _differing(first.fonts, second.fonts)
    found += [f"the font {name!r} {old} / {new}" for name, old, new in fonts]
    settings = _differing(first.settings, second.settings)
    found += [f"rcParams[{name!r}] {old} / {new}" for name, old, new in settings]
    return found


def differences_in_words(first: WorkerFacts, second: WorkerFacts) -> str:
    """Return what is different between two workers, in short."""
    found = differences(first, second)
    more = len(found) - SHOWN_DIFFERENCES
    shown = "; ".join(found[:SHOWN_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")
    return shown or (
        "nothing that is known: versions, fonts and rcParams are the same. It may be data or modules of "
        "your own, or random numbers without a seed; check() of the animator tells whether frames "
        "depend on more than their arguments"
    )


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    names = [name for name in old if old[name] != new.get(name, "none")]
    names += [name for name in new if name not in old]
    return [(name, old.get(name, "none"), new.get(name, "none")) for name in names]
