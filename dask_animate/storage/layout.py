"""The layout of a store: a zarr group of two arrays, and what its attributes say about it.

The array "frames" holds the pixels, the array "marks" a frame digest for each. A render writes its
metadata into the group's attributes when it begins and when it is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import zarr
from zarr.codecs import ZstdCodec
from zarr.storage import StorePath

from ..errors import StoreError
from .frame_digest import FRAME_DIGEST_BYTES
from .location import as_location, name_of, open_patiently, raises_store_errors, store_path

#: Version of the layout; higher whenever the code before could not read a store that is written here.
VERSION = 2
#: Names of the arrays.
ARRAYS = ("frames", "marks")
#: Attributes of the group: metadata of the last render, and what its frames depended on.
METADATA_KEY, ORIGIN_KEY = "dask_animate", "dask_animate_origin"
#: Metadata by which a store is recognized.
KIND: dict[str, Any] = {"kind": "frames", "version": VERSION}
#: A chunk is one file, such as "c.0.0.0.0", and not a tree of folders.
FLAT_KEYS: Any = {"name": "default", "separator": "."}


def read_metadata(path: StorePath) -> dict[str, Any]:
    """Return the metadata of a store of any version; an empty dict if there is no store at the path."""
    try:
        group = open_patiently(zarr.open_group, path, mode="r", zarr_format=3, use_consolidated=False)
    except FileNotFoundError:
        return {}
    except OSError:
        raise
    except Exception:  # whatever zarr raises for files that it did not write
        return {}
    metadata: Any = group.attrs.get(METADATA_KEY)
    is_ours = isinstance(metadata, dict) and metadata.get("kind") == KIND["kind"]
    return dict(metadata) if is_ours and "version" in metadata else {}


def open_group(path: StorePath) -> zarr.Group:
    """Open a store's group to change it, without taking its members from consolidated metadata."""
    return open_patiently(zarr.open_group, path, mode="r+", zarr_format=3, use_consolidated=False)


def open_to_look(path: StorePath) -> zarr.Group:
    """Open a store's group to read it."""
    return open_patiently(zarr.open_group, path, mode="r", zarr_format=3, use_consolidated=False)


def create_arrays(
    group: zarr.Group, n_frames: int, frame_shape: tuple[int, int, int], chunk: int
) -> None:
    """Create those arrays of a store that are missing."""
    for name, shape in zip(ARRAYS, (frame_shape, (FRAME_DIGEST_BYTES,)), strict=True):
        if name not in group:
            group.create_array(
                name,
                shape=(n_frames, *shape),
                chunks=(chunk, *shape),
                dtype="u1",
                compressors=[ZstdCodec(level=3)],  # see benchmarks/store_compression.py
                fill_value=0,
                chunk_key_encoding=FLAT_KEYS,
            )


def arrays_of(group: zarr.Group) -> tuple[zarr.Array[Any], zarr.Array[Any]]:
    """Return the arrays of a store: frames, and frame digests."""
    frames, digests = (group[name] for name in ARRAYS)
    assert isinstance(frames, zarr.Array)
    assert isinstance(digests, zarr.Array)
    return frames, digests


@raises_store_errors
def origin_of(location: Any) -> Mapping[str, Any]:
    """Return what the frames of a store's last render depended on; empty if there is no store."""
    path = store_path(as_location(location))
    origin: Any = open_group(path).attrs.get(ORIGIN_KEY) if read_metadata(path) else None
    return origin if isinstance(origin, dict) else {}


@raises_store_errors
def chunk_of(location: Any, frame_shape: tuple[int, int, int]) -> int | None:
    """Return how many frames a chunk of a store has; None if there is no store, or a damaged one.

    Raises
    ------
    StoreError
        If it holds frames of another shape.
    """
    path = store_path(as_location(location))
    if not read_metadata(path):
        return None
    group = open_group(path)
    try:
        frames, digests = (group.get(name) for name in ARRAYS)
    except Exception:  # damaged, so that they have to be made anew
        return None
    if not isinstance(frames, zarr.Array) or not isinstance(digests, zarr.Array) or frames.ndim != 4:
        return None
    if frames.shape[1:] != frame_shape:
        raise StoreError(
            f"the store {name_of(path)} holds frames of {_in_words(frames.shape[1:])}, and "
            f"these have {_in_words(frame_shape)}: give overwrite=True to replace them, or another store"
        )
    chunk = int(frames.chunks[0])
    found = digests.shape[1:], digests.chunks[0]
    return chunk if found == ((FRAME_DIGEST_BYTES,), chunk) else None


def _in_words(frame_shape: tuple[int, ...]) -> str:
    height, width, channels = frame_shape
    return f"{width}x{height} pixels ({'transparent' if channels == 4 else 'opaque'})"
