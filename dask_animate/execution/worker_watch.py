"""Says in the log that a render waits because its cluster has no worker, and for what it waits."""

from __future__ import annotations

import logging
import threading
import time

from distributed import Client, SpecCluster

from ._distributed import adaptive_maximum
from .results import how_gone
from .worker_needs import WorkerNeeds

_logger = logging.getLogger(__name__)

#: Seconds between two looks at the cluster.
LOOK_SECONDS = 2.0
#: Seconds without a worker before the first message; each further one comes after twice the time.
PATIENCE_SECONDS = 10.0


class WorkerWatch:
    """Warns while a cluster has no worker, in a thread of its own.

    A batch system may start jobs after hours, or never, and jobs whose workers fail at once look the
    same from here. Without a word, a render that waits for them looks like one that hangs.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    needs : WorkerNeeds
        What a worker needs to have, or to be, to count.
    """

    def __init__(self, client: Client, needs: WorkerNeeds) -> None:
        self._client = client
        self._needs = needs
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="dask_animate-workers", daemon=True).start()

    def stop(self) -> None:
        """Look no more. Does not wait, since the scheduler may not answer."""
        self._ended.set()

    def _run(self) -> None:
        seen, patience = time.monotonic(), PATIENCE_SECONDS
        while not self._ended.wait(LOOK_SECONDS):
            n_there = 0
            try:
                n_there = len(self._client.nthreads())
                has_workers = n_there > 0 and self._has_suitable()
            except Exception:  # nobody answers: the render itself learns whether anybody will
                has_workers = True
            now = time.monotonic()
            if has_workers:
                seen, patience = now, PATIENCE_SECONDS
            elif now - seen > patience and how_gone(self._client) is None and not self._ended.is_set():
                told = _lack(self._client, self._needs, now - seen) if n_there else None
                _logger.warning("%s", told or _complaint(self._client, now - seen))
                patience *= 2

    def _has_suitable(self) -> bool:
        """Return whether a worker has what is needed."""
        if not self._needs:
            return True
        alive = self._client.scheduler_info(n_workers=-1)["workers"]
        return any(self._needs.allow(address, worker) for address, worker in alive.items())


def _lack(client: Client, needs: WorkerNeeds, seconds: float) -> str:
    """Return what workers lack, and what to do about it."""
    address = client.scheduler.address
    resources = ", ".join(f"{name}={amount:g}" for name, amount in needs.resources.items())
    options = f' --resources "{resources}"' if resources else ""
    return (
        f"waiting for a worker with {needs}: the cluster at {address} has had none for {seconds:.0f} s; "
        f"start some, as with `dask worker {address}{options}`, or annotate otherwise"
    )


def _complaint(client: Client, seconds: float) -> str:
    """Return for what is waited, and what to do about it."""
    address, cluster = client.scheduler.address, client.cluster
    told = f"waiting for a worker: the cluster at {address} has had none for {seconds:.0f} s"
    if not isinstance(cluster, SpecCluster):
        return f"{told}; start some, as with `dask worker {address}`"
    name, n_wanted = type(cluster).__name__, len(cluster.requested)
    jobs = [str(job.job_id) for job in cluster.workers.values() if getattr(job, "job_id", None)]
    if n_wanted and jobs:  # of dask-jobqueue
        return (
            f"{told}; {name} has submitted {', '.join(jobs)}. See whether the queue has these jobs, and "
            f"why they are pending; if it has not, their logs say why they ended"
        )
    if n_wanted and hasattr(cluster, "job_script"):  # of dask-jobqueue, too
        return (
            f"{told}; {name} has asked for {n_wanted}, but no job is known to be submitted: if that "
            f"failed, its error is in the log, and cluster.job_script() is what was to be submitted"
        )
    if n_wanted:
        return f"{told}; {name} has asked for {n_wanted}: see what becomes of them"
    if adaptive_maximum(cluster) is not None:
        return f"{told}; {name} adapts itself, and asks for none now"
    if cluster.plan:
        return (
            f"{told}; {name} is to have {len(cluster.plan)}, which are being started, or have ended: "
            f"call its scale() again then, or adapt()"
        )
    return f"{told}, and {name} has asked for none: call its scale() or adapt()"
