"""What each frame of an animation shows: the items that matplotlib would save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from matplotlib.animation import Animation, ArtistAnimation, FuncAnimation

from ..errors import NoFramesError, ParamsError
from ..params import private
from ._matplotlib import (
    can_restart,
    draws_as_usual,
    function_of,
    is_endless,
    n_frames_of,
    saved_items,
)
from .animation_copy import RandomState


class SavedFrames(Iterable[Any]):
    """The items that the function of an animation gets, in order; can be iterated over again.

    Nothing is read before it is needed. Items are only kept if the animation cannot supply them again.

    Parameters
    ----------
    animation : Animation
        Read as ``Animation.save`` reads it.
    n_frames : int or None
        Number of frames; None for all.

    Attributes
    ----------
    n_frames : int or None
        Number of frames; None if it is unknown.
    draws_random_numbers : bool
        True if reading them was seen to change the global random states.

    Raises
    ------
    ParamsError
        If there are fewer frames, or if they have no end.
    """

    def __init__(self, animation: Animation, n_frames: int | None) -> None:
        known = n_frames_of(animation)
        if known == 0:
            raise NoFramesError("the animation has no frames")
        if n_frames is None and is_endless(animation):
            raise ParamsError(
                "the animation has neither frames= nor save_count=, so it never ends: give n_frames="
            )
        if n_frames is not None and known is not None and known < n_frames:
            raise ParamsError(f"n_frames is {n_frames}, but the animation has only {known} frames")
        self.n_frames = known if n_frames is None else n_frames
        self.draws_random_numbers = False
        self._state: RandomState | None = None  # when the frames were read for the first time
        self._animation = animation
        self._is_drawn_first = (
            isinstance(animation, FuncAnimation)
            and draws_as_usual(animation)
            and function_of(animation).init is None
        )
        self._first: list[Any] = []
        self._read: list[Any] = []
        self._rest: Iterator[Any] | None = None
        self._can_restart = True

    @property
    def first(self) -> Any:
        """What a FuncAnimation without an ``init_func`` draws first; None for others."""
        if self._is_drawn_first and not self._first:
            try:
                self._first = [next(iter(self._animation.new_frame_seq()))]
            except StopIteration:
                raise NoFramesError("the animation has no frames") from None
        return self._first[0] if self._first else None

    def head(self, n: int) -> list[Any]:
        """Return copies of the first `n` items, or of all if there are fewer.

        They are copied when they are read, as the next one may be the same object, changed in place.
        """
        before = RandomState.now()
        self._begin()
        assert self._rest is not None
        self._read += map(private, islice(self._rest, max(0, n - len(self._read))))
        self.draws_random_numbers |= not before.equals(RandomState.now())
        return self._read[:n]

    def __iter__(self) -> Iterator[Any]:
        self._begin()
        assert self._rest is not None
        rest, self._rest = self._rest, None
        if self._can_restart:
            head, self._read = self._read, []
            yield from chain(head, rest)
            return
        self._rest = rest
        yield from list(self._read)
        for item in rest:
            self._read.append(private(item))
            yield item

    def count(self) -> None:
        """Read all frames, if need be, to find out how many there are."""
        if self.n_frames is None:
            self._read = list(map(private, self))
            self._rest, self._can_restart = iter(()), False
            self.n_frames = len(self._read)

    def restart(self, state: RandomState) -> None:
        """Read the frames anew, if some were read ahead and the animation can supply them again.

        Then the global random states are set to `state`, those before the first one was read.
        """
        if self._state is not None and self._can_restart:
            state.install()
            self._first, self._read, self._rest, self._state = [], [], None, None

    def artists(self) -> Iterable[Any]:
        """Return the items as matplotlib's own drawing takes them."""
        return self._items() if isinstance(self._animation, ArtistAnimation) else self

    def _begin(self) -> None:
        if self._rest is not None:
            return
        animation = self._animation
        _ = self.first  # which matplotlib reads before the others
        if self._state is None:
            self._state = RandomState.now()
        elif self._can_restart:
            self._state.install()  # so that the same items come again
        if isinstance(animation, ArtistAnimation):
            self._rest = iter(range(self.n_frames or 0))
            return
        self._can_restart = can_restart(animation)
        self._rest = self._items()

    def _items(self) -> Iterator[Any]:
        return islice(saved_items(self._animation), self.n_frames)
