"""Frames as a dask array: drawn when they are computed, by every scheduler the same."""

import dask
import dask.array as da
import dask.bag as db
import matplotlib.pyplot as plt
import numpy as np
import pytest
import zarr
from clusters import local_client
from dask import delayed
from helpers import CountsSetups, FailsAt, FrameNumber, Noise, assert_shows, read_numbers

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
    return np.stack([FrameNumber().frame(3 * i, i) for i in range(N)])


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


def test_one_frame_draws_one_partition(tmp_path):
    class Notes(FrameNumber):
        def update(self, frame_idx, params):
            (tmp_path / str(frame_idx)).touch()
            super().update(frame_idx, params)

    frames = Notes().frames(range(10**4), partition_size=5)
    assert read_numbers(frames[123].compute()) == (123, 123)
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == [120, 121, 122, 123, 124]


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
