"""What executors tell their listeners. Neither knows the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..drawing import PHASES

if TYPE_CHECKING:
    from ..drawing import PhaseClock


@dataclass(frozen=True, slots=True)
class FrameFailure:
    """A frame that could not be drawn.

    Attributes
    ----------
    frame_idx : int
        Index of the frame.
    error : str
        What went wrong, such as "OSError: no such file".
    params : str
        The parameters of the frame, shortened.
    """

    frame_idx: int
    error: str
    params: str


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """What rendering a partition cost, and how it went.

    The seconds of the phases do not overlap. What is left of `seconds` is `other_seconds`.

    Attributes
    ----------
    n_frames : int
        Number of frames in it.
    seconds : float
        From the beginning of the task, or of reading its parameters in this process, to its end; and
        building the figure before that, if the partition is the first one in its process.
    start : int
        Index of the first frame.
    began : float
        `seconds` before its end, in seconds since the epoch, by the clock of the machine that rendered
        it; in `RenderStats.partitions` by the clock of the calling process.
    setup_seconds : float
        Building the figure, if the partition is the first one in its process, or if each frame has a
        figure of its own.
    load_seconds : float
        Reading the parameters, or computing them.
    update_seconds : float
        Running ``update()``.
    draw_seconds : float
        Drawing, whole or what had changed; of a `FrameSource`, its ``draw()``.
    compare_seconds : float
        Comparing frames with full draws.
    convert_seconds : float
        Converting pixels to what the encoder takes, or copying them.
    encode_seconds : float
        Encoding, where frames were drawn.
    store_seconds : float
        Finding frames in a store, reading and writing them.
    wait_seconds : float
        Waiting while other threads of the process draw.
    n_compared : int
        Number of comparisons.
    n_blitted : int
        Frames drawn incrementally.
    n_reused : int
        Frames found in a store.
    redraw_obstacle : str or None
        Why the figure cannot be drawn incrementally, in words.
    redraw_fault : str or None
        Why the partition had to be drawn again, in words. Then the seconds are those of both times.
    history_fault : str or None
        That its frames depend on those drawn before them, in words.
    reuse_fault : str or None
        Why the next render cannot find these frames in the store, in words.
    skipped : tuple of FrameFailure
        Frames that could not be drawn and were replaced, in order.
    n_retries : int
        How often frames were drawn again that had failed.
    fonts : mapping of str to str
        The font files that were used, by what was asked for; empty in this process.
    param_bytes : int
        Bytes of parameters that were computed on the worker.
    worker : str
        Address of the worker, or "" for this process.
    """

    n_frames: int
    seconds: float
    start: int = 0
    began: float = 0.0
    setup_seconds: float = 0.0
    load_seconds: float = 0.0
    update_seconds: float = 0.0
    draw_seconds: float = 0.0
    compare_seconds: float = 0.0
    convert_seconds: float = 0.0
    encode_seconds: float = 0.0
    store_seconds: float = 0.0
    wait_seconds: float = 0.0
    n_compared: int = 0
    n_blitted: int = 0
    n_reused: int = 0
    redraw_obstacle: str | None = None
    redraw_fault: str | None = None
    history_fault: str | None = None
    reuse_fault: str | None = None
    skipped: tuple[FrameFailure, ...] = ()
    n_retries: int = 0
    fonts: Mapping[str, str] = field(default_factory=dict)
    param_bytes: int = 0
    worker: str = ""

    @classmethod
    def of(cls, clock: PhaseClock, n_frames: int, start: int) -> PartitionReport:
        """Return the report on what a clock has measured."""
        seconds: dict[str, Any] = {f"{phase}_seconds": clock.seconds.get(phase, 0.0) for phase in PHASES}
        return cls(n_frames, clock.total, start, clock.began, **seconds)

    @property
    def finished(self) -> float:
        """When it ended, by the same clock as `began`."""
        return self.began + self.seconds

    @property
    def phases(self) -> dict[str, float]:
        """Seconds of each phase by its name, in the order of the attributes, and "other" at the end."""
        seconds: dict[str, float] = {name: float(getattr(self, f"{name}_seconds")) for name in PHASES}
        return {**seconds, "other": max(0.0, self.seconds - sum(seconds.values()))}

    @property
    def other_seconds(self) -> float:
        """What is left, such as keeping the figure's rcParams and random states apart."""
        return self.phases["other"]

    @property
    def encoding_seconds(self) -> float:
        """Converting and encoding."""
        return self.convert_seconds + self.encode_seconds

    @property
    def rendering_seconds(self) -> float:
        """All but building the figure, converting and encoding."""
        return self.seconds - self.setup_seconds - self.encoding_seconds


@dataclass(frozen=True)
class EncodingPlaced:
    """It is decided where frames are encoded.

    Attributes
    ----------
    place : {"workers", "client"}
        Where.
    reason : str
        Why there.
    """

    place: str
    reason: str


@dataclass(frozen=True)
class PartitionRendered:
    """A partition has arrived, in order.

    Attributes
    ----------
    report : PartitionReport
        How it was rendered.
    n_bytes : int
        Bytes that came from the worker.
    """

    report: PartitionReport
    n_bytes: int


@dataclass(frozen=True)
class PoolRendered:
    """Frames that the video shows more than once were drawn, before the render itself begins.

    Attributes
    ----------
    report : PartitionReport
        How they were rendered, some consecutive frames of a pool.
    """

    report: PartitionReport


@dataclass(frozen=True)
class Scaled:
    """All frames are drawn, and it is known where.

    Attributes
    ----------
    reason : str
        Why there, in words.
    seconds : float or None
        When a cluster that was started for the render was ready, in seconds from its first frame.
    """

    reason: str
    seconds: float | None


@dataclass(frozen=True)
class FrameEncoded:
    """One frame was encoded, or given to the encoder, and is on its way to the file.

    Attributes
    ----------
    frame_idx : int
        Index of the frame; frames are encoded in order.
    """

    frame_idx: int


@dataclass(frozen=True)
class FigureBuilt:
    """A worker has built the figure, before the first partition is sent.

    Attributes
    ----------
    worker : str
        Address of the worker.
    fonts : mapping of str to str
        The font files that it is drawn with, by what is asked for.
    """

    worker: str
    fonts: Mapping[str, str]


@dataclass(frozen=True)
class ValuesChanged:
    """Values in the user's modules are others than in the last render with a store, files are not.

    Attributes
    ----------
    names : sequence of str
        Of the values.
    """

    names: Sequence[str]


Event = (
    FigureBuilt
    | ValuesChanged
    | EncodingPlaced
    | PoolRendered
    | PartitionRendered
    | Scaled
    | FrameEncoded
)
Listener = Callable[[Event], None]
