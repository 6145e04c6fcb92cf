"""Whether the GPUs of all workers can encode."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from distributed import Client

from ..encoding import EncodeOptions, gpu_exclusion
from ..errors import in_words
from ..frames import FrameSize
from ._distributed import run_within
from .tasks import try_gpu

#: Seconds for which workers may be busy before they say whether their GPUs can encode.
PATIENCE_SECONDS = 30.0

#: Why GPUs can encode nothing, as workers of a client have found out, by their addresses. Asked for
#: ``mode="auto"`` only: who insists on a GPU may have given one to a worker that has the same address.
_lacking: WeakKeyDictionary[Client, dict[str, str]] = WeakKeyDictionary()


def gpu_reason_of_workers(
    client: Client, encode: EncodeOptions, size: FrameSize, workers: Sequence[str]
) -> str | None:
    """Return why not all GPUs of some workers can encode frames of a size, or None if all can.

    A GPU without an encoder takes half a second to say so, and those who ask it wait for each other. So
    the first worker is asked alone, and the others only if its GPU can encode. They are asked aside from
    their tasks: these may run elsewhere, and wait.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    encode : EncodeOptions
        What they would be asked for. With ``mode="auto"``, a worker that does not answer is a reason;
        with "gpu" it is not, as the render learns what it can do.
    size : FrameSize
        Of the frames.
    workers : sequence of str
        Their addresses.
    """
    excluded = gpu_exclusion(encode)
    if excluded is not None:
        return excluded
    is_auto = encode.mode == "auto"
    if is_auto and not workers:
        return "there is no worker whose GPU could be tried"
    known = _lacking.setdefault(client, {})
    lacking = next((known[worker] for worker in workers if worker in known), None)
    if is_auto and lacking is not None:
        return lacking
    for asked in filter(None, (workers[:1], workers[1:])):
        try:
            answers = run_within(client, PATIENCE_SECONDS, try_gpu, encode, size, workers=[*asked])
        except TimeoutError:
            answers = {}
        reasons = []
        for worker in asked:
            answer = answers.get(worker, TimeoutError(f"no answer in {PATIENCE_SECONDS:g} s"))
            if isinstance(answer, Exception):
                said = f"{worker} does not say whether its GPU can encode ({in_words(answer)})"
                reasons.append(said if is_auto else None)
                continue
            reason, is_lasting = answer
            reasons.append(reason)
            if is_auto and is_lasting:
                known[worker] = reason
        if any(reasons):
            return next(filter(None, reasons))
    return None
