"""What a render cost, added up from its events."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from dask.utils import format_bytes

from .events import (
    EncodingPlaced,
    Event,
    FrameEncoded,
    PartitionRendered,
    PartitionReport,
    PoolRendered,
    Scaled,
)
from .partition_log import PartitionLog

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A worker is slow from so many times the usual time a frame on.
SLOW_WORKER = 1.5

T = TypeVar("T")


@dataclass(frozen=True)
class RenderStats:
    """What a render cost, and how it was divided; a notebook shows what ``print`` does.

    Attributes
    ----------
    wall_seconds : float
        From the call to the finished file.
    render_seconds : float
        All phases but setup, convert and encode, summed over all processes.
    encode_seconds : float
        The phases convert and encode, summed over all processes.
    mux_seconds : float
        Spent by the calling process on putting packets into the file.
    wait_seconds : float
        Spent by the calling process waiting for frames of workers, while it drew none itself.
    frames_per_second : float
        Frames over wall time.
    encode_on : {"workers", "client", "nowhere"}
        Where frames were encoded; "nowhere" if `join` copied them.
    encode_on_reason : str
        Why there.
    partition_sizes : tuple of int
        Frames of each partition; may be given to the next render as its ``partition_size``.
    n_frames_rendered : int
        Frames that were drawn.
    n_frames_reused : int
        Frames that were found in the store: of a former render, or of a worker that was lost meanwhile.
    n_frames_skipped : int
        Frames that could not be drawn, in the place of which others or placeholders are shown.
    n_retries : int
        How often frames were drawn again that had failed.
    n_frames_copied : int
        Frames that `join` copied from other files as they were encoded.
    n_frames_pooled : int
        Frames that were drawn before the video, as a clip shows them more than once.
    pool_seconds : float
        What drawing and storing these took, summed over all processes.
    n_frames_blitted : int
        Of those drawn, frames of which only what had changed was drawn; the others were drawn whole.
    n_frames_compared : int
        Of these, frames that were compared with a full draw.
    compare_seconds : float
        Of `render_seconds`, what these comparisons took.
    n_workers : int
        Workers that rendered at least one of them; 0 if this process rendered all.
    n_frames_here : int
        Frames that this process rendered.
    scaling_reason : str
        Why a cluster was used or started, or why not.
    scaling_seconds : float or None
        When a cluster that was started for the render was ready, in seconds from its first frame; None
        if none was started.
    n_bytes_received : int
        Bytes of pixels or packets that came from the workers.
    file_size : int
        Bytes of the finished file.
    began : float
        When the render was asked for, in seconds since the epoch, by the clock of the calling process.
    partitions : tuple of PartitionReport
        How each partition was rendered, in the order of frames: by which worker, when, and what its time
        went into. Empty if `join` made the file. Clocks of other machines may differ from that of the
        calling process. So their times are moved, by as little as may be, if by them a partition began
        before the render did, or ended after it was received. A partition counts as often as it was
        drawn for the file; what a worker that was lost had drawn is not known.
    encoded_here : tuple of PartitionReport
        What the calling process converted and encoded, as frames came to it as pixels or from a store;
        one for each partition, with the phases convert, encode and store.
    warnings : tuple of str
        What the render warned of: frames that were not drawn incrementally, frames that a next render
        cannot find in the store, fonts that differ between workers.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from dask_animate import write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "black.mp4")
    ...     stats = write_video(np.zeros((8, 64, 64, 3)), path, 10, num_workers=1).stats
    >>> [(report.start, report.n_frames) for report in stats.partitions]
    [(0, 8)]
    >>> sum(stats.partitions[0].phases.values()) <= stats.wall_seconds
    True
    """

    wall_seconds: float
    render_seconds: float
    encode_seconds: float
    mux_seconds: float
    wait_seconds: float
    frames_per_second: float
    encode_on: str
    encode_on_reason: str
    partition_sizes: tuple[int, ...]
    n_frames_rendered: int
    n_frames_reused: int
    n_frames_skipped: int
    n_retries: int
    n_frames_copied: int
    n_frames_pooled: int
    pool_seconds: float
    n_frames_blitted: int
    n_frames_compared: int
    compare_seconds: float
    n_workers: int
    n_frames_here: int
    scaling_reason: str
    scaling_seconds: float | None
    n_bytes_received: int
    file_size: int
    began: float
    partitions: tuple[PartitionReport, ...] = field(repr=False)
    encoded_here: tuple[PartitionReport, ...] = field(repr=False)
    warnings: tuple[str, ...]

    @property
    def n_partitions(self) -> int:
        """Number of partitions."""
        return len(self.partition_sizes)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw which worker rendered which partition when, and what the time went into.

        Each worker has a row, and each partition a bar in it, as long as it took. Colors show what its
        time went into: setup, load, update, draw, compare, convert, encode, store, wait, and other, as
        the attributes of `PartitionReport` tell. They come in this order although the frames of a
        partition go through them one after another. The legend has their sums. Partitions that threads
        of a worker rendered at the same time are one below the other. What the calling process encodes
        of the frames that others drew is in its row.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw. By default a figure of its own, which pyplot does not know.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, yours; that of `ax` if it is given.

        Raises
        ------
        StatsError
            If nothing was rendered, as `join` copied the frames.
        OptionTypeError
            If `ax` is something else.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from dask_animate import write_video
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     video = write_video(np.zeros((8, 64, 64, 3)), os.path.join(folder, "black.mp4"), 10)
        >>> figure = video.stats.plot()
        >>> figure.axes[0].get_xlabel()
        'seconds since the render was asked for'
        """
        from .task_stream import draw_task_stream

        return draw_task_stream(self, ax)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def __str__(self) -> str:
        if self.n_frames_copied:
            return (
                f"{self.n_frames_copied} frames of {self.n_partitions} files copied in "
                f"{self.wall_seconds:.1f} s, {self.frames_per_second:.1f} per second\n"
                f"file: {format_bytes(self.file_size)}"
            )
        n_frames = self.n_frames_rendered + self.n_frames_reused + self.n_frames_skipped
        failed = ""
        if self.n_frames_skipped or self.n_retries:
            again = f"{self.n_retries} time{'s' * (self.n_retries != 1)}"
            failed = f"; not drawn: {self.n_frames_skipped}; drawn again: {again}"
        setup = sum(report.setup_seconds for report in self.partitions)
        drawn_by = who({report.worker for report in self.partitions})
        pooled = (
            f"drawn before, as they are shown more than once: {self.n_frames_pooled}, in "
            f"{self.pool_seconds:.1f} s"
        )
        encoders = [report.worker for report in self.partitions if report.encode_seconds]
        encoded_by = who({*encoders, *(report.worker for report in self.encoded_here)})
        received = (
            f"from workers: {format_bytes(self.n_bytes_received)}, for which this process waited "
            f"{self.wait_seconds:.1f} s"
        )
        obstacles = [report.redraw_obstacle for report in self.partitions if report.redraw_obstacle]
        why_full = f" ({obstacles[0]})" if obstacles else ""
        return "\n".join(
            (
                f"{n_frames} frames in {self.wall_seconds:.1f} s, {self.frames_per_second:.1f} per "
                f"second",
                f"drawn: {self.n_frames_rendered}, {self.n_frames_blitted} of them "
                f"incrementally{why_full}; from the store: {self.n_frames_reused}{failed}",
                *([pooled] if self.n_frames_pooled else []),
                f"setup: {setup:.1f} s; load, update, draw, compare, store: {self.render_seconds:.1f} s "
                f"by {drawn_by}, partitions: {self.n_partitions}, "
                f"of {sizes_in_words(self.partition_sizes)} frames",
                f"convert, encode: {self.encode_seconds:.1f} s by {encoded_by}: {self.encode_on_reason}",
                *([received] if self.n_workers else []),
                *([f"join packets: {self.mux_seconds:.1f} s"] if self.mux_seconds else []),
                f"file: {format_bytes(self.file_size)}",
            )
        )


def label_of(worker: str) -> str:
    """Return a worker's address without its protocol; "" is this process."""
    return worker.partition("://")[2] or worker or "this process"


def sizes_in_words(sizes: Sequence[int]) -> str:
    """Return how many frames partitions have, given that of each."""
    return " to ".join(map(str, sorted({min(sizes, default=0), max(sizes, default=0)})))


def who(workers: set[str]) -> str:
    """Say who did something, given addresses; "" is this process."""
    n_workers = len(workers - {""})
    names = [f"{n_workers:,} worker{'s' * (n_workers != 1)}"] if n_workers else []
    return " and ".join(names + ["this process"] * ("" in workers)) or "nobody yet"


@dataclass
class StatsCollector:
    """Adds up what a render costs. A listener, whose clock starts when it is made; thread-safe."""

    started: float = field(default_factory=time.perf_counter)
    render_seconds: float = 0.0
    encode_seconds: float = 0.0
    mux_seconds: float = 0.0
    wait_seconds: float = 0.0
    n_frames: int = 0
    n_bytes_received: int = 0
    n_frames_drawn: int = 0
    n_frames_blitted: int = 0
    n_frames_compared: int = 0
    compare_seconds: float = 0.0
    n_frames_reused: int = 0
    n_frames_skipped: int = 0
    n_retries: int = 0
    n_frames_copied: int = 0
    n_frames_pooled: int = 0
    pool_seconds: float = 0.0
    n_frames_here: int = 0
    encoded_here: list[PartitionReport] = field(default_factory=list)
    scaling: tuple[str, float | None] = ("", None)
    encode_on: tuple[str, str] = ("", "")
    partition_sizes: list[int] = field(default_factory=list)
    workers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._log = PartitionLog(time.time() - (time.perf_counter() - self.started))
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        with self._lock:
            if isinstance(event, FrameEncoded):
                self.n_frames += 1
            elif isinstance(event, EncodingPlaced):
                self.encode_on = (event.place, event.reason)
            elif isinstance(event, Scaled):
                self.scaling = (event.reason, event.seconds)
            elif isinstance(event, PartitionRendered):
                self._add(event.report, event.n_bytes)
            elif isinstance(event, PoolRendered):
                self.n_frames_pooled += event.report.n_frames - event.report.n_reused
                self.pool_seconds += event.report.seconds

    def _add(self, report: PartitionReport, n_bytes: int) -> None:
        self._log.add(report, time.time())
        self.partition_sizes.append(report.n_frames)
        self.render_seconds += report.rendering_seconds
        self.encode_seconds += report.encoding_seconds
        self.n_frames_blitted += report.n_blitted
        self.n_frames_compared += report.n_compared
        self.compare_seconds += report.compare_seconds
        self.n_frames_reused += report.n_reused
        # Not the rest of all: frames are encoded before or after their partition counts.
        self.n_frames_drawn += report.n_frames - report.n_reused - len(report.skipped)
        self.n_frames_skipped += len(report.skipped)
        self.n_retries += report.n_retries
        if report.worker:
            self.workers.add(report.worker)
            self.n_bytes_received += n_bytes
        else:
            self.n_frames_here += report.n_frames

    def waited(self, seconds: float) -> None:
        """Take note of time spent waiting; less than 0 if this process has drawn in what was noted."""
        with self._lock:
            self.wait_seconds += seconds

    def encoded(self, report: PartitionReport) -> None:
        """Take note of frames that the calling process encoded."""
        with self._lock:
            self.encoded_here.append(report)
            self.encode_seconds += report.encoding_seconds

    def copied(self, part_sizes: Sequence[int]) -> None:
        """Take note of frames that were copied from other files, given the number of each file."""
        with self._lock:
            self.partition_sizes += part_sizes
            self.n_frames = self.n_frames_copied = sum(part_sizes)
            self.encode_on = ("nowhere", "packets were copied")

    def timed(self, name: str, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a function and add the time that it takes to an attribute of this name."""
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            with self._lock:
                setattr(self, name, getattr(self, name) + time.perf_counter() - start)

    def stats(self, file_size: int, warnings: Sequence[str] = ()) -> RenderStats:
        """Return what was added up until now.

        Parameters
        ----------
        file_size : int
            Bytes of the finished file.
        warnings : sequence of str
            What was warned of.
        """
        with self._lock:
            return self._stats(file_size, warnings)

    def _stats(self, file_size: int, warnings: Sequence[str]) -> RenderStats:
        wall = time.perf_counter() - self.started
        return RenderStats(
            wall_seconds=wall,
            render_seconds=self.render_seconds,
            encode_seconds=self.encode_seconds,
            mux_seconds=self.mux_seconds,
            wait_seconds=max(0.0, self.wait_seconds),
            frames_per_second=self.n_frames / wall,
            encode_on=self.encode_on[0],
            encode_on_reason=self.encode_on[1],
            partition_sizes=tuple(self.partition_sizes),
            n_frames_rendered=self.n_frames_drawn,
            n_frames_reused=self.n_frames_reused,
            n_frames_skipped=self.n_frames_skipped,
            n_retries=self.n_retries,
            n_frames_copied=self.n_frames_copied,
            n_frames_pooled=self.n_frames_pooled,
            pool_seconds=self.pool_seconds,
            n_frames_blitted=self.n_frames_blitted,
            n_frames_compared=self.n_frames_compared,
            compare_seconds=self.compare_seconds,
            n_workers=len(self.workers),
            n_frames_here=self.n_frames_here,
            scaling_reason=self.scaling[0],
            scaling_seconds=self.scaling[1],
            n_bytes_received=self.n_bytes_received,
            file_size=file_size,
            began=self._log.began,
            partitions=self._log.partitions(),
            encoded_here=tuple(self.encoded_here),
            warnings=tuple(warnings),
        )
