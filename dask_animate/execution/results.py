"""What comes back from a cluster, and why nothing does."""

from __future__ import annotations

from concurrent.futures import CancelledError
from typing import Any

from distributed import Client, Future, KilledWorker

from ..errors import AnimateError, WorkerError

# Why a render cannot go on. A client closes with its cluster.
SCHEDULER_GONE = "the scheduler is gone"
CLIENT_CLOSED = "the client was closed, or its cluster"


def how_gone(client: Client) -> str | None:
    """Return why nothing can be asked of the cluster any more; None if it can."""
    if client.status == "running":
        return None
    return CLIENT_CLOSED if client.status in ("closing", "closed") else SCHEDULER_GONE


def gathered(client: Client, future: Future, label: str, direct: bool | None, advice: str = "") -> Any:
    """Wait for the result of a task, and return it.

    Parameters
    ----------
    client : distributed.Client
        Whose future it is.
    future : distributed.Future
        Of the task.
    label : str
        Names what the task does, for messages.
    direct : bool or None
        As for `Client.gather`.
    advice : str, optional
        Follows the want of memory in a message: what to do about it, or what else it may be.

    Raises
    ------
    CancelledError
        If the task was cancelled, or lost.
    WorkerError
        If there is no result for any other reason that is no `AnimateError` itself.
    """
    try:
        error = future.exception()
        if error is not None and not isinstance(error, Exception):
            # `gather` would raise it in the client's event loop, and wait for ever.
            raise WorkerError(f"{label}: {type(error).__name__}: {error}")
        return client.gather(future, direct=direct)
    except (AnimateError, CancelledError):
        raise
    except KilledWorker as exc:
        raise WorkerError(
            f"{label}: workers died drawing this, again and again, perhaps for want of memory{advice} "
            f"({exc})"
        ) from exc
    except Exception as exc:
        why = how_gone(client) or f"{type(exc).__name__}: {exc}"
        raise WorkerError(f"{label}: {why}") from exc
