"""Whether frames depend on those drawn before them: found by drawing one of them again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..drawing import DrawSession, Source
from ..errors import FrameError
from .source_spec import SourceSpec


class HistoryCheck:
    """Compares the first frame of a partition with the same frame drawn again after the last one.

    They are equal if frames are functions of their arguments. If they differ, the frame is drawn alone
    twice, each time by a new copy: where these differ too, it is something else that changes, such as
    random numbers that are not seeded.

    To be used by one thread, in its turn.

    Parameters
    ----------
    spec : SourceSpec
        What is drawn.
    source : Source
        What draws the partition.
    """

    def __init__(self, spec: SourceSpec, source: Source) -> None:
        self._spec = spec
        self._source = source
        self._first: tuple[int, Any, NDArray[np.uint8]] | None = None
        self._last_idx = -1

    def note(self, frame_idx: int, params: Any, pixels: NDArray[np.uint8]) -> None:
        """Take note of a frame that was drawn; its pixels are copied if it is the first one."""
        if self._first is None:
            self._first = frame_idx, params, pixels.copy()
        self._last_idx = frame_idx

    def fault(self, watched: Callable[[int, Any], AbstractContextManager[object]]) -> str | None:
        """Draw the first frame again; return what is wrong, in words.

        Parameters
        ----------
        watched : callable
            Returns a context in which a frame is drawn, given its index and its parameters.

        Raises
        ------
        Mismatch
            If frames that were drawn incrementally turn out wrong.
        """
        if self._first is None or self._first[0] == self._last_idx:
            return None
        frame_idx, params, first = self._first
        with watched(frame_idx, params):
            again = self._again(DrawSession())
        if again is not None and not np.array_equal(again, first):
            again = self._again(DrawSession(is_whole=True))  # what is drawn incrementally may be wrong
        if again is not None and np.array_equal(again, first):
            return None
        alone = self._alone()
        if not np.array_equal(alone, self._alone()):
            return None
        return (
            f"frame {frame_idx} looks different after frame {self._last_idx} than alone: frames depend "
            "on those drawn before them, which are others in each process, so that some may be wrong. "
            "Set all that changes from the arguments; compute what accumulates before the render, and "
            "give it as parameters; or draw all frames in order, in this process: num_workers=1 without "
            "a client. check() shows what differs"
        )

    def _again(self, session: DrawSession) -> NDArray[np.uint8] | None:
        """Draw the first frame after the others; return None if that fails, as it did not before."""
        assert self._first is not None
        frame_idx, params, _ = self._first
        try:
            with self._source.isolated():
                return self._source.draw(frame_idx, params, session).copy()
        except FrameError:
            return None

    def _alone(self) -> NDArray[np.uint8]:
        assert self._first is not None
        frame_idx, params, _ = self._first
        with closing(self._spec.source()) as source:
            source.open()
            with source.isolated():
                return source.draw(frame_idx, params, DrawSession()).copy()
