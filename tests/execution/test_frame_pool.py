"""Frames that are drawn once into a pool and read from there, in any order and any process."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from itertools import product
from pathlib import Path

import dask.bag as db
import numpy as np
import pytest
import zarr
from helpers import SUPPORT, Counted, FailsAt, FrameNumber, KillsItsWorker, read_numbers
from zarr.storage import LocalStore

from dask_animate import FrameSource
from dask_animate.drawing import DrawOptions
from dask_animate.errors import FrameError, OptionError, ReuseWarning, StoreError
from dask_animate.execution import ClusterOptions, Plan, PoolFill, frame_pool, open_pools
from dask_animate.params import open_params
from dask_animate.storage import FrameStore

N = 40
HERE = {"num_workers": 1}


class Glass(FrameSource):
    """RGBA frames without a figure."""

    def draw(self, frame_idx, params):
        frame = np.full((20, 30, 4), params, np.uint8)
        frame[..., 3] = 2 * params
        return frame


@pytest.fixture(params=["here", "cluster"])
def where(request):
    if request.param == "here":
        return HERE
    return {"client": request.getfixturevalue("client")}


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary directories."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def fill(place, animator, params, *listeners, client=None, num_workers=-1, partition_size="auto"):
    params = open_params(params, None)
    plan = Plan.create(partition_size, 8, "auto", params)
    cluster = ClusterOptions.create(client, num_workers)
    spec = animator._spec(DrawOptions.create(None))
    return PoolFill(spec, params, place, cluster, plan).run(*listeners)


def pools_in(folder):
    return list(folder.glob("dask_animate-*"))


def drawn(log):
    return sorted(int(line.split()[0]) for line in log.read_text().splitlines()) if log.exists() else []


def shown(frames, order):
    return [read_numbers(frames.frame(position)) for position in order]


def numbers_of(params, order):
    return [(position, params[position]) for position in order]


def test_frames_are_those_that_are_drawn_directly(temporary, where):
    animator = FrameNumber()
    params = range(100, 100 + N)
    expected = [animator.frame(item, position) for position, item in enumerate(params)]
    with open_pools() as place:
        frames = fill(place, animator, params, partition_size=7, **where)
        assert len(frames) == N
        assert frames.frame_shape == (40, 140, 3)
        for position in [*range(N), *reversed(range(N))]:
            assert np.array_equal(frames.frame(position), expected[position])
    assert not pools_in(temporary)


def test_each_frame_is_drawn_once_and_can_be_read_elsewhere(tmp_path, client):
    log = tmp_path / "log"
    with open_pools() as place:
        frames = fill(place, Counted(log), range(N), client=client)
        assert drawn(log) == list(range(N))
        order = [30, 3, 39, 0, 17]
        for address in client.scheduler_info()["workers"]:
            read = client.submit(shown, frames, order, workers=[address], pure=False)
            assert read.result() == numbers_of(range(N), order)
    assert drawn(log) == list(range(N))


def test_this_process_begins_and_others_go_on(tmp_path, temporary):
    """Without a client, nothing tells whether other processes draw."""
    log = tmp_path / "log"
    with open_pools() as place:
        frames = fill(place, Counted(log), range(N), num_workers=2)
        assert shown(frames, range(N)) == numbers_of(range(N), range(N))
    assert drawn(log) == list(range(N))
    assert not pools_in(temporary)


def test_this_process_reads_no_frame_while_a_pool_is_filled(client, monkeypatch):
    reads = []
    read = FrameStore.read
    monkeypatch.setattr(FrameStore, "read", lambda *args: (reads.append(args[1:]), read(*args))[1])
    events = []
    with open_pools() as place:
        frames = fill(place, FrameNumber(), range(N), events.append, client=client)
        assert not reads
        frames.frame(0)
    assert len(reads) == 1
    assert sum(event.report.n_frames for event in events) == N


def test_alpha(where):
    with open_pools() as place:
        frames = fill(place, Glass(), range(100), **where)
        assert frames.frame_shape == (20, 30, 4)
        assert frames.frame(70)[0, 0].tolist() == [70, 70, 70, 140]


def test_frames_cannot_be_changed():
    with open_pools() as place:
        frames = fill(place, FrameNumber(), range(N), **HERE)
        with pytest.raises(ValueError, match="read-only"):
            frames.frame(3)[:] = 0


@pytest.mark.parametrize("position", [-1, N, 10**9])
def test_positions_that_are_not_there(position):
    with open_pools() as place:
        frames = fill(place, FrameNumber(), range(N), **HERE)
        with pytest.raises(IndexError, match=f"from 0 to {N - 1}"):
            frames.frame(position)


def test_a_worker_that_dies(tmp_path, temporary, own_client):
    with open_pools() as place:
        frames = fill(place, KillsItsWorker(25, tmp_path), range(N), client=own_client)
        assert list(tmp_path.glob("killed-*"))
        assert shown(frames, range(N)) == numbers_of(range(N), range(N))
    assert not pools_in(temporary)


def test_frames_in_the_callers_store_are_not_drawn_again(tmp_path, where):
    store, log = tmp_path / "kept", tmp_path / "log"
    params = list(range(N))
    with open_pools(store) as place:
        fill(place, Counted(log), params, **where)
    assert drawn(log) == params
    log.unlink()
    params[21] = 1000
    with open_pools(store) as place:
        frames = fill(place, Counted(log), params, **where)
        assert shown(frames, range(N)) == numbers_of(params, range(N))
    assert drawn(log) == [21]
    log.unlink()
    with open_pools(store, overwrite=True) as place:
        fill(place, Counted(log), params, **where)
    assert drawn(log) == list(range(N))


def test_it_goes_on_where_it_was_cut_off(tmp_path):
    store, log = tmp_path / "kept", tmp_path / "log"
    counted = Counted(log)

    def cut(event):
        if len(drawn(log)) >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_pools(store) as place:
        fill(place, counted, range(N), cut, partition_size=10, **HERE)
    assert drawn(log) == list(range(20))
    with open_pools(store) as place:
        frames = fill(place, counted, range(N), partition_size=10, **HERE)
        assert shown(frames, range(N)) == numbers_of(range(N), range(N))
    assert drawn(log) == list(range(N))


def test_each_source_has_a_pool(tmp_path):
    one, other = Counted(tmp_path / "one"), Counted(tmp_path / "other")
    for _ in range(2):
        with open_pools(tmp_path / "kept") as place:
            frames = [
                fill(place, source, range(first, first + N), **HERE)
                for source, first in ((one, 0), (other, 100), (one, 200))  # of the same content, twice
            ]
            for first, some in zip((0, 100, 200), frames, strict=True):
                assert shown(some, [5, 31]) == [(5, first + 5), (31, first + 31)]
    assert drawn(tmp_path / "one") == sorted([*range(N)] * 2)
    assert drawn(tmp_path / "other") == [*range(N)]


def test_pools_lie_beside_the_frames_of_a_video(tmp_path):
    store, log = tmp_path / "kept", tmp_path / "log"
    for overwrite in (False, False, True):
        with open_pools(store) as place:
            frames = fill(place, Counted(log), range(N), **HERE)
            FrameNumber().make_video(
                tmp_path / "a.mp4", range(12), 20, num_workers=1, store=store, overwrite=overwrite
            )
            assert shown(frames, range(N)) == numbers_of(range(N), range(N))
        assert {"frames", "marks", "zarr.json"} < {path.name for path in store.iterdir()}
    assert drawn(log) == list(range(N))


def test_what_others_made_is_left_alone(tmp_path):
    store = tmp_path / "kept"
    with open_pools(store) as place:
        fill(place, FrameNumber(), range(N), **HERE)
    (pool,) = store.iterdir()
    (pool / "notes.txt").write_text("mine")
    with (
        pytest.raises(StoreError, match=r"notes\.txt"),
        open_pools(store, overwrite=True) as place,
    ):
        fill(place, FrameNumber(), range(N), **HERE)
    shutil.rmtree(pool)
    pool.mkdir()
    (pool / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="did not make"), open_pools(store) as place:
        fill(place, FrameNumber(), range(N), **HERE)
    assert (pool / "notes.txt").read_text() == "mine"


def test_frames_that_nobody_can_find_again_go(tmp_path):
    store = tmp_path / "kept"
    animator = FrameNumber()
    animator.lock = threading.Lock()
    with open_pools(store) as place:
        with pytest.warns(ReuseWarning, match="cannot be compared"):
            frames = fill(place, animator, range(N), **HERE)
        assert shown(frames, range(N)) == numbers_of(range(N), range(N))
        assert list(store.iterdir())
    assert not list(store.iterdir())


DAMAGES = ("bit", "gone", "cut", "swapped", "digests")


@pytest.mark.parametrize(
    ("is_kept", "damage"),
    [*product((False, True), DAMAGES), (True, "other render")],
)
def test_what_is_changed_is_never_shown(tmp_path, temporary, damage, is_kept):
    store = tmp_path / "kept"
    with open_pools(store if is_kept else None) as place:
        frames = fill(place, FrameNumber(), range(N), partition_size=10, **HERE)
        (pool,) = Path(place.place).glob("pool-*")
        chunk, other = (pool / f"frames/c.{idx}.0.0.0" for idx in (2, 3))
        if damage == "bit":
            array = zarr.open_group(pool, mode="r+")["frames"]
            array[20:30] = array[20:30] ^ 1
        elif damage == "gone":
            chunk.unlink()
        elif damage == "cut":
            chunk.write_bytes(chunk.read_bytes()[:-5])
        elif damage == "swapped":
            shutil.copy(other, chunk)
        elif damage == "digests":
            for folder, rest in (("frames", ".0.0.0"), ("marks", ".0")):
                shutil.copy(pool / folder / f"c.3{rest}", pool / folder / f"c.2{rest}")
        else:
            with open_pools(store) as later:
                fill(later, FrameNumber(), range(1, 1 + N), partition_size=10, **HERE)
        with pytest.raises(StoreError, match=r"as they were written|were lost|by another render"):
            frames.frame(25)


class Elsewhere(LocalStore):
    """Lies in another directory on workers."""

    def __init__(self, root, here=None):
        super().__init__(root if here in (None, os.getpid()) else f"{root}-on-{os.getpid()}")
        self.place, self.here = root, here or os.getpid()

    def __getstate__(self):
        return self.place, self.here

    def __setstate__(self, state):
        self.__init__(*state)


def test_workers_that_do_not_see_the_temporary_directory(temporary, client, monkeypatch):
    monkeypatch.setattr(frame_pool, "Path", Elsewhere)
    with pytest.raises(StoreError, match=r"give store= a directory") as caught, open_pools() as place:
        fill(place, FrameNumber(), range(N), client=client)
    assert "worker tcp://" in str(caught.value)
    assert "dask_animate-" in str(caught.value)


def test_who_reads_where_the_pool_is_not_seen():
    with open_pools() as place:
        frames = fill(place, FrameNumber(), range(N), **HERE)
        copy = pickle.loads(pickle.dumps(frames))
    with pytest.raises(StoreError, match="give store="):
        copy.frame(0)


def test_a_bag_is_refused():
    with open_pools() as place, pytest.raises(OptionError, match="Bag"):
        fill(place, FrameNumber(), db.from_sequence(range(N)), **HERE)


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_nothing_is_left_after_a_failure(temporary, where, error):
    def fail(event):
        assert len(pools_in(temporary)) == 1
        if error is KeyboardInterrupt and type(event).__name__ == "PoolRendered":
            raise error

    expected = FrameError if error is LookupError else error
    with pytest.raises(expected), open_pools() as place:
        fill(place, FailsAt(30), range(N), fail, partition_size=5, **where)
    assert not pools_in(temporary)


SCRIPT = """
import sys
sys.path[:0] = {path}
import time
from dask_animate.execution import open_pools
from test_frame_pool import fill
from helpers import FrameNumber

class Slow(FrameNumber):
    def update(self, frame_idx, params):
        time.sleep(0.01)
        super().update(frame_idx, params)

if __name__ == "__main__":
    with open_pools() as place:
        fill(place, Slow(), range(1000), num_workers=1)
"""


def test_ctrl_c(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(path=[str(SUPPORT), str(Path(__file__).parent)]))
    folder = tmp_path / "temporary"
    folder.mkdir()
    run = [sys.executable, str(script)]
    env = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(run, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while not list(folder.glob("*/*/frames/c.*")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate()[1]
    assert not list(folder.iterdir())


def test_what_a_killed_process_left_goes_with_the_next_render(tmp_path, temporary):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(path=[str(SUPPORT), str(Path(__file__).parent)]))
    others = temporary / "dask_animate-mine"
    others.mkdir()
    (others / "pool-1").mkdir()
    run = [sys.executable, str(script)]
    env = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(run, env=env, stdout=subprocess.DEVNULL) as process:
        while not list(temporary.glob("*/*/frames/c.*")):
            assert process.poll() is None
            time.sleep(0.02)
        with open_pools():
            assert len(pools_in(temporary)) == 3  # that of a living process stays
        process.kill()
    assert len(pools_in(temporary)) == 2
    with open_pools() as place:
        assert set(pools_in(temporary)) == {others, place.place}
    assert pools_in(temporary) == [others]


def test_chunks_are_kept_up_to_a_bound():
    cache = frame_pool._Chunks(1000)
    reads = []

    def get(idx, n_bytes=400):
        def read():
            reads.append(idx)
            return np.full(n_bytes, idx, np.uint8)

        return cache.get(("render", idx), read)

    assert [int(get(idx)[0]) for idx in (0, 1, 0, 1, 2, 1, 0)] == [0, 1, 0, 1, 2, 1, 0]
    assert reads == [0, 1, 2, 0]
    assert get(7, 5000).size == 5000  # one that is larger is kept alone
    assert get(7).size == 5000
    get(2)
    assert reads == [0, 1, 2, 0, 7, 2]


def test_threads_read_a_chunk_once(monkeypatch):
    with open_pools() as place:
        frames = fill(place, FrameNumber(), range(N), partition_size=10, **HERE)
        reads = []
        read = frame_pool.PooledFrames._read

        def slow(self, array, start):
            reads.append(start)
            time.sleep(0.05)
            return read(self, array, start)

        monkeypatch.setattr(frame_pool.PooledFrames, "_read", slow)
        found = []
        threads = [threading.Thread(target=lambda: found.append(frames.frame(12))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert reads == [10]
    assert [read_numbers(frame) for frame in found] == [(12, 12)] * 4
