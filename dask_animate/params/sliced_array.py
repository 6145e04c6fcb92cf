"""Arrays without labels, such as those of NumPy, dask, zarr and HDF5, sliced along one axis."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from dask.base import is_dask_collection

from .sliced import BlockArray, Unfilled, chunks_within, ends_match


@dataclass(frozen=True)
class SlicedArray:
    """Slices of an array without labels, such as one of NumPy, dask or HDF5.

    Attributes
    ----------
    array : array-like
        The whole array.
    axis : int
        The axis along which it is sliced.
    start, stop : int
        The first slice, and the one after the last.
    """

    is_labelled: ClassVar = False

    array: Any
    axis: int
    start: int
    stop: int

    @property
    def n(self) -> int:
        """Number of slices."""
        return self.stop - self.start

    @property
    def chunks(self) -> tuple[int, ...]:
        """Lengths along the axis of the chunks that are stored or computed as one."""
        chunks = getattr(self.array, "chunks", None)
        return chunks_within(1 if chunks is None else chunks[self.axis], self.start, self.stop)

    @property
    def slice_bytes(self) -> float:
        """Bytes of a slice in memory."""
        shape = self.array.shape
        return float(math.prod(shape) / max(1, shape[self.axis]) * np.dtype(self.array.dtype).itemsize)

    @property
    def is_lazy(self) -> bool:
        """True if dask has to compute the slices."""
        return bool(is_dask_collection(self.array))

    @property
    def is_in_memory(self) -> bool:
        """True if no other process can read the array."""
        return isinstance(self.array, np.ndarray)

    @property
    def travel_bytes(self) -> int:
        """Bytes that are sent to a worker with it."""
        return self.part().nbytes if isinstance(self.array, np.ndarray) else 0

    def cut(self, start: int, stop: int) -> SlicedArray:
        """Return some of the slices; of an array in memory, the others are dropped."""
        part = replace(self, start=self.start + start, stop=self.start + stop)
        return part.load() if self.is_in_memory else part

    def snapshot(self) -> SlicedArray:
        """Return the slices with a copy of an array of NumPy."""
        if not isinstance(self.array, np.ndarray) or not self.array.flags.writeable:
            return self
        return replace(self, array=self.array.copy())

    def load(self) -> SlicedArray:
        """Read or compute the slices now, and return them in memory."""
        return _in_memory(self.part(), self.axis)

    def divided(self, sizes: Sequence[int]) -> tuple[Unfilled, list[BlockArray]]:
        """Split the slices, as `Sliced.divided` says."""
        if self.is_lazy:
            array = self.part()
        elif self.is_in_memory or ends_match(self.chunks, sizes):
            return self, []
        else:
            array = self._as_dask_array()
        if array.chunks[self.axis] != tuple(sizes):
            array = array.rechunk({self.axis: tuple(sizes)})
        return ArrayBlock(self.axis), [(array, self.axis)]

    def filled(self, blocks: Iterator[Any]) -> SlicedArray:
        """Return the slices, which lack nothing."""
        return self

    def __getitem__(self, idx: int) -> Any:
        """Return a slice as NumPy, a view."""
        return self.array[self._index(idx)]

    def part(self) -> Any:
        """Return the slices as an array, read now; a dask array stays lazy."""
        return self.array[self._index(slice(self.start, self.stop))]

    def _index(self, along: int | slice) -> tuple[Any, ...]:
        return (slice(None),) * self.axis + (along,)

    def _as_dask_array(self) -> Any:
        import dask.array

        readable = _Readable(self)
        chunks: list[tuple[int, ...]] = [(length,) for length in readable.shape]
        chunks[self.axis] = self.chunks
        meta = np.empty((0,) * readable.ndim, readable.dtype)
        return dask.array.from_array(
            readable, tuple(chunks), f"load-{uuid.uuid4().hex}", asarray=False, meta=meta
        )


@dataclass(frozen=True)
class SlicedZarrArray(SlicedArray):
    """Slices of a zarr array."""

    @property
    def is_in_memory(self) -> bool:
        """True if no other process can read the array."""
        from ..storage import lives_in_memory

        return lives_in_memory(self.array)

    def part(self) -> Any:
        """Return the slices, read now; raise `ParamsError` if this process finds no such array."""
        from ..storage import require_found

        require_found(self.array)  # zarr would return zeros
        return super().part()


@dataclass(frozen=True)
class ArrayBlock:
    """The slices of an array without labels that dask computes.

    Attributes
    ----------
    axis : int
        The axis along which the array is sliced.
    """

    axis: int

    def cut(self, start: int, stop: int) -> ArrayBlock:
        """Return some of the slices."""
        return self

    def filled(self, blocks: Iterator[Any]) -> SlicedArray:
        """Return the slices with the data that dask computed; takes its arrays from `blocks`."""
        return _in_memory(next(blocks), self.axis)


class _Readable:
    """A sliced array as `dask.array.from_array` reads it: each part is checked where it is read."""

    def __init__(self, sliced: SlicedArray) -> None:
        self._sliced = sliced
        shape = list(sliced.array.shape)
        shape[sliced.axis] = sliced.n
        self.shape, self.ndim, self.dtype = tuple(shape), len(shape), np.dtype(sliced.array.dtype)

    def __getitem__(self, index: tuple[slice, ...]) -> Any:
        """Read the slices that an index selects; it must select all of the other axes."""
        along = index[self._sliced.axis]
        return self._sliced.cut(along.start, along.stop).load().array


@dataclass(frozen=True)
class HDF5Dataset:
    """The location of an h5py Dataset, which cannot be pickled itself."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: Any
    chunks: tuple[int, ...] | None

    def __getitem__(self, index: Any) -> Any:
        """Read a part; the file is opened for it."""
        import h5py

        with h5py.File(self.path, "r") as file:
            return file[self.name][index]


def _in_memory(slices: Any, axis: int) -> SlicedArray:
    if is_dask_collection(slices):
        slices = slices.compute()  # which NumPy would do without masks
    array = np.asanyarray(slices)
    return SlicedArray(array, axis, 0, array.shape[axis])
