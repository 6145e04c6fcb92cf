"""The frames of a complete store, as an array that verifies what it reads."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from ..errors import AnimateError, ParamsError, StoreError
from .frame_digest import chunk_checksums
from .frame_store import FrameStore
from .layout import VERSION, arrays_of, open_to_look, read_metadata
from .location import Location, as_location, name_of, open_patiently, store_path


def open_array(location: Any) -> zarr.Array[Any] | VerifiedFrames:
    """Open a zarr array to read it, or the frames of a complete store.

    Parameters
    ----------
    location : path, URL or zarr store
        Of the array, or of a store that `open_store` made.

    Raises
    ------
    ParamsError
        If there is no array, or if the store is not complete.
    """
    location = as_location(location)
    try:
        return _opened(location)
    except AnimateError:
        raise
    except (FileNotFoundError, ValueError, OSError) as exc:
        raise ParamsError(f"there is no zarr array at {name_of(location)}{_why(location, exc)}") from exc
    except Exception as exc:  # whatever zarr raises for files that are damaged
        raise ParamsError(f"{name_of(location)} cannot be read: {type(exc).__name__}: {exc}") from exc


def open_complete(location: Any, render: str) -> VerifiedFrames:
    """Open the frames of a store, which a certain render has completed.

    Parameters
    ----------
    location : path, URL or zarr store
        Of the store.
    render : str
        What `open_store` was told of the render.

    Raises
    ------
    StoreError
        If this process does not find the store, or if another render used it since.
    """
    location = as_location(location)
    path = store_path(location)
    metadata = read_metadata(path)
    if not metadata:
        raise StoreError(f"the store {name_of(location)} is not found from here")
    if metadata.get("render") != render or "n_frames" not in metadata:
        raise StoreError(
            f"the store {name_of(location)} was changed by another render: one render at a time can use "
            f"a store"
        )
    return _complete_frames(open_to_look(path), metadata, location)


def _why(location: Location, exc: Exception) -> str:
    if isinstance(location, Path) and location.is_file():
        return ", but a file: open it first, with xarray or h5py for example, and give the array"
    return "" if isinstance(exc, FileNotFoundError) else f": {exc}"


def _opened(location: Location) -> zarr.Array[Any] | VerifiedFrames:
    found = open_patiently(zarr.open, location, mode="r")
    if isinstance(found, zarr.Array):
        return found
    assert isinstance(found, zarr.Group)
    metadata = read_metadata(found.store_path)
    if metadata:
        return _complete_frames(found, metadata, location)
    names = ", ".join(sorted(found.array_keys())) or "none"
    raise ParamsError(
        f"{name_of(location)} is a zarr group; give the path of one of its arrays: {names}"
    )


def _complete_frames(found: zarr.Group, metadata: dict[str, Any], location: Location) -> VerifiedFrames:
    if metadata["version"] != VERSION:
        raise ParamsError(
            f"the store {name_of(location)} was made by another version of this library: the version "
            f"of the store is {metadata['version']}, here it is {VERSION}; make_video with "
            f"overwrite=True begins it anew"
        )
    if "n_frames" not in metadata:
        raise ParamsError(
            f"the store {name_of(location)} is not complete, or its last render was given up: call "
            f"make_video with it again"
        )
    options = {"mode": "r", "zarr_format": 3, "use_consolidated": False}
    group = open_patiently(zarr.open_group, found.store_path, **options)
    frames, digests = arrays_of(group)
    checksums = np.frombuffer(base64.b64decode(metadata["marks"]), "<u4")
    return VerifiedFrames(
        FrameStore(name_of(location), frames, digests), metadata["n_frames"], checksums
    )


class VerifiedFrames:
    """The frames of a complete store, as an array that verifies what it reads; can be pickled.

    Parameters
    ----------
    store : FrameStore
        Where they are.
    n_frames : int
        How many belong to the store's last render.
    checksums : ndarray of uint32
        `chunk_checksums` of the frame digests of that render.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, store: FrameStore, n_frames: int, checksums: NDArray[np.uint32]) -> None:
        self._store = store
        self._checksums = checksums
        self.shape = (n_frames, *store.frame_shape)
        self.chunks = (store.chunk, *store.frame_shape)

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Return consecutive frames; raise `StoreError` if they are not as they were written."""
        start, stop, _ = index[0].indices(self.shape[0])
        return self._store.read_verified(start, self._digests(start, stop))

    def _digests(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Return the digests of some frames; raise if they are not those of the complete render."""
        chunk = self.chunks[0]
        idx = start // chunk
        digests = self._store.frame_digests(idx * chunk, min(-(-stop // chunk) * chunk, self.shape[0]))
        checksums = chunk_checksums(digests, chunk)
        wrong = idx + np.flatnonzero(checksums != self._checksums[idx : idx + len(checksums)])
        if len(wrong):
            first, last = int(wrong[0]) * chunk, min(int(wrong[-1] + 1) * chunk, self.shape[0]) - 1
            raise StoreError(
                f"frames {first} to {last} in the store {self._store} were lost, or belong to another "
                f"render than the last one that was completed: call make_video with the store again"
            )
        return digests[start - idx * chunk : stop - idx * chunk]
