"""The state of figures that advances as artists are added: property cycles and current axes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from matplotlib.figure import Figure

from ..blitting import AxesBase, cycle_position, property_cycles, set_cycle_position


class FigureState:
    """A snapshot of the property cycles and the current axes of figures.

    Not thread-safe.

    Parameters
    ----------
    figures : iterable of Figure
        As ``setup()`` leaves them.
    """

    def __init__(self, figures: Iterable[Figure]) -> None:
        figures = list(figures)
        self._cycles = {
            axes: [cycle_position(cycle) for cycle in property_cycles(axes)]
            for figure in figures
            for axes in _all_axes(figure.axes)
        }
        self._current = [(figure, figure.gca()) for figure in figures if figure.axes]

    def restore(self, figures: Iterable[Figure]) -> None:
        """Restore the snapshot; restart the cycles of axes that were added since then."""
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


def _all_axes(axes: Iterable[AxesBase]) -> Iterator[AxesBase]:
    for one in axes:
        yield one
        yield from _all_axes((*one.child_axes, *getattr(one, "parasites", ())))
