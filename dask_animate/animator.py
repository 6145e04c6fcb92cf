"""`Animator`, the class that users derive from to draw with matplotlib."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from .renderable import Renderable
from .rendering import FigureSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .drawing import DrawOptions


class Animator(Renderable):
    """A figure and how it changes from frame to frame.

    Derive a class from it, write `setup` and `update`, and call `make_video`.

    A worker builds the figure once, with `setup`, and draws many frames with it, in any order. So what
    `update` shows must depend on its arguments alone. The animator is pickled and sent to each worker
    once, so keep large data out of its attributes: load it in `setup`, or pass it frame by frame. A
    render in this process draws with a deep copy of the animator.

    Examples
    --------
    >>> import numpy as np
    >>> import matplotlib.pyplot as plt
    >>> class Wave(Animator):
    ...     def setup(self):
    ...         fig, ax = plt.subplots()
    ...         self.x = np.linspace(0, 4 * np.pi, 200)
    ...         (self.line,) = ax.plot(self.x, np.cos(self.x))
    ...         return fig
    ...     def update(self, frame_idx, phase):
    ...         self.line.set_ydata(np.cos(self.x + phase))
    >>> Wave().frame(np.pi).shape
    (480, 640, 3)
    """

    @abstractmethod
    def setup(self) -> Figure:
        """Build the figure and return it.

        Keep the artists that `update` changes, such as lines, images and texts, as attributes.
        """

    @abstractmethod
    def update(self, frame_idx: int, params: Any) -> None:
        """Change the figure to show one frame.

        What it shows must depend on its arguments alone, and not on frames before: processes draw
        different frames, in any order.

        Parameters
        ----------
        frame_idx : int
            Index of the frame, from 0.
        params : object
            The frame's item of ``param_by_frame``. Mutable objects in it are copied, so that changes in
            place affect neither other frames nor the caller; an object that occurs twice stays one
            object. Read-only arrays, and objects that cannot be copied, such as locks, are shared.
        """

    def _spec(self, draw: DrawOptions, log_interval: int | None = None) -> FigureSpec:
        from .drawing import current_settings

        self.before_drawing()
        return FigureSpec(self, draw, current_settings(), log_interval)
