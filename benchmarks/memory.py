"""Peak memory of a worker that draws and encodes 2160p frames, for partitions of several lengths.

    python benchmarks/memory.py [n_frames, ...]

Each length is a render of two partitions on a new worker with a limit of 2 GiB, the peak read from the
worker's own process. Frames are gray noise that changes, so that packets are as large as they get.
"""

import resource
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, LocalCluster

from dask_animate import Animator


class Noise(Animator):
    """A quarter of the picture is other noise in every frame, the rest is a plot."""

    def setup(self):
        fig, (left, right) = plt.subplots(1, 2, figsize=(38.4, 21.6), dpi=100)
        self.image = left.imshow(np.zeros((64, 64)), vmin=0, vmax=1)
        (self.line,) = right.plot(np.linspace(0, 1, 100))
        right.set_ylim(-1, 1)
        return fig

    def update(self, frame_idx, params):
        self.image.set_data(np.random.rand(64, 64))
        self.line.set_ydata(np.sin(np.linspace(0, 9, 100) + frame_idx / 9))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(lengths):
    print("| frames in a partition | as pixels | worker before, MiB | worker's peak, MiB | file, MB |")
    print("|---|---|---|---|---|")
    for length in lengths:
        with (
            tempfile.TemporaryDirectory() as folder,
            LocalCluster(
                n_workers=1, threads_per_worker=1, memory_limit="2 GiB", dashboard_address=":0"
            ) as cluster,
            Client(cluster) as client,
        ):
            Noise().make_video(Path(folder) / "a.mp4", range(2), 30, client=client)
            (before,) = client.run(peak).values()
            video = Noise().make_video(
                Path(folder) / "a.mp4",
                range(2 * length),
                30,
                client=client,
                partition_size=length,
                encode_on="workers",
            )
            (after,) = client.run(peak).values()
            pixels = length * 3840 * 2160 * 3 / 2**20
            print(
                f"| {length} | {pixels:.0f} MiB | {before:.0f} | {after:.0f} "
                f"| {video.stats.file_size / 1e6:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main([int(arg) for arg in sys.argv[1:]] or [10, 50, 250])
