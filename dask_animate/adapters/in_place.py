"""How matplotlib draws the frames of an animation that it saves, on the caller's own figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.animation import Animation
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from numpy.typing import NDArray

from ..drawing import DrawOptions
from ..errors import FrameError
from ..validation import in_short
from ._matplotlib import draw_initially, draw_next, figure_of, saving


def saved_look(figure: Figure, options: DrawOptions, dpi: float | str | None) -> dict[str, Any]:
    """Return the dpi and the colors with which ``Animation.save`` draws a figure.

    They are those of the options, else those of the rcParams for saving, else those of the figure. A
    background that is not opaque is mixed with white.

    Parameters
    ----------
    figure : Figure
        Not changed.
    options : DrawOptions
        What the caller asked for.
    dpi : float, "figure" or None
        The dpi that the caller asked for.
    """
    dpi = rcParams["savefig.dpi"] if dpi is None else dpi
    look = {
        "dpi": figure.dpi if dpi == "figure" else dpi,
        "facecolor": _set(options.facecolor, rcParams["savefig.facecolor"], figure.get_facecolor()),
        "edgecolor": _set(options.edgecolor, rcParams["savefig.edgecolor"], figure.get_edgecolor()),
    }
    if not options.transparent:
        *rgb, alpha = to_rgba(look["facecolor"])
        look["facecolor"] = tuple(alpha * np.array(rgb) + 1 - alpha)
    return look


def _set(*colors: Any) -> Any:
    return next(
        color for color in colors if not (color is None or (isinstance(color, str) and color == "auto"))
    )


def runs_layout(figure: Figure) -> bool:
    """Return True if a layout engine moves axes when the figure is drawn."""
    engine = figure.get_layout_engine()
    return engine is not None and not isinstance(engine, PlaceHolderLayoutEngine)


class CanvasPixels(BytesIO):
    """Takes what `Figure.savefig` writes in the format "rgba": the canvas, at once, which is not copied.

    Parameters
    ----------
    take : callable
        Called with the pixels, uint8 of shape (height, width, 4), which the next draw overwrites.
    """

    def __init__(self, take: Callable[[NDArray[np.uint8]], None]) -> None:
        super().__init__()
        self._take = take

    def write(self, data: Any) -> int:
        """Take the pixels of the canvas."""
        self._take(np.asarray(data))
        return len(data)


def frames_in_place(
    animation: Animation, first: Any, items: Iterable[Any], options: DrawOptions
) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames in the order and in the way in which ``Animation.save`` draws them.

    Parameters
    ----------
    animation : Animation
        Its figure is changed, as by ``Animation.save``.
    first : object
        What a FuncAnimation without an ``init_func`` draws before the first frame.
    items : iterable of object
        What each frame shows; read one at a time.
    options : DrawOptions
        Its dpi and its colors are used.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3 or 4)
        4 channels if frames are transparent. Owned by the caller.
    """
    figure = figure_of(animation)
    dpi = figure.dpi if options.dpi is None else options.dpi
    look: dict[str, Any] = {"facecolor": options.facecolor, "edgecolor": options.edgecolor}
    taken: list[NDArray[np.uint8]] = []
    with saving(figure):
        draw_initially(animation, first)
        for frame_idx, item in enumerate(items):
            try:
                draw_next(animation, item)
                file = CanvasPixels(lambda pixels: taken.append(pixels.copy()))
                figure.savefig(file, format="rgba", dpi=dpi, transparent=options.transparent, **look)
            except Exception as exc:
                raise FrameError.of(frame_idx, in_short(item), exc) from exc
            rgba = taken.pop()
            yield rgba if options.transparent else rgba[..., :3]
