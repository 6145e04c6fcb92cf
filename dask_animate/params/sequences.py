"""Parameter sequences, of whatever kind, as partitions of consecutive frames."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain, groupby, islice, pairwise, repeat
from typing import Any, TypeGuard

import numpy as np
from dask import delayed
from dask.base import is_dask_collection
from dask.utils import format_bytes

from ..errors import OptionError, OptionTypeError, ParamsError
from ..memory import READ_SHARE
from ..validation import require_int
from .array_kinds import require_axis
from .blocks import BagItems, ItemsAtHand, PartitionBlocks, PendingItems, bag_as_array, count_items
from .frame_order import IndexedFrameParams, in_frame_order, n_of_frames, with_index
from .items import any_pending, is_pending, nbytes, private, resolved
from .partition import BlockItems, DelayedItems, Partition
from .slices import Slices, is_data, open_slices


class Params:
    """The parameters of a video in frame order; `partitions` and iterating consume them.

    Attributes
    ----------
    n_frames : int or None
        Number of frames, None while it is unknown.
    run_code : bool
        True if reading them runs code of the caller here, such as a generator.
    chunks : tuple of int or None
        Frames that are stored or computed as one; None for parameters that have no chunks.
    """

    n_frames: int | None
    run_code = False
    chunks: tuple[int, ...] | None = None

    @property
    def bag_partitions(self) -> Sequence[Any] | None:
        """The partitions of a bag, each a Delayed sequence of items; None for all other parameters."""
        return None

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def check_partition_size(self, partition_size: object) -> None:
        """Raise if the parameters cannot be divided like that; the argument is that of `make_video`."""
        partition_sizes(partition_size, self.n_frames)

    def check_memory(self, limit: int | None, partition_size: Any) -> None:
        """Raise if what is read at once does not fit into a worker.

        Parameters
        ----------
        limit : int or None
            Bytes of memory for each thread; None is what this process may have.
        partition_size : int, sequence of int or "auto"
            As the caller gave it.
        """

    def check_storable(self) -> None:
        """Raise if a partition cannot say which frames it holds before it is computed."""

    def sizes(self, size: int, max_bytes: float) -> int | tuple[int, ...]:
        """Return the sizes of partitions of about `size` frames that follow the chunks of the data.

        Parameters
        ----------
        size : int
            Frames in a partition, about.
        max_bytes : float
            Bytes of data that a partition reads at most, unless one chunk has more.

        Returns
        -------
        int or tuple of int
            One size for all partitions but the last, or the size of each.
        """
        return size

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return the parameters of all partitions, for dask to compute those that are asked for.

        A generator is read to its end, and a bag is computed to count its items.

        Parameters
        ----------
        sizes_of : callable
            Returns the frames of each partition, for parameters whose number is known. The partitions
            of a bag are its own.
        """
        raise NotImplementedError

    def _uncomputed(self) -> Iterator[Any]:
        """Yield the items, of which some may be dask collections."""
        return iter(self)

    def partitions(
        self, size_at: Callable[[int], int], max_bytes: float | None = None
    ) -> Iterator[Partition]:
        """Yield partitions, reading no further than the one that is yielded.

        Parameters
        ----------
        size_at : callable
            Says how many frames the partition has that starts at a frame; 0 ends.
        max_bytes : float, optional
            A partition ends early when its parameters take so many bytes. None does not count them.
        """
        params = self._uncomputed()
        start = 0
        while size := size_at(start):
            items: list[Any] = []
            n_bytes = 0
            for item in islice(params, size):
                items.append(item)
                if max_bytes is not None and not is_pending(item):
                    n_bytes += nbytes(item)
                    if n_bytes >= max_bytes:
                        break
            if not items:
                return
            yield Partition(start, _delayed_if_pending(items), n_bytes)
            start += len(items)


class FrameParams(Params):
    """The parameters of a video, read lazily and in frame order.

    An item that arrives before its turn, by its `IndexedFrameParams`, is held until the gap before it is
    filled; nothing else is kept. Iterating consumes what it was made of, once. Items that are dask
    collections, as Delayed objects, are computed; partitions leave that to the workers.

    Parameters
    ----------
    items : iterable
        One item a frame; plain items belong to the frame of their position.
    n_frames : int, optional
        Frames of the video; later ones are left out. None takes all.

    Attributes
    ----------
    n_frames : int or None
        Number of frames, None while it is unknown.
    """

    def __init__(self, items: Iterable[Any], n_frames: int | None = None) -> None:
        self._items = items
        self.run_code = not isinstance(items, list | tuple | range | np.ndarray)
        length = _length(items)
        if length == 0:
            raise ParamsError("param_by_frame is empty: a video needs at least one frame")
        if length is not None and n_frames is not None and n_frames > length:
            raise ParamsError(
                f"n_frames is {n_frames}, but param_by_frame holds only {n_of_frames(length)}"
            )
        self.n_frames = length if n_frames is None else n_frames
        if isinstance(items, list | tuple):
            self._check_indices(items)

    def __iter__(self) -> Iterator[Any]:
        return (resolved(item) if is_pending(item) else item for item in self._uncomputed())

    def _uncomputed(self) -> Iterator[Any]:
        indexed = with_index(self._items)
        if not isinstance(self._items, list | tuple | range | np.ndarray):
            # What yields them may go on with the same object while they are held.
            indexed = ((idx, item if is_pending(item) else private(item)) for idx, item in indexed)
        return in_frame_order(indexed, self.n_frames)

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return the parameters of all partitions; items at hand become part of dask's graph."""
        items = self._all_items()
        sizes = sizes_of(self if self.n_frames is not None else FrameParams(items))
        if not any_pending(items):
            return PartitionBlocks(sizes, ItemsAtHand(items))
        from dask.bag import from_delayed

        bounds = pairwise(accumulate(sizes, initial=0))
        bag = from_delayed([delayed(list)(list(items[start:stop])) for start, stop in bounds])
        return PartitionBlocks(sizes, PendingItems(len(items)), [(bag_as_array(bag), 0)])

    def _all_items(self) -> Sequence[Any]:
        """Return the items in frame order, in a sequence that the caller does not change any more."""
        items = self._items
        is_ordered = isinstance(items, range | np.ndarray)
        if isinstance(items, list | tuple):
            is_ordered = not _any_indexed(items)
        if is_ordered:
            return items[: self.n_frames]  # type: ignore[index,no-any-return]
        return tuple(self._uncomputed())

    def _check_indices(self, items: Sequence[Any]) -> None:
        """Find what is wrong with the indices before anything is drawn."""
        if _any_indexed(items):
            without_params = ((idx, None) for idx, _ in with_index(items))
            for _ in in_frame_order(without_params, self.n_frames):
                pass


class BagParams(Params):
    """The parameters of a video in a `dask.bag.Bag`, whose partitions are the video's.

    Parameters
    ----------
    bag : dask.bag.Bag
        Of items.
    n_frames : int or None
        Frames of the video; later ones are left out. None takes all.

    """

    def __init__(self, bag: Any, n_frames: int | None = None) -> None:
        self._bag = bag
        self.n_frames = n_frames

    @cached_property
    def bag_partitions(self) -> Sequence[Any]:
        """The partitions, each a Delayed sequence of items."""
        partitions: Sequence[Any] = self._bag.to_delayed()
        return partitions

    def __iter__(self) -> Iterator[Any]:
        """Yield the items in frame order, computing one partition after another."""
        items = chain.from_iterable(part.compute() for part in self.bag_partitions)
        return in_frame_order(with_index(items), self.n_frames)

    def check_partition_size(self, partition_size: object) -> None:
        """Raise unless the partitions of the bag are used as they are."""
        if not isinstance(partition_size, str):
            raise OptionError(
                'partition_size must be "auto" with a Bag, whose partitions are used as they are; '
                "bag.repartition() changes them"
            )
        super().check_partition_size(partition_size)

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return the parameters of the bag's partitions; its items are counted now."""
        loaded = bag_as_array(self._bag)
        ends = list(accumulate(count_items(loaded)))
        n_frames = ends[-1] if self.n_frames is None else self.n_frames
        if not 0 < n_frames <= ends[-1]:
            raise ParamsError(
                f"n_frames is {n_frames}, but param_by_frame ended after {n_of_frames(ends[-1])}"
            )
        bounds = [(start, min(stop, n_frames)) for start, stop in pairwise([0, *ends])]
        drawn = [idx for idx, (start, stop) in enumerate(bounds) if start < stop]
        if len(drawn) < len(bounds):
            loaded = loaded.blocks[drawn]
        sizes = tuple(bounds[idx][1] - bounds[idx][0] for idx in drawn)
        return PartitionBlocks(sizes, BagItems(n_frames), [(loaded, 0)])

    def check_storable(self) -> None:
        """Raise, as the partitions of a bag have unknown lengths."""
        raise OptionError(
            "store= needs to know which frames a partition holds, which a Bag does not tell before it "
            "is computed: give a list of Delayed objects, or an array"
        )


class SliceParams(Params):
    """The parameters of a video in arrays, of which each frame takes a slice.

    Parameters
    ----------
    slices : Slices
        Of all frames.
    n_frames : int or None
        Frames of the video; later ones are left out. None takes all.
    """

    n_frames: int
    chunks: tuple[int, ...]

    def __init__(self, slices: Slices, n_frames: int | None = None) -> None:
        if n_frames is not None and n_frames > len(slices):
            raise ParamsError(
                f"n_frames is {n_frames}, but param_by_frame holds only {n_of_frames(len(slices))}"
            )
        self._slices = slices if n_frames is None else slices[:n_frames]
        self._edges = self._slices.edges()
        self.chunks = tuple(stop - start for start, stop in pairwise([0, *self._edges]))
        self.n_frames = len(self._slices)

    def __iter__(self) -> Iterator[Any]:
        """Yield the slices, reading one whole chunk at a time."""
        for start, stop in pairwise([0, *self._edges]):
            yield from self._slices[start:stop]

    def __getitem__(self, idx: int) -> Any:
        """Return the parameters of one frame, reading no more than it needs."""
        return self._slices[idx]

    def partitions(
        self, size_at: Callable[[int], int], max_bytes: float | None = None
    ) -> Iterator[Partition]:
        """Yield partitions that end where chunks do, or divide a run of chunks that is read as one.

        With `max_bytes` infinite, they have the sizes that `size_at` says, wherever chunks end.
        """
        bounds = self._bounds(size_at, max_bytes or math.inf)
        for (first, last), parts in groupby(bounds, lambda bound: self._run(*bound)):
            slices, loaded = self._slices[first:last], None  # read as one, for all these partitions
            for start, stop in parts:
                if (start, stop) == (first, last):
                    yield self._alone(start, slices)
                    continue
                n_bytes = 0  # what is shared is counted once
                if loaded is None:
                    loaded = slices.delayed()
                    n_bytes = int((last - first) * slices.slice_bytes)
                yield Partition(start, DelayedItems(loaded, start - first, stop - first), n_bytes)

    def _alone(self, start: int, slices: Slices) -> Partition:
        """Return a partition that shares nothing, so that it is read in the task that draws it."""
        n_frames = len(slices)
        if not slices.is_lazy:
            return Partition(start, slices, slices.travel_bytes)
        items = BlockItems(n_frames, *slices.divided([n_frames]))
        return Partition(start, items, int(n_frames * slices.slice_bytes))

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return the parameters of all partitions; what dask does not compute is read in tasks."""
        sizes = sizes_of(self)
        return PartitionBlocks(sizes, *self._slices.divided(sizes))

    def _run(self, start: int, stop: int) -> tuple[int, int]:
        """Return what is read for a partition: the chunk in which it lies, or its part of several."""
        first = self._edges[bisect_right(self._edges, start) - 1] if start >= self._edges[0] else 0
        last = self._edges[bisect_right(self._edges, start)]
        return (first, last) if stop <= last else (start, stop)

    def sizes(self, size: int, max_bytes: float) -> tuple[int, ...]:
        """Return the size of each partition, of about `size` frames and at the chunks' boundaries."""
        return tuple(stop - start for start, stop in self._bounds(lambda start: size, max_bytes))

    def check_memory(self, limit: int | None, partition_size: Any) -> None:
        """Raise if the slices that are read at once do not fit into a worker."""
        if limit is None:
            from distributed.system import MEMORY_LIMIT

            limit = int(MEMORY_LIMIT)
        longest = max(self.chunks)
        sizes = partition_sizes(partition_size, self.n_frames)
        largest = next(iter(sizes)) if isinstance(sizes, repeat) else max(sizes, default=0)
        what, n_frames = "chunks", longest
        if largest > longest:
            what, n_frames = "partition_size", largest
        n_bytes = int(n_frames * self._slices.slice_bytes)
        if n_bytes <= limit * READ_SHARE:
            return
        at_most = max(1, int(limit * READ_SHARE / 2 / self._slices.slice_bytes))
        advice = f"a partition_size of at most {at_most}"
        if what == "chunks":
            advice = (
                f"rechunk the data, as to {n_of_frames(at_most)} in a chunk, or give workers more memory"
            )
        raise ParamsError(
            f"the {what} of param_by_frame: {n_of_frames(n_frames)} that are read at once take "
            f"{format_bytes(n_bytes)}, but a worker has {format_bytes(limit)} for each of its threads: "
            f"{advice}"
        )

    def _stop(self, start: int, size: int, max_bytes: float) -> int:
        """Return the end of some whole chunks from `start` on: of about `size` frames, at least one."""
        room = start + max_bytes / max(1.0, self._slices.slice_bytes)
        first = bisect_right(self._edges, start)
        wanted = bisect_left(self._edges, start + size, first)
        while wanted > first and (wanted >= len(self._edges) or self._edges[wanted] > room):
            wanted -= 1
        return self._edges[wanted]

    def _bounds(self, size_at: Callable[[int], int], max_bytes: float) -> Iterator[tuple[int, int]]:
        """Yield where partitions begin and end."""
        start = 0
        while start < self.n_frames and (size := size_at(start)):
            if max_bytes == math.inf:
                edges = [start, min(start + size, self.n_frames)]
            else:
                n_frames = self._stop(start, size, max_bytes) - start
                n_parts = max(1, round(n_frames / size))
                edges = [start + n_frames * i // n_parts for i in range(n_parts + 1)]
            yield from pairwise(edges)
            start = edges[-1]


AnyParams = Params  # the name that callers still use


def open_params(
    param_by_frame: object, n_frames: int | None, axis: int | None = None, dim: str | None = None
) -> Params:
    """Check a parameter sequence, of any kind, and wrap it; the names are those of `make_video`."""
    if n_frames is not None:
        n_frames = require_int("n_frames", n_frames, 1)
    if is_data(param_by_frame):
        return SliceParams(open_slices(param_by_frame, axis, dim), n_frames)
    if isinstance(param_by_frame, np.ndarray) and axis not in (None, 0):
        param_by_frame = np.moveaxis(param_by_frame, require_axis(axis, param_by_frame.ndim), 0)
    elif axis is not None or dim is not None:
        raise OptionError(
            f"axis= and dim= are for arrays, param_by_frame is a {type(param_by_frame).__name__}"
        )
    if _is_bag(param_by_frame):
        return BagParams(param_by_frame, n_frames)
    if is_dask_collection(param_by_frame):
        raise OptionTypeError(
            f"param_by_frame is a dask {type(param_by_frame).__name__}; of dask's collections Bags and "
            f"Arrays are read on the workers, and lists of Delayed objects: pass one of these, or "
            f".compute() it if it fits into memory"
        )
    if hasattr(param_by_frame, "columns") and hasattr(param_by_frame, "itertuples"):
        raise OptionTypeError(
            "param_by_frame is a DataFrame, of which iterating gives the columns: "
            "pass df.itertuples() for one row a frame"
        )
    if isinstance(param_by_frame, bytes) or not _is_iterable(param_by_frame):
        raise OptionTypeError(
            f"param_by_frame must be an iterable with one item for each frame, or an array, "
            f"got {type(param_by_frame).__name__}"
        )
    return FrameParams(param_by_frame, n_frames)


def partition_sizes(partition_size: object, n_frames: int | None) -> Iterable[int]:
    """Return the number of frames of each partition, without end where it is a constant.

    For "auto" there are none.

    Parameters
    ----------
    partition_size : int, sequence of int or "auto"
        As the caller gave it.
    n_frames : int or None
        Number of frames of the video.
    """
    if isinstance(partition_size, str):
        if partition_size != "auto":
            raise OptionError(f'partition_size must be "auto" or numbers, got {partition_size!r}')
        return ()
    if not isinstance(partition_size, Iterable):
        return repeat(require_int("partition_size", partition_size, 1))
    sizes = [require_int("each partition_size", size, 1) for size in partition_size]
    if n_frames is None:
        raise OptionError("a sequence as partition_size needs n_frames, as param_by_frame has no length")
    if sum(sizes) != n_frames:
        raise OptionError(f"partition_size sums to {sum(sizes)}, but there are {n_of_frames(n_frames)}")
    return sizes


def _delayed_if_pending(items: list[Any]) -> Sequence[Any] | DelayedItems:
    if not any_pending(items):
        return items
    return DelayedItems(delayed(list)(items), 0, len(items))


def _any_indexed(items: Sequence[Any]) -> bool:
    return any(issubclass(kind, IndexedFrameParams) for kind in set(map(type, items)))


def _length(items: Iterable[Any]) -> int | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None


def _is_iterable(value: Any) -> TypeGuard[Iterable[Any]]:
    try:
        iter(value)  # also what has a length and items alone; not an array without dimensions
    except TypeError:
        return False
    return True


def _is_bag(value: object) -> bool:
    if not is_dask_collection(value):
        return False
    from dask.bag import Bag

    return isinstance(value, Bag)
