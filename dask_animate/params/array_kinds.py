"""The kinds of arrays that parameters can be, and how each is opened for slicing."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from dask.utils import Dispatch, format_bytes

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_int
from .sliced import Sliced
from .sliced_array import HDF5Dataset, SlicedArray, SlicedZarrArray
from .sliced_data_array import SlicedDataArray

#: Limit of the data that are sent with each partition because all frames need them, in bytes.
MAX_STATIC_BYTES = 64 * 2**20

#: Opens an array for slicing; called with the array, and with `axis` and `dim` of `make_video`.
Opener = Callable[[Any, object, object], Sliced]

#: Returns the opener of an array; None for other values, and for NumPy arrays, which are sequences.
opener_of = Dispatch("opener_of")
#: Returns whether a value is the location of a zarr array: a path, a URL or a zarr store.
is_location = Dispatch("is_location")


def _opener_of_any(value: object) -> Opener | None:
    is_array = hasattr(value, "dtype") and hasattr(value, "chunks")
    is_array &= isinstance(getattr(value, "shape", None), tuple)  # Delayed objects have any attribute
    return _open_unlabelled if is_array else None  # such as an array of dask


def _register_zarr() -> None:
    from ..storage import ARRAY_TYPE, LOCATION_TYPES

    opener_of.register(ARRAY_TYPE, lambda value: _open_zarr)
    is_location.register(LOCATION_TYPES, lambda value: True)


def _register_h5py() -> None:
    import h5py

    opener_of.register(h5py.Dataset, lambda value: _open_hdf5)


def _register_xarray() -> None:
    import xarray

    opener_of.register((xarray.DataArray, xarray.Dataset), lambda value: _open_labelled)
    opener_of.register(xarray.Variable, lambda value: None)


opener_of.register(object, _opener_of_any)
opener_of.register(np.ndarray, lambda value: None)
opener_of.register_lazy("zarr", _register_zarr)
opener_of.register_lazy("h5py", _register_h5py)
opener_of.register_lazy("xarray", _register_xarray)

is_location.register(object, lambda value: isinstance(value, str | os.PathLike))
is_location.register_lazy("zarr", _register_zarr)


def open_sliced(value: Any, axis: object, dim: object) -> Sliced:
    """Open an array, or the zarr array at a location, for slicing; arguments as for `make_video`."""
    if is_location(value):
        from ..storage import open_array

        value = open_array(value)
    open_ = _open_unlabelled if isinstance(value, np.ndarray) else opener_of(value)
    if open_ is None:
        raise OptionTypeError(
            f"param_by_frame holds a {type(value).__name__}; each value of a dict or tuple must be an "
            f"array of dask, zarr, xarray, h5py or NumPy, with one slice for each frame"
        )
    sliced: Sliced = open_(value, axis, dim)
    return sliced


def _open_unlabelled(value: Any, axis: object, dim: object) -> SlicedArray:
    if not value.shape:
        raise OptionError("an array needs an axis of frames, got one without dimensions")
    axis = 0 if axis is None else require_axis(axis, len(value.shape))
    if any(map(math.isnan, value.shape)):
        raise OptionError("the array has chunks of unknown size: call its compute_chunk_sizes() first")
    return SlicedArray(value, axis, 0, int(value.shape[axis]))


def _open_zarr(value: Any, axis: object, dim: object) -> SlicedZarrArray:
    return SlicedZarrArray(**vars(_open_unlabelled(value, axis, dim)))


def _open_hdf5(dataset: Any, axis: object, dim: object) -> SlicedArray:
    if not dataset:
        raise OptionError("the HDF5 file of param_by_frame is closed")
    file = dataset.file
    is_elsewhere = not os.path.isfile(file.filename) or file.driver == "core"
    if is_elsewhere and dataset.nbytes > MAX_STATIC_BYTES:
        raise OptionError(
            f"the HDF5 file {file.filename} is not a file on a disk, so workers cannot open it: "
            f"give a file, or convert it to zarr"
        )
    if is_elsewhere:
        return _open_unlabelled(dataset[()], axis, dim)  # only this process can read it
    if file.mode != "r":
        raise OptionError(
            f"the HDF5 file {file.filename} is open for writing, which keeps workers from reading it: "
            f'close it, and open it with mode "r"'
        )
    path = os.path.abspath(file.filename)
    found = HDF5Dataset(path, dataset.name, dataset.shape, dataset.dtype, dataset.chunks)
    return _open_unlabelled(found, axis, dim)


def _open_labelled(labelled: Any, axis: object, dim: object) -> SlicedDataArray:
    """Open a DataArray or a Dataset; variables that all frames need are read now."""
    dim = _require_dim(labelled, dim)
    static = [
        name for name, variable in getattr(labelled, "data_vars", {}).items() if dim not in variable.dims
    ]
    n_bytes = sum(labelled[name].nbytes for name in static)
    if n_bytes > MAX_STATIC_BYTES:
        raise OptionError(
            f"the variables {', '.join(map(str, static))} do not have the dimension {dim!r}, so that "
            f"all of their {format_bytes(n_bytes)} would go with each frame: drop them"
        )
    if static:
        labelled = labelled.assign({name: labelled[name].compute() for name in static})
    return SlicedDataArray(labelled, dim)


def require_axis(axis: object, ndim: int) -> int:
    """Check an axis of an array with `ndim` dimensions; negative ones count from the last."""
    number = require_int("axis", axis, -ndim)
    if number >= ndim:
        raise OptionError(f"axis is {number}, but the array has {ndim} dimensions")
    return number % ndim


def _require_dim(labelled: Any, dim: object) -> Any:
    dims = list(labelled.dims)
    if dim is None:
        firsts = {dims[0] if dims else None}
        if hasattr(labelled, "data_vars"):
            firsts = {variable.dims[0] for variable in labelled.data_vars.values() if variable.dims}
        if len(firsts) == 1 and (first := firsts.pop()) is not None:
            return first
        raise OptionError(f"dim= has to say which of the dimensions {dims} is that of the frames")
    if not isinstance(dim, Hashable) or dim not in dims:
        raise OptionError(f"dim must be one of the dimensions {dims}, got {in_short(dim)}")
    return dim
