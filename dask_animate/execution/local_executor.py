"""The executor that draws in this process, without a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from math import inf
from typing import TYPE_CHECKING, Any, Self

from ..encoding import EncodeOptions, gpu_reason
from ..memory import LOCAL_BLOCK_BYTES, LOCAL_PARAM_BYTES
from ..params import Params, Partition, nbytes
from ..rendering import Renderer, SourceSpec, TaskOutput, TaskSpec
from .executor import BuiltFigure
from .partitioning import Plan

if TYPE_CHECKING:
    from ..storage import FrameCache
    from .store_session import StoreSession


class LocalExecutor:
    """Draws partition after partition in this process; see `Executor`.

    Parameters are read one at a time, as frames are drawn.

    Parameters
    ----------
    spec : SourceSpec
        What to draw.
    """

    n_threads = 0

    def __init__(self, spec: SourceSpec) -> None:
        self._renderer = Renderer(spec)
        self._may_draw_again = spec.may_draw_again

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._renderer.close()

    def thread_bytes(self) -> None:
        """Return None: this process may have what there is."""

    def reorder_bytes(self) -> int:
        """Return 0: frames are drawn in order."""
        return 0

    def build(self, encode: EncodeOptions | None) -> list[BuiltFigure]:
        """Build the figure."""
        size = self._renderer.size()
        return [BuiltFigure("", size, {}, None if encode is None else gpu_reason(encode, size))]

    def probe(self, session: StoreSession) -> None:
        """Write to the store, and read it."""
        session.prove_here()

    def outputs(
        self, params: Params, plan: Plan, task: TaskSpec, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Draw partitions, and yield what the task makes of each."""
        if task.cache is not None:
            yield from self._kept(params, plan, task, task.cache, on_encoded)
        elif task.encoding is not None:
            partitions = self._in_partitions(params, plan, task.encoding.gop)
            for start, items in partitions:
                yield self._renderer.render(task, start, enumerate(items, start), on_frame=on_encoded)
        else:
            yield from self._blocks(params, plan, task)

    def _kept(
        self,
        params: Params,
        plan: Plan,
        task: TaskSpec,
        cache: FrameCache,
        on_encoded: Callable[[int], None],
    ) -> Iterator[TaskOutput]:
        """Make room in the store for each partition, and draw it."""
        render = partial(self._renderer.render, task)
        if task.encoding is not None:
            render = partial(render, on_frame=on_encoded)
        partition: Partition
        for partition in params.partitions(plan.sizes(params, lambda n_left: 1), inf):
            start, n_frames = partition.start, len(partition)
            cache.store.reserve(start + n_frames)
            yield render(start, enumerate(partition.items(), start), n_frames)

    def _blocks(self, params: Params, plan: Plan, task: TaskSpec) -> Iterator[TaskOutput]:
        """Draw some frames at a time, as many as memory allows, and hand them on."""
        n_frames = max(1, LOCAL_BLOCK_BYTES // self._renderer.size().n_bytes)
        for start, items in self._in_partitions(params, plan, n_frames):
            indexed = enumerate(items, start)
            for first in indexed:
                some = chain([first], islice(indexed, n_frames - 1))
                yield self._renderer.render(task, first[0], some, n_frames)

    def _in_partitions(
        self, params: Params, plan: Plan, auto: int
    ) -> Iterator[tuple[int, Iterator[Any]]]:
        """Yield the first frame index and the parameters of each partition, to be read one at a time.

        `auto` is the size where the choice is ours. Then a partition also ends when its parameters,
        where they are kept for drawing it again, take a lot of memory.
        """
        frames = iter(params)
        size_at = plan.sizes(params, lambda n_left: auto)
        is_bounded = plan.is_auto and self._may_draw_again
        start = 0

        def items(first: Any, size: int) -> Iterator[Any]:
            nonlocal start
            n_bytes = 0
            for item in chain([first], islice(frames, size - 1)):
                start += 1
                yield item
                n_bytes += nbytes(item) if is_bounded else 0
                if n_bytes >= LOCAL_PARAM_BYTES:
                    return

        for first in frames:
            yield start, items(first, size_at(start))
