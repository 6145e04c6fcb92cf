"""The executor for what the caller gave: their cluster, this process, or this one and others."""

from __future__ import annotations

from ..rendering import SourceSpec
from .cluster import ClusterOptions
from .executor import Executor
from .local_executor import LocalExecutor


def choose_executor(cluster: ClusterOptions, spec: SourceSpec, n_frames: int | None) -> Executor:
    """Return the executor of a render, which the caller enters.

    Parameters
    ----------
    cluster : ClusterOptions
        Who draws.
    spec : SourceSpec
        What to draw.
    n_frames : int or None
        Number of frames; None if unknown.

    Raises
    ------
    AnimatorPickleError
        If it cannot be sent to the cluster of a client.
    """
    client, max_workers = cluster.resolve(n_frames)
    if client is not None:
        from .distributed_executor import DistributedExecutor

        return DistributedExecutor(client, spec.pickled(), max_workers)
    if max_workers == 1:
        return LocalExecutor(spec)
    from .scale_out import ScaleOutExecutor

    assert max_workers is not None
    return ScaleOutExecutor(spec, max_workers)
