"""All that runs on a Dask worker: the plugin that keeps the figure, and the task that draws with it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dask.utils import format_bytes
from distributed import Worker, WorkerPlugin, get_worker

from .errors import UserCodeError, WorkerError
from .job import RenderJob
from .params import with_index
from .renderer import Renderer
from .spec import Block, FrameSize, Partition

#: How long the end of a render waits for frames that are no longer wanted.
TEARDOWN_SECONDS = 1.0


class RendererPlugin(WorkerPlugin):  # type: ignore[misc]
    """Keeps the renderer of one render on each worker, also on those that join later.

    A plugin's `setup` runs on the worker's event loop, where user code that is slow or fails would stop
    the worker. So only the job is kept there, and the first task builds the figure in its own thread.

    Parameters
    ----------
    name : str
        Unique to the render.
    job : RenderJob
        With the animator pickled.
    """

    def __init__(self, name: str, job: RenderJob) -> None:
        self.name = name
        self._job = job
        self.renderer: Renderer | None = None

    def setup(self, worker: Worker) -> None:
        """Make the renderer, whose figure is not built yet."""
        self.renderer = Renderer(self._job)

    async def teardown(self, worker: Worker) -> None:
        """Close the renderer, waiting a moment for a frame that is being drawn.

        The thread that closes it goes on waiting; not so the worker, nor who removes the plugin.
        """
        if self.renderer is not None:
            closing = threading.Thread(target=self.renderer.close, daemon=True)
            closing.start()
            patience = time.monotonic() + TEARDOWN_SECONDS
            while closing.is_alive() and time.monotonic() < patience:
                await asyncio.sleep(0.01)


def measure_figure(name: str) -> FrameSize:
    """Task: build the figure on this worker and return the size of its frames."""
    with _errors_that_travel():
        return _renderer(name).size()


def render_partition(name: str, partition: Partition) -> Block:
    """Task: draw a partition of consecutive frames."""
    return _block(name, list(enumerate(partition.params, partition.start)))


def render_items(name: str, items: Sequence[Any], start: int, stop: int | None) -> Block:
    """Task: draw the items of a bag's partition, the first of which is frame `start`.

    Frames from `stop` on are left out.
    """
    indexed = [pair for pair in with_index(items, start) if stop is None or pair[0] < stop]
    return _block(name, indexed)


def count_items(items: Sequence[Any], start: int) -> int:
    """Task: return the frame index after a bag's partition whose first frame is `start`."""
    return start + len(items)


def _block(name: str, indexed: Sequence[tuple[int, Any]]) -> Block:
    worker, renderer = get_worker(), _renderer(name)
    limit = worker.memory_manager.memory_limit
    frame_bytes = measure_figure(name).n_bytes
    if limit and len(indexed) * frame_bytes > limit / 2:
        at_most = limit // 2 // frame_bytes
        advice = (
            f"use at most {at_most} frames for a partition" if at_most else "give workers more memory"
        )
        raise WorkerError(
            f"a partition of {len(indexed)} frames takes {format_bytes(len(indexed) * frame_bytes)} as "
            f"pixels, more than half of the memory limit of {format_bytes(limit)} of {worker.address}: "
            f"{advice}"
        )
    with _errors_that_travel():
        return renderer.block(indexed, worker.address)


def _renderer(name: str) -> Renderer:
    worker = get_worker()
    plugin = worker.plugins.get(name)
    if plugin is None or plugin.renderer is None:
        raise WorkerError(f"{worker.address} does not know the render {name}")
    renderer: Renderer = plugin.renderer
    return renderer


@contextmanager
def _errors_that_travel() -> Iterator[None]:
    try:
        yield
    except UserCodeError as exc:
        error = exc.made_portable()
    else:
        return
    raise error
