"""The executor that draws on a cluster of this machine from the first frame on, and never here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..encoding import EncodeOptions
from ..frames import FrameSize
from ..params import Params
from ..rendering import SampledFrame, SourceSpec, TaskOutput, Thumbnail
from .executor import BuiltFigure, Scaling, Tasks
from .own_cluster import OwnCluster
from .partitioning import Plan

if TYPE_CHECKING:
    from .distributed_executor import DistributedExecutor
    from .store_session import StoreSession


class OwnClusterExecutor:
    """Starts a cluster of this machine, and draws on it; see `Executor`.

    For renders that run besides the caller's code: a figure that is drawn in this process changes the
    state of matplotlib, which that code would see. And for those with a limit to the time of a frame,
    which only the end of a process enforces.

    Parameters
    ----------
    spec : SourceSpec
        What to draw.
    n_workers : int
        Number of processes that draw.
    on_drawn : callable
        As for `DistributedExecutor`.
    why : str
        Which option makes others draw, such as "wait=False".

    Raises
    ------
    AnimatorPickleError
        If it cannot be sent to another process.
    """

    def __init__(
        self, spec: SourceSpec, n_workers: int, on_drawn: Callable[[int], None], why: str
    ) -> None:
        self._why = why
        self._spec = spec.pickled()
        self._n_workers = n_workers
        self._on_drawn = on_drawn
        self._begun = time.perf_counter()
        self._cluster: OwnCluster | None = None
        self._remote: DistributedExecutor | None = None
        self._is_cancelled = False
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        from .distributed_executor import DistributedExecutor

        self._cluster = OwnCluster(self._n_workers, self._spec)
        try:
            if self._is_cancelled:
                self._cluster.close()
            client = self._cluster.wait()
            self._remote = DistributedExecutor(
                client, self._spec, None, is_complete=True, on_drawn=self._on_drawn
            )
            self._exits.enter_context(self._remote)
        except BaseException as exc:
            with self._cluster.explained(exc):
                self._cluster.close()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        assert self._cluster is not None
        with self._cluster.explained(exc):
            try:
                self._exits.__exit__(exc_type, exc, tb)
            finally:
                self._cluster.close()

    @property
    def _opened(self) -> DistributedExecutor:
        assert self._remote is not None, "not entered"
        return self._remote

    @property
    def n_threads(self) -> int:
        """Number of processes that draw."""
        return self._n_workers

    @property
    def scaling(self) -> Scaling:
        """When the cluster was ready."""
        assert self._cluster is not None
        reason = f"a cluster was started, as a render with {self._why} does not draw in this process"
        return Scaling(reason, self._cluster.ready_at - self._begun)

    def announce(self, event: dict[str, Any]) -> None:
        """Do nothing: nobody else knows the cluster."""

    def thread_bytes(self) -> int:
        """Return the memory that there is for each worker."""
        return self._opened.thread_bytes()

    def reorder_bytes(self) -> int:
        """Return the bytes of frames that may wait in this process for frames before them."""
        return self._opened.reorder_bytes()

    def build(self) -> list[BuiltFigure]:
        """Build the figure on every worker."""
        return self._opened.build()

    def gpu_reason(self, encode: EncodeOptions, size: FrameSize) -> str | None:
        """Return why the GPUs of the workers cannot encode the frames."""
        return self._opened.gpu_reason(encode, size)

    def probe(self, session: StoreSession) -> None:
        """Let the workers write to the store."""
        self._opened.probe(session)

    def outputs(
        self, params: Params, plan: Plan, tasks: Tasks, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Draw partitions on the workers, and yield what tasks make of each."""
        return self._opened.outputs(params, plan, tasks, on_encoded)

    def peek(self, side: int | None) -> SampledFrame | Thumbnail | None:
        """Return a frame that a worker drew lately."""
        return None if self._remote is None else self._remote.peek(side)

    def cancel(self) -> None:
        """Cancel what is in flight, or end the cluster that is being started."""
        self._is_cancelled = True
        if self._remote is not None:
            self._remote.cancel()
        elif self._cluster is not None:
            self._cluster.close()
