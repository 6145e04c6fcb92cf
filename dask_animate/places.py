"""Where zarr keeps things: paths, URLs and stores, looked at with care."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

import zarr
from zarr.abc.store import Store

from .errors import AnimateError, OptionTypeError, ParamsError, StoreError

P = ParamSpec("P")
T = TypeVar("T")


def require_there(array: zarr.Array[Any]) -> None:
    """Raise if an array is not found from this process, which zarr would read as full of zeros."""
    with suppress(FileNotFoundError):  # of zarr, which does not travel
        zarr.open_array(store=array.store_path, mode="r")
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
    if isinstance(place, str) and place.startswith("file:"):
        path = url2pathname(urlsplit(place).path)
        return Path(os.path.abspath(path))  # by URL, zarr would not write it at one stroke
    if isinstance(place, str) and "://" in place:
        return place
    if isinstance(place, zarr.storage.ZipStore):
        raise OptionTypeError("a ZipStore cannot be written by several processes, nor changed")
    if isinstance(place, Store):
        return place
    if isinstance(place, str | os.PathLike):
        return Path(os.path.abspath(os.fsdecode(place)))  # also where workers have another directory
    raise OptionTypeError(f"store must be a path, a URL or a zarr store, got {type(place).__name__}")


def found_at(place: Any) -> zarr.Array[Any] | zarr.Group | None:
    """Return what there is at a place; raise if it is not for zarr to overwrite."""
    try:
        return zarr.open(store=place, mode="r")
    except (FileNotFoundError, ValueError) as exc:
        problem: Exception = exc
    except Exception as exc:
        raise StoreError(f"the store {place} cannot be opened: {type(exc).__name__}: {exc}") from None
    if isinstance(place, Path) and place.exists() and (place.is_file() or any(place.iterdir())):
        raise StoreError(
            f"{place} holds something that is no zarr store ({problem}): choose another place"
        )
    return None
