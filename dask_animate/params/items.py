"""The parameters of one frame: their size, whether dask has to compute them, and copies of them."""

from __future__ import annotations

import copy
import operator
import pickle
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cloudpickle
import numpy as np
from dask import compute
from dask.base import is_dask_collection
from dask.sizeof import sizeof
from numpy.typing import NDArray

from ..errors import AnimateError, ParamsError, in_words
from .frame_order import IndexedFrameParams

#: Longer lists, tuples and dicts are not searched for Delayed objects.
MAX_SEARCHED = 100

_IMMUTABLE = frozenset({bool, int, float, complex, str, bytes, range, type(None)})

_SIZE_IS_KNOWN = (int, float, complex, str, bytes, type(None), np.generic, np.ndarray)


def nbytes(item: Any) -> int:
    """Return the size of an object in bytes, in memory or when it is sent to a worker.

    dask's `sizeof` is fast, but reports a small size for classes that it does not know. So objects that
    look small are pickled, without copying the arrays in them.
    """
    size = int(sizeof(item))
    if size < 10_000 and not isinstance(item, _SIZE_IS_KNOWN):
        try:
            size = max(size, pickled_bytes(item))
        except Exception:
            return size  # an error is raised when it is sent
    return size


def pickled_bytes(item: Any) -> int:
    """Return the size of an object's pickle in bytes, without copying the arrays in it."""
    buffers: list[pickle.PickleBuffer] = []
    data = cloudpickle.dumps(item, protocol=5, buffer_callback=buffers.append)
    return len(data) + sum(buffer.raw().nbytes for buffer in buffers)


def private(item: Any) -> Any:
    """Return a deep copy of an item that shares only what cannot be changed or copied.

    Read-only arrays are shared, and objects such as locks, open files and generators. Arrays keep their
    class. References to one object within the item are references to one object in the copy.
    """
    try:
        return _copied(item, {})
    except RecursionError:
        return item


def private_items(items: Iterable[Any]) -> list[Any]:
    """Return a list of copies of items, as `private` makes them; what several share, the copies share.

    Items that have yet to be computed, such as Delayed objects, are shared.
    """
    memo: dict[int, Any] = {}
    try:
        return [item if is_pending(item) else _copied(item, memo) for item in items]
    except RecursionError:
        return list(items)


def _copied(item: Any, memo: dict[int, Any]) -> Any:
    kind = type(item)
    if _is_immutable(kind):
        return item
    if id(item) in memo:  # filled as by `copy.deepcopy`
        return memo[id(item)]
    result: Any
    if kind is np.ndarray and not item.dtype.hasobject:
        result = item.copy(order="K") if item.flags.writeable else item
    elif kind is list:
        memo[id(item)] = result = []
        plain = all(map(_is_immutable, set(map(type, item))))  # most lists hold numbers
        result.extend(item if plain else [_copied(member, memo) for member in item])
    elif kind is dict:
        memo[id(item)] = result = {}
        result.update((name, _copied(member, memo)) for name, member in item.items())
    elif kind is tuple:
        members = tuple(_copied(member, memo) for member in item)
        same = all(map(operator.is_, members, item))
        result = memo.get(
            id(item), item if same else members
        )  # in the memo if the tuple contains itself
    else:
        try:
            result = copy.deepcopy(item, memo)
        except Exception:
            result = item
    memo[id(item)] = result
    return result


def _is_immutable(kind: type) -> bool:
    return kind in _IMMUTABLE or (issubclass(kind, np.generic) and not issubclass(kind, np.void))


def is_pending(item: Any) -> bool:
    """Return whether an item is or contains a Delayed object, another dask collection or a Future."""
    if isinstance(item, list | tuple | dict):
        members = item.values() if isinstance(item, dict) else item
        return len(item) <= MAX_SEARCHED and any(map(is_pending, members))
    return is_dask_collection(item) or _is_future(item)


def any_pending(items: Sequence[Any] | NDArray[Any]) -> bool:
    """Return whether one of many items is pending, without a look at each if they are numbers."""
    if isinstance(items, np.ndarray) and not items.dtype.hasobject:
        return False
    kinds = set(map(type, items))
    if all(_is_immutable(kind) or kind is np.ndarray for kind in kinds):
        return False
    return any(map(is_pending, items))


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Say what is read in the context, if what the caller gave for it fails."""
    try:
        yield
    except AnimateError:
        raise
    except Exception as exc:
        raise ParamsError(f"{what}: {in_words(exc)}") from exc


def resolved(item: Any) -> Any:
    """Return the value of a pending item, computed by dask's current scheduler."""
    (value,) = compute(item)
    if is_pending(value):  # a Future, which only its client can gather
        from distributed import get_client

        value = get_client().gather(value)
    return not_indexed(value)


def not_indexed(item: Any) -> Any:
    """Return a computed item; raise if it is an `IndexedFrameParams`, which comes too late."""
    if isinstance(item, IndexedFrameParams):
        raise ParamsError(
            "a Delayed object returned an IndexedFrameParams, but its frame must be known before it is "
            "computed: put the Delayed object into the IndexedFrameParams"
        )
    return item


def _is_future(value: object) -> bool:
    # Imported if there are Futures; without the name if another thread is just importing it.
    kind = getattr(sys.modules.get("distributed"), "Future", None)
    return kind is not None and isinstance(value, kind)
