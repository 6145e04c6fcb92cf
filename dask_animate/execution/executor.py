"""The executor protocol: where partitions are drawn, in this process or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from ..encoding import EncodeOptions
from ..frames import FrameSize
from ..params import AnyParams
from ..rendering import TaskOutput, TaskSpec
from .plan import Plan

if TYPE_CHECKING:
    from .store_session import StoreSession


<<<<<<< HEAD
@dataclass(frozen=True)
class BuiltFigure:
    """A figure that is ready to be drawn.
=======
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

    def add(self, segment: Segment, origin: str) -> None:
        """Take frames that were encoded elsewhere; `origin` names by whom, for error messages."""
        ...


#: Makes the sink, once the encoder and the size of the frames are known.
OpenSink = Callable[[Encoding, FrameSize], AbstractContextManager[Sink]]


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
>>>>>>> encoding

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

    def thread_bytes(self) -> int:
        """Return the memory that there is for each thread, in bytes."""
        ...

    def reorder_bytes(self) -> int:
        """Return the bytes of frames that may wait for frames before them."""
        ...

    def build(self, encode: EncodeOptions | None) -> Sequence[BuiltFigure]:
        """Build figures, at least one, and return what is known of those that are built.

<<<<<<< HEAD
        Parameters
        ----------
        encode : EncodeOptions or None
            What tasks are to encode; None if they are not.
=======
    def _check_memory(self, limit: int | None) -> None:
        """Raise unless what is read at once fits into a limit; None is what this process may have."""
        if isinstance(self._params, SliceParams):
            from distributed.system import MEMORY_LIMIT

            self._params.check_memory(limit or MEMORY_LIMIT, self._plan.partition_size)

    def _sink(self, size: FrameSize) -> AbstractContextManager[Sink]:
        self.size = size
        return self._open_sink(self.encoding, size)

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
        surroundings = self._store.surroundings
        changed = [] if overwrite else surroundings.changed_since(origin_of(place))
        if changed:
            self._emit(ValuesChanged(changed))
        origin = surroundings.origin()
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
                draw(p.start, p.items(), "", self.encoding, n_frames=len(p), keep=keep)
                for p in self._kept_partitions(keep)
            )
        else:
            segments = (
                draw(start, params, "", self.encoding)
                for start, params in self._in_partitions(self.encoding.gop)
            )
        for segment in segments:
            meter.wait_seconds += segment.draw_seconds
            self._take_note(segment)
            meter.timed("mux_seconds", sink.add, segment, "this process")

    def _blocks_here(self, renderer: Renderer, size: FrameSize) -> Iterator[Block]:
        """Draw some frames, and hand them on."""
        n_frames = max(1, BLOCK_BYTES // size.n_bytes)
        for start, params in self._in_partitions(n_frames):
            indexed = enumerate(params, start)
            for first in indexed:
                some = chain([first], islice(indexed, n_frames - 1))
                yield renderer.block(some, n_frames, "", alpha=self.encoding.keep_alpha)

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
>>>>>>> encoding
        """
        ...

    def probe(self, session: StoreSession) -> None:
        """Raise unless everybody who draws can write to a store."""
        ...

    def outputs(
        self, params: AnyParams, plan: Plan, task: TaskSpec, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Divide parameters, draw the partitions, and yield what the task makes of each, in order.

<<<<<<< HEAD
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
=======
    def _results(self, gather: DistributedExecutor) -> Iterator[Result]:
        if isinstance(self._params, BagParams):
            return gather.bag_results(self._params)
        sizes = self._plan.sizes(self._params, lambda n_left: self._auto_size(gather, n_left))
        max_bytes = gather.auto_bytes() if self._plan.is_auto else inf
        partitions = self._params.partitions(sizes, max_bytes)
        return gather.results(partitions, run_code=self._params.run_code)

    def _auto_size(self, gather: DistributedExecutor, n_left: int | None) -> int:
        if self._meter.encode_on[0] == "workers":
            gop = self.encoding.gop
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
                meter.timed("mux_seconds", sink.add, item, item.worker or "this process")
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
>>>>>>> encoding
