"""Where zarr keeps things: paths, URLs and stores, what lies there, and how it is deleted."""

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
from zarr.core.sync import sync  # runs in zarr's own loop, to which the connections of a store belong
from zarr.storage import FsspecStore, LocalStore, StorePath, WrapperStore

from ..errors import AnimateError, OptionTypeError, ParamsError, StoreError

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds to wait before metadata that cannot be parsed is read again.
REWRITE_PAUSES = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
#: Keys that are deleted at the same time.
DELETES_AT_ONCE = 64
# What fsspec takes for the local file system.
_LOCAL_URL = re.compile(r"(?:file:(?://(?:localhost(?=/))?)?|local://)")


def opened(open_: Callable[..., T], place: Any, **options: Any) -> T:
    """Open something of zarr; wait for a moment where another process is just writing its metadata.

    zarr 3.0 writes files in place, so that a reader may meet one that is empty or cut off.
    """
    for pause in REWRITE_PAUSES:
        try:
            return open_(store=place, **options)
        except json.JSONDecodeError:
            time.sleep(pause)
    return open_(store=place, **options)


def require_there(array: zarr.Array[Any]) -> None:
    """Raise if an array is not found from this process, which zarr would read as full of zeros."""
    with suppress(FileNotFoundError):  # of zarr, which does not travel
        opened(zarr.open_array, array.store_path, mode="r")
        return
    raise ParamsError(f"there is no zarr array at {array.store_path}, seen from here")


def lives_in_memory(array: Any) -> bool:
    """Whether an array is a zarr array that only this process can read."""
    return isinstance(array, zarr.Array) and isinstance(array.store, zarr.storage.MemoryStore)


def saying_why(function: Callable[P, T]) -> Callable[P, T]:
    """Raise whatever a store may raise, which libraries do not agree about, as a `StoreError`."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except AnimateError:
            raise
        except Exception as exc:
            what = f"{type(exc).__name__}: {exc}"
        raise StoreError(f"the store cannot be used: {what}")  # the cause may not travel

    return wrapped


def as_place(place: Any) -> Any:
    """Return what zarr opens: an absolute path, a URL, or a store that can be written by several."""
    if isinstance(place, str) and (local := _LOCAL_URL.match(place)):
        path = url2pathname(place[local.end() :])
        return Path(os.path.abspath(path))  # by URL, zarr would not write it at one stroke
    if isinstance(place, str) and "://" in place:
        return place
    store = place.store if isinstance(place, StorePath) else place
    if isinstance(store, zarr.storage.ZipStore):
        raise OptionTypeError("a ZipStore cannot be written by several processes, nor changed")
    if isinstance(store, Store):
        return place
    if isinstance(place, str | os.PathLike):
        path = os.path.expanduser(os.fsdecode(place))
        return Path(os.path.abspath(path))  # also where workers have another directory
    raise OptionTypeError(f"store must be a path, a URL or a zarr store, got {type(place).__name__}")


@saying_why
def site_of(place: Any) -> StorePath:
    """Return what `as_place` returned as a place in a zarr store, of whatever kind; opens nothing."""
    if isinstance(place, StorePath):
        return _rooted(place)
    if isinstance(place, Path):
        return StorePath(LocalStore(place))
    return StorePath(place if isinstance(place, Store) else FsspecStore.from_url(place))


def _rooted(site: StorePath) -> StorePath:
    """Return the same place as a store of its own, where zarr writes no groups above it."""
    if type(site.store) is LocalStore and site.path:
        return StorePath(LocalStore(site.store.root / site.path))
    if type(site.store) is FsspecStore and site.path:
        return StorePath(FsspecStore(site.store.fs, path=f"{site.store.path.rstrip('/')}/{site.path}"))
    return site


@saying_why
def names_at(site: StorePath) -> list[str]:
    """Return the names of what lies at a place, files and folders; none if there is nothing."""
    store = _unwrapped(site.store)
    if isinstance(store, LocalStore) and (store.root / site.path).is_file():
        raise StoreError(f"{site} is a file: choose another place as store")
    if isinstance(store, FsspecStore):
        if set("*?[") & set(f"{store.path}{site.path}"):
            raise StoreError(f"{site} cannot be a store: fsspec takes *, ? and [ for patterns of names")
        # A listing that is remembered does not show what other processes wrote since.
        getattr(store.fs, "sync_fs", store.fs).invalidate_cache()
    return sync(_names(site))


def _unwrapped(store: Store) -> Store:
    return _unwrapped(store._store) if isinstance(store, WrapperStore) else store


async def _names(site: StorePath) -> list[str]:
    # Consoles of S3 mark a folder by an empty object, which has no name in it.
    return sorted({name async for name in site.store.list_dir(site.path)} - {""})


@saying_why
def keys_under(site: StorePath) -> list[str]:
    """Return the keys of all files below a place, relative to it."""
    return sync(_keys(f"{site.path}/" if site.path else "", site.store))


async def _keys(prefix: str, store: Store) -> list[str]:
    # With the slash, as "frames" is also a prefix of "frames_of_mine".
    keys = [key async for key in store.list_prefix(prefix)]
    return [key.removeprefix(prefix) for key in keys if not key.endswith("/")]


@saying_why
def delete(site: StorePath, keys: Sequence[str]) -> None:
    """Delete files at a place, and folders that are empty then; nothing that is not named."""
    sync(_delete(site, keys))
    store = _unwrapped(site.store)
    if isinstance(store, LocalStore):  # elsewhere a folder is there as long as it holds something
        folders = {folder for key in keys for folder in PurePosixPath(key).parents[:-1]}
        for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
            with suppress(OSError):  # not empty
                (store.root / site.path / folder).rmdir()


async def _delete(site: StorePath, keys: Sequence[str]) -> None:
    # Key by key: `delete_dir` takes whatever lies there by then.
    for first in range(0, len(keys), DELETES_AT_ONCE):
        await asyncio.gather(*((site / key).delete() for key in keys[first : first + DELETES_AT_ONCE]))
