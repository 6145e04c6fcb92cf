"""Outputs of a notebook that change while code runs, by plain HTML in display handles.

One thread updates all of them. That works while cells run, and needs no widgets: what was shown last is
saved with the notebook.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

#: Seconds between two updates.
UPDATE_SECONDS = 0.7

_logger = logging.getLogger(__name__)


def in_notebook() -> bool:
    """Return whether this process is a kernel of Jupyter."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


class LiveView:
    """An output of the cell that is running. Only in a kernel.

    A context manager, too: leaving it updates the output a last time, in the thread that leaves it.

    Parameters
    ----------
    html : callable
        Returns what to show, in any thread.
    is_over : callable
        Returns whether that has stopped changing; called before `html`.
    """

    def __init__(self, html: Callable[[], str], is_over: Callable[[], bool]) -> None:
        self._html = html
        self._is_over = is_over
        self._handle: Any = None
        self._is_closed = False  # the end is shown
        self._lock = threading.Lock()

    def show(self) -> None:
        """Show it below the cell that is running, and keep it up to date."""
        from IPython.display import HTML, display

        self._is_closed = self._is_over()
        self._handle = display(HTML(self._html()), display_id=True)
        if not self._is_closed:
            _updater.add(self)

    def __enter__(self) -> None:
        self.show()

    def __exit__(self, *exc_info: object) -> None:
        self.update()
        with self._lock:
            self._is_closed = True

    def update(self) -> bool:
        """Show what is to be shown now; return whether it may still change.

        The end is shown once, by whoever asks first.
        """
        is_over = self._is_over()
        html = self._html()  # may wait for workers
        with self._lock:
            if self._is_closed:
                return False
            self._is_closed = is_over
            try:
                self._handle.update({"text/html": html}, raw=True)
            except Exception as exc:  # ipykernel 7.0.0 cannot update outputs from threads
                _logger.info("an output is no longer updated: %s", exc, exc_info=exc)
                return False
            return not is_over


class _Updater:
    """Updates views in a thread that lives as long as there are some."""

    def __init__(self) -> None:
        self._views: list[LiveView] = []
        self._is_running = False
        self._lock = threading.Lock()

    def add(self, view: LiveView) -> None:
        with self._lock:
            self._views.append(view)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="dask_animate-views", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(UPDATE_SECONDS)
            with self._lock:
                views = list(self._views)
            over = [view for view in views if not view.update()]
            with self._lock:
                self._views = [view for view in self._views if view not in over]
                if not self._views:
                    self._is_running = False
                    return


_updater = _Updater()
