"""The frame-source protocol: whatever can draw a frame from its index and its parameters."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..frames import FrameSize
from .session import DrawSession

if TYPE_CHECKING:
    from ..provenance import Environment


class Mismatch(Exception):
    """Frames drawn from the ones before are wrong, or cannot be compared: they have to be drawn again.

    Attributes
    ----------
    fault : str or None
        What is wrong.
    """

    def __init__(self, fault: str | None) -> None:
        super().__init__(fault)
        self.fault = fault


class FrameSource(Protocol):
    """Draws frames in one process.

    A source is opened once, draws any number of frames in any order, and is closed once, perhaps while
    another thread draws.
    """

    @property
    def opaque(self) -> bool:
        """True if every pixel of the frame last drawn has an alpha of 255."""
        ...

    def open(self) -> FrameSize:
        """Make ready to draw, and return the size that every frame has to have."""
        ...

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        """Draw one frame.

        Parameters
        ----------
        frame_idx : int
            Its index.
        params : object
            Its parameters.
        session : DrawSession
            Of the partition to which the frame belongs; changed.

        Returns
        -------
        ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied. A view: the next call overwrites it.

        Raises
        ------
        Mismatch
            If the partition has to be drawn again, in a new session.
        """
        ...

    def confirm(self, session: DrawSession) -> None:
        """Verify the frames of a session; raise `Mismatch` if they are wrong or cannot be checked."""
        ...

    @property
    def environment(self) -> Environment | None:
        """What the frames depend on in this process; None unless they are to be kept."""
        ...

    def fonts(self) -> dict[str, str]:
        """Return the font files that are used in this process, by what is asked for."""
        ...

    def entered(self) -> AbstractContextManager[None]:
        """Keep other threads from drawing, while one draws and copies; reentrant."""
        ...

    def in_turn(self) -> AbstractContextManager[Any]:
        """Keep other threads from a partition of their own, while one draws all of one; reentrant.

        Parameters are read inside: the process looks as the caller left it, unlike in `entered`.
        """
        ...

    def close(self) -> None:
        """Give everything back; a closed source stays closed."""
        ...
