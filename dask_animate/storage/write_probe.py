"""Write probes: random bytes that each worker writes to a store, to show that this process sees them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from zarr.storage import StorePath

from ..errors import ParamsError, StoreError
from .layout import FLAT_KEYS, open_group
from .location import delete_keys, raises_store_errors, require_found

#: Bytes that each worker writes.
PROBE_BYTES = 2**18
#: How the name of a probe's array begins.
PROBE_PREFIX = "proof-"


@dataclass(frozen=True)
class WriteProbe:
    """An array in a store in which each worker writes one row; can be pickled.

    Attributes
    ----------
    array : zarr.Array of uint8, shape (n_workers, PROBE_BYTES)
        The array.
    store_name : str
        How messages call the store.
    """

    array: zarr.Array[Any]
    store_name: str

    @raises_store_errors
    def write(self, idx: int) -> bytes:
        """Write a row on a worker, and return what was written; finding the array is a part of it."""
        try:
            require_found(self.array)
        except ParamsError:
            raise StoreError(
                f"{self.store_name} is not found from there; it has to lie where your process and all "
                f"workers reach it, such as on a shared file system"
            ) from None
        data = np.random.default_rng().integers(0, 256, PROBE_BYTES, np.uint8)
        self.array[idx] = data
        return data.tobytes()

    @raises_store_errors
    def check(self, idx: int, written: bytes, worker: str) -> None:
        """Raise `StoreError` unless this process reads what a worker says it wrote."""
        if np.asarray(self.array[idx]).tobytes() != written:
            raise not_visible(worker, self.store_name)


@contextmanager
def write_probe(path: StorePath, store_name: str, n_workers: int) -> Iterator[WriteProbe]:
    """Create a probe in the store at a path, and delete it in the end."""
    array = _create_array(path, n_workers)
    try:
        yield WriteProbe(array, store_name)
    finally:
        with suppress(Exception):  # an error of the store's was raised before
            keys = ["zarr.json", *(f"c.{idx}.0" for idx in range(n_workers))]
            delete_keys(path, [f"{array.basename}/{key}" for key in keys])


@raises_store_errors
def _create_array(path: StorePath, n_workers: int) -> zarr.Array[Any]:
    return open_group(path).create_array(
        f"{PROBE_PREFIX}{uuid.uuid4().hex}",
        shape=(n_workers, PROBE_BYTES),
        chunks=(1, PROBE_BYTES),
        dtype="u1",
        compressors=None,
        chunk_key_encoding=FLAT_KEYS,
    )


def not_visible(worker: str, store_name: str) -> StoreError:
    """Return the error for a worker that writes where this process does not see it."""
    return StoreError(
        f"what {worker} wrote to the store {store_name} is not seen here: the store has to be in a "
        f"location that all workers reach, such as a shared directory or an s3:// URL"
    )
