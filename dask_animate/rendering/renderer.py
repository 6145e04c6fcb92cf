"""The frames of one render, drawn in one process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import PartitionReport
from ..drawing import DrawSession, Mismatch, Source
from ..frames import FrameSize, as_pixels
from .source_spec import SourceSpec
from .task_output import TaskOutput, TaskSpec

if TYPE_CHECKING:
    from ..provenance import Environment
    from ..storage import CacheWriter

_logger = logging.getLogger("dask_animate.renderer")  # a documented name

T = TypeVar("T")


class Renderer:
    """Draws the frames of one render in one process.

    Thread-safe; threads take turns, a partition each.

    Parameters
    ----------
    spec : SourceSpec
        What to render.
    """

    def __init__(self, spec: SourceSpec) -> None:
        self._source: Source = spec.source()
        self._log_interval = spec.log_interval
        self._may_draw_again = spec.may_draw_again
        self._n_drawn = 0

    def size(self) -> FrameSize:
        """Return the size of the frames, building the figure if need be; of a spec that is sized."""
        size = self._source.open()
        assert size is not None
        return size

    def fonts(self) -> dict[str, str]:
        """Return the font files that are used in this process, building the figure if need be."""
        return self._source.fonts()

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
        return self._draw(frame_idx, params, _as_rgb, DrawSession())

    def render(
        self,
        task: TaskSpec,
        start: int,
        indexed: Iterable[tuple[int, Any]],
        n_frames: int | None = None,
        on_frame: Callable[[int], None] = lambda frame_idx: None,
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
        """
        indexed = Reread(indexed) if self._may_draw_again else indexed
        self.size()  # builds the figure, which has to come before `isolated`
        with nullcontext() if task.encoding is not None else self._source.partition_lock():
            partition = _Partition(task, start, indexed, n_frames, on_frame, time.perf_counter())
            try:
                return self._render(partition, DrawSession(n_frames))
            except Mismatch as mismatch:
                if not self._may_draw_again:
                    raise
                # Whole figures cannot be wrong.
                return self._render(partition, DrawSession(n_frames, is_whole=True), mismatch.fault)

    def close(self) -> None:
        """Close the figure; a partition being drawn ends with its current frame."""
        self._source.close()

    def _render(
        self, partition: _Partition, session: DrawSession, fault: str | None = None
    ) -> TaskOutput:
        from .payload_builders import open_builder

        task, n_frames = partition.task, partition.n_frames
        writer = self._open_writer(partition)
        with open_builder(task, self.size(), partition.start, n_frames) as builder:
            # What is found in the store differs from what was drawn before it.
            convert = partial(_convert, builder.convert, session if writer is None else None)
            n = 0
            for frame_idx, params in partition.indexed:
                n += 1
                picture = self._take(frame_idx, params, convert, session, writer, is_last=n == n_frames)
                builder.add(frame_idx, picture)
                partition.on_frame(frame_idx)
            seconds = time.perf_counter() - partition.begun - builder.seconds
            payload = builder.finish()
        if not session.is_whole:
            self._source.verify(session)
        if writer is not None:
            writer.finish(self.environment())
        report = PartitionReport(
            n,
            seconds,
            builder.seconds,
            session.compare_seconds,
            session.n_compared,
            n_blitted=session.n_blitted,
            n_reused=0 if writer is None else writer.n_reused,
            redraw_fault=fault or session.failure,
            reuse_fault=None if writer is None else writer.unknown,
        )
        return TaskOutput(payload, report, None if writer is None else writer.frame_digests)

    def _open_writer(self, partition: _Partition) -> CacheWriter | None:
        cache = partition.task.cache
        if cache is None:
            return None
        from ..storage import CacheWriter

        n_frames = partition.n_frames or 0
        return CacheWriter(cache, partition.start, n_frames, self.environment(), self._source.fonts())

    def _take(
        self,
        frame_idx: int,
        params: Any,
        use: Callable[..., T],
        session: DrawSession,
        writer: CacheWriter | None,
        *,
        is_last: bool,
    ) -> T:
        """Take a frame from the store, or draw it; return what becomes of it, as `_draw` does.

        Parameters are read outside, where the process is as the caller left it. The partition's last
        frame is verified before other threads draw.
        """
        with self._source.isolated():
            if writer is None:
                taken = self._draw(frame_idx, params, use, session)
            else:
                frame = writer.find(frame_idx, params)
                if frame is None:
                    slot = partial(as_pixels, out=writer.slot(frame_idx))
                    self._draw(frame_idx, params, slot, session)
                    frame = writer.put(frame_idx)
                taken = use(frame, opaque=frame.shape[2] == 3)
            if is_last:
                self._source.verify(session)
        return taken

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
            return use(frame, opaque=self._source.opaque)


@dataclass(frozen=True)
class _Partition:
    """A call of `Renderer.render`."""

    task: TaskSpec
    start: int
    indexed: Iterable[tuple[int, Any]]
    n_frames: int | None
    on_frame: Callable[[int], None]
    begun: float


def _as_rgb(frame: NDArray[np.uint8], *, opaque: bool) -> NDArray[np.uint8]:
    rgb = np.empty((*frame.shape[:2], 3), np.uint8)
    as_pixels(frame, opaque=opaque, out=rgb)
    return rgb


def _convert(
    convert: Callable[..., T], session: DrawSession | None, frame: NDArray[np.uint8], *, opaque: bool
) -> T:
    return convert(frame, opaque=opaque, is_repeated=session is not None and session.is_repeated)


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
