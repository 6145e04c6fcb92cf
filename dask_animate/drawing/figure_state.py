"""The state of figures that advances as artists are added: property cycles and current axes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from matplotlib.axes._base import _AxesBase
from matplotlib.figure import Figure

# Attributes of axes that hold property cycles: those of lines and of filled artists.
_CYCLE_ATTRIBUTES = ("_get_lines", "_get_patches_for_fill")


class _CycleState(NamedTuple):
    """A property cycle and the index of its next item."""

    items: list[dict[str, Any]]
    idx: int


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
            axes: [_CycleState(cycle._cycler_items, cycle._idx) for cycle in _cycles(axes)]
            for figure in figures
            for axes in _all_axes(figure.axes)
        }
        self._current = [(figure, figure.gca()) for figure in figures if figure.axes]

    def restore(self, figures: Iterable[Figure]) -> None:
        """Restore the snapshot; restart the cycles of axes that were added since then."""
        for figure in figures:
            for axes in _all_axes(figure.axes):
                cycles, states = _cycles(axes), self._cycles.get(axes)
                if states is None:
                    for cycle in cycles:
                        cycle._idx = 0
                else:
                    for cycle, state in zip(cycles, states, strict=True):
                        cycle._cycler_items, cycle._idx = state
        for figure, current in self._current:
            with suppress(ValueError):  # it was removed
                figure.sca(current)


def _cycles(axes: _AxesBase) -> list[Any]:
    # Objects of their own as of matplotlib 3.11. clear() and set_prop_cycle() make new ones.
    cycles = [getattr(axes, name) for name in _CYCLE_ATTRIBUTES]
    return [getattr(cycle, "_prop_cycle", cycle) for cycle in cycles]


def _all_axes(axes: Iterable[_AxesBase]) -> Iterator[_AxesBase]:
    for one in axes:
        yield one
        yield from _all_axes((*one.child_axes, *getattr(one, "parasites", ())))
