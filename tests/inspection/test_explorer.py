"""Frames that are looked at one at a time: those of a render, drawn once, and none that nobody wants."""

import gc
import importlib.util
import random
import time
import weakref
from pathlib import Path

import dask.bag as db
import matplotlib.pyplot as plt
import numpy as np
import pytest
import zarr
from arrays import KINDS, NUMBERS, Shows
from clusters import local_client
from dask import delayed
from helpers import FailsAt, FrameNumber, Noise, Slow, assert_shows, read_numbers
from IPython.core.formatters import DisplayFormatter

from dask_animate import Animator, FrameSource, IndexedFrameParams, write_video
from dask_animate.errors import (
    AnimateError,
    FrameError,
    MissingPackageError,
    NoFramesError,
    OptionError,
    SetupError,
    WorkerError,
)
from dask_animate.execution import cluster_pictures, pictures
from dask_animate.execution.store_session import StoreSession
from dask_animate.inspection.explorer import _close_all
from dask_animate.inspection.frame_browser import N_AHEAD, N_BEHIND, FrameBrowser
from dask_animate.provenance.digests import TOKEN_BYTES
from dask_animate.rendering.renderer_pool import renderers

N = 60


class Logs(FrameNumber):
    """Leaves a file for each frame that it draws, and takes its time."""

    def __init__(self, folder, seconds=0.0):
        super().__init__()
        self.folder, self.seconds = Path(folder), seconds

    def update(self, frame_idx, params):
        (self.folder / f"{frame_idx}-{time.monotonic_ns()}").touch()
        time.sleep(self.seconds)
        super().update(frame_idx, params)


def drawn(folder):
    return sorted(int(path.name.split("-")[0]) for path in Path(folder).iterdir())


def numbers(picture):
    return read_numbers(picture.pixels())


def settle(explorer):
    """Work until nothing more is wanted."""
    browser, source = explorer._browser, explorer._source
    while browser.work(0.2) or source._in_flight:
        pass


def test_frames_are_those_of_a_render(client):
    animator = Noise()
    expected = animator.frames(range(N)).compute()
    for given in (None, client):
        with animator.explore(range(N), client=given) as explorer:
            for idx in (0, 41, 40, 59, 3, 41):
                picture = explorer.show(idx)
                np.testing.assert_array_equal(picture.pixels(), expected[idx])
                assert (picture.frame_idx, picture.params, picture.error) == (idx, f"{idx}", None)
                assert picture.worker.startswith("" if given is None else "tcp://")


def test_transparent_frames():
    options = {"savefig_params": {"transparent": True}}
    with FrameNumber().explore(range(3), **options) as explorer:
        assert explorer.show(1).pixels().shape[2] == 4


def test_source_of_pixels(client, tmp_path):
    class Ramp(FrameSource):
        def draw(self, frame_idx, params):
            return np.full((4, 6, 4), params, np.uint8)

    for given, folder in ((None, tmp_path / "a"), (client, tmp_path / "b")):
        with Ramp().explore(range(5), client=given, store=folder) as explorer:
            assert (explorer.show(3).pixels() == 3).all()
        with Ramp().explore(range(5), client=given, store=folder) as explorer:
            assert explorer.show(3).origin == "store"


def test_incremental_drawing():
    expected = FrameNumber().frames(range(N)).compute()
    with FrameNumber().explore(range(N), redraw="blit") as explorer:
        for idx in (0, 9, 10, 11, 12, 3):
            np.testing.assert_array_equal(explorer.show(idx).pixels(), expected[idx])


def test_a_frame_is_drawn_once(tmp_path):
    with Logs(tmp_path).explore(range(N)) as explorer:
        for idx in (5, 0, 5, 5, 7, -N):
            explorer.show(idx)
    assert drawn(tmp_path) == [0, 5, 7]


def test_neighbours_are_drawn_ahead_on_a_cluster(client, tmp_path):
    with Logs(tmp_path).explore(range(N), client=client) as explorer:
        explorer.show(30)
        settle(explorer)
        ahead = range(30 - N_BEHIND, 30 + N_AHEAD + 1)
        assert set(drawn(tmp_path)) >= set(ahead)
        explorer.show(29)  # the other direction
        settle(explorer)
        assert set(drawn(tmp_path)) >= set(range(29 - N_AHEAD, 29 + N_BEHIND + 1))
    assert len(drawn(tmp_path)) == len(set(drawn(tmp_path)))


@pytest.mark.parametrize("is_quick", [False, True])
def test_neighbours_are_drawn_ahead_here_if_that_is_quick(tmp_path, monkeypatch, is_quick):
    monkeypatch.setattr(pictures, "QUICK_SECONDS", 60 if is_quick else 0)
    with Logs(tmp_path).explore(range(4)) as explorer:
        while explorer._browser.work():
            pass
    assert drawn(tmp_path) == ([0, 1, 2, 3] if is_quick else [0])


def test_the_latest_wins(client, tmp_path):
    """A slider that is dragged over all frames has few of them drawn."""
    with Logs(tmp_path, 0.3).explore(range(N), client=client) as explorer:
        browser, begun = explorer._browser, time.monotonic()
        for idx in range(1, N):
            browser.look_at(idx)
            browser.work()
            assert len(explorer._source._in_flight) <= 2
            time.sleep(0.02)
        assert numbers(browser.wait()) == (N - 1, N - 1)
        looked_at = [idx for idx in drawn(tmp_path) if idx not in range(N_AHEAD + 1)]
    n_at_most = 2 * ((time.monotonic() - begun) / 0.3 + 1)
    assert len(looked_at) <= n_at_most
    assert N - 1 in looked_at


class Gated(FrameNumber):
    """Draws frame 0 at once, and the others once there is a file."""

    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def update(self, frame_idx, params):
        while frame_idx and not self.gate.exists():
            time.sleep(0.02)
        super().update(frame_idx, params)


def test_only_the_frame_that_is_looked_at_comes_before_other_work(client, tmp_path):
    with Gated(tmp_path / "gate").explore(range(N), client=client) as explorer:
        explorer.show(0)
        browser, in_flight = explorer._browser, explorer._source._in_flight
        browser.work()
        (neighbour,) = in_flight
        browser.look_at(40)
        browser.work()
        assert set(in_flight) == {neighbour, 40}

        def priorities(dask_scheduler):
            tasks = dask_scheduler.tasks
            return {key: -tasks[key].priority[0] for key in keys if key in tasks}

        keys = [in_flight[neighbour].key, in_flight[40].key]
        deadline = time.monotonic() + 20
        while len(found := client.run_on_scheduler(priorities)) < 2:
            assert time.monotonic() < deadline
        assert [found[key] for key in keys] == [cluster_pictures.LATER, cluster_pictures.SOON]
        (tmp_path / "gate").touch()
        assert numbers(browser.wait()) == (40, 40)


def test_something_moves_while_drawing_does_not_keep_up(client, tmp_path):
    with Logs(tmp_path, 0.1).explore(range(N), client=client) as explorer:
        browser, shown = explorer._browser, []
        for idx in range(20, 40):
            browser.look_at(idx)
            browser.work()
            time.sleep(0.05)
            shown.append(browser.shown.frame_idx)
        assert shown == sorted(shown)
        assert len(set(shown)) > 4


@pytest.mark.parametrize("n_fit", [1, 3, 12])
def test_memory_is_bounded(tmp_path, n_fit):
    with Logs(tmp_path).explore(range(N)) as explorer:
        n_bytes = len(explorer.show(0).png) + 40
        explorer._browser = browser = FrameBrowser(explorer._source, n_fit * n_bytes)
        for idx in (0, 30, 59, 2, 31):
            browser.look_at(idx)
            n_before = len(drawn(tmp_path))
            while browser.work():
                assert len(drawn(tmp_path)) - n_before <= N  # it does end
            assert numbers(browser.shown) == (idx, idx)
            assert browser.kept_bytes == sum(picture.n_bytes for picture in browser._kept.values())
            assert browser.kept_bytes <= (n_fit + 1) * n_bytes


def test_a_frame_that_fails_is_told_and_tried_again(client):
    for given in (None, client):
        with FailsAt(7).explore(range(N), client=given) as explorer:
            for _ in range(2):
                failed = explorer.show(7)
                assert "frame 7 could not be drawn: LookupError: no data for 7" in failed.error
                assert "in update" in failed.error  # the traceback
                assert numbers(explorer.show(8)) == (8, 8)


class FailsOnce(Logs):
    """Fails in a frame of which there is no file yet."""

    def update(self, frame_idx, params):
        is_first = frame_idx not in drawn(self.folder)
        super().update(frame_idx, params)
        if is_first:
            raise LookupError("not yet")


@pytest.mark.parametrize("on_cluster", [False, True])
def test_a_frame_that_has_failed_is_tried_again_at_once(client, tmp_path, on_cluster):
    with FailsOnce(tmp_path).explore(range(2), client=client if on_cluster else None) as explorer:
        assert "not yet" in explorer.show(1).error
        assert numbers(explorer.show(1)) == (1, 1)
        explorer.show(1)
    assert drawn(tmp_path).count(1) == 2


def test_a_frame_that_has_failed_is_tried_again_after_one_that_was_not_drawn(tmp_path):
    with FailsOnce(tmp_path).explore(range(N)) as explorer:
        assert "not yet" in explorer.show(9).error
        explorer._browser.look_at(30)
        assert numbers(explorer.show(9)) == (9, 9)
    assert drawn(tmp_path) == [0, 9, 9]


def test_the_slider_that_is_moved_tries_nothing_again(tmp_path):
    with FailsOnce(tmp_path).explore(range(N)) as explorer:
        explorer._repr_mimebundle_()
        assert "not yet" in explorer.show(9).error
        assert "not yet" in explorer._browser.shown.error
        assert numbers(explorer.show(9)) == (9, 9)


def test_a_frame_that_fails_here_keeps_nothing_alive():
    big = weakref.WeakSet()

    class Fails(FrameNumber):
        def update(self, frame_idx, params):
            data = np.zeros(10).view(Tracked)
            big.add(data)
            if frame_idx:
                raise ValueError

    with Fails().explore(range(3)) as explorer:
        explorer.show(1)
        gc.collect()
        assert not big


class Tracked(np.ndarray):
    pass


def test_what_fails_before_there_is_a_frame():
    class Broken(Animator):
        def setup(self):
            raise RuntimeError("no")

        def update(self, frame_idx, params):
            pass

    with pytest.raises(SetupError):
        Broken().explore(range(3))
    with pytest.raises(NoFramesError):
        FrameNumber().explore(iter(()))
    with pytest.raises(OptionError, match="fps"):
        FrameNumber().explore(range(3), fps=0)
    with pytest.raises(OptionError, match="redraw"):
        FrameNumber().explore(range(3), redraw="some")
    with pytest.raises(OptionError, match="overwrite"):
        FrameNumber().explore(range(3), overwrite=True)


def test_setup_that_fails_on_a_worker_leaves_nothing(client):
    class Broken(FrameNumber):
        def setup(self):
            raise RuntimeError("no")

    with pytest.raises(SetupError):
        Broken().explore(range(3), client=client)
    assert set(client.run(n_held).values()) == {0}


def test_without_ipywidgets(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r'pip install "dask_animate\[notebook\]"'):
        FrameNumber().explore(range(3))


@pytest.mark.mostly_slow(12)
@pytest.mark.parametrize("on_cluster", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array(client, tmp_path, kind, on_cluster):
    if on_cluster and kind == "zarr in memory":
        pytest.skip("workers cannot read it")
    data, options = KINDS[kind](tmp_path / "data")
    with Shows(**options).explore(data, client=client if on_cluster else None) as explorer:
        for idx in (0, 31, 30, 59, 8, 9):
            picture = explorer.show(idx)
            assert picture.error is None
            assert numbers(picture) == (idx, NUMBERS[idx])


@pytest.mark.parametrize("on_cluster", [False, True])
def test_every_kind_of_items(client, on_cluster):
    given = client if on_cluster else None
    kinds = [
        [3 * i for i in range(20)],
        np.arange(20) * 3,
        (3 * i for i in range(20)),
        [IndexedFrameParams(i, 3 * i) for i in reversed(range(20))],
        [delayed(int)(3 * i) for i in range(20)],
        db.from_sequence([3 * i for i in range(20)], npartitions=4),
    ]
    for params in kinds:
        with FrameNumber().explore(params, n_frames=18, client=given) as explorer:
            assert explorer.n_frames == 18
            assert [numbers(explorer.show(i)) for i in (0, 17, 9)] == [(0, 0), (17, 51), (9, 27)]


def test_large_items_go_to_workers(client):
    class First(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params[0])

    items = [np.full(100_000, 3 * i) for i in range(5)]
    with First().explore(items, client=client) as explorer:
        assert numbers(explorer.show(4)) == (4, 12)
        assert explorer.show(4).params == "ndarray int64 (100000,)"


def test_a_chunk_is_computed_once_for_its_frames(client, tmp_path):
    import dask.array as da

    def load(block):
        (tmp_path / f"{time.monotonic_ns()}").touch()
        return block

    data = da.from_array(NUMBERS, chunks=20).map_blocks(load, meta=np.empty(0, NUMBERS.dtype))
    for given in (None, client):
        with FrameNumber().explore(data, client=given) as explorer:
            for idx in (0, 5, 19):
                assert numbers(explorer.show(idx)) == (idx, NUMBERS[idx])
            assert len(list(tmp_path.iterdir())) <= 2  # the next chunk may be on its way
        for path in tmp_path.iterdir():
            path.unlink()


def test_a_render_takes_from_the_store_what_was_looked_at(tmp_path, client):
    for given, name in ((None, "here"), (client, "there")):
        store = tmp_path / name
        with FrameNumber().explore(range(N), store=store, client=given) as explorer:
            for idx in (0, 7, 8, 9, 33, 59):
                explorer.show(idx)
            if given is not None:
                settle(explorer)
        n_kept = 6 if given is None else 6 + N_BEHIND + N_AHEAD
        video = FrameNumber().make_video(
            tmp_path / "a.mkv", range(N), 30, store=store, client=given, num_workers=(given and 2) or 1
        )
        assert video.stats.n_frames_reused >= min(n_kept, 6)
        assert given is not None or video.stats.n_frames_reused == 6
        assert_shows(tmp_path / "a.mkv", range(N))
        # Now all of it is there. It is shown without drawing, and stays complete.
        with FrameNumber().explore(range(N), store=store, client=given) as explorer:
            origins = {explorer.show(idx).origin for idx in (0, 1, 30, 58)}
            assert origins == {"store"}
            assert numbers(explorer.show(30)) == (30, 30)
        assert write_video(store, tmp_path / "b.mkv", 30).n_frames == N


def test_a_store_is_changed_only_to_write_what_it_lacks(tmp_path):
    store = tmp_path / "store"
    FrameNumber().make_video(tmp_path / "a.mp4", range(N), 30, store=store, num_workers=1)
    with FrameNumber().explore([5, *range(1, N)], store=store) as explorer:
        assert explorer.show(0).origin == "drawn"
        assert explorer.show(1).origin == "store"
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", [5, *range(1, N)], 30, store=store, num_workers=1
    )
    assert video.stats.n_frames_reused == N
    assert_shows(tmp_path / "a.mp4", [5, *range(1, N)])


def test_more_frames_than_the_store_has(tmp_path):
    store = tmp_path / "store"
    FrameNumber().make_video(tmp_path / "a.mp4", range(10), 30, store=store, num_workers=1)
    with FrameNumber().explore(range(N), store=store) as explorer:
        assert numbers(explorer.show(59)) == (59, 59)
        assert explorer.show(9).origin == "store"
    with FrameNumber().explore(range(N), store=store) as explorer:
        assert explorer.show(59).origin == "store"


def test_overwrite(tmp_path):
    store = tmp_path / "store"
    FrameNumber().make_video(tmp_path / "a.mp4", range(10), 30, store=store, num_workers=1)
    with FrameNumber().explore(range(10), store=store, overwrite=True) as explorer:
        assert explorer.show(9).origin == "drawn"
    with FrameNumber().explore(range(10), store=store) as explorer:
        assert explorer.show(9).origin == "store"
        assert explorer.show(8).origin == "drawn"


def test_another_render_takes_the_store_over(tmp_path):
    store = tmp_path / "store"
    with FrameNumber().explore(range(N), store=store) as explorer:
        video = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 30, store=store, num_workers=1)
        assert video.n_frames == N
        explorer._browser._kept.clear()
        assert explorer.show(5).origin == "store"
        explorer._source._kept._writer.put(
            3, b"\0" * TOKEN_BYTES, lambda: np.zeros((40, 140, 3), np.uint8)
        )
    assert "another render" in explorer._source.store_fault
    again = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 30, store=store, num_workers=1)
    assert again.stats.n_frames_reused == N


def test_a_render_that_runs_keeps_its_store(tmp_path):
    store = tmp_path / "store"
    render = Slow(0.05).make_video(
        tmp_path / "a.mp4", range(N), 30, store=store, num_workers=1, wait=False
    )
    while not render.progress.n_frames_drawn:
        time.sleep(0.01)
    with Slow(0.05).explore(range(N), store=store) as explorer:
        assert numbers(explorer.show(59)) == (59, 59)
        assert "a render of this process" in explorer._source.store_fault
    assert render.result(timeout=60).n_frames == N
    with Slow(0.05).explore([7, *range(1, N)], store=store) as explorer:
        assert explorer.show(0).origin == "drawn"
        assert explorer._source.store_fault is None


def test_a_render_that_has_just_begun_keeps_its_store(tmp_path):
    store, output = tmp_path / "store", tmp_path / "a.mp4"
    FrameNumber().make_video(output, range(N), 30, store=store, num_workers=1)
    with FrameNumber().explore(range(N), store=store) as explorer:
        kept = explorer._source._kept
        session = StoreSession(lambda: kept._store)
        # A frame comes that was drawn before the render began.
        kept._writer.put(3, b"\0" * TOKEN_BYTES, lambda: np.zeros((40, 140, 3), np.uint8))
        kept._writer.close()
        assert "a render of this process" in explorer._source.store_fault
        session.close()
    again = FrameNumber().make_video(output, range(N), 30, store=store, num_workers=1)
    assert again.stats.n_frames_reused == N


def test_a_store_in_memory(client):
    store = zarr.storage.MemoryStore()
    with FrameNumber().explore(range(5), store=store) as explorer:
        explorer.show(3)
    with FrameNumber().explore(range(5), store=store) as explorer:
        assert explorer.show(3).origin == "store"
    with pytest.raises(WorkerError, match="in the memory of this process"):
        FrameNumber().explore(range(5), store=store, client=client)
    assert set(client.run(n_held).values()) == {0}


def test_parameters_that_cannot_be_compared_are_not_kept(tmp_path):
    class Holds(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, 0)

    with open(__file__) as file, Holds().explore([file], store=tmp_path / "store") as explorer:
        assert "cannot be compared" in explorer.show(0).fault
        assert explorer.show(0).token is None


def test_global_state_is_left_alone():
    class Careless(FrameNumber):
        def update(self, frame_idx, params):
            plt.rcParams["lines.linewidth"] = 7
            plt.figure()
            np.random.rand(), random.random()
            super().update(frame_idx, params)

    np.random.seed(3), random.seed(3)
    expected = np.random.rand(), random.random()
    np.random.seed(3), random.seed(3)
    with plt.rc_context():
        with Careless().explore(range(5)) as explorer:
            explorer.show(3)
            assert plt.rcParams["lines.linewidth"] != 7
            assert plt.get_fignums() == []
        assert (np.random.rand(), random.random()) == expected


def n_held():
    return len(renderers._n_holders)


def test_closing_frees_figures():
    explorer = FrameNumber().explore(range(5))
    figure = weakref.ref(explorer._source._renderer._source._canvas.figure)
    explorer.close()
    explorer.close()
    gc.collect()
    assert figure() is None
    assert repr(explorer) == "<Explorer: frame 0 of 0 to 4, closed>"
    with pytest.raises(AnimateError, match="closed"):
        explorer.show(0)


def test_garbage_frees_figures(client):
    explorer = FrameNumber().explore(range(5))
    figure = weakref.ref(explorer._source._renderer._source._canvas.figure)
    del explorer
    gc.collect()
    assert figure() is None
    explorer = FrameNumber().explore(range(5), client=client)
    assert set(client.run(n_held).values()) == {1}
    del explorer
    gc.collect()
    deadline = time.monotonic() + 20
    while set(client.run(n_held).values()) != {0}:
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Unreachable:
    """A view whose notebook is gone."""

    def freeze(self):
        raise ConnectionError("nobody listens")


def test_figures_are_freed_though_the_notebook_is_gone(client):
    explorer = FrameNumber().explore(range(5), client=client)
    explorer._view = Unreachable()
    with pytest.raises(ConnectionError):
        explorer.close()
    assert explorer.closed
    assert set(client.run(n_held).values()) == {0}


def test_one_that_cannot_be_closed_keeps_no_other_open():
    explorers = [FrameNumber().explore(range(5)) for _ in range(3)]
    for explorer in explorers:
        explorer._view = Unreachable()
    _close_all(explorers)
    assert all(explorer.closed for explorer in explorers)


def test_a_cluster_that_goes():
    cluster, client = local_client(1)
    with cluster, client:
        explorer = FrameNumber().explore(range(N), client=client)
        settle(explorer)
    failed = explorer.show(50)
    assert failed.error
    assert numbers(explorer.show(1)) == (1, 1)  # kept
    explorer.close()


@pytest.mark.slow
def test_workers_that_are_restarted(own_client):
    import dask.array as da

    data = da.from_array(NUMBERS, chunks=N)
    with FrameNumber().explore(data, client=own_client) as explorer:
        settle(explorer)
        own_client.restart()
        assert numbers(explorer.show(50)) == (50, NUMBERS[50])


def test_indices():
    with FrameNumber().explore(range(5)) as explorer:
        assert numbers(explorer.show(-1)) == (4, 4)
        assert explorer.frame_idx == 4
        for wrong in (5, -6):
            with pytest.raises(OptionError, match="frame_idx"):
                explorer.show(wrong)


def test_one_frame_that_fails():
    with FailsAt(0).explore(range(1)) as explorer:
        assert "LookupError" in explorer.show(0).error
    with pytest.raises(FrameError):
        FailsAt(0).frame(0)


def test_a_notebook_shows_a_picture_as_an_image():
    with FailsAt(13).explore(range(20)) as explorer:
        picture, failed = explorer.show(10), explorer.show(13)
    shown, _ = DisplayFormatter().format(picture)
    assert shown == {
        "image/png": picture.png,
        "text/plain": "<Picture: frame 10, 140 by 40 pixels, drawn>",
    }
    shown, _ = DisplayFormatter().format(failed)
    assert list(shown) == ["text/plain"]
    assert shown["text/plain"].startswith("<Picture: frame 13 cannot be drawn: ")
    assert "\n" not in shown["text/plain"]
