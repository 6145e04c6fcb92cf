"""Whether the frames of an animation depend on those drawn before: found before and while it is drawn.

A frame that is drawn alone, by a new copy of the animation, is compared with the same frame drawn after
others. They are equal if the function sets all that it changes from its arguments.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import cloudpickle
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..drawing import DrawOptions, DrawSession, FigureSource
from ..errors import AnimateError, Restart, UserCodeError, in_words
from ..rendering import FigureSpec
from .animation_copy import AnimationCopy, CopyError
from .shared_state import SharedState

#: Frames that are drawn before the render begins, and seconds after which no more are.
N_PROBED, MAX_SECONDS = 3, 2.0
#: Seconds of drawing below which it does not pay to start other processes.
SHORT_SECONDS = 2.0
#: Checks in a process during the render take at most so many seconds and this share of the drawing.
CHECK_SECONDS, CHECK_SHARE = 2.0, 0.1


class HistoryError(Restart, AnimateError, RuntimeError):
    """A frame depends on those drawn before it.

    Attributes
    ----------
    frame_idx : int
        Its index.
    uses_random_numbers : bool
        Whether the function draws random numbers, which may be why.
    """

    def __init__(self, frame_idx: int, uses_random_numbers: bool = False) -> None:
        super().__init__(frame_idx, uses_random_numbers)
        self.frame_idx = frame_idx
        self.uses_random_numbers = uses_random_numbers

    def __str__(self) -> str:
        why = ""
        if self.uses_random_numbers:
            why = " (the function draws random numbers: seed=0 gives each frame numbers of its own)"
        return f"frame {self.frame_idx} looks different after other frames than alone{why}"


class ShortError(Exception):
    """A render is so short that this process draws all of it, for which no check is needed."""


class HistoryProbe:
    """Draws some frames of a copy before the render.

    Parameters
    ----------
    spec : FigureSpec
        Its animator is an `AnimationCopy`; not changed.
    items : sequence of object
        What the function gets for the first frames; not changed.
    shared : SharedState
        What copies share.
    """

    def __init__(self, spec: FigureSpec, items: Sequence[Any], shared: SharedState) -> None:
        self._shared = shared
        self._animation: AnimationCopy = spec.animator
        self._options = replace(spec.draw, redraw="full")
        self._settings = spec.settings
        self._items = items

    def check(self, *, for_history: bool, n_frames: int | None = None) -> None:
        """Draw the first frame, and look for a dependence on earlier frames if that is asked for.

        Parameters
        ----------
        for_history : bool
            False draws the first frame only.
        n_frames : int, optional
            Number of frames of the render, if this process begins to draw them.

        Raises
        ------
        ShortError
            If `n_frames` take less than `SHORT_SECONDS`; the first frame is as it should be.
        CopyError
            If the copy does not draw as the original does.
        HistoryError
            If a frame depends on those before it.
        """
        watched = _Watched(copy.deepcopy(self._animation))
        in_order = self._source(watched, replace(self._options, sequential=True))
        with _UntouchedFigure(self._animation), closing(in_order):
            with _copy_errors():
                in_order.open()
            begun = time.perf_counter()
            first = last = self._drawn(in_order, 0)
            n_drawn = 1
            is_short = n_frames is not None and n_frames * (time.perf_counter() - begun) < SHORT_SECONDS
            if for_history and not is_short:
                while n_drawn < len(self._items) and time.perf_counter() - begun < MAX_SECONDS:
                    last = self._drawn(in_order, n_drawn)
                    n_drawn += 1
                again = self._drawn(in_order, 0)
            if watched.has_changed_item:
                raise CopyError("the function changes its argument in place")
            changed = self._shared.restore()
            if changed is not None:
                raise CopyError(f"the function changes {changed}, which copies share with the original")
            self._animation.uses_random_numbers = watched.inner.uses_random_numbers
            if is_short:
                raise ShortError
            if not for_history:
                return
            alone = self._source(copy.deepcopy(self._animation), self._options)
            with closing(alone):
                is_last_equal = np.array_equal(self._drawn(alone, n_drawn - 1), last)
            if not is_last_equal or not np.array_equal(again, first):
                idx = 0 if is_last_equal else n_drawn - 1
                raise HistoryError(idx, self._animation.uses_random_numbers)

    def _drawn(self, source: FigureSource, frame_idx: int) -> NDArray[np.uint8]:
        with _copy_errors():
            return source.draw(frame_idx, self._items[frame_idx], DrawSession()).copy()

    def _source(self, animator: Any, options: DrawOptions) -> FigureSource:
        return FigureSource(lambda: animator, options, self._settings)


@contextmanager
def _copy_errors() -> Iterator[None]:
    """Raise errors of the caller's functions as `CopyError`: matplotlib tells if they fail anywhere."""
    try:
        yield
    except UserCodeError as exc:
        cause = exc.__cause__
        raise CopyError(f"a copy cannot be drawn: {in_words(cause or exc)}") from exc


class _Watched:
    """Notes whether an animation changes the items that it gets."""

    def __init__(self, inner: AnimationCopy) -> None:
        self.inner = inner
        self.has_changed_item = False

    def setup(self) -> Figure:
        return self.inner.setup()

    def update(self, frame_idx: int, item: Any) -> None:
        before = _pickled(item)
        self.inner.update(frame_idx, item)
        self.has_changed_item |= before != _pickled(item)


def _pickled(item: Any) -> bytes:
    try:
        data: bytes = cloudpickle.dumps(item)
        return data
    except Exception as exc:
        raise CopyError(f"an item of frames cannot be pickled: {in_words(exc)}") from exc


class _UntouchedFigure:
    """Raises `CopyError` if the caller's figure was changed while its copy was drawn."""

    def __init__(self, animation: AnimationCopy) -> None:
        assert animation.original is not None
        self._figure = animation.original.figure

    def __enter__(self) -> None:
        self._was_stale = self._figure.stale
        self._figure.stale = False

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        is_changed = self._figure.stale
        self._figure.stale = self._was_stale or is_changed
        if is_changed and kind is None:
            raise CopyError("the function reaches the figure in a way that cannot be copied")


@dataclass(frozen=True)
class AnimationSpec(FigureSpec):
    """What a process has to know to draw the frames of an animation.

    Attributes
    ----------
    checks_history : bool
        Draw the last frames of partitions once more, alone, and compare.
    """

    checks_history: bool = False

    @property
    def may_have_history(self) -> bool:
        """As in `SourceSpec`; False, as it is found out otherwise, unless the caller says that not."""
        return False

    def content(self) -> tuple[Any, ...]:
        """Return all that frames are drawn from; before it is pickled."""
        animation: AnimationCopy = self.animator
        state = animation.random_state if animation.uses_random_numbers else None
        return animation.original, state, *super().content()[1:]

    def source(self) -> FigureSource:
        """Return what draws the frames, whose figure is not built yet."""
        given = self.load, self.draw, self.settings, self.environment
        if not self.checks_history:
            return FigureSource(*given)
        alone = replace(self.draw, redraw="full")
        return _CheckedSource(lambda: FigureSource(self.load, alone, self.settings), *given)


class _CheckedSource(FigureSource):
    """Compares frames at the ends of partitions with the same frames drawn alone.

    The last frame shows what the frames before it left. The first one, drawn once more, shows what the
    last left, and what was changed in a frame for good.
    """

    def __init__(self, alone: Callable[[], FigureSource], *given: Any) -> None:
        super().__init__(*given)
        self._alone = alone
        # Of the frames that were not checked yet, the first and the last one.
        self._first: tuple[int, Any] | None = None
        self._last: tuple[int, Any, NDArray[np.uint8]] | None = None
        self._begun = 0.0
        self._budget = CHECK_SECONDS
        self._check_seconds = 0.0

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        if self._first is None:
            self._begun = time.perf_counter()
            self._first = frame_idx, params
        pixels = super().draw(frame_idx, params, session)
        self._last = frame_idx, params, pixels
        return pixels

    def verify(self, session: DrawSession) -> None:
        super().verify(session)
        with self.isolated():
            if self._first is None:
                return
            now = time.perf_counter()
            self._budget += CHECK_SHARE * (now - self._begun)
            self._begun = now
            if self._check_seconds > self._budget:
                return  # a later check looks for what these frames left, too
            self._check()
            session.clock.lap("compare")
            self._check_seconds = time.perf_counter() - now
            self._budget -= self._check_seconds

    def _check(self) -> None:
        assert self._first is not None
        assert self._last is not None
        (first_idx, first), (last_idx, last, pixels) = self._first, self._last
        self._first, last_pixels = None, pixels.copy()
        again = super().draw(first_idx, first, DrawSession()).copy()
        with closing(self._alone()) as alone:
            if not np.array_equal(alone.draw(first_idx, first, DrawSession()), again):
                raise HistoryError(first_idx)
            if not np.array_equal(alone.draw(last_idx, last, DrawSession()), last_pixels):
                raise HistoryError(last_idx)
