"""What is kept in zarr: data that is read, and finished frames, with marks that say what each one is."""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.abc.store import Store
from zarr.codecs import ZstdCodec

from .errors import AnimateError, OptionTypeError, ParamsError, StoreError
from .tokens import TOKEN_BYTES

P = ParamSpec("P")
T = TypeVar("T")

#: Bytes that each worker writes to prove that it can.
PROOF_BYTES = 2**18
#: A mark is a token and a checksum of the frame's pixels.
MARK_BYTES = TOKEN_BYTES + 4
_KEY = "dask_animate"
_KIND = {"kind": "frames", "version": 1}


def open_array(place: Any) -> zarr.Array[Any]:
    """Open an array to read it, by its path or its URL.

    For a store that `FrameStore` made, the array of its frames, if it is complete.
    """
    place = _place(place)
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


def require_there(array: zarr.Array[Any]) -> None:
    """Raise if an array is not found from this process, which zarr would read as full of zeros."""
    with suppress(FileNotFoundError):  # of zarr, which does not travel
        zarr.open_array(store=array.store_path, mode="r")
        return
    raise ParamsError(f"there is no zarr array at {array.store_path}, seen from here")


def lives_in_memory(array: Any) -> bool:
    """Whether an array is a zarr array that only this process can read."""
    return isinstance(array, zarr.Array) and isinstance(array.store, zarr.storage.MemoryStore)


def _said(function: Callable[P, T]) -> Callable[P, T]:
    """Raise whatever a store may raise, which libraries do not agree about, as a `StoreError`."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except AnimateError:
            raise
        except Exception as exc:
            what = f"{type(exc).__name__}: {exc}"
        raise StoreError(  # without its cause, which may not travel
            f"{what}; what was finished is kept, and the same call goes on with it"
        )

    return wrapped


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
    """

    def __init__(self, place: Any, frames: zarr.Array[Any], marks: zarr.Array[Any]) -> None:
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

    @_said
    def reserve(self, stop: int) -> None:
        """Make room for the frames before `stop`; only the process that made the store may do that."""
        for array in (self._frames, self._marks):
            if stop > array.shape[0]:
                array.resize((stop, *array.shape[1:]))

    @_said
    def require_there(self) -> None:
        """Raise if it is not found from this process."""
        try:
            require_there(self._frames)
        except ParamsError:
            raise StoreError(f"the store {self._place} is not found from here") from None

    @_said
    def marks(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the marks of some frames."""
        return np.asarray(self._marks[start:stop])

    @_said
    def mark(self, start: int, marks: NDArray[np.uint8]) -> None:
        """Mark whole chunks as finished, whose frames were written before."""
        self._marks[start : start + len(marks)] = marks

    @_said
    def write(self, start: int, frames: NDArray[np.uint8]) -> None:
        """Write a chunk."""
        self._frames[start : start + len(frames)] = frames

    def read(self, start: int, stop: int) -> NDArray[np.uint8] | None:
        """Return frames of a chunk, of which nothing is known; None if they cannot be read."""
        try:
            return np.asarray(self._frames[start:stop])
        except Exception:  # what was cut off, by any codec
            return None

    def frames(self, start: int, n_frames: int) -> Iterator[NDArray[np.uint8]]:
        """Yield finished frames, holding a chunk; `start` is the first of one."""
        for first in range(start, start + n_frames, self.chunk):
            yield from self.finished(first, min(first + self.chunk, start + n_frames))

    def finished(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return finished frames of a chunk, or raise if they are not there."""
        frames, marks = self.read(start, stop), self.marks(start, stop)
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

    @_said
    def _begin_proof(self, n_workers: int) -> zarr.Array[Any]:
        return self._group().create_array(
            f"proof-{uuid.uuid4().hex}",
            shape=(n_workers, PROOF_BYTES),
            chunks=(1, PROOF_BYTES),
            dtype="u1",
            compressors=None,
        )

    @_said
    def check_proof(self, proof: zarr.Array[Any], idx: int, written: bytes, worker: str) -> None:
        """Raise unless this process sees what a worker wrote."""
        if np.asarray(proof[idx]).tobytes() != written:
            raise StoreError(
                f"what {worker} wrote to the store {self._place} is not seen here: it has to be a place "
                f"that all workers reach, as a shared directory or an s3:// URL"
            )

    def _group(self) -> zarr.Group:
        return zarr.open_group(store=self._place, mode="r+")


@_said
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


def check_place(place: Any, *, overwrite: bool) -> None:
    """Raise if frames must not be kept at a place: made by something else, or no place at all.

    Parameters
    ----------
    place : path, URL or zarr store
        Where to.
    overwrite : bool
        Whether zarr's own files of others may go.
    """
    place = _place(place)
    found = _found(place)
    if found is not None and not overwrite and not _is_ours(found):
        raise StoreError(
            f"{place} holds a zarr {type(found).__name__.lower()} that something else made: choose "
            f"another place as store, or give overwrite=True to lose it"
        )


@_said
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
    check_place(place, overwrite=overwrite)
    place = _place(place)
    kept = None if overwrite else chunk_of(place, frame_shape)
    if kept == chunk:
        group = zarr.open_group(store=place, mode="r+")
    else:
        group = zarr.create_group(place, overwrite=True, attributes={_KEY: _KIND})
        for name, row, dtype in (("frames", frame_shape, "u1"), ("marks", (MARK_BYTES,), "u1")):
            group.create_array(
                name,
                shape=(n_frames, *row),
                chunks=(chunk, *row),
                dtype=dtype,
                compressors=[ZstdCodec(level=3)],  # see benchmarks/store_compression.py
                fill_value=0,
            )
    arrays = [_writable(group[name]) for name in ("frames", "marks")]
    store = FrameStore(place, *arrays)
    store.reserve(n_frames)
    return store


def chunk_of(place: Any, frame_shape: tuple[int, int, int]) -> int | None:
    """Return how many frames a chunk of a store has, None if there is none for frames of this shape."""
    group = _found(_place(place))
    if (
        not isinstance(group, zarr.Group)
        or not _is_ours(group)
        or not {"frames", "marks"} <= set(group.array_keys())
    ):
        return None
    frames: Any = group["frames"]
    return int(frames.chunks[0]) if tuple(frames.shape[1:]) == frame_shape else None


def _writable(array: Any) -> zarr.Array[Any]:
    # zarr would leave out chunks that are all zero, as if they were never written.
    return array.with_config({"write_empty_chunks": True})  # type: ignore[no-any-return]


def _place(place: Any) -> Any:
    if isinstance(place, str) and place.startswith("file://"):
        return Path(place.removeprefix("file://"))  # by URL, zarr would not write it at one stroke
    if isinstance(place, str) and "://" in place:
        return place
    if isinstance(place, zarr.storage.ZipStore):
        raise OptionTypeError("a ZipStore cannot be written by several processes, nor changed")
    if isinstance(place, Store):
        return place
    if isinstance(place, str | os.PathLike):
        return Path(os.path.abspath(os.fsdecode(place)))  # also where workers have another directory
    raise OptionTypeError(f"store must be a path, a URL or a zarr store, got {type(place).__name__}")


def _found(place: Any) -> zarr.Array[Any] | zarr.Group | None:
    """Return what there is at a place; raise if it is not for zarr to overwrite."""
    try:
        return zarr.open(store=place, mode="r")
    except (FileNotFoundError, ValueError) as exc:
        problem: Exception = exc
    except Exception as exc:
        raise StoreError(f"the store {place} cannot be opened: {type(exc).__name__}: {exc}") from None
    if isinstance(place, Path) and place.exists() and (place.is_file() or any(place.iterdir())):
        raise StoreError(
            f"{place} holds something that is no zarr store ({problem}): choose another place"
        )
    return None


def _is_ours(found: zarr.Array[Any] | zarr.Group) -> bool:
    return isinstance(found, zarr.Group) and found.attrs.get(_KEY) == _KIND


def _complete(group: zarr.Group, place: Any) -> zarr.Array[Any]:
    frames: Any = group["frames"]
    marks: Any = group["marks"]
    n_marked = np.count_nonzero(np.asarray(marks[:]).max(axis=1, initial=0))
    n_frames = frames.shape[0]
    if n_marked < n_frames or not n_marked:
        raise ParamsError(
            f"the store {place} is not complete: {n_frames - n_marked} of {n_frames} frames are "
            f"missing; call make_video with it again"
        )
    return frames  # type: ignore[no-any-return]
