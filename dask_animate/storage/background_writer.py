"""Single frames that a thread of its own writes to a store, while others are drawn."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..errors import AnimateError
from .frame_store import FrameStore

#: Returns the pixels of a frame.
LoadPixels = Callable[[], NDArray[np.uint8]]


class BackgroundWriter:
    """Writes single frames in a thread, those of a chunk together if they have come together.

    A chunk is read and written as a whole for each frame that comes alone, which takes as long as
    drawing it does. The store is opened with the first frame. `put` and `close` belong to one thread.

    Parameters
    ----------
    open_store : callable
        Returns the store, to which only this process writes.

    Attributes
    ----------
    fault : str or None
        Why nothing more is written, in words.
    store : FrameStore or None
        The store, once it is opened.
    """

    def __init__(self, open_store: Callable[[], FrameStore]) -> None:
        self._open_store = open_store
        self._waiting: dict[int, tuple[bytes, LoadPixels]] = {}
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self.fault: str | None = None
        self.store: FrameStore | None = None

    def put(self, frame_idx: int, token: bytes, load: LoadPixels) -> None:
        """Take a frame; `load` is called in the other thread."""
        if self.fault is not None or self._is_closing:
            return
        with self._condition:
            self._waiting[frame_idx] = token, load
            self._condition.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="dask_animate-store", daemon=True)
            self._thread.start()

    @property
    def n_waiting(self) -> int:
        """Frames that are not written yet, and not being written."""
        return len(self._waiting)

    def close(self) -> None:
        """Write what is left, and return once it is written."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self.store = self._open_store()
            while frames := self._taken():
                self.store.put({idx: (token, load()) for idx, (token, load) in frames.items()})
        except Exception as exc:
            self.fault = str(exc) if isinstance(exc, AnimateError) else f"{type(exc).__name__}: {exc}"
            self._waiting.clear()

    def _taken(self) -> dict[int, tuple[bytes, LoadPixels]]:
        """Return the frames that wait, once there are some; none at the end."""
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._is_closing)
            taken, self._waiting = self._waiting, {}
        return taken
