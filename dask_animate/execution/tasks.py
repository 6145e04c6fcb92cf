"""All that runs on a Dask worker: the plugin that keeps the figure, and the task that draws with it."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from dask.utils import format_bytes
from distributed import Worker, WorkerPlugin, get_worker

from ..dashboard import CAPTURE, partition_drawn
from ..diagnostics import PartitionReport
from ..drawing import PhaseClock
from ..encoding import EncodeOptions
from ..errors import AnimateError, WorkerError, errors_that_travel
from ..frames import FrameSize
from ..memory import BLOCK_SHARE
from ..params import Partition, in_bag_order, nbytes
from ..provenance import process_origin, process_versions
from ..rendering import (
    FrameBeforeUnknown,
    Picture,
    PictureTask,
    Renderer,
    SampledFrame,
    SourceSpec,
    TaskOutput,
    TaskSpec,
    Thumbnail,
    Unplaced,
    Unwatched,
    make_picture,
    renderers,
)
from ._distributed import answer_scheduler, memory_limit, tell_of_task
from .agreement import Reference, Refusal
from .executor import BuiltFigure
from .fused_tasks import FusedTasks
from .interrupt_shield import shield
from .watchdog import Watchdog
from .worker_facts import WorkerCheck, WorkerFacts

#: Teardown timeout, in seconds.
TEARDOWN_SECONDS = 1.0
#: Seconds for which a worker waits for the next frame that it draws; the longer sides of its picture, of
#: which the next one is taken if the picture has more bytes than this.
CAPTURE_SECONDS, THUMBNAIL_SIDES, THUMBNAIL_BYTES = 5.0, (640, 320, 160), 20_000

#: The names of renders whose client is in this process.
renders_from_here: set[str] = set()

#: The pickled parameters of frame 0, in a tuple, by the names of renders in this process that have them.
_firsts: dict[str, bytes] = {}
#: The names of renders in this process, by their ids, whose frames the scheduler may ask for.
_watched: dict[str, str] = {}


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
    has_thumbnails : bool
        Whether the scheduler may ask for pictures of the frames that are drawn.
    first : bytes, optional
        The parameters of frame 0, pickled in a tuple, by which workers prove what they draw.
    """

    def __init__(
        self, name: str, spec: SourceSpec, *, has_thumbnails: bool = False, first: bytes | None = None
    ) -> None:
        self.name = name
        self._spec = spec
        self._first = first
        self._has_thumbnails = has_thumbnails
        self._is_holding = False
        self._is_shielded = False

    def setup(self, worker: Worker) -> None:
        """Hold the renderer, whose figure is not built yet."""
        renderers.hold(self.name, self._spec)
        self._is_holding = True
        if self._first is not None:
            _firsts[self.name] = self._first
        self._is_shielded = shield.hold(worker)
        if self._has_thumbnails:
            _watched[render_id(self.name)] = self.name
            answer_scheduler(worker, CAPTURE, _capture)

    async def teardown(self, worker: Worker) -> None:
        """Release the renderer if `setup` holds it, waiting a moment for a frame that is being drawn.

        The thread that closes it goes on waiting; not so the worker, nor who removes the plugin.
        """
        if not self._is_holding:
            return
        self._is_holding = False
        if self._is_shielded:
            shield.release()
        closing = threading.Thread(target=_release, args=(self.name,), daemon=True)
        closing.start()
        patience = time.monotonic() + TEARDOWN_SECONDS
        while closing.is_alive() and time.monotonic() < patience:
            await asyncio.sleep(0.01)


def _release(name: str) -> None:
    renderers.release(name)
    if renderers.held(name) is None:  # by no other worker of this process either
        _watched.pop(render_id(name), None)
        _firsts.pop(name, None)


def render_id(name: str) -> str:
    """Return the suffix of the render's task names."""
    return name[-32:]


async def _capture(render: str) -> tuple[int, bytes] | None:
    """On a worker's event loop: return the index and a small picture of a frame that it draws now."""
    renderer = renderers.held(_watched.get(render, ""))
    asked = time.time()
    while renderer is not None and time.time() < asked + CAPTURE_SECONDS:
        sampled = renderer.peek()
        if sampled is not None and sampled.drawn_at >= asked:
            return sampled.frame_idx, await asyncio.to_thread(_small_picture, sampled)
        await asyncio.sleep(0.02)
    return None


def _small_picture(sampled: SampledFrame) -> bytes:
    """Return a JPEG file, as large as its bytes allow."""
    for side in THUMBNAIL_SIDES:
        jpeg = sampled.thumbnail(side).jpeg
        if len(jpeg) <= THUMBNAIL_BYTES:
            break
    return jpeg


def build_figure(name: str, *, proves: bool = False) -> BuiltFigure:
    """Task: build the figure on this worker, and prove what it draws if that is asked for."""
    process_origin()  # before user code changes what it depends on
    renderer = _renderer(name)
    worker = get_worker()
    with errors_that_travel():
        size, fonts = renderer.build(), renderer.fonts()
        facts = _facts(name, renderer, proves=proves)
    return BuiltFigure(worker.address, size, fonts, life_seconds=worker.lifetime, facts=facts)


async def try_gpu(encode: EncodeOptions, size: FrameSize) -> tuple[str | None, bool]:
    """On a worker's event loop: return why its GPU cannot encode, or None, and whether it never will."""
    from ..encoding import gpu_reason, lasting_gpu_reason

    reason = await asyncio.to_thread(gpu_reason, encode, size)
    return reason, lasting_gpu_reason(encode) is not None


def prove(name: str) -> WorkerFacts:
    """Task: return with what this worker draws, and a proof of what it draws."""
    renderer = _renderer(name)
    with errors_that_travel():
        return _facts(name, renderer, proves=True)


def _facts(name: str, renderer: Renderer, *, proves: bool) -> WorkerFacts:
    return WorkerFacts(
        get_worker().address,
        process_origin(),
        process_versions(),
        renderer.fonts(),
        renderer.settings(),
        _proof(name, renderer) if proves else None,
    )


def _proof(name: str, renderer: Renderer) -> str:
    first = _firsts.get(name)
    return renderer.proof(() if first is None else pickle.loads(first))


def check_worker(name: str, encode: EncodeOptions) -> WorkerCheck:
    """Task: return what can be known of this worker before a render."""
    worker = get_worker()
    check = checked(_renderer(name), _firsts.get(name), encode)
    return replace(check, facts=replace(check.facts, worker=worker.address))


def checked(renderer: Renderer, first: bytes | None, encode: EncodeOptions) -> WorkerCheck:
    """Return what can be known of this process before a render."""
    from ..encoding import encoder_reasons

    facts = WorkerFacts("", process_origin(), process_versions())
    try:
        size = renderer.open()
        proof = renderer.proof(() if first is None else pickle.loads(first))
    except Exception as exc:  # which need not exist in the process that asks
        return WorkerCheck(replace(facts, failure=f"{exc}" or type(exc).__name__))
    facts = replace(
        facts,
        versions=process_versions(),  # of what is loaded by now
        fonts=renderer.fonts(),
        settings=renderer.settings(),
        proof=proof,
    )
    return WorkerCheck(facts, size, encoder_reasons(encode, size or FrameSize(256, 256)))


def _refusal(name: str, renderer: Renderer, reference: Reference | None) -> Refusal | None:
    """Return what is returned in place of frames, unless this worker is known to draw what others do."""
    origin = process_origin()
    if reference is None or origin in reference.origins:
        return None
    try:
        if _proof(name, renderer) == reference.proof:
            return None
        return Refusal(_facts(name, renderer, proves=True))
    except AnimateError as exc:
        if not reference.tolerant:
            raise
        return Refusal(WorkerFacts(get_worker().address, origin, failure=f"{exc}"))


async def peek(name: str, side: int | None) -> SampledFrame | Thumbnail | None:
    """Run on a worker's event loop: return a frame that it drew lately; see `Executor.peek`."""
    renderer = renderers.held(name)
    sampled = None if renderer is None else renderer.peek()
    if sampled is None or side is None:
        return sampled
    return await asyncio.to_thread(sampled.thumbnail, side)


def render_partition(
    name: str,
    partition: Partition,
    task: TaskSpec,
    reference: Reference | None = None,
    fused: FusedTasks | None = None,
    computed: Sequence[Any] = (),
) -> TaskOutput | Refusal | Unplaced:
    """Task: draw a partition of consecutive frames.

    If its parameters have to be computed, `fused` does what is left of that, given what was `computed`.
    """
    clock = PhaseClock()
    items = partition.items(None if fused is None else fused.results(computed))
    clock.lap("load")
    is_computed = isinstance(items, list) and fused is not None
    param_bytes = sum(map(nbytes, items)) if is_computed else 0
    indexed = enumerate(items, partition.start)
    return _render(name, partition.start, indexed, len(partition), task, reference, param_bytes, clock)


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
    name: str,
    items: Sequence[Any],
    before: Sequence[int],
    stop: int | None,
    task: TaskSpec,
    reference: Reference | None = None,
) -> TaskOutput | Refusal | Unplaced:
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
    return _render(name, start, indexed, len(indexed), task, reference, param_bytes, clock)


def _render(
    name: str,
    start: int,
    indexed: Iterable[tuple[int, Any]],
    n_frames: int,
    task: TaskSpec,
    reference: Reference | None,
    param_bytes: int,
    clock: PhaseClock,
) -> TaskOutput | Refusal | Unplaced:
    worker, renderer, began = get_worker(), _renderer(name), clock.began
    with errors_that_travel():
        refusal = _refusal(name, renderer, reference)
    if refusal is not None:
        return refusal
    if task.encoding is None and task.cache is None:
        _check_memory(worker, n_frames, renderer.size().n_bytes)
    with errors_that_travel(), _watch(worker, name, task) as watch:
        try:
            output = renderer.render(task, start, indexed, n_frames, clock=clock, watch=watch)
        except FrameBeforeUnknown as exc:
            return Unplaced(exc.failures)
        report = replace(
            output.report, worker=worker.address, fonts=renderer.fonts(), param_bytes=param_bytes
        )
        tell_of_task(worker, _told(start, report, began))
        return replace(output, report=report)


def _watch(worker: Worker, name: str, task: TaskSpec) -> AbstractContextManager[Watchdog | Unwatched]:
    """Return what watches the frames of a task, if there is a limit to their time."""
    seconds = task.faults.timeout
    if seconds is None:
        return nullcontext(Unwatched())
    if name in renders_from_here:
        raise WorkerError(
            f"timeout= needs workers in other processes, and {worker.address} is a thread of the "
            f"process that renders, which a frame that hangs would end"
        )
    return Watchdog(worker, render_id(name), seconds)


def _told(start: int, report: PartitionReport, began: float) -> dict[str, Any]:
    """Return what the dashboard is told of a partition whose task began at a time.

    It knows of the task that has built the figure before.
    """
    phases = report.phases
    phases["setup"] -= began - report.began
    return partition_drawn(
        start,
        report.n_frames,
        {name: seconds for name, seconds in phases.items() if seconds > 0},
        n_blitted=report.n_blitted,
        n_reused=report.n_reused,
        redraw_fault=report.redraw_fault,
    )


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
