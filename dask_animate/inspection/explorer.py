"""The explorer: the frames of a sequence, one at a time, with a slider in a notebook."""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from ..errors import AnimateError, MissingPackageError, OptionError
from ..execution import PictureSource
from ..memory import EXPLORED_BYTES
from ..rendering import Picture
from ..validation import require_int
from .frame_browser import FrameBrowser

if TYPE_CHECKING:
    from .explorer_view import ExplorerView

#: Explorers that are displayed and open at a time: a notebook keeps all that its cells have returned.
MAX_DISPLAYED = 4
#: Seconds between two frames that are drawn ahead in this process, for messages to come through.
GAP_SECONDS = 0.002
#: Seconds for which drawing is put off at most while the slider goes on moving.
MAX_PAUSE_SECONDS = 0.1

_displayed: list[Explorer] = []


class Explorer:
    """The frames of a sequence, one at a time; displays itself in a notebook, with a slider.

    Made by `Animator.explore`. A context manager, which closes it. Not thread-safe: it belongs to the
    thread that runs the cells of the notebook.

    Attributes
    ----------
    n_frames : int
        Number of frames.
    """

    def __init__(self, open_source: Callable[[Callable[[], None]], PictureSource], fps: float) -> None:
        self._loop = _main_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._fps = fps
        self._view: ExplorerView | None = None
        source = open_source(_weak_wake(self, self._loop))
        self._source = source
        # Who forgets an explorer may be any thread, such as that of the cluster's event loop.
        self._finalizer = weakref.finalize(self, _abandon_elsewhere, source)
        self._finalizer.atexit = False
        _open_explorers().add(self)
        self.n_frames = source.n_frames
        self._browser = FrameBrowser(source, EXPLORED_BYTES)

    @property
    def frame_idx(self) -> int:
        """Index of the frame that is looked at."""
        return self._browser.frame_idx

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return not self._finalizer.alive

    def show(self, frame_idx: int) -> Picture:
        """Show a frame, and return once it is drawn.

        Parameters
        ----------
        frame_idx : int
            Its index, from 0; a negative one counts from the end.

        Returns
        -------
        Picture
            What is shown. Its ``pixels()`` are an array, its ``png`` the bytes of an image, its
            ``error`` the reason if the frame could not be drawn.
        """
        if self.closed:
            raise AnimateError("the explorer is closed: call explore() again")
        frame_idx = require_int("frame_idx", frame_idx, -self.n_frames)
        if frame_idx >= self.n_frames:
            raise OptionError(f"frame_idx must be less than {self.n_frames}, got {frame_idx}")
        self._browser.look_at(frame_idx % self.n_frames)
        picture = self._browser.wait()
        if self._view is not None:
            self._view.move_to(self.frame_idx)
        self._refresh()
        self._schedule(GAP_SECONDS)
        return picture

    def close(self) -> None:
        """Free the figures here and on the workers, and write to the store what is left.

        The picture that is shown stays. Closing again does nothing.
        """
        if self._finalizer.detach() is None:
            return
        if self._handle is not None:
            self._handle.cancel()
        _open_explorers().discard(self)
        if self in _displayed:
            _displayed.remove(self)
        try:
            if self._view is not None:
                self._view.freeze()
        finally:  # there may be nobody left to take the messages of widgets
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ""
        return f"<Explorer: frame {self.frame_idx} of 0 to {self.n_frames - 1}{state}>"

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        if self.closed and self._view is None:
            return {"text/plain": repr(self)}
        if self._view is None:
            from .explorer_view import ExplorerView

            self._view = ExplorerView(
                self.n_frames, self._fps, self.frame_idx, _weak_look(self, self._loop)
            )
            _displayed.append(self)
            for older in _displayed[:-MAX_DISPLAYED]:
                older.close()
        self._refresh()
        self._schedule(GAP_SECONDS)
        shown = self._browser.shown
        bundle = {**self._view.bundle(), "text/plain": repr(self)}
        if shown is not None and shown.png:
            bundle["image/png"] = shown.png  # where there are no widgets, as in a notebook on GitHub
        return bundle

    def _look_at(self, frame_idx: int) -> None:
        # The slider may tell of the frame to which `show` has moved it.
        if not self.closed and frame_idx != self.frame_idx:
            self._browser.look_at(frame_idx)
            self._refresh()
            self._schedule(self._source.pause)

    def _work(self) -> None:
        self._handle = None
        if self.closed:
            return
        goes_on = self._browser.work()
        self._refresh()
        if goes_on:
            self._schedule(GAP_SECONDS)

    def _schedule(self, delay: float) -> None:
        """Work soon, between cells; later if there was something newer, but not for ever."""
        if self._loop is None:
            return
        now = self._loop.time()
        if self._handle is None:
            self._due = now + MAX_PAUSE_SECONDS
        else:
            self._handle.cancel()
        self._handle = self._loop.call_at(min(now + delay, self._due), self._work)

    def _refresh(self) -> None:
        if self._view is not None:
            self._view.update(self._browser, self._source.store_fault)


def require_ipywidgets() -> None:
    """Raise unless ipywidgets is installed."""
    if importlib.util.find_spec("ipywidgets") is None:
        raise MissingPackageError(
            "explore() shows frames with ipywidgets, which is not installed: pip install "
            '"dask_animate[notebook]". preview() shows some frames on one image without it'
        )


def _main_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop on which a notebook's cells run; None if there is no notebook.

    Messages of widgets may come in another thread, a subshell of the kernel, while a cell runs.
    """
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    loop: asyncio.AbstractEventLoop | None = getattr(
        getattr(kernel, "io_loop", None), "asyncio_loop", None
    )
    return loop


def _weak_wake(explorer: Explorer, loop: asyncio.AbstractEventLoop | None) -> Callable[[], None]:
    """Return a function that any thread may call for an explorer to work; it keeps nothing alive."""
    found = weakref.ref(explorer)

    def work() -> None:
        if (alive := found()) is not None:
            alive._schedule(0)

    def wake() -> None:
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(work)

    return wake


def _weak_look(explorer: Explorer, loop: asyncio.AbstractEventLoop | None) -> Callable[[int], None]:
    """Return a function that any thread may call to look at a frame; it keeps nothing alive."""
    found = weakref.ref(explorer)

    def look(frame_idx: int) -> None:
        if (alive := found()) is not None:
            alive._look_at(frame_idx)

    def look_soon(frame_idx: int) -> None:
        if loop is None:
            look(frame_idx)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(look, frame_idx)

    return look_soon


def _abandon_elsewhere(source: PictureSource) -> None:
    threading.Thread(target=source.abandon, name="dask_animate-close").start()


@cache
def _open_explorers() -> weakref.WeakSet[Explorer]:
    """Return all that are open, which are closed when the process ends."""
    explorers: weakref.WeakSet[Explorer] = weakref.WeakSet()

    atexit.register(_close_all, explorers)
    return explorers


def _close_all(explorers: Iterable[Explorer]) -> None:
    for explorer in list(explorers):
        with suppress(Exception):  # what keeps one from being closed is nothing to the others
            explorer.close()
