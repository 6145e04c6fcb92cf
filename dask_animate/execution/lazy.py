"""Frames as a dask array, drawn when they are computed, by any scheduler."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import accumulate
from typing import Any

import numpy as np
from dask import compute, delayed
from numpy.typing import NDArray

from ..errors import ParamsError, errors_that_travel
from ..params import AnyParams, DelayedItems, FrameParams, Partition, with_index
from ..rendering import Block, FigureSpec, Renderer, TaskSpec
from .plan import lazy_sizes

#: Figures that a process keeps for frames that are still to come.
KEPT_FIGURES = 2


def lazy_frames(job: FigureSpec, params: AnyParams, partition_size: Any) -> Any:
    """Return frames as a `dask.array.Array`, (n, height, width, 3) uint8, chunked by partition.

    Parameters
    ----------
    job : FigureSpec
        What to draw; not pickled yet.
    params
        The frames' parameters; consumed.
    partition_size : int, sequence of int or "auto"
        Frames in a chunk. The partitions of a Bag are its own.
    """
    import dask.array

    with closing(Renderer(job)) as renderer:
        size = renderer.size()
    if params.bag_partitions is not None:
        partitions = _of_bag(params.bag_partitions, params.n_frames)
    else:
        if params.n_frames is None:
            params = FrameParams(list(params))
        sizes = iter(lazy_sizes(params, size, partition_size))
        partitions = params.partitions(lambda start: next(sizes, 0), float("inf"))
    name = f"dask_animate-{uuid.uuid4().hex}"
    # Not named alike: older releases of dask put a task's result wherever an argument equals its key.
    travelling = delayed(job.pickled(), name=f"{name}-job", traverse=False)
    return dask.array.concatenate(
        [
            dask.array.from_delayed(
                _drawn(travelling, name, partition),
                (len(partition), size.height, size.width, 3),
                np.uint8,
            )
            for partition in partitions
        ]
    )


def _drawn(job: Any, name: str, partition: Partition) -> Any:
    params, computed = partition.params, None
    if isinstance(params, DelayedItems):
        computed = params.delayed
        partition = Partition(partition.start, DelayedItems(None, params.start, params.stop), 0)
    key = f"draw_partition-{name[-32:]}-{partition.start}"
    return delayed(draw_partition)(
        job, name, delayed(partition, traverse=False), computed, dask_key_name=key
    )


def _of_bag(partitions: Sequence[Any], n_frames: int | None) -> Iterator[Partition]:
    """Yield a bag's partitions, which are computed to learn how many items each has."""
    items = [delayed(list)(part) for part in partitions]
    ends = list(accumulate(compute(*map(delayed(len), items))))
    n_frames = ends[-1] if n_frames is None else n_frames
    if not 0 < n_frames <= ends[-1]:
        raise ParamsError(f"n_frames is {n_frames}, but param_by_frame ended after {ends[-1]} frames")
    for start, end, part in zip([0, *ends], ends, items, strict=False):
        if start < min(end, n_frames):
            params = delayed(_without_index)(part, start)
            yield Partition(start, DelayedItems(params, 0, min(end, n_frames) - start), 0)


def _without_index(items: list[Any], start: int) -> list[Any]:
    indexed = list(with_index(items, start))
    if [idx for idx, _ in indexed] != list(range(start, start + len(indexed))):
        raise ParamsError("the items of a Bag have to be in frame order here: sort the bag by frame_id")
    return [item for _, item in indexed]


def draw_partition(job: FigureSpec, name: str, partition: Partition, computed: Any) -> NDArray[np.uint8]:
    """Task: draw a partition of consecutive frames, with the figure that this process keeps for them."""
    indexed = enumerate(partition.items(computed), partition.start)
    with errors_that_travel(), _figures.borrowed(name, job) as renderer:
        block = renderer.render(TaskSpec(), partition.start, indexed, len(partition)).payload
    assert isinstance(block, Block)
    return block.pixels


class _Figures:
    """Renderers that this process keeps, those used last. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._renderers: dict[str, Renderer] = {}  # the one used last is last
        self._n_users: dict[str, int] = {}

    @contextmanager
    def borrowed(self, name: str, job: FigureSpec) -> Iterator[Renderer]:
        """Lend the renderer of this name, made if need be."""
        with self._lock:
            renderer = self._renderers.pop(name, None) or Renderer(job)
            self._renderers[name] = renderer
            self._n_users[name] = self._n_users.get(name, 0) + 1
        try:
            yield renderer
        finally:
            with self._lock:
                self._n_users[name] -= 1
                unused = [other for other in self._renderers if not self._n_users[other]]
                n_too_many = len(self._renderers) - KEPT_FIGURES
                closed = [self._renderers.pop(other) for other in unused[: max(0, n_too_many)]]
            for old in closed:
                old.close()


_figures = _Figures()
