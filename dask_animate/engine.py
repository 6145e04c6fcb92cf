"""A render: frames drawn here or on a cluster, put in order, handed to a sink."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from dask.utils import format_bytes
from numpy.typing import NDArray

from .errors import OptionError, ParamsError
from .events import Event, FrameEncoded, Listener, PartitionRendered
from .job import RenderJob
from .params import BagParams, FrameParams, in_frame_order, partition_sizes
from .renderer import Renderer
from .spec import Block, RenderStats, require_int

if TYPE_CHECKING:
    from distributed import Client

Frame = NDArray[np.uint8]


class Sink(Protocol):
    """Eats frames in order."""

    def write(self, frame: Frame) -> None:
        """Take one frame, (height, width, 3) uint8 RGB; it may be reused afterwards."""
        ...


@dataclass(frozen=True)
class Plan:
    """How a render is divided.

    Attributes
    ----------
    partition_size : int, sequence of int or "auto"
        Frames in a partition.
    preload_factor : int
        Frames read ahead for each worker.
    """

    partition_size: Any
    preload_factor: int

    @classmethod
    def create(
        cls, partition_size: object, preload_factor: object, params: FrameParams | BagParams
    ) -> Plan:
        """Check what the caller gave against the parameters that are to be divided."""
        if isinstance(partition_size, Iterable) and not isinstance(partition_size, str):
            partition_size = tuple(partition_size)
        plan = cls(partition_size, require_int("preload_factor", preload_factor, 1))
        if isinstance(params, BagParams) and partition_size != "auto":
            raise OptionError(
                'partition_size must be "auto" with a Bag, whose partitions are used as they are; '
                "bag.repartition() changes them"
            )
        plan.sizes(params, auto=1)
        return plan

    def sizes(self, params: FrameParams | BagParams, auto: int) -> Iterable[int]:
        """Return the frames of each partition, `auto` being what "auto" stands for."""
        return partition_sizes(self.partition_size, params.n_frames, auto)


@dataclass
class Meter:
    """Adds up what a render costs. A listener, whose clock starts when it is made."""

    started: float = field(default_factory=time.perf_counter)
    render_seconds: float = 0.0
    encode_seconds: float = 0.0
    wait_seconds: float = 0.0
    n_frames: int = 0
    n_partitions: int = 0
    n_bytes_received: int = 0
    workers: set[str] = field(default_factory=set)

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, FrameEncoded):
            self.n_frames += 1
            return
        self.n_partitions += 1
        self.render_seconds += event.seconds
        if event.worker:
            self.workers.add(event.worker)
            self.n_bytes_received += event.n_bytes

    def stats(self, file_size: int) -> RenderStats:
        """Return what was added up until now."""
        wall = time.perf_counter() - self.started
        return RenderStats(
            wall_seconds=wall,
            render_seconds=self.render_seconds,
            encode_seconds=self.encode_seconds,
            wait_seconds=self.wait_seconds,
            frames_per_second=self.n_frames / wall,
            n_partitions=self.n_partitions,
            n_workers=len(self.workers),
            n_bytes_received=self.n_bytes_received,
            file_size=file_size,
        )


class Render:
    """One render.

    Parameters
    ----------
    job : RenderJob
        What to draw.
    params : FrameParams or BagParams
        The frames' parameters; consumed.
    plan : Plan
        How to divide it.
    sink : Sink
        Where the frames go.
    meter : Meter
        Adds up what it costs.
    listeners : sequence of callable
        Told of each event, in this thread.
    """

    def __init__(
        self,
        job: RenderJob,
        params: FrameParams | BagParams,
        plan: Plan,
        sink: Sink,
        meter: Meter,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._job = job
        self._params = params
        self._plan = plan
        self._sink = sink
        self._meter = meter
        self._listeners: tuple[Listener, ...] = (meter, *listeners)

    def here(self) -> None:
        """Draw in this process."""
        sizes = self._plan.sizes(self._params, auto=1)
        renderer = Renderer(self._job)
        try:
            self._encode(self._draw_here(renderer, sizes), reorder_budget=0)
        finally:
            renderer.close()

    def on(self, client: Client, max_workers: int | None) -> None:
        """Draw on a cluster, on `max_workers` of it at most."""
        from .gather import Gather

        with Gather(
            client,
            self._job,
            preload_factor=self._plan.preload_factor,
            max_workers=max_workers,
        ) as gather:
            gather.measure()
            if isinstance(self._params, BagParams):
                blocks = gather.bag_blocks(self._params)
            else:
                auto = gather.auto_size(self._params.n_frames)
                sizes = self._plan.sizes(self._params, auto)
                is_auto = self._plan.partition_size == "auto"
                max_bytes = gather.auto_bytes() if is_auto else float("inf")
                blocks = gather.blocks(self._params.partitions(sizes, max_bytes))
            self._encode(self._unpack(blocks), gather.reorder_budget())

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    def _draw_here(self, renderer: Renderer, sizes: Iterable[int]) -> Iterator[tuple[int, Frame]]:
        for partition in self._params.partitions(sizes):
            seconds = 0.0
            for n, params in enumerate(partition.params, 1):
                frame_idx = partition.start + n - 1
                start = time.perf_counter()
                frame = renderer.frame(frame_idx, params)
                seconds += time.perf_counter() - start
                if n == len(partition):
                    self._emit(PartitionRendered(n, seconds, "", 0))
                yield frame_idx, frame

    def _unpack(self, blocks: Iterator[Block]) -> Iterator[tuple[int, Frame]]:
        for block in blocks:
            n_frames, n_bytes = len(block.frame_idx), block.pixels.nbytes
            self._emit(PartitionRendered(n_frames, block.seconds, block.worker, n_bytes))
            yield from zip(block.frame_idx, block.pixels, strict=True)

    def _encode(self, indexed: Iterator[tuple[int, Frame]], reorder_budget: int) -> None:
        waiting = _WaitingFrames(reorder_budget)
        frames = in_frame_order(indexed, self._params.n_frames, waiting.hold, waiting.release)
        clock = time.perf_counter
        start = clock()
        for frame_idx, frame in enumerate(frames):
            arrived = clock()
            self._sink.write(frame)
            encoded = clock()
            self._meter.wait_seconds += arrived - start
            self._meter.encode_seconds += encoded - arrived
            self._emit(FrameEncoded(frame_idx))
            start = encoded


class _WaitingFrames:
    """Counts the bytes of frames that came before their turn."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._n_bytes = 0

    def hold(self, frame: Frame) -> Frame:
        self._n_bytes += frame.nbytes
        if self._n_bytes > self._budget:
            raise ParamsError(
                f"the frames of the bag are too far out of order: more than "
                f"{format_bytes(self._budget)} of them wait for one before; sort the bag by frame_id"
            )
        return frame.copy()  # its block can go

    def release(self, frame: Frame) -> Frame:
        self._n_bytes -= frame.nbytes
        return frame
