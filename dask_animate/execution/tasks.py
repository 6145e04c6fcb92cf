"""All that runs on a Dask worker: the plugin that keeps the figure, and the task that draws with it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from dask.utils import format_bytes
from distributed import Worker, WorkerPlugin, get_worker

from ..drawing import PhaseClock
from ..encoding import EncodeOptions
from ..errors import WorkerError, errors_that_travel
from ..memory import BLOCK_SHARE
from ..params import Partition, in_bag_order, nbytes
from ..rendering import (
    Picture,
    PictureTask,
    Renderer,
    SampledFrame,
    SourceSpec,
    TaskOutput,
    TaskSpec,
    Thumbnail,
    make_picture,
    renderers,
)
from ._distributed import memory_limit
from .executor import BuiltFigure
from .fused_tasks import FusedTasks

#: Teardown timeout, in seconds.
TEARDOWN_SECONDS = 1.0


class RendererPlugin(WorkerPlugin):  # type: ignore[misc]
    """Keeps the renderer of one render in each worker's process, also of workers that join later.

    A plugin's `setup` runs on the worker's event loop, where user code that is slow or fails would stop
    the worker. So the figure is not built there: the first task builds it in its own thread.

    Parameters
    ----------
    name : str
        Unique to the render.
    spec : SourceSpec
        What to draw, so that it can travel.
    """

    def __init__(self, name: str, spec: SourceSpec) -> None:
        self.name = name
        self._spec = spec
        self._is_holding = False

    def setup(self, worker: Worker) -> None:
        """Hold the renderer, whose figure is not built yet."""
        renderers.hold(self.name, self._spec)
        self._is_holding = True

    async def teardown(self, worker: Worker) -> None:
        """Release the renderer if `setup` holds it, waiting a moment for a frame that is being drawn.

        The thread that closes it goes on waiting; not so the worker, nor who removes the plugin.
        """
        if not self._is_holding:
            return
        self._is_holding = False
        closing = threading.Thread(target=renderers.release, args=(self.name,), daemon=True)
        closing.start()
        patience = time.monotonic() + TEARDOWN_SECONDS
        while closing.is_alive() and time.monotonic() < patience:
            await asyncio.sleep(0.01)


def build_figure(name: str, encode: EncodeOptions | None) -> BuiltFigure:
    """Task: build the figure on this worker; `encode` is what its GPU would be asked for."""
    renderer = _renderer(name)
    with errors_that_travel():
        built = BuiltFigure(get_worker().address, renderer.size(), renderer.fonts())
    if encode is None:
        return built
    from ..encoding import gpu_reason

    return replace(built, gpu_reason=gpu_reason(encode, built.size))


def peek(name: str, side: int | None) -> SampledFrame | Thumbnail | None:
    """Run on a worker's event loop: return a frame that it drew lately; see `Executor.peek`."""
    renderer = renderers.held(name)
    sampled = None if renderer is None else renderer.peek()
    return sampled if sampled is None or side is None else sampled.thumbnail(side)


def render_partition(
    name: str,
    partition: Partition,
    task: TaskSpec,
    fused: FusedTasks | None = None,
    computed: Sequence[Any] = (),
) -> TaskOutput:
    """Task: draw a partition of consecutive frames.

    If its parameters have to be computed, `fused` does what is left of that, given what was `computed`.
    """
    clock = PhaseClock()
    items = partition.items(None if fused is None else fused.results(computed))
    clock.lap("load")
    is_computed = isinstance(items, list) and fused is not None
    param_bytes = sum(map(nbytes, items)) if is_computed else 0
    indexed = enumerate(items, partition.start)
    return _render(name, partition.start, indexed, len(partition), task, param_bytes, clock)


def draw_picture(
    name: str, partition: Partition, task: PictureTask, computed: Sequence[Any] = ()
) -> Picture:
    """Task: draw the only frame of a partition, given what was `computed` for its parameters."""
    renderer = _renderer(name)
    (params,) = partition.items(computed or None)
    with errors_that_travel():
        picture = make_picture(renderer, partition.start, params, task)
    return replace(picture, worker=get_worker().address)


def render_items(
    name: str, items: Sequence[Any], before: Sequence[int], stop: int | None, task: TaskSpec
) -> TaskOutput:
    """Task: draw the items of a bag's partition, which `before`, added up, frames precede.

    Frames from `stop` on are left out. A partition with frames that belong to others becomes a
    block, for the client to put in order.
    """
    clock = PhaseClock()
    start = sum(before)
    indexed, is_run = in_bag_order(items, start, stop)
    if not is_run:
        task = replace(task, encoding=None)
    param_bytes = sum(nbytes(params) for _, params in indexed)
    clock.lap("load")
    return _render(name, start, indexed, len(indexed), task, param_bytes, clock)


def _render(
    name: str,
    start: int,
    indexed: Iterable[tuple[int, Any]],
    n_frames: int,
    task: TaskSpec,
    param_bytes: int,
    clock: PhaseClock,
) -> TaskOutput:
    worker, renderer = get_worker(), _renderer(name)
    if task.encoding is None and task.cache is None:
        _check_memory(worker, n_frames, renderer.size().n_bytes)
    with errors_that_travel():
        output = renderer.render(task, start, indexed, n_frames, clock=clock)
        report = replace(
            output.report, worker=worker.address, fonts=renderer.fonts(), param_bytes=param_bytes
        )
        return replace(output, report=report)


def _check_memory(worker: Worker, n_frames: int, frame_bytes: int) -> None:
    """Raise if the pixels of a block would take most of a worker's memory."""
    limit = memory_limit(worker)
    if limit and n_frames * frame_bytes > limit * BLOCK_SHARE:
        at_most = int(limit * BLOCK_SHARE) // frame_bytes
        advice = (
            f"use at most {at_most} frames for a partition" if at_most else "give workers more memory"
        )
        raise WorkerError(
            f"a partition of {n_frames} frames takes {format_bytes(n_frames * frame_bytes)} as "
            f"pixels, more than half of the memory limit of {format_bytes(limit)} of {worker.address}: "
            f"{advice}"
        )


def _renderer(name: str) -> Renderer:
    renderer = renderers.held(name)
    if renderer is None:
        raise WorkerError(
            f"{get_worker().address} does not know the render {name}, or no longer, as after its client "
            f"was cut off from the scheduler: start it again"
        )
    return renderer
