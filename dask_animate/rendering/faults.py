"""What becomes of frames that cannot be drawn: drawn again, replaced, or an error."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import FrameFailure
from ..drawing import placeholder
from ..errors import FrameError, FrameTimeoutError, OptionError, OptionTypeError, ParamsError
from ..frames import FrameSize
from ..validation import in_short, require_choice, require_int

if TYPE_CHECKING:
    from .source_spec import DrawnSpec


@dataclass(frozen=True)
class FaultPolicy:
    """What the caller wants done about frames that fail.

    Attributes
    ----------
    retries : int
        How often a frame that failed is drawn again.
    timeout : float or None
        Seconds after which drawing a frame has failed; None for no limit.
    on_error : {"raise", "skip", "placeholder"}
        What is shown for a frame that failed each time.
    """

    retries: int = 0
    timeout: float | None = None
    on_error: str = "raise"

    ON_ERROR = ("raise", "skip", "placeholder")

    @classmethod
    def create(cls, retries: object, timeout: object, on_error: object) -> FaultPolicy:
        """Check what the caller gave; raise `OptionError` or `OptionTypeError`."""
        return cls(
            require_int("retries", retries, 0),
            _checked_timeout(timeout),
            require_choice("on_error", on_error, cls.ON_ERROR),
        )

    @property
    def is_default(self) -> bool:
        """Whether the first failure is the end, and nothing has a limit."""
        return self == FaultPolicy()

    def check_size_of(self, spec: DrawnSpec) -> None:
        """Raise if a source has to draw a frame to know its size, which nobody would look after."""
        if spec.size is None and not spec.draws_figures and not self.is_default:
            raise OptionError(
                "retries=, timeout= and on_error= need the size of the frames before the first one is "
                "drawn: set frame_shape = (height, width, channels) on the FrameSource"
            )


def _checked_timeout(timeout: object) -> float | None:
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, Real):
        raise OptionTypeError(f"timeout must be a number of seconds or None, got {in_short(timeout)}")
    if not 0 < float(timeout) < math.inf:
        raise OptionError(f"timeout must be more than 0 seconds, or None, got {in_short(timeout)}")
    return float(timeout)


@dataclass(frozen=True)
class LastDrawn:
    """The last frame that could be drawn; pickled, its pixels are compressed.

    Attributes
    ----------
    frame : ndarray of uint8, shape (height, width, 1, 3 or 4), or None
        Its pixels; None if no frame could be drawn.
    opaque : bool
        True if there is no alpha, or if it is 255 everywhere.
    """

    frame: NDArray[np.uint8] | None = None
    opaque: bool = True

    def __reduce__(self) -> tuple[Callable[..., LastDrawn], tuple[Any, ...]]:
        if self.frame is None:
            return LastDrawn, ()
        packed = zlib.compress(np.ascontiguousarray(self.frame).data, 1)
        return _unpacked, (packed, self.frame.shape, self.opaque)


def _unpacked(packed: bytes, shape: tuple[int, ...], opaque: bool) -> LastDrawn:
    return LastDrawn(np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape), opaque)


@dataclass(frozen=True)
class Known:
    """What is known of a partition before it is drawn.

    Attributes
    ----------
    failures : tuple of FrameFailure
        What went wrong when it was drawn before; a frame may be among them several times.
    before : LastDrawn or None
        The last frame before the partition that could be drawn; None if that is not known.
    """

    failures: tuple[FrameFailure, ...] = ()
    before: LastDrawn | None = None


class FrameBeforeUnknown(ParamsError):
    """A frame cannot be replaced by the one before it, which is not known here.

    Attributes
    ----------
    failures : tuple of FrameFailure
        All that went wrong in the partition until now.
    """

    def __init__(self, failures: Sequence[FrameFailure], failure: FrameFailure) -> None:
        super().__init__(
            f"frame {failure.frame_idx} could not be drawn: {failure.error}; "
            f'on_error="skip" shows the frame before it, but in a bag that is out of order that one is '
            f'in no known place: sort the bag by frame_id, or use on_error="placeholder"'
        )
        self.failures = tuple(failures)
        self._failure = failure

    def __reduce__(self) -> tuple[type[FrameBeforeUnknown], tuple[Any, ...]]:
        return FrameBeforeUnknown, (self.failures, self._failure)


class FrameFaults:
    """The failing frames of one partition: counts them, and has what is shown in their place.

    Not thread-safe. Takes the frames in order, from `begin` on.

    Parameters
    ----------
    policy : FaultPolicy
        What is to be done.
    known : Known
        What is known of the partition.
    start : int
        Index of its first frame.
    size : FrameSize
        Of the frames.
    """

    def __init__(self, policy: FaultPolicy, known: Known, start: int, size: FrameSize) -> None:
        self._policy = policy
        self._keeps = policy.on_error == "skip"
        self._before = LastDrawn() if start == 0 else known.before
        self._start = start
        self._size = size
        self._failures = list(known.failures)
        self.begin()

    def begin(self) -> None:
        """Begin with the first frame of the partition, perhaps once more; failures still count."""
        self._last = self._before
        self._last_idx = self._start - 1 if self._before is not None else None
        self._skipped: dict[int, FrameFailure] = {}

    def may_draw(self, frame_idx: int) -> bool:
        """Return whether a frame has not failed as often as it may."""
        return self._n_failures(frame_idx) <= self._policy.retries

    def note(self, error: FrameError) -> None:
        """Take note of a failure; raise it if it is the end of the render."""
        self._failures.append(FrameFailure(error.frame_idx, error.reason, error.params))
        if self._policy.on_error == "raise" and not self.may_draw(error.frame_idx):
            raise error

    def keep(self, frame_idx: int, frame: NDArray[np.uint8], *, opaque: bool) -> None:
        """Keep a copy of a frame that was drawn, or found, if it may be needed."""
        if self._keeps:
            held = None if self._last is None or self._last is self._before else self._last.frame
            if held is None or held.shape != frame.shape:  # RGBA as drawn, RGB as found
                held = np.empty_like(frame)
            np.copyto(held, frame)
            self._last = LastDrawn(held, opaque)
            self._last_idx = frame_idx

    def substitute(self, frame_idx: int) -> tuple[NDArray[np.uint8], bool]:
        """Return what is shown for a frame that failed, and whether it is opaque.

        Raises
        ------
        FrameBeforeUnknown
            If that is the frame before it, and it is not known.
        """
        failure = next(one for one in reversed(self._failures) if one.frame_idx == frame_idx)
        shown = LastDrawn()
        if self._keeps:
            if self._last is None or self._last_idx != frame_idx - 1:
                raise FrameBeforeUnknown(self._failures, failure)
            shown, self._last_idx = self._last, frame_idx
        self._skipped[frame_idx] = failure
        if shown.frame is not None:
            return shown.frame, shown.opaque
        return placeholder(self._size, frame_idx, failure.error), True

    def was_skipped(self, frame_idx: int) -> bool:
        """Return whether a frame was replaced since `begin`."""
        return frame_idx in self._skipped

    @property
    def skipped(self) -> tuple[FrameFailure, ...]:
        """The frames that were replaced, in order."""
        return tuple(self._skipped.values())

    @property
    def n_retries(self) -> int:
        """How often frames were drawn again."""
        return len(self._failures) - len(self._skipped)

    def last(self, n_frames: int) -> LastDrawn | None:
        """Return what `Known.before` is for the next partition, given the frames of this one."""
        return self._last if self._last_idx == self._start + n_frames - 1 else None

    def _n_failures(self, frame_idx: int) -> int:
        return sum(failure.frame_idx == frame_idx for failure in self._failures)


@dataclass(frozen=True)
class Unplaced:
    """What a task returns in place of frames if it has to know the frame before the first one.

    Attributes
    ----------
    failures : tuple of FrameFailure
        What went wrong until then.
    """

    failures: tuple[FrameFailure, ...]


def late_error(failure: FrameFailure) -> FrameTimeoutError:
    """Return the error for a frame that took too long."""
    return FrameTimeoutError.because(failure.frame_idx, failure.params, failure.error)
