"""Easing curves: functions from [0, 1] to [0, 1], by name or as given."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import MissingPackageError, OptionError, OptionTypeError
from ..validation import in_short

Curve = Callable[[float], float]


def smoothstep(u: float) -> float:
    """Return the cubic curve that begins and ends at rest."""
    return u * u * (3 - 2 * u)


@dataclass(frozen=True)
class Easing:
    """A curve of time.

    Attributes
    ----------
    curve : callable or str
        A function, "smoothstep", or the name of one of pytweening's.
    """

    curve: Curve | str

    def __post_init__(self) -> None:
        if not isinstance(self.curve, str) and not callable(self.curve):
            raise OptionTypeError(
                f"curve must be a function from [0, 1] to [0, 1] or a name, got {in_short(self.curve)}"
            )
        self(0.5)

    def __call__(self, u: float) -> float:
        """Return the value at `u`; below 0 it is 0, above 1 it is 1."""
        function = _function(self.curve)
        try:
            value = function(u)
        except Exception as exc:
            raise OptionError(f"curve failed at {u:g}: {type(exc).__name__}: {exc}") from exc
        try:
            number = float(value)
        except (TypeError, ValueError) as exc:
            raise OptionError(_wrong(value, u)) from exc
        if math.isnan(number):
            raise OptionError(_wrong(value, u))
        return min(max(number, 0.0), 1.0)

    def __str__(self) -> str:
        if isinstance(self.curve, str):
            return repr(self.curve)
        return getattr(self.curve, "__name__", in_short(self.curve))


def _wrong(value: object, u: float) -> str:
    return f"curve must return numbers from 0 to 1, got {in_short(value)} at {u:g}"


def _function(curve: Curve | str) -> Curve:
    if not isinstance(curve, str):
        return curve
    if curve == "smoothstep":
        return smoothstep
    try:
        import pytweening
    except ImportError as exc:
        raise MissingPackageError(
            f'the curve {curve!r} needs pytweening: pip install "dask_animate[clips]"; "smoothstep" and '
            f"functions do not"
        ) from exc
    names = sorted(name for name in vars(pytweening) if name == "linear" or name.startswith("ease"))
    if curve not in names:
        raise OptionError(f"curve must be one of smoothstep, {', '.join(names)}, got {curve!r}")
    function: Curve = getattr(pytweening, curve)
    return function
