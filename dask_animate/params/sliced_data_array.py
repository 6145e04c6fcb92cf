"""Labelled arrays, those of xarray, sliced along one dimension."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from itertools import accumulate, pairwise
from typing import Any, ClassVar

from dask.base import is_dask_collection

from .items import pickled_bytes
from .sliced import BlockArray, Unfilled, chunks_within, ends_match

# What the values of a DataArray are called in a Dataset.
_VALUES = "dask_animate_values"


@dataclass(frozen=True)
class SlicedDataArray:
    """Slices of an `xarray.DataArray` or `Dataset`.

    Attributes
    ----------
    labelled : DataArray or Dataset
        The data of these slices, lazy or in memory.
    dim : hashable
        The dimension along which they are sliced.
    """

    is_labelled: ClassVar = True

    labelled: Any
    dim: Any

    def __reduce__(self) -> tuple[Any, ...]:
        """Let xarray be imported as a whole before its objects are loaded.

        They name its submodules. A thread that begins to import one of these, while another thread
        imports xarray, may find it half imported.
        """
        return _restored, (_Imported("xarray"), self.labelled, self.dim)

    @property
    def n(self) -> int:
        """Number of slices."""
        return int(self.labelled.sizes[self.dim])

    @property
    def chunks(self) -> tuple[int, ...]:
        """Lengths along the dimension of the chunks that are stored or computed as one."""
        edges = set(range(self.n + 1))
        for variable in self._variables():
            edges &= {0, *accumulate(_chunks_of(variable, self.dim))}
        return tuple(stop - start for start, stop in pairwise(sorted(edges)))

    @property
    def slice_bytes(self) -> float:
        """Bytes of a slice in memory."""
        return float(self.labelled.nbytes / max(1, self.n))

    @property
    def is_lazy(self) -> bool:
        """True if dask has to compute the slices."""
        return bool(is_dask_collection(self.labelled))

    @cached_property
    def travel_bytes(self) -> int:
        """Bytes that are sent to a worker with it: not those that the worker reads."""
        return pickled_bytes(self.labelled)

    def snapshot(self) -> SlicedDataArray:
        """Return the slices with a copy of data in memory; what is lazy or in files stays so."""
        labelled = self.labelled.copy()
        if not hasattr(labelled, "data_vars"):
            in_memory = labelled.variable._in_memory
            return replace(self, labelled=labelled.copy(deep=True) if in_memory else labelled)
        for name, array in labelled.data_vars.items():
            if array.variable._in_memory:
                labelled[name] = array.copy(deep=True)
        return replace(self, labelled=labelled)

    def cut(self, start: int, stop: int) -> SlicedDataArray:
        """Return some of the slices."""
        return SlicedDataArray(self.labelled.isel({self.dim: slice(start, stop)}), self.dim)

    def load(self) -> SlicedDataArray:
        """Read or compute the slices now, and return them in memory."""
        return SlicedDataArray(self.labelled.compute(), self.dim)

    def divided(self, sizes: Sequence[int]) -> tuple[Unfilled, list[BlockArray]]:
        """Split the slices, as `Sliced.divided` says."""
        if not self.is_lazy and ends_match(self.chunks, sizes):
            return self, []
        return _divided(self.labelled, self.dim, sizes)

    def filled(self, blocks: Iterator[Any]) -> SlicedDataArray:
        """Return the slices, which lack nothing."""
        return self

    def __getitem__(self, idx: int) -> Any:
        """Return a slice of the same kind."""
        return self.labelled.isel({self.dim: idx})

    def _variables(self) -> list[Any]:
        arrays = getattr(self.labelled, "data_vars", {None: self.labelled}).values()
        return [array.variable for array in arrays if self.dim in array.dims]


@dataclass(frozen=True)
class LabelledBlocks:
    """Slices of an `xarray.DataArray` or `Dataset`, without the variables that dask computes.

    Attributes
    ----------
    rest : Dataset
        The other variables.
    dim : hashable
        The dimension along which they are sliced.
    computed : tuple of (hashable, dict)
        For each variable that dask computes, its name, and the arguments of `xarray.Variable` except the
        data.
    names : list
        The names of all data variables and coordinates, in their order.
    coords : list
        The names of the coordinates.
    array_names : list
        The name of a DataArray; empty for a Dataset.
    """

    rest: Any
    dim: Any
    computed: tuple[tuple[Any, dict[str, Any]], ...]
    names: list[Any]
    coords: list[Any]
    array_names: list[Any]

    def cut(self, start: int, stop: int) -> LabelledBlocks:
        """Return some of the slices."""
        along = {self.dim: slice(start, stop)}
        return replace(self, rest=self.rest.isel(along, missing_dims="ignore"))

    def filled(self, blocks: Iterator[Any]) -> SlicedDataArray:
        """Return the slices with the data that dask computed; takes its arrays from `blocks`."""
        import xarray

        computed = {
            name: xarray.Variable(data=next(blocks), **arguments) for name, arguments in self.computed
        }
        filled = self.rest.compute().assign(computed).set_coords(self.coords)[self.names]
        for name in self.array_names:
            filled = filled[_VALUES].rename(name)
        return SlicedDataArray(filled, self.dim)


class _Imported:
    """Becomes a module when it is unpickled."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return import_module, (self._name,)


def _restored(module: Any, labelled: Any, dim: Any) -> SlicedDataArray:
    return SlicedDataArray(labelled, dim)


def _divided(labelled: Any, dim: Any, sizes: Sequence[int]) -> tuple[Unfilled, list[BlockArray]]:
    """Split labelled slices, as `Sliced.divided` says."""
    is_dataset = hasattr(labelled, "data_vars")
    dataset = labelled if is_dataset else labelled.to_dataset(name=_VALUES)
    computed: list[tuple[Any, dict[str, Any]]] = []
    arrays: list[BlockArray] = []
    for name, variable in dataset.variables.items():
        is_whole = dim not in variable.dims or ends_match(_chunks_of(variable, dim), sizes)
        if name in dataset.xindexes or (is_whole and not is_dask_collection(variable)):
            continue
        axis = None
        if dim in variable.dims:
            axis = variable.dims.index(dim)
            chunks = {dim: _chunks_of(variable, dim)}
            variable = variable.to_base_variable()  # an IndexVariable ignores chunk()
            variable = variable.chunk(chunks, name=f"load-{uuid.uuid4().hex}").chunk({dim: tuple(sizes)})
        arrays.append((variable.data, axis))
        arguments = {"dims": variable.dims, "attrs": variable.attrs, "encoding": variable.encoding}
        computed.append((name, arguments))
    unfilled = LabelledBlocks(
        dataset.drop_vars([name for name, _ in computed]),
        dim,
        tuple(computed),
        [*dataset.data_vars, *dataset.coords],
        list(dataset.coords),
        [] if is_dataset else [labelled.name],
    )
    return unfilled, arrays


def _chunks_of(variable: Any, dim: Any) -> tuple[int, ...]:
    """Return the lengths of the chunks along a dimension that are stored or computed as one."""
    along: Any = variable.chunksizes.get(dim)
    if along is None:
        along = int(variable.encoding.get("preferred_chunks", {}).get(dim, 1))
    return chunks_within(along, 0, variable.sizes[dim])
