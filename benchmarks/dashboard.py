"""What the dashboard's page of renders costs.

    python benchmarks/dashboard.py renders [rounds]  # seconds of a render: without, unwatched, watched
    python benchmarks/dashboard.py scheduler         # CPU and memory over 200 renders, 20,000 partitions

A watcher asks for the JSON twice a second and for each new picture, as the page does, in a process of
its own. The three kinds of renders take turns; the ratio is that of one turn, the table shows its median
and range. In the second part the scheduler is a process of its own, too.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import dask
import numpy as np
import psutil
from distributed import Client, LocalCluster

from dask_animate import FrameSource

ROOT = Path(__file__).parents[1]
N_FRAMES = 600
N_RENDERS, N_PARTITIONS = 200, 100


def watch(base):
    """Do what the page does, until this process is ended."""
    seen = None
    while True:
        with urllib.request.urlopen(base + "animate.json?render=") as answer:
            chosen = json.load(answer)["chosen"]
        if chosen and chosen["latest"] and chosen["latest"]["time"] != seen:
            seen = chosen["latest"]["time"]
            urllib.request.urlopen(f"{base}animate.jpg?render={chosen['id']}&time={seen}").read()
        time.sleep(0.5)


@contextmanager
def watched(base):
    process = subprocess.Popen([sys.executable, __file__, "watch", base])
    time.sleep(1)
    try:
        yield
    finally:
        assert process.poll() is None
        process.terminate()
        process.wait()


def wave():
    sys.path.insert(0, str(ROOT / "examples"))
    from simple_wave import Wave

    return Wave()


def seconds_of_renders(rounds):
    """Time renders of the wave on a warm cluster."""
    animator, phases = wave(), np.linspace(0, 20 * np.pi, N_FRAMES)
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        base = cluster.dashboard_link.rsplit("/", 1)[0] + "/"

        def timed(enabled):
            start = time.perf_counter()
            with dask.config.set({"dask_animate.dashboard.enabled": enabled}):
                animator.make_video(Path(folder, "wave.mp4"), phases, 30, client=client)
            return time.perf_counter() - start

        timed(True)  # registers
        timed(False)
        seconds = {"without": [], "unwatched": [], "watched": []}
        for number in range(rounds):
            order = list(seconds) if number % 2 else list(reversed(seconds))
            for kind in order:
                if kind == "watched":
                    with watched(base):
                        seconds[kind].append(timed(True))
                else:
                    seconds[kind].append(timed(kind == "unwatched"))
    for kind, values in seconds.items():
        ratios = [value / plain - 1 for value, plain in zip(values, seconds["without"], strict=True)]
        print(
            f"{kind:10} {statistics.median(values):6.2f} s ({min(values):.2f} to {max(values):.2f}); "
            f"more than without: median {statistics.median(ratios):+.1%} "
            f"({min(ratios):+.1%} to {max(ratios):+.1%})",
            flush=True,
        )


class Tiny(FrameSource):
    """Frames that cost next to nothing."""

    def draw(self, frame_idx, params):
        return np.full((16, 16, 3), frame_idx % 256, np.uint8)


def load_of_scheduler():
    """Watch CPU time and memory of a scheduler over many renders and partitions."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scheduler.json")
        dask_command = [sys.executable, "-m", "dask"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        options = ["--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)]
        scheduler = subprocess.Popen([*dask_command, "scheduler", *options], **quiet)
        worker = subprocess.Popen(
            [
                *dask_command,
                "worker",
                "--nthreads",
                "1",
                "--no-dashboard",
                "--scheduler-file",
                str(file),
            ],
            **quiet,
        )
        try:
            with Client(scheduler_file=str(file), timeout=30) as client:
                client.wait_for_workers(1)
                port = client.scheduler_info()["services"]["dashboard"]
                _many_renders(client, f"http://127.0.0.1:{port}/", psutil.Process(scheduler.pid), folder)
        finally:
            worker.terminate()
            scheduler.terminate()
            worker.wait()
            scheduler.wait()


def _many_renders(client, base, process, folder):
    def render(n_partitions=N_PARTITIONS):
        options = {"client": client, "partition_size": 1, "encode_on": "workers", "codec": "ffv1"}
        Tiny().make_video(Path(folder, "tiny.mkv"), range(n_partitions), 30, **options)

    render()
    with watched(base):
        cpu, wall = sum(process.cpu_times()[:2]), time.perf_counter()
        for number in range(N_RENDERS + 1):
            if number % 40 == 0:
                size = len(urllib.request.urlopen(base + "animate.json?render=").read())
                print(
                    f"{number:4} renders, {number * N_PARTITIONS:6} partitions: "
                    f"{process.memory_info().rss / 2**20:6.1f} MiB, "
                    f"{sum(process.cpu_times()[:2]) - cpu:5.1f} s of CPU in "
                    f"{time.perf_counter() - wall:5.1f} s; JSON {size / 1000:.1f} kB",
                    flush=True,
                )
            if number < N_RENDERS:
                render()
    start = time.perf_counter()
    with watched(base):
        cpu = sum(process.cpu_times()[:2])
        render(20_000)
        size = len(urllib.request.urlopen(base + "animate.json?render=").read())
        print(
            f"one render of 20,000 partitions: {process.memory_info().rss / 2**20:.1f} MiB, "
            f"{sum(process.cpu_times()[:2]) - cpu:.1f} s of CPU in {time.perf_counter() - start:.1f} s; "
            f"JSON {size / 1000:.1f} kB"
        )
        cpu, start = sum(process.cpu_times()[:2]), time.perf_counter()
        time.sleep(10)
        share = (sum(process.cpu_times()[:2]) - cpu) / (time.perf_counter() - start)
        print(f"scheduler while a page looks at a render that has ended: {share:.1%} of a core")
    cpu, start = sum(process.cpu_times()[:2]), time.perf_counter()
    time.sleep(10)
    share = (sum(process.cpu_times()[:2]) - cpu) / (time.perf_counter() - start)
    print(f"scheduler while nobody looks: {share:.1%} of a core")


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(sys.argv[2])
    elif sys.argv[1] == "renders":
        seconds_of_renders(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    else:
        load_of_scheduler()
