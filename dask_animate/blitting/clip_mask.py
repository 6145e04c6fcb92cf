"""The clip path that AGG's rasterizer keeps from one call to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, TransformedPath

_NOTHING, _IDENTITY = Path(np.empty((0, 2))), np.eye(3)


class ClipMask:
    """The clip path of a call.

    The rasterizer draws a clip path, snapped and clipped as the call at hand asks for, and keeps it for
    the calls after that have the same one, whatever they ask for. So the pixels of a call depend on the
    first of its run, which has to be known where calls are made apart from the others.

    Parameters
    ----------
    gc : GraphicsContextBase
        Of the call; gets the clip path of the first of the run, which is the same.
    source : object
        What the artist clips with. Calls of one source and one `key` are a run.
    key : object
        The clip path's shape.
    clip : object
        The rectangle to which the call is clipped as well.

    Attributes
    ----------
    shown : object
        What decided on the mask with which the call was last drawn.
    """

    def __init__(self, gc: Any, source: object, key: object, clip: object) -> None:
        self._gc = gc
        self._source = source
        self._key = key
        self._asks = clip, gc._snap
        self._first = self
        self.shown: Any = None

    def join(self, before: ClipMask | None) -> bool:
        """Find out which call decides, given the one before; False if it would look different now."""
        is_same = before is not None and before._source is self._source and before._key == self._key
        self._first = before._first if before is not None and is_same else self
        self._gc._clippath = self._first._gc._clippath
        former, self.shown = self.shown, self._first._asks
        return former is None or former == self.shown

    def prepare(self, rasterizer: Any) -> None:
        """Have the mask drawn, if it is not there, as in a drawing of the whole."""
        if self._first is not self:
            rasterizer.draw_path(self._first._gc, _NOTHING, _IDENTITY, None)


def forget_clip_mask(rasterizer: Any) -> None:
    """Make a rasterizer draw the next clip path, also if it is the last one, or lies where that lay.

    Otherwise a picture could depend on the one before, as `ClipMask` explains.
    """
    gc: Any = GraphicsContextBase()
    gc._clippath = TransformedPath(Path.unit_rectangle(), Affine2D())
    rasterizer.draw_path(gc, _NOTHING, _IDENTITY, None)
