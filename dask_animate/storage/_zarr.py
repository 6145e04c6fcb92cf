"""Private names of zarr and fsspec that this folder relies on, each with the reason why.

`tests/storage/test_zarr_names.py` says in words which of them a release has taken away.
"""

from __future__ import annotations

from typing import Any

import zarr
from zarr.abc.store import Store

# Runs coroutines in zarr's own event loop, to which the open connections of a store belong. Stores have
# only asynchronous methods, and zarr offers no public way to call these from synchronous code.
from zarr.core.sync import sync as sync
from zarr.storage import WrapperStore


def unwrapped(store: Store) -> Store:
    """Return the store that wrappers, such as `LoggingStore`, delegate to.

    What kind of store it is decides on how it is listed and cleaned up; wrappers have no public way to
    ask for it.
    """
    return unwrapped(store._store) if isinstance(store, WrapperStore) else store


def file_system(store: Any) -> Any:
    """Return the fsspec file system of an `FsspecStore` that remembers listings.

    zarr wraps synchronous file systems in fsspec's `AsyncFileSystemWrapper`, whose own
    `invalidate_cache` does nothing. What it wraps is its attribute `sync_fs`, which fsspec does not
    document.
    """
    return getattr(store.fs, "sync_fs", store.fs)


def writing_empty_chunks(array: Any) -> zarr.Array[Any]:
    """Return the same array, but so that it writes chunks that are all zero.

    zarr leaves them out by default, as if they had never been written. `Array.with_config` says the same
    in public, but zarr 3.0 does not have it; so the asynchronous array inside is made anew.
    """
    return zarr.Array(zarr.AsyncArray(array.metadata, array.store_path, {"write_empty_chunks": True}))
