"""What a task is to make of a partition, and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import PartitionReport
from ..encoding import Encoding, Segment
from .faults import FaultPolicy, Known, LastDrawn

if TYPE_CHECKING:
    from ..storage import FrameCache


@dataclass(frozen=True)
class TaskSpec:
    """What a task is to make of a partition.

    Attributes
    ----------
    encoding : Encoding or None
        How to encode a `Segment`; None makes a `Block`, or `StoredFrames` if there is a cache.
    alpha : bool
        Whether the pixels of a block have an alpha channel.
    cache : FrameCache or None
        Where frames are kept.
    threads : int
        For the encoder.
    faults : FaultPolicy
        What to do about frames that fail.
    known : Known
        What is known of the partition.
    seeks_history : bool
        Find out whether its frames depend on those drawn before them.
    """

    encoding: Encoding | None = None
    alpha: bool = False
    cache: FrameCache | None = None
    threads: int = 1
    faults: FaultPolicy = field(default_factory=FaultPolicy)
    known: Known = field(default_factory=Known)
    seeks_history: bool = False

    def following(self, output: TaskOutput) -> TaskSpec:
        """Return it for the partition that follows another one."""
        return replace(self, known=Known(before=output.last)) if output.n_frames else self


@dataclass(frozen=True)
class Block:
    """Pixels of a partition.

    Attributes
    ----------
    frame_idx : sequence of int
        Frame index of each frame.
    pixels : ndarray of uint8, shape (n, height, width, 3 or 4)
        RGB or RGBA, C-contiguous; the receiver may keep it.
    """

    frame_idx: Sequence[int]
    pixels: NDArray[np.uint8]

    @property
    def start(self) -> int:
        """Frame index of the first frame."""
        return self.frame_idx[0]

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return self.pixels.nbytes


@dataclass(frozen=True)
class StoredFrames:
    """Frames of a partition that are in a store.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    """

    start: int
    n_bytes = 0


@dataclass(frozen=True)
class TaskOutput:
    """What a task returns: the frames in one of three forms, and how they were made.

    Attributes
    ----------
    payload : Block, Segment or StoredFrames
        The frames.
    report : PartitionReport
        How they were rendered.
    frame_digests : ndarray of uint8, shape (n_frames, n), or None
        What identifies the frames in the store, if they are kept.
    last : LastDrawn or None
        The last frame that could be drawn, if one that fails after it may need it.
    """

    payload: Block | Segment | StoredFrames
    report: PartitionReport
    frame_digests: NDArray[np.uint8] | None = None
    last: LastDrawn | None = None

    @property
    def start(self) -> int:
        """Frame index of the first frame."""
        return self.payload.start

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.report.n_frames

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return self.payload.n_bytes + (0 if self.frame_digests is None else self.frame_digests.nbytes)
