"""The executor for what the caller gave: their cluster, this process, or this one and others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import OptionError
from ..rendering import SourceSpec
from .cluster import ClusterOptions
from .executor import Executor
from .local_executor import LocalExecutor

if TYPE_CHECKING:
    from distributed import Client


def choose_executor(
    cluster: ClusterOptions,
    spec: SourceSpec,
    n_frames: int | None,
    on_drawn: Callable[[int], None] = lambda n_frames: None,
    on_left_out: Callable[[str, str], None] = lambda worker, why: None,
    *,
    first: Sequence[Any] = (),
    only_elsewhere: str | None = None,
) -> Executor:
    """Return the executor of a render, which the caller enters.

    Parameters
    ----------
    cluster : ClusterOptions
        Who draws.
    spec : SourceSpec
        What to draw.
    n_frames : int or None
        Number of frames; None if unknown.
    on_drawn : callable
        Called with the number of frames of each partition that another process has drawn, in any thread
        and in the order in which they are done.
    on_left_out : callable
        Called with the address of a worker that is excluded, and why, in any thread.
    first : sequence
        The parameters of frame 0, by which workers prove what they draw; none if they are not at hand.
    only_elsewhere : str, optional
        The option for which nothing may be drawn in this process, such as "wait=False".

    Raises
    ------
    AnimatorPickleError
        If it cannot be sent to another process, but has to be.
    OptionError
        If no other process can draw, but has to.
    """
    client, max_processes = cluster.resolve(n_frames)
    if client is not None:
        from .distributed_executor import DistributedExecutor

        if only_elsewhere is not None:
            _check_drawn_elsewhere(client, only_elsewhere)
        return DistributedExecutor(
            client,
            spec.pickled(),
            max_processes,
            on_drawn=on_drawn,
            on_mismatch=cluster.on_mismatch,
            on_left_out=on_left_out,
            first=first,
        )
    assert max_processes is not None
    if only_elsewhere is not None:
        from .own_cluster import MAY_NOT_START, may_start
        from .own_cluster_executor import OwnClusterExecutor

        if not may_start():
            raise OptionError(
                f"{only_elsewhere} needs other processes, and {MAY_NOT_START}: leave it out"
            )
        return OwnClusterExecutor(spec, max_processes, on_drawn, only_elsewhere)
    if max_processes == 1:
        return LocalExecutor(spec, _why_alone(cluster.num_workers, n_frames))
    from .scale_out import ScaleOutExecutor

    return ScaleOutExecutor(spec, max_processes, on_drawn)


def _why_alone(num_workers: int, n_frames: int | None) -> str:
    """Say why this process draws alone."""
    if n_frames == 1:
        return "this process draws, as there is one frame"
    if num_workers == 1:
        return "this process draws, as num_workers is 1"
    return f"this process draws, as num_workers={num_workers} is one process on this machine"


def _check_drawn_elsewhere(client: Client, option: str) -> None:
    """Raise if workers of the client's cluster are threads of this process."""
    from ._distributed import addresses_in_this_process

    if addresses_in_this_process() & client.scheduler_info(n_workers=-1)["workers"].keys():
        raise OptionError(
            f"{option} needs workers in other processes: those of this client are threads of this one, "
            f"which would share figures and rcParams with other code, and could not be ended alone; "
            f"start the cluster with processes=True, or leave out {option}"
        )
