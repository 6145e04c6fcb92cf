"""Data that does not fit into memory: a zarr array of 8 GB, and a million frames.

    python benchmarks/large_data.py field [STEPS]     # 4,000 of 720x720, float32
    python benchmarks/large_data.py frames [N]        # 1,000,000 of 32x32

`field` makes the array in a temporary directory, reads it by two workers, and animates it on the same
two workers, limited to 1 GiB each; this process is limited to 1 GiB by RLIMIT_DATA. Printed are the peak
resident memory of each process, the bytes that came to this process, frames per second, and the time to
read alone. `frames` writes tiny frames from a generator and from a dask array to one file, each in a
process of its own, and prints the memory of that process on the way.
"""

import logging
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
import zarr
from distributed import Client, LocalCluster

from dask_animate import Animator, write_video

SIZE, CHUNKS, GIB = 720, (16, 360, 360), 2**30
MIB = 2**20


class Field(Animator):
    def setup(self):
        fig, ax = plt.subplots(layout="constrained")
        self.image = ax.imshow(np.zeros((SIZE, SIZE)), vmin=-2, vmax=2)
        fig.colorbar(self.image)
        self.title = ax.set_title("step 0")
        return fig

    def update(self, frame_idx, params):
        self.image.set_data(params)
        self.title.set_text(f"step {frame_idx}")


def block_of(n, block_info):
    """Waves, rounded so that they can be compressed."""
    start = block_info[None]["array-location"][0][0]
    steps = np.arange(start, start + n, dtype="f4")[:, None, None]
    (y0, y1), (x0, x1) = block_info[None]["array-location"][1:]
    y = np.arange(y0, y1, dtype="f4")[:, None] / 40
    x = np.arange(x0, x1, dtype="f4") / 60
    return np.round(np.sin(y + steps / 30) + np.cos(x - steps / 50), 2).astype("f4")


def make(path, n_steps):
    array = zarr.create_array(path, shape=(n_steps, SIZE, SIZE), chunks=CHUNKS, dtype="f4")
    chunks = da.core.normalize_chunks(CHUNKS, array.shape)
    blocks = da.map_blocks(
        lambda block_info=None: block_of(block_info[None]["chunk-shape"][0], block_info),
        chunks=chunks,
        dtype="f4",
        meta=np.empty((0, 0, 0), "f4"),
    )
    da.store(blocks, array, lock=False)
    return array


def read(path, start, stop):
    return float(zarr.open_array(path, mode="r")[start:stop].max())


def peak(pid="self"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024


def field(n_steps):
    resource.setrlimit(resource.RLIMIT_DATA, (GIB, GIB))
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/field.zarr"
        with LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=GIB, dashboard_address=":0"
        ) as cluster:
            with Client(cluster) as client:
                make(path, n_steps)
                n_bytes = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())
                print(f"{n_steps * SIZE**2 * 4 / 1e9:.1f} GB, {n_bytes / 1e9:.2f} GB on disk")
                client.restart()
                start = time.perf_counter()
                steps = range(0, n_steps, CHUNKS[0])
                client.gather(
                    client.map(read, [path] * len(steps), steps, [s + CHUNKS[0] for s in steps])
                )
                reading = time.perf_counter() - start
                client.restart()
                start = time.perf_counter()
                video = Field().make_video(f"{folder}/field.mp4", path, 30)
                animating = time.perf_counter() - start
                pids = client.run(lambda dask_worker: __import__("os").getpid()).values()
                peaks = [peak(pid) for pid in pids]
        print(
            f"{video.n_frames} frames in {animating:.1f} s, {video.n_frames / animating:.1f} frames/s; "
            f"reading alone {reading:.1f} s, ratio {animating / reading:.1f}; peaks of the workers "
            f"{' and '.join(map(str, peaks))} MiB, of this process {peak()} MiB; came here: "
            f"{video.stats.n_bytes_received / MIB:.1f} MiB of packets; partitions of "
            f"{min(video.stats.partition_sizes)} to {max(video.stats.partition_sizes)} frames"
        )


class Memory(logging.Handler):
    """Notes the resident memory of this process at each line."""

    def emit(self, record):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        print(f"  {record.getMessage()}: {pages * 4096 / MIB:.0f} MiB", flush=True)


def tiny(i):
    return np.full((32, 32, 3), i % 251, np.uint8)


def frames(kind, suffix, n):
    logger = logging.getLogger("dask_animate")
    logger.setLevel("INFO")
    logger.addHandler(Memory())
    with tempfile.TemporaryDirectory() as folder:
        options = {"saving_log_interval": max(1, n // 10), "disable_progress_bar": True}
        if kind == "generator":
            video = write_video((tiny(i) for i in range(n)), f"{folder}/a{suffix}", 60, n, **options)
        else:
            index = da.arange(n, chunks=10_000, dtype="i8")[:, None, None, None]
            array = (index % 251).astype("u1") * da.ones((1, 32, 32, 3), dtype="u1")
            video = write_video(array, f"{folder}/a{suffix}", 60, **options)
        wall = video.stats.wall_seconds
        print(
            f"{kind}, {suffix}: {video.n_frames} frames in {wall:.0f} s, {1e6 * wall / n:.0f} µs each, "
            f"{video.stats.file_size / MIB:.0f} MiB, encoded on {video.stats.encode_on}"
        )


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "field"
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if what == "field":
        field(n or 4000)
        return
    for kind in ("generator", "dask array"):
        for suffix in (".mkv", ".mp4"):
            process = multiprocessing.get_context("spawn").Process(
                target=frames, args=(kind, suffix, n or 1_000_000)
            )
            process.start()
            process.join()


if __name__ == "__main__":
    main()
