"""What counts up as artists are made: property cycles, and pyplot's current axes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from matplotlib.figure import Figure

from ..blitting import cycle_position, property_cycles, set_cycle_position


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
            axes: [cycle_position(cycle) for cycle in property_cycles(axes)]
            for figure in figures
            for axes in _all_axes(figure.axes)
        }
        self._current = [(figure, figure.gca()) for figure in figures if figure.axes]

    def put_back(self, figures: Iterable[Figure]) -> None:
        """Put them back; cycles of axes that were made since then to their beginning."""
        for figure in figures:
            for axes in _all_axes(figure.axes):
                cycles, positions = property_cycles(axes), self._cycles.get(axes)
                if positions is None:
                    positions = [cycle_position(cycle)._replace(idx=0) for cycle in cycles]
                for cycle, position in zip(cycles, positions, strict=True):
                    set_cycle_position(cycle, position)
        for figure, current in self._current:
            with suppress(ValueError):  # it was removed
                figure.sca(current)


def _all_axes(axes: Iterable[Any]) -> Iterator[Any]:
    for one in axes:
        yield one
        yield from _all_axes((*one.child_axes, *getattr(one, "parasites", ())))
