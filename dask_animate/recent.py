"""Values that were used last, as many as fit into a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values that were used last, up to a number of bytes, but always the last one.

    Not thread-safe.

    Parameters
    ----------
    max_bytes : int
        What they take at most, unless there is only one.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._n_bytes = 0

    def find(self, key: K) -> V | None:
        """Return the value of a key, which counts as used; None if it is not kept."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def keep(self, key: K, value: V, n_bytes: int) -> None:
        """Keep a value of so many bytes, in the place of the one that the key may have."""
        _, n_before = self._values.pop(key, (None, 0))
        self._values[key] = value, n_bytes
        self._n_bytes += n_bytes - n_before
        while self._n_bytes > self._max_bytes and len(self._values) > 1:
            self._n_bytes -= self._values.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget all of them."""
        self._values.clear()
        self._n_bytes = 0
