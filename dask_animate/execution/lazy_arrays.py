"""Frames as a dask array, drawn when they are computed, by any scheduler."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
from dask.layers import ArrayBlockwiseDep
from numpy.typing import NDArray

from ..errors import RedrawWarning, errors_that_travel
from ..frames import FrameSize
from ..memory import CHUNK_BYTES, CHUNK_READ_BYTES
from ..params import Params, PartitionBlocks, UnfilledPartition, partition_sizes
from ..rendering import Block, FigureSpec, Renderer, TaskSpec, renderers
from .mapping import block_axes
from .partitioning import TAIL_SEGMENT, kept_length

#: Bytes of what all tasks have in common up to which each task carries it. More is a task of its own,
#: on which they all depend, so that dask fuses less.
INLINE_BYTES = 64 * 2**10


def lazy_frames(spec: FigureSpec, params: Params, partition_size: Any) -> Any:
    """Return frames as a `dask.array.Array`, (n, height, width, 3) uint8, chunked by partition.

    Parameters
    ----------
    spec : FigureSpec
        What to draw; not pickled yet.
    params
        The frames' parameters; consumed.
    partition_size : int, sequence of int or "auto"
        Frames in a chunk. The partitions of a Bag are its own.
    """
    with closing(Renderer(spec)) as renderer:
        size = renderer.size()
    blocks = params.blocks(partial(_sizes, size=size, partition_size=partition_size))
    return _drawn(Drawing(spec.pickled()), blocks, size)


def _sizes(params: Params, size: FrameSize, partition_size: Any) -> tuple[int, ...]:
    """Return the frames of each chunk of a lazy array: as the caller says, or what fits in memory."""
    n_frames = params.n_frames or 0
    if not isinstance(partition_size, str):
        return _all_sizes(partition_sizes(partition_size, n_frames), n_frames)
    partition_sizes(partition_size, n_frames)
    longest = max(1, CHUNK_BYTES // size.n_bytes)
    chunks = params.chunks
    if chunks is not None and max(chunks) <= longest and n_frames >= TAIL_SEGMENT * len(chunks):
        return chunks  # each is read, computed and drawn in one task
    length = min(kept_length(n_frames, size.n_bytes), longest)
    sizes = params.sizes(length, CHUNK_READ_BYTES)
    return _all_sizes(partition_sizes(sizes, n_frames), n_frames)


def _all_sizes(sizes: Iterable[int], n_frames: int) -> tuple[int, ...]:
    found, n_left = [], n_frames
    for size in sizes:
        found.append(min(size, n_left))
        n_left -= size
        if n_left <= 0:
            break
    return tuple(found)


class Drawing:
    """What all tasks of a lazy array have in common.

    Not a dataclass, and not a function with arguments, lest dask look into it for keys of tasks.

    Parameters
    ----------
    spec : FigureSpec
        What to draw, pickled.
    """

    def __init__(self, spec: FigureSpec) -> None:
        self._spec = spec
        self.name = f"draw-{uuid.uuid4().hex}"

    def __dask_tokenize__(self) -> str:
        return self.name

    @property
    def n_bytes(self) -> int:
        """Bytes that travel with each task that carries it, about."""
        animator = self._spec.animator
        return len(animator) if isinstance(animator, bytes) else 0

    def draw(self, partition: UnfilledPartition, blocks: Sequence[Any]) -> NDArray[np.uint8]:
        """Draw a partition of consecutive frames, with the figure that this process keeps for them."""
        indexed = enumerate(partition.filled(blocks), partition.start)
        with errors_that_travel(), renderers.lent(self.name, self._spec) as renderer:
            output = renderer.render(TaskSpec(), partition.start, indexed, partition.n_frames)
        if output.report.redraw_fault is not None:
            _warn(output.report.redraw_fault)
        assert isinstance(output.payload, Block)
        return output.payload.pixels


def _warn(message: str) -> None:
    """Issue a `RedrawWarning` in this process, and in the clients if this is a task of a cluster."""
    if "distributed" in sys.modules:
        from distributed import warn
    else:
        from warnings import warn
    warn(message, RedrawWarning, stacklevel=2)


def draw_partition(
    partition: UnfilledPartition, drawing: Drawing | NDArray[np.object_], *blocks: Any
) -> NDArray[np.uint8]:
    """Task: draw a partition from the blocks that dask computed for it."""
    shared: Drawing = drawing.item() if isinstance(drawing, np.ndarray) else drawing
    return shared.draw(partition, blocks)


class _PartitionDep(ArrayBlockwiseDep):  # type: ignore[misc]
    """Hands each task its partition, made when the graph is, so that the layer stays symbolic."""

    def __init__(self, blocks: PartitionBlocks, name: str) -> None:
        super().__init__((blocks.sizes,))
        self._blocks = blocks
        self._name = name

    def __getitem__(self, idx: tuple[int, ...]) -> UnfilledPartition:
        return self._blocks.partition(idx[0])

    def __dask_tokenize__(self) -> str:
        return f"{self._name}-partitions"


def _drawn(drawing: Drawing, blocks: PartitionBlocks, size: FrameSize) -> Any:
    """Return the array that is drawn from blocks: one layer, which dask fuses with those below it."""
    import dask.array

    lengths = {"y": size.height, "x": size.width, "c": 3}
    arguments: list[Any] = [_PartitionDep(blocks, drawing.name), "t", *_shared(drawing)]
    for (array, _), names in zip(blocks.arrays, block_axes(blocks.arrays, list(lengths)), strict=True):
        arguments += array, names
    used = {name for names in arguments[1::2] if names is not None for name in names}
    return dask.array.blockwise(
        draw_partition,
        "tyxc",
        *arguments,
        name=drawing.name,
        dtype=np.uint8,
        meta=np.empty((0, 0, 0, 0), np.uint8),
        new_axes={name: n for name, n in lengths.items() if name not in used},
        adjust_chunks={name: (n,) for name, n in lengths.items() if name in used},
        align_arrays=False,
        concatenate=True,
    )


def _shared(drawing: Drawing) -> tuple[Any, Any]:
    """Return what all tasks have in common as an argument of `blockwise`, and its axes."""
    if drawing.n_bytes <= INLINE_BYTES:
        return drawing, None
    import dask.array

    box = np.empty((), object)
    box[()] = drawing
    return dask.array.from_array(box, name=f"{drawing.name}-figure"), ()
