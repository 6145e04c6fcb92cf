"""Whether a figure is drawn as a whole or from its last picture: measured, and compared."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blitting import Blitter, Rect, can_blit
from .canvas import Canvas
from .frame_source import Mismatch
from .run import Run

_logger = logging.getLogger(__name__)

#: Frames that are drawn as a whole, and then otherwise, to find out which is faster.
TRIAL_FULL, TRIAL_BLIT = 2, 4
#: Blitting has to take less than this share of the time of drawing the whole.
WORTH_IT = 0.95
#: Frames for which the whole is drawn after blitting has lost; each time four times as many.
PATIENCE = 200
#: Frames within which one is drawn by lot if it is not known how many a partition has.
USUAL_LENGTH = 250
# Stream of the seed; those of figures and frames are 0 and 1.
_SAMPLE = 2


class Redraw:
    """Draws the frames of a live figure.

    Not thread-safe; to be called on the stage of the figure.

    Parameters
    ----------
    canvas : Canvas
        The figure.
    mode : {"auto", "full", "blit"}
        "full" draws the whole figure each time. "blit" draws what has changed. "auto" does what is
        faster, and compares; see `_Samples`.
    seed : int, default: 0
        For the choice of what is compared.

    Attributes
    ----------
    fault : str or None
        What a comparison found. All frames are drawn in full since then.
    """

    def __init__(self, canvas: Canvas, mode: str, seed: int = 0) -> None:
        self._canvas = canvas
        self._samples = _Samples(seed)
        self._mode = mode
        self._blitter: Blitter | None = None
        self._geometry: Any = None
        self._trial = _Trial()
        self._before: Run | None = None
        self.fault: str | None = None

    def draw(self, frame_idx: int, run: Run, *, whole: bool = False) -> NDArray[np.uint8]:
        """Draw the figure as it is now.

        Parameters
        ----------
        frame_idx : int
            For the message.
        run : Run
            Of the partition; changed.
        whole : bool
            Draw the whole figure, whatever the mode.

        Returns
        -------
        ndarray of uint8, shape (height, width, 4)
            RGBA. A view: the next call overwrites it.

        Raises
        ------
        Mismatch
            If a comparison failed.
        """
        start = time.perf_counter()
        self._samples.count(frame_idx, run)
        former = self._blitter
        self._canvas.attach()
        pixels = self._blitted() if self._may_blit(run) and not whole else None
        if pixels is None:
            self._blitter = self._before = None
            run.is_repeated = False
            pixels = self._canvas.draw()
            self._trial.drew_full(time.perf_counter() - start)
            return pixels
        assert self._blitter is not None
        # Partitions of several threads may take turns.
        run.is_repeated = self._before is run and not self._blitter.dirty_rects
        self._before = run
        run.n_blitted += 1
        run.is_unsure = True
        is_from_nothing = self._blitter is not former
        has_lost = self._trial.blitted(time.perf_counter() - start)
        if self._mode == "auto" and (has_lost or (self._samples.are_due(run) and not is_from_nothing)):
            self._compare(frame_idx, run)
            self._samples.taken(run)
        return pixels

    def confirm(self, frame_idx: int, run: Run) -> None:
        """Compare the last picture, if that was not done.

        Raises `Mismatch` also if it is gone, or if another partition's was wrong.
        """
        if run.n_blitted == 0 or self._mode != "auto":
            return
        if self.fault is not None:
            raise Mismatch(self.fault)
        if run.is_unsure and self._before is not run:
            raise Mismatch(None)
        if run.is_unsure:
            self._compare(frame_idx, run)

    def _may_blit(self, run: Run) -> bool:
        if self._mode == "full" or self.fault is not None or run.is_again:
            return False
        if not can_blit(self._canvas.figure):
            return False
        return self._mode == "blit" or self._trial.chooses_blitting()

    def _blitted(self) -> NDArray[np.uint8] | None:
        """Draw from the last picture; None if that fails."""
        figure = self._canvas.figure
        geometry = self._canvas.size, figure.dpi
        if self._blitter is None or geometry != self._geometry:
            self._blitter, self._geometry = Blitter(figure), geometry
        try:
            return self._blitter.draw()
        except Exception as exc:  # the figure's own fault, if drawing it as a whole fails too
            _logger.info("a frame could not be drawn from the one before: %r", exc)
            self._trial.lose()
            return None

    def _compare(self, frame_idx: int, run: Run) -> None:
        assert self._blitter is not None
        start = time.perf_counter()
        whole = self._canvas.draw()
        self._trial.compared(time.perf_counter() - start)
        run.is_unsure = False
        box = _difference(whole, self._blitter.pixels)
        if box is None:
            self._blitter.mark_clean()
            return
        try:
            names = _names(self._blitter.culprits(box))
        except Exception:  # as of artists that count how often they are drawn
            names = _names([])
        left, top, right, bottom = box
        self.fault = (
            f"frame {frame_idx}, drawn from the one before, differed from a drawing of the whole "
            f"figure in the pixels x {left} to {right - 1}, y {top} to {bottom - 1}: "
            f"{names} changed without matplotlib being told. From this partition on, whole figures are "
            f"drawn instead, which is right but slower. Partitions before may have missed such a change "
            f"if it came and went between two comparisons. Change artists by their setters, or set "
            f'artist.stale = True after changing an array in place; or pass redraw="full"'
        )
        self._blitter = None
        raise Mismatch(self.fault)


class _Samples:
    """Which frames of a partition are compared with a drawing of the whole, besides the last one.

    The first that was drawn from another one, which finds what is not announced and stays; and one at a
    place that the seed draws for each partition, so that what comes and goes, in whatever rhythm, is
    found sooner or later. They are one frame if the place is at the beginning.

    Parameters
    ----------
    seed : int
        The same seed and the same partition give the same place.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def count(self, frame_idx: int, run: Run) -> None:
        """Take note of a frame before it is drawn; with the first one the place is chosen."""
        if run.n_drawn == 0:
            run.sample = self._place(frame_idx, run.n_frames)
        run.n_drawn += 1

    def are_due(self, run: Run) -> bool:
        """Whether the frame just drawn, from another one, is to be compared."""
        return not run.is_checked or (run.sample is not None and run.n_drawn > run.sample)

    def taken(self, run: Run) -> None:
        """Take note of a comparison."""
        run.is_checked = True
        if run.sample is not None and run.n_drawn > run.sample:
            run.sample = None

    def _place(self, start: int, n_frames: int | None) -> int:
        """Return a place between the first frame and the last, counted from 0."""
        sequence = np.random.SeedSequence(self._seed, spawn_key=(_SAMPLE, start))
        share = int(sequence.generate_state(1)[0]) / 2**32
        if n_frames is None:  # about as likely in the first ten as in the next hundred
            return int(USUAL_LENGTH**share)
        return 1 + int(share * (n_frames - 2)) if n_frames > 2 else 1


class _Trial:
    """Finds out which way of drawing is faster, and again if that may have changed."""

    def __init__(self) -> None:
        self._patience = PATIENCE
        self._n_left = 0
        self._restart()

    def _restart(self) -> None:
        self._n_full = 0
        self.n_blitted = 0
        self._full_seconds = self._blit_seconds = float("inf")
        self._sum = 0.0

    def chooses_blitting(self) -> bool:
        """Count a frame; return whether it is to be blitted."""
        if self._n_left:
            self._n_left -= 1
            return False
        return self._n_full >= TRIAL_FULL

    def drew_full(self, seconds: float) -> None:
        self._n_full += 1
        self._full_seconds = min(self._full_seconds, seconds)

    def blitted(self, seconds: float) -> bool:
        """Take note of a blitted frame; return whether that has lost."""
        self.n_blitted += 1
        if self.n_blitted > 2:  # the first two prepare
            self._sum += seconds
            self._blit_seconds = min(self._blit_seconds, seconds)
        has_lost = self.n_blitted == TRIAL_BLIT and (self._blit_seconds > WORTH_IT * self._full_seconds)
        if has_lost:
            self.lose()
        return has_lost

    def compared(self, seconds: float) -> None:
        """Take note of a drawing of the whole, after a blitted frame."""
        n_timed = self.n_blitted - 2
        if n_timed > TRIAL_BLIT and self._sum / n_timed > max(seconds, self._full_seconds):
            self._restart()

    def lose(self) -> None:
        """Draw in full for a while."""
        self._restart()
        self._n_left = self._patience
        self._patience *= 4


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Rect | None:
    """Return the rectangle around all pixels that differ."""
    one, other = a.view(np.uint32)[..., 0], b.view(np.uint32)[..., 0]
    if np.array_equal(one, other):
        return None
    rows, columns = np.nonzero(one != other)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def _names(artists: list[Any]) -> str:
    names = [f"{artist}" for artist in artists[:3]]
    if len(artists) > 3:
        names.append(f"{len(artists) - 3} more")
    return ", ".join(names) or "something there"
