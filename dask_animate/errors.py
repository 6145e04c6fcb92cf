"""The exceptions that the library raises.

Every class derives from :class:`AnimateError` and from the builtin that a caller would expect, so
that both ``except AnimateError`` and ``except ValueError`` read naturally.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

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


class StoreError(AnimateError, OSError):
    """Frames cannot be kept in a store, or not be read from it."""


class ReuseWarning(UserWarning):
    """Frames in a store may not be found by the next render, or are not drawn by the code in a file."""


class FontWarning(UserWarning):
    """Workers draw texts with different fonts, so that these differ from partition to partition."""


class RedrawWarning(UserWarning):
    """Frames could not be drawn incrementally, or would have been wrong; they were drawn in full."""


class UserCodeError(AnimateError, RuntimeError):
    """``setup()`` or ``update()`` raised; the original exception is the ``__cause__``.

    The cause comes along from a worker, with its traceback there.
    """

    def made_portable(self) -> Self:
        """Return this error, its cause replaced by its text if it cannot be pickled."""
        try:
            pickle.loads(cloudpickle.dumps(self.__cause__))  # some only fail on coming back
        except Exception:
            assert self.__cause__ is not None
            text = "".join(traceback.format_exception(self.__cause__))
            self.__cause__ = RemoteTraceback(text)
            self.__context__ = None
        return self


@contextmanager
def errors_that_travel() -> Iterator[None]:
    """Make what user code raises here fit to be sent to another process."""
    try:
        yield
    except UserCodeError as exc:
        error = exc.made_portable()
    else:
        return
    raise error


class SetupError(UserCodeError):
    """``setup()`` raised."""

    @classmethod
    def of(cls, cause: BaseException) -> SetupError:
        """Build the error that says what went wrong."""
        return cls(f"setup() failed: {_in_short(cause)}")


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
        error = cls(f"frame {frame_idx} could not be drawn: {_in_short(cause)} (params: {params})")
        error.frame_idx = frame_idx
        error.params = params
        return error


def _in_short(cause: BaseException) -> str:
    # Dask replaces exceptions with a message of more than 10 kB.
    text = str(cause)
    return f"{type(cause).__name__}: {text if len(text) < 2000 else text[:2000] + '…'}"
