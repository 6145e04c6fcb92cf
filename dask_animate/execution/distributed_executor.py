"""Partitions rendered on a cluster, gathered in order with a bounded amount in flight."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import Future as PoolFuture
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any
from weakref import WeakSet

from dask import delayed
from distributed import Client, Future, KilledWorker, as_completed

from ..encoding import EncodeOptions, Segment
from ..errors import AnimateError, WorkerError
from ..params import AnyParams, DelayedItems, Partition
from ..rendering import Result, SourceSpec, TaskSpec
from .lease import Registration
from .tasks import (
    BuiltFigure,
    RendererPlugin,
    count_items,
    measure_figure,
    render_items,
    render_partition,
)
from .workers import Workers, addresses_in_this_process, workers_are_local

_logger = logging.getLogger(__name__)

#: Parameters above this size go straight to a worker; smaller ones ride in the task.
SCATTER_BYTES = 64 * 2**10
#: What a frame's packet is taken to be, as a share of its pixels, until one was seen.
PACKET_SHARE = 0.25
#: How often a partition is sent again when its parameters were lost with a worker.
MAX_RESUBMITS = 5
#: Seconds for which scattering waits for a worker; then parameters ride in the task.
SCATTER_SECONDS = 1.0


@dataclass
class _Submission:
    """A partition on its way, once it is sent."""

    submit: Callable[[], Future]
    n_frames: int | None  # None while unknown, in a bag
    params_bytes: int
    what: str  # for messages
    future: Future | None = None

    def send(self) -> None:
        """Submit it, unless that was done."""
        if self.future is None:
            self.future = self.submit()


class _Shared:
    """A future that several partitions depend on, submitted again if it was lost. Thread-safe.

    A worker that dies loses nothing here, as the scheduler computes again what it had; a cluster that
    is restarted forgets the task itself.
    """

    def __init__(self, submit: Callable[[], Future]) -> None:
        self._submit = submit
        self._future: Future | None = None
        self._lock = threading.Lock()

    def future(self) -> Future:
        """Return the future, pending or finished."""
        with self._lock:
            if self._future is None or self._future.status in ("cancelled", "lost"):
                self._future = self._submit()
            return self._future


class DistributedExecutor:
    """One render on a cluster.

    A context manager: leaving it cancels what is in flight and removes the plugin from the workers,
    closing the figures. Its user calls it from one thread; a second one fetches results.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    job : SourceSpec
        What to draw, so that it can travel.
    preload_factor : int
        Frames read ahead for each worker.
    max_workers : int or None
        Use at most so many workers; None uses all, also those that join later.

    Attributes
    ----------
    workers : Workers
        Those that are used.
    frame_seconds : float or None
        To draw and encode a frame, as measured by the partitions until now.
    """

    def __init__(
        self, client: Client, job: SourceSpec, *, preload_factor: int, max_workers: int | None
    ) -> None:
        self._client = client
        self._job = job
        self._preload = preload_factor
        self.workers = Workers(client, max_workers)
        self._name = f"dask_animate-{uuid.uuid4().hex}"
        self._registration = Registration(client, self._name)
        self._frame_bytes = 0  # known once measured
        self._bytes_per_frame = 0.0  # of what a worker makes, as pixels or packets
        self._packet_bytes = 0.0  # the most of them that were seen
        self._item_bytes = 0.0  # the most of computed parameters that were seen
        self._product = TaskSpec(None, alpha=False)
        self.frame_seconds: float | None = None
        self._flights: deque[_Submission] = deque()
        self._computing: tuple[Any, _Shared] | None = None  # what was computed last
        self._closing = False
        self._keys = count()
        self._futures: WeakSet[Future] = WeakSet()
        self._lock = threading.Lock()  # for the set, to which both threads add
        self._largest = 0  # frames of the largest result until now
        self._direct = workers_are_local(client)
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="dask_animate-gather")

    def __enter__(self) -> DistributedExecutor:
        self._registration.register(RendererPlugin(self._name, self._job))
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
        self._registration.unregister()

    def measure(self, encode: EncodeOptions | None) -> list[BuiltFigure]:
        """Build the figure on every worker at once, and return what is known of those that are built.

        Waits for the first worker only, and for one to come if there is none yet. If that one's GPU can
        encode, the others are asked too, as all segments have to come from one encoder. Workers in this
        process are waited for: it must be as the caller left it when parameters are read.

        Parameters
        ----------
        encode : EncodeOptions or None
            What workers are to encode; None if they are not.

        Returns
        -------
        list of BuiltFigure
            At least one.
        """
        workers: list[str | None] = [*self.workers.addresses()] or [None]
        if workers == [None]:
            _logger.info("waiting for a worker to join the cluster")
        futures = [
            self._client.submit(
                measure_figure,
                self._name,
                encode,
                key=(f"measure_figure-{self._name[-32:]}", idx),
                pure=False,
                workers=address,
                allow_other_workers=address is not None,
            )
            for idx, address in enumerate(workers)
        ]
        built: list[BuiltFigure] = []
        try:
            for future in as_completed(futures, loop=self._client.loop):
                built.append(self._result(future, "setup()"))
                is_enough = encode is None or any(figure.obstacle for figure in built)
                if is_enough and len(built) == sum(other.done() for other in futures):
                    break
            here = addresses_in_this_process()
            own = [future for future, at in zip(futures, workers, strict=True) if at in here]
            for _ in as_completed(own, loop=self._client.loop):
                pass  # those that failed fail again when they draw
            self._frame_bytes = built[-1].size.n_bytes
        finally:
            self._client.cancel([future for future in futures if not future.done()])
        return built

    def make(self, product: TaskSpec) -> None:
        """Say what the workers are to make of the partitions from now on."""
        self._product = product
        is_segment = product.encode is not None
        share = PACKET_SHARE if is_segment else 0 if product.keep is not None else 1
        self._bytes_per_frame = self._frame_bytes * share

    @property
    def n_threads(self) -> int:
        """Threads of the workers to use, at least 1; each takes a partition."""
        return max(1, self.workers.n_threads())

    def room(self) -> int:
        """Return how many frames' pixels or packets may be in a partition."""
        return int(self.auto_bytes() / max(1, self._bytes_per_frame, self._item_bytes))

    def auto_bytes(self) -> int:
        """Return the bytes that a partition's parameters, or what is made of it, take at most."""
        return self.workers.budget() // (2 * self.n_threads)

    def results(self, partitions: Iterator[Partition], *, run_code: bool = False) -> Iterator[Result]:
        """Render partitions and yield what was made of them in the same order.

        Parameters
        ----------
        partitions : iterator of Partition
            Read a bounded number ahead.
        run_code : bool
            Whether reading them runs code of the caller's. It has to find the process as the caller
            left it, so that while workers of this process draw, none is read.
        """
        return self._in_order(map(self._fly, partitions), run_code=run_code)

    def bag_results(self, params: AnyParams) -> Iterator[Result]:
        """Render a bag's partitions where they are computed, and yield the results in order.

        The items stay on the workers. The frame index at which a partition starts is known once
        the partitions before it are computed, and travels from task to task.
        """
        return self._in_order(self._fly_bag(params), run_code=False)

    def _in_order(self, flights: Iterator[_Submission], *, run_code: bool) -> Iterator[Result]:
        self._fill(flights, run_code)
        fetching = self._fetch_head()
        while fetching is not None:
            result = fetching.result()
            self._take_note(result)
            head = self._flights.popleft()
            if head.future is not None:
                head.future.release()
            fetching = self._fetch_head()  # arrives while the caller encodes the block before it
            self._fill(flights, run_code)
            if fetching is None:
                fetching = self._fetch_head()
            yield result

    def _take_note(self, result: Result) -> None:
        """Learn from a result what the next ones will take."""
        if not result.n_frames:
            return
        self._largest = max(self._largest, result.n_frames)
        self._item_bytes = max(self._item_bytes, result.run.item_bytes / result.n_frames)
        seconds = result.seconds / result.n_frames
        known = self.frame_seconds
        self.frame_seconds = seconds if known is None else (known + seconds) / 2
        if isinstance(result, Segment):
            self._bytes_per_frame = max(self._packet_bytes, 2 * result.n_bytes / result.n_frames)
            self._packet_bytes = self._bytes_per_frame

    def _fill(self, flights: Iterator[_Submission], run_code: bool) -> None:
        # No lock could do this: the caller's code may itself wait for a task of these workers.
        in_waves = run_code and bool(addresses_in_this_process())
        if in_waves and self._flights:
            return
        while self._has_room():
            flight = next(flights, None)
            if flight is None:
                break
            self._flights.append(flight)
            if not in_waves:
                flight.send()
        for flight in self._flights:
            flight.send()

    def _has_room(self) -> bool:
        """Whether one more partition, taken to be as large as the last one, may be sent.

        What counts is what was sent and is not encoded yet: were it only what runs, everything behind a
        slow partition would pile up on the workers.
        """
        if not self._flights:
            return True
        n_frames = self._n_frames(self._flights[-1])
        # The partitions of a bag may be of any size: wait for the first.
        n_ahead = 1 + max(1, self._preload // n_frames) if n_frames else 1
        sizes = [
            self._n_frames(flight) * self._bytes_per_frame + flight.params_bytes
            for flight in self._flights
        ]
        return (
            len(self._flights) < n_ahead * self.n_threads
            and sum(sizes) + sizes[-1] <= self.workers.budget()
        )

    def _n_frames(self, flight: _Submission) -> int:
        return self._largest if flight.n_frames is None else flight.n_frames

    def _fly(self, partition: Partition) -> _Submission:
        params, n_frames = partition.params, len(partition)
        if self._product.keep is not None:
            self._product.keep.store.reserve(partition.start + n_frames)
        travels = not isinstance(params, DelayedItems) and partition.n_bytes > SCATTER_BYTES
        computed: list[_Shared] = []
        if isinstance(params, DelayedItems):
            computed = [self._computed_once(params.delayed)]
            partition = replace(partition, params=replace(params, delayed=None))

        def submit() -> Future:
            # Lost with its worker when scattered; sent again then, which is why this is a function.
            sent = self._scattered(partition) if travels else partition
            arguments = [shared.future() for shared in computed]
            return self._submit(render_partition, self._name, sent, self._product, *arguments)

        return _Submission(
            submit,
            n_frames,
            max(partition.n_bytes, int(n_frames * self._item_bytes)),
            f"frames {partition.start} to {partition.start + n_frames - 1}",
        )

    def _scattered(self, partition: Partition) -> Partition | Future:
        """Put a partition on a worker; return it as it is if there is none.

        The task then asks for a worker. Scattering would wait for one, in which an adaptive cluster
        sees no need to start it.
        """
        try:
            if not self._client.nthreads():  # as of now, not of a second ago
                return partition
            sent = self._client.scatter(
                partition,
                workers=self.workers.chosen(),
                direct=self._direct,
                hash=False,
                timeout=SCATTER_SECONDS,
            )
            return self._known(sent)
        except (OSError, KeyError) as exc:  # workers that are leaving, or have left
            _logger.info("parameters go by the scheduler, as no worker takes them: %s", exc)
            return partition

    def _computed_once(self, params: Any) -> _Shared:
        """Compute what some partitions in a row have in common, and keep it until the last of them."""
        if self._computing is None or self._computing[0] is not params:
            self._computing = (params, _Shared(partial(self._compute, params)))
        return self._computing[1]

    def _fly_bag(self, params: AnyParams) -> Iterator[_Submission]:
        start: int | _Shared = 0
        for idx, part in enumerate(params.bag_partitions or ()):
            if isinstance(start, _Shared):
                start = self._counted(start)  # ends the chain of tasks
            items = delayed(list)(part)

            def render(items: Any = items, start: int | _Shared = start) -> Future:
                sent = self._compute(items)
                return self._submit(
                    render_items, self._name, sent, _now(start), params.n_frames, self._product
                )

            def count(items: Any = items, start: int | _Shared = start) -> Future:
                return self._submit(count_items, self._compute(items), _now(start))

            yield _Submission(render, None, 0, f"partition {idx} of the bag")
            start = _Shared(count)
            start.future()

    def _counted(self, start: _Shared) -> int | _Shared:
        """Return the number of items counted, if that is known already."""
        future = start.future()
        if not future.done():
            return start
        try:
            n_items: int = self._result(future, "counting the items of the bag")
        except CancelledError:
            return start
        return n_items

    def _submit(self, task: Callable[..., Any], *args: Any) -> Future:
        key = (f"{task.__name__}-{self._name[-32:]}", next(self._keys))
        return self._known(self._client.submit(task, *args, key=key, pure=False, **self.workers.where()))

    def _compute(self, items: Any) -> Future:
        return self._known(self._client.compute(items, **self.workers.where()))

    def _known(self, future: Future) -> Future:
        with self._lock:
            self._futures.add(future)  # to be cancelled in the end, whoever holds it then
        return future

    def _fetch_head(self) -> PoolFuture[Result] | None:
        if not self._flights:
            return None
        return self._fetcher.submit(self._fetch, self._flights[0])

    def _fetch(self, flight: _Submission) -> Result:
        for _ in range(1 + MAX_RESUBMITS):
            try:
                assert flight.future is not None
                result: Result = self._result(flight.future, flight.what)
            except CancelledError as exc:
                if self._closing or not _is_connected(self._client):
                    raise WorkerError(f"{flight.what}: the scheduler is gone") from exc
                _logger.info("%s: parameters were lost with their worker, sending again", flight.what)
                flight.future = flight.submit()
            else:
                return result
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


def _now(value: int | _Shared) -> int | Future:
    return value.future() if isinstance(value, _Shared) else value


def _is_connected(client: Client) -> bool:
    return bool(client.status == "running")
