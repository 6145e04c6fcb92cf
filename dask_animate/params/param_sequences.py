"""The kinds of parameter sequences, and how each becomes partitions of consecutive frames."""

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

from ..errors import NoFramesError, OptionError, OptionTypeError, ParamsError
from ..memory import READ_SHARE
from ..validation import in_short, require_int
from .array_kinds import require_axis
from .blocks import (
    BagItems,
    ItemsAtHand,
    LoadedItems,
    PartitionBlocks,
    PendingItems,
    UnfilledPartition,
    bag_as_array,
    count_items,
    delayed_blocks,
)
from .by_frame import BlocksByFrame, ByFrame, ItemsByFrame, SlicesByFrame, as_blocks
from .frame_order import IndexedFrameParams, in_frame_order, n_of_frames, with_index
from .items import any_pending, is_pending, nbytes, private, private_items, reading, resolved
from .partition import DelayedItems, Partition
from .slices import Slices, is_data, open_slices


class Params:
    """The parameters of a video in frame order.

    Iterating, `partitions` and `blocks` consume them. After some were taken by iterating, `partitions`
    divides the others; but for a Bag, of which only one of these works.

    Attributes
    ----------
    n_frames : int or None
        Number of frames; None if it is unknown.
    n_taken : int
        Frames whose parameters were taken by iterating.
    run_code : bool
        True if reading the parameters runs code of the caller in this process, such as a generator.
    chunks : tuple of int or None
        Frames in each chunk of the data; None for parameters without chunks.
    """

    n_frames: int | None
    n_taken = 0
    run_code = False
    chunks: tuple[int, ...] | None = None

    @property
    def bag_partitions(self) -> Sequence[Any] | None:
        """The partitions of a bag, each a Delayed list of items; None for other parameters."""
        return None

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def first(self) -> Any:
        """Return the parameters of the first frame, computed if need be; they are not consumed."""
        raise NotImplementedError

    def first_at_hand(self) -> tuple[Any, ...]:
        """Return the parameters of the first frame, if that runs no code and reads no data; else ()."""
        return ()

    def snapshot(self) -> Params:
        """Return them with copies of the data in memory, which the caller may change from now on.

        Code, files and what dask computes are shared. Not after anything was taken.
        """
        return self

    def check_partition_size(self, partition_size: object) -> None:
        """Raise if `partition_size` of `make_video` does not fit these parameters."""
        partition_sizes(partition_size, self.n_frames)

    def check_memory(self, limit: int | None, partition_size: Any) -> None:
        """Raise if the data that are read at once do not fit into the memory of a worker.

        Parameters
        ----------
        limit : int or None
            Bytes of memory for each thread; None stands for the limit of this process.
        partition_size : int, sequence of int or "auto"
            As the caller gave it.
        """

    def check_storable(self) -> None:
        """Raise if a partition cannot say which frames it holds before it is computed."""

    def sizes(self, size: int, max_bytes: float) -> int | tuple[int, ...]:
        """Choose the sizes of partitions of about `size` frames that end where chunks of the data end.

        Parameters
        ----------
        size : int
            Frames in a partition, approximately.
        max_bytes : float
            Limit of the data that a partition reads, in bytes. One chunk may exceed it.

        Returns
        -------
        int or tuple of int
            One size for all partitions except the last, or the size of each.
        """
        return size

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return all partitions for use in a dask graph, which computes only those that are needed.

        A generator is read to its end, and a bag is computed to count its items.

        Parameters
        ----------
        sizes_of : callable
            Returns the number of frames of each partition; called with parameters whose `n_frames` is
            known. Not called for a bag, which is divided already.
        """
        raise NotImplementedError

    def by_frame(self, max_bytes: float) -> ByFrame:
        """Return the parameters of all frames for access in any order.

        A generator is read to its end, and a bag is computed to count its items.

        Parameters
        ----------
        max_bytes : float
            A chunk of data is read as a whole, once for all frames in it, up to this many bytes.
        """
        raise NotImplementedError

    def _uncomputed(self) -> Iterator[Any]:
        """Yield the items; those that are dask collections are not computed."""
        return iter(self)

    def partitions(
        self, size_at: Callable[[int], int], max_bytes: float | None = None
    ) -> Iterator[Partition]:
        """Yield partitions of what is left; no items are read ahead of the partition that is yielded.

        Parameters
        ----------
        size_at : callable
            Called with the index of a partition's first frame; returns its number of frames, or 0 to
            stop.
        max_bytes : float, optional
            A partition ends early when its parameters reach this many bytes. None: they are not counted.
        """
        params = self._uncomputed()
        start = self.n_taken
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
            yield Partition(start, _delayed_if_pending(items, start), n_bytes)
            start += len(items)


class FrameParams(Params):
    """The parameters of a video in an iterable, which is read lazily.

    An item whose `IndexedFrameParams` puts it later is held until the frames before it have come.
    Iterating computes items that are dask collections, such as Delayed objects; in partitions they are
    left for the workers to compute.

    Parameters
    ----------
    items : iterable
        One item for each frame. A plain item belongs to the frame of its position.
    n_frames : int, optional
        Number of frames of the video; later items are ignored. None uses all.
    """

    def __init__(self, items: Iterable[Any], n_frames: int | None = None) -> None:
        self._items = items
        self.run_code = not isinstance(items, list | tuple | range | np.ndarray)
        length = _length(items)
        if length == 0:
            raise NoFramesError("param_by_frame is empty: a video needs at least one frame")
        if length is not None and n_frames is not None and n_frames > length:
            raise ParamsError(
                f"n_frames is {n_frames}, but param_by_frame holds only {n_of_frames(length)}"
            )
        self.n_frames = length if n_frames is None else n_frames
        if isinstance(items, list | tuple):
            self._check_indices(items)

    def snapshot(self) -> FrameParams:
        """Return them with copies of the items, if they are in a list, a tuple or an array."""
        items = self._items
        if isinstance(items, np.ndarray):
            items = private(items)
        elif isinstance(items, list | tuple):
            items = private_items(items)
        return FrameParams(items, self.n_frames)

    def __iter__(self) -> Iterator[Any]:
        for item in self._uncomputed():
            self.n_taken += 1
            yield self._computed(item, self.n_taken - 1)

    def first_at_hand(self) -> tuple[Any, ...]:
        """Return the first item of a list, a tuple, a range or an array, if it need not be computed."""
        if self.run_code:
            return ()
        items = (item for frame_idx, item in with_index(self._items) if frame_idx == 0)
        return tuple(item for item in islice(items, 1) if not is_pending(item))

    def first(self) -> Any:
        """Return the first item; what it was computed from is not computed again."""
        items = self._in_frame_order
        item = self._computed(next(items), 0)
        self._in_frame_order = chain([item], items)
        return item

    def _computed(self, item: Any, frame_idx: int) -> Any:
        if not is_pending(item):
            return item
        with reading(f"frame {frame_idx}"):
            return resolved(item)

    def _uncomputed(self) -> Iterator[Any]:
        return self._in_frame_order

    @cached_property
    def _in_frame_order(self) -> Iterator[Any]:
        indexed = with_index(self._items)
        if not isinstance(self._items, list | tuple | range | np.ndarray):
            # A generator may change and yield the same object again while its items are held.
            indexed = ((idx, item if is_pending(item) else private(item)) for idx, item in indexed)
        return in_frame_order(indexed, self.n_frames)

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return all partitions; items that need not be computed become part of the graph."""
        items = self._all_items()
        sizes = sizes_of(self if self.n_frames is not None else FrameParams(items))
        if not any_pending(items):
            return PartitionBlocks(sizes, ItemsAtHand(items))
        from dask.bag import from_delayed

        bounds = pairwise(accumulate(sizes, initial=0))
        bag = from_delayed([delayed(list)(list(items[start:stop])) for start, stop in bounds])
        return PartitionBlocks(sizes, PendingItems(len(items)), [(bag_as_array(bag), 0)])

    def by_frame(self, max_bytes: float) -> ItemsByFrame:
        """Return the items, read to the end."""
        items = self._all_items()
        if not len(items):
            raise NoFramesError("param_by_frame is empty: there is no frame to draw")
        return ItemsByFrame(items)

    def _all_items(self) -> Sequence[Any]:
        """Return the items in frame order; lists are copied, lest the caller changes them."""
        items = self._items
        is_ordered = isinstance(items, range | np.ndarray)
        if isinstance(items, list | tuple):
            is_ordered = not _any_indexed(items)
        if is_ordered:
            return items[: self.n_frames]  # type: ignore[index,no-any-return]
        return tuple(self._uncomputed())

    def _check_indices(self, items: Sequence[Any]) -> None:
        """Raise for wrong frame indices before anything is drawn."""
        if _any_indexed(items):
            without_params = ((idx, None) for idx, _ in with_index(items))
            for _ in in_frame_order(without_params, self.n_frames):
                pass


class BagParams(Params):
    """The parameters of a video in a `dask.bag.Bag`, whose partitions become those of the video.

    Parameters
    ----------
    bag : dask.bag.Bag
        One item for each frame.
    n_frames : int or None
        Number of frames of the video; later items are ignored. None uses all.
    """

    def __init__(self, bag: Any, n_frames: int | None = None) -> None:
        self._bag = bag
        self.n_frames = n_frames

    @cached_property
    def bag_partitions(self) -> Sequence[Any]:
        """The partitions, each a Delayed list of items."""
        partitions: Sequence[Any] = self._bag.to_delayed()
        return partitions

    def __iter__(self) -> Iterator[Any]:
        """Yield the items in frame order, computing one partition after another."""
        items = chain.from_iterable(self._computed_partitions())
        return in_frame_order(with_index(items), self.n_frames)

    def _computed_partitions(self) -> Iterator[Any]:
        for idx, partition in enumerate(self.bag_partitions):
            with reading(f"partition {idx} of the bag"):
                items = partition.compute()
            yield items

    def first(self) -> Any:
        """Return the first item, for which partitions are computed until it is found."""
        return next(iter(self))

    def check_partition_size(self, partition_size: object) -> None:
        """Raise unless it is "auto", which uses the partitions of the bag."""
        if not isinstance(partition_size, str):
            raise OptionError(
                'partition_size must be "auto" for a Bag, whose partitions are used as they are; '
                "bag.repartition() changes them"
            )
        super().check_partition_size(partition_size)

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return the partitions of the bag that have frames; its items are counted now."""
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

    def by_frame(self, max_bytes: float) -> BlocksByFrame:
        """Return the items; the bag is computed to count them."""
        return BlocksByFrame(self.blocks(lambda params: ()))

    def check_storable(self) -> None:
        """Raise: the lengths of the partitions are unknown before they are computed."""
        raise OptionError(
            "store= needs to know which frames a partition holds, which is unknown for a Bag before it "
            "is computed: pass a list of Delayed objects, or an array"
        )


class SliceParams(Params):
    """The parameters of a video in arrays; each frame gets a slice.

    Parameters
    ----------
    slices : Slices
        The slices of all frames.
    n_frames : int or None
        Number of frames of the video; later slices are ignored. None uses all.
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

    def snapshot(self) -> SliceParams:
        """Return them with copies of arrays in memory."""
        return SliceParams(self._slices.snapshot())

    def __iter__(self) -> Iterator[Any]:
        """Yield the slices; one whole chunk is read at a time."""
        for start, stop in pairwise([0, *self._edges]):
            with reading(f"frames {start} to {stop - 1}"):
                items = iter(self._slices[start:stop])
            for item in items:
                self.n_taken += 1
                yield item

    def first(self) -> Any:
        """Return the first slice; no more is read than it needs."""
        return self[0]

    def __getitem__(self, idx: int) -> Any:
        """Return the parameters of one frame; no more is read than it needs."""
        with reading(f"frame {idx}"):
            return self._slices[idx]

    def partitions(
        self, size_at: Callable[[int], int], max_bytes: float | None = None
    ) -> Iterator[Partition]:
        """Yield partitions of whole chunks, or parts of one chunk, which is then read once for all.

        If `max_bytes` is infinite, the sizes are those that `size_at` returns, wherever chunks end.
        """
        bounds = self._bounds(size_at, max_bytes or math.inf, self.n_taken)
        return self._computed(bounds) if self._slices.is_lazy else self._read(bounds)

    def _read(self, bounds: Iterator[tuple[int, int]]) -> Iterator[Partition]:
        """Yield partitions of data that need no dask: they are read in the task that draws.

        A chunk that several partitions divide is read by a task of its own, once for all of them.
        """
        for (first, last), parts in groupby(bounds, lambda bound: self._run(*bound)):
            slices, loaded = self._slices[first:last], None
            for start, stop in parts:
                if (start, stop) == (first, last):
                    yield Partition(start, slices, slices.travel_bytes)
                    continue
                n_bytes = 0  # shared data are counted once
                if loaded is None:
                    loaded = delayed(as_blocks)(slices.delayed())
                    n_bytes = int((last - first) * slices.slice_bytes)
                run = UnfilledPartition(first, last - first, LoadedItems())
                yield Partition(
                    start, DelayedItems((run,), (loaded,), start - first, stop - first), n_bytes
                )

    def _computed(self, bounds: Iterator[tuple[int, int]]) -> Iterator[Partition]:
        """Yield partitions of data that dask computes, whole chunks at a time."""
        blocks = self.blocks(lambda params: self.chunks)
        loads = delayed_blocks(blocks)
        counted = -1  # the last chunk of which the bytes were counted
        for start, stop in bounds:
            first, last = bisect_right(self._edges, start), bisect_left(self._edges, stop)
            runs = tuple(blocks.partition(idx) for idx in range(first, last + 1))
            n_new = sum(run.n_frames for run in runs[first <= counted :])
            counted = last
            offset = start - runs[0].start
            items = DelayedItems(runs, tuple(loads[first : last + 1]), offset, offset + stop - start)
            yield Partition(start, items, int(n_new * self._slices.slice_bytes))

    def blocks(self, sizes_of: Callable[[Params], tuple[int, ...]]) -> PartitionBlocks:
        """Return all partitions; data that dask does not compute are read in the tasks that draw."""
        sizes = sizes_of(self)
        return PartitionBlocks(sizes, *self._slices.divided(sizes))

    def by_frame(self, max_bytes: float) -> SlicesByFrame:
        """Return the slices."""
        return SlicesByFrame(self._slices, self._edges, max_bytes)

    def _run(self, start: int, stop: int) -> tuple[int, int]:
        """Return the frames to read for a partition: the chunk that contains it, or its own frames."""
        first = self._edges[bisect_right(self._edges, start) - 1] if start >= self._edges[0] else 0
        last = self._edges[bisect_right(self._edges, start)]
        return (first, last) if stop <= last else (start, stop)

    def sizes(self, size: int, max_bytes: float) -> tuple[int, ...]:
        """Return the size of each partition, of about `size` frames."""
        return tuple(stop - start for start, stop in self._bounds(lambda start: size, max_bytes))

    def check_memory(self, limit: int | None, partition_size: Any) -> None:
        """Raise if the slices that are read at once do not fit into the memory of a worker."""
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
                f"rechunk the data, for example to {n_of_frames(at_most)}, or give workers more memory"
            )
        raise ParamsError(
            f"the {what} of param_by_frame: {n_of_frames(n_frames)} that are read at once take "
            f"{format_bytes(n_bytes)}, but a worker has {format_bytes(limit)} for each thread: {advice}"
        )

    def _stop(self, start: int, size: int, max_bytes: float) -> int:
        """Return where a run of whole chunks from `start` ends: about `size` frames, or one chunk."""
        room = start + max_bytes / max(1.0, self._slices.slice_bytes)
        first = bisect_right(self._edges, start)
        wanted = bisect_left(self._edges, start + size, first)
        while wanted > first and (wanted >= len(self._edges) or self._edges[wanted] > room):
            wanted -= 1
        return self._edges[wanted]

    def _bounds(
        self, size_at: Callable[[int], int], max_bytes: float, start: int = 0
    ) -> Iterator[tuple[int, int]]:
        """Yield the first frame of each partition, and the one after its last, from a frame on."""
        while start < self.n_frames and (size := size_at(start)):
            if max_bytes == math.inf:
                edges = [start, min(start + size, self.n_frames)]
            else:
                n_frames = self._stop(start, size, max_bytes) - start
                n_parts = max(1, round(n_frames / size))
                edges = [start + n_frames * i // n_parts for i in range(n_parts + 1)]
            yield from pairwise(edges)
            start = edges[-1]


def open_params(
    param_by_frame: object, n_frames: int | None, axis: int | None = None, dim: str | None = None
) -> Params:
    """Check and wrap the parameters of a video; the arguments are those of `make_video`."""
    if n_frames is not None:
        n_frames = require_int("n_frames", n_frames, 1)
    if is_data(param_by_frame):
        return SliceParams(open_slices(param_by_frame, axis, dim), n_frames)
    if isinstance(param_by_frame, np.ndarray):
        if dim is not None:
            raise OptionError("dim= is for xarray; for other arrays, give axis=")
        if axis is not None:
            param_by_frame = np.moveaxis(param_by_frame, require_axis(axis, param_by_frame.ndim), 0)
    elif axis is not None or dim is not None:
        raise OptionError(
            f"axis= and dim= are for arrays, param_by_frame is a {type(param_by_frame).__name__}"
        )
    if _is_bag(param_by_frame):
        return BagParams(param_by_frame, n_frames)
    if is_dask_collection(param_by_frame):
        raise OptionTypeError(
            f"param_by_frame is a dask {type(param_by_frame).__name__}, which cannot be divided into "
            f"frames: pass a Bag, an Array or a list of Delayed objects, or call its .compute() if it "
            f"fits into memory"
        )
    if hasattr(param_by_frame, "columns") and hasattr(param_by_frame, "itertuples"):
        raise OptionTypeError(
            "param_by_frame is a DataFrame, and iterating over it gives its columns: "
            "pass df.itertuples() for one row per frame"
        )
    if isinstance(param_by_frame, bytes) or not _is_iterable(param_by_frame):
        raise OptionTypeError(
            f"param_by_frame must be an iterable with one item for each frame, or an array, "
            f"got {type(param_by_frame).__name__}"
        )
    return FrameParams(param_by_frame, n_frames)


def partition_sizes(partition_size: object, n_frames: int | None) -> Iterable[int]:
    """Check the size of partitions, and return the size of each.

    Parameters
    ----------
    partition_size : int, sequence of int or "auto"
        As the caller gave it.
    n_frames : int or None
        Number of frames of the video; None if it is unknown.

    Returns
    -------
    iterable of int
        Endless if the size is constant; empty for "auto".
    """
    if isinstance(partition_size, str):
        if partition_size != "auto":
            raise OptionError(
                f'partition_size must be "auto" or numbers, got {in_short(partition_size)}'
            )
        return ()
    if not isinstance(partition_size, Iterable):
        return repeat(require_int("partition_size", partition_size, 1))
    sizes = [require_int("each partition_size", size, 1) for size in partition_size]
    if n_frames is None:
        raise OptionError("a sequence as partition_size needs n_frames, as param_by_frame has no length")
    if sum(sizes) != n_frames:
        raise OptionError(f"partition_size sums to {sum(sizes)}, but there are {n_of_frames(n_frames)}")
    return sizes


def _delayed_if_pending(items: list[Any], start: int) -> Sequence[Any] | DelayedItems:
    if not any_pending(items):
        return items
    run = UnfilledPartition(start, len(items), LoadedItems())
    return DelayedItems((run,), (delayed(as_blocks)(items),), 0, len(items))


def _any_indexed(items: Sequence[Any]) -> bool:
    return any(issubclass(kind, IndexedFrameParams) for kind in set(map(type, items)))


def _length(items: Iterable[Any]) -> int | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None


def _is_iterable(value: Any) -> TypeGuard[Iterable[Any]]:
    try:
        iter(value)  # accepts objects with only __len__ and __getitem__; refuses 0-d arrays
    except TypeError:
        return False
    return True


def _is_bag(value: object) -> bool:
    if not is_dask_collection(value):
        return False
    from dask.bag import Bag

    return isinstance(value, Bag)
