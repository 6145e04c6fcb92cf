"""The executor that draws in this process, without a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, count, islice
from math import inf
from typing import TYPE_CHECKING, Any, Self

from ..drawing import PhaseClock
from ..encoding import EncodeOptions, gpu_reason
from ..frames import FrameSize
from ..memory import LOCAL_BLOCK_BYTES, LOCAL_PARAM_BYTES
from ..params import Params, Partition, nbytes
from ..rendering import Renderer, SampledFrame, SourceSpec, TaskOutput, TaskSpec, Thumbnail
from .executor import BuiltFigure, Scaling, Tasks
from .partitioning import PartitionCost, Plan, segment_length

if TYPE_CHECKING:
    from ..storage import FrameCache
    from .store_session import StoreSession


#: Frames of a segment, at most: its packets are in memory until it is complete.
MAX_SEGMENT = 1000

_END = object()


class LocalExecutor:
    """Draws partition after partition in this process; see `Executor`.

    Parameters are read one at a time, as frames are drawn.

    Parameters
    ----------
    spec : SourceSpec
        What to draw.
    reason : str, optional
        Why this process draws alone, in words.

    Attributes
    ----------
    renderer : Renderer
        Draws the frames.
    read_seconds : float
        Time that reading parameters took.
    n_begun : int
        Partitions that were begun.
    """

    n_threads = 0

    def __init__(self, spec: SourceSpec, reason: str = "") -> None:
        self.renderer = Renderer(spec)
        self.scaling = Scaling(reason)
        self.read_seconds = 0.0
        self.n_begun = 0
        self._may_draw_again = spec.may_draw_again
        self._clock = PhaseClock()  # of what is being drawn
        self._updates = 0.0  # seconds before that

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.renderer.close()

    @property
    def update_seconds(self) -> float:
        """Seconds that `update` took until now."""
        return self._updates + self._clock.seconds.get("update", 0.0)

    def _new_clock(self) -> PhaseClock:
        """Return a clock for what is drawn next, which is read as it runs."""
        self._updates, self._clock = self.update_seconds, PhaseClock()
        return self._clock

    def announce(self, event: dict[str, Any]) -> None:
        """Do nothing: nobody else can see this process."""

    def thread_bytes(self) -> None:
        """Return None: this process may have what there is."""

    def reorder_bytes(self) -> int:
        """Return 0: frames are drawn in order."""
        return 0

    def build(self) -> list[BuiltFigure]:
        """Build the figure."""
        return [BuiltFigure("", self.renderer.build(), {})]

    def gpu_reason(self, encode: EncodeOptions, size: FrameSize) -> str | None:
        """Return why the GPU of this machine cannot encode the frames."""
        return gpu_reason(encode, size)

    def probe(self, session: StoreSession) -> None:
        """Write to the store, and read it."""
        session.prove_here()

    def peek(self, side: int | None) -> SampledFrame | Thumbnail | None:
        """Return a frame that was drawn lately."""
        sampled = self.renderer.peek()
        return sampled if sampled is None or side is None else sampled.thumbnail(side)

    def cancel(self) -> None:
        """Do nothing: no other process is waited for."""

    def outputs(
        self, params: Params, plan: Plan, tasks: Tasks, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Draw partitions, and yield what the task makes of each."""
        return self.outputs_until(lambda: False, params, plan, tasks.alone, on_encoded)

    def outputs_until(
        self,
        is_over: Callable[[], bool],
        params: Params,
        plan: Plan,
        task: TaskSpec,
        on_encoded: Callable[[int], None],
    ) -> Iterator[TaskOutput]:
        """Draw partitions, until something is the case.

        Parameters
        ----------
        is_over : callable
            Called after each frame. Once it has returned True, no partition begins, and the one that is
            being drawn ends if its size is ours to choose. What is left of `params` is not read.
        params, plan, task, on_encoded
            As for `outputs`.
        """
        if task.cache is not None:
            yield from self._kept(is_over, params, plan, task, task.cache, on_encoded)
        elif task.encoding is not None:
            gop = task.encoding.gop
            cost: PartitionCost | None = None

            def auto() -> int:
                return gop if cost is None else max(gop, segment_length(None, 1, cost, gop, MAX_SEGMENT))

            for start, items, clock in self._in_partitions(is_over, params, plan, auto):
                indexed = enumerate(items, start)
                output = self.renderer.render(task, start, indexed, None, on_encoded, clock)
                task = task.following(output)
                cost = PartitionCost.of(output.report, cost)
                yield output
        else:
            yield from self._blocks(is_over, params, plan, task)

    def _kept(
        self,
        is_over: Callable[[], bool],
        params: Params,
        plan: Plan,
        task: TaskSpec,
        cache: FrameCache,
        on_encoded: Callable[[int], None],
    ) -> Iterator[TaskOutput]:
        """Make room in the store for each partition, and draw it."""

        def on_frame(frame_idx: int) -> None:
            if task.encoding is not None:
                on_encoded(frame_idx)
            params.n_taken = max(params.n_taken, frame_idx + 1)
            is_over()

        partition: Partition
        for partition in params.partitions(plan.sizes(params, lambda n_left: 1), inf):
            start, n_frames = partition.start, len(partition)
            cache.store.reserve(start + n_frames)
            indexed = enumerate(partition.items(), start)
            self.n_begun += 1
            output = self.renderer.render(task, start, indexed, n_frames, on_frame, self._new_clock())
            task = task.following(output)
            yield output
            if is_over():
                return

    def _blocks(
        self, is_over: Callable[[], bool], params: Params, plan: Plan, task: TaskSpec
    ) -> Iterator[TaskOutput]:
        """Draw some frames at a time, as many as memory allows, and hand them on."""
        n_frames = max(1, LOCAL_BLOCK_BYTES // self.renderer.size().n_bytes)
        for start, items, clock in self._in_partitions(is_over, params, plan, lambda: n_frames):
            indexed = enumerate(items, start)
            for first in indexed:
                clock.lap("load")
                some = chain([first], islice(indexed, n_frames - 1))
                output = self.renderer.render(task, first[0], some, n_frames, clock=clock)
                task = task.following(output)
                yield output
                clock = self._new_clock()

    def _in_partitions(
        self, is_over: Callable[[], bool], params: Params, plan: Plan, auto: Callable[[], int]
    ) -> Iterator[tuple[int, Iterator[Any], PhaseClock]]:
        """Yield the first frame index of each partition, its parameters, and its clock, which runs.

        Parameters are to be read one at a time; the first one was read.

        `auto` returns the size where the choice is ours. Then a partition also ends when its parameters,
        where they are kept for drawing it again, take a lot of memory.
        """
        frames = self._read(params)
        size_at = plan.sizes(params, lambda n_left: auto())
        is_bounded = plan.is_auto and self._may_draw_again
        start = 0

        def items(first: Any, size: int) -> Iterator[Any]:
            nonlocal start
            n_bytes = 0
            for n in count(1):
                start += 1
                yield first
                n_bytes += nbytes(first) if is_bounded else 0
                ends = n == size or n_bytes >= LOCAL_PARAM_BYTES or (is_over() and plan.is_auto)
                if ends or (first := next(frames, _END)) is _END:
                    return

        while not is_over():
            clock = self._new_clock()
            if (first := next(frames, _END)) is _END:
                return
            clock.lap("load")
            self.n_begun += 1
            yield start, items(first, size_at(start)), clock

    def _read(self, params: Params) -> Iterator[Any]:
        frames = iter(params)
        while True:
            start = time.perf_counter()
            item = next(frames, _END)
            self.read_seconds += time.perf_counter() - start
            if item is _END:
                return
            yield item
