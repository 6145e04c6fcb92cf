"""Frames that are kept: found again, drawn again, never taken for what they are not."""

import hashlib
import itertools
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
import pytest
import zarr
from conftest import local_client
from dask import delayed
from helpers import FailsAt, FrameNumber, KillsItsWorker, Noise, assert_shows

from dask_animate import IndexedFrameParams, write_video
from dask_animate.errors import (
    FrameError,
    OptionError,
    OptionTypeError,
    ParamsError,
    RedrawWarning,
    ReuseWarning,
    StoreError,
)

N = 100


def counts(video):
    return video.stats.n_frames_rendered, video.stats.n_frames_reused


def sha(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def kept(place):
    return zarr.open_group(place, mode="r")["frames"]


@pytest.fixture(params=["here", "cluster"])
def where(request, client):
    return {"num_workers": 1} if request.param == "here" else {"client": client}


# --- found again


@pytest.mark.parametrize("codec", ["a.mp4", "a.gif"])
@pytest.mark.parametrize("encode_on", ["auto", "client"])
def test_the_second_time_nothing_is_drawn(tmp_path, where, codec, encode_on):
    path, store = tmp_path / codec, tmp_path / "frames.zarr"
    animator = FrameNumber()
    options = {"store": store, "encode_on": encode_on, **where}
    if codec == "a.mp4" and encode_on == "auto":
        options |= {"encode_on": "workers"}
    first = animator.make_video(path, range(N), 20, **options)
    assert counts(first) == (N, 0)
    assert_shows(path, range(N), 20)
    before = sha(path)
    again = animator.make_video(path, range(N), 20, **options)
    assert counts(again) == (0, N)
    assert sha(path) == before
    frames = kept(store)
    assert frames.shape == (N, 40, 140, 3)
    assert np.array_equal(frames[57], animator.frame(57, 57))
    alone = animator.make_video(
        tmp_path / f"b{path.suffix}", range(N), 20, partition_size=first.stats.partition_sizes, **where
    )
    assert counts(alone) == (N, 0)
    if path.suffix == ".gif" or alone.stats.encode_on == first.stats.encode_on == "workers":
        assert sha(alone.path) == before


def test_here_and_there_are_one(tmp_path, client):
    store = tmp_path / "frames.zarr"
    FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, store=store, client=client)
    again = FrameNumber().make_video(tmp_path / "b.mp4", range(N), 20, store=store, num_workers=1)
    assert counts(again) == (0, N)


@pytest.mark.parametrize(
    "make",
    [
        lambda: (i for i in range(N)),
        lambda: [IndexedFrameParams(i, i) for i in reversed(range(N))],
        lambda: da.arange(N, chunks=7),
        lambda: da.arange(N, chunks=(50, 1, 49)),
        lambda: {"x": da.arange(N, chunks=N), "y": np.arange(N)},
        lambda: [delayed(int)(i) for i in range(N)],
    ],
    ids=["generator", "indexed", "array", "uneven", "dict", "delayed"],
)
def test_every_kind_of_parameters(tmp_path, where, make):
    class Reads(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params["x"] if isinstance(params, dict) else params)

    options = {"store": tmp_path / "frames.zarr", **where}
    for expected in ((N, 0), (0, N)):
        video = Reads().make_video(tmp_path / "a.mp4", make(), 20, **options)
        assert_shows(video.path, range(N), 20)
        assert counts(video) == expected
    assert kept(options["store"]).shape[0] == N


def test_a_longer_sequence_goes_on(tmp_path, where):
    options = {"store": tmp_path / "frames.zarr", "partition_size": 24, **where}
    FrameNumber().make_video(tmp_path / "a.mp4", range(50), 20, **options)
    longer = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    assert counts(longer) == (50, 50)
    shorter = FrameNumber().make_video(tmp_path / "a.mp4", range(30), 20, **options)
    assert counts(shorter) == (0, 30)
    assert_shows(shorter.path, range(30), 20)
    assert kept(options["store"]).shape[0] == N  # what is finished stays


def test_some_parameters_change(tmp_path, client):
    params = list(range(3000))
    options = {"store": tmp_path / "frames.zarr", "client": client}
    FrameNumber().make_video(tmp_path / "a.mp4", params, 20, **options)
    for idx in (5, 1700, 1701):
        params[idx] = 9
    video = FrameNumber().make_video(tmp_path / "a.mp4", params, 20, **options)
    assert_shows(video.path, params, 20)
    assert counts(video) == (3, 2997)


class Tinted(FrameNumber):
    cmap = "gray"

    def setup(self):
        fig = super().setup()
        self.image.set_cmap(self.cmap)
        return fig


class OtherUpdate(Tinted):
    def update(self, frame_idx, params):
        super().update(frame_idx, params + 1)


def test_what_matters_draws_all_again(tmp_path, client):
    options = {"store": tmp_path / "frames.zarr", "client": client}

    def render(animator, **more):
        return counts(animator.make_video(tmp_path / "a.mp4", range(30), 20, **options, **more))

    tinted = Tinted()
    assert render(tinted) == (30, 0)
    tinted.unused = "state"
    assert render(tinted) == (30, 0)
    assert render(tinted) == (0, 30)
    assert render(tinted, redraw="full", video_quality=30, preload_factor=3) == (0, 30)
    assert render(tinted, redraw="blit") == (30, 0)  # which nobody compares
    assert render(tinted, seed=1) == (30, 0)
    assert render(OtherUpdate()) == (30, 0)
    with plt.rc_context({"axes.facecolor": "red"}):
        assert render(OtherUpdate()) == (30, 0)
    # frames of another size take another store
    assert render(OtherUpdate(), savefig_params={"dpi": 100}) == (30, 0)
    assert kept(options["store"]).shape[1:] == (80, 280, 3)
    (options["store"] / "notes.txt").write_text("mine")
    assert render(OtherUpdate(), savefig_params={"dpi": 60}) == (30, 0)
    assert (options["store"] / "notes.txt").read_text() == "mine"
    assert render(OtherUpdate(), savefig_params={"dpi": 100}) == (30, 0)
    assert render(OtherUpdate(), savefig_params={"dpi": 100}, overwrite=True) == (30, 0)


def test_transparent_frames_keep_their_alpha(tmp_path, where):
    options = {"store": tmp_path / "frames.zarr", "savefig_params": {"transparent": True}, **where}
    video = FrameNumber().make_video(tmp_path / "a.webm", range(30), 20, **options)
    assert kept(options["store"]).shape[3] == 4
    before = sha(video.path)
    again = FrameNumber().make_video(tmp_path / "a.webm", range(30), 20, **options)
    assert (counts(again), sha(again.path)) == ((0, 30), before)
    plain = FrameNumber().make_video(tmp_path / "a.mp4", range(30), 20, **options)
    assert counts(plain) == (0, 30)
    assert_shows(plain.path, range(30), 20)


def test_random_frames_are_the_same_ones(tmp_path, where):
    options = {"codec": "ffv1", "pixel_format": "bgr0", **where}
    Noise().make_video(tmp_path / "a.mkv", range(40), 20, store=tmp_path / "frames.zarr", **options)
    drawn = [Noise().frame(i, i) for i in (3, 39)]
    assert np.array_equal(kept(tmp_path / "frames.zarr")[[3, 39]], drawn)


# --- encoded again


def test_encode_again(tmp_path, client):
    store = tmp_path / "frames.zarr"
    FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, store=store, client=client)
    for source in (store, str(store), f"file://{store}", zarr.storage.LocalStore(store), kept(store)):
        video = write_video(source, tmp_path / "b.webm", 60)
        assert_shows(video.path, range(N), 60)
    video = write_video(store, tmp_path / "b.webm", 60, client=client)
    assert_shows(video.path, range(N), 60)
    assert video.stats.n_workers > 0


def test_half_a_store_is_not_encoded(tmp_path):
    store = tmp_path / "frames.zarr"
    options = {"store": store, "partition_size": 24, "num_workers": 1}
    with pytest.raises(FrameError, match="no data"):
        FailsAt(60).make_video(tmp_path / "a.mp4", range(N), 20, **options)
    with pytest.raises(ParamsError, match="is not complete, or its last render was given up"):
        write_video(store, tmp_path / "a.mp4", 20)
    assert not (tmp_path / "a.mp4").exists()
    options["store"] = store
    FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    FrameNumber().make_video(tmp_path / "a.mp4", range(100, 130), 20, **options)  # of a shorter render
    write_video(store, tmp_path / "b.mp4", 20)
    assert_shows(tmp_path / "b.mp4", range(100, 130), 20)
    shutil.rmtree(store / "frames/c/1")
    with pytest.raises(StoreError, match="frames 24 to 29 are not in the store"):
        write_video(store, tmp_path / "b.mp4", 20)


def test_two_renders_at_once_are_found_out(tmp_path, client):
    begun = tmp_path / "begun"

    class First(FrameNumber):
        def update(self, frame_idx, params):
            begun.touch()
            while frame_idx == 50 and begun.exists():
                time.sleep(0.01)
            super().update(frame_idx, params)

    options = {"store": tmp_path / "frames.zarr", "partition_size": 10, "client": client}
    with ThreadPoolExecutor() as pool:
        first = pool.submit(First().make_video, tmp_path / "a.gif", range(N), 20, **options)
        while not begun.exists():
            time.sleep(0.01)
        options |= {"client": None, "num_workers": 1}
        FrameNumber().make_video(tmp_path / "b.gif", range(7, N + 7), 20, **options)
        assert_shows(tmp_path / "b.gif", range(7, N + 7), 20)
        begun.unlink()
        with pytest.raises(StoreError, match=r"another render began|not in the store"):
            first.result()
    assert not (tmp_path / "a.gif").exists()


# --- interrupted, damaged


SCRIPT = """
import sys
sys.path[:0] = {tests!r}
from helpers import FrameNumber
if __name__ == "__main__":
    animator = FrameNumber((6.4, 4.8))
    video = animator.make_video("a.mp4", range(600), 30, num_workers=2, store="frames.zarr")
    print(video.stats.n_frames_rendered, video.stats.n_frames_reused)
"""


def n_marked(store):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return int(zarr.open_group(store, mode="r")["marks"][:].any(axis=1).sum())
        except (FileNotFoundError, KeyError):
            return 0


def test_kill_9_of_all_processes(tmp_path):
    script = tmp_path / "render.py"
    script.write_text(SCRIPT.format(tests=[str(Path(__file__).parent)]))
    run = [sys.executable, str(script)]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    done = subprocess.run(run, cwd=whole, capture_output=True, text=True, check=True)
    assert done.stdout == "600 0\n"
    process = subprocess.Popen(run, cwd=killed, start_new_session=True, stderr=subprocess.DEVNULL)
    while n_marked(killed / "frames.zarr") < 300:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    n_there = n_marked(killed / "frames.zarr")
    assert not (killed / "a.mp4").exists()
    done = subprocess.run(run, cwd=killed, capture_output=True, text=True, check=True)
    assert done.stdout == f"{600 - n_there} {n_there}\n"
    assert sha(killed / "a.mp4") == sha(whole / "a.mp4")


def test_a_worker_that_dies(tmp_path, own_client):
    animator = KillsItsWorker(60, tmp_path)
    store = tmp_path / "frames.zarr"
    video = animator.make_video(tmp_path / "a.mp4", range(N), 20, store=store, client=own_client)
    assert_shows(video.path, range(N), 20)
    assert n_marked(store) == N


@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "swapped", "bit", "marks"])
def test_what_is_damaged_is_drawn_again(tmp_path, where, damage):
    store = tmp_path / "frames.zarr"
    options = {"store": store, "partition_size": 20, **where}
    FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    chunk, other = (store / f"frames/c/{i}/0/0/0" for i in (2, 3))
    data = chunk.read_bytes()
    if damage == "cut":
        chunk.write_bytes(data[:-5])
    elif damage == "empty":
        chunk.write_bytes(b"")
    elif damage == "gone":
        chunk.unlink()  # zarr reads zeros
    elif damage == "swapped":
        shutil.copy(other, chunk)
    elif damage == "bit":
        frames = zarr.open_group(store, mode="r+")["frames"]
        frames[40:60] = frames[40:60] ^ 1
    else:
        shutil.rmtree(store / "marks/c/2")
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    assert counts(video) == (20, 80)
    assert_shows(video.path, range(N), 20)
    assert counts(FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)) == (0, N)


class FullDisk(zarr.storage.LocalStore):
    """Takes a number of chunks of frames and no more, until there is a file that says so."""

    async def set(self, key, value, _mode=None):
        if key.startswith("frames/c/") and not (self.root.parent / "space").exists():
            n_there = len(list((self.root / "frames").glob("c/*/0/0/0")))
            if n_there >= 2:
                raise OSError(28, "No space left on device")
        await super().set(key, value)


def test_the_disk_fills(tmp_path, where):
    (tmp_path / "a.mp4").write_text("older")
    options = {"store": FullDisk(tmp_path / "frames.zarr"), "partition_size": 24, **where}
    with pytest.raises(StoreError, match="No space left"):
        FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    assert (tmp_path / "a.mp4").read_text() == "older"
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "frames.zarr"}
    (tmp_path / "space").touch()
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    assert video.stats.n_frames_reused >= 24
    assert_shows(video.path, range(N), 20)


def test_a_small_file_system_fills(tmp_path, client):
    disk, video_file = tmp_path / "disk", tmp_path / "a.mp4"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root")
    try:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(2 * 2**20))
        options = {"store": disk / "frames.zarr", "client": client}
        animator = Noisy()
        with pytest.raises(StoreError, match="No space left"):
            animator.make_video(video_file, range(480), 20, **options)
        assert not (video_file).exists()
        ballast.unlink()
        video = animator.make_video(video_file, range(480), 20, **options)
        n_reused = video.stats.n_frames_reused
        assert 0 < n_reused < 480
        before = sha(video.path)
        shutil.rmtree(disk / "frames.zarr")
        assert sha(animator.make_video(video_file, range(480), 20, **options).path) == before
        (disk / "ballast").write_bytes(bytes(os.statvfs(disk).f_bavail * 4096))
        with pytest.raises(StoreError, match="No space left"):  # before the start
            Unreached().make_video(video_file, range(480), 20, **options)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


class Noisy(FrameNumber):
    """Frames that cannot be compressed much."""

    def __init__(self):
        super().__init__((1, 1), 40)

    def update(self, frame_idx, params):
        self.image.set_data(np.random.rand(40, 40))


class Unreached(Noisy):
    def update(self, frame_idx, params):
        raise AssertionError("drawn")


def test_frames_drawn_wrong_are_not_kept(tmp_path, where):
    class Hides(FrameNumber):
        """Changes its data behind matplotlib's back."""

        def setup(self):
            fig = plt.figure(figsize=self.figsize, dpi=self.dpi)
            self.line = fig.add_axes((0, 0, 1, 1)).plot(range(8), range(8))[0]
            return fig

        def update(self, frame_idx, params):
            self.line.get_ydata(orig=False)[:] = np.arange(8) * (frame_idx % 3)
            self.line.get_path().vertices[:, 1] = np.arange(8) * (frame_idx % 3)

    options = {"store": tmp_path / "frames.zarr", "partition_size": 24, "redraw": "auto", **where}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RedrawWarning)
        Hides().make_video(tmp_path / "a.mp4", range(48), 20, **options)
    for idx in (0, 1, 23, 24, 47):
        assert np.array_equal(kept(options["store"])[idx], Hides().frame(idx, idx))


# --- S3


@pytest.fixture(scope="module")
def s3():
    """A local server, known by the environment to the processes that are started from here on."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel("ERROR")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", url)
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        client.close()
        yield url
    server.stop()


def test_s3(tmp_path, s3):
    cluster, client = local_client(2)
    by_object = zarr.storage.FsspecStore.from_url(
        "s3://bucket/by_object",
        storage_options={"key": "test", "secret": "test", "endpoint_url": s3},
    )
    with cluster, client:
        for place in ("s3://bucket/by_url", by_object):
            options = {"store": place, "client": client}
            for params, expected in ((range(60), (60, 0)), ([*range(59), 7], (1, 59))):
                video = FrameNumber().make_video(tmp_path / "a.mp4", params, 20, **options)
                assert counts(video) == expected
                assert_shows(video.path, params, 20)
            write_video(place, tmp_path / "b.mp4", 20, client=client)
            assert_shows(tmp_path / "b.mp4", params, 20)
        data = zarr.create_array("s3://bucket/data", shape=60, chunks=7, dtype="i4")
        data[:] = np.arange(60)
        FrameNumber().make_video(tmp_path / "a.mp4", "s3://bucket/data", 20, client=client)
        assert_shows(tmp_path / "a.mp4", range(60), 20)
        with pytest.raises(StoreError, match="bucket"):
            FailsAt(0).make_video(
                tmp_path / "a.mp4", range(9), 20, store="s3://nobucket/x", client=client
            )


# --- what cannot be known


def test_what_cannot_be_told_is_said_and_drawn_again(tmp_path):
    options = {"store": tmp_path / "frames.zarr", "num_workers": 1}
    animator = FrameNumber()
    animator.lock = threading.Lock()
    for _ in range(2):
        with pytest.warns(ReuseWarning, match=r"FrameNumber uses lock .* in FrameNumber\.lock"):
            video = animator.make_video(tmp_path / "a.mp4", range(30), 20, **options)
        assert counts(video) == (30, 0)

    class Unlocks(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params[0])

    params = [(i, threading.Lock()) if i == 7 else (i,) for i in range(30)]
    for expected in ((30, 0), (1, 29)):
        with pytest.warns(ReuseWarning, match="parameters of frames hold lock"):
            video = Unlocks().make_video(tmp_path / "b.mp4", params, 20, **options)
        assert counts(video) == expected


# --- places


def make_group(path):
    zarr.create_group(path).create_array("data", shape=3, dtype="i4")


def make_text(path):
    path.write_text("mine")


def make_folder(path):
    path.mkdir()
    make_text(path / "notes.txt")


@pytest.mark.parametrize(
    ("make", "match", "may_go"),
    [
        (make_group, "zarr group that something else made", True),
        (make_text, "no zarr store", False),
        (make_folder, "no zarr store", False),
    ],
)
def test_what_others_made_is_left_alone(tmp_path, where, make, match, may_go):
    place = tmp_path / "place"
    make(place)
    with pytest.raises(StoreError, match=match):
        FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, store=place, **where)
    if may_go:
        assert zarr.open_group(place, mode="r")["data"].shape == (3,)
        FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, store=place, overwrite=True, **where)
        assert set(zarr.open_group(place, mode="r").array_keys()) == {"frames", "marks"}
    else:
        with pytest.raises(StoreError, match=match):
            FrameNumber().make_video(
                tmp_path / "a.mp4", range(9), 20, store=place, overwrite=True, **where
            )
        assert next(place.rglob("*") if place.is_dir() else iter([place])).read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"store": 7}, OptionTypeError, "must be a path, a URL or a zarr store, got int"),
        ({"overwrite": True}, OptionError, "there is none"),
        ({"store": "x", "overwrite": 1}, OptionTypeError, "overwrite must be True or False"),
        ({"store": "nosuch://x"}, StoreError, "nosuch"),
    ],
)
def test_bad_options(tmp_path, options, error, match):
    with pytest.raises(error, match=match):
        FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, num_workers=1, **options)


def test_a_bag_cannot_be_kept(tmp_path):
    import dask.bag as db

    with pytest.raises(OptionError, match="list of Delayed"):
        FrameNumber().make_video(
            tmp_path / "a.mp4", db.range(9, 2), 20, num_workers=1, store=tmp_path / "s"
        )


def test_partitions_have_to_fit_the_chunks_there_are(tmp_path):
    options = {"store": tmp_path / "s", "num_workers": 1}
    FrameNumber().make_video(tmp_path / "a.mp4", range(40), 20, partition_size=10, **options)
    with pytest.raises(OptionError, match="multiple of 10"):
        FrameNumber().make_video(tmp_path / "a.mp4", range(40), 20, partition_size=15, **options)
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(40), 20, partition_size=20, **options)
    assert counts(video) == (0, 40)
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", range(40), 20, partition_size=[7, 14, 19], overwrite=True, **options
    )
    assert_shows(video.path, range(40), 20)


numbers = itertools.count()


@pytest.mark.parametrize(
    "make", [lambda: f"memory://frames-{next(numbers)}", zarr.storage.MemoryStore], ids=["url", "object"]
)
def test_memory_is_for_this_process_alone(tmp_path, client, make):
    place = make()
    with pytest.raises(StoreError, match=r"not found from|not seen here"):
        FailsAt(0).make_video(tmp_path / "a.mp4", range(30), 20, store=place, client=client)
    for expected in ((30, 0), (0, 30)):
        video = FrameNumber().make_video(tmp_path / "a.mp4", range(30), 20, store=place, num_workers=1)
        assert counts(video) == expected
    write_video(place, tmp_path / "b.mp4", 20)
    assert_shows(tmp_path / "b.mp4", range(30), 20)


class NoRights(zarr.storage.LocalStore):
    async def set(self, key, value, _mode=None):
        if os.getpid() != int((self.root.parent / "pid").read_text()):
            raise PermissionError(13, "Permission denied")
        await super().set(key, value)


def test_workers_without_rights(tmp_path, client):
    (tmp_path / "pid").write_text(str(os.getpid()))
    place = NoRights(tmp_path / "frames.zarr")
    with pytest.raises(StoreError, match=r"worker tcp://.* cannot write to the store: .*denied"):
        FailsAt(0).make_video(tmp_path / "a.mp4", range(30), 20, store=place, client=client)
    assert set(zarr.open_group(place, mode="r").array_keys()) == {"frames", "marks"}
