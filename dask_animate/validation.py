"""Validation of single arguments, with errors that name them."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from math import inf
from numbers import Integral

import numpy as np

from .errors import OptionError, OptionTypeError

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120


def in_short(value: object) -> str:
    """Return the `repr` of a value, shortened so that it fits into a message."""
    return _short.repr(value)


def require_int(name: str, value: object, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`, or raise an error that names it."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise OptionTypeError(f"{name} must be an integer, got {in_short(value)}")
    if value < minimum:
        raise OptionError(f"{name} must be at least {minimum}, got {value}")
    return int(value)


def require_seconds(name: str, value: object) -> float:
    """Return `value` as a positive number of seconds, or raise an error that names it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise OptionTypeError(f"{name} must be a number of seconds, got {in_short(value)}")
    if not 0 < value < inf:
        raise OptionError(f"{name} must be a positive number of seconds, got {in_short(value)}")
    return float(value)


def require_bool(name: str, value: object) -> bool:
    """Return `value` as a bool, or raise an error that names it."""
    if not isinstance(value, bool | np.bool_):
        raise OptionTypeError(f"{name} must be True or False, got {in_short(value)}")
    return bool(value)


def require_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, or raise an error that lists them."""
    if not isinstance(value, str) or value not in choices:
        raise OptionError(
            f"{name} must be one of {', '.join(map(repr, choices))}, got {in_short(value)}"
        )
    return value


def require_text(name: str, value: object) -> str:
    """Return `value` if it is a non-empty string fit for a file, or raise an error that names it."""
    if not isinstance(value, str) or not value:
        raise OptionTypeError(f"{name} must be a non-empty string, got {in_short(value)}")
    if "\0" in value or value.encode("utf-8", "ignore").decode() != value:
        raise OptionError(
            f"{name} must be a string without NUL and lone surrogates, got {in_short(value)}"
        )
    return value
