"""Arrays as parameters: every kind, every division, the same frames."""

import os
import pickle
import pickletools
import shutil
import time
from collections import Counter

import dask
import dask.array as da
import dask.bag as db
import h5py
import numpy as np
import pytest
import xarray as xr
import zarr
from arrays import DATA, KINDS, NUMBERS, CountingStore, N, Shows, labelled, reads, zarr_array
from dask import delayed
from dask.utils import key_split
from distributed import SchedulerPlugin
from helpers import FrameNumber, assert_shows
from hypothesis import given, settings
from hypothesis import strategies as st

from dask_animate import IndexedFrameParams
from dask_animate.errors import OptionError, OptionTypeError, ParamsError, WorkerError
from dask_animate.params.param_sequences import SliceParams, open_params
from dask_animate.params.partition import DelayedItems
from dask_animate.params.sliced_array import SlicedArray
from dask_animate.params.sliced_data_array import SlicedDataArray
from dask_animate.params.slices import Slices, open_slices

#: What is read in which place by default; tests of lazy frames read all kinds on a cluster.
USUAL = {
    "here": {"dask", "zarr in memory", "str", "hdf5 without chunks", "xarray", "tuple"},
    "cluster": {"zarr", "url", "hdf5", "xarray on disk", "dataset of dask", "dict", "delayed"},
}


@pytest.mark.mostly_slow(6)
@pytest.mark.parametrize(
    ("where", "kind"),
    [
        pytest.param(where, kind, marks=() if kind in usual else pytest.mark.slow)
        for where, usual in USUAL.items()
        for kind in KINDS
    ],
)
def test_every_kind(tmp_path, client, kind, where):
    params, options = KINDS[kind](tmp_path / "data")
    arguments = {"num_workers": 1} if where == "here" else {"client": client}
    video = Shows(**options).make_video(tmp_path / "a.mp4", params, 30, **arguments)
    assert_shows(video.path, NUMBERS)
    assert bool(video.stats.n_workers) == (where == "cluster")
    video = Shows(**options).make_video(
        tmp_path / "a.mp4", params, 30, 33, partition_size=10, **arguments
    )
    assert_shows(video.path, NUMBERS[:33])
    assert video.stats.partition_sizes == (10, 10, 10, 3)


@pytest.mark.parametrize(("kind", "axis"), [("dask", 2), ("zarr", -1), ("hdf5", 2)])
def test_other_axes(tmp_path, client, kind, axis):
    last = np.moveaxis(DATA, 0, -1)
    params = {
        "dask": lambda: da.from_array(last, chunks=(2, 5, 7)),
        "zarr": lambda: zarr_array(tmp_path / "data", last, (4, 5, 9)),
        "hdf5": lambda: h5py.File(tmp_path / "data", "w").create_dataset("x", data=last),
    }[kind]()
    if kind == "hdf5":
        params.file.flush()
        params = (params.file.close(), h5py.File(tmp_path / "data", "r")["x"])[1]
    Shows().make_video(tmp_path / "a.mp4", params, 30, axis=axis, client=client)
    assert_shows(tmp_path / "a.mp4", NUMBERS)


def test_numpy_has_axes_too(tmp_path):
    for axis in (0, 1):
        data = np.moveaxis(DATA, 0, axis)
        Shows().make_video(tmp_path / "a.mp4", data, 30, axis=axis, num_workers=1)
        assert_shows(tmp_path / "a.mp4", NUMBERS)


def test_dim(tmp_path, client):
    params = labelled().transpose("y", "time", "x")
    animator = Shows(xr.DataArray)
    animator.make_video(tmp_path / "a.mp4", params.chunk(time=20), 30, dim="time", client=client)
    assert_shows(tmp_path / "a.mp4", NUMBERS)


def test_labels_come_along(tmp_path):
    times = np.array("2001-01-01", "M8[D]") + np.arange(N)
    data = labelled().assign_coords(time=times).assign_attrs(units="K")

    class Checks(Shows):
        def update(self, frame_idx, params):
            assert params.attrs == {"units": "K"}
            assert params.time.values == times[frame_idx]
            super().update(frame_idx, params)

    Checks(xr.DataArray).make_video(tmp_path / "a.mp4", data, 30, num_workers=1)


# --- what is read, where, and how often


@pytest.mark.parametrize(("length", "n_chunks"), [(1, 60), (7, 9), (20, 3), (60, 1)])
@pytest.mark.parametrize("encode_on", ["workers", pytest.param("client", marks=pytest.mark.slow)])
def test_each_chunk_is_read_once_on_a_worker(tmp_path, client, length, n_chunks, encode_on):
    data = zarr_array(CountingStore(tmp_path / "data"), chunks=(length, 2, 5))
    video = Shows().make_video(tmp_path / "a.mp4", data, 30, client=client, encode_on=encode_on)
    assert_shows(video.path, NUMBERS)
    chunks, processes = reads(tmp_path)
    assert chunks == sorted(f"c_{i}_{j}_0" for i in range(n_chunks) for j in range(2))
    assert os.getpid() not in processes
    if length == N:
        assert video.stats.n_partitions > 1  # read as one, drawn as several


def test_preview_and_check_read_what_they_show(tmp_path):
    data = zarr_array(CountingStore(tmp_path / "data"), chunks=(10, 4, 5))
    Shows().preview(data, n=3)
    assert reads(tmp_path)[0] == ["c_0_0_0", "c_3_0_0", "c_5_0_0"]
    shutil.rmtree(tmp_path / "reads")
    assert Shows().check(data, n=3).ok
    assert set(reads(tmp_path)[0]) == {"c_0_0_0"}


def test_dask_chunks_are_computed_once(tmp_path, client):
    folder = tmp_path / "computed"
    folder.mkdir()

    def count(block, block_info=None):
        (folder / f"{block_info[0]['chunk-location'][0]}-{os.urandom(4).hex()}").touch()
        return block

    for chunks in (60, 30, 7):
        data = da.from_array(DATA, chunks=(chunks, 4, 5)).map_blocks(count, dtype=DATA.dtype)
        Shows().make_video(tmp_path / "a.mp4", data, 30, client=client)
        assert_shows(tmp_path / "a.mp4", NUMBERS)
        names = [path.name.split("-")[0] for path in folder.iterdir()]
        assert len(names) == len(set(names)) == -(-N // chunks)
        for path in folder.iterdir():
            path.unlink()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=12),
    st.lists(st.integers(1, 9), min_size=1, max_size=12),
    st.integers(1, 30),
    st.integers(8, 400),
)
def test_partitions_of_any_chunks(chunks, others, size, max_bytes):
    n = min(sum(chunks), sum(others))
    data = da.arange(n, chunks=3)
    members = [da.arange(sum(c), chunks=(tuple(c),))[:n] for c in (chunks, others)]
    params = SliceParams(open_slices((*members, data), None, None))
    shown, edges = [], set(params._edges)
    for partition in params.partitions(lambda start: size, max_bytes):
        assert partition.start == len(shown)
        assert isinstance(partition.params, DelayedItems)
        runs = partition.params.runs
        first, n_read = runs[0].start, sum(run.n_frames for run in runs)
        assert n_read * 24 <= max_bytes or edges.isdisjoint(range(first + 1, first + n_read))
        with dask.config.set(scheduler="sync"):
            shown += list(partition.items())
    assert shown == [(i, i, i) for i in range(n)]
    exact = list(params.partitions(lambda start: size, float("inf")))
    assert [len(p) for p in exact] == [size] * (n // size) + [n % size] * (n % size > 0)
    with dask.config.set(scheduler="sync"):
        assert [item for p in exact for item in p.items()] == shown


def test_labelled_data_are_unpickled_after_xarray_was_imported():
    """Their pickle names its submodules; to import these while another thread imports xarray fails."""
    data = pickle.dumps(SlicedDataArray(labelled(), "time"))
    opcodes = [(opcode.name, argument) for opcode, argument, _ in pickletools.genops(data)]
    names = [argument for name, argument in opcodes if name == "SHORT_BINUNICODE"]
    assert names.index("import_module") < names.index("xarray") < names.index("xarray.core.dataarray")
    restored = pickle.loads(data)
    assert restored.dim == "time"
    assert restored.labelled.identical(labelled())


def test_slices_of_slices():
    slices = Slices((SlicedArray(DATA, 0, 0, N),))
    assert np.array_equal(list(slices[10:20][3:5]), DATA[13:15])
    assert slices[-1:].edges() == [1]
    assert np.array_equal(slices[4], DATA[4])


# --- memory, lost workers, delayed items


def test_chunks_that_do_not_fit_are_an_error_before_the_start(tmp_path, client):
    data = da.zeros((1000, 4000, 4000), chunks=(1000, 100, 100))
    with pytest.raises(ParamsError, match=r"1000 frames .* take 119.21 GiB.* rechunk"):
        Shows().make_video(tmp_path / "a.mp4", data, 30, client=client)
    data = da.zeros((1000, 4000, 4000), chunks=(1, 4000, 4000))
    with pytest.raises(ParamsError, match=r"1000 frames .* a partition_size of at most"):
        Shows().make_video(tmp_path / "a.mp4", data, 30, client=client, partition_size=1000)
    data = da.zeros((1000, 40000, 40000), chunks=(1000, 100, 100))
    with pytest.raises(ParamsError, match="rechunk"):
        Shows().make_video(tmp_path / "a.mp4", data, 30, num_workers=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_worker_that_dies(tmp_path, own_client):
    killed = tmp_path / "killed"

    class Kills(Shows):
        def update(self, frame_idx, params):
            if frame_idx == 31 and not killed.exists():
                killed.touch()
                os.kill(os.getpid(), 9)
            super().update(frame_idx, params)

    data = da.from_array(DATA, chunks=(30, 4, 5))  # each chunk is several partitions
    Kills().make_video(tmp_path / "a.mp4", data, 30, client=own_client)
    assert_shows(tmp_path / "a.mp4", NUMBERS)


def test_delayed_items_run_on_workers_in_any_order(tmp_path, client):
    def load(i):
        return np.full((4, 5), NUMBERS[i]), os.getpid()

    class Where(Shows):
        def update(self, frame_idx, params):
            data, pid = params
            assert pid == os.getpid() or pid in pids
            super().update(frame_idx, data)

    pids = set(client.run(os.getpid).values())
    items = [IndexedFrameParams(i, delayed(load)(i)) for i in reversed(range(N))]
    Where().make_video(tmp_path / "a.mp4", items, 30, client=client)
    assert_shows(tmp_path / "a.mp4", NUMBERS)
    mixed = (delayed(np.full)((4, 5), x) if x % 2 else np.full((4, 5), x) for x in NUMBERS)
    Shows().make_video(tmp_path / "a.mp4", mixed, 30, client=client, partition_size=9)
    assert_shows(tmp_path / "a.mp4", NUMBERS)


class Noted(SchedulerPlugin):
    """Notes the names of all tasks that run on a cluster."""

    def __init__(self):
        self.names = Counter()

    def transition(self, key, start, finish, *args, **kwargs):
        if start == "processing" and finish == "memory":
            self.names[key_split(key)] += 1


@pytest.fixture
def names(client):
    """How many tasks of each name the cluster has run."""
    plugin, scheduler = Noted(), client.cluster.scheduler
    scheduler.add_plugin(plugin, name="noted")
    yield plugin.names
    scheduler.remove_plugin("noted")


def test_reading_computing_and_drawing_are_one_task(tmp_path, client, names):
    """Whether a partition holds several chunks or one, and of several arrays."""
    read = da.from_zarr(zarr_array(tmp_path / "data", chunks=(5, 4, 5))) + 0
    for data, size in (
        (read, 10),
        (read, 5),
        ({"a": read, "b": da.from_array(DATA, chunks=(5, 4, 5))}, 10),
    ):
        names.clear()

        class Checks(Shows):
            def update(self, frame_idx, params):
                super().update(frame_idx, params["b"] if isinstance(params, dict) else params)

        Checks().make_video(
            tmp_path / "a.mp4", data, 30, client=client, partition_size=size, encode_on="workers"
        )
        assert_shows(tmp_path / "a.mp4", NUMBERS)
        roots = {name for name in names if name.startswith(("original-", "array"))}  # what is read
        assert set(names) - roots == {"build_figure", "draw_and_encode"}, names
        assert names["draw_and_encode"] == N // size


def test_data_that_several_partitions_need_are_one_task_for_all(tmp_path, client, caplog):
    """Chunks across which partitions lie, and blocks that several chunks are made of."""
    folder = tmp_path / "computed"
    folder.mkdir()

    def count(block, block_info=None):
        if block_info:
            (folder / f"{block_info[0]['chunk-location']}-{os.urandom(4).hex()}").touch()
        return block

    counted = da.from_array(DATA, chunks=(9, 2, 5)).map_blocks(count, dtype=DATA.dtype)
    other = da.zeros(DATA.shape, chunks=(6, 3, 5), dtype=DATA.dtype)
    for data in (counted, counted + other, counted.rechunk((7, 4, 5))):
        Shows().make_video(tmp_path / "a.mp4", data, 30, client=client, partition_size=8)
        assert_shows(tmp_path / "a.mp4", NUMBERS)
    assert "run_spec" not in caplog.text  # how the scheduler tells that two tasks have one key


def test_arrays_on_the_cluster_and_arrays_with_annotations(tmp_path, client):
    data = da.from_array(DATA, chunks=(7, 4, 5))
    with dask.annotate(retries=3):
        annotated = data + 0
    with client.as_current():
        for params in (data.persist(), data.persist() + 0, annotated):
            for size in ("auto", 10):
                Shows().make_video(tmp_path / "a.mp4", params, 30, client=client, partition_size=size)
                assert_shows(tmp_path / "a.mp4", NUMBERS)


def test_nothing_stays_on_the_workers(tmp_path, client):
    data = da.from_array(DATA, chunks=(30, 4, 5))
    before = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
    Shows().make_video(tmp_path / "a.mp4", data, 30, client=client)
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) > before:
        time.sleep(0.1)  # for ever, if something stays; then the test's time runs out


# --- what cannot be


def zarr_group(path):
    zarr.create_group(path).create_array("a", shape=3, dtype="i4")
    return path


def unknown():
    array = da.from_array(NUMBERS)
    return array[array > 3]


@pytest.mark.parametrize(
    ("make", "options", "error", "match"),
    [
        (lambda p: da.zeros((0, 3)), {}, ParamsError, "empty"),
        (lambda p: da.zeros((5, 3)), {"n_frames": 9}, ParamsError, "holds only 5 frames"),
        (lambda p: da.zeros((5, 3)), {"axis": 2}, OptionError, "has 2 dimensions"),
        (lambda p: da.zeros((5, 3)), {"axis": 0.5}, OptionTypeError, "axis must be an integer"),
        (lambda p: da.zeros((5, 3)), {"dim": "time"}, OptionError, "give axis="),
        (lambda p: labelled(), {"axis": 1}, OptionError, "give dim="),
        (lambda p: labelled(), {"dim": "z"}, OptionError, "one of the dimensions"),
        (lambda p: [1, 2, 3], {"axis": 1}, OptionError, "are for arrays"),
        (lambda p: np.zeros((5, 3)), {"dim": "time"}, OptionError, "dim= is for xarray; .* give axis="),
        (lambda p: np.zeros((5, 3)), {"axis": 2}, OptionError, "has 2 dimensions"),
        (lambda p: {"a": da.zeros(4), "b": np.zeros(5)}, {}, ParamsError, "'a': 4, 'b': 5"),
        (lambda p: {"a": da.zeros(4), "b": [1, 2, 3, 4]}, {}, OptionTypeError, "holds a list"),
        (lambda p: {}, {}, OptionTypeError, "no arrays"),
        (lambda p: p / "missing.zarr", {}, ParamsError, "no zarr array at"),
        (lambda p: zarr_group(p / "g"), {}, ParamsError, "arrays: a"),
        (lambda p: unknown(), {}, OptionError, "compute_chunk_sizes"),
        (lambda p: xr.Dataset({"a": ("x", [1]), "b": ("y", [1])}), {}, OptionError, "dim= has to say"),
        (lambda p: xr.DataArray(1), {}, OptionError, "dim= has to say"),
        (lambda p: zarr.storage.LocalStore(p / "x"), {}, ParamsError, "no zarr array at /[^:]*/x$"),
    ],
)  # fmt: skip
def test_bad_arrays(tmp_path, make, options, error, match):
    params = make(tmp_path)
    with pytest.raises(error, match=match):
        Shows().make_video(tmp_path / "a.mp4", params, 30, num_workers=1, **options)
    assert not (tmp_path / "a.mp4").exists()


def torn(item):
    if np.size(item) and np.max(item) >= 20:
        raise OSError("tape is torn")
    return item


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: da.arange(40, chunks=20).map_blocks(torn, dtype=int), r"frames 2\d to \d+"),
        (lambda: [delayed(torn)(i) for i in range(40)], r"frames \d+ to \d+"),
        (lambda: db.from_sequence(range(40), npartitions=2).map(torn), "partition 1 of the bag"),
    ],
)
def test_data_that_cannot_be_read(tmp_path, client, make, where):
    """Errors say of which frames, in this process too."""
    with pytest.raises(WorkerError, match=f"^{where}: OSError: tape is torn$") as caught:
        FrameNumber().make_video(tmp_path / "a.mp4", make(), 30, client=client)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(ParamsError, match=rf"^({where}|frame 20): OSError: tape is torn$") as caught:
        FrameNumber().make_video(tmp_path / "a.mp4", make(), 30, num_workers=1)
    assert isinstance(caught.value.__cause__, OSError)
    assert os.listdir(tmp_path) == []


def test_zarr_that_workers_do_not_find(tmp_path, client):
    array = zarr_array(tmp_path / "b.zarr")
    shutil.move(tmp_path / "b.zarr", tmp_path / "c.zarr")  # what zarr itself reads is zeros
    assert not array[:].any()
    with pytest.raises(ParamsError, match=r"b.zarr, seen from here"):
        Shows().make_video(tmp_path / "a.mp4", array, 30, client=client)


def test_dask_is_not_computed_by_opening():
    def fails(block):
        raise AssertionError("computed")

    data = da.map_blocks(fails, da.zeros((10, 3)), dtype=float, meta=np.zeros((0, 0)))
    assert open_params(data, None).n_frames == 10


# --- what reviewers found


def test_masks_stay(tmp_path, client):
    masked = np.ma.masked_less(np.arange(12.0).reshape(4, 3), 4)
    filled = masked.filled(-1)

    class Checks(FrameNumber):
        def update(self, frame_idx, params):
            part = params["a"] if isinstance(params, dict) else params
            assert np.ma.filled(part, -1).tolist() == filled[frame_idx].tolist()
            super().update(frame_idx, 0)

    for data in (da.from_array(masked, chunks=2), {"a": masked}):
        for options in ({"client": client}, {"num_workers": 1}):
            Checks().make_video(tmp_path / "a.mp4", data, 30, **options)


def test_futures_and_nested_delayed_objects(tmp_path, client):
    class Nested(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params[1] if isinstance(params, tuple) else params)

    def twice(x):
        return 2 * x

    with client.as_current():
        for make in (
            lambda: [client.submit(twice, i, pure=False) for i in range(20)],
            lambda: [(i, delayed(twice)(i)) for i in range(20)],
        ):
            for options in ({"client": client}, {"num_workers": 1}):
                Nested().make_video(tmp_path / "a.mp4", make(), 30, **options)
                assert_shows(tmp_path / "a.mp4", range(0, 40, 2))


@pytest.mark.parametrize("where", ["here", "cluster"])
def test_delayed_objects_say_beforehand_which_frame_they_are_for(tmp_path, client, where):
    items = [delayed(IndexedFrameParams)(9 - i, 0) for i in range(10)]
    options = {"num_workers": 1} if where == "here" else {"client": client}
    with pytest.raises(ParamsError, match="put the Delayed object into"):
        FrameNumber().make_video(tmp_path / "a.mp4", items, 30, **options)


def test_tuples_with_arrays_are_aligned_arrays(tmp_path):
    zarr_array(tmp_path / "data")
    both = (zarr.open(tmp_path / "data"), str(tmp_path / "data"))
    Shows(tuple).make_video(tmp_path / "a.mp4", both, 30, num_workers=1)
    with pytest.raises(OptionTypeError, match="holds a list"):
        Shows(tuple).make_video(tmp_path / "a.mp4", (da.zeros(3), [1, 2, 3]), 30, num_workers=1)
    FrameNumber().make_video(tmp_path / "a.mp4", ("1", "2"), 30, num_workers=1)  # just two items
    assert_shows(tmp_path / "a.mp4", [1, 2])


def test_a_divided_chunk_is_read_once_whatever_the_size(tmp_path, client):
    data = zarr_array(CountingStore(tmp_path / "data"), chunks=(30, 4, 5))
    video = Shows().make_video(tmp_path / "a.mp4", data, 30, client=client, partition_size=10)
    assert_shows(video.path, NUMBERS)
    assert reads(tmp_path)[0] == ["c_0_0_0", "c_1_0_0"]


def test_datasets_of_unequal_chunks(tmp_path, client):
    data = xr.Dataset({"field": labelled().chunk(time=12), "other": labelled().chunk(time=15)})
    Shows(xr.Dataset).make_video(tmp_path / "a.mp4", data, 30, client=client)
    assert_shows(tmp_path / "a.mp4", NUMBERS)


@pytest.mark.parametrize("where", ["here", "cluster"])
def test_variables_without_the_dimension_go_whole_with_each_frame(tmp_path, request, where):
    class Adds(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, int(params["t"]) + int(params["weights"].sum()))

    data = xr.Dataset({"t": ("time", da.arange(20, chunks=6)), "weights": ("x", da.ones(5, dtype=int))})
    options = {"num_workers": 1} if where == "here" else {"client": request.getfixturevalue("client")}
    with pytest.raises(OptionError, match="dim= has to say"):
        Adds().make_video(tmp_path / "a.mp4", data, 30, **options)
    Adds().make_video(tmp_path / "a.mp4", data, 30, dim="time", **options)
    assert_shows(tmp_path / "a.mp4", range(5, 25))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda p: da.asarray(5), "without dimensions"),
        (lambda p: da.zeros((5, 6))[:, da.ones(6) > 0], "compute_chunk_sizes"),
        (lambda p: h5py.File(p / "w.h5", "w").create_dataset("x", data=DATA), 'open it with mode "r"'),
        (lambda p: labelled().to_dataset().assign(s=("z", da.zeros(10**8))), "drop them"),
    ],
)
def test_more_bad_arrays(tmp_path, make, match):
    data = make(tmp_path)
    options = {"dim": "time"} if isinstance(data, xr.Dataset) else {}
    with pytest.raises(OptionError, match=match):
        Shows().make_video(tmp_path / "a.mp4", data, 30, num_workers=1, **options)
    if isinstance(data, h5py.Dataset):
        data.file.close()


@pytest.mark.slow
@pytest.mark.parametrize("library", ["zarr", "dask"])
def test_chunks_near_the_limit_of_memory(tmp_path, library):
    """A fifth of a worker's memory is accepted, and then it has to be enough."""
    from clusters import local_client

    n, side = 12, 2**21  # 96 MiB in a chunk
    cluster, client = local_client(2, memory_limit=2**29)
    with cluster, client:
        if library == "zarr":
            data = zarr.create_array(tmp_path / "d", shape=(2 * n, side), chunks=(n, side), dtype="f4")
            data[:] = np.arange(2 * n, dtype="f4")[:, None]
        else:
            index = da.arange(2 * n, chunks=n)[:, None]
            data = (da.ones((2 * n, side), chunks=(n, side), dtype="f4") * index).astype("f4")

        class Means(FrameNumber):
            def update(self, frame_idx, params):
                super().update(frame_idx, params.mean())

        video = Means().make_video(tmp_path / "a.mp4", data, 30, client=client)
        assert_shows(video.path, range(2 * n))
        large = data.rechunk((2 * n, -1)) if library == "dask" else da.zeros((2 * n, side), chunks=-1)
        with pytest.raises(ParamsError, match="rechunk"):
            Means().make_video(tmp_path / "a.mp4", large, 30, client=client)
