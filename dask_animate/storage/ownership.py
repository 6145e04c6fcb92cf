"""What of a place is this library's: where frames may be kept, and what of it may be deleted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import zarr
from zarr.codecs import ZstdCodec
from zarr.storage import StorePath

from ..errors import StoreError
from .frame_store import (
    FLAT_KEYS,
    KIND,
    MARK_BYTES,
    NOTES_KEY,
    ORIGIN_KEY,
    VERSION,
    FrameStore,
    group_at,
    notes_at,
)
from .location import as_place, delete, keys_under, names_at, saying_why, site_of

#: Names that an error shows of what lies at a place.
SHOWN_NAMES = 5
_ARRAYS = ("frames", "marks")
# What zarr makes of a store; the second of each is left of a write that was cut off. Version 1 had
# slashes in the keys of chunks.
_UNIQUE = "[0-9a-f]{32}"
_PROOF = re.compile(f"proof-{_UNIQUE}")
_NOTES = re.compile(rf"zarr\.(json|{_UNIQUE}\.partial)")
_CHUNK = re.compile(rf"c([./]\d+)*(\.{_UNIQUE}\.partial)?")


def check_place(place: Any, *, overwrite: bool) -> bool:
    """Return whether there is a store at a place; raise if frames must not be kept there.

    What lies there is told by listing it, whatever kind of place it is: a new store is only made where
    nothing is, and what this library did not make is never deleted.

    Parameters
    ----------
    place : path, URL or zarr store
        Where to.
    overwrite : bool
        Whether a store that is there is to be begun anew.

    Raises
    ------
    StoreError
        If something else is there, a store of another version, or, where the store is to be begun anew,
        anything beside what this library made.
    """
    place = as_place(place)
    site = site_of(place)
    names = names_at(site)
    if all(name != "zarr.json" and _NOTES.fullmatch(name) for name in names):
        return False
    notes = notes_at(site)
    if not notes:
        raise StoreError(
            f"{place} holds what this library did not make: {_shown(names)}. That is never deleted, not "
            f"even with overwrite=True: choose another place as store"
        )
    if overwrite:
        _require_none(_ours_and_others(site, names)[1], place)
    elif notes["version"] != VERSION:
        raise StoreError(
            f"the store {place} was made by another version of this library: the version of the store "
            f"is {notes['version']}, here it is {VERSION}; overwrite=True begins it anew"
        )
    return True


@saying_why
def open_store(
    place: Any,
    n_frames: int,
    frame_shape: tuple[int, int, int],
    chunk: int,
    *,
    overwrite: bool,
    origin: Mapping[str, Any],
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
    origin : mapping
        What the frames depend on, to be compared by the next render with the store; plain JSON.
    """
    is_there = check_place(place, overwrite=overwrite)
    place = as_place(place)
    site = site_of(place)
    notes: dict[str, Any] = {
        NOTES_KEY: {**KIND, "render": uuid.uuid4().hex},
        ORIGIN_KEY: dict(origin),
    }
    if is_there:
        _begin_anew(site, notes, is_kept=not overwrite and _chunk(site, frame_shape) == chunk)
        group = group_at(site)
    else:
        group = zarr.create_group(site, zarr_format=3, attributes=notes)
    for name, row in (("frames", frame_shape), ("marks", (MARK_BYTES,))):
        if name not in group:
            group.create_array(
                name,
                shape=(n_frames, *row),
                chunks=(chunk, *row),
                dtype="u1",
                compressors=[ZstdCodec(level=3)],  # see benchmarks/store_compression.py
                fill_value=0,
                chunk_key_encoding=FLAT_KEYS,
            )
    frames, marks = (_writable(group[name]) for name in _ARRAYS)
    store = FrameStore(str(place), frames, marks, notes[NOTES_KEY]["render"])
    store.reserve(n_frames)
    return store


def _begin_anew(site: StorePath, notes: Mapping[str, Any], *, is_kept: bool) -> None:
    """Take over a store for another render, and delete what that one cannot use."""
    names = names_at(site)
    proofs, _ = _ours_and_others(site, filter(_PROOF.fullmatch, names))  # of renders that were killed
    ours: list[str] = []
    if not is_kept:
        ours, others = _ours_and_others(site, set(names) & set(_ARRAYS))
        _require_none(others, site)
    group_at(site).attrs.update(notes)  # first, as it stops a render that still writes
    delete(site, [*proofs, *ours])


@saying_why
def origin_of(place: Any) -> Mapping[str, Any]:
    """Return what the frames of the last render with a store depended on; nothing if there was none."""
    site = site_of(as_place(place))
    origin: Any = group_at(site).attrs.get(ORIGIN_KEY) if notes_at(site) else None
    return origin if isinstance(origin, dict) else {}


def chunk_of(place: Any, frame_shape: tuple[int, int, int]) -> int | None:
    """Return how many frames a chunk of a store has, None if there is none for frames of this shape."""
    return _chunk(site_of(as_place(place)), frame_shape)


@saying_why
def _chunk(site: StorePath, frame_shape: tuple[int, int, int]) -> int | None:
    if not notes_at(site):
        return None
    group = group_at(site)
    try:
        frames, marks = (group.get(name) for name in _ARRAYS)
    except Exception:  # damaged, so that they have to be made anew
        return None
    if not isinstance(frames, zarr.Array) or not isinstance(marks, zarr.Array):
        return None
    chunk = int(frames.chunks[0])
    is_so = (frames.shape[1:], marks.shape[1:], marks.chunks[0]) == (frame_shape, (MARK_BYTES,), chunk)
    return chunk if is_so else None


def _ours_and_others(site: StorePath, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the keys of frames below some names in a store, and what this library did not make."""
    ours: list[str] = []
    others: list[str] = []
    for name in names:
        if name in _ARRAYS or _PROOF.fullmatch(name):
            for key in keys_under(site / name):
                is_ours = _NOTES.fullmatch(key) or _CHUNK.fullmatch(key)
                (ours if is_ours else others).append(f"{name}/{key}")
        elif not _NOTES.fullmatch(name):
            others.append(name)
    return ours, others


def _require_none(others: list[str], place: Any) -> None:
    if others:
        raise StoreError(
            f"the store {place} cannot be begun anew, as it holds what this library did not make: "
            f"{_shown(others)}. That is never deleted: choose another place, or move it away"
        )


def _shown(names: list[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _writable(array: Any) -> zarr.Array[Any]:
    # zarr would leave out chunks that are all zero, as if they were never written. Its older releases
    # have no `Array.with_config`.
    return zarr.Array(zarr.AsyncArray(array.metadata, array.store_path, {"write_empty_chunks": True}))
