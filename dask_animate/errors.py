"""The exceptions that the library raises.

Every class derives from :class:`AnimateError` and from the builtin that a caller would expect, so
that both ``except AnimateError`` and ``except ValueError`` read naturally.
"""

from __future__ import annotations

import pickle
import traceback
from typing import Any

import cloudpickle


class AnimateError(Exception):
    """Base class of every error that this library raises on purpose."""


class OptionError(AnimateError, ValueError):
    """An argument has a value that cannot be used."""


class OptionTypeError(AnimateError, TypeError):
    """An argument has a type that cannot be used."""


class ParamsError(AnimateError, ValueError):
    """The parameter sequence is empty, too short, has gaps or gives a frame twice."""


class FigureError(AnimateError, TypeError):
    """``setup()`` returned something that is not a matplotlib Figure."""


class FrameSizeError(AnimateError, ValueError):
    """A frame has another size than the frames before it."""


class AnimatorPickleError(AnimateError, TypeError):
    """The animator cannot be sent to the workers."""


class EncoderError(AnimateError, RuntimeError):
    """No encoder could be opened, or the one in use failed."""


class OutputError(AnimateError, OSError):
    """The output file cannot be written."""


class WorkerError(AnimateError, RuntimeError):
    """The cluster could not finish a partition."""


class RemoteTraceback(Exception):
    """The text of an exception that cannot itself travel between processes."""

    def __str__(self) -> str:
        return "\n" + str(self.args[0])


class UserCodeError(AnimateError, RuntimeError):
    """``setup()`` or ``update()`` raised; the original exception is the ``__cause__``.

    When it crosses from a worker to the client the cause travels along, with the worker's traceback
    as a note. A cause that cannot be pickled arrives as a `RemoteTraceback` holding its text.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        state = {key: value for key, value in self.__dict__.items()}
        return _rebuild, (type(self), self.args, state, _pack_cause(self.__cause__))


class SetupError(UserCodeError):
    """``setup()`` raised."""


class FrameError(UserCodeError):
    """A frame could not be drawn.

    Attributes
    ----------
    frame_idx : int
        Index of the frame.
    params : str
        What was given to ``update()``, shortened.
    """

    frame_idx: int
    params: str

    @classmethod
    def of(cls, frame_idx: int, params: str, cause: BaseException) -> FrameError:
        """Build the error that names a frame, its parameters and what went wrong."""
        error = cls(
            f"frame {frame_idx} could not be drawn: {type(cause).__name__}: {cause} (params: {params})"
        )
        error.frame_idx = frame_idx
        error.params = params
        return error


def _pack_cause(cause: BaseException | None) -> bytes | None:
    if cause is None:
        return None
    text = "".join(traceback.format_exception(cause))
    try:
        packed: bytes = cloudpickle.dumps((cause, text))
        pickle.loads(packed)  # some exceptions pickle but do not come back
    except Exception:
        packed = cloudpickle.dumps((RemoteTraceback(text), None))
    return packed


def _rebuild(
    cls: type[UserCodeError],
    args: tuple[Any, ...],
    state: dict[str, Any],
    packed: bytes | None,
) -> UserCodeError:
    error = cls(*args)
    error.__dict__.update(state)
    if packed is not None:
        try:
            cause, text = pickle.loads(packed)
        except Exception as exc:  # its class exists on the worker alone
            cause, text = RemoteTraceback(f"the worker's exception cannot be loaded: {exc!r}"), None
        if text is not None:
            cause.add_note(f"Traceback on the worker:\n{text}")
        error.__cause__ = cause
    return error
