"""Copies of matplotlib's animations, which draw without touching the caller's figure."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.animation import Animation, ArtistAnimation, FuncAnimation
from matplotlib.artist import Artist
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from ..drawing import restored_random_states
from ..errors import in_words
from ._matplotlib import artists_of, blits, figure_of, function_of, set_number
from .animation_pickle import dumps, loads


class CopyError(Exception):
    """An animation cannot be copied; its text says why."""


@dataclass(frozen=True)
class RandomState:
    """NumPy's and Python's global random states."""

    numpy: Any
    python: Any

    @classmethod
    def now(cls) -> RandomState:
        """Return those of this process."""
        return cls(np.random.get_state(), random.getstate())

    def install(self) -> None:
        """Make them those of this process."""
        np.random.set_state(self.numpy)
        random.setstate(self.python)

    def equals(self, other: RandomState) -> bool:
        """Return True if the same random numbers would follow."""
        return pickle.dumps(self) == pickle.dumps(other)


@dataclass
class Drawing:
    """A figure and what draws its frames; pickled as one, so that artists keep their identity."""

    figure: Figure
    update: Callable[..., Any]
    args: tuple[Any, ...]
    init: Callable[[], Any] | None
    first: Any
    draws_first: bool
    blits: bool
    number: int | None

    @classmethod
    def of(cls, animation: Animation, first: Any) -> Drawing:
        """Return that of an animation.

        Parameters
        ----------
        animation : FuncAnimation or ArtistAnimation
            Not changed.
        first : object
            What a FuncAnimation without an ``init_func`` draws before the first frame.
        """
        figure = figure_of(animation)
        number = getattr(figure, "number", None)
        if isinstance(animation, ArtistAnimation):
            show = _ShowArtists(artists_of(animation), blits=blits(animation))
            return cls(figure, show, (), show.hide_all, None, False, False, number)
        assert isinstance(animation, FuncAnimation)
        update, args, init = function_of(animation)
        return cls(figure, update, args, init, first, init is None, blits(animation), number)

    def begin(self) -> None:
        """Draw what comes before the first frame, as ``Animation.save`` does."""
        if self.init is not None:
            self._mark(self.init(), "init_func")
        elif self.draws_first:
            self.draw(self.first)

    def draw(self, item: Any) -> None:
        """Change the figure to show a frame."""
        self._mark(self.update(item, *self.args), "animation function")

    def _mark(self, artists: Any, name: str) -> None:
        """Mark artists as animated where blitting was asked for, as matplotlib does."""
        if not self.blits:
            return
        try:
            artists = list(artists)
        except TypeError:
            artists = [None]
        if not all(isinstance(artist, Artist) for artist in artists):
            raise RuntimeError(f"with blit=True, the {name} must return a sequence of Artist objects")
        for artist in artists:
            artist.set_animated(True)


class _ShowArtists:
    """Draws a frame of an ArtistAnimation: shows its artists, and hides those of the frame before."""

    def __init__(self, artists: list[list[Artist]], *, blits: bool) -> None:
        self._artists = artists
        self._shown: list[Artist] = []
        self._blits = blits

    def hide_all(self) -> None:
        for artist in {id(one): one for some in self._artists for one in some}.values():
            artist.set_visible(False)
            artist.set_animated(self._blits)

    def __call__(self, frame_idx: int) -> None:
        for artist in self._shown:
            artist.set_visible(False)
        self._shown = self._artists[frame_idx]
        for artist in self._shown:
            artist.set_visible(True)


@dataclass
class AnimationCopy:
    """An animation as it was when it was copied; an animator that draws its frames.

    Attributes
    ----------
    data : bytes
        The pickled `Drawing`.
    random_state : RandomState or None
        With which the first frame begins, and which the function then changes; None leaves the global
        states alone.
    uses_random_numbers : bool
        True if the function changed the global random states.
    original : Drawing or None
        What was copied, in the process that made the copy.
    objects : mapping of int to object, or None
        All objects in `original`, by their addresses.
    facecolor : color or None
        Background of the figure, whatever the function sets, as if matplotlib saved it; None leaves it.
    """

    data: bytes
    random_state: RandomState | None
    uses_random_numbers: bool = False
    original: Drawing | None = field(default=None, compare=False)
    facecolor: Any = None
    objects: Mapping[int, Any] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, drawing: Drawing, random_state: RandomState | None) -> AnimationCopy:
        """Copy a drawing.

        Raises
        ------
        CopyError
            If it cannot be pickled.
        """
        try:
            data, objects = dumps(drawing, drawing.update, drawing.init)
        except Exception as exc:
            raise CopyError(f"figure and function cannot be copied: {in_words(exc)}") from exc
        return cls(data, random_state, original=drawing, objects=objects)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"original": None, "objects": None}

    def setup(self) -> Figure:
        """Return a new copy of the figure, as it is before the first frame."""
        drawing: Drawing = loads(self.data)
        self._drawing = drawing
        if drawing.number is not None:
            set_number(drawing.figure, drawing.number)
        with self._random_numbers():
            drawing.begin()
        return drawing.figure

    def update(self, frame_idx: int, item: Any) -> None:
        """Change the figure to show a frame."""
        with self._random_numbers():
            self._drawing.draw(item)
        if self.facecolor is not None:
            figure = self._drawing.figure
            if figure.get_facecolor() != to_rgba(self.facecolor):
                figure.set_facecolor(self.facecolor)

    @contextmanager
    def _random_numbers(self) -> Iterator[None]:
        """Continue with the random states that the function left."""
        if self.random_state is None:
            yield
            return
        with restored_random_states():
            self.random_state.install()
            try:
                yield
            finally:
                left = RandomState.now()
                self.uses_random_numbers |= not left.equals(self.random_state)
                self.random_state = left
