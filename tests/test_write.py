"""write_video: frames that exist already, of every kind."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr
import zarr
from helpers import decode

from dask_animate import write_video
from dask_animate.errors import AnimateError, FrameSizeError, OptionTypeError, ParamsError

# Gray levels far apart, so that a frame is known by its own.
N = 50
FRAMES = np.repeat((np.arange(N) * 5)[:, None, None, None], 3, -1) * np.ones((N, 32, 48, 1))
FRAMES = FRAMES.astype(np.uint8)


def assert_written(path, n_frames=N):
    shown = decode(path, 30)[:, 16, 24].astype(int)
    assert np.abs(shown - FRAMES[:n_frames, 0, 0]).max() <= 2
    assert len(shown) == n_frames


@pytest.fixture
def zarr_array(tmp_path):
    array = zarr.create_array(
        tmp_path / "frames.zarr", shape=FRAMES.shape, chunks=(16, 32, 24, 3), dtype="u1"
    )
    array[:] = FRAMES
    return array


@pytest.mark.parametrize(
    "make",
    [
        lambda: FRAMES,
        lambda: list(FRAMES),
        lambda: (frame for frame in FRAMES),
        lambda: FRAMES / 255,
        lambda: (FRAMES / 255).astype(np.float32),
        lambda: FRAMES[..., :1],
        lambda: list(FRAMES[..., 0]),
        lambda: np.concatenate([FRAMES, np.full_like(FRAMES[..., :1], 255)], -1),
        lambda: FRAMES[:, ::-1, ::-1],
        lambda: da.from_array(FRAMES, chunks=(20, 16, 48, 2)),
    ],
    ids="array list generator float float32 gray gray-2d rgba view dask".split(),
)
@pytest.mark.parametrize(
    ("where", "encode_on"),
    [
        *(("here", "client"), ("cluster", "workers")),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in (("here", "workers"), ("cluster", "client"))
        ),
    ],
)
def test_kinds_of_frames(tmp_path, client, make, where, encode_on):
    arguments = {"num_workers": 1} if where == "here" else {"client": client}
    video = write_video(make(), tmp_path / "a.mp4", 30, encode_on=encode_on, **arguments)
    assert_written(tmp_path / "a.mp4")
    assert (video.n_frames, video.stats.encode_on) == (N, encode_on)
    assert bool(video.stats.n_workers) == (where == "cluster")


def edges(video):
    """Frame indices at which the partitions of a video end."""
    return set(np.cumsum(video.stats.partition_sizes).tolist())


def test_chunks_of_dask_arrays_are_kept_or_divided(tmp_path, client):
    array = da.from_array(FRAMES, chunks=(25, 32, 48, 3))
    video = write_video(array, tmp_path / "a.mp4", 30, client=client)
    assert edges(video) >= {25, 50}
    assert video.stats.encode_on == "workers"
    for size, sizes in ((20, (20, 20, 10)), ((5, 45), (5, 45))):
        options = {"client": client, "partition_size": size, "encode_on": "workers"}
        video = write_video(array, tmp_path / "a.mp4", 30, **options)
        assert video.stats.partition_sizes == sizes
        assert_written(video.path)
    write_video(array, tmp_path / "a.mp4", 30, 33, client=client)
    assert_written(tmp_path / "a.mp4", 33)


def test_zarr(tmp_path, client, zarr_array):
    here = write_video(zarr_array, tmp_path / "a.mp4", 30)
    assert_written(here.path)
    assert here.stats.n_workers == 0
    there = write_video(zarr_array, tmp_path / "a.mp4", 30, client=client)
    assert_written(there.path)
    assert edges(there) >= {32, 48, 50}  # ends of chunks of 16
    assert there.stats.n_workers > 0


def test_chunks_are_read_once(tmp_path):
    class Chunked:
        shape, dtype, chunks = FRAMES.shape, FRAMES.dtype, (16, 32, 48, 3)
        reads = 0

        def __getitem__(self, key):
            self.reads += 1
            return FRAMES[key]

    frames = Chunked()
    write_video(frames, tmp_path / "a.mp4", 30)
    assert_written(tmp_path / "a.mp4")
    assert frames.reads == 4


def test_floats_are_rounded_to_nearest(tmp_path):
    ramp = np.linspace(0, 1, 1000).reshape(1, 10, 100, 1)
    video = write_video(ramp, tmp_path / "a.mkv", 10, codec="ffv1")
    (shown,) = video.frames()
    np.testing.assert_array_equal(shown[..., 0], np.rint(ramp[0, ..., 0] * 255 + 1e-9))


@pytest.mark.parametrize(
    ("frames", "error", "message"),
    [
        (
            FRAMES[0],
            ParamsError,
            r"must have the shape \(n, height, width, 1, 3 or 4\), got \(32, 48, 3\)",
        ),
        (FRAMES[..., :2], ParamsError, r"got \(50, 32, 48, 2\)"),
        (FRAMES[:0], ParamsError, r"got \(0, 32, 48, 3\)"),
        ([], ParamsError, "frames is empty"),
        (iter([]), ParamsError, "frames is empty"),
        ([FRAMES], ParamsError, r"frame 0 must have the shape .* got \(50, 32, 48, 3\)"),
        (
            FRAMES.astype(int),
            ParamsError,
            "frames must hold uint8 from 0 to 255 or floats .* got int64",
        ),
        (FRAMES > 9, ParamsError, "got bool"),
        (FRAMES / 100, ParamsError, "frame 21 must hold .*, got floats from 1.05 to 1.05"),
        (FRAMES * np.nan, ParamsError, "got floats from nan to nan"),
        ([*FRAMES[:3], FRAMES[3, :30]], FrameSizeError, r"frame 3 has the shape \(30, 48, 3\), but the"),
        ([*FRAMES[:3], FRAMES[3, ..., :1]], FrameSizeError, r"frame 3 has the shape \(32, 48, 1\)"),
        (7, OptionTypeError, "frames must be an array .* got int"),
        ("frames", ParamsError, r"there is no zarr array at /[^:]*/frames$"),
        (
            __file__,
            ParamsError,
            rf"there is no zarr array at {__file__}, but a file: open it first, with xarray or h5py for",
        ),
        (b"frames", OptionTypeError, "got bytes"),
        ({}, OptionTypeError, "got dict"),
    ],
)
@pytest.mark.parametrize("where", ["here", "cluster"])
def test_bad_frames(tmp_path, client, frames, error, message, where):
    path = tmp_path / "a.mp4"
    path.write_text("before")
    arguments = {} if where == "here" else {"client": client}
    with pytest.raises(error, match=message):
        write_video(frames, path, 30, **arguments)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_too_few_frames(tmp_path):
    for frames in (FRAMES, da.from_array(FRAMES), list(FRAMES)):
        with pytest.raises(AnimateError, match="n_frames is 51, but"):
            write_video(frames, tmp_path / "a.mp4", 30, 51)


def test_dask_arrays_of_unknown_length(tmp_path):
    frames = da.from_array(FRAMES, chunks=(10, 32, 48, 3))
    with pytest.raises(AnimateError, match=r"call its compute_chunk_sizes\(\) first"):
        write_video(frames[frames[:, 0, 0, 0] > 20], tmp_path / "a.mp4", 30)


def test_the_active_client_is_used_for_dask_arrays_alone(tmp_path, client):
    with client.as_current():
        array = write_video(FRAMES, tmp_path / "a.mp4", 30)
        # In one partition, as two may be drawn by two workers.
        lazy = write_video(da.from_array(FRAMES), tmp_path / "a.mp4", 30, partition_size=N)
    assert (array.stats.n_workers, lazy.stats.n_workers) == (0, 1)


def test_labelled_arrays(tmp_path, client):
    frames = xr.DataArray(FRAMES, dims=("time", "y", "x", "channel")).chunk(time=25)
    video = write_video(frames, tmp_path / "a.mp4", 30, client=client)
    assert_written(video.path)
    assert edges(video) >= {25, 50}


def test_a_bag_is_refused(tmp_path):
    import dask.bag as db

    with pytest.raises(
        OptionTypeError,
        match="frames is a dask Bag; the only dask collection that holds frames is an Array",
    ):
        write_video(db.from_sequence(list(FRAMES)), tmp_path / "a.mp4", 30)


def test_every_thread_of_a_worker_has_work(tmp_path, client_of_threads):
    """Chunks are computed and encoded four at a time by a worker of four threads."""
    import time

    def load(block):
        import dask_animate

        counts = vars(dask_animate).setdefault("_counts", {"running": 0, "most": 0})
        counts["running"] += 1
        counts["most"] = max(counts["most"], counts["running"])
        until = time.monotonic() + 20
        while counts["most"] < 4 and time.monotonic() < until:
            time.sleep(0.01)
        counts["running"] -= 1
        return block

    frames = da.from_array(np.tile(FRAMES, (8, 1, 1, 1)), chunks=(25, 32, 48, 3)).map_blocks(
        load, dtype="u1", meta=FRAMES[:0]
    )
    write_video(frames, tmp_path / "a.mp4", 30, client=client_of_threads)

    def most_at_once():
        import dask_animate

        return vars(dask_animate).pop("_counts")["most"]

    assert set(client_of_threads.run(most_at_once).values()) == {4}


def test_masked_pixels_are_an_error(tmp_path):
    frame = np.ma.masked_array(np.zeros((8, 8), np.uint8), np.eye(8))
    with pytest.raises(ParamsError, match="frame 0 must have no masked pixels: fill them"):
        write_video([frame], tmp_path / "a.mp4", 10)
