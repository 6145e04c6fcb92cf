"""What counts up as artists are made: property cycles, and pyplot's current axes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from matplotlib.figure import Figure

# Attributes of axes: the cycles of lines, and of what is filled.
_CYCLES = ("_get_lines", "_get_patches_for_fill")


class _Cycle(NamedTuple):
    """A property cycle, and the place of the next item."""

    items: list[dict[str, Any]]
    place: int


class Counts:
    """Where property cycles and the current axes of figures stood when this was made.

    Not thread-safe.

    Parameters
    ----------
    figures : iterable of Figure
        As they are after ``setup()``.
    """

    def __init__(self, figures: Iterable[Figure]) -> None:
        figures = list(figures)
        self._cycles = {
            axes: [_Cycle(counter._cycler_items, counter._idx) for counter in _counters(axes)]
            for figure in figures
            for axes in _all_axes(figure.axes)
        }
        self._current = [(figure, figure.gca()) for figure in figures if figure.axes]

    def put_back(self, figures: Iterable[Figure]) -> None:
        """Put them back; cycles of axes that were made since then to their beginning."""
        for figure in figures:
            for axes in _all_axes(figure.axes):
                counters, cycles = _counters(axes), self._cycles.get(axes)
                if cycles is None:
                    for counter in counters:
                        counter._idx = 0
                else:
                    for counter, cycle in zip(counters, cycles, strict=True):
                        counter._cycler_items, counter._idx = cycle
        for figure, current in self._current:
            with suppress(ValueError):  # it was removed
                figure.sca(current)


def _counters(axes: Any) -> list[Any]:
    # Objects of their own as of matplotlib 3.11. clear() and set_prop_cycle() make new ones.
    cycles = [getattr(axes, name) for name in _CYCLES]
    return [getattr(cycle, "_prop_cycle", cycle) for cycle in cycles]


def _all_axes(axes: Iterable[Any]) -> Iterator[Any]:
    for one in axes:
        yield one
        yield from _all_axes((*one.child_axes, *getattr(one, "parasites", ())))
