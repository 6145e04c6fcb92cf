"""What ``update()`` leaves behind: artists, figures, categories, and attributes of the animator."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axis import Axis, Tick
from matplotlib.figure import Figure

from ..blitting import n_categories
from ..drawing import open_figures

# Types of attributes that are data and not artists.
_DATA = (
    *(bool, int, float, str, bytes, list, tuple, dict, set, np.ndarray),
    *(random.Random, np.random.RandomState, np.random.Generator),
)


class _Rule(NamedTuple):
    """When the growth of a count is reported.

    Attributes
    ----------
    n_per_frame : int
        Growth for each frame; at least one in all is required.
    advice : str
        What to do about it.
    """

    n_per_frame: int
    advice: str


_RULES = {
    "artists on the figure": _Rule(1, "change the existing ones, or remove those of the frame before"),
    "figures open": _Rule(1, "open them in setup(), or close them"),
    "categories on axes": _Rule(
        0, "pass all of them in setup(), in order: their positions follow the order in which they appear"
    ),
}


class FrameState(NamedTuple):
    """What there is after a frame.

    Attributes
    ----------
    counts : mapping of str to int
        The number of artists, figures and categories.
    attributes : mapping of str to bytes
        Pickles of the animator's attributes that are data.
    """

    counts: Mapping[str, int]
    attributes: Mapping[str, bytes]


def frame_state(animator: object, figure: Figure) -> FrameState:
    """Return what there is now; to be called in the isolated state of the figure."""
    attributes = {}
    for name, value in vars(animator).items():
        if isinstance(value, _DATA):
            with suppress(Exception):  # it holds something that cannot be pickled, such as artists
                attributes[name] = pickle.dumps(value)
    figures = {id(one): one for one in [figure, *open_figures()]}
    axes: Any = figure.findobj(Axis)
    units = {id(unit): unit for axis in axes if (unit := axis.get_units())}
    counts = {
        "artists on the figure": _n_artists(figure),
        "figures open": len(figures),
        "categories on axes": sum(map(n_categories, units.values())),
    }
    return FrameState(counts, attributes)


def side_effects(states: Sequence[FrameState], *, depends_on_history: bool) -> Iterator[str]:
    """Yield in words what accumulates from the first frame to the last.

    Changed attributes are reported only if frames depend on the frames before them.
    """
    first, last = states[0], states[-1]
    n_more = len(states) - 1
    for what, rule in _RULES.items():
        n_first, n_last = first.counts[what], last.counts[what]
        if n_more and n_last - n_first >= max(1, rule.n_per_frame * n_more):
            yield (
                f"leaves {what}: there are {n_first} after one frame, {n_last} after {n_more + 1}; "
                f"{rule.advice}"
            )
    changed = [name for name, data in last.attributes.items() if first.attributes.get(name) != data]
    if changed and depends_on_history:
        yield "changes " + ", ".join(f"self.{name}" for name in sorted(changed))


def _n_artists(figure: Figure) -> int:
    """Count a figure's artists without ticks, which matplotlib makes as needed and keeps."""
    artists = figure.findobj()
    return len(artists) - sum(len(tick.findobj()) for tick in artists if isinstance(tick, Tick))
