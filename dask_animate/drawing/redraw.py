"""The redraw policy: whether a frame is drawn in full or incrementally, by measuring and comparing."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from numpy.typing import NDArray

from ..blitting import Blitter, Rect, blit_obstacle
from ..errors import in_words
from ..frames import FrameSize
from .canvas import Canvas
from .session import DrawSession
from .source import Mismatch

_logger = logging.getLogger(__name__)

#: Frames that are drawn in full, and then incrementally, to measure which is faster.
TRIAL_FULL, TRIAL_BLIT = 2, 4
#: The first of those that are drawn incrementally, which set the blitter up; their time does not count.
N_SET_UP = 2
#: Frames are blitted if that takes at most this share of the time of full draws.
MAX_TIME_RATIO = 0.95
#: Frames that are drawn in full before blitting is tried again; grows fourfold with each failure.
BACKOFF = 200
#: Length from which a random frame is sampled if the length of a partition is unknown.
TYPICAL_LENGTH = 250
# Spawn key of the seed's stream; setup() and update() have 0 and 1.
_SAMPLE = 2


class Redrawer:
    """Draws the frames of a figure, in full or incrementally.

    Not thread-safe; to be called in the isolated state of the figure.

    Parameters
    ----------
    canvas : Canvas
        Canvas of the figure.
    mode : {"auto", "full", "blit"}
        "full" draws the whole figure for each frame. "blit" draws incrementally. "auto" does what is
        faster, and compares some frames with a full draw; see `_Samples`.
    seed : int, default: 0
        Seed for the choice of the frames to compare.

    Attributes
    ----------
    fault : str or None
        The difference that a comparison found. All frames after it are drawn in full.
    """

    def __init__(self, canvas: Canvas, mode: str, seed: int = 0) -> None:
        self._canvas = canvas
        self._samples = _Samples(seed)
        self._mode = mode
        self._blitter: Blitter | None = None
        self._geometry: tuple[FrameSize, float] | None = None
        self._trial = _Trial()
        self._before: DrawSession | None = None
        self._nodes: Sequence[object] = ()
        self.fault: str | None = None

    def draw(self, frame_idx: int, session: DrawSession, *, full: bool = False) -> NDArray[np.uint8]:
        """Draw the figure in its present state.

        Parameters
        ----------
        frame_idx : int
            Index of the frame.
        session : DrawSession
            Of the frame's partition; changed in place.
        full : bool
            Draw the whole figure, whatever the mode.

        Returns
        -------
        ndarray of uint8, shape (height, width, 4)
            RGBA. A view that the next call overwrites.

        Raises
        ------
        Mismatch
            If a comparison finds a difference.
        """
        start = time.perf_counter()
        if session.n_drawn == 0:
            self._samples.begin(frame_idx, session)
        session.n_drawn += 1
        last_blitter = self._blitter
        self._canvas.attach()
        pixels = None if full or not self._may_blit(session) else self._blitted(frame_idx, session)
        if pixels is None:
            self._blitter = self._before = None
            self._samples.restart()
            session.is_repeated = False
            pixels = self._canvas.draw()
            self._trial.record_full(time.perf_counter() - start)
            session.clock.lap("draw")
            return pixels
        assert self._blitter is not None
        if self._blitter.nodes is not self._nodes:
            self._nodes = self._blitter.nodes
            self._samples.record_change()
        # Threads may draw frames of their partitions in turn.
        session.is_repeated = self._before is session and not self._blitter.dirty_rects
        self._before = session
        session.n_blitted += 1
        session.is_unsure = True
        is_incremental = self._blitter is last_blitter
        has_lost = self._trial.record_blit(time.perf_counter() - start)
        session.clock.lap("draw")
        if self._mode == "auto" and (has_lost or (self._samples.are_due(session) and is_incremental)):
            self._compare(frame_idx, session)
        return pixels

    def verify(self, frame_idx: int, session: DrawSession) -> None:
        """Compare the partition's last frame with a full draw, unless that was done already.

        Raises
        ------
        Mismatch
            If they differ, if the last frame was overwritten, or if a frame of another partition was
            wrong.
        """
        if session.n_blitted == 0 or self._mode != "auto":
            return
        if self.fault is not None:
            raise Mismatch(self.fault)
        if session.is_unsure and self._before is not session:
            raise Mismatch(None)
        if session.is_unsure:
            self._compare(frame_idx, session)
            self._samples.record_partition()

    def _may_blit(self, session: DrawSession) -> bool:
        if self.fault is not None or session.is_whole:
            return False
        if self._mode != "full" or session.n_drawn == 1:
            session.obstacle = blit_obstacle(self._canvas.figure)
        if self._mode == "full":
            return False
        if session.obstacle is not None:
            self._report_failure(session, session.obstacle)
            return False
        if self._mode == "blit":
            return True
        return self._trial.chooses_blitting() and (
            session.n_blitted > 0 or self._pays_in_partition(session)
        )

    def _pays_in_partition(self, session: DrawSession) -> bool:
        """Whether it pays to blit the rest of a partition, comparisons included."""
        if session.n_frames is None:
            return True
        n_left = session.n_frames - session.n_drawn + 1
        # The second frame of a blitter is compared, which may be the last.
        n_compared = 1 if self._samples.is_confirmed or n_left <= 2 else 2
        return self._trial.pays(n_left, n_compared, is_set_up=self._blitter is not None)

    def _blitted(self, frame_idx: int, session: DrawSession) -> NDArray[np.uint8] | None:
        """Draw incrementally; return None if that fails."""
        figure = self._canvas.figure
        geometry = self._canvas.size, figure.dpi
        if self._blitter is None or geometry != self._geometry:
            self._blitter, self._geometry = Blitter(figure), geometry
        try:
            return self._blitter.draw()
        except Exception as exc:  # if the figure is at fault, the full draw fails too
            _logger.info("frame %d could not be drawn incrementally: %r", frame_idx, exc)
            self._trial.back_off()
            self._report_failure(session, in_words(exc))
            return None

    def _report_failure(self, session: DrawSession, reason: str) -> None:
        """Report that a frame is drawn in full although the caller asked for incremental drawing."""
        if self._mode == "blit" and session.failure is None:
            session.failure = (
                f'frames could not be drawn incrementally, which redraw="blit" asks for: {reason}. They '
                f"were drawn in full, which is correct but slower"
            )

    def _compare(self, frame_idx: int, session: DrawSession) -> None:
        assert self._blitter is not None
        start = time.perf_counter()
        expected = self._canvas.draw()
        self._trial.record_comparison(time.perf_counter() - start)
        session.is_unsure = False
        box = _difference(expected, self._blitter.pixels)
        session.n_compared += 1
        session.clock.lap("compare")
        if box is None:
            self._blitter.mark_clean()
            self._samples.record(session)
            return
        try:
            names = _names(self._blitter.culprits(box))
        except Exception:  # such as from an artist that limits how often it is drawn
            names = _names([])
        left, top, right, bottom = box
        self.fault = (
            f"frame {frame_idx}, drawn incrementally, differs from a full draw in the pixels "
            f"x {left} to {right - 1}, y {top} to {bottom - 1}: {names} changed without being marked "
            f"stale. From this partition on, whole figures are drawn, which is correct but slower. "
            f"Earlier partitions may lack such a change if it came and went between two compared "
            f"frames. Change artists with their setters, or set artist.stale = True after changing an "
            f'array in place; or pass redraw="full"'
        )
        self._blitter = None
        raise Mismatch(self.fault)


class _Samples:
    """Selects the frames that are compared with a full draw, besides the last one of each partition.

    That one confirms what was drawn before it: an unannounced change that persists shows there, and the
    partition is drawn again. The first frame that is drawn incrementally is compared too if none of the
    figure was confirmed yet, so that a fault is not found at the end only. Changes that come and go show
    in neither. So a frame at a random position is compared in some partitions, which become sparser the
    more of them were confirmed: in the 2nd, the 4th, the 8th and so on. If the artists of the figure
    change, counting begins again.

    Parameters
    ----------
    seed : int
        The same seed and the same partition give the same position.

    Attributes
    ----------
    is_confirmed : bool
        Whether a frame of the figure as it is was compared.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._n_confirmed = 0  # partitions in a row
        self.is_confirmed = False

    def begin(self, frame_idx: int, session: DrawSession) -> None:
        """Choose the random position of a partition whose first frame is about to be drawn."""
        number = self._n_confirmed + 1
        if number > 1 and number & (number - 1) == 0:
            session.sample = self._position(frame_idx, session.n_frames)

    def are_due(self, session: DrawSession) -> bool:
        """Return True if the frame just drawn, incrementally, is to be compared."""
        is_sample = session.sample is not None and session.n_drawn > session.sample
        return is_sample or not self.is_confirmed

    def record(self, session: DrawSession) -> None:
        """Record that the frame just drawn was compared, and equal."""
        self.is_confirmed = True
        if session.sample is not None and session.n_drawn > session.sample:
            session.sample = None

    def record_partition(self) -> None:
        """Record that the last frame of a partition was compared, and equal."""
        self._n_confirmed += 1

    def record_change(self) -> None:
        """Record that the figure has other artists than before."""
        self._n_confirmed = 0

    def restart(self) -> None:
        """Record that the figure was drawn in full: what is drawn from then on is not confirmed."""
        self.is_confirmed = False

    def _position(self, start: int, n_frames: int | None) -> int:
        """Return a position between the first frame of a partition and the last, counted from 0."""
        sequence = np.random.SeedSequence(self._seed, spawn_key=(_SAMPLE, start))
        share = int(sequence.generate_state(1)[0]) / 2**32
        if n_frames is None:  # log-uniform, since the partition may be short
            return int(TYPICAL_LENGTH**share)
        return 1 + int(share * (n_frames - 2)) if n_frames > 2 else 1


class _Trial:
    """Measures which way of drawing is faster, and repeats that when it may have changed."""

    def __init__(self) -> None:
        self._backoff = BACKOFF
        self._n_left = 0  # frames until the next trial
        self._restart()

    def _restart(self) -> None:
        self._n_full = 0
        self.n_blitted = 0
        self._full_seconds = self._blit_seconds = float("inf")
        self._total_blit_seconds = self._set_up_seconds = 0.0

    def chooses_blitting(self) -> bool:
        """Count a frame; return True if it is to be blitted."""
        if self._n_left:
            self._n_left -= 1
            return False
        return self._n_full >= TRIAL_FULL

    def pays(self, n_frames: int, n_compared: int, *, is_set_up: bool) -> bool:
        """Return True if it pays to blit so many frames and to draw some in full for comparisons.

        Until the time of a blitted frame is known, it is taken to be none.
        """
        seconds = n_compared * self._full_seconds
        n_timed = self.n_blitted - N_SET_UP
        if n_timed > 0:
            blit_seconds = self._total_blit_seconds / n_timed
            seconds += n_frames * blit_seconds
            if not is_set_up:
                seconds += max(0.0, self._set_up_seconds - N_SET_UP * blit_seconds)
        return seconds <= MAX_TIME_RATIO * n_frames * self._full_seconds

    def record_full(self, seconds: float) -> None:
        """Record the time of a full draw."""
        self._n_full += 1
        self._full_seconds = min(self._full_seconds, seconds)

    def record_blit(self, seconds: float) -> bool:
        """Record the time of an incremental draw; return True if the trial ends because it is slower."""
        self.n_blitted += 1
        if self.n_blitted <= N_SET_UP:
            self._set_up_seconds += seconds
        else:
            self._total_blit_seconds += seconds
            self._blit_seconds = min(self._blit_seconds, seconds)
        has_lost = (
            self.n_blitted == TRIAL_BLIT and self._blit_seconds > MAX_TIME_RATIO * self._full_seconds
        )
        if has_lost:
            self.back_off()
        return has_lost

    def record_comparison(self, seconds: float) -> None:
        """Record the time of a full draw for a comparison; start a new trial if it was faster."""
        n_timed = self.n_blitted - N_SET_UP
        if n_timed > TRIAL_BLIT and self._total_blit_seconds / n_timed > max(
            seconds, self._full_seconds
        ):
            self._restart()

    def back_off(self) -> None:
        """Draw in full for a number of frames that grows with each call."""
        self._restart()
        self._n_left = self._backoff
        self._backoff *= 4


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Rect | None:
    """Return the bounding rectangle of all pixels that differ; None if there are none."""
    one, other = a.view(np.uint32)[..., 0], b.view(np.uint32)[..., 0]
    if np.array_equal(one, other):
        return None
    rows, columns = np.nonzero(one != other)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def _names(artists: Sequence[Artist]) -> str:
    names = [f"{artist}" for artist in artists[:3]]
    if len(artists) > 3:
        names.append(f"{len(artists) - 3} more")
    return ", ".join(names) or "an artist there"
