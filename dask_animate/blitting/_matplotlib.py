"""What the code relies on in matplotlib that is not public."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from matplotlib.figure import Figure


def full_renderer(figure: Figure) -> Any:
    """Return the renderer of full draws, which decides on a figure's size in pixels.

    matplotlib cuts inches times dpi to whole pixels in several places, and not in the same way in each
    version: 4.81 · 100 is 480.99999999999994.
    """
    canvas: Any = figure.canvas
    return canvas.get_renderer()


def all_axes(axes: Iterable[Any]) -> Iterator[Any]:
    """Yield axes and those in them."""
    for one in axes:
        yield one
        yield from all_axes(one.child_axes)
