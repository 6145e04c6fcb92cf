"""Faults that happen at a given frame of a render: what happens, and to whom, is data.

An `InjectedFrames` animator lets a fault happen in the process that draws its frame, or tells the
process that watches, whose `Outside` does what no worker can do to itself. Each fault happens once,
whoever draws its frame how often.
"""

import contextlib
import os
import random
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import distributed.metrics
import psutil
from distributed import Client
from helpers import FrameNumber

from dask_animate.errors import (
    FrameError,
    OutputError,
    StoreError,
    WorkerError,
)

#: Seconds without a worker after which the cluster gets new ones, as its owner would give it.
LOST_SECONDS = 15
#: Workers of the cluster, of which a `LocalCluster` forgets those that die while they retire.
N_WORKERS = 2
#: What fills a disk.
BALLAST = "ballast"


def renew(client):
    """Give a `LocalCluster` new workers, in place of all that it has and of those it has lost."""
    cluster = client.cluster
    cluster.scale(0)
    end = time.monotonic() + 30
    while cluster.workers and time.monotonic() < end:  # or new ones get the names of lost ones
        time.sleep(0.05)
    cluster.scale(N_WORKERS)


@dataclass(frozen=True)
class Fault:
    """What happens when a frame is drawn.

    Attributes
    ----------
    kind : str
        A key of `INSIDE` or `OUTSIDE`.
    frame_idx : int
        The frame.
    seconds : float
        How long it lasts, if it lasts.
    """

    kind: str
    frame_idx: int
    seconds: float = 0.0


# -- in the process that draws -----------------------------------------------------------------------


def _kill(fault):
    os.kill(os.getpid(), signal.SIGKILL)


def _stop(fault):
    """Stop the process, and let another one continue it."""
    if os.fork() == 0:
        time.sleep(fault.seconds)
        os.kill(os.getppid(), signal.SIGCONT)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)


def _delay(fault):
    time.sleep(fault.seconds)


def _fail(fault):
    raise ConnectionResetError("the disk of the network is away")


def _skew(fault):
    """Set the clock forward that this process reads, and so does Dask.

    If it is set back, `distributed.batched` sends nothing until it is where it was.
    """
    now, monotonic = time.time, distributed.metrics.time

    def later():
        return now() + fault.seconds

    def later_for_dask():
        return monotonic() + fault.seconds

    time.time = later
    for name, module in list(sys.modules.items()):
        if name.startswith("distributed.") and vars(module).get("time") is monotonic:
            vars(module)["time"] = later_for_dask


def _pause(fault):
    """Let the worker's memory seem too full for more tasks, for a while."""
    from distributed import get_worker

    with contextlib.suppress(ValueError):  # not on a worker
        manager = get_worker().memory_manager
        former, manager.memory_pause_fraction = manager.memory_pause_fraction, 1e-9

        def go_on():
            manager.memory_pause_fraction = former

        timer = threading.Timer(fault.seconds, go_on)
        timer.daemon = True
        timer.start()


def _cut(fault):
    """Let the worker lose its connection to the scheduler, as by a network that fails."""
    from distributed import get_worker

    with contextlib.suppress(ValueError):  # not on a worker
        worker = get_worker()
        worker.loop.add_callback(worker.batched_stream.comm.abort)


INSIDE = {
    "kill": _kill,
    "stop": _stop,
    "delay": _delay,
    "fail": _fail,
    "skew": _skew,
    "pause": _pause,
    "cut": _cut,
}

# -- from outside ------------------------------------------------------------------------------------


class Outside(threading.Thread):
    """Waits for frames to be drawn, and lets faults happen that come from outside; mends disks.

    Parameters
    ----------
    faults : sequence of Fault
        Those of kinds in `OUTSIDE`.
    directory : Path
        Where `InjectedFrames` leaves its marks.
    client : Client or None
        Of the cluster that draws.
    store, output : Path
        Of the render.
    disk : Path
        On which both are. It fills only if it is a small file system of its own.

    Attributes
    ----------
    main : int
        Identifies the thread that an interrupt is sent to.
    failures : list of str
        What could not happen.
    """

    def __init__(self, faults, directory, client, store, output, disk):
        super().__init__(daemon=True)
        self.faults = list(faults)
        self.directory = directory
        self.client = client
        self.store = store
        self.output = output
        self.disk = disk
        self.main = threading.get_ident()
        self.failures = []
        self._is_over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info):
        self._is_over.set()
        self.join()
        (self.disk / BALLAST).unlink(missing_ok=True)

    def run(self):
        waiting = {mark_of(self.directory, fault): fault for fault in self.faults}
        seen = looked = time.monotonic()
        while not self._is_over.wait(0.005):
            if self.client is not None and time.monotonic() - looked > 1:
                looked = time.monotonic()
                seen = looked if self.client.nthreads() else seen
            if looked - seen > LOST_SECONDS:
                renew(self.client)
                seen = looked
            for mark in [mark for mark in waiting if mark.exists()]:
                fault = waiting.pop(mark)
                try:
                    OUTSIDE[fault.kind](self, fault)
                except Exception as exc:
                    self.failures.append(f"{fault.kind} could not happen: {exc!r}")

    def workers(self):
        """Return the processes of the workers, the nannies of which are in this one."""
        nannies = self.client.cluster.workers.values()
        pids = [nanny.process.pid for nanny in nannies if nanny.process is not None]
        return [psutil.Process(pid) for pid in pids if pid is not None and psutil.pid_exists(pid)]


def _kill_all(outside, fault):
    for process in outside.workers():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _restart(outside, fault):
    with Client(outside.client.scheduler.address, set_as_default=False) as other:
        other.restart(wait_for_workers=False)


def _retire(outside, fault):
    """Let a worker hand on what it holds and end, and another one come."""
    cluster = outside.client.cluster
    cluster.scale(N_WORKERS - 1)
    time.sleep(fault.seconds)
    cluster.scale(N_WORKERS)


def _interrupt(outside, fault):
    signal.pthread_kill(outside.main, signal.SIGINT)


def _lose_output(outside, fault):
    shutil.rmtree(outside.output.parent, ignore_errors=True)


def _corrupt(outside, fault):
    """Write something else into a file of the store, if there is one, as a disk may do."""
    chunks = sorted(outside.store.glob("frames/c.*.0.0.0"))
    if chunks:
        chunk = random.Random(fault.frame_idx).choice(chunks)
        data = bytearray(chunk.read_bytes())
        data[len(data) // 2 :] = os.urandom(len(data) - len(data) // 2)
        chunk.write_bytes(data)
        (outside.directory / "corrupted").touch()


def _fill(outside, fault):
    """Leave no space on the disk, for as long as the render goes on."""
    if outside.disk.is_mount():
        with (outside.disk / BALLAST).open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass


OUTSIDE = {
    "kill all": _kill_all,
    "restart": _restart,
    "retire": _retire,
    "interrupt": _interrupt,
    "lose output": _lose_output,
    "corrupt": _corrupt,
    "fill": _fill,
}

#: The errors in which a fault may end a render, with reason; none if the render has to succeed.
ENDS_IN = {
    "kill": (),
    "stop": (),
    "delay": (),
    "fail": (FrameError,),
    "skew": (),
    "pause": (),
    "cut": (),
    "kill all": (),
    "restart": (),
    "retire": (),
    "interrupt": (KeyboardInterrupt,),
    "lose output": (OutputError,),
    "corrupt": (StoreError, WorkerError),
    "fill": (OutputError, StoreError),
}


def mark_of(directory, fault):
    """Return the file that says that a fault has happened, or is to happen."""
    return Path(directory) / f"{fault.kind} {fault.frame_idx}".replace(" ", "-")


class InjectedFrames(FrameNumber):
    """Frame numbers, with faults.

    Parameters
    ----------
    directory : Path
        Empty, for marks of faults that have happened.
    faults : sequence of Fault
        What happens when, at most one for each frame and kind.
    """

    def __init__(self, directory, faults):
        super().__init__()
        self.directory = directory
        self.faults = tuple(faults)

    def update(self, frame_idx, params):
        for fault in self.faults:
            if fault.frame_idx == frame_idx and self._is_first(fault):
                if fault.kind in INSIDE:
                    INSIDE[fault.kind](fault)
                else:
                    time.sleep(0.05)  # so that what happens outside happens now
        super().update(frame_idx, params)

    def _is_first(self, fault):
        try:
            mark_of(self.directory, fault).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True
