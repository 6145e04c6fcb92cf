"""A frame source over an animator's ``setup()`` and ``update()``."""

from __future__ import annotations

import reprlib
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..errors import AnimateError, FigureError, FrameError, FrameSizeError, SetupError
from ..frames import FrameSize
from ..params import private
from .canvas import Canvas
from .counters import Counts
from .frame_source import Mismatch
from .isolation import Stage, make_current, on_stage, open_figures, seed_random_states
from .options import DrawOptions
from .redraw import Redraw
from .session import DrawSession

if TYPE_CHECKING:
    from ..provenance import Environment, Observer

# Streams of the seed: the figure's own, and one for each frame.
_SETUP, _FRAME = 0, 1

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120


class SetupAndUpdate(Protocol):
    """What is drawn: the two methods that users write."""

    def setup(self) -> Figure:
        """Build the figure."""
        ...

    def update(self, frame_idx: int, params: Any) -> None:
        """Change the figure to show a frame."""
        ...


class FigureSource:
    """Draws an animator's frames.

    Thread-safe as far as matplotlib's globals go: each call takes the process's stage. The array that
    `draw` returns is overwritten by the next call, so callers in several threads need `entered` around
    drawing and copying.

    Parameters
    ----------
    load : callable
        Returns the animator, a new copy each time; called on the stage, for each figure built.
    spec : DrawOptions
        How the figure becomes pixels.
    settings : mapping, optional
        rcParams to draw with; those of the process by default.
    expected : Environment, optional
        What frames depend on in the process that asks for them, if they are to be kept.

    Attributes
    ----------
    environment : Environment or None
        What they depend on in this process, as it was before the figure was built; only if `expected`
        is given.
    """

    def __init__(
        self,
        load: Callable[[], SetupAndUpdate],
        spec: DrawOptions,
        settings: Mapping[str, Any] | None = None,
        expected: Environment | None = None,
    ) -> None:
        self._load = load
        self._spec = spec
        self._stage = Stage(settings, keep_random_states=spec.seed is not None)
        self._animator: SetupAndUpdate | None = None
        self._canvas: Canvas | None = None
        self._redraw: Redraw | None = None
        self._counts = Counts([])
        self._current_figure: Figure | None = None
        self._last_idx = 0
        self._size: FrameSize | None = None
        self._closed = False
        self._expected = expected
        self._observer: Observer | None = None
        self._fonts: dict[str, str] | None = None
        self.environment: Environment | None = None
        self._turn = threading.RLock()

    def entered(self) -> AbstractContextManager[None]:
        """Take the process's stage, for several calls."""
        return self._stage.entered()

    def in_turn(self) -> AbstractContextManager[Any]:
        """Wait until no other thread draws a partition with this figure; the stage stays free."""
        # Who is on a stage must not wait for a turn: the thread that has it may wait for the stage.
        return nullcontext() if on_stage() else self._turn

    @property
    def opaque(self) -> bool:
        """Whether the frame last drawn hides whatever is behind it."""
        return self._canvas is not None and self._canvas.opaque

    def open(self) -> FrameSize:
        """Build the figure if it is not built yet, and return its size in pixels.

        The first call has to come from outside of `entered`.
        """
        if self._size is None:
            with self._stage.building():
                self._check_open()
                if self._size is None:  # another thread may have been here first
                    size = self._build().size
                    if min(size.height, size.width) < 1:
                        raise FrameSizeError(f"the figure is {size} pixels: raise its size or its dpi")
                    self._size = size
        return self._size

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        """Draw one frame; see `FrameSource.draw`.

        ``update()`` gets a copy of the parameters, which may be needed again or belong to the caller.

        Raises
        ------
        FrameError
            If ``update()`` or the drawing fails; the cause is chained.
        FrameSizeError
            If the figure has another size than after ``setup()``.
        """
        size = self.open()
        with self.entered():
            self._check_open()
            if not self._spec.reuse_figure:
                with self._stage.building():
                    self._build()
            assert self._animator is not None
            assert self._redraw is not None
            mine = private(params)  # before seeding, as a class says itself how it is copied
            self._put_back(frame_idx)
            try:
                self._animator.update(frame_idx, mine)
                self._last_idx = frame_idx
                # Some settings are read while drawing, and no artist says that they have changed.
                is_other = self._stage.has_other_settings()
                rgba = self._redraw.draw(frame_idx, session, whole=is_other)
            except Mismatch:
                raise
            except (Exception, SystemExit) as exc:
                raise FrameError.of(frame_idx, _short.repr(params), exc) from exc
        drawn = FrameSize(*rgba.shape[:2])
        if drawn != size:
            raise FrameSizeError(
                f"frame {frame_idx} is {drawn} pixels, but the figure was {size} after setup(): "
                f"all frames of a video have one size"
            )
        return rgba

    def confirm(self, session: DrawSession) -> None:
        """Verify the frames of a session; see `FrameSource.confirm`."""
        with self.entered():
            self._check_open()
            if self._redraw is not None:
                self._redraw.confirm(self._last_idx, session)
            if self._observer is not None:
                unnamed = self._observer.note_changes()
                if unnamed is not None:
                    assert self.environment is not None
                    unknown = f"the module {unnamed}, which no import statement names"
                    self.environment = replace(self.environment, unknown=unknown)

    def fonts(self) -> dict[str, str]:
        """Return the font files with which the figure is drawn in this process."""
        from ..provenance import fonts_of

        self.open()
        with self.entered():
            self._check_open()
            if self._fonts is None:
                assert self._canvas is not None
                self._fonts = fonts_of(self._canvas.figure)
            return self._fonts

    def close(self) -> None:
        """Close the figure, and every other that the animator opened.

        May be called while another thread draws, whose next frame is then an error.
        """
        self._closed = True
        with self.entered():
            self._forget_figure()
            self._animator = None

    def _put_back(self, frame_idx: int) -> None:
        """Put what counts up from frame to frame where it is for each of them."""
        self._stage.restore_settings()
        if self._spec.seed is not None:
            seed_random_states(self._spec.seed, _FRAME, frame_idx)
        if self._current_figure is not None:
            make_current(self._current_figure)
        self._counts.put_back(self._figures())

    def _figures(self) -> list[Figure]:
        """Return all figures that are known: the one drawn, and those of pyplot."""
        assert self._canvas is not None
        return [self._canvas.figure, *(fig for fig in open_figures() if fig is not self._canvas.figure)]

    def _check_open(self) -> None:
        if self._closed:
            raise AnimateError("the figure was closed: the render was given up")

    def _build(self) -> Canvas:
        self._forget_figure()
        self._animator = self._load()
        self._observe()
        if self._spec.seed is not None:
            seed_random_states(self._spec.seed, _SETUP)
        try:
            figure = self._animator.setup()
            if isinstance(figure, Figure):
                self._canvas = Canvas(figure, self._spec)
                self._redraw = Redraw(self._canvas, self._spec.redraw, self._spec.seed or 0)
        except (Exception, SystemExit) as exc:
            raise SetupError.of(exc) from exc
        if self._canvas is None:
            raise FigureError(
                f"setup() must return the matplotlib Figure that it made, got {type(figure).__name__}"
            )
        self._counts = Counts(self._figures())
        self._current_figure = next(reversed(open_figures()), None)
        return self._canvas

    def _observe(self) -> None:
        """Look at this process, once the animator's modules are loaded and before its code runs."""
        if self._expected is None or self.environment is not None:
            return
        from ..provenance import Observer

        observer = Observer(self._expected.references, self._expected)
        self.environment = observer.observe()
        self._observer = observer

    def _forget_figure(self) -> None:
        if self._canvas is not None:
            self._canvas.close()
            self._canvas = self._redraw = self._current_figure = None
            self._counts = Counts([])
        self._stage.close()
