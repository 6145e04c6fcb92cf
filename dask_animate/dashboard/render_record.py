"""One render as the scheduler saw it: which frames are drawn, by whom, how fast, and what failed."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .messages import LONG, MEDIUM, SHORT, shortened
from .rebinning import RebinningHistogram

#: Bounds, each of one render.
STRIP_CELLS, RATE_CELLS = 240, 120
MAX_WORKERS, MAX_FAILURES, MAX_RECENT = 200, 20, 64
#: Frames tracked one by one; later ones may be counted twice.
MAX_FRAMES = 10_000_000

#: The amounts of a cell of the strip: frames but for the last, which is seconds.
DRAWN, REUSED, SENT, SECONDS = range(4)

_FRAME = re.compile(r"frame (\d{1,12}) could not be drawn")


@dataclass
class WorkerCost:
    """What the frames of one worker took.

    Attributes
    ----------
    n_frames, n_partitions : int
        What it drew.
    phases : Counter of str
        Seconds by the name of the phase.
    setup_seconds : float
        For building its figure, with the imports that this needs.
    is_gone : bool
        Whether it has left the cluster.
    """

    n_frames: int = 0
    n_partitions: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    setup_seconds: float = 0.0
    is_gone: bool = False

    @property
    def frame_seconds(self) -> float:
        """Seconds a frame; 0 as long as none is drawn."""
        return sum(self.phases.values()) / self.n_frames if self.n_frames else 0.0


@dataclass(frozen=True)
class DrawnPartition:
    """A partition that is drawn.

    Attributes
    ----------
    start, n_frames : int
        Its first frame, and the number of frames.
    worker : str
        Address of who drew it.
    began, ended : float
        When the task ran, in seconds since the epoch.
    phases : mapping of str to float
        Seconds by the name of the phase; building the figure is none of them.
    """

    start: int
    n_frames: int
    worker: str
    began: float
    ended: float
    phases: Mapping[str, float]

    @property
    def seconds(self) -> float:
        """Seconds of all phases."""
        return sum(self.phases.values())

    @property
    def frame_seconds(self) -> float:
        """Seconds a frame."""
        return self.seconds / max(1, self.n_frames)


@dataclass(frozen=True)
class Failure:
    """A partition or a frame that could not be drawn.

    Attributes
    ----------
    frame_idx : int or None
        The frame, if it is known.
    params, text, traceback : str
        Its parameters, the error, and where it was raised; shortened.
    worker : str
        Address of the worker, if it is known.
    frames : (int, int) or None
        First frame and number of frames of what failed, if they are known.
    """

    frame_idx: int | None
    params: str
    text: str
    traceback: str
    worker: str
    frames: tuple[int, int] | None


class RenderRecord:
    """What is known of one render. All that it holds is bounded.

    Parameters
    ----------
    name : str
        Its id.
    client : str
        Id of the client that asked for it.
    file : str
        Where the video is to be.
    n_frames : int or None
        Number of frames; None if unknown.
    time : float
        When it was asked for, in seconds since the epoch.
    has_thumbnails : bool
        Whether its workers may be asked for frames.

    Attributes
    ----------
    outcome : {"", "done", "failed", "cancelled", "client gone"}
        How it ended; "" if it runs.
    states : Counter of str
        Tasks by their state on the scheduler, of those that wait, run, or hold a result.
    n_drawn, n_reused, n_blitted, n_partitions : int
        Frames drawn by workers, taken from a store, drawn incrementally; partitions of all these.
    strip : RebinningHistogram
        Along the frames, for each cell: frames drawn, reused and sent, and seconds.
    rate : RebinningHistogram
        Frames drawn along the seconds from the start.
    """

    def __init__(
        self,
        name: str,
        client: str,
        file: str,
        n_frames: int | None,
        time: float,
        *,
        has_thumbnails: bool = False,
    ) -> None:
        self.name = name
        self.client = client
        self.file = shortened(file, SHORT)
        self.n_frames = n_frames
        self.has_thumbnails = has_thumbnails
        self.started = time
        self.ended: float | None = None
        self.outcome = ""
        self.result: dict[str, str | float] = {}
        self.states: Counter[str] = Counter()
        self.n_drawn = self.n_reused = self.n_blitted = self.n_partitions = self.n_lost_workers = 0
        self.redraw_fault = ""
        self.n_redraw_faults = 0
        self.failures: deque[Failure] = deque(maxlen=MAX_FAILURES)
        self.n_failures = 0
        self.workers: dict[str, WorkerCost] = {}
        self.slowest: DrawnPartition | None = None
        self.recent: deque[DrawnPartition] = deque(maxlen=MAX_RECENT)
        width = max(1, -(-(n_frames or 1) // STRIP_CELLS))
        self.strip = RebinningHistogram(STRIP_CELLS, 4, width)
        self.rate = RebinningHistogram(RATE_CELLS, 1)
        self._is_done = bytearray()  # one for each frame

    @property
    def n_done(self) -> int:
        """Frames that workers are done with."""
        return self.n_drawn + self.n_reused

    def moved(self, start: str, finish: str, frames: tuple[int, int] | None) -> None:
        """Take note that a task goes from one state to another.

        Parameters
        ----------
        start, finish : str
            The states.
        frames : (int, int) or None
            First frame and number of frames of the partition that it draws, if that is known.
        """
        self.states[start] -= 1
        self.states[finish] += 1
        if frames is not None and "processing" in (start, finish):
            first, n_frames = frames
            sent = n_frames if finish == "processing" else -n_frames
            self.strip.add(first, first + n_frames, (0, 0, sent, 0))

    def add(self, partition: DrawnPartition, facts: Mapping[str, Any]) -> None:
        """Take note of a partition that is drawn; `facts` is what its task told beside its costs."""
        n_new = self._n_new(partition.start, partition.n_frames)
        # What was lost with its worker is drawn again: its cost counts, but not its frames.
        share = n_new / max(1, partition.n_frames)
        n_reused = round(share * int(facts.get("n_reused", 0)))
        self.n_reused += n_reused
        self.n_drawn += n_new - n_reused
        self.n_blitted += round(share * int(facts.get("n_blitted", 0)))
        self.n_partitions += 1
        if fault := facts.get("redraw_fault"):
            self.redraw_fault = shortened(fault, MEDIUM)
            self.n_redraw_faults += 1
        stop = partition.start + partition.n_frames
        self.strip.add(partition.start, stop, (n_new - n_reused, n_reused, 0, partition.seconds))
        since = [max(0.0, time - self.started) for time in (partition.began, partition.ended)]
        self.rate.add(since[0], max(since), [n_new])
        self.recent.append(partition)
        if self.slowest is None or partition.frame_seconds > self.slowest.frame_seconds:
            self.slowest = partition
        cost = self._worker(partition.worker)
        if cost is not None:
            cost.n_frames += partition.n_frames
            cost.n_partitions += 1
            cost.phases.update(partition.phases)

    def figure_built(self, worker: str, seconds: float) -> None:
        """Take note of time that a worker took for its figure."""
        cost = self._worker(worker)
        if cost is not None:
            cost.setup_seconds += seconds

    def failed(self, failure: Failure) -> None:
        """Take note of a failure that a task tells of."""
        self.n_failures += 1
        self.failures.append(failure)

    def explained(self, failure: Failure | None) -> None:
        """Take the client's account of what failed, None if nothing did.

        It knows the parameters, and which failure came first. What tasks told of the same goes, and what
        names no frame: that is what followed, such as partitions that were abandoned.
        """
        told = list(self.failures)
        idx = None if failure is None else failure.frame_idx
        others = [one for one in told if one.frame_idx not in (None, idx)]
        if failure is not None:
            same = next((one for one in told if one.frame_idx == idx), failure)
            others.append(replace(failure, worker=same.worker, frames=same.frames))
        self.n_failures += len(others) - len(told)
        self.failures = deque(others, MAX_FAILURES)

    def end(self, outcome: str, time: float) -> None:
        """Take note that it ended, and forget what is only needed while it runs."""
        self.outcome, self.ended = outcome, time
        self._is_done = bytearray()
        self.recent.clear()
        for cell in self.strip.cells:
            cell[SENT] = 0

    def frames_per_second(self, now: float) -> float:
        """Return the rate of late, or over all once it ended; 0 as long as no partition is drawn."""
        if self.ended is not None or len(self.recent) < 2:
            spent = (self.ended or now) - self.started
            return self.n_done / spent if spent > 0 else 0.0
        # Of the first one only the end is used, as it took as long to be drawn before that.
        first, *others = self.recent
        spent = max(now, others[-1].ended) - first.ended
        return sum(partition.n_frames for partition in others) / spent if spent > 0 else 0.0

    def _n_new(self, start: int, n_frames: int) -> int:
        """Return how many frames of a partition were not drawn before, and take note of them."""
        if start < 0 or n_frames <= 0 or start + n_frames > MAX_FRAMES:
            return max(0, n_frames)
        if len(self._is_done) < start + n_frames:
            self._is_done.extend(bytes(start + n_frames - len(self._is_done)))
        n_new = self._is_done.count(0, start, start + n_frames)
        self._is_done[start : start + n_frames] = b"\1" * n_frames
        return n_new

    def _worker(self, address: str) -> WorkerCost | None:
        if address not in self.workers and len(self.workers) >= MAX_WORKERS:
            return None
        return self.workers.setdefault(address, WorkerCost())


def failure_of(
    told: Mapping[str, Any], worker: str = "", frames: tuple[int, int] | None = None
) -> Failure:
    """Return the failure that is told of; the frame is read from the text if need be."""
    text, frame_idx = str(told.get("text", "")), told.get("frame_idx")
    if frame_idx is None and (found := _FRAME.search(text)):
        frame_idx = int(found[1])
    return Failure(
        None if frame_idx is None else int(frame_idx),
        shortened(told.get("params", ""), MEDIUM),
        shortened(text, MEDIUM),
        shortened(told.get("traceback", ""), LONG),
        worker,
        frames if frame_idx is None else (int(frame_idx), 1),
    )
