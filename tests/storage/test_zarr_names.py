"""The private names of zarr and fsspec in `storage/_zarr.py` exist and do what is expected of them."""

import ast
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import zarr

import dask_animate

FOLDER = Path(dask_animate.__file__).parent / "storage"


def require(is_there, sentence):
    assert is_there, f"{sentence}: adapt dask_animate/storage/_zarr.py to zarr {zarr.__version__}"


def test_coroutines_run_in_the_loop_of_zarr(tmp_path):
    try:
        sync = import_module("zarr.core.sync").sync
    except (ImportError, AttributeError):
        sync = None
    require(sync is not None, "zarr.core.sync.sync, which runs a store's coroutines, is gone")
    zarr.create_group(tmp_path)

    async def names():
        return [name async for name in zarr.storage.LocalStore(tmp_path).list_dir("")]

    require(sync(names()) == ["zarr.json"], "zarr.core.sync.sync does not run a store's coroutines")


def test_wrappers_say_what_they_wrap():
    store = zarr.storage.MemoryStore()
    wrapped = zarr.storage.LoggingStore(zarr.storage.WrapperStore(store), "ERROR")
    require(hasattr(wrapped, "_store"), "WrapperStore._store, which is the wrapped store, is gone")
    from dask_animate.storage._zarr import unwrapped

    require(unwrapped(wrapped) is store, "WrapperStore._store is not the wrapped store")


def test_listings_can_be_forgotten(tmp_path):
    store = zarr.storage.FsspecStore.from_url(f"file://{tmp_path}")
    require(
        hasattr(store.fs, "sync_fs"),
        "AsyncFileSystemWrapper.sync_fs of fsspec, which is the wrapped file system, is gone",
    )
    from dask_animate.storage._zarr import file_system

    require(
        type(file_system(store)).__name__ == "LocalFileSystem",
        "AsyncFileSystemWrapper.sync_fs of fsspec is not the wrapped file system",
    )


def test_empty_chunks_are_written(tmp_path):
    array = zarr.create_array(tmp_path, shape=4, chunks=2, dtype="u1", fill_value=0)
    array[:2] = 0
    assert not (tmp_path / "c").exists()
    from dask_animate.storage._zarr import writing_empty_chunks

    try:
        writing_empty_chunks(array)[:2] = 0
    except (AttributeError, TypeError) as exc:
        pytest.fail(
            f"zarr.Array(zarr.AsyncArray(metadata, path, config)) cannot be made any more: {exc}"
        )
    require((tmp_path / "c/0").exists(), "AsyncArray does not heed the option write_empty_chunks")
    assert np.array_equal(zarr.open_array(tmp_path, mode="r")[:], np.zeros(4))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_private_names_stand_in_one_module(path):
    """No other module of the folder imports a private module of zarr, or reads a private attribute."""
    private = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(("zarr.core", "fsspec")):
            private.append(node.module)
        elif isinstance(node, ast.Attribute) and node.attr[0] == "_" and node.attr[1] != "_":
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            private += [] if owner in ("self", "cls") else [node.attr]
    assert bool(private) == (path.name == "_zarr.py"), private
