"""Frames as a dask array, which any scheduler of dask draws when it computes them."""

from __future__ import annotations

import pickle
import sys
import uuid
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import cloudpickle
import dask.array
import numpy as np
from dask.highlevelgraph import HighLevelGraph
from dask.layers import ArrayBlockwiseDep
from numpy.typing import NDArray

from ..drawing import is_another_threads_isolation, isolation_name
from ..errors import OptionError, RedrawWarning, errors_that_travel
from ..frames import FrameSize
from ..memory import CHUNK_BYTES, CHUNK_READ_BYTES
from ..params import Params, PartitionBlocks, UnfilledPartition, block_axes, partition_sizes
from ..rendering import Block, Renderer, SourceSpec, TaskSpec, renderers
from .partitioning import TAIL_SEGMENT, kept_length

#: A pickled animator up to this size is part of each task. A larger one becomes a task of its own, on
#: which all others depend: then it is sent once to each worker, but dask fuses fewer tasks.
INLINE_BYTES = 64 * 2**10


def lazy_frames(spec: SourceSpec, params: Params, partition_size: Any) -> Any:
    """Return frames as a `dask.array.Array`, (n, height, width, 3) uint8, chunked by partition.

    Parameters
    ----------
    spec : SourceSpec
        What to draw; not pickled yet.
    params
        The parameters of the frames; consumed.
    partition_size : int, sequence of int or "auto"
        Frames in a chunk; "auto" for a Bag, whose partitions become the chunks.
    """
    if params.bag_partitions is not None:
        params.check_partition_size(partition_size)
    spec = spec.sized(params)
    size = spec.size
    if size is None:
        with closing(Renderer(spec)) as renderer:
            size = renderer.size()
    blocks = params.blocks(partial(_sizes, size=size, partition_size=partition_size))
    return _drawn(Drawing(spec), blocks, size)


def _sizes(params: Params, size: FrameSize, partition_size: Any) -> tuple[int, ...]:
    """Return the number of frames in each chunk, chosen if it is "auto"."""
    n_frames = params.n_frames or 0
    if not isinstance(partition_size, str):
        return _all_sizes(partition_sizes(partition_size, n_frames), n_frames)
    partition_sizes(partition_size, n_frames)
    longest = max(1, CHUNK_BYTES // size.n_bytes)
    chunks = params.chunks
    if chunks is not None and max(chunks) <= longest and n_frames >= TAIL_SEGMENT * len(chunks):
        return chunks  # so that each is read, computed and drawn in one task
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
    """What all tasks of a lazy array need to draw its frames.

    A class of its own and no tuple or dataclass, in which dask would look for keys of tasks.

    Parameters
    ----------
    spec : SourceSpec
        What to draw; not pickled yet.

    Attributes
    ----------
    name : str
        Unique to the array; the name of its layer.
    """

    def __init__(self, spec: SourceSpec) -> None:
        self.name = f"draw-{uuid.uuid4().hex}"
        self._pickle = zlib.compress(cloudpickle.dumps(spec.pickled()))  # to about a third

    def __dask_tokenize__(self) -> str:
        return self.name

    @property
    def n_bytes(self) -> int:
        """Its size in bytes when it is sent to a worker."""
        return len(self._pickle)

    def draw(self, request: _Request, blocks: Sequence[Any]) -> NDArray[np.uint8]:
        """Draw a partition with the renderer that this process keeps."""
        request.check()
        partition = request.partition
        indexed = enumerate(partition.filled(blocks), partition.start)
        with errors_that_travel(), renderers.lent(self.name, self._load) as renderer:
            output = renderer.render(TaskSpec(), partition.start, indexed, partition.n_frames)
        if output.report.redraw_fault is not None:
            _warn(output.report.redraw_fault)
        assert isinstance(output.payload, Block)
        return output.payload.pixels

    def _load(self) -> SourceSpec:
        spec: SourceSpec = pickle.loads(zlib.decompress(self._pickle))
        return spec


def _warn(message: str) -> None:
    """Issue a `RedrawWarning` in this process, and in the clients if this is a task of a cluster."""
    if "distributed" in sys.modules:
        from distributed import warn
    else:
        from warnings import warn
    warn(message, RedrawWarning, stacklevel=2)


class _Request:
    """A partition that a task is to draw, and which isolation the thread that made the task was in.

    That thread waits for the task, or will: dask's schedulers for threads make a graph where they are
    called.
    """

    def __init__(self, partition: UnfilledPartition) -> None:
        self.partition = partition
        self._isolation = isolation_name()

    def check(self) -> None:
        """Raise if this thread would wait for the one that waits for it."""
        if is_another_threads_isolation(self._isolation):
            raise OptionError(
                "frames() that setup() or update() computes have to be drawn in its thread: "
                'give compute() the argument scheduler="synchronous"'
            )


def draw_partition(
    request: _Request, drawing: Drawing | NDArray[np.object_], *blocks: Any
) -> NDArray[np.uint8]:
    """Task: draw a partition, with the data that dask computed for it."""
    shared: Drawing = drawing.item() if isinstance(drawing, np.ndarray) else drawing
    return shared.draw(request, blocks)


class _PartitionDep(ArrayBlockwiseDep):  # type: ignore[misc]
    """Gives each task its partition, in a request, which is made only when the graph is materialized."""

    def __init__(self, blocks: PartitionBlocks, name: str) -> None:
        super().__init__((blocks.sizes,))
        self._blocks = blocks
        self._name = name

    def __getitem__(self, idx: tuple[int, ...]) -> _Request:
        return _Request(self._blocks.partition(idx[0]))

    def __dask_tokenize__(self) -> str:
        return f"{self._name}-partitions"


def _drawn(drawing: Drawing, blocks: PartitionBlocks, size: FrameSize) -> Any:
    """Return the lazy array as one layer of a graph, which dask fuses with the layers that it needs."""
    lengths = {"y": size.height, "x": size.width, "c": 3}
    arguments: list[Any] = [_PartitionDep(blocks, drawing.name), "t", *_shared(drawing)]
    for (array, _), names in zip(blocks.arrays, block_axes(blocks.arrays, list(lengths)), strict=True):
        arguments += array, names
    used = {name for names in arguments[1::2] if names is not None for name in names}
    drawn = dask.array.blockwise(
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
    if not isinstance(drawn.__dask_graph__(), HighLevelGraph):  # an array of expressions
        return drawn
    return Frames(drawn.dask, drawn.name, drawn.chunks, meta=drawn)


class Frames(dask.array.Array):  # type: ignore[misc]
    """A dask array of which a slice with a step computes no partition that it does not show.

    dask itself keeps the chunk in which a slice stops, also if the last step falls into one before. Its
    arrays of expressions, which are no default, are left like that.
    """

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        """Return some of the frames, as a plain dask array."""
        along, *others = index if isinstance(index, tuple) else (index,)
        if isinstance(along, slice):
            idx = range(len(self))[along]
            if idx.step > 1 and len(idx):
                along = slice(idx.start, idx[-1] + 1, idx.step)
        return super().__getitem__((along, *others))


def _shared(drawing: Drawing) -> tuple[Any, Any]:
    """Return the drawing as an argument of `dask.array.blockwise`, with its axes."""
    if drawing.n_bytes <= INLINE_BYTES:
        return drawing, None
    box = np.empty((), object)
    box[()] = drawing
    return dask.array.from_array(box, name=f"{drawing.name}-figure"), ()
