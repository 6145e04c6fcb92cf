"""Every name of `matplotlib.animation` that is not public and on which this package relies.

Matplotlib has no public way to ask an animation what it draws. Other modules import these functions and
name nothing private themselves. ``tests/adapters/test_animation_names.py`` checks every name.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from fractions import Fraction
from operator import length_hint
from typing import Any, NamedTuple

from matplotlib.animation import Animation, ArtistAnimation, FuncAnimation
from matplotlib.artist import Artist
from matplotlib.cbook import CallbackRegistry
from matplotlib.figure import Figure

from ..blitting import Gcf

#: What subclasses may override to draw in a way of their own.
_DRAWING = (
    *("_init_draw", "_draw_frame", "_draw_next_frame", "_pre_draw", "_post_draw"),
    *("save", "new_saved_frame_seq"),
)


class Function(NamedTuple):
    """What a FuncAnimation calls."""

    update: Callable[..., Any]
    args: tuple[Any, ...]
    init: Callable[[], Any] | None


def figure_of(animation: Animation) -> Figure:
    """Return the figure that is animated."""
    figure: Figure = animation._fig  # type: ignore[attr-defined]
    return figure


def function_of(animation: FuncAnimation) -> Function:
    """Return what draws the frames."""
    private: Any = animation
    return Function(private._func, tuple(private._args), private._init_func)


def artists_of(animation: ArtistAnimation) -> list[list[Artist]]:
    """Return the artists that are visible in each frame."""
    private: Any = animation
    return [list(artists) for artists in private._framedata]


def blits(animation: Animation) -> bool:
    """Return True if what the functions return is marked as animated."""
    return bool(animation._blit)  # type: ignore[attr-defined]


def draws_as_usual(animation: Animation) -> bool:
    """Return True unless a subclass draws in a way of its own."""
    kind = FuncAnimation if isinstance(animation, FuncAnimation) else ArtistAnimation
    return isinstance(animation, kind) and all(
        getattr(type(animation), name) is getattr(kind, name) for name in _DRAWING
    )


def interval_of(animation: Animation) -> Fraction | None:
    """Return the time from one frame to the next, in seconds; None if there is none."""
    interval = getattr(animation, "_interval", None)
    return None if not interval else Fraction(str(interval)) / 1000


def hold_of(animation: Animation) -> Fraction:
    """Return how much longer the last frame is shown, in seconds."""
    private: Any = animation
    if not getattr(private, "_repeat", False):
        return Fraction(0)
    return Fraction(str(getattr(private, "_repeat_delay", 0))) / 1000


def is_endless(animation: Animation) -> bool:
    """Return True if the frames are known to have no end."""
    private: Any = animation
    is_function = isinstance(animation, FuncAnimation) and private._save_count is None
    return is_function and private._iter_gen is itertools.count


def n_frames_of(animation: Animation) -> int | None:
    """Return the number of frames that are saved; None if it is unknown until they were read."""
    private: Any = animation
    if isinstance(animation, ArtistAnimation):
        return len(private._framedata)
    if not isinstance(animation, FuncAnimation) or not can_restart(animation):
        return None
    frames: Any = animation.new_frame_seq()
    if isinstance(frames, itertools.count):
        limit: int | None = private._save_count
        return limit
    if inspect.isgenerator(frames):
        source = inspect.getgeneratorlocals(frames).get("frames")
        n_frames = len(source) if isinstance(source, Sized) else -1
    else:
        n_frames = int(length_hint(frames, -1))
    limit = private._save_count
    return None if n_frames < 0 else n_frames if limit is None else min(int(limit), n_frames)


def signals_of(registry: CallbackRegistry) -> list[str] | None:
    """Return the signals that a registry of callbacks knows; None if it takes any."""
    private: Any = registry
    signals: list[str] | None = private._signals
    return None if signals is None else list(signals)


def frames_given(animation: FuncAnimation) -> object:
    """Return what a FuncAnimation got as ``frames``, or what stands for it."""
    private: Any = animation
    made = private._iter_gen
    if getattr(made, "__module__", None) != FuncAnimation.__module__:
        return made  # a callable, as it was given
    if made.__defaults__:
        return made.__defaults__
    cells = dict(zip(made.__code__.co_freevars, made.__closure__ or (), strict=True))
    return cells["frames"].cell_contents


def can_restart(animation: Animation) -> bool:
    """Return True if the frames can be read again from the first one."""
    return animation.new_frame_seq() is not animation.new_frame_seq()


def saved_items(animation: Animation) -> Iterator[Any]:
    """Return an iterator of what the frames show, as ``save`` gets it after the initial draw."""
    private: Any = animation
    if isinstance(animation, FuncAnimation):  # which forgets what it showed before
        return itertools.islice(animation.new_frame_seq(), private._save_count)
    return iter(animation.new_saved_frame_seq())


def mark_as_drawn(animation: Animation) -> None:
    """Keep matplotlib from warning that the animation was never drawn."""
    animation._draw_was_started = True  # type: ignore[attr-defined]


def draw_initially(animation: Animation, first: object) -> None:
    """Draw what comes before the first frame, as matplotlib does when it saves.

    Parameters
    ----------
    animation : Animation
        Its figure is changed.
    first : object
        The first item of a FuncAnimation without an ``init_func``, which was read already.
    """
    private: Any = animation
    if isinstance(animation, FuncAnimation) and function_of(animation).init is None:
        private._draw_frame(first)
        private._save_seq.clear()
    else:
        private._init_draw()


def draw_next(animation: Animation, item: object) -> None:
    """Change the figure to show a frame, as matplotlib does when it saves."""
    animation._draw_next_frame(item, blit=False)  # type: ignore[attr-defined]


@contextmanager
def saving(figure: Figure) -> Iterator[None]:
    """Let a figure's canvas know that it is saved, so that it neither starts to play nor resizes."""
    canvas: Any = figure.canvas
    former = canvas._is_saving, canvas.manager
    canvas._is_saving, canvas.manager = True, None
    try:
        yield
    finally:
        canvas._is_saving, canvas.manager = former


def set_number(figure: Figure, number: int) -> None:
    """Give a figure that pyplot manages a number, by which ``plt.figure(number)`` finds it."""
    manager: Any = figure.canvas.manager
    if manager is None or manager.num == number:
        return
    Gcf.figs[number] = Gcf.figs.pop(manager.num)
    manager.num = number
    private: Any = figure
    private._number = number
