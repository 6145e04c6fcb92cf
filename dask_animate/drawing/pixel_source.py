"""A source over an object whose ``draw()`` returns pixels; no figure, no matplotlib."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import AnimateError, FrameError, FrameSizeError, SetupError
from ..frames import FrameSize
from ..params import private
from ..validation import in_short
from .observed_environment import ObservedEnvironment
from .pixels import Drawn, pixels_of
from .session import DrawSession
from .user_code import (
    FRAME,
    SETUP,
    failures,
    isolation,
    restored_random_states,
    seed_random_states,
    unless_isolated,
)

if TYPE_CHECKING:
    from ..provenance import Environment

#: Height, width and number of channels of a frame.
Shape = tuple[int, int, int]


class DrawsPixels(Protocol):
    """An object with the two methods that users write."""

    def setup(self) -> None:
        """Prepare to draw."""
        ...

    def draw(self, frame_idx: int, params: Any) -> Drawn:
        """Return the pixels of a frame; see `pixels_of`."""
        ...


class PixelSource:
    """Draws the frames of an object that returns pixels.

    Thread-safe: one thread of the process runs code of such objects, or of animators, at a time. `draw`
    returns an array that the next call overwrites, so callers in several threads must draw and copy
    inside `isolated`.

    Parameters
    ----------
    load : callable
        Returns a new copy of the object; called in isolation, once, and again after a frame that failed.
    seed : int or None
        Seed of the global random states; None leaves them alone.
    shape : tuple of int, optional
        Shape of each frame, (height, width, channels); by default that of the first one drawn.
    expected : Environment, optional
        What the frames depend on in the process that requests them, if they are stored.
    """

    opaque = False  # for RGBA; frames without an alpha channel are opaque in any case

    def __init__(
        self,
        load: Callable[[], DrawsPixels],
        seed: int | None,
        shape: Shape | None = None,
        expected: Environment | None = None,
    ) -> None:
        self._load = load
        self._seed = seed
        self._shape = shape
        self._environment = ObservedEnvironment(expected)
        self._drawer: DrawsPixels | None = None
        self._closed = False
        self._depth = 0
        self._pixels: NDArray[np.uint8] = np.empty(0, np.uint8)  # of the frame drawn last
        self._session: DrawSession | None = None  # in which it was drawn
        self._kept_idx: int | None = None  # its index, if it was drawn before it was asked for
        self._partition_lock = threading.RLock()

    @property
    def environment(self) -> Environment | None:
        """What the frames depend on in this process, observed before ``setup()``."""
        return self._environment.found

    def open(self) -> FrameSize | None:
        """Call ``setup()`` once, and return the size of the frames; None if none was drawn yet.

        After a frame that failed, which may leave the object half-changed, a new one is set up.
        """
        with self.isolated():
            if self._drawer is None:
                self._check_open()
                self._drawer = self._set_up()
        return None if self._shape is None else FrameSize(*self._shape[:2])

    def draw_first(self, params: Any, frame_idx: int = 0) -> Shape:
        """Draw a frame, which is kept until `draw` is called, and return its shape."""
        with self.isolated():
            self.draw(frame_idx, params, DrawSession())
            self._session, self._kept_idx = None, frame_idx
        assert self._shape is not None
        return self._shape

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Block other threads from drawing, and restore random states on exit; reentrant."""
        with isolation():
            if self._depth:
                yield
                return
            with ExitStack() as stack:
                if self._seed is not None:
                    stack.enter_context(restored_random_states())
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1

    def partition_lock(self) -> AbstractContextManager[object]:
        """Block other threads from drawing partitions with this source; see `Source`."""
        return unless_isolated(self._partition_lock)

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        """Draw one frame; see `Source.draw`.

        ``draw()`` gets a copy of the parameters, which may be needed again or belong to the caller.

        Raises
        ------
        FrameError
            If ``draw()`` fails or returns something else than pixels; the original exception is the
            ``__cause__``.
        FrameSizeError
            If the shape is not that of the other frames.
        """
        self.open()
        with self.isolated():
            self._check_open()
            if frame_idx != self._kept_idx:
                pixels = self._drawn(frame_idx, params)
                self._check_shape(frame_idx, pixels.shape)
                session.is_repeated = session is self._session and np.array_equal(pixels, self._pixels)
                if not session.is_repeated:
                    self._keep(pixels)
            self._session, self._kept_idx = session, None
            session.clock.lap("draw")
            return self._pixels

    def verify(self, session: DrawSession) -> None:
        """Take note of what drawing has changed; frames are correct as drawn."""
        self._environment.note_changes()

    def fonts(self) -> dict[str, str]:
        """Return no fonts: it is unknown what draws texts."""
        return {}

    def settings(self) -> dict[str, str]:
        """Return no settings: it is unknown what draws."""
        return {}

    def as_built(self) -> None:
        """Return nothing: there are no pixels without parameters."""

    def close(self) -> None:
        """Let go of the object; a thread that draws finishes its frame."""
        self._closed = True
        with self.isolated():
            self._drawer = None

    def _check_open(self) -> None:
        if self._closed:
            raise AnimateError("the frame source is closed: the render was abandoned")

    def _set_up(self) -> DrawsPixels:
        drawer = self._load()
        self._environment.observe()
        if self._seed is not None:
            seed_random_states(self._seed, SETUP)
        try:
            drawer.setup()
        except failures() as exc:
            raise SetupError.of(exc) from exc
        return drawer

    def _drawn(self, frame_idx: int, params: Any) -> NDArray[np.uint8]:
        assert self._drawer is not None
        own_params = private(params)  # before seeding: copying may run code of the caller's classes
        if self._seed is not None:
            seed_random_states(self._seed, FRAME, frame_idx)
        try:
            return pixels_of(self._drawer.draw(frame_idx, own_params))
        except failures() as exc:
            self._drawer = None
            raise FrameError.of(frame_idx, in_short(params), exc) from exc

    def _check_shape(self, frame_idx: int, shape: tuple[int, ...]) -> None:
        height, width, n_channels = shape
        if self._shape is None:
            self._shape = height, width, n_channels
        elif shape != self._shape:
            raise FrameSizeError(
                f"frame {frame_idx} has the shape {shape}, but all frames of this video have the shape "
                f"{self._shape}, as the first one or frame_shape says"
            )

    def _keep(self, pixels: NDArray[np.uint8]) -> None:
        """Copy the pixels, which may be in a buffer that the next frame is drawn into."""
        if self._pixels.shape != pixels.shape:
            self._pixels = np.empty(pixels.shape, np.uint8)
        self._pixels[...] = pixels
