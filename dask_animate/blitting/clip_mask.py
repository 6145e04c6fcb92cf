"""The clip path that AGG's rasterizer keeps from one draw command to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, TransformedPath

from ._matplotlib import clip_path_of

_NOTHING, _IDENTITY = Path(np.empty((0, 2))), np.eye(3)


class ClipMask:
    """The clip path of a draw command.

    The rasterizer turns a clip path into a mask, snapped and clipped as the command at hand requires. It
    keeps the mask for the commands that follow with the same path, whatever these require. The pixels of
    a command therefore depend on the first command of its run, which has to be known where commands are
    replayed without the others.

    Parameters
    ----------
    gc : GraphicsContextBase
        The graphics context of the command. Its clip path is replaced by the equal one of the first
        command of the run.
    source : object
        What the artist clips with. Consecutive commands with one source and one `key` are a run.
    key : object
        The shape of the clip path.
    clip : object
        The rectangle to which the command is clipped as well.

    Attributes
    ----------
    rendered_for : object
        The requirements for which the mask was made when the command was last drawn.
    """

    def __init__(self, gc: Any, source: object, key: object, clip: object) -> None:
        self._gc = gc
        self._source = source
        self._key = key
        self._requirements = clip, gc.get_snap()
        self._first = self
        self.rendered_for: Any = None

    def follow(self, previous: ClipMask | None) -> bool:
        """Find the first command of the run, given the previous one.

        Returns
        -------
        bool
            False if the mask looks different from when the command was last drawn.
        """
        is_same_run = (
            previous is not None and previous._source is self._source and previous._key == self._key
        )
        self._first = previous._first if previous is not None and is_same_run else self
        self._gc.set_clip_path(clip_path_of(self._first._gc))
        former, self.rendered_for = self.rendered_for, self._first._requirements
        return former is None or former == self.rendered_for

    def prepare(self, rasterizer: Any) -> None:
        """Make the rasterizer hold the mask that it would hold in a full draw."""
        if self._first is not self:
            rasterizer.draw_path(self._first._gc, _NOTHING, _IDENTITY, None)


def forget_clip_mask(rasterizer: Any) -> None:
    """Make a rasterizer turn the next clip path into a new mask.

    It would otherwise use the mask that it holds if the path is the same, or is at the same address in
    memory. A frame could then depend on the one before; see `ClipMask`.
    """
    gc: Any = GraphicsContextBase()
    gc.set_clip_path(TransformedPath(Path.unit_rectangle(), Affine2D()))
    rasterizer.draw_path(gc, _NOTHING, _IDENTITY, None)
