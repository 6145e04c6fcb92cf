"""What executors tell their listeners. Neither knows the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PartitionReport:
    """What rendering a partition cost, and how it went.

    Attributes
    ----------
    n_frames : int
        Number of frames in it.
    draw_seconds, encode_seconds : float
        Time spent drawing them, and converting and encoding them where they were drawn.
    compare_seconds : float
        Of the time for drawing, what went into comparisons with full draws.
    n_compared : int
        Number of these comparisons.
    n_blitted : int
        Frames drawn incrementally.
    n_reused : int
        Frames found in a store.
    redraw_fault : str or None
        Why the partition had to be drawn again, in words.
    reuse_fault : str or None
        Why the next render cannot find these frames in the store, in words.
    fonts : mapping of str to str
        The font files that were used, by what was asked for; empty in this process.
    param_bytes : int
        Bytes of parameters that were computed on the worker.
    worker : str
        Address of the worker, or "" for this process.
    """

    n_frames: int
    draw_seconds: float
    encode_seconds: float = 0.0
    compare_seconds: float = 0.0
    n_compared: int = 0
    n_blitted: int = 0
    n_reused: int = 0
    redraw_fault: str | None = None
    reuse_fault: str | None = None
    fonts: Mapping[str, str] = field(default_factory=dict)
    param_bytes: int = 0
    worker: str = ""

    @property
    def seconds(self) -> float:
        """Time spent drawing, converting and encoding."""
        return self.draw_seconds + self.encode_seconds


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


Event = FigureBuilt | ValuesChanged | EncodingPlaced | PartitionRendered | Scaled | FrameEncoded
Listener = Callable[[Event], None]
