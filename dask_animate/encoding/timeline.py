"""When each frame is shown, and what the parts of a video are called."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from numbers import Integral, Real

from ..errors import OptionError, OptionTypeError
from ..validation import require_text

#: Title of a chapter and the ticks at which it begins and ends.
Chapter = tuple[str, int, int]


class Timeline:
    """When each frame is shown, in ticks of one frame interval, ``1 / fps``.

    Without durations frame ``i`` is shown at tick ``i``, for one tick.

    Parameters
    ----------
    fps : Fraction
        Ticks per second.
    n_frames : int or None
        Number of frames; None while it is unknown.
    durations : mapping of int to float, sequence of float, or None
        Seconds for which frames stay: by frame index, a negative one counting from the end, the others
        one interval; or one for each frame. The times at which frames change are rounded to ticks.
    chapters : sequence of (str, float), optional
        Titles and the seconds at which they begin, rising from 0 or later.

    Attributes
    ----------
    n_frames : int or None
        As given.
    chapters : list of Chapter
        The last ends with the video.

    Raises
    ------
    OptionError, OptionTypeError
        Says what cannot be.
    """

    def __init__(
        self,
        fps: Fraction,
        n_frames: int | None,
        durations: object = None,
        chapters: object = None,
    ) -> None:
        self.fps = fps
        self.n_frames = n_frames
        self._starts = None if durations is None else self._ticks(self._seconds(durations))
        self.chapters = [] if chapters is None else self._chapters(chapters)

    @property
    def is_uniform(self) -> bool:
        """Whether every frame is shown for one tick."""
        return self._starts is None

    def start(self, frame_idx: int) -> int:
        """Return the tick at which a frame is shown; the one after the last is the end.

        Frames before the first and after the end are a tick apart.
        """
        if self._starts is None or frame_idx < 0:
            return frame_idx
        last = len(self._starts) - 1
        return self._starts[min(frame_idx, last)] + max(0, frame_idx - last)

    @property
    def longest_interval(self) -> Fraction:
        """Seconds for which a frame is shown at most."""
        if self._starts is None:
            return 1 / self.fps
        return max(stop - start for start, stop in pairwise(self._starts)) / self.fps

    @property
    def last_interval(self) -> Fraction:
        """Seconds for which the last frame is shown; the number of frames has to be known."""
        assert self.n_frames is not None, "the last frame is not known"
        return (self.start(self.n_frames) - self.start(self.n_frames - 1)) / self.fps

    def seconds(self, n_frames: int) -> float:
        """Return the duration of so many frames."""
        return float(self.start(n_frames) / self.fps)

    def _seconds(self, durations: object) -> list[Fraction]:
        if self.n_frames is None:
            raise OptionError("durations needs n_frames, as the frames have no known number")
        if isinstance(durations, Mapping):
            seconds = [1 / self.fps] * self.n_frames
            known = {self._frame_idx(idx): idx for idx in durations}
            if len(known) < len(durations):
                raise OptionError(f"durations names a frame twice, from either end: {durations!r}")
            for frame_idx, idx in known.items():
                seconds[frame_idx] = _positive(f"durations[{idx!r}]", durations[idx])
            return seconds
        if isinstance(durations, str) or not isinstance(durations, Iterable):
            raise OptionTypeError(
                f"durations must be seconds by frame index, as {{-1: 2.0}}, or a sequence with one for "
                f"each frame, got {durations!r}"
            )
        seconds = [_positive(f"durations[{idx}]", value) for idx, value in enumerate(durations)]
        if len(seconds) != self.n_frames:
            raise OptionError(
                f"durations has {len(seconds)} items, but there are {self.n_frames} frames"
            )
        return seconds

    def _frame_idx(self, idx: object) -> int:
        assert self.n_frames is not None
        if isinstance(idx, bool) or not isinstance(idx, Integral):
            raise OptionTypeError(f"durations: a frame index must be an integer, got {idx!r}")
        idx = int(idx)
        if not -self.n_frames <= idx < self.n_frames:
            raise OptionError(f"durations names frame {idx}, but there are {self.n_frames} frames")
        return idx % self.n_frames

    def _ticks(self, seconds: Sequence[Fraction]) -> list[int]:
        starts = [round(start * self.fps) for start in accumulate(seconds, initial=Fraction(0))]
        for idx, (start, stop) in enumerate(pairwise(starts)):
            if start == stop:
                raise OptionError(
                    f"durations: frame {idx} stays for {float(seconds[idx]):g} s, less than the "
                    f"{float(1 / self.fps):g} s of a frame at {float(self.fps):g} frames/s: raise fps"
                )
        return starts

    def _chapters(self, chapters: object) -> list[Chapter]:
        if self.n_frames is None:
            raise OptionError("chapters needs n_frames, as the frames have no known number")
        if isinstance(chapters, str | Mapping) or not isinstance(chapters, Iterable):
            raise OptionTypeError(
                f'chapters must be pairs of a title and seconds, as [("Start", 0)], got {chapters!r}'
            )
        titles, starts = [], []
        for pair in chapters:
            if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
                raise OptionTypeError(f"chapters: {pair!r} is not a pair of a title and seconds")
            titles.append(require_text("chapters: a title", pair[0]))
            starts.append(round(_seconds(f"chapters: start of {pair[0]!r}", pair[1]) * self.fps))
        bounds = [*starts, self.start(self.n_frames)]
        if starts and starts[0] != 0:
            raise OptionError(f"chapters: the first must begin at 0, got {chapters!r}")
        if not all(start < stop for start, stop in pairwise(bounds)):
            raise OptionError(
                f"chapters must begin one after the other and before the end at "
                f"{self.seconds(self.n_frames):g} s, got {chapters!r}"
            )
        return list(zip(titles, starts, bounds[1:], strict=True))


def _positive(name: str, value: object) -> Fraction:
    seconds = _seconds(name, value)
    if not seconds:
        raise OptionError(f"{name} must be a positive number of seconds, got {value!r}")
    return seconds


def _seconds(name: str, value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise OptionTypeError(f"{name} must be a number of seconds, got {value!r}")
    if not math.isfinite(value) or value < 0:
        raise OptionError(f"{name} must be a number of seconds, 0 or more, got {value!r}")
    return Fraction(float(value))
