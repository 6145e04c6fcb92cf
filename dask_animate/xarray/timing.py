"""How long frames are shown if that is in proportion to a coordinate."""

from __future__ import annotations

import datetime
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from numbers import Rational, Real
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from ..diagnostics import notify
from ..encoding import as_fps
from ..errors import OptionError
from ..params import open_params
from ..validation import in_short
from .coordinates import coordinate_names
from .frame_selection import take

T = TypeVar("T", xr.DataArray, xr.Dataset)

#: Units of NumPy's times in seconds.
_SECONDS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True)
class Timing:
    """Frames that are shown, and for how long.

    Attributes
    ----------
    positions : tuple of int
        Frames that are shown.
    seconds : tuple of Fraction
        How long each of them is shown: whole ticks of ``1 / fps`` seconds.
    """

    positions: tuple[int, ...]
    seconds: tuple[Fraction, ...]

    @classmethod
    def create(
        cls, coordinate: xr.DataArray, fps: Fraction, length: object = None, rate: object = None
    ) -> Timing:
        """Show frames in proportion to the steps of a coordinate.

        A frame is shown from its value of the coordinate to the next one, and the last for as long as
        the one before it. Each frame begins at the tick that is nearest to its exact time. Of several
        frames that begin at the same tick, the one whose exact time is nearest to it is shown.

        Parameters
        ----------
        coordinate : DataArray
            Its values at all frames: times, timedeltas or numbers that rise or fall strictly.
        fps : Fraction
            Ticks per second.
        length : float, optional
            Seconds for which the video lasts, to the nearest tick; by default a tick for each frame.
        rate : timedelta or number, optional
            How much of the coordinate goes by in a second of the video.

        Raises
        ------
        OptionError
            If the frames cannot be shown like that; the message says why.
        """
        if length is not None and rate is not None:
            raise OptionError("give length= or rate=, not both: one follows from the other")
        starts = _starts(coordinate)
        n = len(starts)
        if n == 1 and rate is not None:
            raise OptionError("rate= needs at least two frames: one frame has no step to the next")
        end = starts[-1] + (starts[-1] - starts[-2] if n > 1 else 1)
        if rate is not None:
            scale = fps / _rate(rate, coordinate)
        else:
            ticks = Fraction(n) if length is None else _length(length) * fps
            scale = ticks / end
        return cls._of_ticks([start * scale for start in starts], round(end * scale), fps)

    @classmethod
    def _of_ticks(cls, exact: Sequence[Fraction], end: int, fps: Fraction) -> Timing:
        """Return the timing of frames that should begin at some times, in ticks."""
        if not end:
            raise OptionError(
                f"durations: the whole video is shorter than a frame at {float(fps):g} frames/s: "
                "give a longer length=, a lower rate= or a higher fps"
            )
        nearest: dict[int, int] = {}
        for idx, time in enumerate(exact):
            tick = round(time)
            known = nearest.get(tick)
            if tick < end and (known is None or abs(time - tick) < abs(exact[known] - tick)):
                nearest[tick] = idx
        bounds = [*nearest, end]
        return cls(
            tuple(nearest.values()), tuple((stop - start) / fps for start, stop in pairwise(bounds))
        )


def timed(data: T, dim: Hashable, fps: object, options: Mapping[str, Any]) -> tuple[T, dict[str, Any]]:
    """Return the frames that are shown, and options that say how long each is.

    Parameters
    ----------
    data : DataArray or Dataset
        All frames.
    dim : hashable
        Dimension of the frames.
    fps : float or Fraction
        Frames per second.
    options : mapping of str to object
        Those of `DataArrayAnimator.to_video`.

    Returns
    -------
    data : DataArray or Dataset
        The frames that are shown.
    options : dict of str to object
        Those of `Animator.make_video`.
    """
    rest = {name: value for name, value in options.items() if name not in ("length", "rate")}
    length, rate, durations = (options.get(name) for name in ("length", "rate", "durations"))
    if not isinstance(durations, str):
        if length is not None or rate is not None:
            raise OptionError('length= and rate= need durations="time", or the name of a coordinate')
        return data, rest
    names = coordinate_names(data, dim, scalar=False)
    if durations not in names:
        known = ", ".join(map(repr, names)) or "none"
        raise OptionError(f"durations={durations!r} is no coordinate along {dim!r}; there are: {known}")
    n = open_params(data, rest.pop("n_frames", None), None, dim).n_frames  # type: ignore[arg-type]
    coordinate = data[names[durations]].isel({dim: slice(n)})
    timing = Timing.create(coordinate, as_fps(fps), length, rate)
    n_shown = len(timing.positions)
    if n_shown < coordinate.size:
        notify(f"{n_shown} of {coordinate.size} frames are shown: the others fall between them")
    return take(data, dim, np.array(timing.positions)), rest | {"durations": timing.seconds}


def _starts(coordinate: xr.DataArray) -> list[Fraction]:
    """Return how far each value is from the first one: seconds of times, or numbers."""
    values = coordinate.values
    kind = values.dtype.kind
    if kind in "Mm":
        known = ~np.isnat(values)
    elif kind in "fiu":
        known = np.isfinite(values)
    elif kind == "O" and all(hasattr(value, "hour") for value in values):
        known = np.ones(len(values), bool)
    else:
        raise OptionError(
            f"durations: {coordinate.name!r} must hold times or numbers, but it holds {values.dtype}"
        )
    if not known.all():
        idx = int(np.argmin(known))
        raise OptionError(f"durations: {coordinate.name!r} is {values[idx]} at frame {idx}")
    exact = _exact(values)
    sign = -1 if len(exact) > 1 and exact[1] < exact[0] else 1
    starts = [sign * (value - exact[0]) for value in exact]
    for idx, (one, other) in enumerate(pairwise(starts)):
        if one >= other:
            raise OptionError(
                f"durations: {coordinate.name!r} must rise or fall from each frame to the next, but it "
                f"is {values[idx]} at frame {idx} and {values[idx + 1]} at frame {idx + 1}"
            )
    return starts


def _exact(values: Any) -> list[Fraction]:
    """Return exact values: seconds since any time, or numbers."""
    if values.dtype.kind in "Mm":
        per_second = _SECONDS[np.datetime_data(values.dtype)[0]]
        return [Fraction(value, per_second) for value in values.astype("i8").tolist()]
    if values.dtype.kind == "O":
        return [_of_timedelta(value - values[0]) for value in values]
    return [Fraction(value) for value in values.tolist()]


def _of_timedelta(value: datetime.timedelta) -> Fraction:
    return Fraction(value // datetime.timedelta(microseconds=1), 10**6)


def _length(length: object) -> Fraction:
    seconds = _number(length)
    if seconds is None or seconds <= 0:
        raise OptionError(f"length must be a positive number of seconds, got {in_short(length)}")
    return seconds


def _number(value: object) -> Fraction | None:
    """Return a finite number exactly; None if it is something else."""
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, Real):
        return None
    if isinstance(value, Rational):
        return Fraction(value)
    return Fraction(float(value)) if math.isfinite(value) else None


def _rate(rate: object, coordinate: xr.DataArray) -> Fraction:
    """Return how much of a coordinate goes by in a second, in the units of `_exact`."""
    if coordinate.dtype.kind in "fiu":
        exact = _number(rate)
        expected = "a positive number"
    else:
        exact = _time(rate)
        expected = 'a positive time, such as "7D" or np.timedelta64(7, "D")'
    if exact is None or exact <= 0:
        raise OptionError(
            f"rate must be {expected}: what goes by of {coordinate.name!r} in a second of the video; "
            f"got {in_short(rate)}"
        )
    return exact


def _time(value: object) -> Fraction | None:
    """Return the seconds of anything that pandas takes for a timedelta; None if it is something else."""
    import pandas as pd  # xarray depends on it

    if _number(value) is not None:
        return None  # pandas takes it for nanoseconds
    try:
        timedelta = pd.Timedelta(value)
    except (ValueError, TypeError):
        return None
    return None if timedelta is pd.NaT else _exact(np.array([timedelta.to_timedelta64()]))[0]
