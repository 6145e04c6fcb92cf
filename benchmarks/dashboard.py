"""What the dashboard's page of renders costs.

    python benchmarks/dashboard.py renders [rounds]  # seconds of a render: without, unwatched, watched
    python benchmarks/dashboard.py pieces            # CPU time of each thing that is done for it
    python benchmarks/dashboard.py scheduler [off]   # CPU and memory over 200 renders, 20,000 partitions

A watcher asks for the JSON twice a second and for each new picture, as the page does, in a process of
its own. The three kinds of renders take turns; the ratio is that of one turn, the table shows its median
and range. In the second part the scheduler is a process of its own, too.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dask
import numpy as np
import psutil
from distributed import Client, LocalCluster

from dask_animate import FrameSource

ROOT = Path(__file__).parents[1]
N_FRAMES = 600
N_RENDERS, N_PARTITIONS = 200, 100


#: Does what the page does, until it is ended. It imports little, lest its start takes part in the race.
WATCH = """
import json, sys, time, urllib.request
base, seen = sys.argv[1], None
while True:
    chosen = json.load(urllib.request.urlopen(base + "animate.json?render="))["chosen"]
    if chosen and chosen["latest"] and chosen["latest"]["time"] != seen:
        seen = chosen["latest"]["time"]
        urllib.request.urlopen(f"{base}animate.jpg?render={chosen['id']}&time={seen}").read()
    print(flush=True)
    time.sleep(0.5)
"""


@contextmanager
def watched(base):
    command = [sys.executable, "-S", "-c", WATCH, base]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    try:
        yield
    finally:
        assert process.poll() is None
        process.terminate()
        process.communicate()


def wave():
    sys.path.insert(0, str(ROOT / "examples"))
    from simple_wave import Wave

    return Wave()


def seconds_of_renders(rounds):
    """Time renders of the wave on a warm cluster, by the clock and by the CPU of all its processes."""
    animator, phases = wave(), np.linspace(0, 20 * np.pi, N_FRAMES)
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        base = cluster.dashboard_link.rsplit("/", 1)[0] + "/"
        pids = [os.getpid(), *client.run(os.getpid).values()]
        processes = [psutil.Process(pid) for pid in pids]

        def timed(enabled):
            start, cpu = time.perf_counter(), cpu_seconds(*processes)
            with dask.config.set({"dask_animate.dashboard.enabled": enabled}):
                animator.make_video(Path(folder, "wave.mp4"), phases, 30, client=client)
            return time.perf_counter() - start, cpu_seconds(*processes) - cpu

        timed(True)  # registers
        timed(False)
        seconds = {"without": [], "unwatched": [], "watched": []}
        for number in range(rounds):
            order = list(seconds) if number % 2 else list(reversed(seconds))
            for kind in order:
                with watched(base) if kind == "watched" else nullcontext():
                    seconds[kind].append(timed(kind != "without"))
    for idx, clock in enumerate(("wall", "CPU")):
        for kind, values in seconds.items():
            report(
                clock, kind, [value[idx] for value in values], [one[idx] for one in seconds["without"]]
            )


def cpu_seconds(*processes):
    """Return the CPU time of processes until now."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def report(clock, kind, values, plain):
    ratios = [value / other - 1 for value, other in zip(values, plain, strict=True)]
    print(
        f"{clock:4} {kind:10} {statistics.median(values):6.2f} s ({min(values):.2f} to "
        f"{max(values):.2f}); more than without: median {statistics.median(ratios):+.1%} "
        f"({min(ratios):+.1%} to {max(ratios):+.1%})",
        flush=True,
    )


def microseconds_of_pieces():
    """Time what a render does for the page, each piece alone, in this process."""
    from dask_animate.dashboard import partition_drawn, render_started
    from dask_animate.dashboard.plugin import AnimatePlugin
    from dask_animate.dashboard.snapshot import snapshot
    from dask_animate.rendering.sampled_frame import SampledFrame

    name = "f" * 32
    plugin = AnimatePlugin()
    event = {
        **render_started("wave.mp4", N_FRAMES),
        "render": name,
        "client": "c",
        "has_thumbnails": True,
    }
    plugin.log_event("dask_animate", event)
    phases = {f"phase {number}": 0.01 for number in range(9)}
    metadata = partition_drawn(0, 10, phases, n_blitted=9, n_reused=0, redraw_fault=None)
    facts = {
        "worker": "tcp://127.0.0.1:1",
        "metadata": metadata,
        "startstops": [{"action": "compute", "start": time.time(), "stop": time.time()}],
    }
    key = (f"draw-{name}", 1, 0, 10)
    frame = SampledFrame(0, 0.0, np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8))
    chosen = plugin.state.renders[name]
    pieces = {
        "worker: what a task tells": lambda: partition_drawn(0, 10, phases, redraw_fault=None),
        "scheduler: a task of others": lambda: plugin.transition("x", "waiting", "processing"),
        "scheduler: a task is sent": lambda: plugin.transition(key, "waiting", "processing"),
        "scheduler: a partition is drawn": lambda: plugin.transition(
            key, "processing", "memory", **facts
        ),
        "scheduler, watched: the JSON": lambda: json.dumps(snapshot(plugin.state, chosen, None, 2)),
        "worker, watched: a picture": lambda: frame.thumbnail(640),
    }
    for piece, function in pieces.items():
        n, start = 0, time.process_time()
        while time.process_time() < start + 0.5:
            for _ in range(100):
                function()
            n += 100
        print(f"{piece:34} {1e6 * (time.process_time() - start) / n:8.1f} µs")


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


def size_of_json(base):
    """Return how much the page is told, 0 without a page."""
    try:
        return len(urllib.request.urlopen(base + "animate.json?render=").read())
    except urllib.error.HTTPError:
        return 0


def _many_renders(client, base, process, folder):
    def render(n_partitions=N_PARTITIONS):
        options = {"client": client, "partition_size": 1, "encode_on": "workers", "codec": "ffv1"}
        Tiny().make_video(Path(folder, "tiny.mkv"), range(n_partitions), 30, **options)

    render()
    is_on = dask.config.get("dask_animate.dashboard.enabled", True)
    with watched(base) if is_on else nullcontext():
        cpu, wall = cpu_seconds(process), time.perf_counter()
        for number in range(N_RENDERS + 1):
            if number % 40 == 0:
                print(
                    f"{number:4} renders, {number * N_PARTITIONS:6} partitions: "
                    f"{process.memory_info().rss / 2**20:6.1f} MiB, "
                    f"{cpu_seconds(process) - cpu:5.1f} s of CPU in "
                    f"{time.perf_counter() - wall:5.1f} s; JSON {size_of_json(base)} bytes",
                    flush=True,
                )
            if number < N_RENDERS:
                render()
    if not is_on:
        return
    start = time.perf_counter()
    with watched(base):
        cpu = cpu_seconds(process)
        render(20_000)
        print(
            f"one render of 20,000 partitions: {process.memory_info().rss / 2**20:.1f} MiB, "
            f"{cpu_seconds(process) - cpu:.1f} s of CPU in {time.perf_counter() - start:.1f} s; "
            f"JSON {size_of_json(base)} bytes"
        )
        cpu, start = cpu_seconds(process), time.perf_counter()
        time.sleep(10)
        share = (cpu_seconds(process) - cpu) / (time.perf_counter() - start)
        print(f"scheduler while a page looks at a render that has ended: {share:.1%} of a core")
    cpu, start = cpu_seconds(process), time.perf_counter()
    time.sleep(10)
    share = (cpu_seconds(process) - cpu) / (time.perf_counter() - start)
    print(f"scheduler while nobody looks: {share:.1%} of a core")


if __name__ == "__main__":
    if sys.argv[1] == "pieces":
        microseconds_of_pieces()
    elif sys.argv[1] == "renders":
        seconds_of_renders(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    else:
        with dask.config.set({"dask_animate.dashboard.enabled": sys.argv[2:] != ["off"]}):
            load_of_scheduler()
