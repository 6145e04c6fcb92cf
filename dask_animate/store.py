"""What is kept in zarr."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import zarr

from .errors import ParamsError


def open_array(place: Any) -> zarr.Array[Any]:
    """Open an array to read it, by its path or its URL."""
    try:
        found = zarr.open(store=place, mode="r")
    except (FileNotFoundError, ValueError, OSError) as exc:
        raise ParamsError(f"there is no zarr array at {place}: {exc}") from exc
    if not isinstance(found, zarr.Array):
        names = ", ".join(sorted(found.array_keys())) or "none"
        raise ParamsError(f"{place} is a zarr group; give the path of one of its arrays: {names}")
    return found


def require_there(array: zarr.Array[Any]) -> None:
    """Raise if an array is not found from this process, which zarr would read as full of zeros."""
    with suppress(FileNotFoundError):  # of zarr, which does not travel
        zarr.open_array(store=array.store_path, mode="r")
        return
    raise ParamsError(f"there is no zarr array at {array.store_path}, seen from here")


def lives_in_memory(array: Any) -> bool:
    """Whether an array is a zarr array that only this process can read."""
    return isinstance(array, zarr.Array) and isinstance(array.store, zarr.storage.MemoryStore)
