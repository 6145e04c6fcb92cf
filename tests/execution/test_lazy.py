"""Frames as a dask array: drawn when they are computed, by every scheduler the same."""

import os
import subprocess
import sys
import textwrap

import dask
import dask.array as da
import dask.bag as db
import matplotlib.pyplot as plt
import numpy as np
import pytest
import zarr
from arrays import DATA, KINDS, NUMBERS, CountingStore, Shows, labelled, reads, zarr_array
from clusters import local_client
from dask import delayed
from dask._task_spec import Task
from helpers import (
    SUPPORT,
    WARNINGS,
    CountsSetups,
    FailsAt,
    FrameNumber,
    Noise,
    assert_shows,
    plain_frames,
    read_numbers,
)

from dask_animate import IndexedFrameParams, write_video
from dask_animate.errors import FrameError, OptionError, ParamsError

N = 50


@pytest.fixture(scope="module")
def client():
    """Workers of this file's own, as they keep figures for frames that are still to come."""
    cluster, client = local_client(2)
    with cluster, client:
        yield client


@pytest.fixture(scope="module")
def drawn():
    return plain_frames(FrameNumber(), ((i, 3 * i) for i in range(N)))


@pytest.fixture(scope="module")
def drawn_numbers():
    """The frames of the arrays, which all hold the same numbers."""
    return plain_frames(FrameNumber(), enumerate(NUMBERS))


@pytest.mark.parametrize(
    "scheduler", ["synchronous", "threads", pytest.param("processes", marks=pytest.mark.slow), "client"]
)
def test_every_scheduler(drawn, client, scheduler):
    frames = FrameNumber().frames(range(0, 3 * N, 3), partition_size=12)
    assert (frames.shape, frames.dtype) == ((N, 40, 140, 3), np.uint8)
    assert frames.chunks[0] == (12, 12, 12, 12, 2)
    get = client.get if scheduler == "client" else scheduler
    assert np.array_equal(frames.compute(scheduler=get), drawn)
    assert np.array_equal(frames[7].compute(scheduler=get), drawn[7])
    backwards = frames[40:3:-9, ::2, 5, ::-1].compute(scheduler=get)
    assert np.array_equal(backwards, drawn[40:3:-9, ::2, 5, ::-1])
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    "make",
    [
        lambda: [3 * i for i in range(N)],
        lambda: (3 * i for i in range(N)),
        lambda: [IndexedFrameParams(i, 3 * i) for i in reversed(range(N))],
        lambda: 3 * da.arange(N, chunks=7),
        lambda: 3 * np.arange(N),
        lambda: [delayed(int)(3 * i) for i in range(N)],
        lambda: db.from_sequence(range(N), npartitions=4).map(lambda i: 3 * i),
        lambda: db.from_sequence([IndexedFrameParams(i, 3 * i) for i in range(N)], npartitions=3),
    ],
    ids=["list", "generator", "indexed", "dask", "numpy", "delayed", "bag", "indexed bag"],
)
def test_every_kind_of_parameters(drawn, client, make):
    frames = FrameNumber().frames(make())
    assert np.array_equal(frames.compute(scheduler=client.get), drawn)
    assert np.array_equal(FrameNumber().frames(make(), n_frames=20)[-1].compute(), drawn[19])


class Notes(FrameNumber):
    """Leaves a file for each frame that is drawn."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory

    def update(self, frame_idx, params):
        (self.directory / f"{frame_idx}-{os.urandom(4).hex()}").touch()
        super().update(frame_idx, np.max(params))


def drawn_frames(directory):
    """Return the frames that were drawn since the last call, each as often as it was."""
    found = sorted(int(path.name.split("-")[0]) for path in directory.iterdir())
    for path in directory.iterdir():
        path.unlink()
    return found


def noted(block, directory, block_info=None):
    """Leave a file for each block of an array that is computed."""
    if block_info:
        (directory / f"{block_info[0]['chunk-location'][0]}-{os.urandom(4).hex()}").touch()
    return block


@pytest.mark.mostly_slow(3)
@pytest.mark.parametrize("kind", ["range", "list", "numpy", "dask", "dict", "bag", "delayed"])
def test_no_partition_is_computed_that_is_not_shown(tmp_path, kind):
    n = 4000
    read = tmp_path / "read"
    read.mkdir()
    data = da.arange(n, chunks=50).map_blocks(noted, directory=read, dtype=np.int64)
    params = {
        "range": lambda: range(n),
        "list": lambda: list(range(n)),
        "numpy": lambda: np.arange(n),
        "dask": lambda: data,
        "dict": lambda: {"a": data, "b": da.zeros((n, 2), chunks=(50, 1), dtype=np.int64)},
        "bag": lambda: db.range(n, npartitions=n // 50),
        "delayed": lambda: [delayed(i) if i % 50 == 9 else i for i in range(n)],
    }[kind]()
    options = {} if kind == "bag" else {"partition_size": 50}

    class Shown(Notes):
        def update(self, frame_idx, params):
            super().update(frame_idx, params["a"] if kind == "dict" else params)

    directory = tmp_path / "drawn"
    directory.mkdir()
    frames = Shown(directory).frames(params, **options)
    assert frames.chunks[0] == (50,) * (n // 50)
    drawn_frames(read)
    assert not drawn_frames(directory)
    assert read_numbers(frames[1234].compute()) == (1234, 1234)
    assert drawn_frames(directory) == list(range(1200, 1250))
    for stop in (3089, 3137):  # in the partition of the last frame that is shown, and in the next one
        shown = frames[2990:stop:49].compute()
        assert [read_numbers(frame) for frame in shown] == [(i, i) for i in (2990, 3039, 3088)]
        assert drawn_frames(directory) == [*range(2950, 3100)]
    blocks = [24, 59, 59, 60, 60, 61, 61]
    assert drawn_frames(read) == (blocks if kind in ("dask", "dict") else [])


@pytest.mark.mostly_slow(6)
@pytest.mark.parametrize("kind", KINDS)
def test_arrays_of_every_kind(tmp_path, client, drawn_numbers, kind):
    params, options = KINDS[kind](tmp_path / "data")
    animator = Shows(**options)
    assert np.array_equal(animator.frames(params).compute(scheduler="threads"), drawn_numbers)
    some = animator.frames(params, n_frames=33, partition_size=10)
    assert some.chunks[0] == (10, 10, 10, 3)
    assert np.array_equal(some.compute(scheduler=client.get), drawn_numbers[:33])


@pytest.mark.parametrize("scheduler", ["synchronous", pytest.param("processes", marks=pytest.mark.slow)])
def test_labelled_data_under_every_scheduler(scheduler):
    times = np.array("2001-01-01", "M8[D]") + np.arange(len(NUMBERS))
    data = (
        labelled().assign_coords(time=times, sea=(("y", "x"), np.ones((4, 5)))).assign_attrs(units="K")
    )
    data = data.transpose("y", "time", "x").chunk(time=20)
    data = data.assign_coords(depth=("time", da.from_array(NUMBERS, 7)))

    class Checks(FrameNumber):
        def update(self, frame_idx, params):
            assert list(params.coords) == ["time", "sea", "depth"]
            assert (params.dims, params.name, params.attrs) == (("y", "x"), "field", {"units": "K"})
            assert params.time.values == times[frame_idx]
            assert params.depth.variable._in_memory
            assert params.depth == params.max()
            assert params.sea.shape == (4, 5)
            super().update(frame_idx, params.values[0, 0])

    frames = Checks().frames(data, dim="time")
    assert frames.chunks[0] == (20, 20, 20)
    shown = frames[::7].compute(scheduler=scheduler)
    assert [read_numbers(frame)[1] for frame in shown] == NUMBERS[::7].tolist()


@pytest.mark.parametrize(
    ("n_x", "chunks"), [(1, (20, 4)), (5, (20, 4, 5)), (5, (20, 2, 2)), (5, (1, 2, 5, 1, 3))]
)
def test_arrays_of_any_dimensions(n_x, chunks):
    data = np.broadcast_to(NUMBERS[:, None], (60, 4)).astype(np.int32)
    while data.ndim < len(chunks):
        data = np.repeat(data[..., None], 5 if data.ndim == 2 else 3, axis=-1)
    both = {"data": da.from_array(data, chunks), "other": da.from_array(NUMBERS, 20)}

    class Checks(FrameNumber):
        def update(self, frame_idx, params):
            assert (params["data"] == params["other"]).all()
            assert params["data"].shape == data.shape[1:]
            super().update(frame_idx, params["other"])

    frames = Checks().frames(both, partition_size=12)
    assert [read_numbers(frame)[1] for frame in frames[5::11].compute()] == NUMBERS[5::11].tolist()
    moved = {**both, "data": both["data"].T}
    with pytest.raises(ParamsError, match="different numbers of frames"):
        Checks().frames(moved)
    last = Shows(shape=data.shape[-1:0:-1]).frames(both["data"].T, axis=-1)
    assert [read_numbers(frame)[1] for frame in last[5::11].compute()] == NUMBERS[5::11].tolist()


def test_reading_computing_and_drawing_are_one_task(tmp_path):
    """Of whatever is read in chunks, and whatever dask computes of it block by block."""
    stored = zarr_array(tmp_path / "data", chunks=(10, 4, 5))
    read = da.from_zarr(stored)
    on_disk = KINDS["dataset"](tmp_path / "labelled")[0]  # in chunks of 8
    for params, layers in (
        (stored, {"draw"}),
        (da.zeros((60, 4, 5), chunks=(10, 4, 5)) + 1, None),
        (read + 1, {"original-from-zarr", "from-zarr", "add", "draw"}),
        ({"a": read + 1, "b": DATA}, {"original-from-zarr", "from-zarr", "add", "draw"}),
        (on_disk, {"draw"}),
        (labelled().chunk(time=10).to_dataset() + 1, None),
        (range(60), {"draw"}),
        (db.range(60, npartitions=6).map(str), {"range", "str", "load", "draw"}),
    ):
        options = {"partition_size": 10} if isinstance(params, range) else {}
        frames = Shows().frames(params, **options)
        names = {dask.utils.key_split(name) for name in frames.dask.layers}
        assert layers is None or names == layers
        (optimized,) = dask.optimize(frames)
        tasks = [task for task in dict(optimized.__dask_graph__()).values() if type(task) is Task]
        assert len(tasks) == len(frames.chunks[0])
        assert {dask.utils.key_split(task.key).split("-")[-1] for task in tasks} == {"draw"}


def test_the_graph_does_not_grow_with_the_number_of_chunks():
    def layers(n):
        frames = FrameNumber().frames(da.arange(100 * n, chunks=100) + 1)
        assert len(frames.chunks[0]) == n
        assert not any(
            layer.is_materialized() for name, layer in frames.dask.layers.items() if "draw" in name
        )
        return len(frames.dask.layers)

    assert layers(10) == layers(1000) <= 3


def test_chunks_that_are_divided_are_read_once(tmp_path, client):
    data = zarr_array(CountingStore(tmp_path / "data"), chunks=(30, 4, 5))
    frames = Shows().frames(data, partition_size=10)
    shown = frames.compute(scheduler=client.get)
    assert [read_numbers(frame)[1] for frame in shown] == NUMBERS.tolist()
    chunks, processes = reads(tmp_path)
    assert chunks == ["c_0_0_0", "c_1_0_0"]
    assert os.getpid() not in processes


def test_bags_with_empty_partitions(drawn):
    bag = db.range(20, npartitions=10).map(lambda i: 3 * i).filter(lambda x: not 9 <= x < 36)
    frames = FrameNumber().frames(bag)
    assert frames.chunks[0] == (2, 1, 2, 2, 2, 2)
    numbers = [0, 3, 6, 36, 39, 42, 45, 48, 51, 54, 57]
    assert [read_numbers(frame)[1] for frame in frames.compute()] == numbers
    assert [read_numbers(f)[1] for f in FrameNumber().frames(bag, n_frames=4).compute()] == numbers[:4]
    with pytest.raises(ParamsError, match="ended after 0 frames"):
        FrameNumber().frames(bag.filter(lambda x: False))


def test_a_list_is_as_it_was(drawn):
    params = list(range(0, 60, 3))
    frames = FrameNumber().frames(params)
    params[:] = [0] * 20
    assert np.array_equal(frames.compute(), drawn[:20])


def test_a_large_animator_does_not_travel_with_each_task(client, drawn):
    animator = FrameNumber()
    animator.ballast = np.random.default_rng(0).bytes(10**6)
    frames = animator.frames(0 + 3 * da.arange(N, chunks=5))
    assert sum("figure" in name for name in frames.dask.layers) == 1
    assert np.array_equal(frames.compute(scheduler=client.get), drawn)
    assert np.array_equal(frames[7].compute(scheduler="processes"), drawn[7])


class FailsOnce(FrameNumber):
    """Raises the first time that it draws a frame."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory

    def update(self, frame_idx, params):
        note = self.directory / str(frame_idx)
        if not note.exists():
            note.touch()
            raise OSError("not yet")
        super().update(frame_idx, params)


def test_annotations_reach_the_layers_and_the_tasks(tmp_path, client):
    with dask.annotate(retries=9, priority=3):
        frames = FailsOnce(tmp_path).frames(3 * da.arange(8, chunks=4))
    (layer,) = (layer for name, layer in frames.dask.layers.items() if name.startswith("draw"))
    assert layer.annotations == {"retries": 9, "priority": 3}
    with dask.config.set({"optimization.fuse.active": False}):  # where dask fuses, it drops them
        shown = frames.compute(scheduler=client.get)
    assert [read_numbers(frame) for frame in shown] == [(i, 3 * i) for i in range(8)]
    other = tmp_path / "other"
    other.mkdir()
    frames = FailsOnce(other).frames(range(4), partition_size=4)
    with dask.annotate(retries=5):
        assert len(frames.compute(scheduler=client.get)) == 4


@pytest.mark.newest
def test_query_planning_of_arrays():
    """Dask's arrays of expressions, which are no default yet."""
    code = f"""
import sys
sys.path.insert(0, {str(SUPPORT)!r})
import dask
dask.config.set({{"array.query-planning": True}})
import dask.array as da
from helpers import FrameNumber, read_numbers
assert da.array_expr_enabled()
for params in (3 * da.arange(20, chunks=5), range(0, 60, 3)):
    shown = FrameNumber().frames(params, partition_size=5)[3::4].compute()
    assert [read_numbers(frame) for frame in shown] == [(i, 3 * i) for i in range(3, 20, 4)]
"""
    environment = {**os.environ, "PYTHONWARNINGS": WARNINGS}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_a_process_keeps_the_figure(tmp_path):
    frames = CountsSetups(tmp_path).frames(range(20), partition_size=2)
    frames.compute(scheduler="threads")
    assert len(list(tmp_path.iterdir())) == 2  # one for the size
    others = [FrameNumber().frames(range(4)) for _ in range(3)]
    dask.compute(*others, scheduler="threads")
    frames.compute(scheduler="synchronous")
    assert len(list(tmp_path.iterdir())) == 3  # closed for the sake of others


def test_to_zarr_and_to_video(tmp_path, client, drawn):
    frames = FrameNumber().frames(range(0, 3 * N, 3), partition_size=10)
    with client.as_current():
        frames.to_zarr(tmp_path / "frames.zarr")
    assert np.array_equal(zarr.open(tmp_path / "frames.zarr")[:], drawn)
    video = write_video(frames, tmp_path / "a.mp4", 20, client=client)
    assert_shows(video.path, range(0, 3 * N, 3), 20)
    inverted = frames.map_blocks(lambda block: 255 - block, dtype=np.uint8)
    assert np.array_equal(inverted[4].compute(), 255 - drawn[4])


def test_random_numbers_and_options():
    frames = Noise().frames(range(9), partition_size=4, savefig_params={"dpi": 64})
    assert frames.shape == (9, 64, 64, 3)
    alone = Noise().frame(0, 6, savefig_params={"dpi": 64})
    assert np.array_equal(frames[6].compute(), alone)
    assert not np.array_equal(Noise().frames(range(9), seed=1)[6].compute(), Noise().frame(0, 6))


def test_errors():
    with pytest.raises(FrameError, match="frame 7 could not be drawn"):
        FailsAt(7).frames(range(9)).compute()
    assert FailsAt(7).frames(range(9), partition_size=3)[2].compute().shape == (40, 140, 3)
    with pytest.raises(OptionError, match='partition_size must be "auto" for a Bag'):
        FrameNumber().frames(db.from_sequence(range(6), npartitions=2), partition_size=3)
    with pytest.raises(OptionError, match="partition_size sums to 3"):
        FrameNumber().frames(range(9), partition_size=[1, 2])

    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    class Raises(FrameNumber):
        def update(self, frame_idx, params):
            raise Odd("strange", "thing")

    with pytest.raises(FrameError, match="strange"):
        Raises().frames(range(9)).compute(scheduler="processes")
    bag = db.from_sequence([IndexedFrameParams(8 - i, 0) for i in range(9)])
    with pytest.raises(ParamsError, match="sort the bag"):
        FrameNumber().frames(bag).compute()
    with pytest.raises(ParamsError, match="ended after 4 frames"):
        FrameNumber().frames(db.range(4, 2), n_frames=5)


WITHIN = """
    from dask_animate.errors import FrameError, SetupError
    from helpers import FrameNumber, read_numbers

    class Within(FrameNumber):
        def __init__(self, place, **options):
            super().__init__()
            self.place, self.options = place, options

        def inner(self):
            frames = FrameNumber().frames(range(6), partition_size=2)
            return read_numbers(frames[4].compute(**self.options))[1]

        def setup(self):
            if self.place == "setup":
                self.inner()
            return super().setup()

        def update(self, frame_idx, params):
            super().update(frame_idx, self.inner() if self.place == "update" else params)

    for place, error in {"update": FrameError, "setup": SetupError}.items():
        for scheduler in ({}, {"scheduler": "threads"}):
            try:
                Within(place, **scheduler).frame(7)
            except error as exc:
                assert 'give compute() the argument scheduler="synchronous"' in str(exc), exc
                print(type(exc.__cause__).__name__)
        print(read_numbers(Within(place, scheduler="synchronous").frame(7, 3)))
    outer = Within("update", scheduler="synchronous").frames(range(9), partition_size=3)
    print([read_numbers(frame) for frame in outer.compute(scheduler="threads")[:2]])
"""


def test_frames_within_setup_and_update():
    """In a process of its own, which would hang if threads waited for each other."""
    code = f"import sys\nsys.path.insert(0, {str(SUPPORT)!r})\n{textwrap.dedent(WITHIN)}"
    script = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONWARNINGS": WARNINGS},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert script.stderr == ""
    assert script.stdout.splitlines() == [
        *("OptionError", "OptionError", "(3, 4)"),
        *("OptionError", "OptionError", "(3, 7)"),
        "[(0, 4), (1, 4)]",
    ]


def test_frames_within_update_on_a_cluster(tmp_path, client):
    class Within(FrameNumber):
        def update(self, frame_idx, params):
            frames = FrameNumber().frames(range(6), partition_size=2)
            picture = frames[4].compute(scheduler="synchronous")
            super().update(frame_idx, params + read_numbers(picture)[1])

    Within().make_video(tmp_path / "a.mp4", range(12), 30, client=client)
    assert_shows(tmp_path / "a.mp4", range(4, 16))
