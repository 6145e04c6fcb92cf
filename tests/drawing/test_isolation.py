import random
import threading

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import dates

from dask_animate.drawing.isolation import IsolatedState, current_settings
from dask_animate.drawing.user_code import seed_random_states


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    assert plt.get_fignums() == []


def test_random_states_are_put_back():
    np.random.seed(1)
    random.seed(1)
    expected = np.random.rand(), random.random()
    np.random.seed(1)
    random.seed(1)
    with IsolatedState().active():
        seed_random_states(99, 3)
        np.random.rand(), random.random()
    assert (np.random.rand(), random.random()) == expected


def test_streams_of_a_seed_differ():
    drawn = []
    for key in ((0,), (1, 0), (1, 1), (1, 256)):
        with IsolatedState().active():
            seed_random_states(0, *key)
            drawn.append((np.random.rand(), random.random()))
    assert len(set(drawn)) == 4


def test_figures_are_kept_apart():
    outside = plt.figure(1)
    one, other = IsolatedState(), IsolatedState()
    with one.active():
        assert plt.get_fignums() == []
        figure_one = plt.figure(1)
    with other.active():
        assert plt.figure(1) is not figure_one
        plt.close("all")
    with one.active():
        assert plt.gcf() is figure_one
    one.close()
    with one.active():
        assert plt.get_fignums() == []
    assert plt.gcf() is outside
    plt.close(outside)


def test_settings_of_the_caller_and_of_the_code():
    with matplotlib.rc_context({"lines.linewidth": 7}):
        settings = current_settings()
    before = current_settings()
    state = IsolatedState(settings)
    with state.building():
        assert matplotlib.rcParams["lines.linewidth"] == 7
        matplotlib.rcParams["font.size"] = 33
    assert current_settings() == before
    with state.active():
        assert matplotlib.rcParams["lines.linewidth"] == 7
        assert matplotlib.rcParams["font.size"] == 33
    assert current_settings() == before


def test_each_state_has_its_own_epoch_of_dates(monkeypatch):
    monkeypatch.setattr(dates, "_epoch", None)
    day = np.datetime64("2000-01-02")
    settings = current_settings()
    assert dates.date2num(day) == 10958
    for epoch in ("2000-01-01", "1999-12-31"):
        state = IsolatedState(settings)
        with state.building():
            dates.set_epoch(epoch)
        with state.active():
            assert dates.get_epoch() == epoch
            assert dates.date2num(day) < 3
        assert dates.date2num(day) == 10958


def test_the_epoch_of_the_caller_travels(monkeypatch):
    monkeypatch.setattr(dates, "_epoch", None)
    dates.set_epoch("2000-01-01")
    settings = current_settings()
    with IsolatedState(settings).active():  # of this process
        assert dates.get_epoch() == "2000-01-01"
    monkeypatch.setattr(dates, "_epoch", None)
    with IsolatedState(settings).active():  # of a worker
        assert dates.get_epoch() == "2000-01-01"


def test_backend_is_put_back():
    before = matplotlib.get_backend()
    matplotlib.use("svg")
    try:
        with IsolatedState().building():
            assert matplotlib.get_backend() == "agg"
        assert matplotlib.get_backend() == "svg"
    finally:
        matplotlib.use(before)


def test_backend_that_needs_a_display(monkeypatch):
    before = matplotlib.get_backend()
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    matplotlib.rcParams["backend"] = "tkagg"
    try:
        with IsolatedState().building():
            plt.close(plt.figure())
    finally:
        matplotlib.use(before)


def test_one_at_a_time_and_reentrant():
    state, log = IsolatedState(), []

    def enter():
        with IsolatedState().active():
            log.append("thread")

    thread = threading.Thread(target=enter)
    with state.active(), state.active():
        thread.start()
        thread.join(0.2)
        log.append("main")
    thread.join()
    assert log == ["main", "thread"]


def test_a_state_within_another():
    inner = IsolatedState()
    with IsolatedState().active():
        outer_figure = plt.figure(1)
        seed_random_states(5)
        with inner.active():
            plt.figure(1)
            np.random.rand()
        assert plt.gcf() is outer_figure
        first = np.random.rand()
        seed_random_states(5)
        assert np.random.rand() == first
        plt.close("all")
    inner.close()


def test_everything_is_put_back_after_an_error():
    before = current_settings()

    def build():
        with IsolatedState({"font.size": 40}).building():
            matplotlib.rcParams["lines.linewidth"] = 9
            raise RuntimeError("gave up")

    with pytest.raises(RuntimeError, match="gave up"):
        build()
    assert current_settings() == before
