"""The executor protocol: where partitions are drawn, in this process or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from ..encoding import EncodeOptions
from ..frames import FrameSize
from ..params import Params
from ..rendering import SampledFrame, TaskOutput, TaskSpec, Thumbnail
from .partitioning import Plan
from .worker_facts import WorkerFacts

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
    life_seconds : float or None
        Seconds after which the worker ends by itself (``dask worker --lifetime``); None if it does not.
    facts : WorkerFacts or None
        What the worker draws with; only on a cluster.
    """

    worker: str
    size: FrameSize
    fonts: dict[str, str]
    life_seconds: float | None = None
    facts: WorkerFacts | None = None


@dataclass(frozen=True)
class Tasks:
    """What is to be made of a partition, by where it is drawn.

    Attributes
    ----------
    on_workers : TaskSpec
        On a worker, or in this process besides workers.
    alone : TaskSpec
        In this process as long as it draws alone: its encoder may use all cores.
    """

    on_workers: TaskSpec
    alone: TaskSpec


@dataclass(frozen=True)
class Scaling:
    """Whether processes besides this one drew frames.

    Attributes
    ----------
    reason : str
        Why, or why not, in words.
    seconds : float or None
        When a cluster of this machine was ready, in seconds from the first frame; None if there was
        none, or if it was the caller's.
    """

    reason: str
    seconds: float | None = None


class Executor(Protocol):
    """Draws the partitions of one render.

    A context manager: leaving it gives up what is still being drawn, and closes the figures. Used by one
    thread, but for `peek` and `cancel`, which any thread may call.
    """

    @property
    def n_threads(self) -> int:
        """Threads that draw, each a partition, at most; 0 if this process draws alone."""
        ...

    @property
    def scaling(self) -> Scaling:
        """Where frames were drawn, and why there."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

    def announce(self, event: dict[str, Any]) -> None:
        """Tell of the start or the end of the render where others can see it; may be called at any time.

        Parameters
        ----------
        event : dict of str to object
            Plain data, as `dashboard` makes it.
        """
        ...

    def thread_bytes(self) -> int | None:
        """Return the memory that there is for each thread, in bytes; None for all of this machine."""
        ...

    def reorder_bytes(self) -> int:
        """Return the bytes of frames that may wait for frames before them."""
        ...

    def build(self) -> Sequence[BuiltFigure]:
        """Build figures, at least one, and return what is known of those that are built."""
        ...

    def gpu_reason(self, encode: EncodeOptions, size: FrameSize) -> str | None:
        """Return why not all GPUs of those who draw can encode the frames, or None if they can.

        Parameters
        ----------
        encode : EncodeOptions
            What tasks are to encode.
        size : FrameSize
            Of what was built.
        """
        ...

    def probe(self, session: StoreSession) -> None:
        """Raise unless everybody who draws can write to a store."""
        ...

    def outputs(
        self, params: Params, plan: Plan, tasks: Tasks, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Divide parameters, draw the partitions, and yield what tasks make of each, in order.

        Parameters
        ----------
        params
            Consumed.
        plan : Plan
            How to divide them.
        tasks : Tasks
            What to make of a partition.
        on_encoded : callable
            May be called with the index of each frame as it is encoded, before its partition is yielded.
        """
        ...

    def peek(self, side: int | None) -> SampledFrame | Thumbnail | None:
        """Return a frame that was drawn lately, if one is known, and ask for a newer one.

        Parameters
        ----------
        side : int or None
            Longer side of a thumbnail, in pixels; None returns the whole frame.
        """
        ...

    def cancel(self) -> None:
        """Make `build` and `outputs` raise soon if they wait for other processes."""
        ...
