"""The frame-source protocol: anything that draws a frame from its index and its parameters."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import Restart
from ..frames import FrameSize
from .session import DrawSession

if TYPE_CHECKING:
    from ..provenance import Environment


class Mismatch(Restart):
    """Incrementally drawn frames are wrong or cannot be checked; the partition must be drawn again.

    Attributes
    ----------
    fault : str or None
        What is wrong; None if the frames cannot be checked.
    """

    def __init__(self, fault: str | None) -> None:
        super().__init__(fault)
        self.fault = fault


class Source(Protocol):
    """Draws frames in one process.

    A source is opened once, draws any number of frames in any order, and is closed once, possibly while
    another thread draws.
    """

    @property
    def opaque(self) -> bool:
        """True if every pixel of the last drawn frame has an alpha of 255."""
        ...

    def open(self) -> FrameSize | None:
        """Prepare to draw, and return the size of all frames; None if one has to be drawn to know it.

        The first call must be outside `isolated`. After a frame that failed, the next call prepares
        anew, as what has failed may have changed anything.
        """
        ...

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        """Draw one frame.

        Parameters
        ----------
        frame_idx : int
            Index of the frame.
        params : object
            Parameters of the frame.
        session : DrawSession
            Of the frame's partition; changed in place.

        Returns
        -------
        ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied. A view that the next call overwrites.

        Raises
        ------
        Mismatch
            If the partition must be drawn again, in a new session.
        """
        ...

    def verify(self, session: DrawSession) -> None:
        """Verify the frames of a session; raise `Mismatch` if they are wrong or cannot be checked."""
        ...

    @property
    def environment(self) -> Environment | None:
        """What the frames depend on in this process; None if they are not stored."""
        ...

    def fonts(self) -> dict[str, str]:
        """Return the font files that this process uses, by the requested font."""
        ...

    def settings(self) -> dict[str, str]:
        """Return the rcParams of this process that differ from those given, once it is open."""
        ...

    def as_built(self) -> NDArray[np.uint8] | None:
        """Return pixels as `draw` does, but before any frame; None if there is nothing to draw yet."""
        ...

    def isolated(self) -> AbstractContextManager[None]:
        """Block other threads from drawing while a frame is drawn and copied; reentrant."""
        ...

    def partition_lock(self) -> AbstractContextManager[object]:
        """Block other threads from drawing partitions while one is drawn; reentrant.

        Unlike `isolated`, it leaves the global state of the process alone, so that parameters can be
        read inside.
        """
        ...

    def close(self) -> None:
        """Release all resources. A closed source cannot be opened again."""
        ...
