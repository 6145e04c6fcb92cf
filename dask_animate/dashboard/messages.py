"""What is told to the scheduler: texts of bounded length, numbers, and nothing else.

Events and the metadata of tasks travel as msgpack, so that they hold plain Python types only.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

#: The topic of the events that tell of the start and the end of a render. Who sends one adds ``render``,
#: an id with which the names of the render's tasks end, ``client``, the id of the client, and
#: ``has_thumbnails``, whether workers may be asked for frames.
TOPIC = "dask_animate"
#: Under this name a task tells in its metadata of the partition that it drew.
METADATA = "dask_animate"
#: What a worker is asked for by RPC, with the id of a render: a frame that it draws just now.
CAPTURE = "dask_animate_capture"

#: Characters of a name, of an error or the parameters of a frame, and of a traceback or a summary.
SHORT, MEDIUM, LONG = 300, 2_000, 12_000


def shortened(text: object, limit: int) -> str:
    """Return a text of at most about `limit` characters, that says how much was left out.

    Of what is too long, beginning and end are kept: a traceback ends with what happened.

    Examples
    --------
    >>> shortened("frame", 100)
    'frame'
    >>> shortened("a" * 50 + "z" * 50, 10)
    'aaaaa … 90 characters left out … zzzzz'
    """
    text = str(text)
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters left out … {text[-half:]}"


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
    """Return the event that a render failed, or that it was cancelled.

    An error of a frame tells by attributes `frame_idx` and `params` which one it is.
    """
    if is_cancelled:
        return {"action": "end", "outcome": "cancelled"}
    frame_idx = getattr(error, "frame_idx", None)
    cause = error.__cause__ or error
    return {
        "action": "end",
        "outcome": "failed",
        "error": {
            "frame_idx": frame_idx if isinstance(frame_idx, int) else None,
            "params": shortened(getattr(error, "params", ""), MEDIUM),
            "text": shortened(f"{type(error).__name__}: {error}", MEDIUM),
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
