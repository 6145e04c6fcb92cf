"""What the engine tells those who watch: the engine knows no progress bar, the bar no engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..drawing import Run


@dataclass(frozen=True)
class PartitionRendered:
    """A partition's frames have arrived, in order.

    Attributes
    ----------
    n_frames : int
        Number of frames in it.
    draw_seconds, encode_seconds : float
        Time spent drawing them, and encoding them where they were drawn.
    worker : str
        Address of the worker, or "" for this process.
    n_bytes : int
        Bytes that came from the worker.
    run : Run
        How its frames were drawn.
    """

    n_frames: int
    draw_seconds: float
    encode_seconds: float
    worker: str
    n_bytes: int
    run: Run


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


Event = FigureBuilt | ValuesChanged | PartitionRendered | FrameEncoded
Listener = Callable[[Event], None]
