"""One frame's parameters: what they take, whether they have to be computed first, and copies."""

from __future__ import annotations

import copy
import operator
import pickle
import sys
from collections.abc import Sequence
from typing import Any

import cloudpickle
import numpy as np
from dask import compute
from dask.base import is_dask_collection
from dask.sizeof import sizeof
from numpy.typing import NDArray

from ..errors import ParamsError
from .frame_order import IndexedFrameParams

#: Members of a list up to which Delayed objects are looked for among them.
MOST_MEMBERS = 100

_IMMUTABLE = frozenset({bool, int, float, complex, str, bytes, range, type(None)})

_SIZE_IS_KNOWN = (int, float, complex, str, bytes, type(None), np.generic, np.ndarray)


def nbytes(item: Any) -> int:
    """Return the bytes that an object takes, in memory or on its way to a worker.

    dask's `sizeof` is quick, but takes an object of a class that it does not know for a small one.
    Those that look small are pickled, without copying the arrays in them.
    """
    size = int(sizeof(item))
    if size < 10_000 and not isinstance(item, _SIZE_IS_KNOWN):
        try:
            size = max(size, pickled_bytes(item))
        except Exception:
            return size  # said when it is sent
    return size


def pickled_bytes(item: Any) -> int:
    """Return the bytes of a pickle, without copying the arrays in it."""
    buffers: list[pickle.PickleBuffer] = []
    data = cloudpickle.dumps(item, protocol=5, buffer_callback=buffers.append)
    return len(data) + sum(buffer.raw().nbytes for buffer in buffers)


def private(item: Any) -> Any:
    """Return a copy in depth of what of an item can be changed; the rest is shared.

    What is one object within the item is one in the copy. Arrays keep their class, read-only ones are
    shared. So is what cannot be copied, such as locks, open files and generators.
    """
    try:
        return _copied(item, {})
    except RecursionError:
        return item


def _copied(item: Any, memo: dict[int, Any]) -> Any:
    kind = type(item)
    if _is_immutable(kind):
        return item
    if id(item) in memo:  # as `copy.deepcopy` keeps it
        return memo[id(item)]
    result: Any
    if kind is np.ndarray and not item.dtype.hasobject:
        result = item.copy(order="K") if item.flags.writeable else item
    elif kind is list:
        memo[id(item)] = result = []
        plain = all(map(_is_immutable, set(map(type, item))))  # the usual list is one of numbers
        result.extend(item if plain else [_copied(member, memo) for member in item])
    elif kind is dict:
        memo[id(item)] = result = {}
        result.update((name, _copied(member, memo)) for name, member in item.items())
    elif kind is tuple:
        members = tuple(_copied(member, memo) for member in item)
        same = all(map(operator.is_, members, item))
        result = memo.get(id(item), item if same else members)  # there if the tuple is in itself
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
    """Whether an item is, or holds, a Delayed object, another dask collection or a Future."""
    if isinstance(item, list | tuple | dict):
        members = item.values() if isinstance(item, dict) else item
        return len(item) <= MOST_MEMBERS and any(map(is_pending, members))
    return is_dask_collection(item) or _is_future(item)


def any_pending(items: Sequence[Any] | NDArray[Any]) -> bool:
    """Whether one of many items is pending."""
    if isinstance(items, np.ndarray) and not items.dtype.hasobject:
        return False
    kinds = set(map(type, items))  # of which there are few
    if all(_is_immutable(kind) or kind is np.ndarray for kind in kinds):
        return False
    return any(map(is_pending, items))


def resolved(item: Any) -> Any:
    """Return what an item becomes that is pending, computed by dask's current scheduler."""
    (value,) = compute(item)
    if is_pending(value):  # a Future, which only its client can resolve
        from distributed import get_client

        value = get_client().gather(value)
    return not_indexed(value)


def not_indexed(item: Any) -> Any:
    """Return what was computed, or raise if it says too late which frame it is for."""
    if isinstance(item, IndexedFrameParams):
        raise ParamsError(
            "a Delayed object gave an IndexedFrameParams, but its frame has to be known before it is "
            "computed: put the Delayed object into the IndexedFrameParams"
        )
    return item


def _is_future(value: object) -> bool:
    distributed = sys.modules.get("distributed")  # who has a Future has imported it
    return distributed is not None and isinstance(value, distributed.Future)
