"""State that copies of an animation would share: with what yields its frames, and with other copies.

A copy of figure and function is exact only if nothing else changes what they use. Two things may. What
``frames`` gives is read in the caller's process, and may refer to the same objects as the function, such
as a generator method of the object whose other method draws. And classes and modules are not copied.
"""

from __future__ import annotations

import copy
import dis
import gc
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from ..provenance import is_user_module
from .animation_copy import CopyError

#: Objects that are looked at, at most; what lies behind so many is taken to be data.
MAX_OBJECTS = 100_000
#: Values of classes and modules that are compared by their content have at most so many elements.
MAX_ELEMENTS = 10_000

#: What does not change, or is not data.
_UNCHANGING = (
    *(str, bytes, int, float, complex, type(None), type(Ellipsis), range, slice, type, ModuleType),
    *(BuiltinFunctionType, CodeType, np.generic, np.dtype),
)
#: What only holds others.
_TRANSPARENT = (FunctionType, MethodType, CellType, GeneratorType, tuple, frozenset)


def check_separate(frames: object, drawn: Mapping[int, Any]) -> None:
    """Raise `CopyError` if what yields the frames and what draws them share an object.

    Parameters
    ----------
    frames : object
        The ``frames`` of a FuncAnimation.
    drawn : mapping of int to object
        All objects that are needed to draw, by their addresses.
    """
    read = _reachable(frames)
    for key, value in read.items():
        if key in drawn and not isinstance(value, _UNCHANGING + _TRANSPARENT):
            raise CopyError(
                f"frames= and the function share an object ({type(value).__name__}), so that one may "
                f"depend on what the other does to it; give frames= a copy if neither changes it"
            )
    readers = [value for value in read.values() if _is_users_code(value)]
    drawers = [value for value in drawn.values() if _is_users_code(value)]
    for some, others in ((readers, drawers), (drawers, readers)) if readers else ():
        assigned = {name for one in some for name in _names(one, "STORE_")}
        if assigned & {name for one in others for name in _names(one, "LOAD_")}:
            raise CopyError("frames= and the function share a variable to which one of them assigns")


def _is_users_code(value: object) -> bool:
    if isinstance(value, GeneratorType):
        return True
    return isinstance(value, FunctionType) and _is_users(value.__module__, with_main=True)


def _reachable(root: object) -> dict[int, Any]:
    """Return all objects that code or data refers to, by their addresses."""
    found: dict[int, Any] = {}
    stack = [root]
    while stack and len(found) < MAX_OBJECTS:
        value = stack.pop()
        if id(value) in found or isinstance(value, _UNCHANGING):
            continue
        found[id(value)] = value
        stack += _parts(value)
    return found


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, FunctionType):
        names = (name for code in _codes(value.__code__) for name in code.co_names)
        used = [value.__globals__[name] for name in names if name in value.__globals__]
        return [*used, *(value.__closure__ or ()), value.__defaults__, value.__kwdefaults__]
    if isinstance(value, GeneratorType):
        frame = value.gi_frame
        if frame is None:  # it has ended
            return []
        names = (name for code in _codes(value.gi_code) for name in code.co_names)
        used = [frame.f_globals[name] for name in names if name in frame.f_globals]
        return [*used, *frame.f_locals.values(), value.gi_yieldfrom]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return [value.base]
    return gc.get_referents(value)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of those that are defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _names(function: FunctionType | GeneratorType[Any, Any, Any], operation: str) -> Iterator[object]:
    """Yield the global variables, and those of functions around it, that code stores to or loads."""
    if isinstance(function, GeneratorType):
        code, frame = function.gi_code, function.gi_frame
        scope = {} if frame is None else frame.f_globals
        cells: Mapping[str, object] = {}
    else:
        code, scope = function.__code__, function.__globals__
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    for one in _codes(code):
        for step in dis.get_instructions(one):
            if step.opname in (f"{operation}GLOBAL", f"{operation}NAME"):
                yield id(scope), step.argval
            elif step.opname in (f"{operation}DEREF", f"{operation}CLASSDEREF") and step.argval in cells:
                yield id(cells[step.argval])


class SharedState:
    """The values that the caller's classes and modules hold, which copies share.

    Those of ``__main__`` are not among them: copies have variables of their own in their place.

    Parameters
    ----------
    drawn : iterable of object
        All objects that are needed to draw.
    """

    def __init__(self, drawn: Iterable[Any]) -> None:
        owners: dict[int, Any] = {}
        names: set[str] = set()
        for value in drawn:
            if isinstance(value, ModuleType):
                names.add(value.__name__)
                continue
            for cls in type.mro(value) if isinstance(value, type) else (type(value),):
                if _is_users(cls.__module__, with_main=True):
                    owners[id(cls)] = cls
            module = getattr(value, "__module__", None) if callable(value) else type(value).__module__
            names.add(str(module))
        for name, module in list(sys.modules.items()):
            parents = (name[:idx] for idx, letter in enumerate(name) if letter == ".")
            if _is_users(name) and not names.isdisjoint((name, *parents)):
                owners[id(module)] = module
                held = (value for value in list(vars(module).values()) if isinstance(value, type))
                owners.update((id(cls), cls) for cls in held if _is_users(cls.__module__))
        self._before = [(owner, _values(owner)) for owner in owners.values()]

    def restore(self) -> str | None:
        """Put back what was changed; return the name of one such value, None if there is none."""
        found: str | None = None
        for owner, before in self._before:
            now = vars(owner)
            for name, (value, content) in before.items():
                if name not in now or now[name] is not value:
                    setattr(owner, name, value)
                elif content is None or _equal(content, value):
                    continue
                if content is not None:
                    _restore(value, content)
                found = f"{owner.__name__}.{name}"
            for name in _values(owner).keys() - before.keys():
                delattr(owner, name)
                found = f"{owner.__name__}.{name}"
        return found


def _is_users(module: str | None, *, with_main: bool = False) -> bool:
    if module in ("__main__", None):
        return with_main and module is not None
    return is_user_module(module)


def _values(owner: type | ModuleType) -> dict[str, tuple[Any, Any]]:
    """Return the data of a class or a module, each value with a copy of its content if it is plain."""
    return {
        name: (value, _content(value))
        for name, value in list(vars(owner).items())
        if not name.startswith("__")
        and not hasattr(value, "__get__")
        and not isinstance(value, ModuleType)
    }


_CONTAINERS = (list, dict, set, deque, bytearray)


def _content(value: Any) -> Any:
    """Return a copy of a container of plain values; None for other objects and large ones."""
    if isinstance(value, np.ndarray):
        is_small = value.size <= MAX_ELEMENTS and not value.dtype.hasobject
        return value.copy() if is_small else None
    if type(value) not in _CONTAINERS or len(value) > MAX_ELEMENTS:
        return None
    return copy.copy(value)


def _equal(content: Any, value: Any) -> bool:
    """Compare a container with its former content; elements that are no plain values by identity."""
    if isinstance(value, np.ndarray):
        return bool(content.shape == value.shape and content.tobytes() == value.tobytes())
    if isinstance(value, bytearray):
        return bool(content == value)
    if len(content) != len(value):
        return False
    if isinstance(value, dict):
        pairs = zip(content.items(), value.items(), strict=True)
        return all(a is c and _same(b, d) for (a, b), (c, d) in pairs)
    if isinstance(value, set):
        return {id(one) for one in content} == {id(one) for one in value}
    return all(map(_same, content, value))


def _same(one: Any, other: Any) -> bool:
    return one is other or (
        isinstance(one, int | float | str) and type(one) is type(other) and one == other
    )


def _restore(value: Any, content: Any) -> None:
    """Give a container its former content."""
    if isinstance(value, np.ndarray):
        value[...] = content
    elif isinstance(value, list | bytearray):
        value[:] = content
    else:
        value.clear()
        value.extend(content) if isinstance(value, deque) else value.update(content)
