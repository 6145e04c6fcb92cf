"""Colors, positions and shares as callers give them."""

from __future__ import annotations

from fractions import Fraction
from numbers import Integral
from typing import Any

from matplotlib.colors import to_rgba

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_int
from .pictures import TRANSPARENT, Color, Place
from .times import exact

#: More pixels in a row or column than any encoder takes.
MAX_LENGTH = 65_535
_HALF = Fraction(1, 2)
_SIDES: dict[str, tuple[Fraction, Fraction]] = {
    "center": (_HALF, _HALF),
    "left": (Fraction(0), _HALF),
    "right": (Fraction(1), _HALF),
    "top": (_HALF, Fraction(0)),
    "bottom": (_HALF, Fraction(1)),
    "top left": (Fraction(0), Fraction(0)),
    "top right": (Fraction(1), Fraction(0)),
    "bottom left": (Fraction(0), Fraction(1)),
    "bottom right": (Fraction(1), Fraction(1)),
}


def as_color(name: str, color: Any) -> Color:
    """Return a color of matplotlib's; None is transparent."""
    if color is None:
        return TRANSPARENT
    try:
        red, green, blue, alpha = (round(255 * value) for value in to_rgba(color))
    except (ValueError, TypeError):
        raise OptionError(f"{name} must be a matplotlib color or None, got {in_short(color)}") from None
    return red, green, blue, alpha


def as_place(name: str, position: Any) -> Place:
    """Return a position, given in words or as x and y."""
    if isinstance(position, str):
        if position not in _SIDES:
            raise OptionError(f"{name} must be one of {', '.join(_SIDES)}, or x and y, got {position!r}")
        return Place(*_SIDES[position])
    if not isinstance(position, tuple | list) or len(position) != 2:
        raise OptionTypeError(f"{name} must be a text or (x, y), got {in_short(position)}")
    x, y = (_coordinate(f"{name}[{idx}]", value) for idx, value in enumerate(position))
    return Place(x, y)


def as_length(name: str, value: object) -> int:
    """Return a width or a height in pixels."""
    length = require_int(name, value, 1)
    if length > MAX_LENGTH:
        raise OptionError(f"{name} must be at most {MAX_LENGTH} pixels, got {length}")
    return length


def as_share(name: str, value: object) -> Fraction:
    """Return a number from 0 to 1."""
    share = exact(name, value)
    if not 0 <= share <= 1:
        raise OptionError(f"{name} must be from 0 to 1, got {in_short(value)}")
    return share


def _coordinate(name: str, value: object) -> int | Fraction:
    number = exact(name, value)
    return int(number) if isinstance(value, Integral) else number
