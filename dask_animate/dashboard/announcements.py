"""What clients and workers tell the scheduler of a render: short texts and numbers, and nothing else.

It travels as msgpack, so that it holds plain Python types only.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from ..errors import FrameError, RemoteTraceback, in_words
from .messages import LONG, MEDIUM, METADATA, SHORT, shortened


def render_started(file: object, n_frames: int | None) -> dict[str, Any]:
    """Return the event that a render starts.

    Parameters
    ----------
    file : path-like
        Where the video is to be.
    n_frames : int or None
        Number of frames; None if unknown.
    """
    return {"action": "start", "file": shortened(file, SHORT), "n_frames": n_frames}


def render_done(result: Mapping[str, str | float]) -> dict[str, Any]:
    """Return the event that a render is done.

    Parameters
    ----------
    result : mapping of str to str or number
        What is told of the video: ``summary`` is text of several lines, all else are short values.
    """
    told = {
        name: shortened(value, LONG if name == "summary" else SHORT) if isinstance(value, str) else value
        for name, value in result.items()
    }
    return {"action": "end", "outcome": "done", "result": told}


def render_failed(error: BaseException, *, is_cancelled: bool) -> dict[str, Any]:
    """Return the event that a render failed, or that it was cancelled."""
    if is_cancelled:
        return {"action": "end", "outcome": "cancelled"}
    frame_idx = error.frame_idx if isinstance(error, FrameError) else None
    cause = error.__cause__ or error
    # What is shown beside the index and the parameters of the frame need not say them again.
    named = error if frame_idx is None or isinstance(cause, RemoteTraceback) else cause
    return {
        "action": "end",
        "outcome": "failed",
        "error": {
            "frame_idx": frame_idx,
            "params": shortened(error.params, MEDIUM) if isinstance(error, FrameError) else "",
            "text": shortened(in_words(named), MEDIUM),
            "traceback": shortened("".join(traceback.format_exception(cause)), LONG),
        },
    }


def partition_drawn(
    start: int, n_frames: int, phases: Mapping[str, float], **facts: Any
) -> dict[str, Any]:
    """Return what a task tells of the partition that it drew.

    Parameters
    ----------
    start, n_frames : int
        Its first frame, and the number of frames.
    phases : mapping of str to float
        Seconds of each phase of the work.
    **facts
        ``n_blitted``, ``n_reused``: numbers of frames; ``redraw_fault``: a text or None.
    """
    fault = facts.get("redraw_fault")
    return {
        METADATA: {
            "start": start,
            "n_frames": n_frames,
            "phases": dict(phases),
            **facts,
            "redraw_fault": None if fault is None else shortened(fault, MEDIUM),
        }
    }
