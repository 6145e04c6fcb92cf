"""The parameters of any frame: access by index, in any order, to every kind of parameter sequence."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate
from typing import Any, Generic, Protocol, TypeVar

from dask import delayed

from .blocks import LoadedItems, PartitionBlocks, UnfilledPartition, delayed_blocks
from .items import is_pending, nbytes
from .partition import DelayedItems, Partition
from .slices import Slices

T = TypeVar("T")

#: Runs of frames whose data are kept, as neighbours are likely to need them.
KEPT_RUNS = 3


class ByFrame(Protocol):
    """The parameters of all frames, in any order."""

    def __len__(self) -> int:
        """Return the number of frames."""
        ...

    def partition(self, frame_idx: int) -> Partition:
        """Return a partition of one frame.

        If dask computes its data, frames of one chunk share the Delayed object of the chunk, so that
        its result can be kept.
        """
        ...


class LRUCache(Generic[T]):
    """Values of the keys that were asked for last, `KEPT_RUNS` of them. Not thread-safe."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key, made if need be."""
        if key not in self._values:
            self._values[key] = make()
        self._values.move_to_end(key)
        while len(self._values) > KEPT_RUNS:
            self._values.popitem(last=False)
        return self._values[key]

    def discard(self, key: Hashable) -> None:
        """Forget the value of a key, if there is one."""
        self._values.pop(key, None)

    def clear(self) -> None:
        """Forget all of them."""
        self._values.clear()


class ItemsByFrame:
    """Items in memory, some of which dask may have to compute.

    Parameters
    ----------
    items : sequence
        One for each frame, in order.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items
        self._delayed: LRUCache[Any] = LRUCache()

    def __len__(self) -> int:
        return len(self._items)

    def partition(self, frame_idx: int) -> Partition:
        """Return a partition of one frame; see `ByFrame`."""
        item = self._items[frame_idx]
        if not is_pending(item):
            return Partition(frame_idx, [item], nbytes(item))
        run = UnfilledPartition(frame_idx, 1, LoadedItems())
        computed = self._delayed.get(frame_idx, lambda: delayed(as_blocks)([item]))
        return Partition(frame_idx, DelayedItems((run,), (computed,), 0, 1), 0)


class SlicesByFrame:
    """Slices of arrays.

    Parameters
    ----------
    slices : Slices
        The slices of all frames.
    edges : sequence of int
        Where chunks of the data end.
    max_bytes : float
        A larger chunk is not read as a whole for one frame.
    """

    def __init__(self, slices: Slices, edges: Sequence[int], max_bytes: float) -> None:
        self._slices = slices
        self._starts = [0, *edges[:-1]]
        self._ends = edges
        self._max_bytes = max_bytes
        self._runs: LRUCache[tuple[UnfilledPartition, Any]] = LRUCache()

    def __len__(self) -> int:
        return len(self._slices)

    def partition(self, frame_idx: int) -> Partition:
        """Return a partition of one frame; see `ByFrame`."""
        idx = bisect_right(self._ends, frame_idx)
        first, last = self._starts[idx], self._ends[idx]
        if (last - first) * self._slices.slice_bytes > self._max_bytes:
            first, last = frame_idx, frame_idx + 1
        slices = self._slices[first:last]
        if last - first == 1 and not slices.is_lazy:
            return Partition(frame_idx, slices, slices.travel_bytes)
        run, loaded = self._runs.get((first, last), lambda: _run(first, slices))
        offset = frame_idx - first
        return Partition(frame_idx, DelayedItems((run,), (loaded,), offset, offset + 1), 0)


class BlocksByFrame:
    """The partitions of a bag.

    Parameters
    ----------
    blocks : PartitionBlocks
        All of them.
    """

    def __init__(self, blocks: PartitionBlocks) -> None:
        self._blocks = blocks
        self._loads = delayed_blocks(blocks)
        self._ends = list(accumulate(blocks.sizes))

    def __len__(self) -> int:
        return self._ends[-1]

    def partition(self, frame_idx: int) -> Partition:
        """Return a partition of one frame; see `ByFrame`."""
        idx = bisect_right(self._ends, frame_idx)
        run = self._blocks.partition(idx)
        offset = frame_idx - run.start
        return Partition(frame_idx, DelayedItems((run,), (self._loads[idx],), offset, offset + 1), 0)


def _run(start: int, slices: Slices) -> tuple[UnfilledPartition, Any]:
    """Return a run of slices without their data, and a Delayed object that reads or computes those."""
    n_frames = len(slices)
    if not slices.is_lazy:
        run = UnfilledPartition(start, n_frames, LoadedItems())
        return run, delayed(as_blocks)(slices.delayed())
    blocks = PartitionBlocks((n_frames,), *slices.divided((n_frames,)))
    return blocks.partition(0), delayed_blocks(blocks)[0]


def as_blocks(items: Sequence[Any]) -> tuple[Sequence[Any]]:
    """Task: return items as the only block."""
    return (items,)
