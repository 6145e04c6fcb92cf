"""How much of a render may be in flight on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..encoding import Segment
from ..rendering import TaskOutput, TaskSpec
from .partitioning import PartitionCost, Plan, block_length, segment_length
from .submission import Submission
from .workers import Workers

#: What a frame's packet is taken to be, as a share of its pixels, until one was seen.
PACKET_SHARE = 0.25
#: Seconds of work that are in flight for each thread of a cluster that does not grow, and that wait
#: there behind what is drawn, if this process draws too.
SECONDS_AHEAD, SECONDS_BEHIND = 10.0, 0.5


class Window:
    """Bounds the partitions that are submitted but not yet encoded; learns from those that arrive.

    Were only running partitions counted, results would pile up on the workers behind a slow one. Their
    parameters and what is made of them fit into a share of the workers' memory. Besides, there are:

    - Of pixels, while this process draws too or the number of workers is limited, and until something
      was measured: one partition on each thread, and behind it `preload_factor` frames, at least one
      more partition. If this process draws too, `SECONDS_BEHIND` are enough: it sends more between two
      frames, and what is sent it cannot draw.
    - If code of the caller's reads the parameters: as many, on each thread that may come to be.
    - Else `SECONDS_AHEAD` for each thread. If the cluster is elastic, all that fit into memory, because
      it grows by the work that it sees.

    Parameters
    ----------
    workers : Workers
        Those that are used.
    plan : Plan
        How the render is divided.
    task : TaskSpec
        What is made of a partition.
    frame_bytes : int
        Size in bytes of one RGB frame.
    run_code : bool
        Whether reading parameters runs code of the caller's.
    n_here : int
        Threads of this process that draw too.
    life_seconds : float
        Seconds after which workers end by themselves; infinite if they do not.

    Attributes
    ----------
    output_bytes : float
        Bytes of what is made of a frame: pixels, packets or nothing; no less than what was seen.
    param_bytes : float
        The most bytes of a frame's computed parameters that were seen.
    """

    def __init__(
        self,
        workers: Workers,
        plan: Plan,
        task: TaskSpec,
        frame_bytes: int,
        *,
        run_code: bool,
        n_here: int = 0,
        life_seconds: float = inf,
    ) -> None:
        self._n_here = n_here
        self._life_seconds = life_seconds
        self._workers = workers
        self._preload = plan.preload_factor
        self._encoding = task.encoding
        returns_pixels = task.encoding is None and task.cache is None
        self._run_code = run_code
        # What was sent cannot be drawn here, and is drawn by workers beyond a limit if it waits.
        self._are_few = returns_pixels or n_here > 0 or workers.are_limited
        share = PACKET_SHARE if task.encoding is not None else 1 if returns_pixels else 0
        self.output_bytes = frame_bytes * share  # a frame's, as pixels or packets
        self._packet_bytes = 0.0  # the most of them that were seen
        self._largest = 0  # frames of the largest output until now
        self._cost: PartitionCost | None = None
        self.param_bytes = 0.0
        self._in_flight = _Count()
        self._last: Submission | None = None

    def add(self, submission: Submission) -> None:
        """Count one that is in flight from now on."""
        self._in_flight.add(submission, 1)
        self._last = submission

    def remove(self, submission: Submission) -> None:
        """Count it no more."""
        self._in_flight.add(submission, -1)

    def learn(self, output: TaskOutput) -> None:
        """Learn from an output what the next ones will take."""
        if not output.n_frames:
            return
        self._largest = max(self._largest, output.n_frames)
        self.param_bytes = max(self.param_bytes, output.report.param_bytes / output.n_frames)
        self._cost = PartitionCost.of(output.report, self._cost)
        if isinstance(output.payload, Segment):
            self.output_bytes = max(self._packet_bytes, 2 * output.payload.n_bytes / output.n_frames)
            self._packet_bytes = self.output_bytes

    def has_room(self) -> bool:
        """Return whether one more partition, taken to be as large as the last one, may be sent."""
        if not self._in_flight.n_tasks:
            return True
        return self._is_wanted() and self.fits()

    def _is_wanted(self) -> bool:
        assert self._last is not None
        n_frames = self._last.n_frames or self._largest
        # The partitions of a bag may be of any size: wait for the first.
        n_ahead = 1 + max(1, min(self._preload, self._most_behind()) // n_frames) if n_frames else 1
        are_few = self._are_few or self._cost is None
        may_grow = self._run_code and not are_few
        n_threads = self._workers.most_threads() if may_grow else self._workers.n_threads()
        if self._in_flight.n_sent < n_ahead * max(1, n_threads):
            return True
        if self._cost is None or are_few or self._run_code:
            return False
        seconds = self._in_flight.frames(self._largest) * self._cost.frame_seconds
        return seconds < SECONDS_AHEAD * max(1, n_threads) or self._workers.are_elastic()

    def _most_behind(self) -> float:
        """Return how many frames may wait on a thread."""
        if self._n_here == 0 or self._cost is None:
            return inf
        return SECONDS_BEHIND / self._cost.frame_seconds

    def fits(self) -> bool:
        """Return whether one more partition, as large as the last one, fits into memory."""
        if self._last is None or not self._in_flight.n_tasks:
            return True
        more = _Count()
        more.add(self._last, 1)
        return self._bytes(self._in_flight) + self._bytes(more) <= self._workers.budget()

    def _bytes(self, count: _Count) -> float:
        n_frames = count.frames(self._largest)
        return n_frames * self.output_bytes + max(count.param_bytes, n_frames * self.param_bytes)

    def partition_size(self, n_frames: int | None, n_left: int | None) -> int:
        """Choose the frames of the next partition.

        Parameters
        ----------
        n_frames, n_left : int or None
            Frames of the video, and those that are left; None if unknown.
        """
        room = int(self.auto_bytes() / max(1, self.output_bytes, self.param_bytes))
        if self._encoding is None:
            return block_length(
                n_frames, n_left, self._n_threads, self._cost, self._preload, room, self._n_shares
            )
        return segment_length(
            n_left,
            self._n_threads,
            self._cost,
            self._encoding.gop,
            room,
            n_shares=self._n_shares,
            is_elastic=self._workers.are_elastic(),
            life_seconds=self._life_seconds,
        )

    def auto_bytes(self) -> int:
        """Return the bytes that a partition's parameters, or what is made of it, take at most."""
        return self._workers.budget() // (2 * self._n_threads)

    @property
    def _n_shares(self) -> int:
        """Shares of what is left that are given out near the end.

        A worker has two partitions, of which one waits, this process one. In the end they wait for each
        other for less if what is given out at once is half of what is left.
        """
        return self._n_threads if self._n_here == 0 else 2 * (2 * self._n_threads - self._n_here)

    @property
    def _n_threads(self) -> int:
        return max(1, self._workers.n_threads() + self._n_here)


@dataclass
class _Count:
    """What is in flight; the frames of a partition of a bag are unknown."""

    n_tasks: int = 0
    n_sent: int = 0  # not those drawn here
    n_unknown: int = 0
    n_frames: int = 0
    param_bytes: int = 0

    def add(self, submission: Submission, number: int) -> None:
        self.n_tasks += number
        self.n_sent += number * (not submission.is_here)
        self.n_unknown += number * (submission.n_frames is None)
        self.n_frames += number * (submission.n_frames or 0)
        self.param_bytes += number * submission.param_bytes

    def frames(self, largest: int) -> int:
        """Return the frames, if a partition of a bag has as many as the largest that was seen."""
        return self.n_frames + self.n_unknown * largest
