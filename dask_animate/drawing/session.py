"""What a frame source remembers while it draws one partition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .phase_clock import PhaseClock

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class DrawSession:
    """One drawing of a partition, from its first frame to its last.

    Made by the caller, and changed by the source that draws with it. One thread uses it.

    Attributes
    ----------
    n_frames : int or None
        Frames of the partition, or at most so many; None if that is not known.
    is_whole : bool
        Draw the whole figure for each frame, because the frames turned out wrong otherwise.
    n_blitted : int
        Frames drawn incrementally until now.
    failure : str or None
        Why a frame was drawn in full although the caller asked for incremental drawing.
    obstacle : str or None
        Why the figure cannot be drawn incrementally.
    n_drawn : int
        Frames drawn until now.
    is_repeated : bool
        True if the frame drawn last equals the one before it in this session.
    n_compared : int
        Frames that were compared with a full draw.
    is_unsure : bool
        True if the last incrementally drawn frame was not compared yet.
    sample : int or None
        Which frame, counted from 0, is compared besides the last; None if there is none, and after it
        was compared.
    figure : Figure or None
        That its last frame was drawn with.
    clock : PhaseClock
        Where the time goes; of the partition, so that it goes on if the partition is drawn again.
    """

    n_frames: int | None = None
    is_whole: bool = False
    n_blitted: int = 0
    failure: str | None = None
    obstacle: str | None = None
    n_drawn: int = 0
    is_repeated: bool = False
    n_compared: int = 0
    is_unsure: bool = False
    sample: int | None = None
    figure: Figure | None = None
    clock: PhaseClock = field(default_factory=PhaseClock)
