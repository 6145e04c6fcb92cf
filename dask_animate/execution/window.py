"""How much of a render may be in flight on a cluster."""

from __future__ import annotations

from collections.abc import Sequence

from ..encoding import Segment
from ..rendering import TaskOutput, TaskSpec
from .partitioning import PartitionCost, Plan, block_length, segment_length
from .submission import Submission
from .workers import Workers

#: What a frame's packet is taken to be, as a share of its pixels, until one was seen.
PACKET_SHARE = 0.25


class Window:
    """Bounds the partitions that are submitted but not yet encoded; learns from those that arrive.

    Were only running partitions counted, results would pile up on the workers behind a slow one.

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
    n_here : int
        Threads of this process that draw too.

    Attributes
    ----------
    param_bytes : float
        The most bytes of a frame's computed parameters that were seen.
    """

    def __init__(
        self, workers: Workers, plan: Plan, task: TaskSpec, frame_bytes: int, n_here: int = 0
    ) -> None:
        self._n_here = n_here
        self._workers = workers
        self._preload = plan.preload_factor
        self._encoding = task.encoding
        share = PACKET_SHARE if task.encoding is not None else 0 if task.cache is not None else 1
        self._output_bytes = frame_bytes * share  # a frame's, as pixels or packets
        self._packet_bytes = 0.0  # the most of them that were seen
        self._largest = 0  # frames of the largest output until now
        self._cost: PartitionCost | None = None
        self.param_bytes = 0.0

    def learn(self, output: TaskOutput) -> None:
        """Learn from an output what the next ones will take."""
        if not output.n_frames:
            return
        self._largest = max(self._largest, output.n_frames)
        self.param_bytes = max(self.param_bytes, output.report.param_bytes / output.n_frames)
        self._cost = PartitionCost.of(output.report, self._cost)
        if isinstance(output.payload, Segment):
            self._output_bytes = max(self._packet_bytes, 2 * output.payload.n_bytes / output.n_frames)
            self._packet_bytes = self._output_bytes

    def has_room(self, submissions: Sequence[Submission]) -> bool:
        """Return whether one more partition, taken to be as large as the last one, may be sent."""
        if not submissions:
            return True
        n_frames = self._n_frames(submissions[-1])
        # The partitions of a bag may be of any size: wait for the first.
        n_ahead = 1 + max(1, self._preload // n_frames) if n_frames else 1
        n_sent = sum(not one.is_here for one in submissions)
        return n_sent < n_ahead * max(1, self._workers.n_threads()) and self.fits(submissions)

    def fits(self, submissions: Sequence[Submission]) -> bool:
        """Return whether one more partition, as large as the last one, fits into memory."""
        sizes = [self._n_frames(one) * self._output_bytes + one.param_bytes for one in submissions]
        return not sizes or sum(sizes) + sizes[-1] <= self._workers.budget()

    def partition_size(self, n_frames: int | None, n_left: int | None) -> int:
        """Choose the frames of the next partition.

        Parameters
        ----------
        n_frames, n_left : int or None
            Frames of the video, and those that are left; None if unknown.
        """
        room = int(self.auto_bytes() / max(1, self._output_bytes, self.param_bytes))
        if self._encoding is None:
            return block_length(n_frames, self._n_threads, self._preload, room)
        return segment_length(n_left, self._n_threads, self._cost, self._encoding.gop, room)

    def auto_bytes(self) -> int:
        """Return the bytes that a partition's parameters, or what is made of it, take at most."""
        return self._workers.budget() // (2 * self._n_threads)

    @property
    def _n_threads(self) -> int:
        return max(1, self._workers.n_threads() + self._n_here)

    def _n_frames(self, submission: Submission) -> int:
        return self._largest if submission.n_frames is None else submission.n_frames
