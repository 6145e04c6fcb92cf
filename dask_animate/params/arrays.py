"""Arrays of any kind, dask or zarr or xarray or HDF5 or NumPy, sliced along one axis."""

from __future__ import annotations

import math
import operator
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, Protocol

import numpy as np
from dask import delayed
from dask.base import is_dask_collection
from dask.utils import format_bytes

from ..errors import OptionError, OptionTypeError
from ..validation import require_int
from .items import pickled_bytes

#: Bytes that may go with each partition: of variables that all frames have in common, for instance.
MOST_IN_COMMON = 64 * 2**20


class Member(Protocol):
    """One array, of which a frame takes a slice along one axis; or some of its slices. Not read yet."""

    @property
    def n(self) -> int:
        """Number of slices."""
        ...

    @property
    def chunks(self) -> tuple[int, ...]:
        """Lengths along the axis of what is stored or computed as one."""
        ...

    @property
    def slice_bytes(self) -> float:
        """Bytes of a slice in memory."""
        ...

    @property
    def is_lazy(self) -> bool:
        """Whether it has to be computed by dask."""
        ...

    @property
    def travel_bytes(self) -> int:
        """Bytes that travel with it to a worker."""
        ...

    def cut(self, start: int, stop: int) -> Member:
        """Return some of the slices."""
        ...

    def load(self) -> Member:
        """Return the same in memory, read or computed now."""
        ...

    def delayed(self) -> Any:
        """Return a Delayed object that becomes the same in memory."""
        ...

    def __getitem__(self, idx: int) -> Any:
        """Return one slice as users get it; only of what is in memory."""
        ...


@dataclass(frozen=True)
class SlicedArray:
    """Slices of an array without names: NumPy, dask, zarr or HDF5.

    Attributes
    ----------
    array : array-like
        All of it.
    axis : int
        Along which it is sliced.
    start, stop : int
        Which slices.
    """

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
        """Lengths along the axis of what is stored or computed as one."""
        chunks = getattr(self.array, "chunks", None)
        return _within(1 if chunks is None else chunks[self.axis], self.start, self.stop)

    @property
    def slice_bytes(self) -> float:
        """Bytes of a slice in memory."""
        shape = self.array.shape
        return float(math.prod(shape) / max(1, shape[self.axis]) * np.dtype(self.array.dtype).itemsize)

    @property
    def is_lazy(self) -> bool:
        """Whether it has to be computed by dask."""
        return bool(is_dask_collection(self.array))

    @property
    def travel_bytes(self) -> int:
        """Bytes that travel with it to a worker."""
        return self._part().nbytes if isinstance(self.array, np.ndarray) else 0

    def cut(self, start: int, stop: int) -> SlicedArray:
        """Return some of the slices; those of an array in memory come without the others."""
        part = replace(self, start=self.start + start, stop=self.start + stop)
        return part.load() if self._is_in_memory() else part

    def load(self) -> SlicedArray:
        """Return the same in memory, read or computed now."""
        return self.of(self._part(), self.axis)

    def delayed(self) -> Any:
        """Return a Delayed object that becomes the same in memory."""
        return delayed(self.of)(self._part(), self.axis) if self.is_lazy else _loaded_later(self)

    @classmethod
    def of(cls, part: Any, axis: int) -> SlicedArray:
        """Take an array whose slices are those that are wanted."""
        array = np.asanyarray(part)  # masks stay
        return cls(array, axis, 0, array.shape[axis])

    def __getitem__(self, idx: int) -> Any:
        """Return a slice as NumPy, a view."""
        return self.array[self._index(idx)]

    def _is_in_memory(self) -> bool:
        if isinstance(self.array, np.ndarray):
            return True
        if kind_of(self.array) != "zarr":
            return False
        from ..storage import lives_in_memory

        return lives_in_memory(self.array)

    def _part(self) -> Any:
        if kind_of(self.array) == "zarr":
            from ..storage import require_found

            require_found(self.array)
        return self.array[self._index(slice(self.start, self.stop))]

    def _index(self, along: int | slice) -> tuple[Any, ...]:
        return (slice(None),) * self.axis + (along,)


@dataclass(frozen=True)
class HDF5Dataset:
    """Where an h5py Dataset is to be found, as it cannot be pickled itself."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: Any
    chunks: tuple[int, ...] | None

    def __getitem__(self, index: Any) -> Any:
        """Read a part, opening the file for it."""
        import h5py

        with h5py.File(self.path, "r") as file:
            return file[self.name][index]


@dataclass(frozen=True)
class SlicedDataArray:
    """Slices of an `xarray.DataArray` or `Dataset`.

    Attributes
    ----------
    labelled : DataArray or Dataset
        These slices of it, lazy or in memory.
    dim : hashable
        Along which it is sliced.
    """

    labelled: Any
    dim: Any

    @property
    def n(self) -> int:
        """Number of slices."""
        return int(self.labelled.sizes[self.dim])

    @property
    def chunks(self) -> tuple[int, ...]:
        """Lengths along the dimension of what is stored or computed as one."""
        edges = set(range(self.n + 1))
        for variable in self._variables():
            along: Any = variable.chunksizes.get(self.dim)
            if along is None:
                along = int(variable.encoding.get("preferred_chunks", {}).get(self.dim, 1))
            edges &= {0, *accumulate(_within(along, 0, self.n))}
        return tuple(stop - start for start, stop in pairwise(sorted(edges)))

    @property
    def slice_bytes(self) -> float:
        """Bytes of a slice in memory."""
        return float(self.labelled.nbytes / max(1, self.n))

    @property
    def is_lazy(self) -> bool:
        """Whether it has to be computed by dask."""
        return bool(is_dask_collection(self.labelled))

    @cached_property
    def travel_bytes(self) -> int:
        """Bytes that travel with it to a worker: what is read there does not."""
        return pickled_bytes(self.labelled)

    def cut(self, start: int, stop: int) -> SlicedDataArray:
        """Return some of the slices."""
        return SlicedDataArray(self.labelled.isel({self.dim: slice(start, stop)}), self.dim)

    def load(self) -> SlicedDataArray:
        """Return the same in memory, read or computed now."""
        return SlicedDataArray(self.labelled.compute(), self.dim)

    def delayed(self) -> Any:
        """Return a Delayed object that becomes the same in memory."""
        return delayed(SlicedDataArray)(self.labelled, self.dim) if self.is_lazy else _loaded_later(self)

    def __getitem__(self, idx: int) -> Any:
        """Return a slice of the same kind."""
        return self.labelled.isel({self.dim: idx})

    def _variables(self) -> list[Any]:
        named = getattr(self.labelled, "data_vars", None)
        variables = [self.labelled] if named is None else list(named.values())
        return [variable for variable in variables if self.dim in variable.dims]


def _loaded_later(member: Member) -> Any:
    return delayed(operator.methodcaller("load"))(delayed(member, traverse=False))


def kind_of(value: object) -> str | None:
    """Return which library an array is of, "" for others in chunks; None if it is no lazy array."""
    library = type(value).__module__.partition(".")[0]
    known = {"zarr": ("Array",), "h5py": ("Dataset",), "xarray": ("DataArray", "Dataset")}
    if library in known:
        return library if type(value).__name__ in known[library] else None
    if is_dask_collection(value):
        return "dask" if isinstance(getattr(value, "numblocks", None), tuple) else None
    return (
        "" if hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "chunks") else None
    )


def is_place(value: object) -> bool:
    """Whether a value says where a zarr array is: a path, a URL or a zarr store."""
    if isinstance(value, str | os.PathLike):
        return True
    zarr = sys.modules.get("zarr")  # who has a store has imported it
    return zarr is not None and isinstance(value, zarr.abc.store.Store | zarr.storage.StorePath)


def open_member(value: Any, axis: object, dim: object) -> Member:
    """Check an array, or the path of a zarr array; the arguments are those of `make_video`."""
    if is_place(value):
        from ..storage import open_array

        value = open_array(value)
    kind = kind_of(value)
    if kind == "xarray":
        return _labelled(value, _dim(value, dim))
    if kind is None and not isinstance(value, np.ndarray):
        raise OptionTypeError(
            f"param_by_frame holds a {type(value).__name__}; each value of a dict has to be an array of "
            f"dask, zarr, xarray, h5py or NumPy, with one frame for each index of its first axis"
        )
    if kind == "h5py":
        value = _hdf5(value)
    if not value.shape:
        raise OptionError("an array needs an axis of frames, got one without dimensions")
    axis = 0 if axis is None else require_axis(axis, len(value.shape))
    if any(map(math.isnan, value.shape)):
        raise OptionError("the array has chunks of unknown size: call its compute_chunk_sizes() first")
    return SlicedArray(value, axis, 0, int(value.shape[axis]))


def _labelled(labelled: Any, dim: Any) -> SlicedDataArray:
    """Take a DataArray or a Dataset; what each of its frames has in common is read now, once."""
    static = [
        name for name, variable in getattr(labelled, "data_vars", {}).items() if dim not in variable.dims
    ]
    n_bytes = sum(labelled[name].nbytes for name in static)
    if n_bytes > MOST_IN_COMMON:
        raise OptionError(
            f"the variables {', '.join(map(str, static))} have no dimension {dim!r}, so that all of "
            f"{format_bytes(n_bytes)} would go with each frame: drop them"
        )
    if static:
        labelled = labelled.assign({name: labelled[name].compute() for name in static})
    return SlicedDataArray(labelled, dim)


def _hdf5(dataset: Any) -> Any:
    if not dataset:
        raise OptionError("the HDF5 file of param_by_frame is closed")
    is_elsewhere = not os.path.isfile(dataset.file.filename) or dataset.file.driver == "core"
    if is_elsewhere and dataset.nbytes > MOST_IN_COMMON:
        raise OptionError(
            f"the HDF5 file {dataset.file.filename} is no file on a disk that workers can open: "
            f"give a file, or convert it to zarr"
        )
    if is_elsewhere:
        return dataset[()]  # exists in this process alone
    if dataset.file.mode != "r":
        raise OptionError(
            f"the HDF5 file {dataset.file.filename} is open for writing, which keeps workers from "
            f'reading it: close it, and open it with mode "r"'
        )
    path = os.path.abspath(dataset.file.filename)
    return HDF5Dataset(path, dataset.name, dataset.shape, dataset.dtype, dataset.chunks)


def require_axis(axis: object, ndim: int) -> int:
    """Return an axis of an array of so many dimensions, counted from the first."""
    number = require_int("axis", axis, -ndim)
    if number >= ndim:
        raise OptionError(f"axis is {number}, but the array has {ndim} dimensions")
    return number % ndim


def _dim(labelled: Any, dim: object) -> Any:
    dims = list(labelled.dims)
    if dim is None:
        firsts = {dims[0] if dims else None}
        if hasattr(labelled, "data_vars"):
            firsts = {variable.dims[0] for variable in labelled.data_vars.values() if variable.dims}
        if len(firsts) == 1 and (first := firsts.pop()) is not None:
            return first
        raise OptionError(f"dim= has to say along which of the dimensions {dims} the frames are")
    if dim not in dims:
        raise OptionError(f"dim must be one of the dimensions {dims}, got {dim!r}")
    return dim


def _within(chunks: int | Sequence[int], start: int, stop: int) -> tuple[int, ...]:
    """Return the lengths of the chunks, of one length or of many, from `start` to `stop`."""
    if isinstance(chunks, int):
        first = (start // chunks + 1) * chunks
        edges = [start, *range(first, stop, chunks), stop]
    else:
        ends = np.cumsum(chunks).tolist()
        edges = [start, *(end for end in ends if start < end < stop), stop]
    return tuple(after - before for before, after in pairwise(edges))
