"""The executor for what the caller gave: this process, their cluster, or one made for the call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..rendering import SourceSpec
from .cluster import ClusterOptions
from .executor import Executor
from .local_executor import LocalExecutor


@contextmanager
def open_executor(cluster: ClusterOptions, spec: SourceSpec, n_frames: int | None) -> Iterator[Executor]:
    """Yield the executor of a render, which the caller enters; a cluster made here closes on leaving.

    Parameters
    ----------
    cluster : ClusterOptions
        Who draws.
    spec : SourceSpec
        What to draw.
    n_frames : int or None
        Number of frames; None if unknown.
    """
    with cluster.open(n_frames) as (client, max_workers):
        if client is None:
            yield LocalExecutor(spec)
        else:
            from .distributed_executor import DistributedExecutor

            yield DistributedExecutor(client, spec, max_workers)
