"""Frames that are kept in a store as they are drawn, and found there by their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..provenance import (
    TOKEN_BYTES,
    Content,
    Environment,
    Named,
    Observer,
    Unknowable,
    content_of,
    digest,
    versions,
)
from .frame_store import FrameStore, mark_of


@dataclass(frozen=True)
class FrameCache:
    """What a worker has to know in order to keep frames; travels.

    Attributes
    ----------
    store : FrameStore
        Where.
    token : bytes
        Of all that frames are drawn from, but for their parameters and for what is in the process.
    """

    store: FrameStore
    token: bytes


#: What becomes of frames that cannot be known again.
DRAWN_AGAIN = "these frames are kept, but the next render with this store will draw them again"


class CacheWriter:
    """The frames of one partition, in order: found in the store, or drawn and put there.

    Holds the pixels of a chunk. Not thread-safe.

    Parameters
    ----------
    keep : FrameCache
        Where, and what they are.
    start : int
        Index of the first frame, at which a chunk begins.
    n_frames : int
        How many.
    surroundings : Environment
        What the frames depend on in this process.
    fonts : mapping of str to str
        The font files that are used in this process.

    Attributes
    ----------
    new_marks : ndarray of uint8, shape (n_frames, MARK_BYTES)
        Marks of the frames until now.
    n_reused : int
        Frames that were found.
    unknown : str or None
        Why frames cannot be known again, in words.
    """

    def __init__(
        self,
        keep: FrameCache,
        start: int,
        n_frames: int,
        surroundings: Environment,
        fonts: Mapping[str, str],
    ) -> None:
        here = repr(sorted(fonts.items()))
        self._token = digest(keep.token, surroundings.token, here)
        self._is_known = surroundings.unknown is None
        self._known = surroundings.code.keys()
        self._named: dict[Named, bytes] = {}
        self._start, self._stop = start, start + n_frames
        self._store = keep.store
        self._store.require_current()
        self._marks = self._store.marks_if_readable(self._start, self._stop)
        self.new_marks = np.zeros_like(self._marks)
        shape = self._store.frame_shape
        self._pixels = np.empty((min(self._store.chunk, n_frames), *shape), np.uint8)
        self._first = start  # of the chunk that is held
        self._is_read = self._is_changed = False
        self._changed: list[tuple[int, int]] = []
        self.n_reused = 0
        self.unknown = _why_unknown(surroundings)

    def find(self, frame_idx: int, params: Any) -> NDArray[np.uint8] | None:
        """Return a frame if it is in the store, drawn by the same code from the same parameters.

        Frames have to be asked for in order, each once; `put` takes those that are not found.
        """
        self._begin(frame_idx)
        token = self._token_of(frame_idx, params)
        row = self.new_marks[frame_idx - self._start]
        row[:TOKEN_BYTES] = np.frombuffer(token, np.uint8)
        mark = self._marks[frame_idx - self._start]
        if not np.array_equal(mark[:TOKEN_BYTES], row[:TOKEN_BYTES]):
            return None
        self._read(frame_idx)
        frame = self._slot(frame_idx)
        if mark_of(token, frame) != mark.tobytes():
            return None
        row[:] = mark
        self.n_reused += 1
        self._end(frame_idx)
        return frame

    def slot(self, frame_idx: int) -> NDArray[np.uint8]:
        """Return where to write a frame that was not found."""
        self._is_changed = True
        return self._slot(frame_idx)

    def put(self, frame_idx: int) -> NDArray[np.uint8]:
        """Take the frame that was written to its slot, and return it."""
        frame = self._slot(frame_idx)
        row = self.new_marks[frame_idx - self._start]
        row[:] = np.frombuffer(mark_of(row[:TOKEN_BYTES].tobytes(), frame), np.uint8)
        self._end(frame_idx)
        return frame

    def finish(self, surroundings: Environment) -> None:
        """Mark the frames as finished, once it is certain that they are right.

        Parameters
        ----------
        surroundings : Environment
            As they are now. What cannot be told of them was perhaps not known when frames were drawn.
        """
        has_lost = self._is_known and surroundings.unknown is not None
        if has_lost:
            self.unknown = _why_unknown(surroundings)
        for start, stop in self._changed:
            marks = self.new_marks[start - self._start : stop - self._start]
            if has_lost:
                for row in marks:
                    row[:TOKEN_BYTES] = np.frombuffer(_like_no_other(), np.uint8)
            self._store.mark(start, marks)

    def _token_of(self, frame_idx: int, params: Any) -> bytes:
        """Return the token of a frame, which is like no other if it cannot be told."""
        try:
            content = content_of(self._token, frame_idx, params)
        except Unknowable as exc:
            self.unknown = f"the parameters of frames hold {exc}, which cannot be told: {DRAWN_AGAIN}"
            return _like_no_other()
        if not self._is_known:
            return _like_no_other()
        return digest(content.token, self._token_of_named(content.named))

    def _token_of_named(self, named: Named) -> bytes:
        """Return what the parameters name, as it is in this process: classes and libraries."""
        if named not in self._named:
            if not named.modules | named.mentioned <= self._known:
                self._named[named] = Observer(named).observe().token
            else:
                self._named[named] = digest(repr(sorted(versions(named.libraries).items())))
        return self._named[named]

    def _slot(self, frame_idx: int) -> NDArray[np.uint8]:
        slot: NDArray[np.uint8] = self._pixels[frame_idx - self._first]
        return slot

    def _begin(self, frame_idx: int) -> None:
        if (frame_idx - self._start) % self._store.chunk == 0:
            self._first = frame_idx
            self._is_read = self._is_changed = False

    def _end(self, frame_idx: int) -> None:
        """Write the chunk if this was its last frame."""
        stop = frame_idx + 1
        if self._is_changed and ((stop - self._start) % self._store.chunk == 0 or stop == self._stop):
            self._store.write(self._first, self._pixels[: stop - self._first])
            self._changed.append((self._first, stop))

    def _read(self, frame_idx: int) -> None:
        """Read what the chunk holds from this frame on; those before are here already."""
        if self._is_read:
            return
        self._is_read = True
        stop = min(self._first + self._store.chunk, self._stop)
        there = self._store.read(frame_idx, stop)
        if there is not None:
            self._pixels[frame_idx - self._first : stop - self._first] = there


def job_content(values: tuple[Any, ...]) -> tuple[Content, str | None]:
    """Return what frames are drawn from, and what of it cannot be told, or None.

    In the latter case the token is like no other.
    """
    try:
        return content_of(*values), None
    except Unknowable as exc:
        return Content(_like_no_other(), Named()), str(exc)


def _why_unknown(surroundings: Environment) -> str | None:
    if surroundings.unknown is not None:
        return f"the animator uses {surroundings.unknown}, which cannot be told: {DRAWN_AGAIN}"
    if surroundings.differing:
        shown = ", ".join(surroundings.differing[:8])
        return (
            f"{shown}: not the same where frames are drawn as in the process that asked for them, so "
            f"that they are found again only where it is so; if a module was changed, reload it and "
            f"restart the workers"
        )
    return None


def _like_no_other() -> bytes:
    return np.random.default_rng().bytes(TOKEN_BYTES)
