"""Whether the frames of an animation depend on those drawn before: found before and while it is drawn.

A frame that is drawn alone, by a new copy of the animation, is compared with the same frame drawn after
others. They are equal if the function sets all that it changes from its arguments.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import cloudpickle
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..drawing import DrawOptions, DrawSession, FigureSource
from ..errors import AnimateError, FrameError
from ..rendering import FigureSpec
from .animation_copy import AnimationCopy, CopyError, NotInCopyError

#: Frames that are drawn before the render begins, and seconds after which no more are.
N_PROBED, MAX_SECONDS = 3, 2.0
#: Checks during the render take at most this share of the time of drawing.
CHECK_SHARE = 0.1


class HistoryError(AnimateError, RuntimeError):
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
        return f"frame {self.frame_idx} depends on the frames that were drawn before it{why}"


class HistoryProbe:
    """Draws some frames of a copy before the render.

    Parameters
    ----------
    spec : FigureSpec
        Its animator is an `AnimationCopy`; not changed.
    items : sequence of object
        What the function gets for the first frames; not changed.
    """

    def __init__(self, spec: FigureSpec, items: Sequence[Any]) -> None:
        self._animation: AnimationCopy = spec.animator
        self._options = replace(spec.draw, redraw="full")
        self._settings = spec.settings
        self._items = items

    def check(self, *, for_history: bool) -> None:
        """Draw the first frame, and look for a dependence on earlier frames if that is asked for.

        Raises
        ------
        CopyError
            If the copy does not draw as the original does.
        HistoryError
            If a frame depends on those before it.
        """
        with _UntouchedFigure(self._animation):
            watched = _Watched(copy.deepcopy(self._animation))
            in_order = self._source(watched, replace(self._options, sequential=True))
            begun = time.perf_counter()
            with closing(in_order):
                for frame_idx, item in enumerate(self._items if for_history else self._items[:1]):
                    after_others = _drawn(in_order, frame_idx, item)
                    if watched.has_changed_item:
                        raise CopyError("the function changes its argument in place")
                    if watched.inner.uses_random_numbers:
                        self._animation.uses_random_numbers = True
                    if for_history and not np.array_equal(after_others, self._alone(frame_idx, item)):
                        raise HistoryError(frame_idx, self._animation.uses_random_numbers)
                    if time.perf_counter() - begun > MAX_SECONDS and frame_idx:
                        return

    def _alone(self, frame_idx: int, item: Any) -> NDArray[np.uint8]:
        with closing(self._source(copy.deepcopy(self._animation), self._options)) as source:
            return _drawn(source, frame_idx, item)

    def _source(self, animator: Any, options: DrawOptions) -> FigureSource:
        return FigureSource(lambda: animator, options, self._settings)


def _drawn(source: FigureSource, frame_idx: int, item: Any) -> NDArray[np.uint8]:
    try:
        return source.draw(frame_idx, item, DrawSession()).copy()
    except FrameError as exc:
        if isinstance(exc.__cause__, NotInCopyError):
            raise CopyError(f"the function uses {exc.__cause__}") from exc
        raise


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
        raise CopyError(f"an item of frames cannot be pickled: {type(exc).__name__}: {exc}") from exc


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

    def content(self) -> tuple[Any, ...]:
        """Return all that frames are drawn from; before it is pickled."""
        animation: AnimationCopy = self.animator
        return animation.original, animation.random_state, *super().content()[1:]

    def source(self) -> FigureSource:
        """Return what draws the frames, whose figure is not built yet."""
        given = self.load, self.draw, self.settings, self.environment
        if not self.checks_history:
            return FigureSource(*given)
        alone = replace(self.draw, redraw="full")
        return _CheckedSource(lambda: FigureSource(self.load, alone, self.settings), *given)


class _CheckedSource(FigureSource):
    """Compares the last frames of partitions with the same frames drawn alone."""

    def __init__(self, alone: Callable[[], FigureSource], *given: Any) -> None:
        super().__init__(*given)
        self._alone = alone
        self._unchecked_seconds = self._check_seconds = 0.0
        self._begun: float | None = None
        self._last: tuple[int, Any, NDArray[np.uint8]] | None = None

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        if self._begun is None:
            self._begun = time.perf_counter()
        pixels = super().draw(frame_idx, params, session)
        self._last = frame_idx, params, pixels
        return pixels

    def verify(self, session: DrawSession) -> None:
        super().verify(session)
        if self._begun is None or self._last is None:
            return
        with self.isolated():
            start = time.perf_counter()
            self._unchecked_seconds += start - self._begun
            self._begun = None
            if self._unchecked_seconds * CHECK_SHARE < self._check_seconds:
                return
            frame_idx, params, pixels = self._last
            with closing(self._alone()) as alone:
                if not np.array_equal(alone.draw(frame_idx, params, DrawSession()), pixels):
                    raise HistoryError(frame_idx)
            self._unchecked_seconds, self._check_seconds = 0.0, time.perf_counter() - start
