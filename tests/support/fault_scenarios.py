"""Renders with faults, made of seeds: what is rendered, where, and what goes wrong meanwhile.

`Scenario.of(seed)` is the same scenario each time, and `carry_out` says what came of it: every frame of
every video is compared, and every error, file and task that stays is looked at.
"""

import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import dask
import dask.array as da
import dask.bag as db
import numpy as np
from fault_injection import (
    ENDS_IN,
    INSIDE,
    LOST_SECONDS,
    N_WORKERS,
    OUTSIDE,
    Fault,
    InjectedFrames,
    Outside,
    mark_of,
    renew,
)
from helpers import SUPPORT, FrameNumber, decode, path_first, read_numbers

from dask_animate.errors import FrameError

#: How parameters are given, by name.
PARAMS = {
    "range": lambda n, size: range(5, 5 + 3 * n, 3),
    "list": lambda n, size: list(range(5, 5 + 3 * n, 3)),
    "numpy": lambda n, size: np.arange(5, 5 + 3 * n, 3),
    "generator": lambda n, size: iter(range(5, 5 + 3 * n, 3)),
    "array": lambda n, size: da.arange(5, 5 + 3 * n, 3, chunks=size),
    "delayed": lambda n, size: [dask.delayed(i) for i in range(5, 5 + 3 * n, 3)],
    "bag": lambda n, size: db.from_sequence(range(5, 5 + 3 * n, 3), partition_size=size),
}
#: Codecs, by the suffixes of files.
FORMATS = {".mkv": "ffv1", ".mp4": "h264", ".gif": "gif", ".webm": "vp9"}
#: Who draws: workers of a client, workers and the process of the call, that process, or another one.
PLACES = ("client", "client", "client", "own", "here", "script")
#: What may happen to whom. Where the process of the call draws, it must not end.
KINDS = {
    "client": (*INSIDE, *OUTSIDE),
    "own": ("delay", "fail", "interrupt", "lose output", "corrupt", "fill"),
    "here": ("delay", "fail", "interrupt", "lose output", "corrupt", "fill"),
    "script": ("kill", "stop", "delay", "fail"),
}


def _seconds(kind, rng):
    """Return how long a fault lasts, or how far it sets a clock."""
    share = round(rng.uniform(0.1, 1.0), 2)
    return 3600 * share if kind == "skew" else share


@dataclass(frozen=True)
class Scenario:
    """A render and its faults.

    Attributes
    ----------
    seed : int
        What it was made of.
    place, params, suffix : str
        Elements of `PLACES`, `PARAMS`, `FORMATS`.
    n_frames, size : int
        Number of frames, and of those of a partition.
    encode_on, on_error : str
    retries : int
    has_store, keeps_partial, is_there : bool
        Whether frames are kept, whether a file of what is done is, and whether there is a video before.
    faults : tuple of Fault
    """

    seed: int
    place: str
    params: str
    suffix: str
    n_frames: int
    size: int
    encode_on: str
    on_error: str
    retries: int
    has_store: bool
    keeps_partial: bool
    is_there: bool
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, seed, places=PLACES):
        """Return the scenario of a seed."""
        rng = random.Random(seed)
        place = rng.choice(places)
        n_frames = rng.randint(20, 160)
        suffix = rng.choice([".mkv", ".mkv", ".mp4", ".mp4", ".webm", ".gif"])
        params = rng.choice(list(PARAMS))
        encode_on = "auto" if suffix == ".gif" else rng.choice(["auto", "client", "workers"])
        has_store = rng.random() < 0.5 and params not in ("delayed", "bag")
        kinds = [kind for kind in KINDS[place] if kind != "corrupt" or has_store]
        faults = {
            (kind := rng.choice(kinds), frame_idx := rng.randrange(n_frames)): Fault(
                kind, frame_idx, _seconds(kind, rng)
            )
            for _ in range(rng.randint(1, 5))
        }
        return cls(
            seed=seed,
            place=place,
            params=params,
            suffix=suffix,
            n_frames=n_frames,
            size=rng.randint(4, 30),
            encode_on=encode_on,
            on_error=rng.choice(["raise", "raise", "skip"]),
            retries=rng.choice([0, 2]),
            has_store=has_store,
            keeps_partial=rng.random() < 0.3 and suffix != ".gif",
            is_there=rng.random() < 0.5,
            faults=tuple(faults.values()),
        )

    def may_end_in(self):
        """Return the errors in which the render may end."""
        kinds = {fault.kind for fault in self.faults}
        if self.retries or self.on_error == "skip":
            kinds.discard("fail")
        return tuple({error for kind in kinds for error in ENDS_IN[kind]})

    def make_video(self, folder, client):
        """Render; return the video."""
        animator = InjectedFrames(folder / "marks", self.faults)
        disk = folder / "disk"
        options = {"partition_size": self.size} if self.params not in ("array", "bag") else {}
        if self.has_store:
            options["store"] = disk / "store.zarr"
        if self.place == "client":
            options["client"] = client
        else:
            options["num_workers"] = -1 if self.place == "own" else 1
        return animator.make_video(
            disk / "out" / f"a{self.suffix}",
            PARAMS[self.params](self.n_frames, self.size),
            25,
            codec=FORMATS[self.suffix],
            encode_on=self.encode_on,
            on_error=self.on_error,
            retries=self.retries,
            keep_partial=self.keeps_partial,
            disable_progress_bar=True,
            **options,
        )


@dataclass
class Outcome:
    """What came of a scenario.

    Attributes
    ----------
    scenario : Scenario
    ended_in : str
        The error of the render with faults, "" if it has succeeded, "died" if its process was killed.
    wrong : list of str
        What must not be, in words.
    n_faults, n_renders, n_compared : int
        How many faults have happened, how many renders have ended, and how many frames were compared.
    seconds : float
    """

    scenario: Scenario
    ended_in: str = ""
    wrong: list[str] = field(default_factory=list)
    n_faults: int = 0
    n_renders: int = 0
    n_compared: int = 0
    seconds: float = 0.0


def carry_out(scenario, folder, client):
    """Render with faults, and again without; return what came of it.

    Parameters
    ----------
    scenario : Scenario
    folder : Path
        Empty.
    client : Client
        Of a `LocalCluster`, for scenarios whose place is "client".
    """
    if scenario.place == "client":
        _all_workers(client)
    began = time.perf_counter()
    outcome = Outcome(scenario)
    for name in ("marks", "disk", "temporary"):
        (folder / name).mkdir()
    output = folder / "disk" / "out" / f"a{scenario.suffix}"
    is_small = any(fault.kind == "fill" for fault in scenario.faults)
    with (
        _small_disk(folder / "disk", is_small),
        _temporary_files_in(folder / "temporary"),
        _ctrl_c(),
    ):
        output.parent.mkdir()
        if scenario.is_there:
            output.write_bytes(b"before")
        _with_faults(scenario, folder, output, client, outcome)
        outcome.n_faults = sum(mark_of(folder / "marks", fault).exists() for fault in scenario.faults)
        if outcome.ended_in != "died":  # the next render takes away what a killed one left
            _check_leftovers(folder, output, client, outcome)
        if not outcome.wrong:
            _again(scenario, folder, output, client, outcome)
            _check_leftovers(folder, output, client, outcome)
    outcome.seconds = time.perf_counter() - began
    return outcome


def _all_workers(client):
    """Wait for the workers that begin again after a scenario; those that do not are replaced."""
    client.cluster.scale(N_WORKERS)
    try:
        client.wait_for_workers(N_WORKERS, timeout=LOST_SECONDS)
    except TimeoutError:
        renew(client)
        client.wait_for_workers(N_WORKERS, timeout=60)


def _with_faults(scenario, folder, output, client, outcome):
    outside = [fault for fault in scenario.faults if fault.kind in OUTSIDE]
    video = None
    try:
        if scenario.place == "script":
            video = _in_a_script(scenario, folder)
        else:
            with _watching(outside, folder, output, client) as watching:
                video = scenario.make_video(folder, client)
            outcome.wrong.extend(watching.failures)
    except _DiedError:
        outcome.ended_in = "died"
    except (Exception, KeyboardInterrupt) as exc:
        outcome.ended_in = "" if video is not None else type(exc).__name__  # after the render
        if not isinstance(exc, scenario.may_end_in()):
            outcome.wrong.append(f"ended in {type(exc).__name__}: {exc}")
        elif isinstance(exc, FrameError) and "disk of the network" not in str(exc):
            outcome.wrong.append(f"names another cause: {exc}")
    outcome.n_renders += 1
    if video is not None:
        failing = {fault.frame_idx for fault in scenario.faults if fault.kind == "fail"}
        skipped = {frame.frame_idx for frame in video.skipped}
        if not skipped <= failing:
            outcome.wrong.append(f"skipped {skipped - failing}, which did not fail")
        _compare(scenario, output, outcome, skipped)
    elif outcome.ended_in != "died":
        _check_before(scenario, output, outcome)


def _watching(faults, folder, output, client):
    disk = folder / "disk"
    return Outside(faults, folder / "marks", client, disk / "store.zarr", output, disk)


def _again(scenario, folder, output, client, outcome):
    """The faults have happened: the same call has to succeed now."""
    output.parent.mkdir(exist_ok=True)
    for fault in scenario.faults:  # those that the render did not come to
        mark_of(folder / "marks", fault).touch()
    try:
        with _watching([], folder, output, client):
            scenario.make_video(folder, client)
    except Exception as exc:
        outcome.wrong.append(f"again ended in {type(exc).__name__}: {exc}")
        return
    outcome.n_renders += 1
    _compare(scenario, output, outcome)


class _DiedError(Exception):
    """The process of the render was killed."""


def _in_a_script(scenario, folder):
    """Render in a process of its own."""
    code = (
        "import pickle, sys\n"
        "from pathlib import Path\n"
        "from fault_scenarios import Scenario\n"
        "scenario = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "try:\n"
        "    came = scenario.make_video(Path(sys.argv[2]), None)\n"
        "except Exception as exc:\n"
        "    came = exc\n"
        "Path(sys.argv[2], 'came').write_bytes(pickle.dumps(came))\n"
    )
    arguments = [pickle.dumps(scenario).hex(), os.fspath(folder)]
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": path_first(SUPPORT), "TMPDIR": os.fspath(folder / "temporary")},
        timeout=120,
        check=False,
        stderr=subprocess.DEVNULL,
    )
    if not (folder / "came").exists():
        raise _DiedError
    came = pickle.loads((folder / "came").read_bytes())
    if isinstance(came, Exception):
        raise came
    return came


def _compare(scenario, output, outcome, skipped=()):
    expected = [(i, int(value)) for i, value in enumerate(range(5, 5 + 3 * scenario.n_frames, 3))]
    for idx in sorted(skipped):
        expected[idx] = expected[idx - 1] if idx else None  # the first one is a placeholder
    shown = decode(output, 25)
    if len(shown) != len(expected):
        outcome.wrong.append(f"{len(shown)} frames in place of {len(expected)}")
    for idx, (frame, numbers) in enumerate(zip(shown, expected, strict=False)):
        if numbers is not None and read_numbers(frame) != numbers:
            outcome.wrong.append(f"frame {idx} shows {read_numbers(frame)}, not {numbers}")
        if numbers is not None and output.suffix == ".mkv":
            drawn = FrameNumber().frame(numbers[1], numbers[0])
            if not np.array_equal(frame, drawn):
                outcome.wrong.append(f"pixels of frame {idx} differ")
    outcome.n_compared += len(shown)


def _check_before(scenario, output, outcome):
    """After an error, the output is what it was before; or the whole video, if Ctrl-C came too late."""
    is_new = output.exists() and output.read_bytes() != b"before"
    if is_new and outcome.ended_in == "KeyboardInterrupt":
        _compare(scenario, output, outcome)
        return
    lost = any(fault.kind == "lose output" for fault in scenario.faults)
    if scenario.is_there and not lost and (not output.exists() or output.read_bytes() != b"before"):
        outcome.wrong.append("the file that was there is gone")
    if not scenario.is_there and output.exists():
        outcome.wrong.append("there is a file after an error")


def _check_leftovers(folder, output, client, outcome):
    out = output.parent
    partial = output.with_name(f"a.partial{output.suffix}")
    allowed = {output, *([partial] if outcome.scenario.keeps_partial else [])}
    if out.exists() and (left := {*out.iterdir()} - allowed):
        outcome.wrong.append(f"files are left: {sorted(path.name for path in left)}")
    if outcome.ended_in != "died" and (names := _in_the_end(lambda: _temporary_names(folder))):
        outcome.wrong.append(f"temporary files are left: {names}")
    if outcome.scenario.place == "client" and (tasks := _in_the_end(lambda: _left_on(client))):
        outcome.wrong.append(f"left on the cluster: {tasks}")


def _in_the_end(left, seconds=30):
    """Return what is left after a while, as clusters end and tasks are released in the background."""
    end = time.monotonic() + seconds
    while (found := left()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _temporary_names(folder):
    return {*os.listdir(folder / "temporary")} - {"dask-scratch-space"}  # of workers that joined


def _left_on(client):
    """Return keys of tasks and names of plugins on a cluster."""
    tasks = client.run_on_scheduler(lambda dask_scheduler: [*map(str, dask_scheduler.tasks)])
    try:
        plugins = client.run(lambda dask_worker: [*dask_worker.plugins])
    except OSError:  # a worker is gone, and another one comes
        return ["workers"]
    names = {name for found in plugins.values() for name in found if name.startswith("dask_animate")}
    return [*tasks, *sorted(names)]


@contextmanager
def _ctrl_c():
    """Let SIGINT raise KeyboardInterrupt, also in a background job of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _small_disk(folder, is_small):
    """Let a directory be a file system of 24 MiB, where that is permitted."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", os.fspath(folder)]
    mounted = is_small and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "-l", os.fspath(folder)], check=True)


@contextmanager
def _temporary_files_in(folder):
    before, tempfile.tempdir = tempfile.tempdir, os.fspath(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
