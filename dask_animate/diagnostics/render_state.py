"""How far a render is, for other threads to see."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from .events import Event, FigureBuilt, FrameEncoded, PartitionRendered, PoolRendered

#: Seconds over which the rate of frames is averaged.
RATE_SECONDS = 30.0

#: What a render does: it looks for or starts workers, draws what it shows more than once, draws all
#: frames, or has ended in one of three ways.
RenderPhase = Literal["starting", "preparing", "drawing", "done", "failed", "cancelled"]
ENDS: tuple[RenderPhase, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class RenderProgress:
    """How far a render is.

    Attributes
    ----------
    phase : {"starting", "preparing", "drawing", "done", "failed", "cancelled"}
        What it does. It is "starting" until a figure is built. It is "preparing" while frames are drawn
        that a clip shows more than once.
    n_frames : int or None
        Number of frames of the video; None if nobody knows it yet.
    n_frames_drawn : int
        Frames in partitions that are drawn, in whichever order.
    n_frames_encoded : int
        Frames that are encoded and on their way to the file: all up to the first that is missing.
    frames_per_second : float
        Recent frames per second; the overall rate once the render has ended; 0 if it is unknown.
    seconds : float
        Since it was asked for, or until it ended.
    seconds_left : float or None
        An estimate; None if there is none.
    """

    phase: RenderPhase
    n_frames: int | None
    n_frames_drawn: int
    n_frames_encoded: int
    frames_per_second: float
    seconds: float
    seconds_left: float | None

    @property
    def is_over(self) -> bool:
        """Whether the render has ended."""
        return self.phase in ENDS

    @property
    def share(self) -> float | None:
        """Encoded frames among all, from 0 to 1; None if the number of frames is unknown."""
        return self.n_frames_encoded / self.n_frames if self.n_frames else None


@dataclass(frozen=True)
class WorkerRate:
    """How fast a worker draws.

    Attributes
    ----------
    worker : str
        Its address; "" for this process.
    n_frames : int
        Frames that it drew.
    seconds : float
        Spent drawing and encoding them.
    """

    worker: str
    n_frames: int
    seconds: float


@dataclass(frozen=True)
class RenderSnapshot:
    """All that is shown of a render while it runs.

    Attributes
    ----------
    name : str
        Name of the output file.
    progress : RenderProgress
        How far it is.
    workers : tuple of WorkerRate
        Those that have drawn.
    n_frames_blitted, n_frames_reused : int
        Of the encoded frames, those drawn incrementally, and those found in a store.
    warnings : tuple of str
        What was warned of.
    error : str
        Why it failed, or empty.
    """

    name: str
    progress: RenderProgress
    workers: tuple[WorkerRate, ...]
    n_frames_blitted: int
    n_frames_reused: int
    warnings: tuple[str, ...]
    error: str


@dataclass
class RenderState:
    """Takes note of what happens in a render. A listener, and thread-safe.

    Parameters
    ----------
    name : str
        Name of the output file.
    n_frames : int or None
        Number of frames, if it is known.
    started : float
        When the render was asked for, by `time.perf_counter`.
    """

    name: str
    n_frames: int | None
    started: float
    _phase: RenderPhase = "starting"
    _began: float = 0.0
    _ended: float | None = None
    _n_drawn: int = 0
    _n_encoded: int = 0
    _n_blitted: int = 0
    _n_reused: int = 0
    _error: str = ""
    _workers: dict[str, WorkerRate] = field(default_factory=dict)
    _warnings: list[str] = field(default_factory=list)
    _rates: deque[tuple[float, int]] = field(default_factory=lambda: deque([(0.0, 0)]))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        with self._lock:
            if self._ended is not None:
                return
            if isinstance(event, FrameEncoded):
                self._n_encoded = event.frame_idx + 1
                self._note_drawn(0)
            elif isinstance(event, PartitionRendered):
                self._add(event)
            elif isinstance(event, FigureBuilt):
                self._begin_drawing()
            elif isinstance(event, PoolRendered):
                self._phase = "preparing"

    def drawn(self, n_frames: int) -> None:
        """Take note of frames that were drawn by another process and are not here yet."""
        with self._lock:
            if self._ended is None:
                self._note_drawn(n_frames)

    def warned(self, message: str) -> None:
        """Take note of a warning."""
        with self._lock:
            self._warnings.append(message)

    def end(self, phase: RenderPhase, error: str = "") -> None:
        """Take note of the end; events that come later do not count."""
        with self._lock:
            if self._ended is None:
                self._phase, self._error, self._ended = phase, error, time.perf_counter()
                if phase == "done":
                    self.n_frames = self._n_encoded

    def snapshot(self) -> RenderSnapshot:
        """Return what is known now."""
        with self._lock:
            return RenderSnapshot(
                self.name,
                self._progress(),
                tuple(self._workers.values()),
                self._n_blitted,
                self._n_reused,
                tuple(self._warnings),
                self._error,
            )

    def _add(self, event: PartitionRendered) -> None:
        report = event.report
        known = self._workers.get(report.worker, WorkerRate(report.worker, 0, 0.0))
        seconds = known.seconds + report.seconds - report.setup_seconds
        n_frames = known.n_frames + report.n_frames
        self._workers[report.worker] = WorkerRate(report.worker, n_frames, seconds)
        self._n_blitted += report.n_blitted
        self._n_reused += report.n_reused

    def _begin_drawing(self) -> None:
        if self._phase in ("starting", "preparing"):
            self._phase = "drawing"
            self._began = time.perf_counter()
            self._rates = deque([(self._began, 0)])

    def _note_drawn(self, n_frames: int) -> None:
        self._begin_drawing()
        self._n_drawn = max(self._n_drawn + n_frames, self._n_encoded)
        if self.n_frames is not None:
            self._n_drawn = min(self._n_drawn, self.n_frames)  # what was lost is drawn again
        now = time.perf_counter()
        if now - self._rates[-1][0] > RATE_SECONDS / 100:
            self._rates.append((now, self._n_drawn))
        while now - self._rates[0][0] > RATE_SECONDS:
            self._rates.popleft()

    def _progress(self) -> RenderProgress:
        now = time.perf_counter() if self._ended is None else self._ended
        then, n_then = (self._began, 0) if self._phase in ENDS else self._rates[0]
        is_known = self._phase not in ("starting", "preparing") and now > then
        rate = (self._n_drawn - n_then) / (now - then) if is_known else 0.0
        return RenderProgress(
            self._phase,
            self.n_frames,
            self._n_drawn,
            self._n_encoded,
            rate,
            now - self.started,
            self._seconds_left(rate),
        )

    def _seconds_left(self, rate: float) -> float | None:
        if self._phase in ENDS:
            return 0.0
        if self.n_frames is None or rate <= 0:
            return None
        # Frames that are drawn and not encoded wait for one before them, that is half done in the mean.
        n_done = (self._n_drawn + self._n_encoded) / 2
        return max(0.0, self.n_frames - n_done) / rate
