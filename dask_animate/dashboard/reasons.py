"""Why a render is slow, as far as that can be told from what it reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..diagnostics import SLOW_WORKER, label_of
from .render_record import DrawnPartition, RenderRecord, WorkerCost

#: A partition is slow from so many times the usual time a frame on.
SLOW_PARTITION = 3.0
#: A slow partition is worth a word if this share of the time would be saved without it.
LOST_SHARE = 0.02
#: A phase that is worth a word takes at least this share of the time.
LARGE_SHARE = 0.4
#: Results that wait for the client until it is taken to be what holds up the render.
MANY_RESULTS = 8

#: What is said of a phase that takes a large share.
_ADVICE = {
    "load": "reading or computing parameters: larger chunks, or data nearer to the workers, may help.",
    "update": "update().",
    "encode": "encoding: a faster video_preset may help, or a GPU.",
    "compare": "comparing frames with full draws: longer partitions have fewer of these.",
    "store": "the store: a faster disk, or one nearer to the workers, may help.",
    "wait": "waiting for other threads of the same process: workers of one thread each draw faster.",
}


def is_slow(cost: WorkerCost, typical: float) -> bool:
    """Return True if a worker takes much longer for a frame than is typical, in seconds."""
    return cost.n_partitions > 0 and cost.frame_seconds > SLOW_WORKER * typical > 0


def reasons(render: RenderRecord, typical: float, n_workers: int) -> list[str]:
    """Return why a render is slow, or waits, one sentence each, the gravest first.

    Parameters
    ----------
    render : RenderRecord
        The render.
    typical : float
        The typical time of a frame in seconds; 0 if it is not known.
    n_workers : int
        Workers of the cluster.
    """
    waits = () if render.outcome else _waits(render, n_workers)
    return [*waits, *_of_drawing(render), *_of_unevenness(render, typical)]


def _waits(render: RenderRecord, n_workers: int) -> Iterator[str]:
    states = render.states
    if n_workers == 0:
        yield "The cluster has no worker."
    elif states["no-worker"]:
        yield (
            f"No worker can run {states['no-worker']} of the tasks: none has the requested resources or "
            f"is in the requested list."
        )
    n_left = None if render.n_frames is None else render.n_frames - render.n_done
    if n_left == 0:
        yield "All frames are drawn. The client puts them into the file."
    elif states["memory"] >= MANY_RESULTS and states["memory"] > 2 * states["processing"]:
        yield (
            f"{states['memory']} results wait for the client: its network, its encoder or its disk is "
            f"slower than the workers."
        )
    elif n_workers and render.n_partitions and not states["processing"] + states["queued"]:
        yield "The client has sent nothing to draw: it reads parameters, or writes the file."


def _of_drawing(render: RenderRecord) -> Iterator[str]:
    if render.redraw_fault:
        n = render.n_redraw_faults
        were = "was" if n == 1 else "were"
        yield f"{_count(n, 'partition')} {were} drawn in full, not incrementally: {render.redraw_fault}"
    phases: Counter[str] = Counter()
    for cost in render.workers.values():
        phases.update(cost.phases)
    total = sum(phases.values())
    for name, advice in _ADVICE.items():
        if total and phases[name] > LARGE_SHARE * total:
            yield f"{phases[name] / total:.0%} of the workers' time goes into {advice}"


def _of_unevenness(render: RenderRecord, typical: float) -> Iterator[str]:
    slow = [address for address, cost in render.workers.items() if is_slow(cost, typical)]
    if slow:
        yield f"Slow workers, marked in the table: {len(slow)} of {len(render.workers)}."
    worst = render.slowest
    if worst is not None and worst.frame_seconds > SLOW_PARTITION * typical > 0:
        lost = worst.seconds - worst.n_frames * typical
        if lost > LOST_SHARE * sum(sum(cost.phases.values()) for cost in render.workers.values()):
            each = "" if worst.n_frames == 1 else " each"
            where = label_of(worst.worker)
            yield (
                f"{_frames(worst)} took {1000 * worst.frame_seconds:.0f} ms{each} on {where}; "
                f"typically {1000 * typical:.0f} ms."
            )
    if render.n_lost_workers:
        left = _count(render.n_lost_workers, "worker")
        yield f"{left} left meanwhile; what was not delivered is drawn again by others."


def _frames(partition: DrawnPartition) -> str:
    last = partition.start + partition.n_frames - 1
    return f"Frame {last}" if partition.n_frames == 1 else f"Frames {partition.start} to {last}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
