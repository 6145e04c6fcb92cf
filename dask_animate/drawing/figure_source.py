"""A frame source over an animator's ``setup()`` and ``update()``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..errors import AnimateError, FigureError, FrameError, FrameSizeError, SetupError
from ..frames import FrameSize
from ..params import private
from ..validation import in_short
from .canvas import Canvas
from .figure_state import FigureState
from .isolation import IsolatedState, current_settings, make_current, open_figures
from .observed_environment import ObservedEnvironment
from .options import DrawOptions
from .redraw import Redrawer
from .session import DrawSession
from .source import Mismatch
from .user_code import FRAME, SETUP, failures, seed_random_states, turn, unless_isolated

if TYPE_CHECKING:
    from ..provenance import Environment


class AnimatorLike(Protocol):
    """An object with the two methods that users write."""

    def setup(self) -> Figure:
        """Build the figure."""
        ...

    def update(self, frame_idx: int, params: Any) -> None:
        """Change the figure to show a frame."""
        ...


class FigureSource:
    """Draws the frames of an animator.

    Thread-safe: each call isolates the global state of the process. `draw` returns an array that the
    next call overwrites, so callers in several threads must draw and copy inside `isolated`.

    A frame that fails may leave the figure half-changed. So the next one is drawn with a new animator
    and a new figure, as in a process that has drawn nothing before.

    Parameters
    ----------
    load : callable
        Returns a new copy of the animator; called in isolation, for each figure that is built.
    options : DrawOptions
        How the figure is drawn.
    settings : mapping, optional
        rcParams to draw with; those of the process by default.
    expected : Environment, optional
        What the frames depend on in the process that requests them, if they are stored.
    """

    def __init__(
        self,
        load: Callable[[], AnimatorLike],
        options: DrawOptions,
        settings: Mapping[str, Any] | None = None,
        expected: Environment | None = None,
    ) -> None:
        self._load = load
        self._options = options
        self._given = dict(settings or {})
        self._state = self._new_state()
        self._is_damaged = False  # by a frame that failed
        self._animator: AnimatorLike | None = None
        self._canvas: Canvas | None = None
        self._redrawer: Redrawer | None = None
        self._figure_state = FigureState([])
        self._current_figure: Figure | None = None
        self._last_idx = 0
        self._size: FrameSize | None = None
        self._closed = False
        self._environment = ObservedEnvironment(expected)
        self._fonts: dict[str, str] | None = None
        self._partition_lock = threading.RLock()

    @property
    def environment(self) -> Environment | None:
        """What the frames depend on in this process, observed before the figure is built."""
        return self._environment.found

    def isolated(self) -> AbstractContextManager[None]:
        """Isolate the global state of the process, for several calls."""
        return self._state.active()

    def partition_lock(self) -> AbstractContextManager[object]:
        """Block other threads from drawing partitions with this figure; see `Source`."""
        return unless_isolated(self._partition_lock)

    @property
    def opaque(self) -> bool:
        """True if the background of the last drawn frame is fully opaque."""
        return self._canvas is not None and self._canvas.opaque

    def open(self) -> FrameSize:
        """Build the figure if it is not built yet, or if a frame has failed; return its size in pixels.

        The first call must be outside `isolated`, and so must the first one after a frame that failed.
        """
        if self._size is None or self._is_damaged:
            with turn():
                if self._is_damaged:
                    self._renew()
                with self._state.building():
                    self._check_open()
                    if self._canvas is None:  # another thread may have built it first
                        size = self._build().size
                        if min(size.height, size.width) < 1:
                            raise FrameSizeError(
                                f"the figure is {size} pixels: raise its size or its dpi"
                            )
                        self._size = self._size or size
                    self._is_damaged = False
        assert self._size is not None
        return self._size

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        """Draw one frame; see `Source.draw`.

        ``update()`` gets a copy of the parameters, which may be needed again or belong to the caller.

        Raises
        ------
        FrameError
            If ``update()`` or the drawing fails; the original exception is the ``__cause__``.
        FrameSizeError
            If the size of the figure is not that after ``setup()``.
        """
        size = self.open()
        with self.isolated():
            self._check_open()
            if not self._options.reuse_figure:
                with self._state.building():
                    self._build()
                session.clock.lap("setup")
            assert self._animator is not None
            assert self._redrawer is not None
            assert self._canvas is not None
            self._check_unsure(session)
            session.figure = self._canvas.figure
            own_params = private(params)  # before seeding: copying may run code of the caller's classes
            self._restore_state(frame_idx)
            session.clock.skip()
            try:
                self._animator.update(frame_idx, own_params)
                self._last_idx = frame_idx
                session.clock.lap("update")
                # Artists read some rcParams while drawing, and are not marked stale if these change.
                rgba = self._redrawer.draw(frame_idx, session, full=self._state.has_changed_settings())
                if self._options.sequential:
                    self._state.keep_settings()
            except Mismatch:
                raise
            except failures() as exc:
                self._is_damaged = True
                raise FrameError.of(frame_idx, in_short(params), exc) from exc
        drawn = FrameSize(*rgba.shape[:2])
        if drawn != size:
            raise FrameSizeError(
                f"frame {frame_idx} is {drawn} pixels, but the figure was {size} after setup(): "
                f"all frames of a video have one size"
            )
        return rgba

    def verify(self, session: DrawSession) -> None:
        """Verify the frames of a session; see `Source.verify`."""
        with self.isolated():
            self._check_open()
            self._check_unsure(session)
            if self._redrawer is not None:
                self._redrawer.verify(self._last_idx, session)
            self._environment.note_changes()

    def fonts(self) -> dict[str, str]:
        """Return the font files that this process uses for the figure, by the requested font."""
        from ..provenance import fonts_of

        self.open()
        with self.isolated():
            self._check_open()
            if self._fonts is None:
                assert self._canvas is not None
                self._fonts = fonts_of(self._canvas.figure)
            return self._fonts

    def settings(self) -> dict[str, str]:
        """Return the rcParams after ``setup()`` that differ from those given."""
        self.open()
        with self.isolated():
            now = current_settings()
        given = self._given
        return {
            name: str(now[name]) for name in sorted(now) if name in given and now[name] != given[name]
        }

    def as_built(self) -> NDArray[np.uint8]:
        """Draw the figure as ``setup()`` left it; only before the first frame is drawn."""
        self.open()
        with self.isolated():
            self._check_open()
            assert self._canvas is not None
            self._canvas.attach()
            try:
                return self._canvas.draw()
            except failures() as exc:
                raise SetupError.of(exc) from exc

    def close(self) -> None:
        """Close the figure and all other figures that the animator opened.

        May be called while another thread draws; that thread's next call of `draw` then fails.
        """
        self._closed = True
        with self.isolated():
            self._discard_figure()
            self._animator = None

    def _restore_state(self, frame_idx: int) -> None:
        """Make ``update()`` start from the same state for each frame, whatever ran before."""
        if self._options.seed is not None:
            seed_random_states(self._options.seed, FRAME, frame_idx)
        if self._options.sequential:
            return
        self._state.restore_settings()
        if self._current_figure is not None:
            make_current(self._current_figure)
        self._figure_state.restore(self._figures())

    def _figures(self) -> list[Figure]:
        """Return the animator's figure and all others that pyplot manages."""
        assert self._canvas is not None
        return [self._canvas.figure, *(fig for fig in open_figures() if fig is not self._canvas.figure)]

    def _check_unsure(self, session: DrawSession) -> None:
        """Raise if frames of a session cannot be compared any more, as their figure is gone."""
        if self._options.redraw != "auto" or not session.is_unsure:
            return
        figure = None if self._canvas is None or self._is_damaged else self._canvas.figure
        if figure is not session.figure:
            raise Mismatch(None)

    def _new_state(self) -> IsolatedState:
        return IsolatedState(self._given, keep_random_states=self._options.seed is not None)

    def _renew(self) -> None:
        """Forget the figure that a failing frame has left, and the settings."""
        self._discard_figure()
        self._state = self._new_state()

    def _check_open(self) -> None:
        if self._closed:
            raise AnimateError("the figure is closed: the render was abandoned")

    def _build(self) -> Canvas:
        self._discard_figure()
        self._animator = self._load()
        self._environment.observe()
        if self._options.seed is not None:
            seed_random_states(self._options.seed, SETUP)
        try:
            figure = self._animator.setup()
            if isinstance(figure, Figure):
                self._canvas = Canvas(figure, self._options)
                self._redrawer = Redrawer(self._canvas, self._options.redraw, self._options.seed or 0)
        except failures() as exc:
            raise SetupError.of(exc) from exc
        if self._canvas is None:
            raise FigureError(
                f"setup() must return the matplotlib Figure that it made, got {type(figure).__name__}"
            )
        self._figure_state = FigureState(self._figures())
        self._current_figure = next(reversed(open_figures()), None)
        return self._canvas

    def _discard_figure(self) -> None:
        if self._canvas is not None:
            self._canvas.close()
            self._canvas = self._redrawer = self._current_figure = None
            self._figure_state = FigureState([])
        self._state.close()
