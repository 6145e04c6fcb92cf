"""Renders with a store: frames are found again or drawn again, and never mistaken for others."""

import hashlib
import importlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import dask.array as da
import fsspec
import matplotlib.pyplot as plt
import numpy as np
import pytest
import zarr
from clusters import local_client
from dask import delayed
from helpers import SUPPORT, FailsAt, FrameNumber, KillsItsWorker, Noise, assert_shows
from s3_server import s3_server
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import FsspecStore, LocalStore, StorePath

from dask_animate import IndexedFrameParams, write_video
from dask_animate.errors import (
    FrameError,
    OptionError,
    OptionTypeError,
    ParamsError,
    RedrawWarning,
    ReuseWarning,
    StoreError,
    TransparencyWarning,
)

N = 60
numbers = itertools.count()


def counts(video):
    return video.stats.n_frames_rendered, video.stats.n_frames_reused


def sha(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def frames_in(location):
    return zarr.open_group(location, mode="r")["frames"]


@pytest.fixture(scope="module")
def client(client):
    """Workers that have loaded this module, of whose stores they are sent some, before they draw."""
    client.run(importlib.import_module, __name__)
    return client


@pytest.fixture(params=["here", "cluster"])
def where(request, client):
    return {"num_workers": 1} if request.param == "here" else {"client": client}


# --- found again


@pytest.mark.parametrize(
    ("where", "encode_on", "codec"),
    [
        *(("here", "client", "a.gif"), ("cluster", "auto", "a.mp4")),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                *(("here", "auto", "a.mp4"), ("here", "auto", "a.gif"), ("here", "client", "a.mp4")),
                *(("cluster", "client", "a.mp4"), ("cluster", "auto", "a.gif")),
                ("cluster", "client", "a.gif"),
            )
        ),
    ],
    indirect=["where"],
)
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
    frames = frames_in(store)
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


KINDS = {
    "generator": lambda: (i for i in range(40)),
    "indexed": lambda: [IndexedFrameParams(i, i) for i in reversed(range(40))],
    "array": lambda: da.arange(40, chunks=7),
    "uneven": lambda: da.arange(40, chunks=(20, 1, 19)),
    "dict": lambda: {"x": da.arange(40, chunks=40), "y": np.arange(40)},
    "delayed": lambda: [delayed(int)(i) for i in range(40)],
}


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        *(("here", kind) for kind in ("indexed", "uneven", "dict", "delayed")),
        ("cluster", "generator"),
        *(pytest.param("here", kind, marks=pytest.mark.slow) for kind in ("generator", "array")),
        *(
            pytest.param("cluster", kind, marks=pytest.mark.slow)
            for kind in ("indexed", "array", "uneven", "dict", "delayed")
        ),
    ],
    indirect=["where"],
)
def test_every_kind_of_parameters(tmp_path, where, kind):
    class Reads(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params["x"] if isinstance(params, dict) else params)

    options = {"store": tmp_path / "frames.zarr", **where}
    for expected in ((40, 0), (0, 40)):
        video = Reads().make_video(tmp_path / "a.mp4", KINDS[kind](), 20, **options)
        assert_shows(video.path, range(40), 20)
        assert counts(video) == expected
    assert frames_in(options["store"]).shape[0] == 40


def test_a_longer_sequence_goes_on(tmp_path, where):
    options = {"store": tmp_path / "frames.zarr", "partition_size": 24, **where}
    FrameNumber().make_video(tmp_path / "a.mp4", range(35), 20, **options)
    longer = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    assert counts(longer) == (N - 35, 35)
    shorter = FrameNumber().make_video(tmp_path / "a.mp4", range(20), 20, **options)
    assert counts(shorter) == (0, 20)
    assert_shows(shorter.path, range(20), 20)
    assert frames_in(options["store"]).shape[0] == N  # what is finished stays


@pytest.mark.parametrize("n_frames", [90, pytest.param(3000, marks=pytest.mark.slow)])
def test_some_parameters_change(tmp_path, client, n_frames):
    params = list(range(n_frames))
    options = {"store": tmp_path / "frames.zarr", "client": client}
    FrameNumber().make_video(tmp_path / "a.mp4", params, 20, **options)
    for idx in (5, n_frames // 2, n_frames // 2 + 1):
        params[idx] = 9
    video = FrameNumber().make_video(tmp_path / "a.mp4", params, 20, **options)
    assert_shows(video.path, params, 20)
    assert counts(video) == (3, n_frames - 3)


class Tinted(FrameNumber):
    cmap = "gray"

    def setup(self):
        fig = super().setup()
        self.image.set_cmap(self.cmap)
        return fig


class OtherUpdate(Tinted):
    def update(self, frame_idx, params):
        super().update(frame_idx, params + 1)


def test_what_matters_draws_all_again(tmp_path):
    options = {"store": tmp_path / "frames.zarr", "num_workers": 1}

    def render(animator, **more):
        return counts(animator.make_video(tmp_path / "a.mp4", range(9), 20, **options, **more))

    tinted = Tinted()
    assert render(tinted) == (9, 0)
    tinted.unused = "state"
    assert render(tinted) == (9, 0)
    assert render(tinted) == (0, 9)
    assert render(tinted, redraw="full", video_quality=30, preload_factor=3) == (0, 9)
    assert render(tinted, redraw="blit") == (9, 0)  # which nobody compares
    assert render(tinted, seed=1) == (9, 0)
    assert render(OtherUpdate()) == (9, 0)
    with plt.rc_context({"axes.facecolor": "red"}):
        assert render(OtherUpdate()) == (9, 0)
    assert render(OtherUpdate(), overwrite=True) == (9, 0)


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize(
    ("savefig_params", "shape", "words"),
    [
        ({"dpi": 100}, (80, 280, 3), r"280x80 pixels \(opaque\)"),
        ({"transparent": True}, (40, 140, 4), r"140x40 pixels \(transparent\)"),
    ],
)
def test_frames_of_another_shape_are_not_replaced_without_a_word(
    tmp_path, where, savefig_params, shape, words
):
    path, store = tmp_path / "a.webm", tmp_path / "frames.zarr"

    def render(animator=FrameNumber, **options):
        return counts(animator().make_video(path, range(30), 20, store=store, **options, **where))

    class Undrawn(FrameNumber):
        def update(self, frame_idx, params):
            raise AssertionError("drawn")

    assert render() == (30, 0)
    words = rf"140x40 pixels \(opaque\), and these have {words}: give overwrite=True to replace them"
    with pytest.raises(StoreError, match=words):
        render(Undrawn, savefig_params=savefig_params)
    assert render() == (0, 30)
    assert render(savefig_params=savefig_params, overwrite=True) == (30, 0)
    assert frames_in(store).shape[1:] == shape
    with pytest.raises(StoreError, match="give overwrite=True to replace them, or another store"):
        render()


def test_transparent_frames_keep_their_alpha(tmp_path, where):
    options = {"store": tmp_path / "frames.zarr", "savefig_params": {"transparent": True}, **where}
    video = FrameNumber().make_video(tmp_path / "a.webm", range(30), 20, **options)
    assert frames_in(options["store"]).shape[3] == 4
    before = sha(video.path)
    again = FrameNumber().make_video(tmp_path / "a.webm", range(30), 20, **options)
    assert (counts(again), sha(again.path)) == ((0, 30), before)
    with pytest.warns(TransparencyWarning):
        plain = FrameNumber().make_video(tmp_path / "a.mp4", range(30), 20, **options)
    assert counts(plain) == (0, 30)
    assert_shows(plain.path, range(30), 20)


def test_random_frames_are_the_same_ones(tmp_path, where):
    options = {"codec": "ffv1", "pixel_format": "bgr0", **where}
    Noise().make_video(tmp_path / "a.mkv", range(40), 20, store=tmp_path / "frames.zarr", **options)
    drawn = [Noise().frame(i, i) for i in (3, 39)]
    assert np.array_equal(frames_in(tmp_path / "frames.zarr")[[3, 39]], drawn)


# --- encoded again


def test_encode_again(tmp_path, client):
    store = tmp_path / "frames.zarr"
    FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, store=store, client=client)
    for source in (
        store,
        str(store),
        f"file://{store}",
        zarr.storage.LocalStore(store),
        frames_in(store),
        frames_in(store).store_path,
    ):
        video = write_video(source, tmp_path / "b.webm", 60)
        assert_shows(video.path, range(N), 60)
    video = write_video(store, tmp_path / "b.webm", 60, client=client)
    assert_shows(video.path, range(N), 60)
    assert video.stats.n_workers > 0


def test_half_a_store_is_not_encoded(tmp_path):
    store = tmp_path / "frames.zarr"
    options = {"store": store, "partition_size": 24, "num_workers": 1}
    with pytest.raises(FrameError, match="no data"):
        FailsAt(50).make_video(tmp_path / "a.mp4", range(N), 20, **options)
    with pytest.raises(ParamsError, match="is not complete, or its last render was given up"):
        write_video(store, tmp_path / "a.mp4", 20)
    assert not (tmp_path / "a.mp4").exists()
    options["store"] = store
    FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, **options)
    FrameNumber().make_video(tmp_path / "a.mp4", range(100, 130), 20, **options)  # of a shorter render
    write_video(store, tmp_path / "b.mp4", 20)
    assert_shows(tmp_path / "b.mp4", range(100, 130), 20)
    (store / "frames/c.1.0.0.0").unlink()
    with pytest.raises(StoreError, match="frames 24 to 29 are not in the store"):
        write_video(store, tmp_path / "b.mp4", 20)


@pytest.mark.parametrize("codec", [pytest.param("gif", marks=pytest.mark.slow), "mp4"])
def test_two_renders_at_once(tmp_path, client, codec):
    """The first one ends at its next chunk, and leaves what the second one stored."""
    begun = tmp_path / "begun"

    class First(FrameNumber):
        def update(self, frame_idx, params):
            begun.touch()
            while frame_idx == 30 and begun.exists():
                time.sleep(0.01)
            super().update(frame_idx, params)

    store, a, b, c = (
        tmp_path / "frames.zarr",
        tmp_path / f"a.{codec}",
        tmp_path / f"b.{codec}",
        tmp_path / "c.mp4",
    )
    options = {"store": store, "partition_size": 10, "client": client}
    with ThreadPoolExecutor() as pool:
        first = pool.submit(First().make_video, a, range(N), 20, **options)
        while not begun.exists():
            time.sleep(0.01)
        options |= {"client": None, "num_workers": 1}
        FrameNumber().make_video(b, range(7, N + 7), 20, **options)
        begun.unlink()
        with pytest.raises(StoreError, match=r"another render began|not in the store"):
            first.result()
    assert not a.exists()
    assert_shows(b, range(7, N + 7), 20)
    write_video(store, c, 20)
    assert_shows(c, range(7, N + 7), 20)
    assert counts(FrameNumber().make_video(b, range(7, N + 7), 20, **options)) == (0, N)


def test_metadata_that_is_just_being_written(tmp_path, monkeypatch):
    """zarr 3.0 writes metadata in place: a reader may meet a file that is cut off."""
    store, video = tmp_path / "frames.zarr", tmp_path / "a.mp4"
    FrameNumber().make_video(video, range(N), 20, store=store, num_workers=1)
    metadata = store / "zarr.json"
    whole, pauses = metadata.read_bytes(), []

    def another_process_goes_on(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            metadata.write_bytes(whole)

    metadata.write_bytes(whole[:100])
    monkeypatch.setattr("dask_animate.storage.location.time.sleep", another_process_goes_on)
    write_video(store, video, 20)
    assert len(pauses) == 3
    assert_shows(video, range(N), 20)


def test_frames_that_another_render_slipped_in(tmp_path):
    """Chunks of 20 frames in partitions of 40, and a last chunk of 15."""
    paths = [tmp_path / "ours.zarr", tmp_path / "theirs.zarr"]
    for path, shift in zip(paths, (0, 7), strict=True):
        for size in (20, 40):  # chunks as of the first, partitions as of the second
            FrameNumber().make_video(
                tmp_path / "a.mp4",
                range(shift, 95 + shift),
                20,
                store=path,
                partition_size=size,
                num_workers=1,
            )
    assert frames_in(paths[0]).chunks[0] == 20
    write_video(paths[0], tmp_path / "b.mp4", 20)
    assert_shows(tmp_path / "b.mp4", range(95), 20)
    ours, theirs = (zarr.open_group(path, mode="r+") for path in paths)
    for start, stop in ((80, 95), (40, 60)):
        for name in ("frames", "marks"):
            ours[name][start:stop] = theirs[name][start:stop]
        with pytest.raises(StoreError, match=f"frames {start} to {stop - 1} .* another render"):
            write_video(paths[0], tmp_path / "b.mp4", 20)
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", range(95), 20, store=paths[0], partition_size=40, num_workers=1
    )
    assert counts(video) == (35, 60)
    write_video(paths[0], tmp_path / "b.mp4", 20)
    assert_shows(tmp_path / "b.mp4", range(95), 20)


# --- interrupted, damaged


SCRIPT = """
import sys
sys.path[:0] = {tests!r}
from helpers import FrameNumber
if __name__ == "__main__":
    animator = FrameNumber((6.4, 4.8))
    video = animator.make_video("a.mp4", range(160), 30, num_workers={n}, store="frames.zarr")
    print(video.stats.n_frames_rendered, video.stats.n_frames_reused)
"""


def n_complete(store):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return int(zarr.open_group(store, mode="r")["marks"][:].any(axis=1).sum())
        except (FileNotFoundError, KeyError):
            return 0


@pytest.mark.parametrize("n_workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_kill_9_of_all_processes(tmp_path, n_workers):
    script = tmp_path / "render.py"
    script.write_text(SCRIPT.format(tests=[str(SUPPORT)], n=n_workers))
    run = [sys.executable, str(script)]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    killed.mkdir()
    FrameNumber((6.4, 4.8)).make_video(
        whole / "a.mp4", range(160), 30, num_workers=n_workers, store=whole / "frames.zarr"
    )
    process = subprocess.Popen(run, cwd=killed, start_new_session=True, stderr=subprocess.DEVNULL)
    while not n_complete(killed / "frames.zarr"):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    n_there = n_complete(killed / "frames.zarr")
    assert not (killed / "a.mp4").exists()
    done = subprocess.run(run, cwd=killed, capture_output=True, text=True, check=True)
    assert done.stdout == f"{160 - n_there} {n_there}\n"
    assert sha(killed / "a.mp4") == sha(whole / "a.mp4")


def test_a_worker_that_dies(tmp_path, own_client):
    animator = KillsItsWorker(40, tmp_path)
    store = tmp_path / "frames.zarr"
    video = animator.make_video(tmp_path / "a.mp4", range(N), 20, store=store, client=own_client)
    assert_shows(video.path, range(N), 20)
    assert n_complete(store) == N


@pytest.mark.mostly_slow(3)
@pytest.mark.parametrize(
    ("where", "damage"),
    [
        *(("here", damage) for damage in ("cut", "empty", "gone", "swapped", "bit", "marks")),
        ("cluster", "bit"),
        *(
            pytest.param("cluster", damage, marks=pytest.mark.slow)
            for damage in ("cut", "empty", "gone", "swapped", "marks")
        ),
    ],
    indirect=["where"],
)
def test_what_is_damaged_is_drawn_again(tmp_path, where, damage):
    store = tmp_path / "frames.zarr"
    options = {"store": store, "partition_size": 5, **where}
    FrameNumber().make_video(tmp_path / "a.mp4", range(20), 20, **options)
    chunk, other = (store / f"frames/c.{i}.0.0.0" for i in (2, 3))
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
        frames[10:15] = frames[10:15] ^ 1
    else:
        (store / "marks/c.2.0").unlink()
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(20), 20, **options)
    assert counts(video) == (5, 15)
    assert_shows(video.path, range(20), 20)
    assert counts(FrameNumber().make_video(tmp_path / "a.mp4", range(20), 20, **options)) == (0, 20)


class FullDisk(zarr.storage.LocalStore):
    """Takes a number of chunks of frames and no more, until there is a file that says so."""

    async def set(self, key, value, _mode=None):
        if key.startswith("frames/c.") and not (self.root.parent / "space").exists():
            n_there = len(list((self.root / "frames").glob("c.*")))
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


@pytest.mark.slow
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


def test_frames_drawn_wrong_are_not_stored(tmp_path, where):
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
        assert np.array_equal(frames_in(options["store"])[idx], Hides().frame(idx, idx))


# --- S3


@pytest.fixture(scope="module")
def s3():
    with s3_server() as url:
        yield url


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("here", "url"),
        *(pytest.param("workers", kind, marks=pytest.mark.slow) for kind in ("url", "object")),
    ],
)
def test_s3(tmp_path, s3, where, kind):
    place = f"s3://bucket/by_{kind}_{where}"
    if kind == "object":
        keys = {"key": "test", "secret": "test", "endpoint_url": s3}
        place = zarr.storage.FsspecStore.from_url(place, storage_options=keys)
    with ExitStack() as stack:
        drawn = {"num_workers": 1}
        if where == "workers":
            _, client = map(stack.enter_context, local_client(2))
            drawn = {"client": client}
        options = {"store": place, **drawn}
        for params, expected in ((range(60), (60, 0)), ([*range(59), 7], (1, 59))):
            video = FrameNumber().make_video(tmp_path / "a.mp4", params, 20, **options)
            assert counts(video) == expected
            assert_shows(video.path, params, 20)
        write_video(place, tmp_path / "b.mp4", 20, **drawn)
        assert_shows(tmp_path / "b.mp4", params, 20)
        if kind == "object":
            return
        data = zarr.create_array(f"s3://bucket/data_{where}", shape=60, chunks=7, dtype="i4")
        data[:] = np.arange(60)
        FrameNumber().make_video(tmp_path / "a.mp4", f"s3://bucket/data_{where}", 20, **drawn)
        assert_shows(tmp_path / "a.mp4", range(60), 20)
        with pytest.raises(StoreError, match="bucket"):
            FailsAt(0).make_video(tmp_path / "a.mp4", range(9), 20, store="s3://nobucket/x", **drawn)


# --- what cannot be known


def test_what_cannot_be_told_is_said_and_drawn_again(tmp_path):
    options = {"store": tmp_path / "frames.zarr", "num_workers": 1}
    animator = FrameNumber()
    animator.lock = threading.Lock()
    for _ in range(2):
        words = r"FrameNumber uses lock .* in FrameNumber\.lock"
        with pytest.warns(ReuseWarning, match=words) as caught:
            video = animator.make_video(tmp_path / "a.mp4", range(30), 20, **options)
        assert counts(video) == (30, 0)

    class Unlocks(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params[0])

    params = [(i, threading.Lock()) if i == 7 else (i,) for i in range(30)]
    for expected in ((30, 0), (1, 29)):
        with pytest.warns(ReuseWarning, match="parameters of frames hold lock") as more:
            video = Unlocks().make_video(tmp_path / "b.mp4", params, 20, **options)
        assert {warning.filename for warning in (*caught, *more)} == {__file__}
        assert counts(video) == expected


# --- locations


class Files(MutableMapping):
    """The files of a zarr store as a mapping of bytes, as fsspec's mappers are."""

    def __init__(self, store):
        self.store = store

    def __getitem__(self, key):
        return sync(self.store.get(key, default_buffer_prototype())).to_bytes()

    def __setitem__(self, key, data):
        sync(self.store.set(key, default_buffer_prototype().buffer.from_bytes(data)))

    def __delitem__(self, key):
        sync(self.store.delete(key))

    def __iter__(self):
        async def keys():
            return [key async for key in self.store.list()]

        return iter(sync(keys()))

    def __len__(self):
        return len(list(self))


def make_bucket(url, *, with_folder):
    import boto3

    client = boto3.client("s3", endpoint_url=url)
    name = f"lab-{next(numbers)}"
    client.create_bucket(Bucket=name)
    if with_folder:
        client.put_object(Bucket=name, Key="place/", Body=b"")  # as consoles make them
    client.close()
    return f"s3://{name}"


@pytest.fixture
def shelf(request, tmp_path):
    """A location of each kind, where in a larger one it lies, and all that the larger one holds."""
    kind, folder = request.param, tmp_path / "shelf"
    if kind in ("bucket", "prefix"):
        url = make_bucket(request.getfixturevalue("s3"), with_folder=kind == "prefix")
        base = "place/" if kind == "prefix" else ""
        return f"{url}/{base}".rstrip("/"), base, fsspec.get_mapper(url)
    if kind == "memory url":
        url = f"memory://shelf-{next(numbers)}"
        return f"{url}/place", "place/", fsspec.get_mapper(url)
    if kind == "memory":
        store = zarr.storage.MemoryStore()
        return zarr.storage.StorePath(store, "place"), "place/", Files(store)
    folder.mkdir()
    place = {
        "path": folder / "place",
        "file url": (folder / "place").as_uri(),
        "local url": f"local://{folder}/place",
        "LocalStore": zarr.storage.LocalStore(folder / "place"),
        "FsspecStore": zarr.storage.FsspecStore.from_url(f"file://{folder}/place", {"auto_mkdir": True}),
    }[kind]
    return place, "place/", fsspec.get_mapper(str(folder))


@pytest.mark.parametrize(
    "shelf",
    [
        *("path", "file url", "memory"),
        *(
            pytest.param(kind, marks=pytest.mark.slow)
            for kind in ("local url", "LocalStore", "FsspecStore", "memory url", "bucket", "prefix")
        ),
    ],
    indirect=True,
)
def test_what_others_made_is_left_alone(tmp_path, shelf):
    place, base, files = shelf

    def render(**options):
        options |= {"store": place, "num_workers": 1}
        return counts(FrameNumber().make_video(tmp_path / "a.mp4", range(3), 20, **options))

    def all_files():
        return {key: files[key] for key in files if not key.endswith("/")}

    beside = {"place.txt": b"1", "places/zarr.json": b"{}", "places/frames/c.0.0.0.0": b"2"}
    within = {f"{base}notes.txt": b"3", f"{base}data.csv": b"4"}
    files.update((beside if base else {}) | within)
    before = all_files()
    for overwrite in (False, True):
        with pytest.raises(StoreError, match=r"did not make.*: data\.csv, notes\.txt\."):
            render(overwrite=overwrite)
        assert all_files() == before
    for key in within:
        del files[key]
    assert render() == (3, 0)
    # in a store of ours, what others put there stays, and what would need it away does not begin
    files.update(within | {f"{base}frames/mine": b"5"})
    assert render() == (0, 3)
    before = all_files()
    assert before.items() >= within.items()
    with pytest.raises(
        StoreError, match=r"cannot be begun anew.*: data\.csv, frames/mine, notes\.txt\."
    ):
        render(overwrite=True)
    metadata = files.pop(f"{base}marks/zarr.json")  # without which it would have to be made anew
    with pytest.raises(StoreError, match=r"cannot be begun anew.*: frames/mine\."):
        render()
    files[f"{base}marks/zarr.json"] = metadata
    assert all_files() == before
    del files[f"{base}frames/mine"]
    for key, data in within.items():
        assert files.pop(key) == data
    # overwrite takes all that is ours, and nothing else
    unique = "0f" * 16
    left = ["frames/c.7.0.0.0", f"marks/c.7.{unique}.partial", "marks/c/1/0", f"proof-{unique}/c.0.0"]
    left = [base + key for key in left]
    files.update(dict.fromkeys(left, b"6"))
    assert render(overwrite=True) == (3, 0)
    there = all_files()
    assert not set(left) & set(there)
    if base:
        assert there.items() >= beside.items()


def make_text(path):
    path.write_text("mine")


def make_v2(path):
    zarr.create_group(path, zarr_format=2).create_array("data", shape=3, dtype="i4")


def make_array(path):
    zarr.create_array(path, shape=3, dtype="i4")[:] = 7


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (make_text, "is a file"),
        (make_v2, r"did not make.*: \.zattrs, \.zgroup, data\."),
        (make_array, r"did not make.*: c, zarr\.json\."),
    ],
)
def test_no_store_is_made_of_something_else(tmp_path, make, match):
    place = tmp_path / "place"
    make(place)
    paths = [place, *sorted(place.rglob("*"))]
    before = {path: path.read_bytes() for path in paths if path.is_file()}
    for overwrite in (False, True):
        with pytest.raises(StoreError, match=match):
            FrameNumber().make_video(
                tmp_path / "a.mp4", range(9), 20, store=place, num_workers=1, overwrite=overwrite
            )
    assert [place, *sorted(place.rglob("*"))] == paths
    assert {path: path.read_bytes() for path in before} == before


def test_a_store_of_another_version(tmp_path):
    store = tmp_path / "frames.zarr"
    options = {"store": store, "num_workers": 1}
    FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, **options)
    group = zarr.open_group(store, mode="r+")
    group.attrs["dask_animate"] = {**group.attrs["dask_animate"], "version": 1}
    group.attrs["mine"] = 5
    with pytest.raises(StoreError, match=r"of the store is 1, here it is 2; overwrite=True begins it"):
        FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, **options)
    with pytest.raises(ParamsError, match=r"of the store is 1, here it is 2"):
        write_video(store, tmp_path / "b.mp4", 20)
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, overwrite=True, **options)
    assert counts(video) == (9, 0)
    assert counts(FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, **options)) == (0, 9)
    assert zarr.open_group(store, mode="r").attrs["mine"] == 5


def test_names_that_fsspec_takes_for_patterns(tmp_path):
    """`run[1]` would delete from `run1`, of which zarr would not know."""
    store = zarr.storage.FsspecStore.from_url(f"file://{tmp_path}/run[1]")
    store = zarr.storage.LoggingStore(store, "ERROR")
    with pytest.raises(StoreError, match="for patterns of names"):
        FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, num_workers=1, store=store)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"store": 7}, OptionTypeError, "must be a path, a URL or a zarr store, got int"),
        ({"overwrite": True}, OptionError, "requires store="),
        ({"store": "x", "overwrite": 1}, OptionTypeError, "overwrite must be True or False"),
        ({"store": "nosuch://x"}, StoreError, "nosuch"),
    ],
)
def test_bad_options(tmp_path, options, error, match):
    with pytest.raises(error, match=match):
        FrameNumber().make_video(tmp_path / "a.mp4", range(9), 20, num_workers=1, **options)


def test_a_bag_cannot_be_stored(tmp_path):
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


@pytest.mark.slow
def test_a_worker_that_is_busy_is_not_waited_for(tmp_path, own_client, caplog, monkeypatch):
    """What it writes is checked when it draws; here it does not come to that."""
    monkeypatch.setattr("dask_animate.execution.store_session.GRACE_SECONDS", 0.2)
    busy, free = own_client.scheduler_info()["workers"]
    begun, end = tmp_path / "begun", tmp_path / "end"

    def work():
        begun.touch()
        while not end.exists():
            time.sleep(0.01)

    task = own_client.submit(work, workers=[busy])
    while not begun.exists():
        time.sleep(0.01)
    try:
        with caplog.at_level("INFO", "dask_animate.execution.store_session"):
            video = FrameNumber().make_video(
                tmp_path / "a.mp4", range(N), 20, store=tmp_path / "frames.zarr", client=own_client
            )
    finally:
        end.touch()
        task.result()
    assert_shows(video.path, range(N), 20)
    assert counts(video) == (N, 0)
    (line,) = (
        record.message
        for record in caplog.records
        if record.name == "dask_animate.execution.store_session"
    )
    assert line.startswith("begin without waiting for")
    assert busy in line
    assert free not in line


class WritesElsewhere(zarr.storage.LocalStore):
    """As a folder that is shared by name alone: what others write there is not seen."""

    async def set(self, key, value, _mode=None):
        if os.getpid() != int((self.root.parent / "pid").read_text()):
            self = zarr.storage.LocalStore(self.root.parent / "elsewhere")
        await zarr.storage.LocalStore.set(self, key, value)


def test_a_worker_that_did_not_answer_proves_by_its_first_partition(tmp_path, client, monkeypatch):
    monkeypatch.setattr(
        "dask_animate.execution.store_session.PATIENCE_SECONDS", 0
    )  # nobody is waited for
    (tmp_path / "pid").write_text(str(os.getpid()))
    options = {"partition_size": 20, "encode_on": "workers", "client": client}
    with pytest.raises(StoreError, match=r"what tcp://.* wrote to the store .* is not seen here"):
        FrameNumber().make_video(
            tmp_path / "a.mp4", range(N), 20, store=WritesElsewhere(tmp_path / "frames.zarr"), **options
        )
    with pytest.raises(StoreError, match=r"not found from here"):
        FailsAt(0).make_video(
            tmp_path / "a.mp4", range(N), 20, store=f"memory://frames-{next(numbers)}", **options
        )
    assert not (tmp_path / "a.mp4").exists()
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(N), 20, store=tmp_path / "s", **options)
    assert_shows(video.path, range(N), 20)


@pytest.mark.parametrize(
    "make",
    [lambda p: LocalStore(p), lambda p: FsspecStore.from_url(f"file://{p}", {"auto_mkdir": True})],
)
def test_nothing_is_written_above_a_store(tmp_path, make):
    above = tmp_path / "above"
    zarr.create_group(above, zarr_format=2, attributes={"mine": 1})
    before = {path: path.read_bytes() for path in above.rglob("*")}
    place = StorePath(make(above), "sub")
    options = {"num_workers": 1, "store": place}
    for expected in ((3, 0), (0, 3)):
        assert counts(FrameNumber().make_video(tmp_path / "a.mp4", range(3), 20, **options)) == expected
    after = {path: path.read_bytes() for path in above.iterdir() if path.is_file()}
    assert after == before
    assert frames_in(above / "sub").shape[0] == 3


@pytest.mark.parametrize("name", ["marks/c.0.0", "marks/zarr.json", "frames/zarr.json"])
def test_what_is_damaged_beside_frames(tmp_path, name):
    store = tmp_path / "s.zarr"
    options = {"num_workers": 1, "store": store}
    FrameNumber().make_video(tmp_path / "a.mp4", range(3), 20, **options)
    (store / name).write_bytes((store / name).read_bytes()[:9])
    with pytest.raises((ParamsError, StoreError)):
        write_video(store, tmp_path / "b.mp4", 20)
    assert counts(FrameNumber().make_video(tmp_path / "a.mp4", range(3), 20, **options)) == (3, 0)
    assert write_video(store, tmp_path / "b.mp4", 20).n_frames == 3


def test_home_is_where_a_shell_finds_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    FrameNumber().make_video("~/a.mp4", range(3), 20, num_workers=1, store="~/s.zarr")
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "s.zarr"}


def test_chunks_of_data_give_the_same_partitions_again(tmp_path):
    data = da.arange(60, chunks=(7,) * 8 + (4,))
    options = {"num_workers": 1, "store": tmp_path / "s.zarr"}
    first = FrameNumber().make_video(tmp_path / "a.mp4", data, 20, **options)
    before = sha(first.path)
    again = FrameNumber().make_video(tmp_path / "a.mp4", data, 20, **options)
    assert again.stats.partition_sizes == first.stats.partition_sizes
    assert counts(again) == (0, 60)
    assert sha(again.path) == before
