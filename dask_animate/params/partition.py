"""Partitions: runs of consecutive frames with their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .items import not_indexed


@dataclass(frozen=True)
class DelayedItems:
    """Parameters of a partition that workers compute, possibly together with those of others.

    Attributes
    ----------
    delayed : Delayed or None
        Computes a sequence; None in the partition that is sent to a worker, which gets the result.
    start, stop : int
        The items of that sequence that belong to the partition.
    """

    delayed: Any
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Partition:
    """A run of consecutive frames: the unit of work, of failure and of resume.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    params : sequence or DelayedItems
        One item for each frame.
    n_bytes : int
        Bytes of the parameters; 0 if they were not counted.
    """

    start: int
    params: Sequence[Any] | DelayedItems
    n_bytes: int

    def __len__(self) -> int:
        return len(self.params)

    def items(self, computed: Any = None) -> Sequence[Any]:
        """Return the parameters, taken from what workers computed, or computed now if that is None."""
        params = self.params
        if not isinstance(params, DelayedItems):
            return params
        if computed is None:
            computed = params.delayed.compute()
        items: Sequence[Any] = computed[params.start : params.stop]
        return [not_indexed(item) for item in items] if isinstance(items, list) else items
