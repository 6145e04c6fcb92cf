"""The parameters of all partitions in a dask graph, which computes only those that are needed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ParamsError
from .frame_order import with_index
from .items import not_indexed
from .sliced import BlockArray


class UnfilledParams(Protocol):
    """The parameters of consecutive frames, without the data that dask computes."""

    def __getitem__(self, idx: slice) -> UnfilledParams:
        """Return the parameters of some of the frames."""
        ...

    def filled(self, start: int, blocks: Sequence[Any]) -> Sequence[Any]:
        """Return the complete parameters, one item for each frame.

        Parameters
        ----------
        start : int
            Frame index of the first frame.
        blocks : sequence of ndarray
            The data of these frames, in the order of `PartitionBlocks.arrays`.
        """
        ...


@dataclass(frozen=True, eq=False)
class UnfilledPartition:
    """A run of consecutive frames as it is sent to a task, without the data that dask computes.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    n_frames : int
        Number of frames.
    params : UnfilledParams
        Their parameters.
    """

    start: int
    n_frames: int
    params: UnfilledParams

    def filled(self, blocks: Sequence[Any]) -> Sequence[Any]:
        """Return the complete parameters, one item for each frame."""
        return self.params.filled(self.start, blocks)


@dataclass(frozen=True, eq=False)
class PartitionBlocks:
    """All partitions; some of their parameters, or all, are blocks of dask arrays.

    Attributes
    ----------
    sizes : tuple of int
        Number of frames of each partition.
    params : UnfilledParams
        The parameters of all frames, without the data that dask computes.
    arrays : sequence of (dask.array.Array, int or None)
        Those data: arrays, and the axis of each with one block for each partition. None if every
        partition needs the whole array.
    """

    sizes: tuple[int, ...]
    params: UnfilledParams
    arrays: Sequence[BlockArray] = ()

    def partition(self, idx: int) -> UnfilledPartition:
        """Return one of the partitions."""
        stop = self._ends[idx]
        n_frames = self.sizes[idx]
        return UnfilledPartition(stop - n_frames, n_frames, self.params[stop - n_frames : stop])

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(self.sizes))


@dataclass(frozen=True, eq=False)
class ItemsAtHand:
    """Items in memory; dask computes none of their data."""

    items: Sequence[Any]

    def __getitem__(self, idx: slice) -> ItemsAtHand:
        """Return some of the items."""
        return ItemsAtHand(self.items[idx])

    def filled(self, start: int, blocks: Sequence[Any]) -> Sequence[Any]:
        """Return the items."""
        return self.items


@dataclass(frozen=True, eq=False)
class PendingItems:
    """Items that dask computes, among them Delayed objects or Futures: a block is a list of items."""

    n: int

    def __getitem__(self, idx: slice) -> PendingItems:
        """Return some of the items."""
        return PendingItems(idx.stop - idx.start)

    def filled(self, start: int, blocks: Sequence[Any]) -> Sequence[Any]:
        """Return the items; raise if one is an `IndexedFrameParams`."""
        return [not_indexed(item) for item in blocks[0].item()]


class BagItems(PendingItems):
    """Items of a bag: a block is the list of a partition's items, of which later ones may be ignored."""

    def __getitem__(self, idx: slice) -> BagItems:
        """Return some of the items."""
        return BagItems(idx.stop - idx.start)

    def filled(self, start: int, blocks: Sequence[Any]) -> Sequence[Any]:
        """Return the items; raise if they are not in frame order."""
        indexed = list(with_index(blocks[0].item(), start))
        if [idx for idx, _ in indexed] != list(range(start, start + len(indexed))):
            raise ParamsError("the items of a Bag must be in frame order here: sort the bag by frame_id")
        return [item for _, item in indexed[: self.n]]


def bag_as_array(bag: Any) -> Any:
    """Return a bag as a dask array of one object in each block, the list of a partition's items."""
    import dask.array
    from dask.blockwise import blockwise
    from dask.highlevelgraph import HighLevelGraph

    name = f"load-{uuid.uuid4().hex}"
    n_partitions = bag.npartitions
    layer = blockwise(_boxed, name, "i", bag.name, "i", numblocks={bag.name: (n_partitions,)})
    graph = HighLevelGraph.from_collections(name, layer, dependencies=[bag])
    return dask.array.Array(graph, name, ((1,) * n_partitions,), object)


def count_items(loaded: Any) -> list[int]:
    """Compute the number of items in each partition of a bag; `loaded` comes from `bag_as_array`."""
    name = f"count-{uuid.uuid4().hex}"
    counts = loaded.map_blocks(_n_items, dtype=np.int64, name=name, meta=np.empty(0, np.int64))
    return [int(count) for count in counts.compute()]


def _boxed(items: Any) -> NDArray[np.object_]:
    """Task: put the items of a partition, which may be an iterator, into an array of one object."""
    box = np.empty(1, object)
    box[0] = list(items)
    return box


def _n_items(box: NDArray[np.object_]) -> NDArray[np.int64]:
    """Task: count the items in such an array."""
    return np.array([len(box.item())])
