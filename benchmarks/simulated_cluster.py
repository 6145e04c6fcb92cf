"""A thousand workers and a million frames, simulated: what client and scheduler cost, and what breaks.

    python benchmarks/simulated_cluster.py [n_workers] [n_frames] [seconds a frame] [bytes a frame]

Scheduler, client and all messages are real. Of a worker, drawing is a timer, and its segments are those
of a frame source of noise, encoded once for each length and about as large as `bytes a frame` says; so
hundreds of workers fit into one process. Prints wall time against the ideal one, CPU time and memory of
the client and of the scheduler, and counts the packets of the file.

The processes of the workers share the cores with the scheduler and the client, so that wall time is an
upper bound; CPU times are what these two would need elsewhere.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import av
import dask
import numpy as np
import psutil
from distributed import Client, Worker

from dask_animate import FrameSource
from dask_animate.diagnostics import PartitionReport
from dask_animate.rendering import Renderer

#: Workers that one process holds at most.
WORKERS_OF_A_PROCESS = 250
#: Seconds between looks at the memory.
LOOK_SECONDS = 0.5
#: What a large cluster does not do in this detail, and what all workers of a process would do at once.
CONFIG = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.admin.system-monitor.interval": "10 minutes",
    "distributed.admin.tick.interval": "1s",
    "distributed.comm.timeouts.connect": "120s",
}


class Noise(FrameSource):
    """Draws frames that x264 makes about `n_bytes` of."""

    def __init__(self, n_bytes):
        self.n_bytes = n_bytes
        self.side = 16 * max(1, round((n_bytes / 180) ** 0.5))  # a macroblock of noise has 180 bytes

    def draw(self, frame_idx, params):
        return np.random.default_rng(frame_idx % 7).integers(
            0, 256, (self.side, self.side, 3), dtype=np.uint8
        )


def simulate(seconds):
    """Let this process draw partitions by waiting, with the segments of those that it has drawn."""
    drawn, lock = {}, threading.Lock()
    render = Renderer.render

    def wait(self, task, start, indexed, n_frames=None, on_frame=None, clock=None, watch=None):
        with lock:
            if n_frames not in drawn:
                drawn[n_frames] = render(self, task, start, list(indexed), n_frames)
        time.sleep(n_frames * seconds)
        clock.lap("draw")
        output = drawn[n_frames]
        report = PartitionReport.of(clock, n_frames, start)
        return replace(output, payload=replace(output.payload, start=start), report=report)

    Renderer.render = wait


async def hold(address, n_workers, seconds):
    """Run workers in this process until the scheduler ends."""
    simulate(seconds)
    async with contextlib.AsyncExitStack() as stack:
        workers = [
            Worker(address, nthreads=1, memory_limit=0, dashboard=False) for _ in range(n_workers)
        ]
        for first in range(0, n_workers, 25):
            await asyncio.gather(*map(stack.enter_async_context, workers[first : first + 25]))
        await asyncio.gather(*(worker.finished() for worker in workers))


def started(folder, n_workers, seconds):
    """Start the scheduler, and the processes of the workers; return them."""
    file = folder / "scheduler.json"
    command = [sys.executable, "-m", "dask", "scheduler", "--port", "0", "--host", "127.0.0.1"]
    environment = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "30 minutes"}
    quiet = {"stderr": subprocess.DEVNULL, "env": environment}
    processes = [subprocess.Popen([*command, "--no-dashboard", "--scheduler-file", str(file)], **quiet)]
    while not file.exists():
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    for first in range(0, n_workers, WORKERS_OF_A_PROCESS):
        n = min(WORKERS_OF_A_PROCESS, n_workers - first)
        held = [sys.executable, __file__, "--hold", address, str(n), str(seconds)]
        processes.append(subprocess.Popen(held, **quiet))
    return processes, address


class Watched:
    """CPU time of a process since then, and the peak of its memory."""

    def __init__(self, pid):
        self.process = psutil.Process(pid)
        self.before = self._cpu()
        self.began_at = self.peak = self.process.memory_info().rss

    def look(self):
        self.peak = max(self.peak, self.process.memory_info().rss)

    def cpu(self):
        return self._cpu() - self.before

    def _cpu(self):
        times = self.process.cpu_times()
        return times.user + times.system


def main(n_workers=1000, n_frames=1_000_000, seconds=1.0, n_bytes=2500):
    n_workers, n_frames, seconds, n_bytes = int(n_workers), int(n_frames), float(seconds), int(n_bytes)
    with tempfile.TemporaryDirectory() as temporary, dask.config.set(CONFIG):
        path = Path(temporary) / "a.mp4"
        processes, address = started(Path(temporary), n_workers, seconds)
        try:
            with Client(
                address, set_as_default=False, timeout=120, connection_limit=2 * n_workers
            ) as client:
                client.wait_for_workers(n_workers, timeout=600)
                sides = {"client": Watched(os.getpid()), "scheduler": Watched(processes[0].pid)}
                began = time.perf_counter()
                render = Noise(n_bytes).make_video(
                    path,
                    range(n_frames),
                    fps=30,
                    client=client,
                    video_preset="ultrafast",  # of the few segments that are encoded
                    encode_on="workers",
                    wait=False,
                )
                while not render.done():
                    for side in sides.values():
                        side.look()
                    time.sleep(LOOK_SECONDS)
                video, wall = render.result(), time.perf_counter() - began
                cpu = {name: side.cpu() for name, side in sides.items()}
        finally:
            for process in processes:
                process.kill()
                process.wait()
        with av.open(path) as container:
            n_packets = sum(packet.size > 0 for packet in container.demux(video=0))
    assert n_packets == n_frames, f"{n_packets} packets of {n_frames} frames"
    ideal = n_frames * seconds / n_workers
    n_partitions = video.stats.n_partitions
    of_frames = f"{n_frames} frames of {seconds} s and {video.stats.file_size / n_frames:.0f} bytes"
    print(f"{n_workers} workers, {of_frames}, {n_partitions} partitions\n")
    print(f"wall: {wall:.1f} s, {wall / ideal:.2f} times the ideal {ideal:.1f} s\n")
    print("| process | CPU, s | of the wall | µs a frame | µs a partition | memory, MiB | at its peak |")
    print("|---|---|---|---|---|---|---|")
    for name, side in sides.items():
        cells = [
            f"{cpu[name]:.1f}",
            f"{cpu[name] / wall:.2f}",
            f"{1e6 * cpu[name] / n_frames:.1f}",
            f"{1e6 * cpu[name] / n_partitions:.0f}",
            f"{side.began_at / 2**20:.0f}",
            f"{side.peak / 2**20:.0f}",
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    if "--hold" in sys.argv:
        dask.config.set(CONFIG)
        asyncio.run(hold(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
    else:
        main(*sys.argv[1:])
