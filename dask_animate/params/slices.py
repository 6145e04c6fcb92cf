"""The parameters of frames as slices of arrays, of one or of several that are aligned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
from dask import delayed

from ..errors import OptionError, OptionTypeError, ParamsError
from .arrays import Member, SlicedDataArray, is_place, kind_of, open_member


@dataclass(frozen=True)
class Slices(Sequence[Any]):
    """A run of frames' parameters, each a slice of one array or of several that are aligned.

    Nothing is read until the first is asked for; then all of them are, once. What is pickled is where
    to read, and what is in memory.

    Attributes
    ----------
    members : tuple of Member
        The arrays.
    names : tuple or None
        Of the members, where a frame gets a dict; () gives it a tuple, None the one slice as it is.
    """

    members: tuple[Member, ...]
    names: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return self.members[0].n

    @overload
    def __getitem__(self, idx: int) -> Any: ...

    @overload
    def __getitem__(self, idx: slice) -> Slices: ...

    def __getitem__(self, idx: int | slice) -> Any:
        """Return a slice, or a run of them, that shares nothing that is read with this one."""
        if isinstance(idx, slice):
            start, stop, _ = idx.indices(len(self))
            return replace(self, members=tuple(member.cut(start, stop) for member in self.members))
        return next(iter(self[idx : idx + 1]))

    def __iter__(self) -> Iterator[Any]:
        loaded = self.load()
        return (loaded.pick(idx) for idx in range(len(self)))

    @cached_property
    def slice_bytes(self) -> float:
        """Bytes of a frame's parameters in memory."""
        return sum(member.slice_bytes for member in self.members)

    @property
    def travel_bytes(self) -> int:
        """Bytes that travel to the worker that reads it."""
        return sum(member.travel_bytes for member in self.members)

    @property
    def is_lazy(self) -> bool:
        """Whether any of it has to be computed by dask."""
        return any(member.is_lazy for member in self.members)

    def load(self) -> Slices:
        """Return the same in memory, read or computed now."""
        return replace(self, members=tuple(member.load() for member in self.members))

    def delayed(self) -> Any:
        """Return a Delayed object that becomes the same in memory."""
        return delayed(_assembled)([member.delayed() for member in self.members], self.names)

    def pick(self, idx: int) -> Any:
        """Return one slice of what is in memory, without reading it again."""
        picked = [member[idx] for member in self.members]
        if self.names is None:
            return picked[0]
        return dict(zip(self.names, picked, strict=True)) if self.names else tuple(picked)

    def edges(self) -> list[int]:
        """Return where a run may end without a chunk of any member being read twice; the end is last."""
        common: set[int] | None = None
        for member in self.members:
            ends = set(np.cumsum(member.chunks).tolist())
            common = ends if common is None else common & ends
        return sorted((common or set()) | {len(self)})


def _assembled(members: Sequence[Member], names: Any) -> Slices:
    return Slices(tuple(members), None if names is None else tuple(names))


def is_data(value: object) -> bool:
    """Whether parameters are arrays to be sliced, not a sequence of items."""
    if isinstance(value, tuple):
        return any(kind_of(member) is not None for member in value)
    return isinstance(value, Mapping) or is_place(value) or kind_of(value) is not None


def open_slices(value: Any, axis: object, dim: object) -> Slices:
    """Make slices of arrays of any kind.

    Parameters
    ----------
    value : array, path of a zarr array, or dict or tuple of these
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
    if kind_of(value) is not None or not isinstance(value, Mapping | tuple):
        parts = [value]  # a Dataset of xarray's is a mapping too
    elif isinstance(value, Mapping):
        names, parts = tuple(value), list(value.values())
    else:
        names, parts = (), list(value)
    if not parts:
        raise OptionTypeError("param_by_frame is a dict with no arrays in it")
    members = tuple(open_member(part, axis, dim) for part in parts)
    _check_used(members, axis, dim)
    lengths = [member.n for member in members]
    if len(set(lengths)) > 1:
        shown = ", ".join(
            f"{name!r}: {length}"
            for name, length in zip(names or range(len(parts)), lengths, strict=True)
        )
        raise ParamsError(f"the arrays of param_by_frame have different numbers of frames: {shown}")
    if not lengths[0]:
        raise ParamsError("param_by_frame is empty: a video needs at least one frame")
    return Slices(members, names)


def _check_used(members: Sequence[Member], axis: object, dim: object) -> None:
    """Refuse an argument that would be ignored."""
    labelled = [isinstance(member, SlicedDataArray) for member in members]
    if axis is not None and all(labelled):
        raise OptionError("axis= is for arrays without names; of xarray's give dim=")
    if dim is not None and not any(labelled):
        raise OptionError("dim= is for xarray; of other arrays give axis=")
