"""Who draws: this machine, the workers of a scheduler, or jobs of a batch system."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from ..errors import MissingPackageError
from .outcome import CommandError, say

if TYPE_CHECKING:
    from distributed import Client

#: The classes of dask-jobqueue, and the program that each needs to submit jobs.
BATCH_SYSTEMS = {
    "slurm": ("SLURMCluster", "sbatch"),
    "pbs": ("PBSCluster", "qsub"),
    "lsf": ("LSFCluster", "bsub"),
    "sge": ("SGECluster", "qsub"),
}
#: Memory for each core of a job, if neither the command nor dask-jobqueue's configuration says it.
MEMORY_PER_CORE = 2 * 2**30
#: Seconds by which workers end before the walltime of their job, which begins before they do.
MIN_MARGIN, MAX_MARGIN = 15, 120
#: Seconds for which a scheduler is waited for.
CONNECT_SECONDS = 30


@dataclass(frozen=True)
class ClusterArguments:
    """The options that say who draws, as given.

    Attributes
    ----------
    scheduler : str or None
        Address of a scheduler, or its file.
    batch_system : str or None
        One of `BATCH_SYSTEMS`.
    jobs : int or None
        Number of jobs; goes with `batch_system`, as do those below.
    queue, walltime, memory : str or None
        Of each job; None leaves it to dask-jobqueue's configuration.
    cores : int or None
        Cores of each job, each of which runs one worker.
    """

    scheduler: str | None = None
    batch_system: str | None = None
    jobs: int | None = None
    queue: str | None = None
    walltime: str | None = None
    memory: str | None = None
    cores: int | None = None

    def __post_init__(self) -> None:
        words = ("jobs", "queue", "walltime", "memory", "cores")
        of_jobs = [name for name in words if getattr(self, name) is not None]
        if self.batch_system is None and of_jobs:
            systems = ", ".join(f"--{name}" for name in BATCH_SYSTEMS)
            raise click.UsageError(f"--{of_jobs[0]} is about jobs: give one of {systems}")
        if self.batch_system is not None:
            if self.scheduler is not None:
                raise click.UsageError(f"--scheduler and --{self.batch_system} exclude each other")
            if self.jobs is None:
                raise click.UsageError(f"--{self.batch_system} needs --jobs, the number of jobs")
        if self.memory is not None:
            _check_memory(self.memory)

    @property
    def is_here(self) -> bool:
        """Whether this machine draws."""
        return self.scheduler is None and self.batch_system is None

    @contextmanager
    def connected(self) -> Iterator[Client | None]:
        """Connect to the cluster, submit jobs if there are to be some, and end them afterwards.

        Yields
        ------
        distributed.Client or None
            None if this machine draws.

        Raises
        ------
        CommandError
            If there is no such scheduler, or jobs cannot be submitted.
        """
        if self.batch_system is not None:
            with self._submitted(self.batch_system) as client:
                yield client
        elif self.scheduler is not None:
            with _connect(self.scheduler) as client:
                yield client
        else:
            yield None

    @contextmanager
    def _submitted(self, name: str) -> Iterator[Client]:
        from distributed import Client

        cluster_class, program = BATCH_SYSTEMS[name]
        if shutil.which(program) is None:
            raise CommandError(f"--{name}: there is no program {program} here, which submits jobs")
        dask_jobqueue = _imported_jobqueue(f"--{name}")
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Port .* is already in use", UserWarning)
                cluster = getattr(dask_jobqueue, cluster_class)(**self._of_each_job(name))
        except (ValueError, TypeError, OSError, RuntimeError) as exc:
            raise CommandError(f"--{name}: no cluster of jobs: {exc}") from exc
        with cluster, Client(cluster, set_as_default=False) as client:
            _submit(cluster, self.jobs, f"--{name}")
            # As many as asked for, also after some have ended at their walltime.
            cluster.adapt(minimum_jobs=self.jobs, maximum_jobs=self.jobs)
            jobs = "1 job" if self.jobs == 1 else f"{self.jobs} jobs"
            say(f"submitted {jobs}; the first that starts begins to draw")
            if find_spec("bokeh") is not None:
                say(f"dashboard at {cluster.dashboard_link}")
            yield client

    def _of_each_job(self, name: str) -> dict[str, Any]:
        """Return the arguments of dask-jobqueue, imported: one worker of one thread for each core."""
        import dask

        configured = dask.config.get(f"jobqueue.{name}", {})
        cores = self.cores or configured.get("cores") or 1
        arguments = {
            "cores": cores,
            "processes": cores,
            "memory": self.memory or configured.get("memory") or f"{cores * MEMORY_PER_CORE} B",
            "queue": self.queue,
            "walltime": self.walltime,
        }
        walltime = str(self.walltime or configured.get("walltime"))
        lifetime = _end_before(f"{walltime}:00" if name == "lsf" else walltime)
        if lifetime:
            arguments["worker_extra_args"] = [*(configured.get("worker-extra-args") or ()), *lifetime]
        return {key: value for key, value in arguments.items() if value is not None}


def _imported_jobqueue(option: str) -> ModuleType:
    """Import dask-jobqueue, with its defaults for Dask's configuration.

    When it is imported, it lets SIGINT end the program as if nothing had happened.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue
    except ImportError as exc:
        raise MissingPackageError(
            f'{option} needs dask-jobqueue: pip install "dask_animate[jobqueue]"'
        ) from exc
    if signal.getsignal(signal.SIGINT) is not handler:
        signal.signal(signal.SIGINT, handler)
    module: ModuleType = dask_jobqueue
    return module


def _submit(cluster: Any, jobs: int | None, option: str) -> None:
    """Submit jobs, and raise if the batch system refuses them, which is only logged by default."""
    from distributed import Status

    async def submitted() -> None:
        while len(cluster.workers) < len(cluster.worker_spec):
            await asyncio.sleep(0.05)
        try:
            for job in cluster.workers.values():
                await job  # one that was refused is submitted again, and raises
        except Exception:
            for name, job in [*cluster.workers.items()]:
                if job.status == Status.created:  # there is nothing to be closed
                    job.status = Status.failed
                    del cluster.workers[name], cluster.worker_spec[name]
            raise

    log, silent = logging.getLogger("tornado.application"), lambda record: False
    log.addFilter(silent)
    try:
        cluster.scale(jobs=jobs)
        cluster.sync(submitted)
    except (RuntimeError, ValueError, OSError) as exc:
        told = str(exc).rpartition("stderr:")[2].strip() or str(exc)
        raise CommandError(f"{option}: the jobs cannot be submitted: {told}") from exc
    finally:
        log.removeFilter(silent)


@contextmanager
def _connect(scheduler: str) -> Iterator[Client]:
    from distributed import Client

    is_file = scheduler.endswith(".json") or os.path.isfile(scheduler)
    address = _address_in(scheduler) if is_file else scheduler
    try:
        client = Client(address, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as exc:
        raise CommandError(
            f"--scheduler {scheduler}: no scheduler answers: {str(exc) or type(exc).__name__}"
        ) from exc
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            say(f"the scheduler {scheduler} has no workers yet; the first that comes begins to draw")
        yield client


def _address_in(path: str) -> str:
    """Return the address in the file of a scheduler, which may have been started just before."""
    end = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            return str(json.loads(Path(path).read_text(encoding="utf-8"))["address"])
        except OSError as exc:
            reason = exc.strerror or str(exc)
        except (ValueError, LookupError, TypeError):
            reason = "it is no file that a scheduler writes when it starts"
        if time.monotonic() > end:
            raise CommandError(f"--scheduler {path}: {reason}")
        time.sleep(0.1)


def _end_before(walltime: str) -> list[str]:
    """Return options by which workers end, and hand on what they hold, before their job is killed.

    None of them if the time is not given as ``[days-]hours:minutes:seconds``.
    """
    found = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)", walltime)
    if found is None:
        return []
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    lifetime = total - min(max(total // 10, MIN_MARGIN), MAX_MARGIN)
    return ["--lifetime", f"{lifetime}s"] if lifetime > 0 else []


def _check_memory(text: str) -> None:
    from dask.utils import parse_bytes

    try:
        n_bytes = parse_bytes(text)
    except ValueError:
        n_bytes = 0
    if n_bytes < 2**20:  # such as "4", which are bytes
        raise click.UsageError(f"--memory must be such as 4GB, got {text!r}")
