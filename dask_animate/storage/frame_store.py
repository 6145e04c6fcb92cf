"""The frame store: frames in a zarr group, and frame digests that tell which of them are complete."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import StorePath

from ..errors import StoreError
from ..provenance import digest
from .frame_digest import FRAME_DIGEST_BYTES, frame_digest, matches
from .layout import KIND, METADATA_KEY, open_group, read_metadata
from .location import lives_in_memory, raises_store_errors
from .write_probe import WriteProbe, not_visible, write_probe


class FrameStore:
    """Frames in a zarr group, and a frame digest for each.

    A chunk of the array of frames holds consecutive frames of one partition, so that only one process
    writes it. A frame counts as complete if its digest has its token, and the checksum of the pixels
    that are there. So frames that were interrupted in any way do not count.

    One render at a time uses a store: the one that began last. Before each write, a render checks that
    it is that one; an earlier render ends there and leaves the later one's frames alone. There is no
    lock between the check and the write, but checksums reveal frames that were overwritten in between.

    Can be pickled, which opens nothing. Not thread-safe where it changes the length.

    Parameters
    ----------
    name : str
        How messages call the store.
    frames : zarr.Array of uint8, shape (n, height, width, 3 or 4)
        The frames.
    digests : zarr.Array of uint8, shape (n, FRAME_DIGEST_BYTES)
        Their digests.
    render : str
        Identifies the render that uses the store; anything if it only reads.
    """

    def __init__(
        self, name: str, frames: zarr.Array[Any], digests: zarr.Array[Any], render: str = ""
    ) -> None:
        self._render = render
        self._name = name
        self._frames = frames
        self._digests = digests

    def __str__(self) -> str:
        return self._name

    @property
    def chunk(self) -> int:
        """Frames in a chunk."""
        return int(self._frames.chunks[0])

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = self._frames.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def is_shared(self) -> bool:
        """False if it is in the memory of this process, where others cannot read it."""
        return not lives_in_memory(self._frames)

    @property
    def _path(self) -> StorePath:
        return StorePath(self._frames.store, self._frames.path.rpartition("/")[0])

    @raises_store_errors
    def reserve(self, stop: int) -> None:
        """Make room for the frames before `stop`; only the process that opened the store may do so."""
        if stop > min(self._frames.shape[0], self._digests.shape[0]):
            self.require_current()
            for array in (self._frames, self._digests):
                if stop > array.shape[0]:
                    array.resize((stop, *array.shape[1:]))

    @raises_store_errors
    def complete(self, n_frames: int, checksums: NDArray[np.uint32]) -> None:
        """Note that all frames are there, and `chunk_checksums` of their digests.

        All of it is in the attributes of the group, which are written atomically.
        """
        self.require_current()
        done: dict[str, Any] = {
            "n_frames": n_frames,
            "marks": base64.b64encode(checksums.astype("<u4").tobytes()).decode(),
        }
        open_group(self._path).attrs[METADATA_KEY] = {**KIND, "render": self._render, **done}

    @raises_store_errors
    def require_current(self) -> None:
        """Raise unless this process finds the store, and no other render has begun with it since."""
        metadata = read_metadata(self._path)
        if not metadata:
            raise StoreError(f"the store {self} is not found from here")
        if metadata.get("render") != self._render:
            raise StoreError(
                f"another render began to use the store {self} before this one was complete, and goes "
                f"on with it: one render at a time can use a store"
            )

    def own_token(self, frame_idx: int) -> bytes:
        """Return a token for a frame that equals none of another render, wherever it is drawn."""
        return digest(self._render, repr(frame_idx))

    def require_visible(self, start: int, digests: NDArray[np.uint8], worker: str) -> None:
        """Raise unless this process reads the frame digests that a worker says it wrote."""
        if not np.array_equal(self.frame_digests(start, start + len(digests)), digests):
            self.require_current()  # else another render has overwritten them
            raise not_visible(worker, self._name)

    def write_probe(self, n_workers: int) -> AbstractContextManager[WriteProbe]:
        """Return a probe with a row for each worker, to be entered; leaving it deletes the probe."""
        return write_probe(self._path, self._name, n_workers)

    @raises_store_errors
    def frame_digests(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the digests of some frames; zeros, which no frame has, where none were written."""
        return np.asarray(self._digests[start:stop])

    def readable_frame_digests(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the digests of some frames; zeros if they cannot be read."""
        try:
            return np.asarray(self._digests[start:stop])
        except Exception:  # damaged, for which each codec raises an error of its own
            return np.zeros((stop - start, FRAME_DIGEST_BYTES), np.uint8)

    @raises_store_errors
    def write_frame_digests(self, start: int, digests: NDArray[np.uint8]) -> None:
        """Write the digests of whole chunks, with which their frames, written before, are complete."""
        self.require_current()
        self._digests[start : start + len(digests)] = digests

    @raises_store_errors
    def write(self, start: int, frames: NDArray[np.uint8]) -> None:
        """Write the frames of a chunk."""
        self.require_current()
        self._frames[start : start + len(frames)] = frames

    def read(self, start: int, stop: int) -> NDArray[np.uint8] | None:
        """Return frames of a chunk, without verifying them; None if they cannot be read."""
        try:
            return np.asarray(self._frames[start:stop])
        except Exception:  # damaged, for which each codec raises an error of its own
            return None

    def find(self, frame_idx: int, token: bytes) -> NDArray[np.uint8] | None:
        """Return a frame, (height, width, 3 or 4), if the one that is stored has this token."""
        digests = self.readable_frame_digests(frame_idx, frame_idx + 1)
        if not len(digests) or digests[0, : len(token)].tobytes() != token:
            return None
        frames = self.read(frame_idx, frame_idx + 1)
        is_found = frames is not None and len(frames) > 0 and matches(digests[0], frames[0])
        return frames[0] if is_found and frames is not None else None

    def put(self, frames: Mapping[int, tuple[bytes, NDArray[np.uint8]]]) -> None:
        """Write single frames with their tokens, and keep the others of their chunks as they are.

        Only one process may do so at a time.

        Parameters
        ----------
        frames : mapping of int to (bytes, ndarray)
            Token and pixels by frame index; room was reserved for them.
        """
        n_frames = int(self._frames.shape[0])
        for first in sorted({idx - idx % self.chunk for idx in frames}):
            stop = min(first + self.chunk, n_frames)
            pixels = self.read(first, stop)
            if pixels is None:
                pixels = np.zeros((stop - first, *self.frame_shape), np.uint8)
            digests = self.readable_frame_digests(first, stop)
            for idx in frames.keys() & set(range(first, stop)):
                token, frame = frames[idx]
                pixels[idx - first] = frame
                digests[idx - first] = np.frombuffer(frame_digest(token, frame), np.uint8)
            self.write(first, pixels)
            self.write_frame_digests(first, digests)

    def read_verified(self, start: int, digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the frames that have these digests; raise `StoreError` if they are not there."""
        stop = start + len(digests)
        frames = self.read(start, stop)
        if frames is None or len(frames) < len(digests) or not all(map(matches, digests, frames)):
            raise StoreError(
                f"frames {start} to {stop - 1} are not in the store {self} as they were written: it has "
                f"to be in a location that all workers reach, and one render at a time has to use it"
            )
        return frames

    def iter_verified(self, start: int, digests: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """Yield the frames that have these digests, holding a chunk; `start` is the first of a chunk."""
        for first in range(0, len(digests), self.chunk):
            yield from self.read_verified(start + first, digests[first : first + self.chunk])
