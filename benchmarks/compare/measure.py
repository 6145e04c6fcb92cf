"""One run of a script in a new interpreter: seconds, CPU, memory and disk of all its processes."""

import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

#: Seconds between two looks at memory and disk; they take this share of a core at most.
INTERVAL, SHARE = 0.1, 0.04


@dataclass(frozen=True)
class Run:
    """What a run took, and what it said if it failed; sizes in bytes, times in seconds.

    `phases` is what the script wrote to phases.json, if it did.
    """

    seconds: float
    cpu_seconds: float
    peak_memory: int
    peak_disk: int
    error: str | None
    phases: dict[str, float]


class Stopped(RuntimeError):
    """A script was ended as nobody waits for it any more."""


class Watch:
    """Looks at a process, its descendants and its folder until it is told to stop.

    It ends them when `stopped` is set.
    """

    def __init__(self, pid, folder, stopped):
        self.root = psutil.Process(pid)
        self.folder = folder
        self.stopped = stopped
        self.cpu = {}
        self.peak_memory = self.peak_disk = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        pause = INTERVAL
        while not self.done.wait(pause):
            if self.stopped.is_set():
                end(self.root.pid)
            start = time.perf_counter()
            self.look()
            pause = max(INTERVAL, (time.perf_counter() - start) / SHARE)

    def look(self):
        try:
            processes = [self.root, *self.root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        memory = 0
        for process in processes:
            try:
                memory += proportional(process)
                times = process.cpu_times()
                self.cpu[process.pid, process.create_time()] = times.user + times.system
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        self.peak_memory = max(self.peak_memory, memory)
        self.peak_disk = max(self.peak_disk, used(self.folder))

    def stop(self):
        self.done.set()
        self.thread.join()


def proportional(process):
    """Return the memory of a process, pages that it shares divided among those that share them."""
    info = process.memory_full_info()
    return getattr(info, "pss", info.rss)


def used(folder):
    """Return the bytes on disk of all files in a folder."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def run(
    python: Path,
    script: str,
    folder: Path,
    timeout: float,
    env: dict[str, str],
    session: str | None = None,
    warm_up: str | None = None,
    stopped: threading.Event | None = None,
) -> Run:
    """Run a script in a folder, with its temporary files below it, and end all that it leaves behind.

    A session runs the script itself, after a shorter one, and writes the seconds that count.

    CPU time is that of the process and all descendants that were waited for, or, if it is more, the sum
    of what each process was last seen to have used.

    Raises
    ------
    Stopped
        `stopped` was set, and the script ended for that.
    """
    stopped = stopped or threading.Event()
    for name in ("out", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "script.py").write_text(script)
    if session:
        (folder / "session.py").write_text(session)
        (folder / "warm_up.py").write_text(warm_up)
    env = {**os.environ, **env, "TMPDIR": str(folder / "tmp"), "MPLBACKEND": "agg"}
    with open(folder / "stderr", "wb") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(
            [python, "session.py" if session else "script.py"],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        watch = Watch(process.pid, folder, stopped)
        timer = threading.Timer(timeout, end, [process.pid])
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        timer.cancel()
        watch.stop()
        end(process.pid)
    process.returncode = os.waitstatus_to_exitcode(status)
    if stopped.is_set():
        raise Stopped
    cpu = max(usage.ru_utime + usage.ru_stime, sum(watch.cpu.values()))
    error = None
    if process.returncode:
        error = (
            f"no end after {timeout:.0f} s" if seconds >= timeout else (folder / "stderr").read_text()
        )
    elif session:
        seconds = float((folder / "seconds").read_text())
    told = folder / "phases.json"
    phases = json.loads(told.read_text()) if told.exists() else {}
    return Run(seconds, cpu, watch.peak_memory, watch.peak_disk, error, phases)


def end(group):
    """Kill the processes of a group, if there are any left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
