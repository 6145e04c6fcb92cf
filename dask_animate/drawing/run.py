"""How the frames of a partition were drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Run:
    """How the frames of a partition were drawn; filled in by the source that draws them.

    Attributes
    ----------
    n_blitted : int
        Frames of which only what had changed was drawn.
    is_again : bool
        Whether frames are drawn once more, all of them as a whole.
    is_checked, is_unsure : bool
        Whether one of those was compared with a drawing of the whole; whether the last one was not.
    is_repeated : bool
        Whether the frame drawn last is the same as the partition's frame before it.
    fault : str or None
        What was found wrong, so that the partition had to be drawn again.
    n_reused : int
        Frames that were found in a store.
    unknown : str or None
        Why the next render cannot find frames again, in words.
    fonts : dict of str to str
        The font files that were used, by what was asked for.
    item_bytes : int
        Bytes of parameters that were computed on the worker.
    n_frames : int or None
        Frames of the partition, or at most so many; None if that is not known.
    n_drawn : int
        Frames of it that were drawn.
    sample : int or None
        Which of those, counted from 0, is compared besides the first and the last; None before that is
        drawn by lot, and again when it is done.
    frame_digests : ndarray of uint8, shape (n_frames, n), or None
        Their digests in a store, if they are stored.
    """

    n_blitted: int = 0
    is_again: bool = False
    is_checked: bool = False
    is_unsure: bool = False
    is_repeated: bool = False
    fault: str | None = None
    n_reused: int = 0
    unknown: str | None = None
    fonts: dict[str, str] = field(default_factory=dict)
    item_bytes: int = 0
    n_frames: int | None = None
    n_drawn: int = 0
    sample: int | None = None
    frame_digests: NDArray[np.uint8] | None = None
