"""Partitions rendered on a cluster, gathered in order with a bounded amount in flight."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import Future as PoolFuture
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any
from weakref import WeakSet

from dask import delayed
from distributed import Client, Future, KilledWorker, as_completed

from .errors import AnimateError, WorkerError
from .job import RenderJob
from .params import BagParams
from .spec import Block, FrameSize, Partition
from .worker import (
    RendererPlugin,
    count_items,
    measure_figure,
    render_items,
    render_partition,
)

_logger = logging.getLogger(__name__)

#: Parameters above this size go straight to a worker; smaller ones ride in the task.
SCATTER_BYTES = 64 * 2**10
#: Share of the workers' memory that may be taken by what is in flight.
MEMORY_SHARE = 0.25
#: What a worker without a memory limit is assumed to have.
UNLIMITED_BYTES = 4 * 2**30
#: How often a partition is sent again when its parameters were lost with a worker.
MAX_RESUBMITS = 5
#: Seconds for which the list of workers is taken as known.
REFRESH_SECONDS = 1.0


@dataclass
class _Flight:
    """A partition on its way."""

    submit: Callable[[], Future]
    future: Future
    n_frames: int | None  # None while unknown, in a bag
    params_bytes: int
    what: str  # for messages


class Gather:
    """One render on a cluster.

    A context manager: leaving it cancels what is in flight and removes the plugin from the workers,
    which closes the figures. Its user calls it from one thread; a second one fetches blocks.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    job : RenderJob
        With the animator pickled.
    preload_factor : int
        Frames read ahead for each worker.
    max_workers : int or None
        Use at most so many workers; None uses all, also those that join later.
    """

    def __init__(
        self, client: Client, job: RenderJob, *, preload_factor: int, max_workers: int | None
    ) -> None:
        self._client = client
        self._job = job
        self._preload = preload_factor
        self._max_workers = max_workers
        self._name = f"dask_animate-{uuid.uuid4().hex}"
        self._frame_bytes = 0  # known once measured
        self._flights: deque[_Flight] = deque()
        self._memory_limits: dict[str, int] = {}
        self._refreshed = -float("inf")
        self._closing = False
        self._keys = count()
        self._futures: WeakSet[Future] = WeakSet()
        self._lock = threading.Lock()  # for the set, to which both threads add
        self._largest = 0  # frames of the largest block until now
        self._direct = _workers_are_local(client)
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="dask_animate-gather")

    def __enter__(self) -> Gather:
        try:
            self._client.register_plugin(RendererPlugin(self._name, self._job), name=self._name)
        except ImportError as exc:
            raise WorkerError(
                f"a worker cannot load dask_animate ({exc}): install it on every worker, in the "
                f"version that is installed here"
            ) from exc
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._closing = True
        self._fetcher.shutdown(wait=False, cancel_futures=True)
        if not _is_connected(self._client):
            if isinstance(exc, OSError | CancelledError) and not isinstance(exc, AnimateError):
                raise WorkerError("the scheduler is gone") from exc
            return
        self._flights.clear()
        with self._lock:
            futures = list(self._futures)
        # The cluster may go just now; there is nothing left to undo then.
        with suppress(Exception):
            self._client.cancel(futures)
        with suppress(Exception):
            self._client.unregister_worker_plugin(self._name)

    def measure(self) -> FrameSize:
        """Build the figure on every worker at once and return the size of the frames.

        Waits for the first worker only, and for one to come if there is none yet.
        """
        workers: list[str | None] = [*self._workers()] or [None]
        if workers == [None]:
            _logger.info("waiting for a worker to join the cluster")
        futures = [
            self._client.submit(
                measure_figure,
                self._name,
                key=(f"measure_figure-{self._name[-32:]}", idx),
                pure=False,
                workers=address,
                allow_other_workers=address is not None,
            )
            for idx, address in enumerate(workers)
        ]
        try:
            first = next(iter(as_completed(futures, loop=self._client.loop)))
            size: FrameSize = self._result(first, "setup()")
            self._frame_bytes = size.n_bytes
        finally:
            self._client.cancel([future for future in futures if not future.done()])
        return size

    def auto_size(self, n_frames: int | None) -> int:
        """Choose the number of frames in a partition.

        As many as may be read ahead for one worker, since a longer partition costs fewer tasks; fewer
        if two of them would not fit a worker's share of memory, or if a worker would get none.
        """
        n_workers = max(1, len(self._workers()))
        room = self.auto_bytes() // self._frame_bytes
        share = self._preload if n_frames is None else -(-n_frames // n_workers)
        return int(max(1, min(self._preload, room, share)))

    def auto_bytes(self) -> int:
        """Choose the bytes that a partition's parameters, or its frames, take at most."""
        return self._budget() // (2 * max(1, len(self._workers())))

    def blocks(self, partitions: Iterator[Partition]) -> Iterator[Block]:
        """Render partitions and yield their blocks in the same order."""
        return self._in_order(map(self._fly, partitions))

    def bag_blocks(self, params: BagParams) -> Iterator[Block]:
        """Render the partitions of a bag where they are computed, and yield their blocks in order.

        The items stay on the workers. The frame index at which a partition starts is known once the
        partitions before it are computed, and travels from task to task.
        """
        return self._in_order(self._fly_bag(params))

    def reorder_budget(self) -> int:
        """Bytes of frames that may wait on the client for frames before them."""
        return min(self._budget(), UNLIMITED_BYTES // 4)

    def _in_order(self, flights: Iterator[_Flight]) -> Iterator[Block]:
        self._fill(flights)
        fetching = self._fetch_head()
        while fetching is not None:
            block: Block = fetching.result()
            self._largest = max(self._largest, len(block.frame_idx))
            self._flights.popleft().future.release()
            fetching = self._fetch_head()  # arrives while the caller encodes the block before it
            self._fill(flights)
            if fetching is None:
                fetching = self._fetch_head()
            yield block

    def _fill(self, flights: Iterator[_Flight]) -> None:
        while self._has_room():
            flight = next(flights, None)
            if flight is None:
                return
            self._flights.append(flight)

    def _has_room(self) -> bool:
        """Whether one more partition, taken to be as large as the last one, may be sent.

        What counts is what was sent and is not encoded yet: were it only what runs, everything behind a
        slow partition would pile up on the workers.
        """
        if not self._flights:
            return True
        n_frames = self._n_frames(self._flights[-1])
        if n_frames == 0:
            n_ahead = 1  # the partitions of a bag may be of any size: wait for the first
        else:
            n_ahead = 1 + max(1, self._preload // n_frames)
        sizes = [
            self._n_frames(flight) * self._frame_bytes + flight.params_bytes for flight in self._flights
        ]
        return (
            len(self._flights) < n_ahead * max(1, len(self._workers()))
            and sum(sizes) + sizes[-1] <= self._budget()
        )

    def _n_frames(self, flight: _Flight) -> int:
        return self._largest if flight.n_frames is None else flight.n_frames

    def _fly(self, partition: Partition) -> _Flight:
        def submit() -> Future:
            # Lost with its worker when scattered; sent again then, which is why this is a function.
            sent = partition
            if partition.n_bytes > SCATTER_BYTES:
                try:
                    sent = self._known(
                        self._client.scatter(
                            partition, workers=self._chosen(), direct=self._direct, hash=False
                        )
                    )
                except OSError as exc:  # no worker just now, or one that is leaving
                    _logger.info("parameters go by the scheduler, as no worker takes them: %s", exc)
            return self._submit(render_partition, self._name, sent)

        n_frames = len(partition)
        return _Flight(
            submit,
            submit(),
            n_frames,
            partition.n_bytes,
            f"frames {partition.start} to {partition.start + n_frames - 1}",
        )

    def _fly_bag(self, params: BagParams) -> Iterator[_Flight]:
        start: int | Future = 0
        for idx, part in enumerate(params.delayed):
            if isinstance(start, Future) and start.done():
                start = self._result(start, "counting the items of the bag")  # ends the chain of tasks
            items = delayed(list)(part)

            def submit(items: Any = items, start: int | Future = start) -> Future:
                sent = self._compute(items)
                return self._submit(render_items, self._name, sent, start, params.n_frames)

            flight = _Flight(submit, submit(), None, 0, f"partition {idx} of the bag")
            start = self._submit(count_items, self._compute(items), start)
            yield flight

    def _submit(self, task: Callable[..., Any], *args: Any) -> Future:
        key = (f"{task.__name__}-{self._name[-32:]}", next(self._keys))
        return self._known(self._client.submit(task, *args, key=key, pure=False, **self._where()))

    def _compute(self, items: Any) -> Future:
        return self._known(self._client.compute(items, **self._where()))

    def _known(self, future: Future) -> Future:
        with self._lock:
            self._futures.add(future)  # to be cancelled in the end, whoever holds it then
        return future

    def _fetch_head(self) -> PoolFuture[Block] | None:
        if not self._flights:
            return None
        return self._fetcher.submit(self._fetch, self._flights[0])

    def _fetch(self, flight: _Flight) -> Block:
        for _ in range(1 + MAX_RESUBMITS):
            try:
                block: Block = self._result(flight.future, flight.what)
            except CancelledError as exc:
                if self._closing or not _is_connected(self._client):
                    raise WorkerError(f"{flight.what}: the scheduler is gone") from exc
                _logger.info("%s: parameters were lost with their worker, sending again", flight.what)
                flight.future = flight.submit()
            else:
                return block
        raise WorkerError(
            f"{flight.what}: parameters were lost with their worker {1 + MAX_RESUBMITS} times, perhaps "
            f"for want of memory: a smaller partition_size takes less"
        )

    def _result(self, future: Future, what: str) -> Any:
        try:
            return self._client.gather(future, direct=self._direct)
        except (AnimateError, CancelledError):
            raise
        except KilledWorker as exc:
            raise WorkerError(
                f"{what}: workers died drawing this, again and again, perhaps for want of memory: "
                f"a smaller partition_size takes less ({exc})"
            ) from exc
        except Exception as exc:
            raise WorkerError(f"{what}: {type(exc).__name__}: {exc}") from exc

    def _where(self) -> dict[str, Any]:
        chosen = self._chosen()
        # Others may step in: a task bound to a worker that died would wait for ever.
        return {} if chosen is None else {"workers": chosen, "allow_other_workers": True}

    def _chosen(self) -> list[str] | None:
        return None if self._max_workers is None else self._workers() or None

    def _budget(self) -> int:
        self._workers()
        memory = sum(self._memory_limits.values()) or UNLIMITED_BYTES
        return int(MEMORY_SHARE * memory)

    def _workers(self) -> list[str]:
        """Addresses of the workers to use; those used before come first."""
        if time.monotonic() - self._refreshed > REFRESH_SECONDS:
            alive = self._client.scheduler_info(n_workers=-1)["workers"]
            addresses = sorted(alive, key=lambda address: address not in self._memory_limits)
            self._memory_limits = {
                address: alive[address]["memory_limit"] or UNLIMITED_BYTES
                for address in addresses[: self._max_workers]
            }
            self._refreshed = time.monotonic()
        return list(self._memory_limits)


def _workers_are_local(client: Client) -> bool | None:
    """Whether data may go to workers and come from them without passing through the scheduler.

    On one machine it always may. Elsewhere it is the user's to say, with ``direct_to_workers``.
    """
    if client.direct_to_workers is not None:
        return bool(client.direct_to_workers)
    address = client.scheduler.address if client.scheduler is not None else ""
    return True if address.startswith(("inproc://", "tcp://127.", "tls://127.")) else None


def _is_connected(client: Client) -> bool:
    return bool(client.status == "running")
