"""Whether the GPUs of all workers can encode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from distributed import Client, Future, as_completed

from ..encoding import EncodeOptions, gpu_exclusion
from ..frames import FrameSize
from .results import gathered
from .tasks import try_gpu

#: Seconds after which it is looked whether the workers that were asked are still there.
LOOK_SECONDS = 2.0

#: Why the GPUs of workers can encode nothing, by the addresses of those that found out.
_lacking: dict[str, str] = {}


def gpu_reason_of_workers(
    client: Client,
    encode: EncodeOptions,
    size: FrameSize,
    workers: Sequence[str],
    key: str,
    on_asked: Callable[[Future], Future],
) -> str | None:
    """Return why not all GPUs of some workers can encode frames of a size, or None if all can.

    A GPU without an encoder takes half a second to say so, and those who ask it wait for each other. So
    the first worker is asked alone, and the others only if its GPU can encode.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    encode : EncodeOptions
        What they would be asked for.
    size : FrameSize
        Of the frames.
    workers : sequence of str
        Their addresses.
    key : str
        What the names of the tasks begin with, unique to the render.
    on_asked : callable
        Called with each future, which is cancelled in the end.

    Raises
    ------
    CancelledError
        If the cluster was restarted, or `on_asked` cancelled the future.
    WorkerError
        If a worker cannot say it.
    """
    excluded = gpu_exclusion(encode)
    if excluded is not None:
        return excluded
    if encode.mode == "auto":  # who wants a GPU may have given one to a worker at the same address
        lacking = next((_lacking[worker] for worker in workers if worker in _lacking), None)
        if lacking is not None:
            return lacking
    reasons: dict[str, str | None] = {}
    for asked in (workers[:1], workers[1:]):
        futures = {
            on_asked(
                client.submit(
                    try_gpu,
                    encode,
                    size,
                    key=(key, worker),
                    workers=[worker],
                    pure=False,
                    priority=10,
                )
            ): worker
            for worker in asked
        }
        try:
            reasons |= _answers(client, futures)
        finally:
            with suppress(Exception):  # the cluster may go just now
                client.cancel(list(futures))
        if any(reasons.values()):
            break
    if not reasons:
        return "the workers were gone before their GPUs could be tried"
    return next((reason for reason in reasons.values() if reason is not None), None)


def _answers(client: Client, futures: Mapping[Future, str]) -> dict[str, str | None]:
    """Return what workers say of their GPUs, by their addresses, without those that go meanwhile."""
    reasons: dict[str, str | None] = {}
    waiting = {*futures}
    while waiting:
        with suppress(TimeoutError):
            for future in as_completed(waiting, loop=client.loop, timeout=LOOK_SECONDS):
                waiting = waiting - {future}
                worker = futures[future]
                reasons[worker], is_lasting = gathered(client, future, "the GPU of a worker", None)
                if is_lasting:
                    _lacking[worker] = reasons[worker] or ""
        alive = client.scheduler_info(n_workers=-1)["workers"]
        waiting = {future for future in waiting if futures[future] in alive}
    return reasons
