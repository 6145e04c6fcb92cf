"""What the page is told of the renders: plain data for JSON, the same whoever draws it."""

from __future__ import annotations

import time
from statistics import median_low
from typing import Any

from .reasons import is_slow, reasons
from .render_record import RenderRecord, WorkerCost
from .state import AnimateState
from .thumbnails import CapturedFrame


def snapshot(
    state: AnimateState,
    chosen: RenderRecord | None,
    latest: CapturedFrame | None,
    n_workers: int,
) -> dict[str, Any]:
    """Return what the page shows.

    Parameters
    ----------
    state : AnimateState
        All renders.
    chosen : RenderRecord or None
        The one that is shown in detail.
    latest : CapturedFrame or None
        Its latest frame.
    n_workers : int
        Workers of the cluster.
    """
    now = time.time()
    renders = [in_short(render, now, n_workers) for render in reversed(state.renders.values())]
    return {
        "now": now,
        "n_workers": n_workers,
        "n_dropped": state.n_dropped,
        "renders": renders,
        "chosen": None if chosen is None else _in_detail(chosen, latest, now, n_workers),
    }


def status_of(render: RenderRecord, n_workers: int) -> str:
    """Return the state of a render in words; it is true whatever became of its client or workers."""
    if render.outcome:
        return render.outcome
    states = render.states
    is_held_up = states["no-worker"] > 0 or n_workers == 0
    return "waiting for workers" if is_held_up and not states["processing"] else "running"


def in_short(render: RenderRecord, now: float, n_workers: int) -> dict[str, Any]:
    """Return what the list of all renders says of one.

    Seconds left are those until all frames are drawn at the rate of late, None if that is not known.
    """
    rate = render.frames_per_second(now)
    left = None if render.n_frames is None else max(0, render.n_frames - render.n_done)
    is_known = left is not None and rate > 0 and not render.outcome
    return {
        "id": render.name,
        "file": render.file,
        "status": status_of(render, n_workers),
        "n_frames": render.n_frames,
        "n_done": render.n_done,
        "started": render.started,
        "seconds": round((render.ended or now) - render.started, 1),
        "seconds_left": round(left / rate, 1) if is_known and left is not None else None,
        "frames_per_second": round(rate, 2),
    }


def _in_detail(
    render: RenderRecord, latest: CapturedFrame | None, now: float, n_workers: int
) -> dict[str, Any]:
    strip, rate = render.strip, render.rate
    typical = typical_frame_seconds(render)
    return {
        **in_short(render, now, n_workers),
        "n_drawn": render.n_drawn,
        "n_reused": render.n_reused,
        "n_blitted": render.n_blitted,
        "n_partitions": render.n_partitions,
        "result": render.result,
        "has_thumbnails": render.has_thumbnails,
        "latest": None
        if latest is None
        else {"frame_idx": latest.frame_idx, "worker": latest.worker, "time": latest.time},
        "strip": {"width": strip.width, "cells": [_rounded(cell) for cell in strip.cells]},
        "rate": {
            "width": rate.width,
            "cells": _rates(render),
        },
        "workers": [
            _of_worker(address, cost, typical) for address, cost in sorted(render.workers.items())
        ],
        "failures": [vars(failure) for failure in render.failures],
        "n_failures": render.n_failures,
        "reasons": reasons(render, typical, n_workers),
    }


def typical_frame_seconds(render: RenderRecord) -> float:
    """Return the lower median of the workers' seconds a frame; 0 if none is known."""
    known = [cost.frame_seconds for cost in render.workers.values() if cost.n_frames]
    return median_low(known) if known else 0.0


def _of_worker(address: str, cost: WorkerCost, typical: float) -> dict[str, Any]:
    n_frames = max(1, cost.n_frames)
    return {
        "address": address,
        "n_frames": cost.n_frames,
        "setup_seconds": round(cost.setup_seconds, 2),
        "ms": {name: round(1000 * seconds / n_frames, 2) for name, seconds in cost.phases.items()},
        "is_slow": is_slow(cost, typical),
        "is_gone": cost.is_gone,
    }


def _rates(render: RenderRecord) -> list[float]:
    """Return frames per second over time; the interval that is not over yet is left out."""
    cells = render.rate.cells if render.outcome or len(render.rate.cells) < 2 else render.rate.cells[:-1]
    return [round(cell[0] / render.rate.width, 2) for cell in cells]


def _rounded(cell: list[float]) -> list[float]:
    return [round(amount, 2) for amount in cell]
