"""Partitions: runs of consecutive frames with their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dask import compute

from .blocks import UnfilledParams
from .items import not_indexed
from .sliced import BlockArray


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


@dataclass(frozen=True, eq=False)
class BlockItems:
    """Parameters of one partition that dask computes in the task that draws it.

    Attributes
    ----------
    n : int
        Number of frames.
    params : UnfilledParams
        The parameters, which lack what dask computes.
    arrays : sequence of (dask.array.Array, int or None)
        What dask computes, and the axis of each along which the frames are, in one block.
    """

    n: int
    params: UnfilledParams
    arrays: Sequence[BlockArray]

    def __len__(self) -> int:
        return self.n


@dataclass(frozen=True)
class Partition:
    """A run of consecutive frames: the unit of work, of failure and of resume.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    params : sequence, DelayedItems or BlockItems
        One item for each frame.
    n_bytes : int
        Bytes of the parameters; 0 if they were not counted.
    """

    start: int
    params: Sequence[Any] | DelayedItems | BlockItems
    n_bytes: int

    def __len__(self) -> int:
        return len(self.params)

    def items(self, computed: Any = None) -> Sequence[Any]:
        """Return the parameters, taken from what workers computed, or computed now if that is None."""
        params = self.params
        if isinstance(params, BlockItems):
            return params.params.filled(self.start, compute(*(array for array, _ in params.arrays)))
        if not isinstance(params, DelayedItems):
            return params
        if computed is None:
            computed = params.delayed.compute()
        items: Sequence[Any] = computed[params.start : params.stop]
        return [not_indexed(item) for item in items] if isinstance(items, list) else items
