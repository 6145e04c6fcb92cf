"""The loop of a render: from parameters to a sink, whichever executor draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from dask.system import CPU_COUNT
from dask.utils import format_bytes
from numpy.typing import NDArray

from ..diagnostics import (
    EncodingPlaced,
    Event,
    FigureBuilt,
    FrameEncoded,
    FrameFailure,
    Listener,
    PartitionRendered,
    PartitionReport,
    Scaled,
    StatsCollector,
)
from ..drawing import PhaseClock
from ..encoding import CODECS, EncodeOptions, Encoding, Segment, choose_encoder
from ..errors import FrameError, ParamsError
from ..frames import FrameSize
from ..params import Params, in_frame_order
from ..rendering import Block, FaultPolicy, StoredFrames, TaskOutput, TaskSpec
from .executor import Executor, Tasks
from .partitioning import Plan
from .store_request import StoreRequest

if TYPE_CHECKING:
    from ..storage import FrameCache
    from .store_session import StoreSession

#: Pixels of a frame; or the output with its segment, at the segment's first frame; None for the others.
Item = NDArray[np.uint8] | TaskOutput | None


class Sink(Protocol):
    """Takes frames or segments in order."""

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> Any:
        """Read a frame, which may be overwritten afterwards, and return what `encode` takes."""
        ...

    def encode(self, picture: Any) -> None:
        """Take the picture that was converted last."""
        ...

    def add(self, segment: Segment, origin: str) -> None:
        """Take frames that were encoded elsewhere; `origin` names by whom, for messages."""
        ...


#: Makes the sink, once the encoder and the size of the frames are known.
OpenSink = Callable[[Encoding, FrameSize], AbstractContextManager[Sink]]


@dataclass(frozen=True)
class Executed:
    """A render that was executed.

    Attributes
    ----------
    encoding : Encoding
        How frames were encoded.
    size : FrameSize
        Of the frames, as drawn.
    n_frames : int
        Number of frames.
    """

    encoding: Encoding
    size: FrameSize
    n_frames: int


class RenderLoop:
    """One render. `run` is called once.

    Parameters
    ----------
    params : Params
        The frames' parameters; consumed.
    plan : Plan
        How to divide them.
    encode : EncodeOptions
        How to encode the frames.
    open_sink : callable
        Where they go.
    stats : StatsCollector
        Adds up what it costs.
    listeners : sequence of callable
        Told of each event, in this thread.
    store : StoreRequest, optional
        Where frames are kept.
    faults : FaultPolicy, optional
        What to do about frames that fail.
    """

    def __init__(
        self,
        params: Params,
        plan: Plan,
        encode: EncodeOptions,
        open_sink: OpenSink,
        stats: StatsCollector,
        listeners: Sequence[Listener] = (),
        store: StoreRequest | None = None,
        faults: FaultPolicy | None = None,
    ) -> None:
        self._params = params
        self._plan = plan
        self._encode = encode
        self._open_sink = open_sink
        self._stats = stats
        self._listeners: tuple[Listener, ...] = (stats, *listeners)
        self._store = store
        self._faults = faults or FaultPolicy()
        self._skipped: list[FrameFailure] = []
        self._session: StoreSession | None = None
        self._n_encoded = 0
        self._clock = PhaseClock()  # runs since the last output came
        self._to_encode: PartitionReport | None = None  # of that output, if its frames are no segment

    def run(self, executor: Executor) -> Executed:
        """Draw with an executor, from the first frame to the last."""
        try:
            return self._run(executor)
        finally:
            if self._session is not None:
                self._session.close()

    def _run(self, executor: Executor) -> Executed:
        with executor:
            self._params.check_memory(executor.thread_bytes(), self._plan.partition_size)
            place, reason = self._plan.where(self._encode.codec, self._params, executor.n_threads)
            self._emit(EncodingPlaced(place, reason))
            on_workers = place == "workers"
            figures = executor.build()
            for figure in figures:
                self._emit(FigureBuilt(figure.worker, figure.fonts))
            size = figures[0].size
            plan, cache = self._open_store(size, executor)
            reasons = [executor.gpu_reason(self._encode, size)] if on_workers else None
            encoding = choose_encoder(self._encode, size, reasons)
            tasks = _tasks(encoding, cache, plan, self._faults, on_workers=on_workers)
            with self._open_sink(encoding, size) as sink:
                outputs = executor.outputs(self._params, plan, tasks, self._announce)
                self._feed(self._received(outputs), executor.reorder_bytes(), sink)
                self._check_shown()
                if self._session is not None and not self._skipped:
                    self._session.complete(self._n_encoded)
                # The last event, as what a listener raises must not come after the file is in place.
                self._emit(Scaled(executor.scaling.reason, executor.scaling.seconds))
        return Executed(encoding, size, self._n_encoded)

    def _open_store(self, size: FrameSize, executor: Executor) -> tuple[Plan, FrameCache | None]:
        """Open where frames are kept, and divide the render so that each task writes whole chunks."""
        if self._store is None:
            return self._plan, None
        from .store_session import StoreSession

        plan, self._session = StoreSession.begin(
            self._store, self._plan, self._params, size, executor, self._emit
        )
        return plan, self._store.cache(self._session.store)

    def _check_shown(self) -> None:
        """Raise if not a single frame could be drawn."""
        if self._skipped and len(self._skipped) == self._n_encoded:
            first = self._skipped[0]
            reason = f"{first.error}; nor could any other of the {self._n_encoded} frames"
            raise FrameError.because(first.frame_idx, first.params, reason)

    def _received(self, outputs: Iterator[TaskOutput]) -> Iterator[TaskOutput]:
        """Take note of outputs as they come."""
        began, start = time.time(), time.perf_counter()
        for output in outputs:
            waited = time.perf_counter() - start
            report = output.report
            # This thread draws, too, while it waits for others; its figure was built before.
            drew = 0.0 if report.worker else report.finished - max(report.began, began)
            self._stats.waited(waited - drew)
            if self._session is not None:
                self._session.take(output)
            self._skipped.extend(report.skipped)
            self._emit(PartitionRendered(report, output.n_bytes))
            self._note_encoded()
            self._clock = PhaseClock()
            self._to_encode = None if isinstance(output.payload, Segment) else report
            yield output
            start = time.perf_counter()

    def _unpack(self, outputs: Iterable[TaskOutput]) -> Iterator[tuple[int, Item]]:
        for output in outputs:
            payload = output.payload
            if isinstance(payload, Block):
                yield from zip(payload.frame_idx, payload.pixels, strict=True)
            elif isinstance(payload, StoredFrames):
                assert self._session is not None
                yield from self._session.frames(output)
            else:
                yield payload.start, output
                for frame_idx in range(payload.start + 1, payload.start + payload.n_frames):
                    yield frame_idx, None

    def _feed(self, outputs: Iterator[TaskOutput], reorder_bytes: int, sink: Sink) -> None:
        timed = self._stats.timed
        waiting = _Waiting(reorder_bytes)
        indexed = self._unpack(outputs)
        items = in_frame_order(indexed, self._params.n_frames, waiting.hold, waiting.release)
        for frame_idx, item in enumerate(items):
            if isinstance(item, TaskOutput):
                assert isinstance(item.payload, Segment)
                timed("mux_seconds", sink.add, item.payload, item.report.worker or "this process")
            elif item is not None:
                self._encode_here(sink, item)
            self._announce(frame_idx)
        self._note_encoded()

    def _encode_here(self, sink: Sink, frame: NDArray[np.uint8]) -> None:
        clock = self._clock
        if self._session is None:
            clock.skip()
        else:
            clock.lap("store")
        picture = sink.convert(frame, opaque=frame.shape[2] != 4)
        clock.lap("convert")
        sink.encode(picture)
        clock.lap("encode")

    def _note_encoded(self) -> None:
        """Take note of what was encoded here since the last output came."""
        drawn = self._to_encode
        if drawn is not None:
            self._stats.encoded(PartitionReport.of(self._clock, drawn.n_frames, drawn.start))

    def _announce(self, frame_idx: int) -> None:
        """Tell of frames up to this one that they are encoded, of each once."""
        while self._n_encoded <= frame_idx:
            self._n_encoded += 1
            self._emit(FrameEncoded(self._n_encoded - 1))

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


def _tasks(
    encoding: Encoding, cache: FrameCache | None, plan: Plan, faults: FaultPolicy, *, on_workers: bool
) -> Tasks:
    segments = encoding if on_workers else None
    task = TaskSpec(segments, encoding.keep_alpha, cache, faults=faults)
    alone = task
    if cache is None and plan.is_auto and CODECS[encoding.codec].is_segmented:
        alone = TaskSpec(encoding, encoding.keep_alpha, threads=CPU_COUNT, faults=faults)
    return Tasks(replace(task, seeks_history=True), alone)


class _Waiting:
    """Counts the bytes of what came before its turn."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._n_bytes = 0

    def hold(self, item: Item) -> Item:
        self._n_bytes += _n_bytes(item)
        if self._n_bytes > self._budget:
            raise ParamsError(
                f"the frames of the bag are too far out of order: more than "
                f"{format_bytes(self._budget)} of them wait for one before; sort the bag by frame_id"
            )
        return item.copy() if isinstance(item, np.ndarray) else item  # its block can go

    def release(self, item: Item) -> Item:
        self._n_bytes -= _n_bytes(item)
        return item


def _n_bytes(item: Item) -> int:
    if item is None:
        return 0
    return item.n_bytes if isinstance(item, TaskOutput) else item.nbytes
