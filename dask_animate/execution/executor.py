"""The executor protocol: where partitions are drawn, in this process or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from ..encoding import EncodeOptions
from ..frames import FrameSize
from ..params import Params
from ..rendering import TaskOutput, TaskSpec
from .partitioning import Plan

if TYPE_CHECKING:
    from .store_session import StoreSession


@dataclass(frozen=True)
class BuiltFigure:
    """A figure that is ready to be drawn.

    Attributes
    ----------
    worker : str
        Address of the worker, or "" for this process.
    size : FrameSize
        Of its frames.
    fonts : dict of str to str
        The font files that it is drawn with, by what is asked for; empty in this process.
    gpu_reason : str or None
        Why the worker's GPU cannot encode its frames; only if that was asked for.
    """

    worker: str
    size: FrameSize
    fonts: dict[str, str]
    gpu_reason: str | None = None


class Executor(Protocol):
    """Draws the partitions of one render.

    A context manager: leaving it gives up what is still being drawn, and closes the figures. Used by one
    thread.
    """

    @property
    def n_threads(self) -> int:
        """Threads that draw, each a partition; 0 if this process draws alone."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

    def thread_bytes(self) -> int | None:
        """Return the memory that there is for each thread, in bytes; None for all of this machine."""
        ...

    def reorder_bytes(self) -> int:
        """Return the bytes of frames that may wait for frames before them."""
        ...

    def build(self, encode: EncodeOptions | None) -> Sequence[BuiltFigure]:
        """Build figures, at least one, and return what is known of those that are built.

        Parameters
        ----------
        encode : EncodeOptions or None
            What tasks are to encode; None if they are not.
        """
        ...

    def probe(self, session: StoreSession) -> None:
        """Raise unless everybody who draws can write to a store."""
        ...

    def outputs(
        self, params: Params, plan: Plan, task: TaskSpec, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Divide parameters, draw the partitions, and yield what the task makes of each, in order.

        Parameters
        ----------
        params
            Consumed.
        plan : Plan
            How to divide them.
        task : TaskSpec
            What to make of a partition.
        on_encoded : callable
            May be called with the index of each frame as it is encoded, before its partition is yielded.
        """
        ...
