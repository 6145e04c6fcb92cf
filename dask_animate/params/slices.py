"""The parameters of frames as slices of arrays, of one or of several that are aligned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any, overload

import numpy as np
from dask import delayed

from ..errors import OptionError, OptionTypeError, ParamsError
from .array_kinds import is_location, open_sliced, opener_of
from .sliced import BlockArray, Sliced, Unfilled
from .sliced_data_array import SlicedDataArray


@dataclass(frozen=True)
class Slices(Sequence[Any]):
    """A run of frames' parameters, each a slice of one array or of several that are aligned.

    Nothing is read until the first is asked for; then all of them are, once. What is pickled is where
    to read, and what is in memory.

    Attributes
    ----------
    arrays : tuple of Sliced
        The arrays.
    names : tuple or None
        Names of the arrays, if a frame gets a dict; () gives it a tuple, None the one slice as it is.
    """

    arrays: tuple[Sliced, ...]
    names: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return self.arrays[0].n

    @overload
    def __getitem__(self, idx: int) -> Any: ...

    @overload
    def __getitem__(self, idx: slice) -> Slices: ...

    def __getitem__(self, idx: int | slice) -> Any:
        """Return a slice, or a run of them, that shares nothing that is read with this one."""
        if isinstance(idx, slice):
            start, stop, _ = idx.indices(len(self))
            return replace(self, arrays=tuple(array.cut(start, stop) for array in self.arrays))
        return next(iter(self[idx : idx + 1]))

    def __iter__(self) -> Iterator[Any]:
        loaded = self.load()
        return (loaded.pick(idx) for idx in range(len(self)))

    @cached_property
    def slice_bytes(self) -> float:
        """Bytes of a frame's parameters in memory."""
        return sum(array.slice_bytes for array in self.arrays)

    @property
    def travel_bytes(self) -> int:
        """Bytes that travel to the worker that reads it."""
        return sum(array.travel_bytes for array in self.arrays)

    @property
    def is_lazy(self) -> bool:
        """True if dask has to compute any of it."""
        return any(array.is_lazy for array in self.arrays)

    def load(self) -> Slices:
        """Return the slices in memory, read or computed now."""
        return replace(self, arrays=tuple(array.load() for array in self.arrays))

    def delayed(self) -> Any:
        """Return a Delayed object that becomes the slices in memory."""
        return delayed(_assembled)([array.delayed() for array in self.arrays], self.names)

    def divided(self, sizes: Sequence[int]) -> tuple[UnfilledSlices, list[BlockArray]]:
        """Return the slices in two: what goes with each partition, and dask arrays of the rest.

        Parameters
        ----------
        sizes : sequence of int
            Frames of each partition.
        """
        unfilled, blocks = zip(*(array.divided(sizes) for array in self.arrays), strict=True)
        return UnfilledSlices(unfilled, self.names), list(chain.from_iterable(blocks))

    def pick(self, idx: int) -> Any:
        """Return one slice of what is in memory, without reading it again."""
        picked = [array[idx] for array in self.arrays]
        if self.names is None:
            return picked[0]
        return dict(zip(self.names, picked, strict=True)) if self.names else tuple(picked)

    def edges(self) -> list[int]:
        """Return where a run may end without a chunk of any array being read twice; the end is last."""
        common: set[int] | None = None
        for array in self.arrays:
            ends = set(np.cumsum(array.chunks).tolist())
            common = ends if common is None else common & ends
        return sorted((common or set()) | {len(self)})


@dataclass(frozen=True)
class UnfilledSlices:
    """A run of frames' parameters that lack what dask computes.

    Attributes
    ----------
    arrays : tuple of Unfilled
        The arrays.
    names : tuple or None
        As of `Slices`.
    """

    arrays: tuple[Unfilled, ...]
    names: tuple[Any, ...] | None

    def __getitem__(self, idx: slice) -> UnfilledSlices:
        """Return a run of them."""
        return replace(self, arrays=tuple(array.cut(idx.start, idx.stop) for array in self.arrays))

    def filled(self, start: int, blocks: Sequence[Any]) -> Slices:
        """Return the parameters with what was computed."""
        computed = iter(blocks)
        return Slices(tuple(array.filled(computed) for array in self.arrays), self.names)


def _assembled(arrays: Sequence[Sliced], names: Any) -> Slices:
    return Slices(tuple(arrays), None if names is None else tuple(names))


def is_data(value: object) -> bool:
    """Whether parameters are arrays to be sliced, not a sequence of items."""
    if isinstance(value, tuple):
        return any(opener_of(array) is not None for array in value)
    return isinstance(value, Mapping) or is_location(value) or opener_of(value) is not None


def open_slices(value: Any, axis: object, dim: object) -> Slices:
    """Make slices of arrays of any kind.

    Parameters
    ----------
    value : array, location of a zarr array, or dict or tuple of these
        What `is_data` is true for, or arrays in a dict.
    axis : int or None
        Of arrays without names; the first by default.
    dim : str or None
        Of xarray's; the first by default.

    Raises
    ------
    OptionError, OptionTypeError, ParamsError
        If they cannot be sliced like that, or have different lengths.
    """
    names: tuple[Any, ...] | None = None
    if opener_of(value) is not None or not isinstance(value, Mapping | tuple):
        parts = [value]  # a Dataset of xarray's is a mapping too
    elif isinstance(value, Mapping):
        names, parts = tuple(value), list(value.values())
    else:
        names, parts = (), list(value)
    if not parts:
        raise OptionTypeError("param_by_frame is a dict with no arrays in it")
    arrays = tuple(open_sliced(part, axis, dim) for part in parts)
    _check_used(arrays, axis, dim)
    lengths = [array.n for array in arrays]
    if len(set(lengths)) > 1:
        shown = ", ".join(
            f"{name!r}: {length}"
            for name, length in zip(names or range(len(parts)), lengths, strict=True)
        )
        raise ParamsError(f"the arrays of param_by_frame have different numbers of frames: {shown}")
    if not lengths[0]:
        raise ParamsError("param_by_frame is empty: a video needs at least one frame")
    return Slices(arrays, names)


def _check_used(arrays: Sequence[Sliced], axis: object, dim: object) -> None:
    """Refuse an argument that would be ignored."""
    labelled = [isinstance(array, SlicedDataArray) for array in arrays]
    if axis is not None and all(labelled):
        raise OptionError("axis= is for arrays without names; of xarray's give dim=")
    if dim is not None and not any(labelled):
        raise OptionError("dim= is for xarray; of other arrays give axis=")
