"""Docstrings that take over the descriptions of parameters from another docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def parameters_as_in(source: Callable[..., Any]) -> Callable[[F], F]:
    """Return a decorator that completes a numpydoc docstring with descriptions from that of `source`.

    `source` is a function or a class. The decorator replaces each entry whose text begins with "As in
    `name`.", where name is that of `source`, by the entries of `source` for the same parameters. Text
    that follows becomes a paragraph of its own.
    """
    text = inspect.getdoc(source) or ""  # there is none with python -OO
    section = re.split(r"\n\w+\n-+\n", text.partition("Parameters\n----------\n")[2])[0] + "\n"
    entry = re.compile(r"^(\w+) : .+\n(?:(?: {4}.*)?\n)+", re.MULTILINE)
    entries = {match[1]: match[0].rstrip() for match in entry.finditer(section)}
    reference = re.compile(
        rf"^(\w+(?:, \w+)*)(?: : .+)?\n {{4}}As in `{source.__name__}`\.(?: (.+))?$", re.MULTILINE
    )

    def described(match: re.Match[str]) -> str:
        names, more = match.groups()
        described = "\n".join(entries[name] for name in names.split(", "))
        return f"{described}\n\n    {more}" if more else described

    def decorate(function: F) -> F:
        if function.__doc__:
            function.__doc__ = reference.sub(described, inspect.getdoc(function) or "")
        return function

    return decorate
