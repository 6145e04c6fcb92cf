"""Frames that are kept in zarr, with marks that say what each one is."""

from __future__ import annotations

import base64
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import StorePath

from ..errors import ParamsError, StoreError
from ..provenance import TOKEN_BYTES
from .location import delete, opened, require_there, saying_why

#: Bytes that each worker writes to prove that it can.
PROOF_BYTES = 2**18
#: A mark is a token and a checksum of the frame's pixels.
MARK_BYTES = TOKEN_BYTES + 4
#: Raised whenever a store that is written here could not be read by what there was before.
VERSION = 2
NOTES_KEY, ORIGIN_KEY = "dask_animate", "dask_animate_origin"
KIND: dict[str, Any] = {"kind": "frames", "version": VERSION}
#: A chunk is one file "c.0.0.0.0", and no tree of folders.
FLAT_KEYS: Any = {"name": "default", "separator": "."}


class FrameStore:
    """Frames in a zarr group: the array "frames", and the array "marks" beside it.

    A chunk of "frames" holds some frames in a row, and belongs to one partition, so that one process
    alone writes it. A frame counts as finished if its mark has its token, and the checksum of the
    pixels that are there: whatever was interrupted, however, is not taken for a frame.

    One render at a time uses a store, the one that began last. Whoever writes looks first whether that
    is still so: an earlier render ends there, and leaves the frames of the later one alone. There is no
    lock between looking and writing; what slips in is found out by the checksums.

    Can be pickled; does not open anything by that. Not thread-safe where it changes the length.

    Parameters
    ----------
    name : str
        What messages call it.
    frames : zarr.Array of uint8, shape (n, height, width, 3 or 4)
        The frames.
    marks : zarr.Array of uint8, shape (n, MARK_BYTES)
        A mark for each.
    render : str
        Which render uses it; for reading alone, any.
    """

    def __init__(
        self, name: str, frames: zarr.Array[Any], marks: zarr.Array[Any], render: str = ""
    ) -> None:
        self._render = render
        self._name = name
        self._frames = frames
        self._marks = marks

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

    @saying_why
    def reserve(self, stop: int) -> None:
        """Make room for the frames before `stop`; only the process that made the store may do that."""
        if stop > min(self._frames.shape[0], self._marks.shape[0]):
            self.require_current()
            for array in (self._frames, self._marks):
                if stop > array.shape[0]:
                    array.resize((stop, *array.shape[1:]))

    @saying_why
    def complete(self, n_frames: int, sums: NDArray[np.uint32]) -> None:
        """Note that all frames are there, and the checksums of their marks, by `sums_of`.

        They stand in the group's own notes, so that these are complete or not at one stroke.
        """
        self.require_current()
        done: dict[str, Any] = {
            "n_frames": n_frames,
            "marks": base64.b64encode(sums.astype("<u4").tobytes()).decode(),
        }
        group_at(self._site).attrs[NOTES_KEY] = {**KIND, "render": self._render, **done}

    @saying_why
    def require_current(self) -> None:
        """Raise unless this process sees the store, and no other render has begun with it since."""
        notes = notes_at(self._site)
        if not notes:
            raise StoreError(f"the store {self} is not found from here")
        if notes.get("render") != self._render:
            raise StoreError(
                f"another render began to use the store {self} before this one was done, and goes on "
                f"with it: one render at a time can use a store"
            )

    @saying_why
    def marks(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the marks of some frames."""
        return np.asarray(self._marks[start:stop])

    def marks_if_readable(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the marks of some frames, all zero, as of no frames, where they are damaged."""
        try:
            return np.asarray(self._marks[start:stop])
        except Exception:  # what was cut off, by any codec
            return np.zeros((stop - start, MARK_BYTES), np.uint8)

    @saying_why
    def mark(self, start: int, marks: NDArray[np.uint8]) -> None:
        """Mark whole chunks as finished, whose frames were written before."""
        self.require_current()
        self._marks[start : start + len(marks)] = marks

    @saying_why
    def write(self, start: int, frames: NDArray[np.uint8]) -> None:
        """Write a chunk."""
        self.require_current()
        self._frames[start : start + len(frames)] = frames

    def read(self, start: int, stop: int) -> NDArray[np.uint8] | None:
        """Return frames of a chunk, of which nothing is known; None if they cannot be read."""
        try:
            return np.asarray(self._frames[start:stop])
        except Exception:  # what was cut off, by any codec
            return None

    def frames(self, start: int, marks: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """Yield finished frames with these marks, holding a chunk; `start` is the first of one."""
        for first in range(0, len(marks), self.chunk):
            yield from self.finished(start + first, marks[first : first + self.chunk])

    def finished(self, start: int, marks: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return finished frames, which have these marks, or raise if they are not there."""
        stop = start + len(marks)
        frames = self.read(start, stop)
        if frames is None or any(
            mark_of(mark[:TOKEN_BYTES].tobytes(), frame) != mark.tobytes()
            for mark, frame in zip(marks, frames, strict=True)
        ):
            raise StoreError(
                f"frames {start} to {stop - 1} are not in the store {self} as they were written: "
                f"it has to be a place that all workers reach, and one render at a time has to use it"
            )
        return frames

    @contextmanager
    def proof(self, n_workers: int) -> Iterator[zarr.Array[Any]]:
        """Make an array of which each worker is to write a row, by `prove`; it goes in the end."""
        array = self._begin_proof(n_workers)
        try:
            yield array
        finally:
            with suppress(Exception):  # what was wrong is known by then
                keys = ["zarr.json", *(f"c.{idx}.0" for idx in range(n_workers))]
                delete(self._site, [f"{array.basename}/{key}" for key in keys])

    @saying_why
    def _begin_proof(self, n_workers: int) -> zarr.Array[Any]:
        return group_at(self._site).create_array(
            f"proof-{uuid.uuid4().hex}",
            shape=(n_workers, PROOF_BYTES),
            chunks=(1, PROOF_BYTES),
            dtype="u1",
            compressors=None,
            chunk_key_encoding=FLAT_KEYS,
        )

    @saying_why
    def check_proof(self, proof: zarr.Array[Any], idx: int, written: bytes, worker: str) -> None:
        """Raise unless this process sees what a worker wrote."""
        if np.asarray(proof[idx]).tobytes() != written:
            raise self.unseen(worker)

    def unseen(self, worker: str) -> StoreError:
        """Return the error that says that this process does not see what a worker wrote."""
        return StoreError(
            f"what {worker} wrote to the store {self} is not seen here: it has to be a place "
            f"that all workers reach, as a shared directory or an s3:// URL"
        )

    @property
    def _site(self) -> StorePath:
        return StorePath(self._frames.store, self._frames.path.rpartition("/")[0])


@saying_why
def prove(proof: zarr.Array[Any], idx: int) -> bytes:
    """Write a row of an array, and return what was written."""
    try:
        require_there(proof)
    except ParamsError:
        raise StoreError("it is not found from there") from None
    data = np.random.default_rng().integers(0, 256, PROOF_BYTES, np.uint8)
    proof[idx] = data
    return data.tobytes()


def sums_of(marks: NDArray[np.uint8], chunk: int) -> NDArray[np.uint32]:
    """Return a checksum for each chunk of marks, the last of which may be shorter."""
    firsts = range(0, len(marks), chunk)
    return np.array([zlib.crc32(marks[first : first + chunk].tobytes()) for first in firsts], np.uint32)


def mark_of(token: bytes, frame: NDArray[np.uint8]) -> bytes:
    """Return the mark of a frame."""
    return token + zlib.crc32(np.ascontiguousarray(frame).data).to_bytes(4, "little")


def notes_at(site: StorePath) -> dict[str, Any]:
    """Return what the store at a place notes of itself; nothing if there is none, of any version."""
    try:
        group = opened(zarr.open_group, site, mode="r", zarr_format=3, use_consolidated=False)
    except FileNotFoundError:
        return {}
    except OSError:
        raise
    except Exception:  # whatever zarr raises of files that are not its own
        return {}
    notes: Any = group.attrs.get(NOTES_KEY)
    is_ours = isinstance(notes, dict) and notes.get("kind") == KIND["kind"] and "version" in notes
    return dict(notes) if is_ours else {}


def group_at(site: StorePath) -> zarr.Group:
    """Open the group of a store, to change it; what it holds is looked up, not taken from a summary."""
    return opened(zarr.open_group, site, mode="r+", zarr_format=3, use_consolidated=False)
