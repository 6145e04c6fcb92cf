"""What a machine gives to so many processes, and what a render makes of it.

    python benchmarks/cores.py [RUNS] [FRAMES of each process] [PROCESSES ...]

The wave of `scaling.py`, 640x480. "loops" are processes that know nothing of each other: each draws
incrementally without comparing, converts and encodes with one thread. "workers" are as many workers of
one cluster, which has made a video before, that render as many frames as all loops. What one loop gives
times the number of processes is ideal for the loops, and what one worker gives is for the workers; what
the loops lose, they lose to the machine. The second table says what the time of a worker went into.
"""

import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click
from distributed import Client, LocalCluster
from plain_loop import incremental
from scaling import Wave, phases

PHASES = ("update", "draw", "compare", "convert", "encode")
WAVE = Wave((6.4, 4.8))


def loops(n_processes, n_frames, folder):
    """Return the frames per second of all loops together."""
    context = get_context("spawn")
    together = context.Barrier(n_processes)
    paths = [str(folder / f"{idx}.mp4") for idx in range(n_processes)]
    with ProcessPoolExecutor(n_processes, context, wait_for, [together]) as pool:
        seconds = list(pool.map(loop, [n_frames] * n_processes, paths))
    return n_processes * n_frames / max(seconds)


def wait_for(together):
    """Give this process the barrier at which the loops wait for each other."""
    global barrier
    barrier = together


def loop(n_frames, path):
    """Return the seconds of a loop, which starts with all others once everything is imported."""
    incremental(WAVE, phases(60), path)
    barrier.wait()
    start = time.perf_counter()
    incremental(WAVE, phases(n_frames), path)
    return time.perf_counter() - start


def workers(n_processes, n_frames, folder):
    """Return the frames per second of a render by so many workers, and its statistics."""
    path = folder / "a.mp4"
    cluster = LocalCluster(n_workers=n_processes, threads_per_worker=1, dashboard_address=":0")
    with cluster, Client(cluster, set_as_default=False) as client:
        WAVE.make_video(path, phases(60 * n_processes), 30, client=client)
        stats = WAVE.make_video(path, phases(n_processes * n_frames), 30, client=client).stats
    return stats.frames_per_second, stats


def spent(stats, n_processes):
    """Return milliseconds a frame of a worker's time, by what it went into; "idle" is the rest."""
    seconds = Counter()
    for partition in stats.partitions:
        for name, phase_seconds in partition.phases.items():
            seconds[name if name in PHASES else "other"] += phase_seconds
    seconds["idle"] = stats.wall_seconds * n_processes - seconds.total()
    return {name: 1000 * seconds[name] / stats.n_frames_rendered for name in (*PHASES, "other", "idle")}


@click.command(help=__doc__.partition("\n")[0])
@click.argument("runs", type=click.IntRange(1), default=3)
@click.argument("n_frames", metavar="[FRAMES]", type=click.IntRange(1), default=1500)
@click.argument("numbers", metavar="[PROCESSES]...", type=click.IntRange(1), nargs=-1)
def main(runs, n_frames, numbers):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ending all processes
    numbers = numbers or (1, 2)
    rates, costs = {one: ([], []) for one in numbers}, {one: [] for one in numbers}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            for n_processes in numbers:
                rates[n_processes][0].append(loops(n_processes, n_frames, Path(folder)))
                rate, stats = workers(n_processes, n_frames, Path(folder))
                rates[n_processes][1].append(rate)
                costs[n_processes].append(spent(stats, n_processes))
    print("| processes | loops, frames/s | of ideal | workers, frames/s | of ideal | workers / loops |")
    print("|---|---|---|---|---|---|")
    one_loop, one_worker = (statistics.median(one) / numbers[0] for one in rates[numbers[0]])
    for n_processes, (loop, worker) in rates.items():
        shares = [
            statistics.median(loop) / n_processes / one_loop,
            statistics.median(worker) / n_processes / one_worker,
            statistics.median(a / b for a, b in zip(worker, loop, strict=True)),
        ]
        cells = [shown(loop), f"{shares[0]:.2f}", shown(worker), f"{shares[1]:.2f}", f"{shares[2]:.2f}"]
        print("|", " | ".join([str(n_processes), *cells]), "|")
    print()
    print("| workers |", " | ".join(costs[numbers[0]][0]), "|")
    print("|---" * (1 + len(costs[numbers[0]][0])), "|", sep="")
    for n_processes, runs_of in costs.items():
        medians = [statistics.median(one[name] for one in runs_of) for name in runs_of[0]]
        print("|", " | ".join([str(n_processes), *(f"{one:.2f}" for one in medians)]), "|")


def shown(rates):
    return f"{statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f})"


if __name__ == "__main__":
    main()
