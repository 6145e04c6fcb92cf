"""The frame source of a clip: evaluates pictures, whose frames are drawn by the sources of the clip."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..drawing import (
    DrawSession,
    Mismatch,
    Source,
    restored_random_states,
    turn,
    unless_isolated,
)
from ..errors import AnimateError, FrameSizeError
from ..frames import FrameSize, as_rgb
from ..memory import PICTURE_BYTES
from ..recent import Recent
from .compositing import Compositor, View
from .pictures import Frame, Picture
from .program import Program

if TYPE_CHECKING:
    from .footage import Drawer

#: Partitions that are drawn in turn by as many threads.
_MAX_RUNS = 64


@dataclass(eq=False)
class _Run:
    """The drawing of one partition, in a session of its own with each source.

    Attributes
    ----------
    session : DrawSession
        That of the partition.
    sessions : dict of Drawer to DrawSession
        Those with the sources.
    last : dict of Drawer to Frame
        What was drawn last in each of them.
    is_verified : bool
        True once its frames are known to be right.
    """

    session: DrawSession
    sessions: dict[Drawer, DrawSession] = field(default_factory=dict)
    last: dict[Drawer, Frame] = field(default_factory=dict)
    is_verified: bool = False

    def session_with(self, drawer: Drawer) -> DrawSession:
        """Return the session with a source."""
        if drawer not in self.sessions:
            outer = self.session
            self.sessions[drawer] = DrawSession(outer.n_frames, outer.is_whole, clock=outer.clock)
        return self.sessions[drawer]

    def note_failures(self) -> None:
        """Tell the session of the partition what its sources did."""
        self.session.n_compared = sum(one.n_compared for one in self.sessions.values())
        failures = [one.failure for one in self.sessions.values() if one.failure is not None]
        self.session.failure = failures[0] if failures else None


@dataclass(eq=False)
class _Inner:
    """A source of the clip, and the frame that it has drawn last, as long as its pixels are there.

    Attributes
    ----------
    source : Source
        Draws the frames.
    size : FrameSize
        Their size.
    is_transparent : bool
        Whether their alpha counts.
    keeps_pixels : bool
        Whether pixels stay as they are when the source verifies its frames.
    is_open : bool
        Whether the source was opened; one whose frames are in a pool is opened when it has to draw.
    frame, view : Frame and View, or None
        The last frame and its pixels.
    previous : Frame or None
        The frame before it, if nothing else was drawn in between.
    run : _Run or None
        In which the last one was drawn.
    """

    source: Source
    size: FrameSize
    is_transparent: bool
    keeps_pixels: bool
    is_open: bool
    frame: Frame | None = None
    view: View | None = None
    previous: Frame | None = None
    run: _Run | None = None


class ClipSource:
    """Draws the frames of a clip; see `Source`.

    Each source of the clip draws with a figure of its own, incrementally if it can, and a frame that it
    has drawn last is not drawn again. A frame that is shown as it was drawn is not copied.

    Parameters
    ----------
    load : callable
        Returns what to draw.
    """

    environment = None

    def __init__(self, load: Callable[[], Program]) -> None:
        self._load = load
        self._program: Program | None = None
        self._inner: dict[Drawer, _Inner] = {}
        self._size: FrameSize | None = None
        self._compositor = Compositor(self._frame, self._size_of)
        self._runs: OrderedDict[int, _Run] = OrderedDict()  # by the address of the session
        self._run: _Run | None = None
        self._last: tuple[Picture, View] | None = None
        self._crowded: set[Drawer] = set()  # sources with several frames in the picture
        self._kept: Recent[Frame, View] = Recent(PICTURE_BYTES)  # of these, which draw others meanwhile
        self._n_drawn = 0  # frames of sources
        self._n_full = 0  # frames of sources of them that were not drawn incrementally
        self._is_opaque = False
        self._closed = False
        self._depth = 0
        self._partition_lock = threading.RLock()

    @property
    def opaque(self) -> bool:
        """True if every pixel of the last frame has an alpha of 255."""
        return self._is_opaque

    def open(self) -> FrameSize:
        """Open all sources, and return the size of the frames.

        Raises
        ------
        FrameSizeError
            If the sizes of clips do not fit; names both.
        """
        if self._size is None:
            with turn():
                self._check_open()
                if self._size is None:
                    self._size = self._opened()
        return self._size

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        """Draw one frame; see `Source.draw`.

        Raises
        ------
        FrameError
            If a source fails; a note says in which frame of the clip.
        """
        size = self.open()
        with self.isolated():
            self._check_open()
            assert self._program is not None
            is_same_run = self._begin(session)
            picture = self._program.root.frame_at(frame_idx, self._program.n_frames)
            if self._last is not None and self._last[0] == picture:
                session.is_repeated = is_same_run
                return self._shown(self._last[1])
            last, self._last = self._last, None
            n_drawn, n_full = self._n_drawn, self._n_full
            self._crowded = _crowded(picture)
            try:
                view = self._compositor.picture(picture, size)
            except Mismatch:
                self._forget()
                raise
            except AnimateError as exc:
                exc.add_note(f"It is shown in frame {frame_idx} of the clip.")
                raise
            self._last = picture, view
            before = last[0] if last is not None and is_same_run else None
            session.is_repeated = self._is_repeated(picture, before)
            session.n_blitted += self._n_drawn > n_drawn and self._n_full == n_full
            session.clock.lap("draw")
            return self._shown(view)

    def verify(self, session: DrawSession) -> None:
        """Verify the frames of a session; see `Source.verify`."""
        run = self._runs.get(id(session))
        if run is None:
            return
        with self.isolated():
            self._check_open()
            try:
                for drawer, inner_session in run.sessions.items():
                    inner = self._inner[drawer]
                    if inner.run is not run:  # another thread has drawn with it since
                        self._draw_frame(run.last[drawer], run)
                    inner.source.verify(inner_session)
                    if not inner.keeps_pixels:
                        self._last = inner.frame = inner.view = None
            except Mismatch:
                self._forget()
                raise
            finally:
                run.note_failures()
            run.is_verified = True
            del self._runs[id(session)]

    def fonts(self) -> dict[str, str]:
        """Return the font files that this process uses for its figures, by the requested font."""
        self.open()
        inner = [one for one in self._inner.values() if one.is_open]
        return {name: file for one in inner for name, file in one.source.fonts().items()}

    def settings(self) -> dict[str, str]:
        """Return no settings: each of the sources has its own."""
        return {}

    def as_built(self) -> None:
        """Return nothing: there are no pictures without an index."""

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Block other threads from drawing, and restore random states on exit; reentrant."""
        with turn():
            if self._depth:
                yield
                return
            with restored_random_states():
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1

    def partition_lock(self) -> AbstractContextManager[object]:
        """Block other threads from drawing partitions with this source; see `Source`."""
        return unless_isolated(self._partition_lock)

    def close(self) -> None:
        """Close all sources; a thread that draws finishes its frame."""
        self._closed = True
        with ExitStack() as stack:  # all of them, even if one fails
            for inner in self._inner.values():
                stack.callback(inner.source.close)

    def _opened(self) -> FrameSize:
        program = self._load()
        pooled = {footage.drawer: pool for footage, pool in program.pools.items()}
        for drawer, spec in program.specs.items():
            source, pool = spec.source(), pooled.get(drawer)
            size: FrameSize | None
            if pool is not None:  # its figure may not be needed
                size = FrameSize(*pool.frames.frame_shape[:2])
            elif (size := source.open()) is None:  # it has to draw a frame to know
                frame_idx, params = program.first_frames[drawer]
                with source.isolated():
                    size = FrameSize(*source.draw(frame_idx, params, DrawSession()).shape[:2])
            keeps_pixels = not getattr(spec, "checks_history", False)
            is_open = pool is None
            self._inner[drawer] = _Inner(source, size, spec.transparent, keeps_pixels, is_open)
        self._program = program
        size = program.root.size(self._size_of)
        if size is None:
            raise FrameSizeError("no clip in it has a size")
        return size

    def _begin(self, session: DrawSession) -> bool:
        """Go on with the run of a session; return whether the last frame was one of it."""
        run = self._runs.get(id(session))
        if run is None:
            run = self._runs[id(session)] = _Run(session)
            if len(self._runs) > _MAX_RUNS:  # of sessions that were given up
                self._runs.popitem(last=False)
        if run is self._run:
            return True
        if self._run is not None and not self._run.is_verified:
            self._forget()  # its frames may turn out wrong
        self._run = run
        return False

    def _forget(self) -> None:
        self._last = None
        self._kept.clear()
        self._compositor.forget()
        for inner in self._inner.values():
            inner.frame = inner.view = None

    def _frame(self, frame: Frame) -> View:
        """Return the pixels of a frame of a source, which is drawn unless it was the last one."""
        assert self._program is not None
        pool = self._program.pools.get(frame.footage)
        if pool is not None:
            position = pool.keys.position(frame.key)
            if position is not None:
                return View(pool.frames.frame(position), False)
        inner = self._inner[frame.footage.drawer]
        if inner.frame == frame:
            assert inner.view is not None
            return inner.view
        kept = self._kept.find(frame)
        if kept is not None:
            return kept
        assert self._run is not None
        self._draw_frame(frame, self._run)
        assert inner.view is not None
        return inner.view

    def _draw_frame(self, frame: Frame, run: _Run) -> None:
        drawer = frame.footage.drawer
        inner, session = self._inner[drawer], run.session_with(drawer)
        inner.previous, inner.frame, inner.view = inner.frame, None, None
        n_blitted = session.n_blitted
        frame_idx, params = frame.footage.call(frame.key)
        pixels, opaque = inner.source.draw(frame_idx, params, session), inner.source.opaque
        if pixels.shape[2] == 4 and not opaque and not inner.is_transparent:
            pixels = as_rgb(pixels, opaque=False)  # as in videos, and in pools
        inner.is_open = True
        self._n_drawn += 1
        self._n_full += session.n_blitted == n_blitted
        inner.frame, inner.view, inner.run = frame, View(pixels, opaque), run
        run.last[drawer] = frame
        if drawer in self._crowded:
            self._kept.keep(frame, View(pixels.copy(), opaque), pixels.nbytes)

    def _is_repeated(self, picture: Picture, before: Picture | None) -> bool:
        """Return whether a frame of a source that is shown as it is equals the one shown before it."""
        if not isinstance(picture, Frame) or not isinstance(before, Frame):
            return False
        drawer = picture.footage.drawer
        inner = self._inner[drawer]
        if inner.frame != picture or inner.previous != before:  # some are of a pool, or were kept
            return False
        assert self._run is not None
        return self._run.session_with(drawer).is_repeated

    def _shown(self, view: View) -> NDArray[np.uint8]:
        self._is_opaque = view.opaque
        return view.pixels

    def _size_of(self, drawer: Drawer) -> FrameSize:
        return self._inner[drawer].size

    def _check_open(self) -> None:
        if self._closed:
            raise AnimateError("the clip is closed: the render was abandoned")


def _crowded(picture: Picture) -> set[Drawer]:
    """Return the sources of which a picture shows several frames."""
    if isinstance(picture, Frame):
        return set()
    n_frames = Counter(frame.footage.drawer for frame in set(picture.leaves()))
    return {drawer for drawer, n in n_frames.items() if n > 1}
