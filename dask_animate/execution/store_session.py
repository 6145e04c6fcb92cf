"""The proof that what the workers of a render write to a store is there, and seen by this process."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import Event, ValuesChanged
from ..errors import StoreError
from ..frames import FrameSize
from ..params import Params
from ..rendering import TaskOutput
from ..storage import FrameStore, WriteProbe, chunk_checksums
from .partitioning import Plan
from .store_request import StoreRequest

if TYPE_CHECKING:
    from .executor import Executor

_logger = logging.getLogger(__name__)

#: Seconds for which a render waits for other workers once one has proved. To write a small file and
#: read it takes less; who has not answered by then is paused, or busy with something else.
GRACE_SECONDS = 3.0
#: Seconds after which it begins though no worker has answered.
PATIENCE_SECONDS = 30.0


# How many renders of this process write to a store, by its name. The lock is held while a store is
# taken over, so that no explorer takes it from a render that has just begun.
_writing: Counter[str] = Counter()
_lock = threading.Lock()


def is_being_written(store: FrameStore) -> bool:
    """Return whether a render of this process writes to a store at present."""
    return _writing[str(store)] > 0


def take_over_unless_written(store: FrameStore, open_: Callable[[], FrameStore]) -> FrameStore:
    """Open a store that is read so far to write to it; raise if a render of this process does."""
    with _lock:
        if is_being_written(store):
            raise StoreError(f"a render of this process began to write to {store}")
        return open_()


class StoreSession:
    """Sees to it that a store is one place, for this process and for all that write to it.

    Before the start each worker that is free writes something random to an array that this process has
    just made. That the worker finds the array proves that it sees what is written here; that this
    process reads what the worker wrote proves the other direction.

    A render does not wait long for workers that are not free, and others join later. They prove the
    same by their first partition. Before it draws, a worker has to find the name of this render in the
    notes of the store, which this process wrote at the start (`FrameStore.require_current`). When its
    result comes, the frame digests that it says it wrote have to be read here (`take`).

    Parameters
    ----------
    open_store : callable
        Opens the store for the render.

    Attributes
    ----------
    store : FrameStore
        The store.
    """

    def __init__(self, open_store: Callable[[], FrameStore]) -> None:
        self._proved: set[str] = set()
        self._checksums: list[NDArray[np.uint32]] = []
        with _lock:
            self.store = open_store()
            _writing[str(self.store)] += 1

    @classmethod
    def begin(
        cls,
        request: StoreRequest,
        plan: Plan,
        params: Params,
        size: FrameSize,
        executor: Executor,
        emit: Callable[[Event], None],
    ) -> tuple[Plan, StoreSession]:
        """Open the store of a render, and divide the render so that each task writes whole chunks.

        Parameters
        ----------
        request : StoreRequest
            Where frames are to be kept.
        plan : Plan
            How the caller wants the render divided.
        params : Params
            What is divided.
        size : FrameSize
            Of the frames.
        executor : Executor
            Who draws, and writes to the store.
        emit : callable
            Told of values that were changed.
        """
        plan, chunk = request.divided(plan, params, size)
        changed = request.changed_values()
        if changed:
            emit(ValuesChanged(changed))
        session = cls(partial(request.open, params.n_frames or 0, size, chunk))
        try:
            executor.probe(session)
        except BaseException:
            session.close()
            raise
        return plan, session

    def close(self) -> None:
        """End it."""
        with _lock:
            _writing[str(self.store)] -= 1

    def prove_here(self) -> None:
        """Raise unless this process can write to the store and read what it wrote."""
        with self.store.write_probe(1) as probe:
            probe.check(0, probe.write(0), "this process")
        self._proved.add("")

    def prove_on(self, client: Any, addresses: Sequence[str]) -> None:
        """Raise if one of some workers cannot write to the store, or this process does not see it.

        Parameters
        ----------
        client : distributed.Client
            Of the cluster.
        addresses : sequence of str
            The workers.
        """
        with (
            self.store.write_probe(len(addresses)) as probe,
            closing(_written(client, addresses, probe)) as written,
        ):
            for idx, data in written:
                probe.check(idx, data, addresses[idx])
                self._proved.add(addresses[idx])
        late = [address for address in addresses if address not in self._proved]
        if late:
            _logger.info(
                "begin without waiting for %s, paused or busy: what they write to the store is checked "
                "with their first partition",
                ", ".join(late),
            )

    def take(self, output: TaskOutput) -> None:
        """Take note of a finished partition, the next in order; raise if it is not seen in the store."""
        digests, worker = _frame_digests(output), output.report.worker
        if worker not in self._proved:
            self.store.require_visible(output.start, digests, worker)
            if output.report.n_reused < len(digests):  # so it did write
                self._proved.add(worker)
        self._checksums.append(chunk_checksums(digests, self.store.chunk))

    def frames(self, output: TaskOutput) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the indices and the pixels of a finished partition, read from the store."""
        frames = self.store.iter_verified(output.start, _frame_digests(output))
        return enumerate(frames, output.start)

    def complete(self, n_frames: int) -> None:
        """Note in the store that the frames are complete, and which ones they are."""
        self.store.complete(n_frames, np.concatenate(self._checksums))


def _frame_digests(output: TaskOutput) -> NDArray[np.uint8]:
    assert output.frame_digests is not None
    return output.frame_digests


def _written(
    client: Any, addresses: Sequence[str], probe: WriteProbe
) -> Generator[tuple[int, bytes], None, None]:
    """Yield the number of each worker and what it wrote, as they come."""
    from distributed import wait

    futures = {
        client.submit(probe.write, idx, workers=[address], pure=False): idx
        for idx, address in enumerate(addresses)
    }
    pending = set(futures)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while pending:
            try:
                with client.as_current():  # which `wait` takes
                    done, pending = wait(
                        list(pending), max(0, deadline - time.monotonic()), return_when="FIRST_COMPLETED"
                    )
            except TimeoutError:
                return
            deadline = min(deadline, time.monotonic() + GRACE_SECONDS)
            for future in done:
                idx = futures[future]
                try:
                    yield idx, future.result()
                except StoreError as exc:
                    raise StoreError(
                        f"worker {addresses[idx]} cannot write to the store: {exc}"
                    ) from exc
    finally:
        client.cancel(list(futures))
