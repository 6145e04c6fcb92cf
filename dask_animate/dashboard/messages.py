"""The names under which the scheduler is told of renders, and how long the texts may be."""

from __future__ import annotations

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
