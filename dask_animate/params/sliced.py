"""Arrays of any kind sliced along one axis: what partitions of frames need to know of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Protocol

import numpy as np

#: A dask array, and its axis with one block for each partition; None if every partition needs all of it.
BlockArray = tuple[Any, int | None]


class Unfilled(Protocol):
    """Slices of an array without the data that dask computes."""

    def cut(self, start: int, stop: int) -> Unfilled:
        """Return some of the slices."""
        ...

    def filled(self, blocks: Iterator[Any]) -> Sliced:
        """Return the slices with the data that dask computed; takes its arrays from `blocks`."""
        ...


class Sliced(Protocol):
    """Slices of one array along one axis, one for each frame; not read yet.

    Attributes
    ----------
    is_labelled : bool
        True for arrays with named dimensions, which are those of xarray.
    """

    is_labelled: ClassVar[bool]

    @property
    def n(self) -> int:
        """Number of slices."""
        ...

    @property
    def chunks(self) -> tuple[int, ...]:
        """Lengths along the axis of the chunks that are stored or computed as one."""
        ...

    @property
    def slice_bytes(self) -> float:
        """Bytes of a slice in memory."""
        ...

    @property
    def is_lazy(self) -> bool:
        """True if dask has to compute the slices."""
        ...

    @property
    def travel_bytes(self) -> int:
        """Bytes that are sent to a worker with it."""
        ...

    def cut(self, start: int, stop: int) -> Sliced:
        """Return some of the slices."""
        ...

    def snapshot(self) -> Sliced:
        """Return the slices with copies of data in memory."""
        ...

    def load(self) -> Sliced:
        """Read or compute the slices now, and return them in memory."""
        ...

    def divided(self, sizes: Sequence[int]) -> tuple[Unfilled, list[BlockArray]]:
        """Split the slices: into what is sent with each partition, and dask arrays of the rest.

        Data that can be read without dask are read in the task that draws, unless partitions divide
        their chunks: then dask reads each chunk once.

        Parameters
        ----------
        sizes : sequence of int
            Number of slices of each partition.
        """
        ...

    def filled(self, blocks: Iterator[Any]) -> Sliced:
        """Return the slices, which lack nothing."""
        ...

    def __getitem__(self, idx: int) -> Any:
        """Return one slice as users get it, if the slices are in memory."""
        ...


def chunks_within(chunks: int | Sequence[int], start: int, stop: int) -> tuple[int, ...]:
    """Return the lengths of the chunks from `start` to `stop`, given one length or all lengths."""
    if isinstance(chunks, int):
        first = (start // chunks + 1) * chunks
        edges = [start, *range(first, stop, chunks), stop]
    else:
        ends = np.cumsum(chunks).tolist()
        edges = [start, *(end for end in ends if start < end < stop), stop]
    return tuple(after - before for before, after in pairwise(edges))


def ends_match(chunks: Sequence[int], sizes: Sequence[int]) -> bool:
    """Return whether all partitions end where chunks end."""
    return set(accumulate(sizes)) <= set(accumulate(chunks))
