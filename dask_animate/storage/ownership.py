"""What in a store this library made: where frames may be stored, and what may be deleted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import zarr
from zarr.storage import StorePath

from ..errors import StoreError
from ._zarr import writing_empty_chunks
from .frame_store import FrameStore
from .layout import (
    ARRAYS,
    KIND,
    METADATA_KEY,
    ORIGIN_KEY,
    VERSION,
    arrays_of,
    chunk_of,
    create_arrays,
    open_group,
    open_to_look,
    read_metadata,
)
from .location import (
    Location,
    as_location,
    delete_keys,
    list_keys,
    list_names,
    name_of,
    raises_store_errors,
    store_path,
)
from .write_probe import PROBE_PREFIX, WriteProbe, write_probe

#: Names of foreign files that an error shows.
SHOWN_NAMES = 5
# Keys that zarr makes in a store. Those that end with "partial" are left by a write that was cut off.
# Version 1 of the layout had slashes in the keys of chunks.
_UNIQUE = "[0-9a-f]{32}"
_PROBE = re.compile(f"{PROBE_PREFIX}{_UNIQUE}")
_POOL = re.compile(f"pool-{_UNIQUE}-[0-9]+")
_METADATA = re.compile(rf"zarr\.(json|{_UNIQUE}\.partial)")
_CHUNK = re.compile(rf"c([./]\d+)*(\.{_UNIQUE}\.partial)?")


def pool_name(token: str, number: int) -> str:
    """Return the name of a store that may lie within another one, and is no part of it.

    Parameters
    ----------
    token : str
        32 hexadecimal digits.
    number : int
        Tells apart those with the same token.
    """
    return f"pool-{token}-{number}"


def within(location: Any, name: str) -> Location:
    """Return the location of what lies at another location by a name."""
    location = as_location(location)
    return location / name if isinstance(location, Path) else store_path(location) / name


def check_location(location: Any, *, overwrite: bool) -> bool:
    """Return whether there is a store at a location; raise if frames must not be stored there.

    Whatever kind of location it is, it is listed: a new store is made only where nothing is, and what
    this library did not make is never deleted.

    Parameters
    ----------
    location : path, URL or zarr store
        Where frames are to be stored.
    overwrite : bool
        Whether a store that is there is to be begun anew.

    Raises
    ------
    OptionTypeError
        If the value is no location.
    StoreError
        If something else is there, a store of another version, or, where a store is to be begun anew,
        anything in it that this library did not make.
    """
    location = as_location(location)
    path = store_path(location)
    names = list_names(path)
    if all(name != "zarr.json" and _may_be_beside(name) for name in names):
        return False
    metadata = read_metadata(path)
    if not metadata:
        raise StoreError(
            f"{name_of(location)} holds what this library did not make: {_shown(names)}. That is never "
            f"deleted, not even with overwrite=True: choose another location for the store"
        )
    if overwrite:
        _require_none(_owned_and_foreign(path, names)[1], location)
    elif metadata["version"] != VERSION:
        raise StoreError(
            f"the store {name_of(location)} was made by another version of this library: the version "
            f"of the store is {metadata['version']}, here it is {VERSION}; overwrite=True begins it anew"
        )
    return True


@raises_store_errors
def open_store(
    location: Any,
    n_frames: int,
    frame_shape: tuple[int, int, int],
    chunk: int,
    *,
    overwrite: bool,
    origin: Mapping[str, Any],
    render: str | None = None,
) -> FrameStore:
    """Open a store for a render; make it anew if it is damaged or has other chunks.

    Parameters
    ----------
    location : path, URL or zarr store
        Where it is.
    n_frames : int
        Number of frames, 0 if it is unknown.
    frame_shape : tuple of int
        Height, width and channels.
    chunk : int
        Frames in a chunk.
    overwrite : bool
        Whether to make it anew in any case.
    origin : mapping
        What the frames depend on, for the next render with the store to compare; plain JSON.
    render : str, optional
        Identifies the render, by a name that no other has; by default a new one.

    Raises
    ------
    StoreError
        If frames must not be stored there, or frames of another shape are and may not be replaced.
    """
    is_there = check_location(location, overwrite=overwrite)
    location = as_location(location)
    path = store_path(location)
    render = render or uuid.uuid4().hex
    attributes: dict[str, Any] = {METADATA_KEY: {**KIND, "render": render}, ORIGIN_KEY: dict(origin)}
    if is_there:
        is_fitting = not overwrite and chunk_of(location, frame_shape) == chunk
        _take_over(path, attributes, keeps_frames=is_fitting)
        group = open_group(path)
    else:
        group = zarr.create_group(path, zarr_format=3, attributes=attributes)
    create_arrays(group, n_frames, frame_shape, chunk)
    frames, digests = map(writing_empty_chunks, arrays_of(group))
    store = FrameStore(name_of(location), frames, digests, render)
    store.reserve(n_frames)
    return store


@contextmanager
def location_probe(location: Any, n_workers: int) -> Iterator[WriteProbe]:
    """Create a `WriteProbe` where frames are to be stored, and leave everything as it was in the end.

    Raises
    ------
    StoreError
        If frames must not be stored there, or nothing can be written.
    """
    is_there = check_location(location, overwrite=False)
    location = as_location(location)
    path = store_path(location)
    made = [] if is_there else _missing_directories(location)
    try:
        if not is_there:
            _create_group(path)
        with write_probe(path, name_of(location), n_workers) as probe:
            yield probe
    finally:
        if not is_there:
            with suppress(Exception):  # an error of the store's was raised before
                delete_keys(path, ["zarr.json"])
        for directory in made:
            with suppress(OSError):  # there is something in it by now
                directory.rmdir()


@raises_store_errors
def _create_group(path: StorePath) -> None:
    zarr.create_group(path, zarr_format=3)


def _missing_directories(location: Location) -> list[Path]:
    """Return the directories that would be made for a store, the innermost first."""
    if not isinstance(location, Path):
        return []
    return [path for path in (location, *location.parents) if not path.exists()]


@raises_store_errors
def open_to_read(location: Any) -> FrameStore:
    """Open a store that is there, complete or not, and leave it as it is."""
    location = as_location(location)
    frames, digests = arrays_of(open_to_look(store_path(location)))
    return FrameStore(name_of(location), frames, digests)


@raises_store_errors
def discard_pool(location: Any, name: str) -> None:
    """Delete a store within a location; what else may lie in it stays."""
    path = store_path(as_location(location))
    names = list_names(path / name)
    owned, _ = _owned_and_foreign(path / name, names)
    owned += filter(_METADATA.fullmatch, names)
    delete_keys(path, [f"{name}/{key}" for key in owned])


def _take_over(path: StorePath, attributes: Mapping[str, Any], *, keeps_frames: bool) -> None:
    """Make a store that of another render, and delete what that render cannot use."""
    names = list_names(path)
    probes, _ = _owned_and_foreign(path, filter(_PROBE.fullmatch, names))  # of renders that were killed
    owned: list[str] = []
    if not keeps_frames:
        owned, foreign = _owned_and_foreign(path, set(names) & set(ARRAYS))
        _require_none(foreign, path)
    open_group(path).attrs.update(attributes)  # first, as it stops a render that still writes
    delete_keys(path, [*probes, *owned])


def _owned_and_foreign(path: StorePath, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the keys of frames and probes below some names in a store, and all that is foreign."""
    owned: list[str] = []
    foreign: list[str] = []
    for name in names:
        if name in ARRAYS or _PROBE.fullmatch(name):
            for key in list_keys(path / name):
                is_owned = _METADATA.fullmatch(key) or _CHUNK.fullmatch(key)
                (owned if is_owned else foreign).append(f"{name}/{key}")
        elif not _may_be_beside(name):
            foreign.append(name)
    return owned, foreign


def _may_be_beside(name: str) -> bool:
    """Return whether a name in a store is neither foreign nor that of frames."""
    return bool(_METADATA.fullmatch(name) or _POOL.fullmatch(name))


def _require_none(foreign: list[str], location: Location) -> None:
    if foreign:
        raise StoreError(
            f"the store {name_of(location)} cannot be begun anew, as it holds what this library did not "
            f"make: {_shown(foreign)}. That is never deleted: choose another location, or move it away"
        )


def _shown(names: list[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
