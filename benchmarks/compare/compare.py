"""All of it: environments, references, runs by turns, and what came out."""

import os
import platform
import queue
import random
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import psutil

from . import environments, measure, verify
from .tools import COMMON, Tool, is_script, reference
from .workloads import FIELD, Workload, slug

TIMEOUT = 300.0
#: A tool whose first run takes this many times as long as the fastest one is not run again.
FAR = 4.0
WRITE_FIELD = Path(__file__).parent / "write_field.py"


@dataclass
class Result:
    """What a tool did with a workload: one number for each run, or why there is none.

    `missing` says why the tool was not asked, `error` how it failed.
    """

    workload: str
    tool: str
    settings: str
    n_workers: int
    n_frames: int
    missing: str | None = None
    error: str | None = None
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    peak_memory: list[int] = field(default_factory=list)
    peak_disk: list[int] = field(default_factory=list)
    phases: list[dict[str, float]] = field(default_factory=list)
    file_size: int | None = None
    ssim: float | None = None
    color_error: float | None = None

    @property
    def failed(self) -> bool:
        """Whether the tool failed, or made a video that is wrong."""
        return bool(self.error or self.wrong)


@dataclass
class Comparison:
    """What is compared, and where.

    Attributes
    ----------
    folder
        Where references, data and runs are, until the end.
    environments
        Where the environments are, and stay.
    quick
        True if this library is run by the interpreter that runs this, at defaults only.
    n_workers
        The most processes that draw; with several such numbers, each of them in turn.
    n_at_once
        How many scripts run at once, each of them on as many cores of its own as processes draw.
    is_scaling
        True if a script may use as many cores as processes draw, where the system can do that, and
        frames are counted; else those of the videos are compared with plainly drawn ones.
    """

    tools: list[Tool]
    workloads: list[Workload]
    folder: Path
    environments: Path
    quick: bool
    n_runs: int
    n_workers: list[int]
    settings: tuple[str, ...]
    n_frames: Callable[[Workload], int]
    report: Callable[[str], None]
    n_at_once: int = 1
    is_scaling: bool = False

    def __post_init__(self):
        self.pythons, self.broken, self.frames = {}, {}, {}
        self.results: list[Result] = []
        self.env = {FIELD: str(self.folder / "field.zarr")}
        self.stopped = threading.Event()

    def run(self):
        """Run everything; `results` says what came out, also if this is interrupted."""
        for tool in self.tools:
            self.report(f"environment of {tool.name}")
            try:
                self.pythons[tool.name] = environments.python_of(tool, self.environments, self.quick)
            except environments.EnvironmentFailed as error:
                self.broken[tool.name] = f"cannot be installed: {error}"
        self.results = [
            Result(workload.name, tool.name, settings, n_workers, self.n_frames(workload))
            for workload in self.workloads
            for settings in self.settings
            if settings == "defaults" or workload.is_varied
            for n_workers in self.n_workers
            for tool in self.tools
        ]
        groups = {}
        for one in self.results:
            groups.setdefault((one.workload, one.settings), []).append(one)
        self.each(self.prepare, self.workloads)
        for idx in range(self.n_runs):
            self.each(partial(self.turn, idx), groups.values())

    def each(self, function: Callable, arguments: Iterable):
        """Call a function with each argument, `n_at_once` at a time; end the scripts if interrupted."""
        cores = queue.SimpleQueue()
        if self.n_at_once > 1:
            free = sorted(os.sched_getaffinity(0))
            for first in range(0, self.n_at_once * max(self.n_workers), max(self.n_workers)):
                cores.put(free[first : first + max(self.n_workers)])
        with ThreadPoolExecutor(self.n_at_once, initializer=keep_to, initargs=[cores]) as pool:
            try:
                for future in [pool.submit(function, one) for one in arguments]:
                    future.result()
            except BaseException:
                self.stopped.set()
                pool.shutdown(cancel_futures=True)
                raise

    def turn(self, idx: int, group: list[Result]):
        """Run each script of a workload at some settings once."""
        (workload,) = (one for one in self.workloads if one.name == group[0].workload)
        turn = list(filter(can_run, group))
        if idx:
            turn = near(turn)
        random.Random(idx).shuffle(turn)
        for result in turn:
            self.measure(workload, result, idx)

    def prepare(self, workload: Workload):
        """Draw the reference, and find out which tools take part."""
        tools = {tool.name: tool for tool in self.tools}
        results = [one for one in self.results if one.workload == workload.name]
        for result in results:
            text = tools[result.tool].script(workload, 1, result.settings, result.n_workers)
            lacking = [name for name in workload.needs if self.quick and not find_spec(name)]
            result.error = self.broken.get(result.tool)
            if not is_script(text):
                result.missing, result.error = text, None
            elif lacking:
                result.missing = f"needs {' and '.join(lacking)}"
        waiting = [one for one in results if can_run(one)]
        if waiting and not self.is_scaling:
            self.report(f"reference of {workload.name}")
            error = self.draw(workload)
            for one in waiting:
                one.error = error

    def draw(self, workload: Workload) -> str | None:
        """Draw the reference, and return how this failed, if it did."""
        python, n_frames = next(iter(self.pythons.values())), self.n_frames(workload)
        if FIELD in workload.source and not Path(self.env[FIELD]).exists():
            command = [python, WRITE_FIELD, self.env[FIELD], str(n_frames)]
            subprocess.run(command, check=True)
        folder = self.folder / "references" / slug(workload.name)
        script = reference(workload, n_frames)
        run = measure.run(python, script, folder, 2 * TIMEOUT, self.env, stopped=self.stopped)
        if run.error:
            return f"the reference cannot be drawn: {environments.last_line(run.error)}"
        self.frames[workload.name] = verify.read(folder / "ref.mkv")
        return None

    def measure(self, workload: Workload, result: Result, idx: int):
        """Run a script, and look at its video if it is the first one."""
        tool = next(tool for tool in self.tools if tool.name == result.tool)
        script = tool.script(workload, result.n_frames, result.settings, result.n_workers)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        session = warm_up = None
        if result.settings == "again":
            session = tool.session(result.n_workers)
            n_frames = min(workload.quick_frames, result.n_frames)
            warm_up = tool.script(workload, n_frames, result.settings, result.n_workers)
        with confined(result.n_workers) if self.is_scaling else nullcontext():
            run = measure.run(
                self.pythons[tool.name],
                script,
                folder,
                TIMEOUT,
                self.env,
                session,
                warm_up,
                stopped=self.stopped,
            )
        path = folder / "out" / "a.mp4"
        if run.error:
            result.error = environments.last_line(run.error)
        elif not path.exists():
            result.error = "no video, and no error"
        else:
            result.seconds.append(run.seconds)
            result.cpu_seconds.append(run.cpu_seconds)
            result.peak_memory.append(run.peak_memory)
            result.peak_disk.append(run.peak_disk)
            result.phases.append(run.phases)
            if idx == 0:
                self.look_at(path, workload, result)
        shutil.rmtree(folder)
        said = result.error or f"{run.seconds:.2f} s" + "".join(f", {one}" for one in result.wrong)
        by = f"{tool.name} with {result.n_workers}" if len(self.n_workers) > 1 else tool.name
        self.report(f"{idx + 1}: {workload.name}, {result.settings}, {by}: {said}")

    def look_at(self, path: Path, workload: Workload, result: Result):
        if self.is_scaling:
            verdict = verify.count(path, result.n_frames, workload.size)
        else:
            drawn = self.folder / "references" / slug(workload.name) / "ref.mkv"
            verdict = verify.verify(path, drawn, self.frames[workload.name])
        result.file_size, result.wrong = path.stat().st_size, verdict.wrong
        result.ssim, result.color_error = verdict.ssim, verdict.color_error

    def facts(self) -> dict:
        """Return what the numbers depend on: date, machine, versions."""
        names = {*COMMON, "dask-animate", "distributed", "joblib"}
        found = {name: environments.versions(path) for name, path in self.pythons.items()}
        return {
            "date": date.today().isoformat(),
            "machine": {
                "processor": processor(),
                "cores": psutil.cpu_count(),
                "memory": psutil.virtual_memory().total,
                "system": platform.platform(),
            },
            "quick": self.quick,
            "runs": self.n_runs,
            "workers": self.n_workers,
            "at_once": self.n_at_once,
            "confined": self.is_scaling and hasattr(os, "sched_setaffinity"),
            "versions": {
                tool.name: {
                    name: version
                    for name, version in sorted(found[tool.name].items())
                    if name in names | {"python", tool.name}
                }
                for tool in self.tools
                if tool.name in found
            },
        }


def keep_to(cores: queue.SimpleQueue):
    """Keep this thread, and all processes that it starts, to cores of its own, if there are any."""
    if not cores.empty():
        os.sched_setaffinity(0, cores.get())


@contextmanager
def confined(n_cores: int) -> Iterator[None]:
    """Keep what this thread starts to so many cores, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:n_cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def can_run(result: Result) -> bool:
    return not (result.missing or result.error)


def near(results: list[Result]) -> list[Result]:
    """Return those that are not far behind the fastest one at their settings."""
    best = {}
    for one in results:
        key = one.settings, one.n_workers
        best[key] = min(best.get(key, one.seconds[0]), one.seconds[0])
    return [one for one in results if one.seconds[0] < FAR * best[one.settings, one.n_workers]]


def processor() -> str:
    """Return the name of the processor, as Linux has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "unknown")
