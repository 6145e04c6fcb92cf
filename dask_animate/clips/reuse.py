"""Which frames of sources a render shows more than once, with others in between.

What repeats next to each other is drawn once in any case, so that slow motion and holds need no plan.
For the rest, the tree says which stretches of which footage are shown where. Only where two of them
overlap, the frames in them are looked at one by one: of footage with a frame rate by arithmetic on whole
numbers, many at a time; where time follows a curve, or runs in steps, by asking for the pictures.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .footage import Footage, FrameKey, Frames
from .nodes import Node
from .spans import Span, Use

#: Frames that are looked at together.
CHUNK = 2**17


@dataclass(frozen=True)
class KeyRuns(Sequence[int]):
    """Rising indices of frames, as runs of consecutive ones.

    Attributes
    ----------
    runs : tuple of range
        The runs.
    """

    runs: tuple[range, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [run.start for run in self.runs]

    @cached_property
    def _offsets(self) -> list[int]:
        return list(accumulate(map(len, self.runs), initial=0))

    def __len__(self) -> int:
        return self._offsets[-1]

    def __getitem__(self, position: Any) -> Any:
        """Return the index at a position."""
        if not 0 <= position < len(self):
            raise IndexError(position)
        idx = bisect_right(self._offsets, position) - 1
        return self.runs[idx][position - self._offsets[idx]]

    def position(self, key: FrameKey) -> int | None:
        """Return where an index is; None if it is not among them."""
        assert isinstance(key, int)
        idx = bisect_right(self._starts, key) - 1
        if idx < 0 or key not in self.runs[idx]:
            return None
        return self._offsets[idx] + key - self.runs[idx].start


@dataclass(frozen=True)
class KeyList(Sequence[FrameKey]):
    """Keys of frames that are not indices.

    Attributes
    ----------
    keys : tuple
        The keys.
    """

    keys: tuple[FrameKey, ...]

    @cached_property
    def _positions(self) -> dict[FrameKey, int]:
        return {key: position for position, key in enumerate(self.keys)}

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, position: Any) -> Any:
        """Return the key at a position."""
        return self.keys[position]

    def position(self, key: FrameKey) -> int | None:
        """Return where a key is; None if it is not among them."""
        return self._positions.get(key)


Keys = KeyRuns | KeyList


def plan_reuse(root: Node, n_frames: int, *, everything: bool = False) -> dict[Footage, Keys]:
    """Return which frames are drawn before the render, each once.

    Parameters
    ----------
    root : Node
        The clip.
    n_frames : int
        Number of frames of the render.
    everything : bool
        All frames that it shows, and not only those that it shows again.

    Returns
    -------
    dict of Footage to KeyRuns or KeyList
        Those of sources that draw; no entry is empty.
    """
    uses: dict[Footage, list[Use]] = {}
    for use in root.uses(root.whole):
        if use.footage.drawer.is_drawn:
            uses.setdefault(use.footage, []).append(use)
    plan: dict[Footage, Keys] = {}
    asked: dict[Footage, list[Use]] = {}
    for footage, some in uses.items():
        if isinstance(footage, Frames) and all(use.span.is_exact for use in some):
            frames = [_Affine.of(footage, use, root.duration, n_frames) for use in some]
            runs = tuple(_runs(frames, everything=everything))
            if runs:
                plan[footage] = KeyRuns(runs)
        elif everything or _may_repeat(some):
            asked[footage] = some
    return plan | _asked(root, n_frames, asked, everything=everything)


@dataclass(frozen=True)
class _Affine:
    """A use of footage with a frame rate, in whole numbers.

    Frame i of the render shows the frame ``ceil((p * (2 * i + 1) + q) / d) - 1``.

    Attributes
    ----------
    p, q, d : int
        As above.
    start, stop : int
        The frames of the render, and the frame after them.
    first, last : int
        The frames of the footage that they may show.
    n : int
        Frames of the footage.
    """

    p: int
    q: int
    d: int
    start: int
    stop: int
    first: int
    last: int
    n: int

    @classmethod
    def of(cls, footage: Frames, use: Use, duration: Fraction, n_frames: int) -> _Affine:
        span, fps = use.span, footage.fps
        step = duration / (2 * n_frames)  # half a frame
        a, b = span.rate * step * fps, span.offset * fps
        d = math.lcm(a.denominator, b.denominator)
        window = _window(span, step, n_frames)
        low, high = (min(max(math.ceil(t * fps) - 1, 0), footage.n - 1) for t in span.inner)
        return cls(int(a * d), int(b * d), d, window.start, window.stop, low, high, footage.n)

    def shown(self, first: int, last: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return for frames of the footage in which frames of the render each is shown.

        Returns
        -------
        ndarray, ndarray
            The first and the last one; the last one is smaller if there is none.
        """
        p, q, d = self.p, self.q, self.d
        largest = (self.n + 1) * d + abs(q) + 2 * abs(p)
        k = np.arange(first, last + 1, dtype=np.int64 if largest < 2**62 else object)
        if p > 0:
            start = (k * d - q - p) // (2 * p) + 1
            stop = ((k + 1) * d - q - p) // (2 * p)
        elif p < 0:
            start = -((-q + (k + 1) * d - p) // (-2 * p))
            stop = -((-q + k * d - p) // (-2 * p)) - 1
        else:
            key = min(max(-(-q // d) - 1, 0), self.n - 1)
            start, stop = k * 0 + self.start, k * 0 + self.start - 1
            stop[k == key] = self.stop - 1
            return start, stop
        return np.maximum(start, self.start), np.minimum(stop, self.stop - 1)


def _runs(uses: Sequence[_Affine], *, everything: bool) -> Iterator[range]:
    """Yield runs of the frames that are shown again, or of all that are shown."""
    open_run: range | None = None
    for first, last in _regions(uses, everything=everything):
        for low in range(first, last + 1, CHUNK):
            high = min(low + CHUNK - 1, last)
            for run in _marked(_shown_again(uses, low, high, everything=everything), low):
                if open_run is not None and open_run.stop == run.start:
                    open_run = range(open_run.start, run.stop)
                    continue
                if open_run is not None:
                    yield open_run
                open_run = run
    if open_run is not None:
        yield open_run


def _regions(uses: Sequence[_Affine], *, everything: bool) -> Iterator[tuple[int, int]]:
    """Yield which frames of a footage, first and last, have to be looked at, in rising order."""
    last = -1
    done = -1
    for use in sorted(uses, key=lambda use: use.first):
        low, high = use.first, use.last if everything else min(use.last, last)
        low = max(low, done + 1)
        if low <= high:
            yield low, high
            done = high
        last = max(last, use.last)


def _shown_again(
    uses: Sequence[_Affine], first: int, last: int, *, everything: bool
) -> NDArray[np.bool_]:
    """Return for frames of a footage whether they are shown again, with others in between."""
    n = last - first + 1
    seen, again = np.zeros(n, bool), np.zeros(n, bool)
    start, stop = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for use in uses:
        if use.last < first or use.first > last:
            continue
        begins, ends = use.shown(first, last)
        is_shown = begins <= ends
        again |= is_shown & seen & ((begins > stop + 1) | (ends < start - 1))
        start = np.where(is_shown & seen, np.minimum(start, begins), np.where(is_shown, begins, start))
        stop = np.where(is_shown & seen, np.maximum(stop, ends), np.where(is_shown, ends, stop))
        seen |= is_shown.astype(bool)
    return seen if everything else again


def _marked(marks: NDArray[np.bool_], first: int) -> Iterator[range]:
    """Yield the runs of true marks, of which the first one stands for `first`."""
    edges = np.flatnonzero(np.diff(marks, prepend=False, append=False)) + first
    for start, stop in edges.reshape(-1, 2).tolist():
        yield range(start, stop)


def _may_repeat(uses: Iterable[Use]) -> bool:
    """Return whether times of a footage may be shown again."""
    latest: Fraction | None = None
    for use in sorted(uses, key=lambda use: use.span.inner):
        low, high = use.span.inner
        if use.span.eased is not None or (latest is not None and low < latest):
            return True
        latest = high if latest is None else max(latest, high)
    return False


def _asked(
    root: Node, n_frames: int, uses: dict[Footage, list[Use]], *, everything: bool
) -> dict[Footage, Keys]:
    """Return what is shown again, found by asking for each picture that shows any of some footages."""
    seen: dict[Footage, dict[FrameKey, int]] = {footage: {} for footage in uses}
    again: dict[Footage, dict[FrameKey, None]] = {footage: {} for footage in uses}
    step = root.duration / (2 * n_frames)
    windows = [_window(use.span, step, n_frames) for some in uses.values() for use in some]
    for frame_idx in _union(windows):
        for leaf in root.frame_at(frame_idx, n_frames).leaves():
            if leaf.footage not in seen:
                continue
            last = seen[leaf.footage].get(leaf.key)
            seen[leaf.footage][leaf.key] = frame_idx
            if everything or (last is not None and last < frame_idx - 1):
                again[leaf.footage][leaf.key] = None
    return {
        footage: KeyRuns(tuple(_consecutive(keys)))
        if isinstance(footage, Frames)
        else KeyList(tuple(keys))
        for footage, keys in again.items()
        if keys
    }


def _window(span: Span, step: Fraction, n_frames: int) -> range:
    """Return the frames of the render whose middles lie in a span, given half the length of a frame."""
    first = max(0, math.ceil((span.start / step - 1) / 2))
    return range(first, min(n_frames, math.floor((span.end / step - 1) / 2) + 1))


def _consecutive(keys: Iterable[Any]) -> Iterator[range]:
    """Yield the runs of indices."""
    rising = sorted(keys)
    edges = [idx for idx, (one, other) in enumerate(pairwise(rising), 1) if other != one + 1]
    for start, stop in pairwise([0, *edges, len(rising)]):
        yield range(rising[start], rising[stop - 1] + 1)


def _union(windows: Iterable[range]) -> Iterator[int]:
    """Yield the members of ranges in rising order, each once."""
    done = 0
    for window in sorted(windows, key=lambda window: window.start):
        yield from range(max(window.start, done), window.stop)
        done = max(done, window.stop)
