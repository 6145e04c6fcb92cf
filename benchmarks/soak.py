"""Many renders on one cluster: does anything grow?

    python benchmarks/soak.py [n_renders] [picture.png]

A scheduler, two workers and this process, which renders, are processes of their own. After each render,
memory, open files and threads of each are taken, and tasks and plugins on the cluster. Dask's profiler,
which keeps what it has seen for an hour, is switched off, as it hides what stays longer. The renders
take turns: encoded by workers, by this process, kept in a store, in the background, and one that fails.
Prints the values after a fifth of the renders and after all of them, and draws all of them; in between
and at the end also memory after `malloc_trim`, without what the C library keeps of freed memory.
"""

import asyncio
import ctypes
import gc
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import psutil
from distributed import Client

from dask_animate import Animator
from dask_animate.errors import FrameError

N_FRAMES = 60
NAMES = ("client", "scheduler", "worker 1", "worker 2")
VALUES = ("memory [MiB]", "open files", "threads")


class Wave(Animator):
    def __init__(self, bad=-1):
        self.bad = bad

    def setup(self):
        fig, ax = plt.subplots()
        self.x = np.linspace(0, 10, 300)
        (self.line,) = ax.plot(self.x, np.sin(self.x))
        return fig

    def update(self, frame_idx, phase):
        if frame_idx == self.bad:
            raise ValueError("no data")
        self.line.set_ydata(np.sin(self.x + phase))


def render(number, client, folder):
    """Render in one of several ways, in turn."""
    params, file = np.linspace(0, 6, N_FRAMES), folder / "wave.mp4"
    way = number % 5
    if way == 0:
        Wave().make_video(file, params, 30, client=client, encode_on="workers")
    elif way == 1:
        Wave().make_video(file, params, 30, client=client, encode_on="client", partition_size=10)
    elif way == 2:
        Wave().make_video(file, params, 30, client=client, store=folder / "store.zarr", overwrite=True)
    elif way == 3:
        Wave().make_video(file, iter(params), 30, client=client, wait=False).result()
    else:
        try:
            Wave(bad=40).make_video(file, params, 30, client=client, partition_size=10)
        except FrameError:
            return
        raise AssertionError("it did not fail")


def start(folder):
    """Start a scheduler and two workers; return their processes."""
    file = folder / "scheduler.json"
    options = ["--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(file)]
    commands = [["scheduler", "--port", "0"], *[["worker", "--nthreads", "1", "--no-nanny"]] * 2]
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command, *options],
            stderr=subprocess.DEVNULL,
            env=os.environ | {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"},
        )
        for command in commands
    ]
    for _ in range(300):
        if file.exists():
            break
        time.sleep(0.1)
    return programs, file


def taken(process):
    with process.oneshot():
        return process.memory_info().rss / 2**20, process.num_fds(), process.num_threads()


def held(client):
    """Return the numbers of tasks on the scheduler, and of plugins of this library on the workers."""
    client.sync(asyncio.sleep, 0.05)  # messages are under way
    tasks = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
    plugins = client.run(
        lambda dask_worker: sum(name.startswith("dask_animate") for name in dask_worker.plugins)
    )
    return tasks, sum(plugins.values())


def trim():
    """Give freed memory back to the system, as far as its C library is GNU's."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def trimmed(client, processes):
    """Return the memory of all processes after they gave back what is free, in MiB."""
    trim()
    client.run_on_scheduler(trim)
    client.run(trim)
    return [taken(process)[0] for process in processes]


def soak(n_renders):
    """Render.

    Returns values (n_renders, processes, kinds), tasks and plugins (n_renders, 2), and trimmed memory
    after a fifth of the renders and after all of them (2, processes).
    """
    values, left, held_then = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        programs, file = start(folder)
        try:
            with Client(scheduler_file=str(file), set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
                pids = [os.getpid(), *(program.pid for program in programs)]
                processes = [psutil.Process(pid) for pid in pids]
                for number in range(n_renders):
                    render(number, client, folder)
                    gc.collect()
                    left.append(held(client))
                    values.append([taken(process) for process in processes])
                    if number + 1 in (n_renders // 5, n_renders):
                        held_then.append(trimmed(client, processes))
        finally:
            for program in programs:
                program.terminate()
                program.wait()
    return np.array(values), np.array(left), np.array(held_then)


def draw(values, path):
    """Draw the values of all processes over the renders."""
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    for kind, ax in enumerate(axes):
        for number, name in enumerate(NAMES):
            ax.plot(np.arange(1, len(values) + 1), values[:, number, kind], label=name)
        ax.set(title=VALUES[kind], xlabel="renders", ylim=(0, None))
    axes[0].legend()
    fig.savefig(path)


def main():
    n_renders = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    values, left, held_then = soak(n_renders)
    print(f"{n_renders} renders of {N_FRAMES} frames in {time.perf_counter() - began:.0f} s")
    early = n_renders // 5 - 1
    print(f"\n| process | {' | '.join(VALUES)} | memory, trimmed |\n|---|{'---|' * len(VALUES)}---|")
    for number, name in enumerate(NAMES):
        cells = [
            f"{values[early, number, kind]:.0f} → {values[-1, number, kind]:.0f}"
            for kind in range(len(VALUES))
        ]
        cells.append(" → ".join(f"{value:.0f}" for value in held_then[:, number]))
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\nleft on the cluster, at most: {left[:, 0].max()} tasks, {left[:, 1].max()} plugins")
    if len(sys.argv) > 2:
        draw(values, sys.argv[2])


if __name__ == "__main__":
    main()
