"""The frames of one render, drawn in one process."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import PartitionReport
from ..drawing import DrawSession, Mismatch, Phase, PhaseClock, Source, turn
from ..errors import FrameError
from ..frames import FrameSize, as_pixels, as_rgb
from .faults import FrameFaults
from .history_check import HistoryCheck
from .sampled_frame import FrameSampler, SampledFrame
from .source_spec import SourceSpec
from .task_output import Block, StoredFrames, TaskOutput, TaskSpec

if TYPE_CHECKING:
    from ..encoding import Segment
    from ..provenance import Environment
    from ..storage import CacheWriter

_logger = logging.getLogger("dask_animate.renderer")  # a documented name

T = TypeVar("T")


class Watch(Protocol):
    """Watches how long things take."""

    def frame(self, frame_idx: int, params: Any) -> AbstractContextManager[object]:
        """Return a context in which a frame is drawn."""
        ...

    def encoder(self, start: int, n_frames: int) -> AbstractContextManager[object]:
        """Return a context in which the encoder works, given the first frame and how many there are."""
        ...


class Unwatched:
    """Does not watch."""

    def frame(self, frame_idx: int, params: Any) -> AbstractContextManager[object]:
        """Return a context that does nothing."""
        return nullcontext()

    def encoder(self, start: int, n_frames: int) -> AbstractContextManager[object]:
        """Return a context that does nothing."""
        return nullcontext()


_UNWATCHED = Unwatched()


class Renderer:
    """Draws the frames of one render in one process.

    Thread-safe; threads take turns, a partition each.

    Parameters
    ----------
    spec : SourceSpec
        What to render.
    """

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self._source: Source = spec.source()
        self._log_interval = spec.log_interval
        self._may_draw_again = spec.may_draw_again
        self._n_drawn = 0
        self._sampler = FrameSampler()
        self._setup_seconds = 0.0  # that no partition has told of yet
        self._lock = threading.Lock()
        self._proof: str | None = None
        self._proof_lock = threading.Lock()

    def build(self) -> FrameSize:
        """Build the figure before there is a partition, the first of which tells how long that took."""
        clock = PhaseClock()
        size = self.size()
        clock.lap("setup")
        with self._lock:
            self._setup_seconds += clock.total
        return size

    def open(self) -> FrameSize | None:
        """Build the figure, and return the size of the frames, if it is known before they are drawn."""
        return self._source.open()

    def size(self) -> FrameSize:
        """Return the size of the frames, building the figure if need be; of a spec that is sized."""
        size = self._source.open()
        assert size is not None
        return size

    def fonts(self) -> dict[str, str]:
        """Return the font files that are used in this process, building the figure if need be."""
        return self._source.fonts()

    def settings(self) -> dict[str, str]:
        """Return the rcParams that this process draws with and that differ from the caller's."""
        return self._source.settings()

    def proof(self, first: Sequence[Any] = ()) -> str:
        """Return a digest of pixels that are the same wherever the same is drawn; they are drawn once.

        Parameters
        ----------
        first : sequence
            Parameters of frame 0, of which the pixels are. If there are none, it is the figure as
            `setup` leaves it; without a figure there is nothing to prove, and the digest is "".
        """
        with self._proof_lock:
            if self._proof is None:
                if first or not self._n_drawn:
                    self._proof = _proof(self._source, first)
                else:  # the figure shows another frame by now
                    with closing(self._spec.source()) as source:
                        source.open()
                        self._proof = _proof(source, first)
            return self._proof

    def environment(self) -> Environment:
        """Return what the frames depend on in this process; of a spec that expects an environment."""
        self._source.open()
        environment = self._source.environment
        assert environment is not None
        return environment

    def frame(self, frame_idx: int, params: Any) -> NDArray[np.uint8]:
        """Draw one frame.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB; yours.
        """
        return self._draw(frame_idx, params, as_rgb, DrawSession())

    def render(
        self,
        task: TaskSpec,
        start: int,
        indexed: Iterable[tuple[int, Any]],
        n_frames: int | None = None,
        on_frame: Callable[[int], None] = lambda frame_idx: None,
        clock: PhaseClock | None = None,
        watch: Watch = _UNWATCHED,
    ) -> TaskOutput:
        """Draw a partition, and return what the task asks for.

        While a segment is encoded, other threads draw; blocks and stored frames are made in turn.

        Parameters
        ----------
        task : TaskSpec
            What to make of the frames.
        start : int
            Index of the first frame.
        indexed : iterable of (int, object)
            Frame indices and parameters, read one at a time; of consecutive frames, but for a block.
        n_frames : int, optional
            At most so many. Without it no block is made and nothing is kept, and other threads have to
            draw with figures of their own, as the last frame is verified before they may draw.
        on_frame : callable
            Called with each frame's index when it is done; again, if frames have to be drawn again.
        clock : PhaseClock, optional
            That of the partition, if something was done for it before; changed.
        watch : Watch, optional
            Watches how long frames and the encoder take.

        Raises
        ------
        FrameError
            If a frame fails, and the task does not say that it is to be replaced.
        FrameBeforeUnknown
            If it is to be replaced by the frame before, which is not known.
        """
        clock = clock or PhaseClock()
        with self._lock:
            before, self._setup_seconds = self._setup_seconds, 0.0
        clock.begin_with("setup", before)
        indexed = Reread(indexed) if self._may_draw_again else indexed
        self.size()  # builds the figure, which has to come before `isolated`
        clock.lap("setup")
        with nullcontext() if task.encoding is not None else self._source.partition_lock():
            clock.lap("wait")
            faults = FrameFaults(task.faults, task.known, start, self.size())
            partition = _Partition(task, start, indexed, n_frames, on_frame, watch, faults)
            try:
                return self._render(partition, DrawSession(n_frames, clock=clock))
            except Mismatch as mismatch:
                if not self._may_draw_again:
                    raise
                clock.lap("compare")  # finding out what differs
                # Whole figures cannot be wrong.
                whole = DrawSession(n_frames, is_whole=True, clock=clock)
                return self._render(partition, whole, mismatch.fault)

    def peek(self) -> SampledFrame | None:
        """Return a frame that was drawn lately, and ask for a newer one.

        The first call returns None: nothing is copied before somebody asks. Never waits.
        """
        return self._sampler.peek()

    def close(self) -> None:
        """Close the figure; a partition being drawn ends with its current frame."""
        self._source.close()

    def _render(
        self, partition: _Partition, session: DrawSession, fault: str | None = None
    ) -> TaskOutput:
        from .payload_builders import open_builder

        task, n_frames, clock = partition.task, partition.n_frames, session.clock
        adding: Phase = "convert" if task.encoding is None else "encode"
        partition.faults.begin()
        writer = self._open_writer(partition, clock)
        history = HistoryCheck(self._spec, self._source) if task.seeks_history else None
        attempt = _Attempt(partition, session, writer, history)
        with open_builder(task, self.size(), partition.start, n_frames) as builder:
            convert = partial(_convert, builder.convert, session)
            clock.lap(adding)
            n = 0
            for frame_idx, params in partition.indexed:
                n += 1
                clock.lap("load")
                # What is found in the store, or in the place of a frame, differs from what was drawn.
                may_repeat = writer is None and not partition.faults.was_skipped(frame_idx - 1)
                use = partial(convert, may_repeat=may_repeat)
                picture = self._take(attempt, frame_idx, params, use, is_last=n == n_frames)
                with partition.watch.encoder(partition.start, n):
                    builder.add(frame_idx, picture)
                clock.lap(adding)
                partition.on_frame(frame_idx)
                clock.skip()
            clock.lap("load")  # there is no other frame
            with partition.watch.encoder(partition.start, n):
                payload = builder.finish()
            clock.lap(adding)
        if not session.is_whole:
            self._source.verify(session)
        history_fault = self._history_fault(attempt)
        if writer is not None and task.cache is not None:
            writer.finish(self.environment() if task.cache.is_searched else None)
            clock.lap("store")
        report = _report(partition.start, n, session, fault, history_fault, partition.faults)
        return _output(payload, report, writer, partition.faults)

    def _history_fault(self, attempt: _Attempt) -> str | None:
        if attempt.history is None:
            return None
        with turn():
            self._source.open()  # anew, if a frame has failed
            fault = attempt.history.fault(attempt.partition.watch.frame)
        attempt.session.clock.lap("compare")
        return fault

    def _open_writer(self, partition: _Partition, clock: PhaseClock) -> CacheWriter | None:
        cache = partition.task.cache
        if cache is None:
            return None
        from ..storage import CacheWriter, FrameTokens

        tokens = None
        if cache.is_searched:
            tokens = FrameTokens(cache.token, self.environment(), self._source.fonts())
        writer = CacheWriter(cache.store, partition.start, partition.n_frames or 0, tokens)
        clock.lap("store")
        return writer

    def _take(
        self,
        attempt: _Attempt,
        frame_idx: int,
        params: Any,
        use: Callable[..., T],
        *,
        is_last: bool,
    ) -> T:
        """Take a frame from the store, or draw it, again if that fails; return what becomes of it.

        Parameters are read outside, where the process is as the caller left it. The partition's last
        frame is verified before other threads draw.
        """
        session, faults = attempt.session, attempt.partition.faults
        with turn():
            while True:
                session.clock.lap("wait")
                if faults.may_draw(frame_idx):
                    self._source.open()  # anew, if a frame has failed
                    session.clock.lap("setup")
                try:
                    with self._source.isolated():
                        session.clock.skip()
                        taken = self._taken(attempt, frame_idx, params, use)
                        if is_last:
                            self._source.verify(session)
                    break
                except FrameError as error:
                    faults.note(error)
        session.clock.skip()
        return taken

    def _taken(self, attempt: _Attempt, frame_idx: int, params: Any, use: Callable[..., T]) -> T:
        if attempt.writer is None:
            return self._drawn(attempt, frame_idx, params, use)
        frame = self._kept(attempt, attempt.writer, frame_idx, params)
        return use(frame, opaque=frame.shape[2] == 3)

    def _kept(
        self, attempt: _Attempt, writer: CacheWriter, frame_idx: int, params: Any
    ) -> NDArray[np.uint8]:
        """Return a frame that is in the store, where it is put unless it is there."""
        clock, faults = attempt.session.clock, attempt.partition.faults
        frame = writer.find(frame_idx, params)
        clock.lap("store")
        if frame is not None:
            opaque = frame.shape[2] == 3
            self._sampler.offer(frame_idx, frame, opaque=opaque)
            faults.keep(frame_idx, frame, opaque=opaque)
            return frame
        slot = partial(as_pixels, out=writer.slot(frame_idx))
        self._drawn(attempt, frame_idx, params, slot)
        frame = writer.put(frame_idx, may_be_found=not faults.was_skipped(frame_idx))
        clock.lap("store")
        return frame

    def _drawn(self, attempt: _Attempt, frame_idx: int, params: Any, use: Callable[..., T]) -> T:
        """Draw a frame, or take what is shown in its place; return what `_draw` does."""
        faults = attempt.partition.faults
        if not faults.may_draw(frame_idx):
            frame, opaque = faults.substitute(frame_idx)
            return use(frame, opaque=opaque)

        def used(frame: NDArray[np.uint8], *, opaque: bool) -> T:
            faults.keep(frame_idx, frame, opaque=opaque)
            if attempt.history is not None:
                attempt.history.note(frame_idx, params, frame)
            return use(frame, opaque=opaque)

        with attempt.partition.watch.frame(frame_idx, params):
            return self._draw(frame_idx, params, used, attempt.session)

    def _draw(self, frame_idx: int, params: Any, use: Callable[..., T], session: DrawSession) -> T:
        """Draw one frame, and return what becomes of it.

        Parameters
        ----------
        frame_idx : int
            Its index.
        params : object
            Its parameters.
        use : callable
            Called as ``use(frame, opaque=...)`` with a view of the pixels, (height, width, 1, 3 or 4)
            uint8, that the next frame overwrites; other threads wait for it to return.
        session : DrawSession
            Of the partition; changed.
        """
        self._source.open()
        with self._source.isolated():
            frame = self._source.draw(frame_idx, params, session)
            self._n_drawn += 1
            if self._log_interval and self._n_drawn % self._log_interval == 0:
                _logger.info("drew %d frames here, the last one frame %d", self._n_drawn, frame_idx)
            self._sampler.offer(frame_idx, frame, opaque=self._source.opaque)
            return use(frame, opaque=self._source.opaque)


@dataclass(frozen=True)
class _Partition:
    """A call of `Renderer.render`."""

    task: TaskSpec
    start: int
    indexed: Iterable[tuple[int, Any]]
    n_frames: int | None
    on_frame: Callable[[int], None]
    watch: Watch
    faults: FrameFaults


@dataclass(frozen=True)
class _Attempt:
    """A partition while it is drawn, for the first time or again."""

    partition: _Partition
    session: DrawSession
    writer: CacheWriter | None
    history: HistoryCheck | None


def _proof(source: Source, first: Sequence[Any]) -> str:
    source.open()
    with source.isolated():
        pixels = source.draw(0, first[0], DrawSession()) if first else source.as_built()
        if pixels is None:
            return ""
        digest = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(pixels).data)
        return digest.hexdigest()


def _convert(
    convert: Callable[..., T],
    session: DrawSession,
    frame: NDArray[np.uint8],
    *,
    opaque: bool,
    may_repeat: bool,
) -> T:
    converted = convert(frame, opaque=opaque, is_repeated=may_repeat and session.is_repeated)
    session.clock.lap("convert")
    return converted


def _report(
    start: int,
    n_frames: int,
    session: DrawSession,
    fault: str | None,
    history_fault: str | None,
    faults: FrameFaults,
) -> PartitionReport:
    return replace(
        PartitionReport.of(session.clock, n_frames, start),
        n_compared=session.n_compared,
        n_blitted=session.n_blitted,
        redraw_obstacle=session.obstacle,
        redraw_fault=fault or session.failure,
        history_fault=history_fault,
        skipped=faults.skipped,
        n_retries=faults.n_retries,
    )


def _output(
    payload: Block | Segment | StoredFrames,
    report: PartitionReport,
    writer: CacheWriter | None,
    faults: FrameFaults,
) -> TaskOutput:
    last = faults.last(report.n_frames)
    if writer is None:
        return TaskOutput(payload, report, last=last)
    kept = replace(report, n_reused=writer.n_reused, reuse_fault=writer.unknown)
    return TaskOutput(payload, kept, writer.frame_digests, last)


class Reread(Iterable[T]):
    """Items that are read one at a time, and kept, so that they can be iterated over again."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._kept: list[T] = []

    def __iter__(self) -> Iterator[T]:
        yield from list(self._kept)
        for item in self._items:
            self._kept.append(item)
            yield item
