"""A global field of a quarter of a degree and 20,000 steps: `data.animate` beside a loop of `da.plot()`.

    python benchmarks/xarray_maps.py [n_frames] [runs] [map ...]

The field is a dask array whose steps are computed when they are asked for. "animate" is `to_video` of
the first frames on two warm workers, encoded. "plot, two processes" is what can be written without the
library: each process has half of the frames, and for each one `da.isel(time=i).plot()` and `savefig` to
PNG, with the axes, limits and size of the other; it encodes no video. Its processes are warm too. Memory
is the largest sum of the resident memory of this process and all that it started.

A second table takes frames in this process: axes that are cleared and plotted anew by a function, and
the mesh that gets new values with `set_array`, drawn in full and incrementally.

A map is "plain", or "robinson", which needs cartopy.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import dask.array as da
import matplotlib
import numpy as np
import psutil
import xarray as xr
from distributed import Client, LocalCluster

import dask_animate.xarray  # noqa: F401

N_STEPS = 20_000
LAT, LON = np.linspace(-90, 90, 721), np.arange(1440) / 4
FIGSIZE, DPI, LIMITS = (8, 4), 100, (-2, 32)


def steps(block_info=None):
    """Return the temperatures of a chunk of one step."""
    (step, _), *_ = block_info[None]["array-location"]
    y, x = np.deg2rad(LAT, dtype="f4")[:, None], np.deg2rad(LON, dtype="f4")
    waves = np.sin(6 * y) * np.sin(9 * x + np.float32(step / 30)) + np.cos(4 * y) * np.sin(
        4 * x - step / 50
    )
    return (29 * np.cos(y) ** 2 - 1 + 1.5 * waves)[None].astype("f4")


def field():
    values = da.map_blocks(
        steps,
        chunks=((1,) * N_STEPS, (LAT.size,), (LON.size,)),
        dtype="f4",
        meta=np.empty((0, 0, 0), "f4"),
    )
    coords = {"time": xr.date_range("1950-01-01", periods=N_STEPS, freq="D"), "lat": LAT, "lon": LON}
    return xr.DataArray(values, dims=tuple(coords), coords=coords, name="sst")


def projected(name):
    """Return the arguments of `xarray.plot` for a map."""
    if name == "plain":
        return {}
    import cartopy.crs as ccrs

    return {"subplot_kws": {"projection": ccrs.Robinson()}, "transform": ccrs.PlateCarree()}


def plotted(name, start, stop, folder):
    """Plot and save frames one after another."""
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    data = field()
    words = projected(name)
    axes = words.pop("subplot_kws", {})
    for idx in range(start, stop):
        figure = plt.figure(figsize=FIGSIZE, dpi=DPI)
        ax = figure.add_subplot(**axes)
        data.isel(time=idx).plot(ax=ax, vmin=LIMITS[0], vmax=LIMITS[1], cmap="viridis", **words)
        figure.savefig(os.path.join(folder, f"{idx:05d}.png"), dpi=DPI)
        plt.close(figure)


@contextmanager
def peak_memory():
    """Yield a list that holds the peak of all processes in MiB at the end."""
    peak, done = [0.0], threading.Event()
    this = psutil.Process()

    def watch():
        while not done.wait(0.1):
            total = 0
            for process in (this, *this.children(recursive=True)):
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak[0] = max(peak[0], total / 2**20)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def animated(name, n_frames, folder, **options):
    video = field().animate.to_video(
        os.path.join(folder, "a.mp4"),
        30,
        n_frames=n_frames,
        limits=LIMITS,
        figsize=FIGSIZE,
        **projected(name),
        **options,
    )
    assert video.n_frames == n_frames
    return video


def beside(name, n_frames, runs, folder):
    """Return seconds and peak memory of each way, by turns."""
    taken = {"animate": [], "plot, two processes": []}
    memory = dict.fromkeys(taken, 0.0)
    half = n_frames // 2
    for _ in range(runs):
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            animated(name, 4, folder, client=client)  # imports
            with peak_memory() as peak:
                start = time.perf_counter()
                animated(name, n_frames, folder, client=client)
                taken["animate"].append(time.perf_counter() - start)
            memory["animate"] = max(memory["animate"], peak[0])
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            list(pool.map(plotted, [name] * 2, (0, 1), (1, 2), [folder] * 2))  # imports
            with peak_memory() as peak:
                start = time.perf_counter()
                list(pool.map(plotted, [name] * 2, (0, half), (half, n_frames), [folder] * 2))
                taken["plot, two processes"].append(time.perf_counter() - start)
            memory["plot, two processes"] = max(memory["plot, two processes"], peak[0])
    return taken, memory


def anew(ax, frame):
    """Plot a slice into cleared axes."""
    frame.plot(ax=ax, vmin=LIMITS[0], vmax=LIMITS[1], cmap="viridis", add_colorbar=False)


def one_process(name, n_frames, folder):
    """Return milliseconds a frame in this process, of each way that applies."""
    ways = {
        "set_array, drawn in full": {"redraw": "full"},
        "set_array, drawn incrementally": {"redraw": "blit"},
    }
    milliseconds = {}
    for way, options in ways.items():
        stats = animated(name, n_frames, folder, num_workers=1, **options).stats
        milliseconds[way] = 1000 * stats.render_seconds / n_frames
    if name == "plain":
        data = field()
        path = os.path.join(folder, "a.mp4")
        video = data.animate.to_video(
            path, 30, n_frames=n_frames, plot=anew, figsize=FIGSIZE, num_workers=1
        )
        milliseconds["axes cleared and plotted anew"] = 1000 * video.stats.render_seconds / n_frames
    return milliseconds


def main(n_frames=120, runs=3, *maps):
    n_frames = int(n_frames)
    beside_rows, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in maps or ("plain", "robinson"):
            taken, memory = beside(name, n_frames, int(runs), folder)
            for way, seconds in taken.items():
                rates = sorted(n_frames / one for one in seconds)
                shown = f"{statistics.median(rates):.2f} ({rates[0]:.2f} to {rates[-1]:.2f})"
                beside_rows.append(f"| {name} | {way} | {shown} | {memory[way]:.0f} |")
            for way, ms in one_process(name, n_frames // 2, folder).items():
                rows.append(f"| {name} | {way} | {ms:.1f} |")
    print("| map | way | frames/s, median (range) | peak memory of all processes, MiB |")
    print("|---|---|---|---|")
    print("\n".join(beside_rows))
    print("\n| map | one process | ms a frame |")
    print("|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
