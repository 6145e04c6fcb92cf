"""The caller's object that draws, as a pickle that travels to workers, or as a copy in this process."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import cloudpickle

from ..errors import AnimatorPickleError, WorkerError, in_words


def pickled(animator: Any) -> bytes:
    """Return the pickle of an animator, which only who draws needs to load.

    Raises
    ------
    AnimatorPickleError
        If it cannot be pickled; names the attributes at fault.
    """
    try:
        data: bytes = cloudpickle.dumps(animator)
    except Exception as exc:
        raise AnimatorPickleError(_why_not(animator, exc)) from exc
    return data


def loaded(animator: Any) -> Any:
    """Return a copy of an animator, or of a pickled one, that shares nothing with the caller's.

    Raises
    ------
    WorkerError
        If it cannot be loaded in this process.
    """
    if not isinstance(animator, bytes):
        return _copied(animator)
    try:
        return pickle.loads(animator)
    except Exception as exc:
        raise WorkerError(
            f"the animator cannot be loaded where it is to be drawn: {in_words(exc)}; "
            f"modules that it needs have to be installed on the workers, or be sent there with "
            f"client.upload_file()"
        ) from exc


def _copied(animator: Any) -> Any:
    """Copy an animator in depth, but for attributes such as locks and open files, which are shared."""
    try:
        return copy.deepcopy(animator)
    except Exception:
        attributes = getattr(animator, "__dict__", {})
    shared = {id(value): value for value in attributes.values() if not _works(copy.deepcopy, value)}
    try:
        return copy.deepcopy(animator, shared)
    except Exception:
        return animator  # forbids copies altogether


def _why_not(animator: Any, exc: Exception) -> str:
    name = type(animator).__name__
    attributes = getattr(animator, "__dict__", {})
    at_fault = [
        f"self.{key} ({type(value).__name__})"
        for key, value in attributes.items()
        if not _works(cloudpickle.dumps, value)
    ]
    if not at_fault:
        return f"{name} cannot be pickled, so it cannot be sent to the workers: {exc}"
    return (
        f"{name} cannot be sent to the workers, as {' and '.join(at_fault)} cannot be pickled: {exc}; "
        f"make it in setup(), which runs on each worker, or render in this process, with num_workers=1 "
        f"and without wait=False"
    )


def _works(function: Callable[[Any], Any], value: object) -> bool:
    try:
        function(value)
    except Exception:
        return False
    return True
