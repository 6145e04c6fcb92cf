"""Large parameters from a generator: peak memory of every process, and MB/s.

    python benchmarks/large_params.py [n_frames]

Each frame's parameter is a 1920x1080 RGB bitmap (6.2 MB) that the generator makes; two workers with a
memory limit of 1 GiB each show it on a figure of the same size. Drawing takes nearly all of the time, so
a second render looks at one pixel of each bitmap only. Peak memory is VmHWM of /proc, the most that a
process ever had resident.
"""

import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, LocalCluster

from dask_animate import Animator


class Bitmap(Animator):
    def setup(self):
        fig = plt.figure(figsize=(19.2, 10.8), dpi=100)
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        self.image = ax.imshow(
            np.zeros((1080, 1920, 3), np.uint8), interpolation="nearest", aspect="auto"
        )
        return fig

    def update(self, frame_idx, bitmap):
        self.image.set_data(bitmap)


class OnePixel(Animator):
    def setup(self):
        return plt.figure(figsize=(0.64, 0.64), dpi=100)

    def update(self, frame_idx, bitmap):
        self.color = bitmap[5, 5]


def bitmaps(n_frames):
    y, x = np.ogrid[:1080, :1920]
    rings = (np.hypot(x - 960, y - 540) / 2).astype(np.uint8)
    for i in range(n_frames):
        yield np.stack([rings + np.uint8(7 * i % 256), rings, 255 - rings], axis=-1)


def peak_memory():
    """Return the peak resident memory of this process, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024


def main(n_frames):
    start = time.perf_counter()
    for _ in bitmaps(100):
        pass
    print(f"generator alone: {(time.perf_counter() - start) * 10:.1f} ms/frame")
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="1 GiB", dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        Bitmap().make_video(Path(folder) / "a.mp4", bitmaps(4), 30)  # imports
        report(client, "shown", Bitmap(), n_frames, folder)
        report(client, "one pixel", OnePixel(), n_frames, folder)


def report(client, name, animator, n_frames, folder):
    before = peak_memory(), np.round(list(client.run(peak_memory).values()))
    video = animator.make_video(Path(folder) / "a.mp4", bitmaps(n_frames), 30, n_frames=n_frames)
    after = peak_memory(), np.round(list(client.run(peak_memory).values()))
    stats = video.stats
    print(f"{name}, {n_frames} frames")
    print(f"  peak MiB before: client {before[0]:.0f}, workers {before[1]}")
    print(f"  peak MiB after: client {after[0]:.0f}, workers {after[1]}")
    n_bytes = n_frames * 1080 * 1920 * 3
    rate = n_bytes / stats.wall_seconds / 1e6
    print(f"  {rate:.0f} MB/s of parameters, {stats.frames_per_second:.1f} frames/s")
    print(f"  {stats}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
