"""The process-wide state that drawing code sees: a stage of its own for each animator.

matplotlib keeps its settings, its backend, the epoch of dates and pyplot's list of open figures in
globals, and NumPy and Python keep random states there. Two animators in one process, or an animator
beside a user's own plots, would meet in all of them.
"""

from __future__ import annotations

import random
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..blitting import Gcf, date_epoch, set_date_epoch

# matplotlib's font, mathtext and pyplot caches are shared by all figures of a process and are not
# thread-safe, so one stage at a time is on. Reentrant: update() may itself render something.
_on_stage = threading.RLock()
_this_thread = threading.local()


def on_stage() -> bool:
    """Whether this thread is inside `Stage.entered`, that is, in an animator's code."""
    return getattr(_this_thread, "depth", 0) > 0


def open_figures() -> list[Figure]:
    """Return the figures that pyplot knows of, the current one last."""
    return [manager.canvas.figure for manager in Gcf.figs.values()]


def make_current(figure: Figure) -> None:
    """Make a figure pyplot's current one, if it is still open."""
    for number, manager in Gcf.figs.items():
        if manager.canvas.figure is figure:
            Gcf.figs.move_to_end(number)
            return


def current_settings() -> dict[str, Any]:
    """Return the rcParams of this process that change how a figure looks."""
    with _on_stage:  # not those of an animator in another thread
        rc: Any = matplotlib.rcParams.copy()
    settings: dict[str, Any] = dict(rc)
    epoch = date_epoch()
    if epoch is not None:  # in force since dates were first converted, whatever the setting says
        settings["date.epoch"] = epoch
    for key in ("backend", "backend_fallback", "interactive", "toolbar"):
        settings.pop(key, None)
    return settings


class Stage:
    """Globals of one animator, in place while it is entered and put away otherwise.

    Thread-safe: `entered` blocks while another thread is on any stage of this process.

    Parameters
    ----------
    settings : mapping, optional
        rcParams to draw with; those of the process by default.
    keep_random_states : bool, default: True
        Put NumPy's and Python's global random states back on leaving.
    """

    def __init__(
        self, settings: Mapping[str, Any] | None = None, *, keep_random_states: bool = True
    ) -> None:
        self._keep_random_states = keep_random_states
        self._settings = dict(settings or {})
        self._figures: OrderedDict[Any, Any] = OrderedDict()
        self._depth = 0
        self._as_entered: dict[str, Any] = {}

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Put this stage's globals in place; entering it again inside costs nothing."""
        with _on_stage:
            if self._depth:
                yield
                return
            with ExitStack() as stack:
                stack.enter_context(_date_epoch_kept(afresh=bool(self._settings)))
                stack.enter_context(matplotlib.rc_context(rc=self._differences()))
                if self._keep_random_states:
                    stack.enter_context(_random_states_kept())
                stack.enter_context(_pyplot_figures(self._figures))
                self._depth += 1
                rc: Any = matplotlib.rcParams
                self._as_entered = dict.copy(rc)
                _this_thread.depth = getattr(_this_thread, "depth", 0) + 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    _this_thread.depth -= 1

    def restore_settings(self) -> None:
        """Put the rcParams back that code has changed since the stage was entered, on the stage."""
        if self.has_other_settings():  # takes less than to look for which
            matplotlib.rcParams.update(self._differences())

    def has_other_settings(self) -> bool:
        """Whether code has changed rcParams since the stage was entered, on the stage."""
        return not dict.__eq__(matplotlib.rcParams, self._as_entered)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Enter to build figures: without windows, and keeping the rcParams that the code sets."""
        # The backend is switched outside of the settings kept: loading one may change them for good.
        with _on_stage, _agg_backend(), self.entered():
            yield
            self._settings = current_settings()

    def close(self) -> None:
        """Close all figures that were opened on this stage."""
        with self.entered():
            Gcf.destroy_all()

    def _differences(self) -> Any:
        # Each value set goes through a validator, so only those that differ are.
        if not self._settings:
            return {}
        now = current_settings()
        return {
            key: value
            for key, value in self._settings.items()
            if key in now and now[key] is not value and now[key] != value
        }


def seed_random_states(seed: int, *key: int) -> None:
    """Set NumPy's and Python's global random states from `seed` and `key`.

    Uses ``numpy.random.SeedSequence(seed, spawn_key=key)``, so that neighbouring keys give
    independent streams.
    """
    state = int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])
    np.random.seed(state)
    random.seed(state)


@contextmanager
def _random_states_kept() -> Iterator[None]:
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


@contextmanager
def _date_epoch_kept(*, afresh: bool) -> Iterator[None]:
    # matplotlib lets it be chosen once in a process, and by the first date at the latest.
    kept = date_epoch()
    if afresh:
        set_date_epoch(None)
    try:
        yield
    finally:
        set_date_epoch(kept)


@contextmanager
def _pyplot_figures(figures: OrderedDict[Any, Any]) -> Iterator[None]:
    # Also what plt.figure(1), plt.gcf() and plt.close("all") of the animator's code see.
    kept, Gcf.figs = Gcf.figs, figures
    try:
        yield
    finally:
        Gcf.figs = kept


@contextmanager
def _agg_backend() -> Iterator[None]:
    # A window for each worker, from a thread that is not the main one, would crash most toolkits.
    backend = matplotlib.get_backend()
    if backend.lower() == "agg":
        yield
        return
    from matplotlib import pyplot

    try:
        pyplot.switch_backend(backend)  # that of notebooks sets itself up when loaded while in force
    except ImportError:  # there is no display: it could not be put back, nor be used by anybody
        backend = "agg"
    pyplot.switch_backend("agg")
    try:
        yield
    finally:
        pyplot.switch_backend(backend)
