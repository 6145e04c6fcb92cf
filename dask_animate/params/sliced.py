"""One array of any kind, sliced along one axis: what partitions of frames need of it."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, Protocol

import numpy as np
from dask import delayed

#: A dask array and the axis along which it has one block for each partition; None if all take all of it.
BlockArray = tuple[Any, int | None]


class Unfilled(Protocol):
    """Slices of an array that lack what dask computes."""

    def cut(self, start: int, stop: int) -> Unfilled:
        """Return some of the slices."""
        ...

    def filled(self, blocks: Iterator[Any]) -> Sliced:
        """Return the slices with what was computed, which is taken from `blocks`."""
        ...


class Sliced(Protocol):
    """Slices of one array along one axis, one for each frame; not read yet."""

    @property
    def n(self) -> int:
        """Number of slices."""
        ...

    @property
    def chunks(self) -> tuple[int, ...]:
        """Lengths along the axis of the chunks in which the array is stored or computed."""
        ...

    @property
    def slice_bytes(self) -> float:
        """Bytes of a slice in memory."""
        ...

    @property
    def is_lazy(self) -> bool:
        """True if dask has to compute it."""
        ...

    @property
    def travel_bytes(self) -> int:
        """Bytes that travel with it to a worker."""
        ...

    def cut(self, start: int, stop: int) -> Sliced:
        """Return some of the slices."""
        ...

    def load(self) -> Sliced:
        """Return the slices in memory, read or computed now."""
        ...

    def delayed(self) -> Any:
        """Return a Delayed object that becomes the slices in memory."""
        ...

    def divided(self, sizes: Sequence[int]) -> tuple[Unfilled, list[BlockArray]]:
        """Return the slices in two: what goes with each partition, and dask arrays of the rest.

        Parameters
        ----------
        sizes : sequence of int
            Slices of each partition.
        """
        ...

    def filled(self, blocks: Iterator[Any]) -> Sliced:
        """Return the slices themselves: they lack nothing."""
        ...

    def __getitem__(self, idx: int) -> Any:
        """Return one slice, as users get it, of an array in memory."""
        ...


def loaded_later(sliced: Sliced) -> Any:
    """Return a Delayed object that becomes the slices in memory, read where it is computed."""
    return delayed(operator.methodcaller("load"))(delayed(sliced, traverse=False))


def chunks_within(chunks: int | Sequence[int], start: int, stop: int) -> tuple[int, ...]:
    """Return the lengths of the chunks, of one length or of many, from `start` to `stop`."""
    if isinstance(chunks, int):
        first = (start // chunks + 1) * chunks
        edges = [start, *range(first, stop, chunks), stop]
    else:
        ends = np.cumsum(chunks).tolist()
        edges = [start, *(end for end in ends if start < end < stop), stop]
    return tuple(after - before for before, after in pairwise(edges))


def ends_match(chunks: Sequence[int], sizes: Sequence[int]) -> bool:
    """Return whether partitions of these sizes end where chunks end, so that none divides a chunk."""
    return set(accumulate(sizes)) <= set(accumulate(chunks))
