"""What it costs that workers prove what they draw: ``python benchmarks/preflight.py``.

Renders the same frames on a cluster of two workers with ``on_mismatch="raise"`` and "ignore", in turn,
and prints the median seconds of each. The workers of the first cluster are alike, as those of a
LocalCluster are; each of the second one has an environment variable of its own, as those of a batch
system have, so that each draws the first frame. Then the seconds of `preflight`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster, Nanny, Scheduler, SpecCluster

from dask_animate import Animator

N_FRAMES, N_TURNS = 60, 9


class Wave(Animator):
    def __init__(self, size):
        self.size = size

    def setup(self):
        fig, ax = plt.subplots(figsize=self.size, dpi=100)
        self.x = np.linspace(0, 4 * np.pi, 500)
        (self.line,) = ax.plot(self.x, np.cos(self.x))
        return fig

    def update(self, frame_idx, phase):
        self.line.set_ydata(np.cos(self.x + phase))


def unlike():
    workers = {n: {"cls": Nanny, "options": {"nthreads": 1, "env": {"N": str(n)}}} for n in range(2)}
    scheduler = {"cls": Scheduler, "options": {"dashboard_address": ":0", "host": "127.0.0.1"}}
    return SpecCluster(workers=workers, scheduler=scheduler)


def measure(name, client, folder):
    phases = np.linspace(0, 2 * np.pi, N_FRAMES)
    for size in ((6.4, 4.8), (19.2, 10.8)):
        seconds = {"raise": [], "ignore": []}
        for turn in range(N_TURNS + 1):
            for on_mismatch, taken in seconds.items():
                start = time.perf_counter()
                Wave(size).make_video(
                    folder / "a.mp4",
                    phases,
                    30,
                    client=client,
                    on_mismatch=on_mismatch,
                    partition_size=30,
                    encode_on="workers",
                    disable_progress_bar=True,
                )
                if turn:  # the first one imports
                    taken.append(time.perf_counter() - start)
        shown = ", ".join(f"{key} {statistics.median(taken):.3f} s" for key, taken in seconds.items())
        start = time.perf_counter()
        report = Wave(size).preflight(client, param_by_frame=phases, store=folder / "store.zarr")
        taken = time.perf_counter() - start
        print(f"{name}, {size[0]:g} x {size[1]:g} inches: {shown}; preflight {taken:.2f} s, {report!r}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
            with Client(cluster) as client:
                measure("alike", client, Path(folder))
        with unlike() as cluster, Client(cluster) as client:
            client.wait_for_workers(2)
            measure("unlike", client, Path(folder))
