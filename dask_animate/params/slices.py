"""The parameters of frames as slices of one array, or of several aligned arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any, overload

import numpy as np
from dask import delayed

from ..errors import NoFramesError, OptionError, OptionTypeError, ParamsError
from .array_kinds import is_location, open_sliced, opener_of
from .sliced import BlockArray, Sliced, Unfilled


@dataclass(frozen=True)
class Slices(Sequence[Any]):
    """The parameters of consecutive frames, each a slice of one array or of several aligned arrays.

    Iterating reads all of them at once; nothing is read before. A pickle holds the location of the data,
    and those data that are in memory.

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
        """Return the parameters of one frame, read now, or the slices of a run of frames."""
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

    def snapshot(self) -> Slices:
        """Return them with copies of arrays in memory."""
        return replace(self, arrays=tuple(array.snapshot() for array in self.arrays))

    def load(self) -> Slices:
        """Return the slices in memory, read or computed now."""
        return replace(self, arrays=tuple(array.load() for array in self.arrays))

    def delayed(self) -> Any:
        """Return a Delayed object that reads the slices on the worker that computes it.

        Not for lazy ones: `divided` gives their data as dask arrays.
        """
        return delayed(Slices.load)(delayed(self, traverse=False))

    def divided(self, sizes: Sequence[int]) -> tuple[UnfilledSlices, list[BlockArray]]:
        """Split the slices: into what is sent with each partition, and dask arrays of the rest.

        Parameters
        ----------
        sizes : sequence of int
            Frames of each partition.
        """
        unfilled, blocks = zip(*(array.divided(sizes) for array in self.arrays), strict=True)
        return UnfilledSlices(unfilled, self.names), list(chain.from_iterable(blocks))

    def pick(self, idx: int) -> Any:
        """Return the parameters of one frame, if the slices are in memory."""
        picked = [array[idx] for array in self.arrays]
        if self.names is None:
            return picked[0]
        return dict(zip(self.names, picked, strict=True)) if self.names else tuple(picked)

    def edges(self) -> list[int]:
        """Return where runs can end so that no chunk of any array is read twice, and the end of all."""
        common: set[int] | None = None
        for array in self.arrays:
            ends = set(np.cumsum(array.chunks).tolist())
            common = ends if common is None else common & ends
        return sorted((common or set()) | {len(self)})


@dataclass(frozen=True)
class UnfilledSlices:
    """The parameters of consecutive frames, without the data that dask computes.

    Attributes
    ----------
    arrays : tuple of Unfilled
        The arrays.
    names : tuple or None
        As for `Slices`.
    """

    arrays: tuple[Unfilled, ...]
    names: tuple[Any, ...] | None

    def __getitem__(self, idx: slice) -> UnfilledSlices:
        """Return those of some of the frames."""
        return replace(self, arrays=tuple(array.cut(idx.start, idx.stop) for array in self.arrays))

    def filled(self, start: int, blocks: Sequence[Any]) -> Slices:
        """Return the parameters with the data that dask computed."""
        computed = iter(blocks)
        return Slices(tuple(array.filled(computed) for array in self.arrays), self.names)


def is_data(value: object) -> bool:
    """Return whether parameters are arrays to be sliced; otherwise they are a sequence of items."""
    if isinstance(value, tuple):
        return any(opener_of(array) is not None for array in value)
    return isinstance(value, Mapping) or is_location(value) or opener_of(value) is not None


def open_slices(value: Any, axis: object, dim: object) -> Slices:
    """Return the slices of arrays of any kind; nothing is read.

    Parameters
    ----------
    value : array, location of a zarr array, or dict or tuple of these
        The arrays.
    axis : int or None
        Axis of arrays without labels; None is the first.
    dim : str or None
        Dimension of labelled arrays; None is the first.

    Raises
    ------
    OptionError, OptionTypeError, ParamsError
        If the arrays cannot be sliced like that, or have different lengths.
    """
    names: tuple[Any, ...] | None = None
    if opener_of(value) is not None or not isinstance(value, Mapping | tuple):
        parts = [value]  # xarray.Dataset is a Mapping too
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
        raise NoFramesError("param_by_frame is empty: a video needs at least one frame")
    return Slices(arrays, names)


def _check_used(arrays: Sequence[Sliced], axis: object, dim: object) -> None:
    """Raise for an argument that would be ignored."""
    labelled = [array.is_labelled for array in arrays]
    if axis is not None and all(labelled):
        raise OptionError("axis= is for arrays without labels; for xarray, give dim=")
    if dim is not None and not any(labelled):
        raise OptionError("dim= is for xarray; for other arrays, give axis=")
