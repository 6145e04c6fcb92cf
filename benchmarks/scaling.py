"""Frames per second with one and more workers, encoding there or in the client; distance to the limit.

    python benchmarks/scaling.py [most_workers] [runs]

Two tables. The first renders a moving wave at three sizes on a warm cluster of 1, 2, … workers; it has
the share of the wall time for which the client computes (its CPU time over the wall time) and what a
packet costs it (CPU time of the muxer's calls). The second renders 3,000 frames on two workers and
compares the wall time with half the CPU time that a plain loop takes to draw, convert and encode them.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, LocalCluster

from dask_animate import Animator
from dask_animate.drawing.options import DrawOptions
from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.muxer import Muxer
from dask_animate.encoding.options import EncodeOptions
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec
from dask_animate.rendering.task_output import TaskSpec

SIZES = {"480p": ((6.4, 4.8), 600), "1080p": ((19.2, 10.8), 300), "2160p": ((38.4, 21.6), 120)}


class Wave(Animator):
    """A wave that moves, drawn as large as asked for."""

    def __init__(self, figsize):
        self.figsize = figsize

    def setup(self):
        fig, ax = plt.subplots(figsize=self.figsize, dpi=100)
        self.x = np.linspace(0, 4 * np.pi, 200)
        (self.line,) = ax.plot(self.x, np.cos(self.x))
        ax.set(xlim=(0, 4 * np.pi), ylim=(-1.5, 1.5), xlabel="x", ylabel="y", title="Cosine wave")
        return fig

    def update(self, frame_idx, phase):
        self.line.set_ydata(np.cos(self.x + phase))


def phases(n_frames):
    return [2 * np.pi * i / 60 for i in range(n_frames)]


class MuxClock:
    """Adds up the CPU time of the muxer's calls in this thread."""

    def __init__(self):
        self.seconds = 0.0
        original = Muxer.add

        def add(muxer, segment):
            start = time.thread_time()
            original(muxer, segment)
            self.seconds += time.thread_time() - start

        Muxer.add = add


def render(client, path, figsize, n_frames, encode_on):
    """Return wall seconds, the client's CPU seconds, and the video."""
    cpu, wall = time.process_time(), time.perf_counter()
    video = Wave(figsize).make_video(path, phases(n_frames), 30, client=client, encode_on=encode_on)
    return time.perf_counter() - wall, time.process_time() - cpu, video


def scaling(folder, most_workers, runs):
    print(
        "| size | encode_on | workers | frames/s, median (range) | client's CPU / wall | µs a packet |"
    )
    print("|---|---|---|---|---|---|")
    clock = MuxClock()
    path = Path(folder) / "a.mp4"
    counts = [n for n in (1, 2, 4, 8, 16, 32) if n <= most_workers]
    rows = {}
    for n_workers in counts:
        with (
            LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as cluster,
            Client(cluster) as client,
        ):
            render(client, path, (6.4, 4.8), 60, "workers")  # imports
            for name, (figsize, n_frames) in SIZES.items():
                for encode_on in ("workers", "client"):
                    speeds, shares, packets = [], [], []
                    for _ in range(runs):
                        clock.seconds = 0.0
                        wall, cpu, _ = render(client, path, figsize, n_frames * n_workers, encode_on)
                        speeds.append(n_frames * n_workers / wall)
                        shares.append(cpu / wall)
                        packets.append(clock.seconds / (n_frames * n_workers) * 1e6)
                    rows[name, encode_on, n_workers] = speeds, shares, packets
    for name in SIZES:
        for encode_on in ("workers", "client"):
            for n_workers in counts:
                speeds, shares, packets = rows[name, encode_on, n_workers]
                print(
                    f"| {name} | {encode_on} | {n_workers} | {statistics.median(speeds):.1f} "
                    f"({min(speeds):.1f} to {max(speeds):.1f}) | {statistics.median(shares):.2f} "
                    f"| {statistics.median(packets):.1f} |"
                )


def plain_loop(path, figsize, n_frames):
    """Return CPU seconds to draw, convert and encode, one thread, nothing else."""
    renderer = Renderer(FigureSpec(Wave(figsize), DrawOptions(), {}))
    encoding = choose_encoder(EncodeOptions.create(path, 30, mode="cpu"), renderer.size())
    start = time.process_time()
    renderer.render(TaskSpec(encoding), 0, enumerate(phases(n_frames)))
    seconds = time.process_time() - start
    renderer.close()
    return seconds


def limit(folder, runs, n_frames=3000):
    path = Path(folder) / "a.mp4"
    ratios = []
    print(f"\n{n_frames} frames of 640x480 on two workers, warm cluster\n")
    print("| run | wall | CPU of the plain loop / 2 | ratio |")
    print("|---|---|---|---|")
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        render(client, path, (6.4, 4.8), 60, "workers")
        for run in range(runs):
            half = plain_loop(path, (6.4, 4.8), n_frames) / 2
            wall, _, video = render(client, path, (6.4, 4.8), n_frames, "auto")
            assert video.stats.encode_on == "workers"
            ratios.append(wall / half)
            print(f"| {run + 1} | {wall:.1f} s | {half:.1f} s | {wall / half:.2f} |")
    print(f"\nmedian {statistics.median(ratios):.2f}")


def main(most_workers=2, runs=3):
    with tempfile.TemporaryDirectory() as folder:
        scaling(folder, most_workers, runs)
        limit(folder, runs)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
