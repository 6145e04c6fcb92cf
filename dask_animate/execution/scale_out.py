"""The executor that begins in this process, and starts a cluster when that pays."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from dask.system import CPU_COUNT

from ..drawing import PhaseClock
from ..encoding import EncodeOptions
from ..errors import AnimatorPickleError, ParamsError
from ..frames import FrameSize
from ..memory import REORDER_BYTES
from ..params import Params, in_bag_order
from ..rendering import SampledFrame, SourceSpec, TaskOutput, Thumbnail
from .executor import BuiltFigure, Scaling, Tasks
from .local_executor import LocalExecutor
from .own_cluster import MAY_NOT_START, OwnCluster, may_start, start_seconds
from .partitioning import Plan

if TYPE_CHECKING:
    from distributed import Client

    from .distributed_executor import DistributedExecutor
    from .store_session import StoreSession

_logger = logging.getLogger(__name__)

#: What other processes are taken to save at least: where that is little, a cluster hardly ever pays.
MIN_SHARE_SAVED = 0.01
#: What a core yields if all of them draw, as a share of what it yields alone: several processes compare
#: more frames, begin more segments, and encode in the thread that draws.
EFFICIENCY = 0.9
#: Seconds of drawing that are left once the cluster is there, from which on it is used.
HANDOVER_SECONDS = 0.3
#: Frames that are slower than those that follow, and by which factor at most: they are drawn in full,
#: some of them twice, until it is known what changes.
FIRST_FRAMES, FIRST_FACTOR = 4, 10.0
#: Cores that the first frames are taken to use at least: drawn in full, they keep the encoder waiting
#: more than those that follow.
FIRST_CORES = 1.4
#: Frames, and seconds, after which the time of a frame is taken as known.
MIN_FRAMES, MIN_SECONDS = 12, 0.5
#: Frames of which the later half gives the time of a frame.
MEAN_FRAMES = 400


class ScaleOutExecutor:
    """Draws in this process, and on a cluster of this machine once that is worth its start.

    What is left to draw is estimated after each frame. While the cluster starts, drawing goes on here;
    when it is there, the partitions that have not begun are divided among its workers and this process.

    Parameters
    ----------
    spec : SourceSpec
        What to draw.
    max_processes : int
        The most processes that draw, this one included.
    on_drawn : callable
        As for `DistributedExecutor`.
    """

    def __init__(self, spec: SourceSpec, max_processes: int, on_drawn: Callable[[int], None]) -> None:
        self._on_drawn = on_drawn
        self._local = LocalExecutor(spec)
        self._n_processes = max_processes
        self._spec: SourceSpec | None = None
        self._obstacle: str | None = None
        self._has_told = False  # of the obstacle
        try:
            self._spec = spec.pickled()
        except AnimatorPickleError as exc:
            self._obstacle = str(exc)
        if not may_start():
            self._obstacle = MAY_NOT_START
        self._cluster: OwnCluster | None = None
        self._remote: DistributedExecutor | None = None
        self._reason = ""
        self._cost = FrameCost()
        self._build_seconds = 0.0
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        self._exits.callback(self._close_cluster)
        self._exits.enter_context(self._local)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        used = None if self._remote is None else self._cluster
        with nullcontext() if used is None else used.explained(exc):
            self._exits.__exit__(exc_type, exc, tb)

    @property
    def n_threads(self) -> int:
        """The most processes that draw."""
        return self._n_processes

    @property
    def scaling(self) -> Scaling:
        """Whether a cluster was started, and why."""
        if self._cluster is None:
            spent = self._cost.spent()
            short = "starting a cluster would have cost more than it saves"
            return Scaling(self._obstacle or f"all frames took {spent:.1f} s here: {short}")
        if self._cluster.failure is not None and self._cluster.client is None:
            return Scaling(f"{self._reason}; but it could not be started: {self._cluster.failure}")
        if self._client is None:
            return Scaling(f"{self._reason}; but all frames were drawn before it was ready")
        return Scaling(self._reason, self._cluster.ready_at - self._cost.begun)

    def announce(self, event: dict[str, Any]) -> None:
        """Do nothing: nobody else knows the cluster."""

    def thread_bytes(self) -> None:
        """Return None: this process may have what there is; workers are asked before they start."""

    def reorder_bytes(self) -> int:
        """Return the bytes of frames that may wait in this process for frames before them."""
        return REORDER_BYTES

    def build(self) -> list[BuiltFigure]:
        """Build the figure here."""
        start = time.perf_counter()
        built = self._local.build()
        self._build_seconds = time.perf_counter() - start
        return built

    def gpu_reason(self, encode: EncodeOptions, size: FrameSize) -> str | None:
        """Return why the GPU of this machine, which its workers share, cannot encode the frames."""
        return self._local.gpu_reason(encode, size)

    def probe(self, session: StoreSession) -> None:
        """Write to the store, and read it; workers prove the same by their first partition."""
        self._local.probe(session)

    def peek(self, side: int | None) -> SampledFrame | Thumbnail | None:
        """Return a frame that was drawn lately, here or elsewhere."""
        frames = [
            executor.peek(side) for executor in (self._local, self._remote) if executor is not None
        ]
        known = [frame for frame in frames if frame is not None]
        return max(known, key=lambda frame: frame.drawn_at, default=None)

    def cancel(self) -> None:
        """Cancel what other processes draw."""
        if self._remote is not None:
            self._remote.cancel()

    def outputs(
        self, params: Params, plan: Plan, tasks: Tasks, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Draw partitions here, then here and on the cluster, and yield what tasks make of each."""
        self._params, self._plan = params, plan
        self._cost.begin()
        if params.bag_partitions is not None:
            yield from self._of_bag(params, plan, tasks)
            return
        last: TaskOutput | None = None
        for last in self._local.outputs_until(self._is_ready, params, plan, tasks.alone, on_encoded):
            yield last
        if self._client is not None:
            remote = self._open_remote(self._client)
            plan = plan.after(self._local.n_begun)
            yield from remote.outputs_after(last, params, plan, tasks.on_workers)

    def _of_bag(self, params: Params, plan: Plan, tasks: Tasks) -> Iterator[TaskOutput]:
        """Draw partitions of a bag, computed here, and the others where they are computed."""
        start, alone, on_workers = 0, tasks.alone, tasks.on_workers
        for idx, part in enumerate(params.bag_partitions or ()):
            if self._client is not None:
                remote = self._open_remote(self._client)
                yield from remote.outputs_of_bag(params, plan, on_workers, idx, start)
                return
            clock = PhaseClock()
            items = part.compute()
            clock.lap("load")
            indexed, is_run = in_bag_order(items, start, params.n_frames)
            task = alone if is_run else replace(alone, encoding=None)

            def on_frame(frame_idx: int, first: int = start) -> None:
                params.n_taken = max(params.n_taken, first + 1, frame_idx + 1)
                self._is_ready()

            output = self._local.renderer.render(task, start, indexed, len(indexed), on_frame, clock)
            alone, on_workers = alone.following(output), on_workers.following(output)
            yield output
            start += len(items)

    def _open_remote(self, client: Client) -> DistributedExecutor:
        from .distributed_executor import DistributedExecutor

        assert self._spec is not None
        self._remote = DistributedExecutor(
            client,
            self._spec,
            None,
            self._local.renderer,
            is_complete=True,
            on_drawn=self._on_drawn,
        )
        return self._exits.enter_context(self._remote)

    @property
    def _client(self) -> Client | None:
        cluster = self._cluster
        return None if cluster is None or cluster.failure is not None else cluster.client

    def _is_ready(self) -> bool:
        """Take note of a frame; start the cluster if that pays; return whether to use it from now on."""
        self._cost.note(self._params.n_taken, self._read_seconds(), self._local.update_seconds)
        if self._cluster is None:
            self._consider()
            return False
        if self._client is None:
            return False
        left = self._seconds_left()
        return left is None or left > HANDOVER_SECONDS + self._warm_up_seconds() / self._share_saved()

    def _read_seconds(self) -> float:
        """Return the time that went into the caller's code that yields items, which runs here anyway."""
        return self._local.read_seconds if self._params.run_code else 0.0

    def _seconds_left(self) -> float | None:
        """Return how long drawing what is left would take here, None if that is not known."""
        seconds, n_frames = self._cost.frame_seconds(), self._params.n_frames
        if seconds is None or n_frames is None:
            return None
        return (n_frames - self._params.n_taken) * seconds

    def _consider(self) -> None:
        """Start the cluster if it saves more time on what is left than starting it costs."""
        seconds = self._cost.frame_seconds()
        if self._has_told or seconds is None:
            return
        n_frames, n_taken, left = self._params.n_frames, self._params.n_taken, self._seconds_left()
        starting = (start_seconds() + self._warm_up_seconds()) / self._share_saved()
        if left is None:
            if self._cost.spent() < starting:
                return
            why = (
                f"{n_taken} frames had taken {self._cost.spent():.1f} s here, and nobody knew how many "
                f"would follow"
            )
        else:
            if left < starting:
                return
            assert n_frames is not None
            least = "" if self._cost.is_settled else "at least "
            why = (
                f"after {n_taken} frames, the other {n_frames - n_taken} would have taken "
                f"{least}{left:.1f} s here at {1000 * seconds:.1f} ms each"
            )
        if self._obstacle is None:
            self._check_memory()
        if self._obstacle is not None:
            self._has_told = True
            _logger.warning("only this process draws: %s", self._obstacle)
            return
        # Partitions of a bag are drawn where they are computed.
        n_workers = self._n_processes - (self._params.bag_partitions is None)
        saved = f"{self._share_saved():.0%} of which {self._n_processes} processes save"
        self._reason = f"a cluster was started: {why}, {saved}, more than starting it costs"
        _logger.info("%s", self._reason)
        assert self._spec is not None
        self._cluster = OwnCluster(n_workers, self._spec)

    def _warm_up_seconds(self) -> float:
        """Return what a worker takes until it draws as fast as this process, judging by this process."""
        return self._build_seconds + self._cost.first_seconds()

    def _share_saved(self) -> float:
        """Return which share of the time all processes together would save.

        What can be divided among the cores is the CPU time. This process uses more than one of them: the
        encoder's threads work while the next frames are drawn.
        """
        speedup: float = EFFICIENCY * min(self._n_processes, CPU_COUNT / self._cost.cores())
        return max(1 - 1 / max(1.0, speedup), MIN_SHARE_SAVED)

    def _check_memory(self) -> None:
        """Find out whether workers have the memory to read the data."""
        if self._params.chunks is None:
            return
        from distributed.system import MEMORY_LIMIT

        try:
            self._params.check_memory(MEMORY_LIMIT // CPU_COUNT, self._plan.partition_size)
        except ParamsError as exc:
            self._obstacle = str(exc)

    def _close_cluster(self) -> None:
        if self._cluster is not None:
            self._cluster.close()


class FrameCost:
    """The time of a frame here, and the cores that it takes, measured on those that were drawn last.

    Attributes
    ----------
    begun : float
        When the first frame was begun, by `time.perf_counter`.
    """

    def __init__(self) -> None:
        self.begun = 0.0
        # Seconds of the first frames, and of `update` among them.
        self._first = self._first_updates = 0.0
        # Frames drawn, seconds spent, seconds of CPU time.
        self._notes: deque[tuple[int, float, float]] = deque(maxlen=MEAN_FRAMES)

    def begin(self) -> None:
        """Start the clock."""
        self.begun = time.perf_counter()
        self._notes.append((0, 0.0, time.process_time()))

    def note(self, n_frames: int, read_seconds: float, update_seconds: float = 0.0) -> None:
        """Take note that so many frames are drawn.

        The time for reading is not part of their cost; that of `update` is, and stays as it is after the
        first frames.
        """
        spent = time.perf_counter() - self.begun - read_seconds
        self._notes.append((n_frames, spent, time.process_time()))
        if n_frames <= FIRST_FRAMES:
            self._first, self._first_updates = spent, update_seconds

    def spent(self) -> float:
        """Return the time that the frames took until now, in seconds."""
        return self._notes[-1][1]

    def frame_seconds(self) -> float | None:
        """Return the mean time of the later half of the frames known; None as long as there are few.

        Of the first frames, it is the least that those that follow may take.
        """
        n_frames, spent, _ = self._notes[-1]
        if n_frames == 0 or (n_frames < MIN_FRAMES and spent < MIN_SECONDS):
            return None
        before, then, _ = self._middle()
        seconds = (spent - then) / max(1, n_frames - before)
        if self.is_settled:
            return seconds
        update = self._first_updates / n_frames
        return update + max(0.0, seconds - update) / FIRST_FACTOR

    @property
    def is_settled(self) -> bool:
        """Whether more than the first frames are known."""
        return self._middle()[0] >= FIRST_FRAMES

    def first_seconds(self) -> float:
        """Return how much longer the first frames took than others; 0 as long as that is not known."""
        seconds = self.frame_seconds() if self.is_settled else None
        return 0.0 if seconds is None else max(0.0, self._first - FIRST_FRAMES * seconds)

    def cores(self) -> float:
        """Return how many cores were busy with these frames, at least a hundredth of one.

        Of the first frames, at least `FIRST_CORES`, which those that follow may take.
        """
        (_, spent, cpu), (_, then, cpu_then) = self._notes[-1], self._middle()
        cores: float = (cpu - cpu_then) / max(1e-6, spent - then)
        return max(0.01 if self.is_settled else FIRST_CORES, cores)

    def _middle(self) -> tuple[int, float, float]:
        """Return the note after which the later half begins, or that of the first frames if later."""
        half = self._notes[len(self._notes) // 2 - (len(self._notes) < 3)]
        later = (note for note in self._notes if FIRST_FRAMES <= note[0] < self._notes[-1][0])
        return max(half, next(later, half))
