"""When each frame is shown, and the chapters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise
from numbers import Integral, Real
from typing import Any, TypeGuard

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_text

#: Title of a chapter, and the ticks at which it starts and ends.
Chapter = tuple[str, int, int]


@dataclass(frozen=True)
class Timeline:
    """When each frame is shown, in ticks of ``1 / fps`` seconds.

    Attributes
    ----------
    fps : Fraction
        Ticks per second.
    n_frames : int or None
        Number of frames; None if unknown.
    starts : tuple of int or None
        The tick at which each frame is shown, and the end of the last. None: frame ``i`` is shown at
        tick ``i``.
    chapters : tuple of Chapter
        Without gaps; the last ends with the video.
    """

    fps: Fraction
    n_frames: int | None
    starts: tuple[int, ...] | None = None
    chapters: tuple[Chapter, ...] = ()

    @classmethod
    def create(
        cls, fps: Fraction, n_frames: int | None, durations: object = None, chapters: object = None
    ) -> Timeline:
        """Check durations and chapters, and round them to ticks.

        Parameters
        ----------
        fps : Fraction
            Ticks per second.
        n_frames : int or None
            Number of frames; None if unknown, which neither durations nor chapters allow.
        durations : mapping of int to float, or sequence of float, optional
            Seconds for which frames are shown. A mapping gives them by frame index, negative ones count
            from the end; all other frames are shown for one tick. A sequence has one for each frame. It
            is the times at which frames change that are rounded.
        chapters : sequence of (str, float), optional
            Titles, and the seconds at which the chapters start, in rising order from 0.

        Raises
        ------
        OptionError, OptionTypeError
            If an argument is invalid; the message says why.
        """
        for name, value in (("durations", durations), ("chapters", chapters)):
            if value is not None and n_frames is None:
                raise OptionError(f"{name} needs n_frames: the number of frames is unknown")
        if n_frames is None:
            return cls(fps, None)
        starts = None if durations is None else _ticks(_frame_seconds(durations, n_frames, fps), fps)
        return cls(fps, n_frames, starts)._with(chapters)

    @classmethod
    def of_starts(cls, fps: Fraction, starts: Sequence[int], chapters: object = None) -> Timeline:
        """Return the timeline of frames that are shown at known ticks.

        Parameters
        ----------
        fps : Fraction
            Ticks per second.
        starts : sequence of int
            The tick at which each frame is shown, from 0, and the end of the last.
        chapters : sequence of (str, float), optional
            As for `create`.
        """
        n_frames = len(starts) - 1
        return cls(fps, n_frames, None if starts[-1] == n_frames else tuple(starts))._with(chapters)

    def _with(self, chapters: object) -> Timeline:
        """Return it with chapters, unless these are None."""
        if chapters is None:
            return self
        assert self.n_frames is not None
        return replace(self, chapters=_chapters(chapters, self.fps, self.start(self.n_frames)))

    def part(self, start: int, n_frames: int) -> Timeline:
        """Return the timeline of some consecutive frames, beginning at 0, without chapters."""
        if self.starts is None:
            return Timeline(self.fps, n_frames)
        starts = [self.start(idx) for idx in range(start, start + n_frames + 1)]
        return Timeline.of_starts(self.fps, [tick - starts[0] for tick in starts])

    def beginning(self, n_frames: int) -> Timeline:
        """Return the timeline of the first frames, with the chapters that begin during them."""
        part = self.part(0, n_frames)
        end = part.start(n_frames)
        chapters = [
            (title, start, min(stop, end)) for title, start, stop in self.chapters if start < end
        ]
        return replace(part, chapters=tuple(chapters))

    @property
    def is_uniform(self) -> bool:
        """Whether every frame is shown for one tick."""
        return self.starts is None

    def start(self, frame_idx: int) -> int:
        """Return the tick at which a frame is shown. The frame after the last gives the end.

        Frames before the first and after the end are one tick apart.
        """
        if self.starts is None or frame_idx < 0:
            return frame_idx
        last = len(self.starts) - 1
        return self.starts[min(frame_idx, last)] + max(0, frame_idx - last)

    @property
    def longest_interval(self) -> Fraction:
        """Longest time for which a frame is shown, in seconds."""
        if self.starts is None:
            return 1 / self.fps
        return max(stop - start for start, stop in pairwise(self.starts)) / self.fps

    @property
    def last_interval(self) -> Fraction:
        """Time for which the last frame is shown, in seconds."""
        if self.starts is None:
            return 1 / self.fps
        return (self.starts[-1] - self.starts[-2]) / self.fps

    def seconds(self, n_frames: int) -> float:
        """Return the duration of the first `n_frames` frames, in seconds."""
        return float(self.start(n_frames) / self.fps)


def _frame_seconds(durations: object, n_frames: int, fps: Fraction) -> list[Fraction]:
    """Return the seconds for which each frame is shown."""
    if isinstance(durations, Mapping):
        seconds = [1 / fps] * n_frames
        known = {_frame_idx(idx, n_frames): idx for idx in durations}
        if len(known) < len(durations):
            raise OptionError(
                f"durations names a frame twice, by both its indices: {in_short(durations)}"
            )
        for frame_idx, idx in known.items():
            seconds[frame_idx] = _positive(f"durations[{in_short(idx)}]", durations[idx])
        return seconds
    if not _is_series(durations):
        raise OptionTypeError(
            f"durations must be seconds by frame index, such as {{-1: 2.0}}, or a sequence with one for "
            f"each frame, got {in_short(durations)}"
        )
    seconds = [_positive(f"durations[{idx}]", value) for idx, value in enumerate(durations)]
    if len(seconds) != n_frames:
        raise OptionError(f"durations has {len(seconds)} items, but there are {n_frames} frames")
    return seconds


def _is_series(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether a value has items, and is no text; an array of NumPy without dimensions has none."""
    is_scalar = getattr(value, "shape", None) == ()
    return isinstance(value, Iterable) and not isinstance(value, str) and not is_scalar


def _frame_idx(idx: object, n_frames: int) -> int:
    """Return a frame index that is not negative."""
    if isinstance(idx, bool) or not isinstance(idx, Integral):
        raise OptionTypeError(f"durations: a frame index must be an integer, got {in_short(idx)}")
    idx = int(idx)
    if not -n_frames <= idx < n_frames:
        raise OptionError(f"durations names frame {idx}, but there are {n_frames} frames")
    return idx % n_frames


def _ticks(seconds: Sequence[Fraction], fps: Fraction) -> tuple[int, ...]:
    """Return the ticks at which frames start, and the end of the last."""
    starts = tuple(round(start * fps) for start in accumulate(seconds, initial=Fraction(0)))
    for idx, (start, stop) in enumerate(pairwise(starts)):
        if start == stop:
            raise OptionError(
                f"durations: frame {idx} is shown for {float(seconds[idx]):g} s, less than the "
                f"{float(1 / fps):g} s of a frame at {float(fps):g} frames/s: raise fps"
            )
    return starts


def _chapters(chapters: object, fps: Fraction, end: int) -> tuple[Chapter, ...]:
    """Return the chapters of a video that ends at a tick."""
    if isinstance(chapters, Mapping) or not _is_series(chapters):
        raise OptionTypeError(
            f'chapters must be pairs of a title and seconds, such as [("Start", 0)], '
            f"got {in_short(chapters)}"
        )
    titles, starts = [], []
    for pair in chapters:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise OptionTypeError(f"chapters: {in_short(pair)} is not a pair of a title and seconds")
        titles.append(require_text("chapters: a title", pair[0]))
        starts.append(round(_seconds(f"chapters: start of {in_short(pair[0])}", pair[1]) * fps))
    bounds = [*starts, end]
    if starts and starts[0] != 0:
        raise OptionError(f"chapters: the first must start at 0, got {in_short(chapters)}")
    if not all(start < stop for start, stop in pairwise(bounds)):
        raise OptionError(
            f"chapters must start one after the other and before the end at {float(end / fps):g} s, "
            f"got {in_short(chapters)}"
        )
    return tuple(zip(titles, starts, bounds[1:], strict=True))


def _positive(name: str, value: object) -> Fraction:
    seconds = _seconds(name, value)
    if not seconds:
        raise OptionError(f"{name} must be a positive number of seconds, got {in_short(value)}")
    return seconds


def _seconds(name: str, value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise OptionTypeError(f"{name} must be a number of seconds, got {in_short(value)}")
    if not math.isfinite(value) or value < 0:
        raise OptionError(f"{name} must be a number of seconds, 0 or more, got {in_short(value)}")
    return Fraction(float(value))
