"""The parameters of all partitions in a dask graph, which computes only those that are needed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from dask.delayed import Delayed
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


@dataclass(frozen=True, eq=False)
class LoadedItems:
    """Items all of which come from a task of their own: the only block is a sequence of them."""

    def __getitem__(self, idx: slice) -> LoadedItems:
        """Return some of the items."""
        return self

    def filled(self, start: int, blocks: Sequence[Any]) -> Sequence[Any]:
        """Return the items; raise if one of a list is an `IndexedFrameParams`."""
        items: Sequence[Any] = blocks[0]
        return [not_indexed(item) for item in items] if isinstance(items, list) else items


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


def block_axes(arrays: Sequence[BlockArray], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield names of the axes of arrays, as `dask.array.blockwise` takes them.

    The axis along which partitions lie is called "t". Axes of one block get the names of axes of the
    result, as far as there are some: dask does not fuse over axes that the result lacks.

    Parameters
    ----------
    arrays : sequence of (dask.array.Array, int or None)
        Arrays, and their axis of partitions.
    names : sequence of str
        The other axes of the result.
    """
    for k, (array, axis) in enumerate(arrays):
        free = iter(names)
        yield tuple(
            "t" if i == axis else next(free, f"{k}.{i}") if n == 1 else f"{k}.{i}"
            for i, n in enumerate(array.numblocks)
        )


def delayed_blocks(blocks: PartitionBlocks) -> list[Any]:
    """Return for each partition a Delayed object that computes its blocks of all arrays, as a tuple.

    All of them share one graph, which was optimized as a whole: in it, reading and computing are as few
    tasks as dask can make of them, and a task that several partitions need is the same for all. The
    graph is a dict; that of arrays with annotations is left as it is, as dask would drop them.
    """
    import dask.array
    from dask.layers import ArrayChunkShapeDep

    name = f"load-{uuid.uuid4().hex}"
    names = [f"{i}" for i in range(max(array.ndim for array, _ in blocks.arrays))]
    arguments: list[Any] = [ArrayChunkShapeDep((blocks.sizes,)), "t"]
    for (array, _), axes in zip(blocks.arrays, block_axes(blocks.arrays, names), strict=True):
        arguments += array, axes
    used = {axis for axes in arguments[3::2] for axis in axes}
    together = dask.array.blockwise(
        _together,
        ("t", *names),
        *arguments,
        name=name,
        dtype=object,
        meta=np.empty((0,) * (1 + len(names)), object),
        new_axes={axis: 1 for axis in names if axis not in used},
        adjust_chunks={axis: (1,) for axis in names if axis in used},
        align_arrays=False,
        concatenate=True,
    )
    graph = together.__dask_graph__()  # of arrays of expressions, a dict
    if not any(layer.annotations for layer in getattr(graph, "layers", {}).values()):
        graph = dict(dask.optimize(together)[0].__dask_graph__())
    zeros = (0,) * len(names)
    return [Delayed((name, idx, *zeros), graph, layer=name) for idx in range(len(blocks.sizes))]


def _together(shape: tuple[int, ...], *blocks: Any) -> tuple[Any, ...]:
    """Task: return a partition's blocks of all arrays."""
    return blocks


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
