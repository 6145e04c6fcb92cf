"""`animate`: an animator from functions."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from matplotlib.figure import Figure

from .animator import Animator
from .errors import FigureError, OptionError, OptionTypeError
from .validation import in_short
from .video_options import VideoOptions, check_names

if TYPE_CHECKING:
    from .render import Render
    from .video import Video

Setup = Callable[[], Any]


class FunctionAnimator(Animator):
    """An animator made of functions; see `animate`, which makes it.

    Parameters
    ----------
    setup : callable
        As for `animate`.
    update : callable or None
        As for `animate`.
    fps : float, Fraction or None
        Frames per second, if a call of `make_video` does not say otherwise.
    options : dict
        Options of `make_video`, if a call does not say otherwise.

    Attributes
    ----------
    fps : float, Fraction or None
        As given.
    """

    def __init__(
        self,
        setup: Setup,
        update: Callable[..., object] | None,
        fps: float | Fraction | None,
        options: VideoOptions,
    ) -> None:
        self._setup = setup
        self._update = update
        self.fps = fps
        self._options = options

    def __repr__(self) -> str:
        return f"<FunctionAnimator {getattr(self._setup, '__qualname__', self._setup)}>"

    def setup(self) -> Figure:
        """Call the function that builds the figure."""
        made = self._setup()
        figure, *others = made if isinstance(made, tuple) and made else (made,)
        update = self._update
        if update is None:
            if len(others) != 1 or not callable(others[0]):
                raise FigureError(
                    f"without update=, setup must return the figure and the function that changes it, "
                    f"as in `return fig, update`; got {in_short(made)}"
                )
            update, others = others[0], []
        if not isinstance(figure, Figure):
            raise FigureError(
                f"setup must return the matplotlib Figure that it made, or a tuple that begins with it, "
                f"got {in_short(made)}"
            )
        returned = (figure, *others)
        self._args = next((args for args in (returned, ()) if _takes(update, len(args))), None)
        if self._args is None:
            raise FigureError(
                f"{_name(update)} must take the frame index and the parameters, and may take the "
                f"{len(returned)} objects that setup returned besides"
            )
        self._change = update
        return figure

    def update(self, frame_idx: int, params: Any) -> None:
        """Call the function that changes the figure."""
        assert self._args is not None
        self._change(frame_idx, params, *self._args)

    @overload  # type: ignore[override]  # takes all options by their names
    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction | None = None,
        n_frames: int | None = None,
        *,
        wait: Literal[False],
        **options: Unpack[VideoOptions],
    ) -> Render: ...
    @overload
    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction | None = None,
        n_frames: int | None = None,
        *,
        wait: Literal[True] = True,
        **options: Unpack[VideoOptions],
    ) -> Video: ...
    @overload
    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction | None = None,
        n_frames: int | None = None,
        *,
        wait: bool,
        **options: Unpack[VideoOptions],
    ) -> Video | Render: ...
    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction | None = None,
        n_frames: int | None = None,
        *,
        wait: bool = True,
        **options: Unpack[VideoOptions],
    ) -> Video | Render:
        """Render a video; see `Animator.make_video`. Options have the defaults given to `animate`."""
        fps = self.fps if fps is None else fps
        if fps is None:
            raise OptionError("fps is missing: give it here or to animate()")
        check_names("make_video", options)
        options = self._options | options
        return super().make_video(output_file, param_by_frame, fps, n_frames, wait=wait, **options)


@overload
def animate(
    setup: Setup,
    update: Callable[..., object] | None = None,
    *,
    fps: float | Fraction | None = None,
    **options: Unpack[VideoOptions],
) -> FunctionAnimator: ...


@overload
def animate(
    setup: None = None,
    update: None = None,
    *,
    fps: float | Fraction | None = None,
    **options: Unpack[VideoOptions],
) -> Callable[[Setup], FunctionAnimator]: ...


def animate(
    setup: Setup | None = None,
    update: Callable[..., object] | None = None,
    *,
    fps: float | Fraction | None = None,
    **options: Unpack[VideoOptions],
) -> FunctionAnimator | Callable[[Setup], FunctionAnimator]:
    """Make an `Animator` from functions.

    Called with `setup` and `update`, or with one function that has both; or used as a decorator of such
    a function, with or without options.

    Parameters
    ----------
    setup : callable, optional
        Builds the figure, once on each worker, and returns it, alone or first in a tuple, such as
        ``return fig, line``. Without `update`, it returns the figure and the function that changes it.
    update : callable, optional
        Changes the figure to show a frame. It is called with the frame index and the parameters of the
        frame, and with all that `setup` returned, if it takes that many arguments, such as
        ``update(frame_idx, params, fig, line)``. As in an `Animator`, what it shows must depend on its
        arguments alone.
    fps : float or Fraction, optional
        Frames per second of the videos.
    **options
        Other options of `Animator.make_video`, as defaults for its calls, such as ``video_quality=18``.

    Returns
    -------
    FunctionAnimator
        An animator, with ``make_video``, ``frames``, ``frame``, ``preview`` and ``check``. In its
        ``make_video``, options after `n_frames` are given by name, and all have defaults.

    Raises
    ------
    OptionTypeError
        If an argument is no function, or an option has a name that does not exist. What the functions
        return and take is checked when the figure is built, which is a `SetupError`.

    Examples
    --------
    >>> import numpy as np
    >>> import matplotlib.pyplot as plt
    >>> x = np.linspace(0, 4 * np.pi, 200)
    >>> @animate(fps=30)
    ... def wave():
    ...     fig, ax = plt.subplots()
    ...     (line,) = ax.plot(x, np.cos(x))
    ...
    ...     def update(frame_idx, phase):
    ...         line.set_ydata(np.cos(x + phase))
    ...
    ...     return fig, update
    >>> wave.frame(np.pi).shape
    (480, 640, 3)

    The same from two functions:

    >>> def setup():
    ...     fig, ax = plt.subplots()
    ...     return fig, *ax.plot(x, np.cos(x))
    >>> def update(frame_idx, phase, fig, line):
    ...     line.set_ydata(np.cos(x + phase))
    >>> animate(setup, update).frame(np.pi).shape
    (480, 640, 3)
    """
    for name, function in (("setup", setup), ("update", update)):
        if function is not None and not callable(function):
            raise OptionTypeError(f"{name} must be a function, got {in_short(function)}")
    check_names("animate", options)
    if update is not None:
        if setup is None:
            raise OptionTypeError("update= needs setup=, which builds the figure")
        if not any(_takes(update, n) for n in range(_n_parameters(update) + 1)):
            raise OptionTypeError(f"{_name(update)} must take the frame index and the parameters")
    if setup is None:
        return lambda function: FunctionAnimator(function, None, fps, options)
    return FunctionAnimator(setup, update, fps, options)


def _takes(function: Callable[..., object], n_more: int) -> bool:
    """Return True if a function takes a frame index, parameters and so many other arguments."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # of some functions written in C
        return n_more == 0
    try:
        signature.bind(*range(2 + n_more))
    except TypeError:
        return False
    return True


def _n_parameters(function: Callable[..., object]) -> int:
    try:
        return len(inspect.signature(function).parameters)
    except ValueError:
        return 0


def _name(function: Callable[..., object]) -> str:
    return f"{getattr(function, '__name__', 'update')}()"
