"""The frames of a store that is complete, as an array that checks what it reads."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import StorePath

from ..errors import AnimateError, ParamsError, StoreError
from .frame_store import VERSION, FrameStore, notes_at, sums_of
from .location import as_place, opened


def open_array(place: Any) -> zarr.Array[Any] | VerifiedFrames:
    """Open an array to read it, by its path, its URL or its store.

    Of a store that `FrameStore` made, its frames, if it is complete.
    """
    place = as_place(place)
    try:
        return _opened(place)
    except AnimateError:
        raise
    except (FileNotFoundError, ValueError, OSError) as exc:
        raise ParamsError(f"there is no zarr array at {place}: {exc}") from exc
    except Exception as exc:  # whatever zarr raises of files that are damaged
        raise ParamsError(f"{place} cannot be read: {type(exc).__name__}: {exc}") from exc


def _opened(place: Any) -> zarr.Array[Any] | VerifiedFrames:
    found = opened(zarr.open, place, mode="r")
    if isinstance(found, zarr.Array):
        return found
    assert isinstance(found, zarr.Group)
    notes = notes_at(found.store_path)
    if notes:
        return _complete(found.store_path, notes, place)
    names = ", ".join(sorted(found.array_keys())) or "none"
    raise ParamsError(f"{place} is a zarr group; give the path of one of its arrays: {names}")


class VerifiedFrames:
    """The frames of a complete store, as an array that checks what it reads; can be pickled.

    Parameters
    ----------
    store : FrameStore
        Where they are.
    n_frames : int
        How many belong to its last render.
    sums : ndarray of uint32
        Of the marks of that render, by `sums_of`.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, store: FrameStore, n_frames: int, sums: NDArray[np.uint32]) -> None:
        self._store = store
        self._sums = sums
        self.shape = (n_frames, *store.frame_shape)
        self.chunks = (store.chunk, *store.frame_shape)

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Return some frames in a row, or raise if they are not as they were written."""
        start, stop, _ = index[0].indices(self.shape[0])
        return self._store.finished(start, self._marks(start, stop))

    def _marks(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the marks of some frames; raise if they are not of the render that is complete."""
        chunk = self.chunks[0]
        idx = start // chunk
        marks = self._store.marks(idx * chunk, min(-(-stop // chunk) * chunk, self.shape[0]))
        sums = sums_of(marks, chunk)
        wrong = idx + np.flatnonzero(sums != self._sums[idx : idx + len(sums)])
        if len(wrong):
            first, last = int(wrong[0]) * chunk, min(int(wrong[-1] + 1) * chunk, self.shape[0]) - 1
            raise StoreError(
                f"frames {first} to {last} in the store {self._store} were lost, or are of another "
                f"render than the one that was completed last: call make_video with it again"
            )
        return marks[start - idx * chunk : stop - idx * chunk]


def _complete(site: StorePath, notes: dict[str, Any], place: Any) -> VerifiedFrames:
    if notes["version"] != VERSION:
        raise ParamsError(
            f"the store {place} was made by another version of this library: the version of the store "
            f"is {notes['version']}, here it is {VERSION}; make_video with overwrite=True begins it anew"
        )
    if "n_frames" not in notes:
        raise ParamsError(
            f"the store {place} is not complete, or its last render was given up: call make_video with "
            f"it again"
        )
    group = opened(zarr.open_group, site, mode="r", zarr_format=3, use_consolidated=False)
    frames: Any = group["frames"]
    marks: Any = group["marks"]
    sums = np.frombuffer(base64.b64decode(notes["marks"]), "<u4")
    return VerifiedFrames(FrameStore(str(place), frames, marks), notes["n_frames"], sums)
