"""Store locations: paths, URLs and zarr stores, what lies there, and how it is deleted."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import Any, ParamSpec, TypeVar
from urllib.request import url2pathname

import zarr
from zarr.abc.store import Store
from zarr.storage import FsspecStore, LocalStore, MemoryStore, StorePath, ZipStore

from ..errors import AnimateError, OptionTypeError, ParamsError, StoreError
from ._zarr import file_system, sync, unwrapped

P = ParamSpec("P")
T = TypeVar("T")

#: Where a store may lie, as `as_location` returns it: an absolute path, a URL, or something of zarr's.
Location = Path | str | Store | StorePath

#: Types of zarr that callers pass: an array, and what says where one lies.
ARRAY_TYPE, LOCATION_TYPES = zarr.Array, (Store, StorePath)

#: Seconds to wait before each new attempt to read metadata that cannot be parsed.
REWRITE_PAUSES = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
#: Keys that are deleted at the same time.
DELETES_AT_ONCE = 64
# What fsspec takes for the local file system.
_LOCAL_URL = re.compile(r"(?:file:(?://(?:localhost(?=/))?)?|local://)")


def open_patiently(open_: Callable[..., T], location: Location, **options: Any) -> T:
    """Call one of zarr's functions that open; try again while another process writes the metadata.

    zarr 3.0 writes files in place, so that a reader may meet one that is empty or cut off.
    """
    for pause in REWRITE_PAUSES:
        try:
            return open_(store=location, **options)
        except json.JSONDecodeError:
            time.sleep(pause)
    return open_(store=location, **options)


def require_found(array: zarr.Array[Any]) -> None:
    """Raise `ParamsError` if this process does not find an array, which zarr would read as zeros."""
    with suppress(FileNotFoundError):  # zarr's subclass of it cannot be pickled
        open_patiently(zarr.open_array, array.store_path, mode="r")
        return
    raise ParamsError(f"there is no zarr array at {name_of(array.store_path)}, seen from here")


def lives_in_memory(array: object) -> bool:
    """Whether an array is a zarr array that only this process can read."""
    return isinstance(array, zarr.Array) and isinstance(array.store, MemoryStore)


def raises_store_errors(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function raise `StoreError` for whatever error a storage library raises in it."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except AnimateError:
            raise
        except Exception as exc:
            what = f"{type(exc).__name__}: {exc}"
        raise StoreError(f"the store cannot be used: {what}")  # not chained: the cause may not pickle

    return wrapped


def as_location(value: Any) -> Location:
    """Return a location as zarr opens it, refusing what several processes cannot write to.

    Paths are made absolute, as workers may have another working directory.

    Raises
    ------
    OptionTypeError
        If the value is not a location, or a `ZipStore`.
    """
    if isinstance(value, str) and (local := _LOCAL_URL.match(value)):
        path = url2pathname(value[local.end() :])
        return Path(os.path.abspath(path))  # not as a URL, of which zarr does not write files atomically
    if isinstance(value, str) and "://" in value:
        return value
    store = value.store if isinstance(value, StorePath) else value
    if isinstance(store, ZipStore):
        raise OptionTypeError("a ZipStore cannot be written by several processes, nor changed")
    if isinstance(value, StorePath | Store):
        return value
    if isinstance(value, str | os.PathLike):
        path = os.path.expanduser(os.fsdecode(value))
        return Path(os.path.abspath(path))
    raise OptionTypeError(f"store must be a path, a URL or a zarr store, got {type(value).__name__}")


def name_of(location: Location) -> str:
    """Return what messages call a location: a path on this machine, or a URL."""
    store, key = (location.store, location.path) if isinstance(location, StorePath) else (location, "")
    local = unwrapped(store) if isinstance(store, Store) else None
    return str(local.root / key if isinstance(local, LocalStore) else location)


@raises_store_errors
def store_path(location: Location) -> StorePath:
    """Return a location as a path in a zarr store; opens nothing."""
    if isinstance(location, StorePath):
        return _as_root(location)
    if isinstance(location, Path):
        return StorePath(LocalStore(location))
    return StorePath(location if isinstance(location, Store) else FsspecStore.from_url(location))


def _as_root(path: StorePath) -> StorePath:
    """Return the same location as the root of a store, so that zarr writes no groups above it."""
    if type(path.store) is LocalStore and path.path:
        return StorePath(LocalStore(path.store.root / path.path))
    if type(path.store) is FsspecStore and path.path:
        return StorePath(FsspecStore(path.store.fs, path=f"{path.store.path.rstrip('/')}/{path.path}"))
    return path


@raises_store_errors
def list_names(path: StorePath) -> list[str]:
    """Return the names of the files and folders that lie directly at a path; none if nothing does.

    Raises
    ------
    StoreError
        If the path is a file, or holds characters that fsspec takes for a pattern.
    """
    store = unwrapped(path.store)
    if isinstance(store, LocalStore) and (store.root / path.path).is_file():
        raise StoreError(f"{name_of(path)} is a file: choose another location for the store")
    if isinstance(store, FsspecStore):
        if set("*?[") & set(f"{store.path}{path.path}"):
            raise StoreError(f"{path} cannot be a store: fsspec takes *, ? and [ for patterns of names")
        file_system(store).invalidate_cache()  # a cached listing lacks what other processes wrote since
    return sync(_names(path))


async def _names(path: StorePath) -> list[str]:
    # S3 consoles mark a folder by an empty object, which is listed with an empty name.
    return sorted({name async for name in path.store.list_dir(path.path)} - {""})


@raises_store_errors
def list_keys(path: StorePath) -> list[str]:
    """Return the keys of all files below a path, relative to it."""
    return sync(_keys(f"{path.path}/" if path.path else "", path.store))


async def _keys(prefix: str, store: Store) -> list[str]:
    # The prefix ends with a slash, as "frames" is also a prefix of "frames_of_mine".
    keys = [key async for key in store.list_prefix(prefix)]
    return [key.removeprefix(prefix) for key in keys if not key.endswith("/")]


@raises_store_errors
def delete_keys(path: StorePath, keys: Sequence[str]) -> None:
    """Delete files by their keys relative to a path, and folders that are empty then; nothing else."""
    sync(_delete(path, keys))
    store = unwrapped(path.store)
    if isinstance(store, LocalStore):  # elsewhere, folders exist only as parts of names
        folders = {folder for key in keys for folder in PurePosixPath(key).parents[:-1]}
        for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
            with suppress(OSError):  # not empty
                (store.root / path.path / folder).rmdir()


async def _delete(path: StorePath, keys: Sequence[str]) -> None:
    # Key by key: `delete_dir` deletes whatever lies there by then.
    for first in range(0, len(keys), DELETES_AT_ONCE):
        await asyncio.gather(*((path / key).delete() for key in keys[first : first + DELETES_AT_ONCE]))
