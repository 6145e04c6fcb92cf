"""The exceptions and warnings of the library.

Every error derives from `AnimateError` and from the builtin exception that fits, so that both
``except AnimateError`` and ``except ValueError`` catch it.
"""

from __future__ import annotations

import inspect
import pickle
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Self

import cloudpickle

#: Characters of an exception's message that are told; Dask replaces those of more than 10 kB.
MESSAGE_LENGTH = 2000
#: Characters of it where many may be listed: in a warning, in a log, in `Video.skipped`.
LINE_LENGTH = 400


class AnimateError(Exception):
    """Base class of every error that this library raises on purpose."""


class OptionError(AnimateError, ValueError):
    """An argument has an invalid value."""


class OptionTypeError(AnimateError, TypeError):
    """An argument has an invalid type."""


class ParamsError(AnimateError, ValueError):
    """The parameter sequence is too short, or a frame is missing or occurs twice."""


class NoFramesError(ParamsError, RuntimeError):
    """There is nothing to render; also a RuntimeError, as in parallel-matplotlib-animation."""


class FigureError(AnimateError, TypeError):
    """``setup()`` returned something that is not a matplotlib Figure."""


class FrameSizeError(AnimateError, ValueError):
    """A frame differs in size from the frames before it."""


class AnimatorPickleError(AnimateError, TypeError):
    """The animator cannot be sent to the workers."""


class EncoderError(AnimateError, RuntimeError):
    """No encoder can be opened, or the one in use failed."""


class OutputError(AnimateError, OSError):
    """The output file cannot be written."""


class JoinError(AnimateError, ValueError):
    """Video files cannot be joined as they are; the message names one and says why."""


class StatsError(AnimateError, ValueError):
    """The statistics of a render lack what is to be shown of them."""


class WorkerError(AnimateError, RuntimeError):
    """The cluster could not finish a partition."""


class MismatchError(WorkerError):
    """Workers would draw other frames than others of the same render; the message says why."""


class MissingPackageError(AnimateError, ImportError):
    """An optional package is not installed; the message says how to install it."""


class RemoteTraceback(Exception):
    """The text of an exception that cannot be pickled."""

    def __str__(self) -> str:
        return "\n" + str(self.args[0])


class StoreError(AnimateError, OSError):
    """Frames cannot be written to a store or read from it."""


class ReuseWarning(UserWarning):
    """The next render may not find frames in a store, or a source file differs from the loaded code."""


class FontWarning(UserWarning):
    """Workers draw texts with different fonts, so that frames differ between partitions."""


class MismatchWarning(UserWarning):
    """Workers were left out of a render, as their frames would differ from those of the others."""


class RedrawWarning(UserWarning):
    """Frames could not be drawn incrementally, or would have been wrong; they were drawn in full."""


class HistoryWarning(UserWarning):
    """Frames depend on those drawn before them, so that other processes draw them otherwise."""


class SequentialWarning(UserWarning):
    """Frames depend on those before them, or cannot be copied; one process draws them, in order."""


class TransparencyWarning(UserWarning):
    """The video cannot be transparent; frames are drawn on white."""


class SkippedFrameWarning(UserWarning):
    """Frames could not be drawn; others, or placeholders, are shown in their place."""


class Restart(Exception):
    """A render begins again, in another way: what it has written so far does not count."""


def warn(message: str, category: type[Warning]) -> None:
    """Issue a warning that points at the line that called this library."""
    frame, stacklevel = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)


class CancelledRenderError(AnimateError, CancelledError):
    """The render was cancelled."""


class UserCodeError(AnimateError, RuntimeError):
    """``setup()`` or ``update()`` raised an exception.

    The original exception is the ``__cause__``, with its traceback on the worker.
    """

    def made_portable(self) -> Self:
        """Return this error; its cause is replaced by a `RemoteTraceback` if it cannot be pickled."""
        try:
            pickle.loads(
                cloudpickle.dumps(self.__cause__)
            )  # some exceptions fail only when they are unpickled
        except Exception:
            assert self.__cause__ is not None
            text = "".join(traceback.format_exception(self.__cause__))
            self.__cause__ = RemoteTraceback(text)
            self.__context__ = None
        return self


@contextmanager
def errors_that_travel() -> Iterator[None]:
    """Make errors of user code that are raised inside portable to another process."""
    try:
        yield
    except UserCodeError as exc:
        error = exc.made_portable()
    else:
        return
    raise error


class SetupError(UserCodeError):
    """``setup()`` raised an exception."""

    @classmethod
    def of(cls, cause: BaseException) -> SetupError:
        """Return the error for a cause."""
        return cls(f"setup() failed: {in_words(cause)}")


class FrameError(UserCodeError):
    """A frame could not be drawn.

    Attributes
    ----------
    frame_idx : int
        Index of the frame.
    params : str
        The parameters given to ``update()``, shortened.
    reason : str
        Why, in one short line.
    """

    frame_idx: int
    params: str
    reason: str

    @classmethod
    def of(cls, frame_idx: int, params: str, cause: BaseException) -> FrameError:
        """Return the error for a frame, its parameters and a cause."""
        return cls.because(frame_idx, params, in_words(cause))

    @classmethod
    def because(cls, frame_idx: int, params: str, reason: str) -> Self:
        """Return the error for a frame, its parameters and a reason."""
        error = cls(f"frame {frame_idx} could not be drawn: {reason} (params: {params})")
        error.frame_idx = frame_idx
        error.params = params
        line = " ".join(reason.split())
        error.reason = line if len(line) <= LINE_LENGTH else line[: LINE_LENGTH - 1] + "…"
        return error


class FrameTimeoutError(FrameError, TimeoutError):
    """A frame took longer than ``timeout=`` allows."""


def in_words(cause: BaseException) -> str:
    """Return the class of an exception, and its message, shortened."""
    try:
        text = str(cause)
    except Exception:  # of the caller's own class
        text = "(no message)"
    if len(text) > MESSAGE_LENGTH:
        text = text[:MESSAGE_LENGTH] + "…"
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__
