"""`FrameSource`, the class that users derive from to draw frames without matplotlib."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from .drawing import Drawn, DrawOptions
from .errors import OptionError
from .renderable import Renderable
from .rendering import PixelSpec
from .validation import in_short

#: Arguments that are about figures, by the options that they become.
_OF_FIGURES = {
    **dict.fromkeys(
        ("dpi", "facecolor", "edgecolor", "transparent", "tight", "pad_inches"), "savefig_params"
    ),
    "reuse_figure": "reuse_figure_object=False",
    "freeze_layout": "freeze_layout=False",
}


class FrameSource(Renderable):
    """Frames that are drawn without a matplotlib figure.

    Derive a class from it, write `draw`, and call `make_video`, `frames`, `frame`, `preview`, `explore`
    or `check`, which are those of `Animator`: `draw` takes the place of `update`.

    Frames are drawn in any order, by several processes, so what `draw` returns must depend on its
    arguments alone. The object is pickled and sent to each worker once. Keep large data out of its
    attributes: load it in `setup`, or pass it frame by frame. A render in this process draws with a deep
    copy of the object.

    All frames of a video have the shape of the first one. If `frame_shape` is None, the first frame is
    drawn in the calling process before the render begins. A render in this process does not draw it
    again, and a cluster draws it once more. Where the calling process cannot draw, or where `setup`
    takes long, set `frame_shape`; then only the workers of a cluster draw.

    Attributes
    ----------
    frame_shape : tuple of int or None
        Shape of each frame, ``(height, width, 1, 3 or 4)``. Set it in the class, in ``__init__`` or in
        `before_drawing`.

    Notes
    -----
    Arguments of `make_video` and the others that are about figures are errors: `savefig_params`,
    ``redraw="blit"``, ``reuse_figure_object=False`` and ``freeze_layout=False``.

    Frames with an alpha channel are transparent in videos whose codec takes that; elsewhere they are
    drawn on white, and a `TransparencyWarning` says so. A frame that equals the one before it is found
    by comparing, and its pixels are converted once.

    In each process, one thread at a time runs `setup` and `draw`, of all frame sources and animators.
    The global random states are seeded as for an animator.

    Examples
    --------
    >>> import numpy as np
    >>> from dask_animate import FrameSource
    >>> class Plasma(FrameSource):
    ...     def setup(self):
    ...         self.y, self.x = np.mgrid[0:3:120j, 0:4:160j]
    ...     def draw(self, frame_idx, phase):
    ...         wave = np.sin(3 * self.x + phase) + np.sin(2 * self.y - phase)
    ...         return (wave + 2) / 4
    >>> Plasma().frame(0.5).shape
    (120, 160, 3)

    Pillow draws as well:

    >>> from PIL import Image, ImageDraw
    >>> class Clock(FrameSource):
    ...     def draw(self, frame_idx, angle):
    ...         image = Image.new("RGB", (100, 100), "white")
    ...         ImageDraw.Draw(image).pieslice((10, 10, 90, 90), -90, angle - 90, "navy")
    ...         return image
    >>> Clock().preview(range(0, 360, 10), n=4).frame_idx
    (0, 12, 23, 35)
    """

    frame_shape: tuple[int, int, int] | None = None

    def setup(self) -> None:
        """Prepare to draw; does nothing unless it is overridden.

        Runs once in each process that draws, on a copy of the object. Keep what `draw` needs as
        attributes; they need not be picklable.
        """

    @abstractmethod
    def draw(self, frame_idx: int, params: Any) -> Drawn:
        """Draw one frame and return its pixels.

        Parameters
        ----------
        frame_idx : int
            Index of the frame, from 0.
        params : object
            The frame's item of ``param_by_frame``. Mutable objects in it are copied, so that changes in
            place affect neither other frames nor the caller. Read-only arrays, and objects that cannot
            be copied, such as locks, are shared.

        Returns
        -------
        array_like, PIL.Image.Image or (bytes, tuple)
            An array has the shape ``(height, width)``, or ``(height, width, channels)`` with 1, 3 or 4
            channels for gray, RGB and RGBA, alpha not premultiplied. It holds uint8, or floats from 0 to
            1. Its memory may be used again for the next frame.

            An image of Pillow may have any mode but "I" and "F". With transparency it counts as RGBA,
            gray ones count as gray, and others as RGB.

            Raw bytes come with their shape, as ``(data, (height, width, channels))``.
        """

    def _draw_options(self, savefig_params: Mapping[str, Any] | None, **options: Any) -> DrawOptions:
        draw = super()._draw_options(savefig_params, **options)
        _check_options(draw)
        return draw

    def _spec(self, draw: DrawOptions, log_interval: int | None = None) -> PixelSpec:
        self.before_drawing()
        return PixelSpec(self, draw.seed, _checked_shape(self.frame_shape), log_interval)


def _check_options(draw: DrawOptions) -> None:
    default = DrawOptions()
    wrong = {
        name for option, name in _OF_FIGURES.items() if getattr(draw, option) != getattr(default, option)
    }
    if draw.redraw == "blit":
        wrong.add('redraw="blit"')
    if wrong:
        raise OptionError(
            f"{' and '.join(sorted(wrong))}: only for an Animator, which has a figure; a FrameSource "
            f"decides about its pixels itself, in draw()"
        )


def _checked_shape(shape: Any) -> tuple[int, int, int] | None:
    if shape is None:
        return None
    is_shape = isinstance(shape, tuple | list) and len(shape) == 3
    is_shape = is_shape and all(isinstance(n, int | np.integer) and n > 0 for n in shape)
    if not is_shape or shape[2] not in (1, 3, 4):
        raise OptionError(
            f"frame_shape must be (height, width, 1, 3 or 4) or None, got {in_short(shape)}"
        )
    height, width, n_channels = map(int, shape)
    return height, width, n_channels
