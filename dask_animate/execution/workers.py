"""The workers of a cluster: who there are, and how much of their memory may be taken."""

from __future__ import annotations

import time
from collections.abc import Iterable
from math import ceil, inf, isfinite
from typing import Any

from distributed import Client, LocalCluster, SpecCluster

from ..memory import IN_FLIGHT_SHARE, REORDER_BYTES, UNLIMITED_BYTES
from ._distributed import adaptive_maximum
from .worker_needs import WorkerNeeds

#: Seconds for which the list of workers is taken as known.
REFRESH_SECONDS = 1.0


class Workers:
    """The workers to use, as they come and go. Not thread-safe, but for `where` and `chosen`.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    max_workers : int or None
        Use at most so many; None uses all, also those that join later.
    is_complete : bool
        Whether it is known that no others will join.
    needs : WorkerNeeds, optional
        Which workers the caller's annotations allow; others are not used.
    """

    def __init__(
        self,
        client: Client,
        max_workers: int | None,
        *,
        is_complete: bool = False,
        needs: WorkerNeeds | None = None,
    ) -> None:
        self._client = client
        self._needs = needs or WorkerNeeds()
        self._n_lacking = 0
        self._max_workers = max_workers
        self._is_complete = is_complete
        self._memory_limits: dict[str, int] = {}
        self._n_threads = 0
        self._most: float = 0
        self._are_elastic = False
        self._thread_bytes: list[int] = []
        self._refreshed = -float("inf")
        self._left_out: set[str] = set()

    def leave_out(self, address: str) -> None:
        """Use a worker no more."""
        self._left_out.add(address)
        self.refresh()

    def refresh(self) -> None:
        """Look again who there are."""
        self._refreshed = -float("inf")

    @property
    def have_resources(self) -> bool:
        """Whether not all workers may be used, but those with some resources."""
        return bool(self._needs.resources)

    def addresses(self) -> list[str]:
        """Return the addresses of the workers to use; those used before come first."""
        if time.monotonic() - self._refreshed > REFRESH_SECONDS:
            alive = self._client.scheduler_info(n_workers=-1)["workers"]
            able = [address for address in alive if self._needs.allow(address, alive[address])]
            self._n_lacking = len(alive) - len(able)
            usable = [address for address in able if address not in self._left_out]
            addresses = sorted(usable, key=lambda address: address not in self._memory_limits)
            limits = {
                address: alive[address]["memory_limit"] or UNLIMITED_BYTES
                for address in addresses[: self._max_workers]
            }
            n_threads = {address: alive[address]["nthreads"] for address in limits}
            self._n_threads = sum(n_threads.values())
            self._thread_bytes = [limit // n_threads[address] for address, limit in limits.items()]
            self._memory_limits = limits
            self._look_at_cluster()
            self._refreshed = time.monotonic()
        return list(self._memory_limits)

    def n_threads(self) -> int:
        """Return the number of their threads."""
        self.addresses()
        return self._n_threads

    @property
    def are_limited(self) -> bool:
        """Whether there is a limit; others step in where tasks wait for long."""
        return self._max_workers is not None

    def are_elastic(self) -> bool:
        """Return whether more of them may join when there is more work.

        The scheduler does not know: what adapts is the cluster object, which may be in another process,
        or a service with rules of its own. Whatever is not known to be fixed is taken to be elastic.
        """
        self.addresses()
        return self._are_elastic

    def most_threads(self) -> int:
        """Return the number of their threads once all have joined; if that is unknown, as of now."""
        n_threads, n_now = self.n_threads(), len(self._memory_limits)
        if not isfinite(self._most) or self._most <= n_now:
            return n_threads
        return ceil(self._most * n_threads / max(1, n_now))

    def _look_at_cluster(self) -> None:
        """Find out how many there may come to be; infinite if that is unknown."""
        cluster, n_now = self._client.cluster, len(self._memory_limits)
        maximum = adaptive_maximum(cluster) if isinstance(cluster, SpecCluster) else None
        if self._is_complete or self.are_limited:
            self._most, maximum = n_now, None
        elif isinstance(cluster, SpecCluster):
            self._most = (len(cluster.plan) if maximum is None else maximum) - self._n_lacking
        else:
            self._most = inf
        self._are_elastic = maximum is not None or self._most > n_now

    def thread_bytes(self) -> int:
        """Return the memory that there is for a thread of the worker that has least."""
        self.addresses()
        return min(self._thread_bytes, default=UNLIMITED_BYTES)

    def budget(self) -> int:
        """Return the bytes that may be in flight."""
        self.addresses()
        return int(IN_FLIGHT_SHARE * (sum(self._memory_limits.values()) or UNLIMITED_BYTES))

    def reorder_budget(self) -> int:
        """Return the bytes of frames that may wait on the client for frames before them."""
        return min(self.budget(), REORDER_BYTES)

    def chosen(self) -> list[str] | None:
        """Return the workers to which data may go; None for any."""
        if self._max_workers is None and not self._left_out:
            return None
        return self.addresses() or None

    def where(self) -> dict[str, Any]:
        """Return the arguments of `Client.submit` that choose them."""
        chosen = self.chosen()
        # Others may step in: a task bound to a worker that died would wait for ever. Where others lack
        # the resources, Dask would fail then; workers that are left out refuse what they get.
        if chosen is None or self.have_resources:
            return {}
        return {"workers": chosen, "allow_other_workers": True}


def are_started_here(client: Client, addresses: Iterable[str]) -> bool:
    """Whether workers are processes that this one starts, alike, on this machine.

    Others may have joined such a cluster. One that its nanny restarts just now is not known.
    """
    if not isinstance(client.cluster, LocalCluster):
        return False
    own = list(client.cluster.workers.values())  # nannies, or workers in this process
    known = {getattr(one, "worker_address", None) or one.address for one in own}
    return known.issuperset(addresses)


def workers_are_local(client: Client) -> bool | None:
    """Whether data may go to workers and come from them without passing through the scheduler.

    On one machine it always may. Elsewhere it is the user's to say, with ``direct_to_workers``.
    """
    if client.direct_to_workers is not None:
        return bool(client.direct_to_workers)
    address = client.scheduler.address if client.scheduler is not None else ""
    return True if address.startswith(("inproc://", "tcp://127.", "tls://127.")) else None
