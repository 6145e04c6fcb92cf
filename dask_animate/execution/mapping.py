"""Functions mapped over blocks of dask arrays, so that dask fuses them with what computes the blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..params import BlockArray


def block_axes(
    arrays: Sequence[tuple[Any, int | None]], names: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """Yield names of the axes of arrays, as `dask.array.blockwise` takes them.

    The axis along which partitions lie is called "t". Axes of one block get the names of axes of the
    result, as far as there are some: dask does not fuse over axes that the result lacks.

    Parameters
    ----------
    arrays : sequence of (dask.array.Array, int or None)
        Arrays, and their axis of partitions.
    names : sequence of str
        The other axes of the result.
    """
    for k, (array, axis) in enumerate(arrays):
        free = iter(names)
        yield tuple(
            "t" if i == axis else next(free, f"{k}.{i}") if n == 1 else f"{k}.{i}"
            for i, n in enumerate(array.numblocks)
        )


def map_blocks_once(function: Callable[..., Any], arrays: Sequence[BlockArray], name: str) -> Any:
    """Return a Delayed object of a function called with dask arrays, as one partition takes them.

    Parameters
    ----------
    function : callable
        Takes each array in memory, and returns anything.
    arrays : sequence of (dask.array.Array, int or None)
        Arrays, and their axis of partitions, along which there is one block.
    name : str
        Of the task, unique.
    """
    import dask.array

    others = [f"i{i}" for i in range(max(array.ndim for array, _ in arrays))]
    axes = list(block_axes(arrays, others))
    result = ("t", *(name for name in others if any(name in names for names in axes)))
    arguments = [
        argument for (array, _), names in zip(arrays, axes, strict=True) for argument in (array, names)
    ]
    mapped = dask.array.blockwise(
        function,
        result,
        *arguments,
        name=name,
        dtype=object,
        meta=np.empty((0,) * len(result), object),
        new_axes={} if any("t" in names for names in axes) else {"t": 1},
        adjust_chunks={name: (1,) for names in axes for name in names if name in result},
        align_arrays=False,
        concatenate=True,
    )
    (delayed,) = mapped.to_delayed(optimize_graph=True).ravel()
    return delayed
