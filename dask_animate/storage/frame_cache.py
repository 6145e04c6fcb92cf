"""The frame cache: frames of a partition are found in a store by their tokens, or drawn and stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..provenance import (
    TOKEN_BYTES,
    Environment,
    Observer,
    References,
    content_or_reason,
    digest,
    unique_token,
    versions_of,
)
from .frame_digest import frame_digest, matches
from .frame_store import FrameStore

#: What becomes of frames whose tokens no other render has.
DRAWN_AGAIN = "these frames are stored, but the next render with this store will draw them again"


@dataclass(frozen=True)
class FrameCache:
    """What a worker needs in order to find and store frames; travels.

    Attributes
    ----------
    store : FrameStore
        Where the frames are.
    token : bytes
        Digest of all that they are drawn from, but for their parameters and the worker's environment.
    is_searched : bool
        False if no other render looks for the frames, so that nobody needs to know what they are drawn
        from.
    """

    store: FrameStore
    token: bytes
    is_searched: bool = True


class FrameTokens:
    """The tokens of frames that are drawn in this process: of all that each of them is drawn from.

    Not thread-safe.

    Parameters
    ----------
    token : bytes
        As in `FrameCache`.
    environment : Environment
        What the frames depend on in this process.
    fonts : mapping of str to str
        Font files that are used in this process.

    Attributes
    ----------
    unknown : str or None
        Why the next render cannot find the frames, or not everywhere, in words.
    """

    def __init__(self, token: bytes, environment: Environment, fonts: Mapping[str, str]) -> None:
        self._token = digest(token, environment.token, repr(sorted(fonts.items())))
        self._is_known = environment.unknown is None
        self._known_modules = environment.code.keys()
        self._tokens: dict[References, bytes] = {}
        self.unknown = _why_unknown(environment)

    def known(self, frame_idx: int, params: Any) -> bytes | None:
        """Return the token of a frame; None if what it is drawn from cannot be compared."""
        content, reason = content_or_reason(self._token, frame_idx, params)
        if reason is not None:
            self.unknown = (
                f"the parameters of frames hold {reason}, which cannot be compared: {DRAWN_AGAIN}"
            )
        if reason is not None or not self._is_known:
            return None
        return digest(content.token, self._references_token(content.references))

    def became_unknown(self, environment: Environment) -> bool:
        """Return whether drawing has made unknown what frames depend on, given what it is now."""
        was_lost = self._is_known and environment.unknown is not None
        if was_lost:
            self.unknown = _why_unknown(environment)
        return was_lost

    def _references_token(self, references: References) -> bytes:
        """Return a token of the code that parameters reference, as it is in this process."""
        if references not in self._tokens:
            if not references.modules | references.deferred <= self._known_modules:
                self._tokens[references] = Observer(references).observe().token
            else:
                found = versions_of(references.libraries)
                self._tokens[references] = digest(repr(sorted(found.items())))
        return self._tokens[references]


class CacheWriter:
    """Finds the frames of one partition in a store, or takes those that are drawn and stores them.

    Takes the frames in order. Holds the pixels of a chunk. Not thread-safe.

    Parameters
    ----------
    store : FrameStore
        The store.
    start : int
        Index of the first frame, at which a chunk begins.
    n_frames : int
        Number of frames.
    tokens : FrameTokens or None
        What the frames are drawn from; None if no other render looks for them, and only those of this
        render are found.

    Attributes
    ----------
    frame_digests : ndarray of uint8, shape (n_frames, FRAME_DIGEST_BYTES)
        Digests of the frames until now.
    n_reused : int
        Number of frames that were found.
    """

    def __init__(
        self,
        store: FrameStore,
        start: int,
        n_frames: int,
        tokens: FrameTokens | None,
    ) -> None:
        self._tokens = tokens
        self._start, self._stop = start, start + n_frames
        self._store = store
        self._store.require_current()
        self._stored_digests = self._store.readable_frame_digests(self._start, self._stop)
        self.frame_digests = np.zeros_like(self._stored_digests)
        shape = self._store.frame_shape
        self._pixels = np.empty((min(self._store.chunk, n_frames), *shape), np.uint8)
        self._first = start  # of the chunk whose pixels are held
        self._is_read = self._is_changed = False
        self._written: list[tuple[int, int]] = []
        self._may_be_found = np.ones(n_frames, bool)
        self.n_reused = 0

    @property
    def unknown(self) -> str | None:
        """Why the next render cannot find the frames, or not everywhere, in words."""
        return None if self._tokens is None else self._tokens.unknown

    def find(self, frame_idx: int, params: Any) -> NDArray[np.uint8] | None:
        """Return a frame if the store has it, drawn by the same code from the same parameters.

        What cannot be compared is found only if this render has stored it: a partition that is drawn
        again, as its worker is gone, must not replace frames that are in use.

        Has to be called for each frame in order, once, or again until it is drawn. A frame that is not
        found has to be drawn into `slot` and given to `put`.
        """
        self._begin(frame_idx)
        known = None if self._tokens is None else self._tokens.known(frame_idx, params)
        token = np.frombuffer(known or self._store.own_token(frame_idx), np.uint8)
        new = self.frame_digests[frame_idx - self._start]
        new[:TOKEN_BYTES] = token
        stored = self._stored_digests[frame_idx - self._start]
        if not np.array_equal(stored[:TOKEN_BYTES], token):
            return None
        self._read(frame_idx)
        frame = self._slot(frame_idx)
        if not matches(stored, frame):
            return None
        new[:] = stored
        self.n_reused += 1
        self._end(frame_idx)
        return frame

    def slot(self, frame_idx: int) -> NDArray[np.uint8]:
        """Return where to draw a frame that was not found."""
        self._is_changed = True
        return self._slot(frame_idx)

    def put(self, frame_idx: int, *, may_be_found: bool = True) -> NDArray[np.uint8]:
        """Take the frame that was drawn into its slot, and return it.

        `may_be_found` is False for a frame that is to be drawn again, whoever asks for it next.
        """
        frame = self._slot(frame_idx)
        row = self.frame_digests[frame_idx - self._start]
        self._may_be_found[frame_idx - self._start] = may_be_found
        if not may_be_found:
            row[:TOKEN_BYTES] = np.frombuffer(unique_token(), np.uint8)
        row[:] = np.frombuffer(frame_digest(row[:TOKEN_BYTES].tobytes(), frame), np.uint8)
        self._end(frame_idx)
        return frame

    def finish(self, environment: Environment | None) -> None:
        """Make the frames complete, once they are confirmed.

        Parameters
        ----------
        environment : Environment or None
            What the frames depend on now, if they have tokens of what they are drawn from. If drawing
            has made it unknown, no other render finds them.
        """
        was_lost = False
        if self._tokens is not None and environment is not None:
            was_lost = self._tokens.became_unknown(environment)
        for start, stop in self._written:
            digests = self.frame_digests[start - self._start : stop - self._start]
            if was_lost:
                for frame_idx, row in enumerate(digests, start):
                    if self._may_be_found[frame_idx - self._start]:
                        token = self._store.own_token(frame_idx)
                        row[:TOKEN_BYTES] = np.frombuffer(token, np.uint8)
            self._store.write_frame_digests(start, digests)

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
            self._written.append((self._first, stop))

    def _read(self, frame_idx: int) -> None:
        """Read the frames of the chunk from this one on; those before are held already."""
        if self._is_read:
            return
        self._is_read = True
        stop = min(self._first + self._store.chunk, self._stop)
        frames = self._store.read(frame_idx, stop)
        if frames is not None:
            self._pixels[frame_idx - self._first : stop - self._first] = frames


def _why_unknown(environment: Environment) -> str | None:
    if environment.unknown is not None:
        return f"the animator uses {environment.unknown}, which cannot be compared: {DRAWN_AGAIN}"
    if environment.differing:
        shown = ", ".join(environment.differing[:8])
        return (
            f"{shown}: not the same where frames are drawn as in the process that asked for them, so "
            f"that they are found again only where it is so; if a module was changed, reload it and "
            f"restart the workers"
        )
    return None
