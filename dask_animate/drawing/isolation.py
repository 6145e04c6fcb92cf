"""Isolation of the process-wide state that drawing code uses: each animator has its own.

matplotlib keeps its settings, its backend, the epoch of dates and pyplot's list of open figures in
globals, and NumPy and Python keep random states there. Without isolation, two animators in one process,
or an animator and the user's own plots, would change each other's state.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import matplotlib
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.figure import Figure

from ..blitting import Gcf, date_epoch, set_date_epoch
from .user_code import isolation, restored_random_states, turn


def open_figures() -> list[Figure]:
    """Return the figures that pyplot manages, the current one last."""
    return [manager.canvas.figure for manager in Gcf.figs.values()]


def make_current(figure: Figure) -> None:
    """Make a figure pyplot's current one, if it is still open."""
    for number, manager in Gcf.figs.items():
        if manager.canvas.figure is figure:
            Gcf.figs.move_to_end(number)
            return


def current_settings() -> dict[str, Any]:
    """Return the rcParams of this process that affect how a figure looks."""
    with turn():  # not those of an animator in another thread
        settings = _copied_settings()
    epoch = date_epoch()
    if epoch is not None:  # fixed by the first date conversion, whatever the setting says
        settings["date.epoch"] = epoch
    for key in ("backend", "backend_fallback", "interactive", "toolbar"):
        settings.pop(key, None)
    return settings


class IsolatedState:
    """The global state of one animator: installed while it is active, saved otherwise.

    Thread-safe: `active` blocks while another thread has an isolated state active.

    Parameters
    ----------
    settings : mapping, optional
        rcParams to draw with; those of the process by default.
    keep_random_states : bool, default: True
        Restore NumPy's and Python's global random states on exit.
    """

    def __init__(
        self, settings: Mapping[str, Any] | None = None, *, keep_random_states: bool = True
    ) -> None:
        self._keep_random_states = keep_random_states
        self._settings = dict(settings or {})
        self._figures: OrderedDict[int, FigureManagerBase] = OrderedDict()
        self._depth = 0
        self._rc_on_entry: dict[str, Any] = {}

    @contextmanager
    def active(self) -> Iterator[None]:
        """Install this state for the duration of the context; nested calls cost nothing."""
        with turn():
            if self._depth:
                yield
                return
            with ExitStack() as stack:
                stack.enter_context(_restored_date_epoch(reset=bool(self._settings)))
                stack.enter_context(_restored_settings())
                self._install_settings()
                if self._keep_random_states:
                    stack.enter_context(restored_random_states())
                stack.enter_context(_pyplot_figures(self._figures))
                self._depth += 1
                self._rc_on_entry = _copied_settings()
                try:
                    with isolation():
                        yield
                finally:
                    self._depth -= 1

    def restore_settings(self) -> None:
        """Undo all changes of rcParams since the state became active; only while it is active."""
        if self.has_changed_settings():  # cheaper than finding out which
            self._install_settings()

    def has_changed_settings(self) -> bool:
        """Return True if rcParams were changed since then; only while the state is active."""
        return not dict.__eq__(matplotlib.rcParams, self._rc_on_entry)

    def keep_settings(self) -> None:
        """Keep the rcParams as they are now; only while the state is active."""
        if self.has_changed_settings():
            self._settings = current_settings()

    @contextmanager
    def building(self) -> Iterator[None]:
        """Activate the state to build figures without windows; keep the rcParams that the code sets."""
        # Switch the backend outside of `active`: loading a backend may change rcParams for good.
        with turn(), _agg_backend(), self.active():
            yield
            self._settings = current_settings()

    def close(self) -> None:
        """Close all figures that were opened in this state."""
        with self.active():
            Gcf.destroy_all()

    def _install_settings(self) -> None:
        # Each assignment runs a validator, so assign only values that differ.
        if not self._settings:
            return
        now = current_settings()
        changed: dict[Any, Any] = {
            key: value
            for key, value in self._settings.items()
            if key in now and now[key] is not value and now[key] != value
        }
        if changed:
            matplotlib.rcParams.update(changed)


def _copied_settings() -> dict[str, Any]:
    """Return all rcParams.

    By iterating over them as a dict: an iterator of `RcParams` goes through `warnings.catch_warnings`,
    after which Python shows warnings again that were to be shown once; and it takes longer.
    """
    rc: Any = matplotlib.rcParams
    return dict(dict.items(rc))


@contextmanager
def _restored_settings() -> Iterator[None]:
    """Restore rcParams on exit, but for the backend, as `matplotlib.rc_context` does."""
    before = _copied_settings()
    del before["backend"]
    try:
        yield
    finally:
        rc: Any = matplotlib.rcParams
        dict.update(rc, before)


@contextmanager
def _restored_date_epoch(*, reset: bool) -> Iterator[None]:
    # matplotlib allows setting it once in a process, before the first date is converted.
    saved = date_epoch()
    if reset:
        set_date_epoch(None)
    try:
        yield
    finally:
        set_date_epoch(saved)


@contextmanager
def _pyplot_figures(figures: OrderedDict[int, FigureManagerBase]) -> Iterator[None]:
    # plt.figure(1), plt.gcf() and plt.close("all") in the animator's code see these figures, too.
    saved, Gcf.figs = Gcf.figs, figures
    try:
        yield
    finally:
        Gcf.figs = saved


@contextmanager
def _agg_backend() -> Iterator[None]:
    # Most GUI toolkits crash if a window is opened from a thread other than the main one.
    backend = matplotlib.get_backend()
    if backend.lower() == "agg":
        yield
        return
    from matplotlib import pyplot

    try:
        pyplot.switch_backend(backend)  # notebook backends configure themselves when loaded as current
    except ImportError:  # no display: the backend could neither be restored nor used by anyone
        backend = "agg"
    pyplot.switch_backend("agg")
    try:
        yield
    finally:
        pyplot.switch_backend(backend)
