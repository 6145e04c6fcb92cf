"""What the user's modules hold in memory, and where that differs from what their files say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from importlib.machinery import ModuleSpec
from types import FunctionType, MethodType, ModuleType
from typing import Any

from .bytecode import code_digest
from .content import IGNORED_CLASS_ATTRIBUTES, module_value_digest
from .digests import digest
from .library_changes import MAX_MEMBERS
from .modules import is_library
from .source_files import ImportGraph, SourceFile

_IGNORED_NAMES = {
    *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__"),
    *("__builtins__", "__path__", "__annotations__", "__warningregistry__"),
}


def module_digest(module: ModuleType | None, file: SourceFile) -> bytes:
    """Return a digest of a module: of its file, and of loaded code that is not in the file any more."""
    if module is None or file.code is None:
        return file.bytes_digest
    loaded = {
        (function.__qualname__, code_digest(function.__code__))
        for function in _functions_in(module)
        if function.__code__.co_filename == file.path
    }
    former = sorted(pair for pair in loaded if pair[1] not in file.code)
    return digest(file.bytes_digest, repr(former)) if former else file.bytes_digest


def module_values(module: ModuleType, file: SourceFile) -> Iterator[tuple[str, Any]]:
    """Yield the values in a module by name, but for functions that are as they stand in the file."""
    return _values_in(vars(module), "", module, file)


def literal_digests(module: str, file: SourceFile) -> dict[str, bytes]:
    """Return digests of the literals in a file, named as by `module_values`."""
    return {
        name: module_value_digest(value)
        for path, literal in file.literals.items()
        for name, value in _members(f"{module}.{path}", literal)
    }


def specs_held_by(modules: Iterable[ModuleType], graph: ImportGraph) -> dict[str, ModuleSpec]:
    """Return specs of the user's modules that others hold, or whose functions and classes they hold.

    Only of modules that the import graph lacks.
    """
    specs: dict[str, ModuleSpec] = {}
    for module in modules:
        for value in list(vars(module).values()):
            names = vars(value) if isinstance(value, ModuleType) else _globals_of(value)
            spec = names.get("__spec__")
            if isinstance(spec, ModuleSpec) and spec.name not in graph.files and not is_library(spec):
                specs[spec.name] = spec
    return specs


def _globals_of(value: Any) -> Mapping[str, Any]:
    """Return the names of the module in which a function, or a class by its methods, was defined."""
    functions = [value] if isinstance(value, FunctionType) else []
    if isinstance(value, type):
        functions = [held for held in vars(value).values() if isinstance(held, FunctionType)]
    return functions[0].__globals__ if functions else {}


def _functions_in(module: ModuleType) -> Iterator[FunctionType]:
    for value in list(vars(module).values()):
        yield from _functions(value)
        if isinstance(value, type) and value.__module__ == module.__name__:
            for attribute in list(vars(value).values()):
                yield from _functions(attribute)


def _functions(value: Any) -> Iterator[FunctionType]:
    """Yield the functions that an object is made of, such as a decorator's or a property's."""
    stack, seen = [value], set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, FunctionType):
            yield value
        elif isinstance(value, staticmethod | classmethod | MethodType):
            stack.append(value.__func__)
        elif isinstance(value, property):
            stack += [value.fget, value.fset, value.fdel]
        elif isinstance(value, partial | cached_property):
            stack.append(value.func)
        if "__wrapped__" in getattr(value, "__dict__", {}):
            stack.append(value.__wrapped__)


def _values_in(
    names: Mapping[str, Any], prefix: str, module: ModuleType, file: SourceFile
) -> Iterator[tuple[str, Any]]:
    for key, value in list(names.items()):
        path = f"{prefix}{key}"
        if key in (IGNORED_CLASS_ATTRIBUTES if prefix else _IGNORED_NAMES):
            continue
        if isinstance(value, type) and (value.__module__, value.__qualname__) == (module.__name__, path):
            yield from _values_in(vars(value), f"{path}.", module, file)
            continue
        for function in _functions(value):
            if function.__globals__ is vars(module) or function.__closure__:
                for held, content in _held_by(function):
                    yield f"{module.__name__}.{path}{held}", content
        if not _is_as_written(value, path, module, file):
            yield from _members(f"{module.__name__}.{path}", value)


def _members(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of a dict apart, as drawing may change only some of them; other values whole."""
    if type(value) is dict and len(value) <= MAX_MEMBERS:
        yield from (
            (f"{name}[{key!r}]", member) for key, member in list(value.items()) if _is_plain(key)
        )
        if not all(map(_is_plain, value)):
            yield name, value
    else:
        yield name, value


def _is_plain(key: object) -> bool:
    return isinstance(key, str | int | float | bytes | None)


def _held_by(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield what a function holds that was computed when it was defined, or was set later."""
    for name in ("__defaults__", "__kwdefaults__"):
        if getattr(function, name) is not None:
            yield f".{name}", getattr(function, name)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        with suppress(ValueError):  # not assigned yet
            yield f"[{name}]", cell.cell_contents
    for name, value in vars(function).items():
        if name != "__wrapped__":
            yield f".{name}", value


def _is_as_written(value: Any, path: str, module: ModuleType, file: SourceFile) -> bool:
    """Whether an object is made of functions that stand under this name in the file."""
    if not isinstance(value, FunctionType | staticmethod | classmethod | property):
        return False
    functions = list(_functions(value))
    return bool(functions) and all(
        function.__globals__ is vars(module)
        and function.__qualname__ == path
        and function.__code__.co_filename == file.path
        for function in functions
    )
