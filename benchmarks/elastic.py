"""Many workers, fixed and adaptive, whose time for a frame is simulated on a machine of few cores.

    python benchmarks/elastic.py [most_workers] [n_frames] [ms ...]

Each worker has one thread, and sleeps for the time that drawing and encoding would take: some
milliseconds a frame, and 20 ms a partition for the comparison with a full draw. It returns packets that
were really encoded, and all else is real: scheduler, tasks, results over TCP, muxing. The workers are
threads of one process. The first table has the efficiency, which is frames times seconds a frame over
workers times wall time, and the CPU time of the process that asks for the video. The second says how
many seconds after the call the workers of an adaptive cluster had joined, which looks for work each
second. There the client knows the cluster object, or an address only.
"""

import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from distributed import Client, LocalCluster, get_worker
from scaling import Wave, phases

from dask_animate.diagnostics import PartitionReport
from dask_animate.drawing.options import DrawOptions
from dask_animate.encoding import Segment
from dask_animate.execution import tasks
from dask_animate.rendering import TaskOutput
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec

SIZE = (6.4, 4.8)
COMPARE_SECONDS = 0.02
GOP = 24


def simulate(frame_seconds):
    """Let the tasks of this process sleep, and return packets made once."""

    @cache
    def gop(task, n_frames):
        renderer = Renderer(FigureSpec(Wave(SIZE), DrawOptions(), {}))
        segment = renderer.render(task, 0, enumerate(phases(n_frames))).payload
        renderer.close()
        return segment

    @cache
    def packets(task, n_frames):
        made = []
        for start in range(0, n_frames, GOP):
            part = gop(task, min(GOP, n_frames - start)).packets
            made += [packet._replace(rank=packet.rank + start) for packet in part]
        return made

    lock = threading.Lock()

    def render(name, start, indexed, n_frames, task, param_bytes=0):
        begun = time.perf_counter()
        with lock:
            made, first = packets(task, n_frames), gop(task, min(GOP, n_frames))
        seconds = COMPARE_SECONDS + n_frames * frame_seconds
        time.sleep(max(0, begun + seconds - time.perf_counter()))
        report = PartitionReport(n_frames, seconds, compare_seconds=COMPARE_SECONDS, n_compared=1)
        report = replace(report, worker=get_worker().address)
        return TaskOutput(Segment(start, n_frames, first.header, made, first.build), report)

    tasks._render = render


def cluster_of(n_workers):
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        memory_limit="2 GiB",
        dashboard_address=None,
    )


def serve(n_workers, maximum, frame_seconds):
    """Hold a cluster until standard input ends."""
    simulate(float(frame_seconds))
    with cluster_of(int(n_workers)) as cluster:
        if int(maximum):
            cluster.adapt(minimum=0, maximum=int(maximum))
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()


@contextmanager
def client_of_another_process(n_workers, maximum, frame_seconds):
    command = [sys.executable, __file__, "serve", *map(str, (n_workers, maximum, frame_seconds))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        with Client(process.stdout.readline().strip(), set_as_default=False) as client:
            yield client
        process.stdin.close()


@contextmanager
def client_with_cluster(n_workers, maximum, frame_seconds):
    simulate(frame_seconds)
    with cluster_of(n_workers) as cluster, Client(cluster, set_as_default=False) as client:
        cluster.adapt(minimum=0, maximum=maximum)
        yield client


def warm_up(client):
    """Import what is needed, and make packets of every length."""
    lengths = range(1, GOP + 1)
    render(client, sum(lengths), partition_size=lengths, encode_on="workers")


def render(client, n_frames, **options):
    """Return wall seconds, CPU seconds of this process, and what was counted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        cpu, wall = time.process_time(), time.perf_counter()
        video = Wave(SIZE).make_video(path, phases(n_frames), 30, client=client, **options)
        return time.perf_counter() - wall, time.process_time() - cpu, video.stats


def fixed(counts, n_frames, frame_seconds):
    for n_workers in counts:
        with client_of_another_process(n_workers, 0, frame_seconds) as client:
            warm_up(client)
            wall, cpu, stats = render(client, n_frames)
            efficiency = n_frames * frame_seconds / n_workers / wall
            sizes = stats.partition_sizes
            print(
                f"| {1000 * frame_seconds:.0f} ms | {n_workers} | {wall:.2f} s | {efficiency:.2f} "
                f"| {len(sizes)}, {min(sizes)} to {max(sizes)} | {1e6 * cpu / n_frames:.0f} |",
                flush=True,
            )


class Joins:
    """Notes when there were so many workers for the first time, in a thread of its own."""

    def __init__(self, client):
        self.seconds = []
        self._client, self._begun, self._ends = client, time.perf_counter(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ends.wait(0.05):
            n_workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
            passed = time.perf_counter() - self._begun
            self.seconds += [passed] * (n_workers - len(self.seconds))

    def close(self):
        self._ends.set()
        self._thread.join()


def adaptive(maximum, n_frames, frame_seconds):
    for known, make in (("cluster", client_with_cluster), ("address", client_of_another_process)):
        with make(0, maximum, frame_seconds) as client:
            joins = Joins(client)
            wall, _, stats = render(client, n_frames)
            joins.close()
            after = [f"{joins.seconds[n - 1]:.1f}" for n in (1, 2, 4, 8, 16) if n <= len(joins.seconds)]
            sizes = stats.partition_sizes
            print(
                f"| {1000 * frame_seconds:.0f} ms | {known} | {wall:.2f} s | {len(joins.seconds)} "
                f"| {', '.join(after)} | {len(sizes)}, {min(sizes)} to {max(sizes)} |",
                flush=True,
            )


def main(most_workers=16, n_frames=3000, *milliseconds):
    times = [ms / 1000 for ms in milliseconds or (6, 30)]
    counts = [n for n in (1, 2, 4, 8, 16, 32) if n <= most_workers]
    print("| a frame | workers | wall | efficiency | partitions | client's CPU, µs a frame |")
    print("|---|---|---|---|---|---|")
    for seconds in times:
        fixed(counts, n_frames, seconds)
    print("\n| a frame | client knows | wall | joined | 1, 2, 4, 8, 16 workers after | partitions |")
    print("|---|---|---|---|---|---|")
    for seconds in times:
        adaptive(most_workers, n_frames, seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:])
    else:
        main(*map(int, sys.argv[1:]))
