"""Partitions: runs of consecutive frames with their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from dask import compute

from .blocks import UnfilledPartition


@dataclass(frozen=True)
class DelayedItems:
    """Parameters of a partition, the data of which dask computes in runs of frames.

    Attributes
    ----------
    runs : tuple of UnfilledPartition
        The runs in which the partition's frames lie, without those data.
    delayed : tuple of Delayed
        Computes the data of each run, a sequence of blocks. Empty in a partition that is sent to a
        worker, which gets the results.
    start, stop : int
        The items of all these runs that belong to the partition.
    """

    runs: tuple[UnfilledPartition, ...]
    delayed: tuple[Any, ...]
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def is_whole(self) -> tuple[bool, ...]:
        """For each run, whether all of its frames belong to the partition, so that no other needs it."""
        inner = [True] * len(self.runs)
        inner[0] = self.start == 0
        inner[-1] = inner[-1] and self.stop == sum(run.n_frames for run in self.runs)
        return tuple(inner)

    def without_data(self) -> DelayedItems:
        """Return what is sent to a worker."""
        return replace(self, delayed=())

    def filled(self, computed: Sequence[Any]) -> Sequence[Any]:
        """Return the items, given what was computed for each run."""
        runs = [run.filled(blocks) for run, blocks in zip(self.runs, computed, strict=True)]
        items: Sequence[Any] = runs[0] if len(runs) == 1 else list(chain.from_iterable(runs))
        return items[self.start : self.stop]


@dataclass(frozen=True)
class Partition:
    """A run of consecutive frames: the unit of work, of failure and of resume.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    params : sequence or DelayedItems
        One item for each frame.
    n_bytes : int
        Bytes of the parameters; 0 if they were not counted.
    """

    start: int
    params: Sequence[Any] | DelayedItems
    n_bytes: int

    def __len__(self) -> int:
        return len(self.params)

    @property
    def delayed(self) -> tuple[Any, ...]:
        """Delayed objects that compute the data of the parameters; none if they need not be computed."""
        return self.params.delayed if isinstance(self.params, DelayedItems) else ()

    def without_data(self) -> Partition:
        """Return what is sent to a worker that gets the computed data too."""
        if not isinstance(self.params, DelayedItems):
            return self
        return replace(self, params=self.params.without_data())

    def items(self, computed: Sequence[Any] | None = None) -> Sequence[Any]:
        """Return the parameters.

        Parameters
        ----------
        computed : sequence, optional
            What dask computed for each of the runs of `DelayedItems`; if not given, it is computed now.
        """
        if not isinstance(self.params, DelayedItems):
            return self.params
        return self.params.filled(compute(*self.params.delayed) if computed is None else computed)
