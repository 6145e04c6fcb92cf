"""Frames that are kept in zarr, with marks that say what each one is."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from .errors import ParamsError, StoreError
from .places import as_place, found_at, require_there, saying_why
from .tokens import TOKEN_BYTES

#: Bytes that each worker writes to prove that it can.
PROOF_BYTES = 2**18
#: A mark is a token and a checksum of the frame's pixels.
MARK_BYTES = TOKEN_BYTES + 4
_KEY = "dask_animate"
_KIND: dict[str, Any] = {"kind": "frames", "version": 1}


def open_array(place: Any) -> zarr.Array[Any] | KeptFrames:
    """Open an array to read it, by its path, its URL or its store.

    Of a store that `FrameStore` made, its frames, if it is complete.
    """
    place = as_place(place)
    try:
        found = zarr.open(store=place, mode="r")
    except (FileNotFoundError, ValueError, OSError) as exc:
        raise ParamsError(f"there is no zarr array at {place}: {exc}") from exc
    if isinstance(found, zarr.Array):
        return found
    if _is_ours(found):
        return _complete(found, place)
    assert isinstance(found, zarr.Group)
    names = ", ".join(sorted(found.array_keys())) or "none"
    raise ParamsError(f"{place} is a zarr group; give the path of one of its arrays: {names}")


class FrameStore:
    """Frames in a zarr group: the array "frames", and the array "marks" beside it.

    A chunk of "frames" holds some frames in a row, and belongs to one partition, so that one process
    alone writes it. A frame counts as finished if its mark has its token, and the checksum of the
    pixels that are there: whatever was interrupted, however, is not taken for a frame.

    Can be pickled; does not open anything by that. Not thread-safe where it changes the length.

    Parameters
    ----------
    place : path, URL or zarr store
        Where it is.
    frames : zarr.Array of uint8, shape (n, height, width, 3 or 4)
        The frames.
    marks : zarr.Array of uint8, shape (n, MARK_BYTES)
        A mark for each.
    render : str
        Of which render it is now.
    """

    def __init__(
        self, place: Any, frames: zarr.Array[Any], marks: zarr.Array[Any], render: str = ""
    ) -> None:
        self._render = render
        self._place = place
        self._frames = frames
        self._marks = marks

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
        for array in (self._frames, self._marks):
            if stop > array.shape[0]:
                array.resize((stop, *array.shape[1:]))

    @saying_why
    def complete(self, n_frames: int) -> None:
        """Note that all frames are there; raise if another render has begun with the store since."""
        group = self._group()
        if _notes(group).get("render") != self._render:
            raise StoreError(
                f"another render began to use the store {self._place} before this one was done: its "
                f"frames may be of either; one render at a time can use a store"
            )
        group.attrs[_KEY] = {**_KIND, "render": self._render, "n_frames": n_frames}

    @saying_why
    def require_there(self) -> None:
        """Raise if it is not found from this process."""
        try:
            require_there(self._frames)
        except ParamsError:
            raise StoreError(f"the store {self._place} is not found from here") from None

    @saying_why
    def marks(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the marks of some frames."""
        return np.asarray(self._marks[start:stop])

    @saying_why
    def mark(self, start: int, marks: NDArray[np.uint8]) -> None:
        """Mark whole chunks as finished, whose frames were written before."""
        self._marks[start : start + len(marks)] = marks

    @saying_why
    def write(self, start: int, frames: NDArray[np.uint8]) -> None:
        """Write a chunk."""
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
                f"frames {start} to {stop - 1} are not in the store {self._place} as they were written: "
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
                del self._group()[array.basename]

    @saying_why
    def _begin_proof(self, n_workers: int) -> zarr.Array[Any]:
        return self._group().create_array(
            f"proof-{uuid.uuid4().hex}",
            shape=(n_workers, PROOF_BYTES),
            chunks=(1, PROOF_BYTES),
            dtype="u1",
            compressors=None,
        )

    @saying_why
    def check_proof(self, proof: zarr.Array[Any], idx: int, written: bytes, worker: str) -> None:
        """Raise unless this process sees what a worker wrote."""
        if np.asarray(proof[idx]).tobytes() != written:
            raise StoreError(
                f"what {worker} wrote to the store {self._place} is not seen here: it has to be a place "
                f"that all workers reach, as a shared directory or an s3:// URL"
            )

    def _group(self) -> zarr.Group:
        return zarr.open_group(store=self._place, mode="r+")


class KeptFrames:
    """The frames of a complete store, as an array that checks what it reads; can be pickled.

    Parameters
    ----------
    store : FrameStore
        Where they are.
    n_frames : int
        How many belong to its last render.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, store: FrameStore, n_frames: int) -> None:
        self._store = store
        self.shape = (n_frames, *store.frame_shape)
        self.chunks = (store.chunk, *store.frame_shape)

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Return some frames in a row, or raise if they are not as they were written."""
        start, stop, _ = index[0].indices(self.shape[0])
        return self._store.finished(start, self._store.marks(start, stop))


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


def mark_of(token: bytes, frame: NDArray[np.uint8]) -> bytes:
    """Return the mark of a frame."""
    return token + zlib.crc32(np.ascontiguousarray(frame).data).to_bytes(4, "little")


def check_place(place: Any, *, overwrite: bool) -> zarr.Array[Any] | zarr.Group | None:
    """Return what there is where frames are to be kept; raise if they must not be kept there.

    Parameters
    ----------
    place : path, URL or zarr store
        Where to.
    overwrite : bool
        Whether zarr's own files of others may go.
    """
    place = as_place(place)
    found = found_at(place)
    if found is not None and not overwrite and not _is_ours(found):
        raise StoreError(
            f"{place} holds a zarr {type(found).__name__.lower()} that something else made: choose "
            f"another place as store, or give overwrite=True to lose it"
        )
    return found


@saying_why
def open_store(
    place: Any, n_frames: int, frame_shape: tuple[int, int, int], chunk: int, *, overwrite: bool
) -> FrameStore:
    """Open a store to keep frames in, made anew where there is none for frames of this shape.

    Parameters
    ----------
    place : path, URL or zarr store
        Where it is.
    n_frames : int
        How many there will be, 0 if that is not known.
    frame_shape : tuple of int
        Height, width and channels.
    chunk : int
        Frames in a chunk.
    overwrite : bool
        Make it anew in any case.
    """
    found = check_place(place, overwrite=overwrite)
    kept = None if overwrite else _chunk(found, frame_shape)
    place = as_place(place)
    notes: dict[str, Any] = {_KEY: {**_KIND, "render": uuid.uuid4().hex}}
    if not _is_ours(found):
        zarr.create_group(place, overwrite=True)
    group = zarr.open_group(store=place, mode="r+")
    group.attrs.update(notes)
    if kept != chunk:
        for name in ("frames", "marks"):
            if name in group:
                del group[name]
        for name, row, dtype in (("frames", frame_shape, "u1"), ("marks", (MARK_BYTES,), "u1")):
            group.create_array(
                name,
                shape=(n_frames, *row),
                chunks=(chunk, *row),
                dtype=dtype,
                compressors=[ZstdCodec(level=3)],  # see benchmarks/store_compression.py
                fill_value=0,
            )
    frames, marks = (_writable(group[name]) for name in ("frames", "marks"))
    store = FrameStore(place, frames, marks, notes[_KEY]["render"])
    store.reserve(n_frames)
    return store


def chunk_of(place: Any, frame_shape: tuple[int, int, int]) -> int | None:
    """Return how many frames a chunk of a store has, None if there is none for frames of this shape."""
    return _chunk(found_at(as_place(place)), frame_shape)


def _chunk(group: zarr.Array[Any] | zarr.Group | None, frame_shape: tuple[int, int, int]) -> int | None:
    if (
        not isinstance(group, zarr.Group)
        or not _is_ours(group)
        or "frames" not in group
        or "marks" not in group
    ):
        return None
    frames: Any = group["frames"]
    return int(frames.chunks[0]) if tuple(frames.shape[1:]) == frame_shape else None


def _writable(array: Any) -> zarr.Array[Any]:
    # zarr would leave out chunks that are all zero, as if they were never written. Its older releases
    # have no `Array.with_config`.
    return zarr.Array(zarr.AsyncArray(array.metadata, array.store_path, {"write_empty_chunks": True}))


def _notes(found: zarr.Array[Any] | zarr.Group | None) -> dict[str, Any]:
    """Return what a store notes of itself; nothing if it was made by something else."""
    notes: Any = found.attrs.get(_KEY) if isinstance(found, zarr.Group) else None
    return notes if isinstance(notes, dict) and notes.items() >= _KIND.items() else {}


def _is_ours(found: zarr.Array[Any] | zarr.Group | None) -> bool:
    return bool(_notes(found))


def _complete(group: zarr.Group, place: Any) -> KeptFrames:
    n_frames = _notes(group).get("n_frames")
    if n_frames is None:
        raise ParamsError(
            f"the store {place} is not complete, or its last render was given up: call make_video with "
            f"it again"
        )
    frames: Any = group["frames"]
    marks: Any = group["marks"]
    return KeptFrames(FrameStore(place, frames, marks), n_frames)
