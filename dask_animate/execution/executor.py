"""A render: frames drawn here or on a cluster, put in order, handed to a sink."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from functools import partial
from itertools import chain, islice
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from dask.system import CPU_COUNT
from dask.utils import format_bytes
from numpy.typing import NDArray

from ..diagnostics import (
    Event,
    FigureBuilt,
    FrameEncoded,
    Listener,
    PartitionRendered,
    StatsCollector,
    ValuesChanged,
)
from ..encoding import (
    CODECS,
    EncodeOptions,
    Segment,
    choose_encoder,
    encoded_size,
    gop_of,
    with_gpu,
    without_gpu,
)
from ..errors import ParamsError
from ..frames import FrameSize
from ..params import AnyParams, BagParams, Partition, SliceParams, in_frame_order, nbytes
from ..rendering import Block, Renderer, Result, SourceSpec, StoredFrames, TaskSpec
from .plan import Plan, StoreRequest, block_length, segment_length

if TYPE_CHECKING:
    from distributed import Client

    from ..storage import FrameCache
    from .distributed_executor import DistributedExecutor
    from .store_session import StoreSession

#: Pixels, and parameters of a partition, that this process holds where it draws itself.
BLOCK_BYTES, PARAMS_BYTES = 128 * 2**20, 256 * 2**20

#: A frame as pixels; a segment, at the index of its first frame; None for the others in it.
Item = NDArray[np.uint8] | Segment | None


class Sink(Protocol):
    """Eats frames or segments in order."""

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool) -> Any:
        """Read a frame, which may be overwritten afterwards, and return what `encode` takes."""
        ...

    def encode(self, picture: Any) -> None:
        """Take the picture that was converted last."""
        ...

    def add(self, segment: Segment) -> None:
        """Take frames that were encoded elsewhere."""
        ...


#: Makes the sink, once the encoder and the size of the frames are known.
OpenSink = Callable[[EncodeOptions, FrameSize], AbstractContextManager[Sink]]


class Render:
    """One render.

    Parameters
    ----------
    job : SourceSpec
        What to draw.
    params : AnyParams
        The frames' parameters; consumed.
    plan : Plan
        How to divide it.
    encode : EncodeOptions
        How to encode it.
    open_sink : callable
        Where the frames go.
    meter : StatsCollector
        Adds up what it costs.
    listeners : sequence of callable
        Told of each event, in this thread.
    store : StoreRequest, optional
        Where frames are kept.

    Attributes
    ----------
    encode : EncodeOptions
        With the encoder, once it is chosen.
    size : FrameSize or None
        Of the frames, once it is known.
    """

    def __init__(
        self,
        job: SourceSpec,
        params: AnyParams,
        plan: Plan,
        encode: EncodeOptions,
        open_sink: OpenSink,
        meter: StatsCollector,
        listeners: Sequence[Listener] = (),
        store: StoreRequest | None = None,
    ) -> None:
        self._job = job
        self._params = params
        self._plan = plan
        self._open_sink = open_sink
        self._meter = meter
        self._listeners: tuple[Listener, ...] = (meter, *listeners)
        self._store = store
        self._witness: StoreSession | None = None
        self.encode = encode
        self.size: FrameSize | None = None

    def here(self) -> None:
        """Draw in this process."""
        self._check_memory(None)
        with closing(Renderer(self._job)) as renderer:
            size = renderer.size()
            where, why = self._plan.where(self.encode.codec, self._params, n_threads=0)
            self._meter.encode_on = (where, why)
            keep = self._open_store(size, lambda w: w.prove_here())
            self.encode = choose_encoder(self.encode, self._encoded_size(size))
            with self._sink(size) as sink:
                if where == "workers":
                    self._segments_here(renderer, sink, threads=1, keep=keep)
                elif keep is not None:
                    self._encode(self._unpack(self._stored_here(renderer, keep)), 0, sink)
                elif self._plan.is_auto and CODECS[self.encode.codec].is_segmented:
                    self._segments_here(renderer, sink, CPU_COUNT)  # what the sink would do
                else:
                    self._encode(self._unpack(self._blocks_here(renderer, size)), 0, sink)
                self._complete()

    def on(self, client: Client, max_workers: int | None) -> None:
        """Draw on a cluster, on `max_workers` of it at most."""
        from .distributed_executor import DistributedExecutor

        with DistributedExecutor(
            client,
            self._job,
            preload_factor=self._plan.preload_factor,
            max_workers=max_workers,
        ) as gather:
            self._check_memory(gather.workers.thread_bytes())
            where, why = self._plan.where(self.encode.codec, self._params, gather.n_threads)
            self._meter.encode_on = (where, why)
            on_workers = where == "workers"
            built = gather.measure(self.encode if on_workers else None)
            size, obstacle = built[0].size, next((b.obstacle for b in built if b.obstacle), None)
            for figure in built:
                self._emit(FigureBuilt(figure.worker, figure.fonts))
            keep = self._open_store(size, lambda w: w.prove_on(client, gather.workers.addresses()))
            if on_workers and obstacle is None:
                self.encode = with_gpu(self.encode)
            else:
                if obstacle is not None:
                    self.encode = without_gpu(self.encode, obstacle)
                self.encode = choose_encoder(self.encode, self._encoded_size(size))
            gather.make(TaskSpec(self.encode if on_workers else None, self.encode.alpha, keep))
            with self._sink(size) as sink:
                frames = self._unpack(self._results(gather))
                self._encode(frames, gather.workers.reorder_budget(), sink)
                self._complete()

    def _check_memory(self, limit: int | None) -> None:
        """Raise unless what is read at once fits into a limit; None is what this process may have."""
        if isinstance(self._params, SliceParams):
            from distributed.system import MEMORY_LIMIT

            self._params.check_memory(limit or MEMORY_LIMIT, self._plan.partition_size)

    def _sink(self, size: FrameSize) -> AbstractContextManager[Sink]:
        self.size = size
        return self._open_sink(self.encode, size)

    def _encoded_size(self, size: FrameSize) -> FrameSize:
        return encoded_size(size, self.encode.pixel_format)

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    def _open_store(self, size: FrameSize, prove: Callable[[StoreSession], None]) -> FrameCache | None:
        """Open where frames are kept, and divide the render so that each worker writes whole chunks."""
        if self._store is None:
            return None
        from ..storage import FrameCache, chunk_of, open_store, origin_of
        from .store_session import StoreSession

        place, overwrite = self._store.place, self._store.overwrite
        shape = (size.height, size.width, self._store.channels)
        kept = None if overwrite else chunk_of(place, shape)
        self._plan, chunk = self._plan.with_store(self._params, size, kept)
        n_frames = self._params.n_frames or 0
        environment = self._store.environment
        changed = [] if overwrite else environment.changed_since(origin_of(place))
        if changed:
            self._emit(ValuesChanged(changed))
        origin = environment.origin()
        store = open_store(place, n_frames, shape, chunk, overwrite=overwrite, origin=origin)
        self._witness = StoreSession(store)
        prove(self._witness)
        return FrameCache(store, self._store.token)

    def _complete(self) -> None:
        if self._witness is not None:
            self._witness.complete(self._meter.n_frames)

    def _take_note(self, result: Result) -> None:
        if self._witness is not None:
            self._witness.take(result)
        self._emit(_rendered(result))

    def _segments_here(
        self, renderer: Renderer, sink: Sink, threads: int, keep: FrameCache | None = None
    ) -> None:
        """Draw and encode partition after partition, as a worker would, but tell of each frame."""
        meter = self._meter
        n_encoded = 0

        def encoded(frame_idx: int) -> None:
            nonlocal n_encoded
            if frame_idx == n_encoded:  # not one of a partition that is drawn again
                n_encoded += 1
                self._emit(FrameEncoded(frame_idx))

        draw = partial(renderer.segment, threads=threads, encoded=encoded)
        if keep is not None:
            segments = (
                draw(p.start, p.items(), "", self.encode, n_frames=len(p), keep=keep)
                for p in self._kept_partitions(keep)
            )
        else:
            segments = (
                draw(start, params, "", self.encode)
                for start, params in self._in_partitions(gop_of(self.encode))
            )
        for segment in segments:
            meter.wait_seconds += segment.draw_seconds
            self._take_note(segment)
            meter.timed("mux_seconds", sink.add, segment)

    def _blocks_here(self, renderer: Renderer, size: FrameSize) -> Iterator[Block]:
        """Draw some frames, and hand them on."""
        n_frames = max(1, BLOCK_BYTES // size.n_bytes)
        for start, params in self._in_partitions(n_frames):
            indexed = enumerate(params, start)
            for first in indexed:
                some = chain([first], islice(indexed, n_frames - 1))
                yield renderer.block(some, n_frames, "", alpha=self.encode.alpha)

    def _stored_here(self, renderer: Renderer, keep: FrameCache) -> Iterator[StoredFrames]:
        """Draw frames to where they are kept, and tell of each partition."""
        for partition in self._kept_partitions(keep):
            yield renderer.store(partition.start, partition.items(), len(partition), "", keep)

    def _kept_partitions(self, keep: FrameCache) -> Iterator[Partition]:
        """Yield partitions, and make room for each."""
        size_at = self._plan.sizes(self._params, lambda n_left: 1)
        for partition in self._params.partitions(size_at, inf):
            keep.store.reserve(partition.start + len(partition))
            yield partition

    def _in_partitions(self, auto: int) -> Iterator[tuple[int, Iterator[Any]]]:
        """Yield the first frame index and the parameters of each partition, to be read one at a time.

        `auto` is the size where the choice is ours. Then a partition also ends when its parameters,
        where they are kept for drawing it again, take a lot of memory.
        """
        frames = iter(self._params)
        size_at = self._plan.sizes(self._params, lambda n_left: auto)
        is_bounded = self._plan.is_auto and self._job.may_draw_again
        start = 0

        def params(first: Any, size: int) -> Iterator[Any]:
            nonlocal start
            n_bytes = 0
            for item in chain([first], islice(frames, size - 1)):
                start += 1
                yield item
                n_bytes += nbytes(item) if is_bounded else 0
                if n_bytes >= PARAMS_BYTES:
                    return

        for first in frames:
            yield start, params(first, size_at(start))

    def _results(self, gather: DistributedExecutor) -> Iterator[Result]:
        if isinstance(self._params, BagParams):
            return gather.bag_results(self._params)
        sizes = self._plan.sizes(self._params, lambda n_left: self._auto_size(gather, n_left))
        max_bytes = gather.auto_bytes() if self._plan.is_auto else inf
        partitions = self._params.partitions(sizes, max_bytes)
        return gather.results(partitions, run_code=self._params.run_code)

    def _auto_size(self, gather: DistributedExecutor, n_left: int | None) -> int:
        if self._meter.encode_on[0] == "workers":
            gop = gop_of(self.encode)
            return segment_length(n_left, gather.n_threads, gather.frame_seconds, gop, gather.room())
        return block_length(
            self._params.n_frames, gather.n_threads, self._plan.preload_factor, gather.room()
        )

    def _unpack(self, results: Iterable[Result]) -> Iterator[tuple[int, Item]]:
        for result in results:
            self._take_note(result)
            if isinstance(result, Block):
                yield from zip(result.frame_idx, result.pixels, strict=True)
            elif isinstance(result, StoredFrames):
                assert self._witness is not None
                yield from self._witness.frames(result)
            else:
                yield result.start, result
                for frame_idx in range(result.start + 1, result.start + result.n_frames):
                    yield frame_idx, None

    def _encode(self, indexed: Iterator[tuple[int, Item]], reorder_budget: int, sink: Sink) -> None:
        meter = self._meter
        waiting = _Waiting(reorder_budget)
        items = in_frame_order(indexed, self._params.n_frames, waiting.hold, waiting.release)
        start = time.perf_counter()
        for frame_idx, item in enumerate(items):
            meter.wait_seconds += time.perf_counter() - start
            if isinstance(item, Segment):
                meter.timed("mux_seconds", sink.add, item)
            elif item is not None:
                opaque = item.shape[2] != 4
                picture = meter.timed("encode_seconds", sink.convert, item, opaque=opaque)
                meter.timed("encode_seconds", sink.encode, picture)
            self._emit(FrameEncoded(frame_idx))
            start = time.perf_counter()


def _rendered(result: Result) -> PartitionRendered:
    if isinstance(result, Segment):
        draw_seconds, encode_seconds = result.draw_seconds, result.encode_seconds
    else:
        draw_seconds, encode_seconds = result.seconds, 0.0
    return PartitionRendered(
        result.n_frames,
        draw_seconds,
        encode_seconds,
        result.worker,
        result.n_bytes,
        result.run,
    )


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
    return item.n_bytes if isinstance(item, Segment) else item.nbytes
