"""What a worker is to make of a partition, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..drawing import Run
from ..encoding import EncodeOptions, Segment

if TYPE_CHECKING:
    from ..storage import FrameCache


@dataclass(frozen=True)
class TaskSpec:
    """What a worker is to make of a partition.

    Attributes
    ----------
    encode : EncodeOptions or None
        How to encode it to a `Segment`; None makes a `Block`.
    alpha : bool
        Whether the pixels of a block have an alpha channel.
    keep : FrameCache or None
        Where its frames are kept; then it is a `StoredFrames` that is made in place of a block.
    """

    encode: EncodeOptions | None
    alpha: bool
    keep: FrameCache | None = None


@dataclass(frozen=True)
class Block:
    """Rendered frames of one partition.

    Attributes
    ----------
    frame_idx : sequence of int
        Frame index of each frame.
    pixels : ndarray of uint8, shape (n, height, width, 3 or 4)
        RGB or RGBA, C-contiguous; the receiver may keep it.
    seconds : float
        Time spent drawing.
    worker : str
        Address of the worker, or "" for this process.
    run : Run
        How its frames were drawn.
    """

    frame_idx: Sequence[int]
    pixels: NDArray[np.uint8]
    seconds: float
    worker: str
    run: Run

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.frame_idx)

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return self.pixels.nbytes


@dataclass(frozen=True)
class StoredFrames:
    """Rendered frames of one partition, which are in a store.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    n_frames : int
        Number of frames, which are consecutive.
    seconds : float
        Time spent drawing and writing.
    worker : str
        Address of the worker, or "" for this process.
    run : Run
        How its frames were drawn, and their digests in the store.
    """

    start: int
    n_frames: int
    seconds: float
    worker: str
    run: Run

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        digests = self.run.frame_digests
        return 0 if digests is None else digests.nbytes


Result = Block | StoredFrames | Segment
