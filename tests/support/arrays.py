"""Arrays of every kind whose slices hold the number of their frame, and an animator that shows it."""

import os

import dask.array as da
import h5py
import numpy as np
import xarray as xr
import zarr
from dask import delayed
from helpers import FrameNumber

N = 60
#: The number of a frame stands in each of its elements.
NUMBERS = np.arange(N) * 7 % 251
DATA = np.broadcast_to(NUMBERS[:, None, None], (N, 4, 5)).astype(np.int32)


class Shows(FrameNumber):
    """Draws the number that its slice holds, of whatever kind it is."""

    def __init__(self, kind=np.ndarray, shape=(4, 5)):
        super().__init__()
        self.kind, self.shape = kind, shape

    def update(self, frame_idx, params):
        assert isinstance(params, self.kind), type(params)
        if self.kind in (dict, tuple):
            parts = list(params.values()) if self.kind is dict else params
            assert len({int(np.max(part)) for part in parts}) == 1
            params = parts[0]
        elif self.kind is xr.Dataset:
            params = params["field"]
        if isinstance(params, xr.DataArray):
            assert params.variable._in_memory
            params = params.values
        assert params.shape == self.shape
        assert params.min() == params.max()
        super().update(frame_idx, params.max())


def zarr_array(path, data=DATA, chunks=(7, 2, 5)):
    array = zarr.create_array(path, shape=data.shape, chunks=chunks, dtype=data.dtype)
    array[:] = data
    return array


def hdf5(path, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("group/field", data=DATA, **options)
    return h5py.File(path, "r")["group/field"]


def labelled(dims=("time", "y", "x")):
    return xr.DataArray(DATA, dims=dims, coords={"time": np.arange(N)}, name="field")


def on_disk(path):
    labelled().to_dataset().to_zarr(path, encoding={"field": {"chunks": (8, 4, 5)}}, consolidated=False)
    return xr.open_zarr(path, chunks=None, consolidated=False)


KINDS = {
    "dask": lambda path: (da.from_array(DATA, chunks=(9, 2, 5)), {}),
    "zarr": lambda path: (zarr_array(path), {}),
    "zarr in memory": lambda path: (zarr_array(zarr.storage.MemoryStore()), {}),
    "path": lambda path: (zarr_array(path) and path, {}),
    "str": lambda path: (zarr_array(path) and str(path), {}),
    "url": lambda path: (zarr_array(path) and f"file://{path}", {}),
    "hdf5": lambda path: (hdf5(path, chunks=(11, 4, 5)), {}),
    "hdf5 without chunks": lambda path: (hdf5(path), {}),
    "xarray": lambda path: (labelled(), {"kind": xr.DataArray}),
    "xarray of dask": lambda path: (labelled().chunk(time=9, x=2), {"kind": xr.DataArray}),
    "xarray on disk": lambda path: (on_disk(path)["field"], {"kind": xr.DataArray}),
    "dataset": lambda path: (on_disk(path), {"kind": xr.Dataset}),
    "dataset of dask": lambda path: (labelled().to_dataset().chunk(time=25), {"kind": xr.Dataset}),
    "dict": lambda path: ({"a": zarr_array(path), "b": da.from_array(DATA), "c": DATA}, {"kind": dict}),
    "dict of numpy": lambda path: ({"a": DATA, "b": DATA[:, 0]}, {"kind": dict}),
    "tuple": lambda path: ((zarr_array(path), NUMBERS), {"kind": tuple}),
    "delayed": lambda path: ([delayed(np.full)((4, 5), number) for number in NUMBERS], {}),
}


class CountingStore(zarr.storage.LocalStore):
    """Leaves a file beside for each chunk that is read."""

    async def get(self, key, prototype=None, byte_range=None):
        if "/" in key:
            folder = self.root.parent / "reads"
            folder.mkdir(exist_ok=True)
            (folder / f"{key.replace('/', '_')}-{os.getpid()}-{os.urandom(4).hex()}").touch()
        return await super().get(key, prototype, byte_range)


def reads(path):
    """Return the chunks that were read, and the processes that did."""
    parts = [name.split("-")[:2] for name in os.listdir(path / "reads")]
    return sorted(name for name, _ in parts), {int(pid) for _, pid in parts}
