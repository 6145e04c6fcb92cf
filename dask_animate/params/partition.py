"""Runs of consecutive frames, and the parameters that they are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .items import not_indexed


@dataclass(frozen=True)
class DelayedItems:
    """Parameters of a partition that are computed on the workers, perhaps with those of others.

    Attributes
    ----------
    delayed : Delayed or None
        Becomes a sequence; None once it is on its way.
    start, stop : int
        Which items of it.
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
    params : sequence or Awaited
        One item for each frame.
    n_bytes : int
        Bytes of the parameters, where they were counted.
    """

    start: int
    params: Sequence[Any] | DelayedItems
    n_bytes: int

    def __len__(self) -> int:
        return len(self.params)

    def items(self, computed: Any = None) -> Sequence[Any]:
        """Return the parameters: as computed on the workers, or computed now where they have to be."""
        params = self.params
        if not isinstance(params, DelayedItems):
            return params
        if computed is None:
            computed = params.delayed.compute()
        items: Sequence[Any] = computed[params.start : params.stop]
        return [not_indexed(item) for item in items] if isinstance(items, list) else items
