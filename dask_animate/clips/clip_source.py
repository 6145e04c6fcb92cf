"""The frame source of a clip: evaluates pictures, whose frames are drawn by the sources of the clip."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..drawing import (
    DrawSession,
    Mismatch,
    Source,
    in_isolation,
    restored_random_states,
    turn,
)
from ..errors import AnimateError, FrameError, FrameSizeError
from ..frames import FrameSize
from ..validation import in_short
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
    """A source of the clip, and the frame that it has drawn last, as long as its pixels are there."""

    source: Source
    size: FrameSize
    frame: Frame | None = None
    view: View | None = None
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
        self._n_full = 0  # frames of sources that were not drawn incrementally
        self._is_opaque = False
        self._closed = False
        self._depth = 0
        self._open_lock = threading.RLock()
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
            with self._open_lock:
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
            n_full = self._n_full
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
            session.n_blitted += self._n_full == n_full
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
            except Mismatch:
                self._forget()
                raise
            finally:
                run.note_failures()
            run.is_verified = True
            del self._runs[id(session)]

    def fonts(self) -> dict[str, str]:
        """Return no fonts: frames of clips are not kept."""
        return {}

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Block other threads from drawing, and restore random states on exit; reentrant."""
        with turn():
            if self._depth:
                yield
                return
            with ExitStack() as stack:
                stack.enter_context(restored_random_states())
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1

    def partition_lock(self) -> AbstractContextManager[object]:
        """Block other threads from drawing partitions with this source; see `Source`."""
        # A thread in isolation must not wait here: the owner of the lock may wait for isolation.
        return nullcontext() if in_isolation() else self._partition_lock

    def close(self) -> None:
        """Close all sources; a thread that draws finishes its frame."""
        self._closed = True
        with ExitStack() as stack:  # all of them, even if one fails
            for inner in self._inner.values():
                stack.callback(inner.source.close)

    def _opened(self) -> FrameSize:
        program = self._load()
        for drawer, spec in program.specs.items():
            source = spec.source()
            size = source.open()
            if size is None:  # it has to draw a frame to know
                frame_idx, params = program.first_frames[drawer]
                with source.isolated():
                    size = FrameSize(*source.draw(frame_idx, params, DrawSession()).shape[:2])
            self._inner[drawer] = _Inner(source, size)
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
        self._compositor.forget()
        for inner in self._inner.values():
            inner.frame = inner.view = None

    def _frame(self, frame: Frame) -> View:
        """Return the pixels of a frame of a source, which is drawn unless it was the last one."""
        inner = self._inner[frame.footage.drawer]
        if inner.frame != frame:
            assert self._run is not None
            self._draw_frame(frame, self._run)
        assert inner.view is not None
        return inner.view

    def _draw_frame(self, frame: Frame, run: _Run) -> None:
        drawer = frame.footage.drawer
        inner, session = self._inner[drawer], run.session_with(drawer)
        inner.frame = inner.view = None
        n_blitted = session.n_blitted
        frame_idx, params = _call(frame)
        pixels = inner.source.draw(frame_idx, params, session)
        self._n_full += session.n_blitted == n_blitted
        inner.frame, inner.view, inner.run = frame, View(pixels, inner.source.opaque), run
        run.last[drawer] = frame

    def _is_repeated(self, picture: Picture, before: Picture | None) -> bool:
        """Return whether a frame of a source that is shown as it is equals the one shown before it."""
        if not isinstance(picture, Frame) or not isinstance(before, Frame):
            return False
        drawer = picture.footage.drawer
        if drawer != before.footage.drawer:
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


def _call(frame: Frame) -> tuple[int, Any]:
    """Return with what arguments a source draws a frame."""
    footage, key = frame.footage, frame.key
    frame_idx = footage.frame_idx(key)
    try:
        return frame_idx, footage.params(key)
    except Exception as exc:
        raise FrameError.of(frame_idx, f"of {in_short(key)}", exc) from exc
