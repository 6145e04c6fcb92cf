"""The parameters of the frames, as they are given in one argument: a name, a file, a range."""

from __future__ import annotations

import ast
import csv
import itertools
import math
import operator
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from .loading import call, is_function, is_reference, load

#: More frames than this are taken for a mistake: two days at 60 frames a second.
MAX_VALUES = 10_000_000
FORMS = (
    "FILE_OR_MODULE:NAME, a file that ends in .npy or .csv, a zarr array, or a range such as "
    "'range(0, 300)' or 'linspace(0, 2*pi, 300)'"
)

_CONSTANTS = {"pi": math.pi, "tau": math.tau, "e": math.e}
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_CALL = re.compile(r"\s*(\w+)\s*\(.*\)\s*", re.DOTALL)


class FrameRange:
    """Some consecutive frames, given as ``START:STOP``.

    Attributes
    ----------
    start : int
        The first one.
    stop : int or None
        The one after the last; None if there is no end.
    """

    def __init__(self, text: str) -> None:
        found = re.fullmatch(r"(\d{0,15}):(\d{0,15})", text.strip())
        if found is None:
            raise click.UsageError(f"--frames must be START:STOP, such as 0:300, got {text!r}")
        self.start = int(found[1] or 0)
        self.stop = int(found[2]) if found[2] else None
        if self.stop is not None and self.stop <= self.start:
            raise click.UsageError(f"--frames {text}: there are no frames in it")

    @property
    def last(self) -> int:
        """The last one, as far as that is known."""
        return self.start if self.stop is None else self.stop - 1

    def __str__(self) -> str:
        return f"{self.start}:{'' if self.stop is None else self.stop}"

    @property
    def n_frames(self) -> int | None:
        """How many they are; None if there is no end."""
        return None if self.stop is None else self.stop - self.start


class ParamsArgument:
    """The argument ``--params``.

    Parameters
    ----------
    text : str
        As given: one of `FORMS`.

    Attributes
    ----------
    is_read_once : bool
        Whether `open` can be called only once.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.is_read_once = False
        self._open = self._opener(text)

    def open(self, frames: FrameRange | None) -> Any:
        """Return the parameters of some frames, in a form that `make_video` takes.

        Raises
        ------
        click.UsageError
            If there is no such thing, or if it lacks these frames.
        CommandError
            If the caller's function for it fails.
        """
        values = self._open()
        if frames is None:
            return values
        if isinstance(values, list | range | np.ndarray) and frames.last >= len(values):
            raise click.UsageError(f"--frames {frames}: --params {self._text} has {len(values)} frames")
        return _part(values, frames, self._text) if frames.start else values

    def _opener(self, text: str) -> Callable[[], Any]:
        found = _CALL.fullmatch(text)
        if found is not None:
            values = _range(text.strip())
            return lambda: values
        if text.lower().endswith(".npy"):
            return lambda: _read_npy(text)
        if text.lower().endswith(".csv"):
            return lambda: _read_csv(text)
        if "://" in text:
            return lambda: text
        if text.rstrip("/").lower().endswith(".zarr") or os.path.isdir(text):
            path = os.path.abspath(text)  # workers may be in another directory
            return lambda: path
        if is_reference(text):
            named: Any = load(text)
            self.is_read_once = isinstance(named, Iterator)
            return (lambda: call(text, named)) if is_function(named) else (lambda: named)
        raise click.UsageError(f"--params must be {FORMS}, got {text!r}")


def _part(values: Any, frames: FrameRange, text: str) -> Any:
    """Return the parameters from a frame on."""
    chosen = slice(frames.start, frames.stop)
    if isinstance(values, str):
        import dask.array

        return dask.array.from_zarr(values)[chosen]
    if isinstance(values, Sequence) or hasattr(values, "shape"):
        return values[chosen]
    if isinstance(values, Iterable) and not isinstance(values, dict):
        return itertools.islice(values, frames.start, frames.stop)
    raise click.UsageError(
        f"--frames has to begin with 0 for --params {text}, a {type(values).__name__}"
    )


def _read_npy(path: str) -> Any:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as exc:
        raise _unreadable(path, exc) from exc
    if not isinstance(array, np.ndarray) or not array.ndim:
        raise click.UsageError(f"--params {path}: it holds no array with a slice for each frame")
    return array


def _read_csv(path: str) -> list[Any]:
    """Return the rows of a file: dicts by the names in its first line, or values of its one column."""
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            names = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, ValueError, csv.Error) as exc:
        raise _unreadable(path, exc) from exc
    if len(set(names)) < len(names) or not all(names):
        raise click.UsageError(f"--params {path}: its first line must name each column once")
    if not rows:
        raise click.UsageError(f"--params {path}: it needs a line with names, and one for each frame")
    for number, row in rows:
        if len(row) != len(names):
            raise click.UsageError(
                f"--params {path}, line {number}: {len(row)} values for {len(names)} columns"
            )
    if len(names) == 1:
        return [_number(row[0]) for _, row in rows]
    return [dict(zip(names, map(_number, row), strict=True)) for _, row in rows]


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _unreadable(path: str, exc: Exception) -> click.UsageError:
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else exc
    return click.UsageError(f"--params {path} cannot be read: {reason}")


def _range(text: str) -> Any:
    """Return the values of a range: a call of one of few functions with numbers, no other code."""
    try:
        node = ast.parse(text, mode="eval").body
        values = _called(node)
    except RecursionError:
        raise click.UsageError("--params: that is nested too deeply") from None
    except (SyntaxError, ValueError, TypeError, ArithmeticError, MemoryError) as exc:
        reason = exc.msg if isinstance(exc, SyntaxError) else exc
        raise click.UsageError(f"--params {text!r}: {reason}") from exc
    if isinstance(values, np.ndarray) and not np.isfinite(values).all():
        raise click.UsageError(f"--params {text!r}: not all of its values are numbers")
    return values


def _called(node: ast.expr) -> Any:
    functions: dict[str, Callable[..., Any]] = {
        "range": _whole_range,
        "arange": _arange,
        "linspace": _linspace,
        "geomspace": _geomspace,
    }
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
    if not isinstance(node, ast.Call) or name not in functions:
        raise ValueError(f"it must be one of {', '.join(functions)}, with numbers in parentheses")
    arguments = [_evaluated(argument) for argument in node.args]
    options: dict[str, bool] = {}
    for keyword in node.keywords:
        value = keyword.value
        is_bool = isinstance(value, ast.Constant) and isinstance(value.value, bool)
        if keyword.arg != "endpoint" or not is_bool or not name.endswith("space"):
            raise ValueError("the only option is endpoint=False, of linspace and geomspace")
        options["endpoint"] = bool(value.value)  # type: ignore[attr-defined]  # a Constant
    with np.errstate(all="ignore"):  # what is no number is looked for afterwards
        return functions[name](*arguments, **options)


def _evaluated(node: ast.expr) -> int | float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]  # as the line above says
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_evaluated(node.operand))  # type: ignore[no-any-return]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _evaluated(node.left), _evaluated(node.right)
        return _OPERATORS[type(node.op)](left, right)  # type: ignore[no-any-return]
    raise ValueError(f"{ast.unparse(node)} is no number: there may be + - * / and pi, tau, e")


def _whole_range(*arguments: int) -> range:
    values = range(*arguments)
    _check_count(len(values[: sys.maxsize]))
    return values


def _arange(*arguments: float) -> Any:
    if not 1 <= len(arguments) <= 3:
        raise TypeError("arange takes (stop), (start, stop) or (start, stop, step)")
    start, stop, step = {1: (0, *arguments, 1), 2: (*arguments, 1), 3: arguments}[len(arguments)]
    _check_count(math.ceil((stop - start) / step))
    return np.arange(start, stop, step)


def _linspace(*arguments: float, endpoint: bool = True) -> Any:
    return _spaced(np.linspace, arguments, endpoint)


def _geomspace(*arguments: float, endpoint: bool = True) -> Any:
    return _spaced(np.geomspace, arguments, endpoint)


def _spaced(function: Callable[..., Any], arguments: Sequence[float], endpoint: bool) -> Any:
    if len(arguments) != 3 or not isinstance(arguments[2], int):
        raise TypeError(f"{function.__name__} takes (start, stop, number of frames)")
    start, stop, count = arguments
    _check_count(count)
    return function(float(start), float(stop), count, endpoint=endpoint)


def _check_count(count: float) -> None:
    if not 1 <= count <= MAX_VALUES:
        raise ValueError(f"it has {count} values, and there may be from 1 to {MAX_VALUES}")
