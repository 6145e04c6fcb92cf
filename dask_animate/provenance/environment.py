"""What of a process decides on its frames, besides the animator and the parameters.

That is the code which runs there: the user's modules by the bytes of their files, what was changed in
them since they were loaded, what was registered with matplotlib, and the versions of libraries.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from importlib.machinery import ModuleSpec
from itertools import chain
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..errors import StoreError
from .content import OF_EVERY_CLASS, Named, Unknowable, value_in_module
from .registries import MANY_MEMBERS, registered, replaced
from .source_files import Reach, SourceFile, code_digest, digest, is_library, reach_of, spec_of

#: Libraries whose version changes pixels. Others count where an animator uses them.
DRAWING = frozenset(("dask_animate", "matplotlib", "mpl_toolkits", "numpy", "contourpy", "pillow"))

#: Bytes of an array up to which it is looked at whether frames change it.
_LOOKED_AT_BYTES = 2**20
# Ends of names of what a function got when it was defined.
_COMPUTED_ONCE = (".__defaults__", ".__kwdefaults__")

_OF_EVERY_MODULE = {
    *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__"),
    *("__builtins__", "__path__", "__annotations__", "__warningregistry__"),
}


@dataclass(frozen=True)
class Environment:
    """What of a process decides on its frames; travels, to be compared with that of another process.

    Attributes
    ----------
    named : Named
        What the animator names, from which the rest follows.
    told : frozenset of str
        Modules of which the values are told.
    code : mapping of str to bytes
        Digests of the user's modules: of their files, and of loaded code that is not in them.
    values : mapping of str to bytes
        Digests of what these modules hold and of what is registered with matplotlib, by their names.
    versions : mapping of str to str
        Of libraries.
    unknown : str or None
        What of them cannot be told by its content.
    outdated : tuple of str
        Modules that have loaded what does not stand in their files now.
    differing : tuple of str
        Names of what was found to differ from the process that asked for the frames.
    """

    named: Named
    told: frozenset[str]
    code: Mapping[str, bytes]
    values: Mapping[str, bytes]
    versions: Mapping[str, str]
    unknown: str | None = None
    outdated: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @cached_property
    def token(self) -> bytes:
        """A digest of all of it."""
        parts = [self.code, self.values, self.versions]
        return digest(*(repr(sorted(part.items())) for part in parts))

    def origin(self) -> dict[str, Any]:
        """Return what a store notes of its last render, as plain JSON."""
        parts = {"code": self.code, "values": self.values}
        return {name: {key: value.hex() for key, value in part.items()} for name, part in parts.items()}

    def changed_since(self, former: Mapping[str, Any]) -> list[str]:
        """Return names of values that are others than in a former render, though no file has changed."""
        now = self.origin()
        if now["code"] != former.get("code"):
            return []
        before, values = former.get("values", {}), now["values"]
        return sorted(
            name for name in before.keys() | values.keys() if before.get(name) != values.get(name)
        )

    def names_that_differ(self, expected: Environment) -> set[str]:
        """Return the names of what is not the same as in another process."""
        mine, theirs = ({**one.values, **one.code, **one.versions} for one in (self, expected))
        return {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}


class Observer:
    """Looks at this process, before a figure is built and after frames were drawn.

    What drawing itself changes, such as a module's cache, counts as it was before.

    Not thread-safe.

    Parameters
    ----------
    named : Named
        What the animator names.
    expected : Environment, optional
        Those of another process, to be compared: the values of the same modules are told.
    """

    def __init__(self, named: Named, expected: Environment | None = None) -> None:
        self._named = named
        self._expected = expected
        self._reach = Reach()
        self._told: dict[str, ModuleType] = {}
        self._loaded: set[str] = set()
        self._is_new = True

    def observe(self) -> Environment:
        """Return what this process is like now.

        Raises
        ------
        StoreError
            If it has loaded other code than was expected.
        """
        self._find_modules()
        self._is_new = True
        reach = self._reach
        libraries = self._libraries()
        values: dict[str, bytes] = {}
        unknown = None
        if reach.unreadable:
            unknown = f"the module {min(reach.unreadable)}, which has no file of its own"
        for name, value in chain(self._values(), replaced(libraries)):
            if name not in _moving:
                _seen[name] = _Seen(name, value)
                try:
                    _first[name] = value_in_module(value)
                except Unknowable as exc:
                    _first[name] = b""
                    unknown = f"{exc} in {name}"
            if name in _first:
                values[name] = _first[name]
        code = {name: _code(sys.modules.get(name), file) for name, file in reach.files.items()}
        outdated = (name for name, file in reach.files.items() if code[name] != file.bytes_digest)
        found = Environment(
            self._named,
            frozenset(self._told),
            code,
            values,
            versions(libraries),
            unknown,
            tuple(sorted(outdated)),
        )
        return found if self._expected is None else self._compared(found, self._expected)

    def note_changes(self) -> str | None:
        """Take note of what has changed since `observe`, that is, by drawing.

        Returns
        -------
        str or None
            A module of the user's that was loaded meanwhile and that nothing names, so that frames may
            depend on what is not known.
        """
        # Functions are replaced by setup() if at all, and to look for them takes a while.
        changed = replaced(self._libraries()) if self._is_new else ()
        self._is_new = False
        for name, value in chain(self._values(), changed):
            if name not in _moving and (name not in _seen or _seen[name] != _Seen(name, value)):
                _moving.add(name)
        new = sys.modules.keys() - self._loaded - self._reach.files.keys()
        unnamed = {name for name in new if _is_file_of_user(name)}
        self._loaded |= new
        _unnamed.update(unnamed)
        return min(unnamed, default=None)

    def _find_modules(self) -> None:
        """Find the modules that the animator reaches, also those that others hold without a name."""
        self._loaded = set(sys.modules)
        specs: dict[str, ModuleSpec] = {}
        while True:
            mentioned = {*self._named.mentioned, *_unnamed, *specs}
            self._reach = reach_of(self._named.modules, mentioned, specs)
            at_once = {name: sys.modules.get(name) for name in self._reach.at_once}
            told = {
                name: module
                for name, module in at_once.items()
                if module is not None and self._reach.files[name].code is not None
            }
            if self._expected is not None:
                told = {name: module for name, module in told.items() if name in self._expected.told}
            self._told = told
            more = {**specs, **_specs_held_by(told.values(), self._reach)}
            if more.keys() == specs.keys():
                return
            specs = more

    def _libraries(self) -> frozenset[str]:
        return DRAWING | self._reach.libraries | self._named.libraries

    def _values(self) -> Iterator[tuple[str, Any]]:
        """Yield what may be other than files say, by name: values, changed functions, registries."""
        for name in sorted(self._told):
            module = self._told[name]
            yield from _values_in(vars(module), "", module, self._reach.files[name])
        yield from registered()

    def _compared(self, found: Environment, expected: Environment) -> Environment:
        """Return what was found, with what differs from the process that asked for the frames."""
        names = found.names_that_differ(expected)
        stale = {name for name in names & expected.code.keys() if name in found.code}
        written = self._written()
        for name in names & expected.values.keys() & found.values.keys() - _moving:
            # Files say so as well, or it was computed when a function was defined.
            if name.endswith(_COMPUTED_ONCE) or written.get(name) == expected.values[name]:
                stale.add(name)
        older = {name for name in stale if name in found.outdated or name not in found.code}
        if older:
            raise StoreError(
                f"a worker has loaded an older version of {', '.join(sorted(older))} than the process "
                f"that asks for the frames: restart the workers (client.restart()), or send the module "
                f"to them (client.upload_file())"
            )
        if stale:
            raise StoreError(
                f"the process that asks for the frames has loaded another version of "
                f"{', '.join(sorted(stale))} than a worker: reload it there (importlib.reload), or send "
                f"the module to the workers (client.upload_file())"
            )
        return replace(found, differing=tuple(sorted(names)))

    def _written(self) -> dict[str, bytes]:
        """Return digests of values that stand in files as they are."""
        return {
            name: value_in_module(value)
            for module in self._told
            for path, literal in self._reach.files[module].literals.items()
            for name, value in _spread(f"{module}.{path}", literal)
        }


class _Seen:
    """A value as it was, told by identities: its own, and those of what is in it.

    What is registered with matplotlib comes as a copy, and is told by its content.
    """

    def __init__(self, name: str, value: Any) -> None:
        self._value = value
        self._state: Any = None
        if name.startswith("matplotlib."):
            self._value = None
            with suppress(Unknowable):
                self._state = value_in_module(value)
            return
        inside: Any = value if isinstance(value, dict) else getattr(value, "__dict__", None)
        if isinstance(value, np.ndarray):
            if value.nbytes <= _LOOKED_AT_BYTES and not value.dtype.hasobject:
                self._state = zlib.crc32(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, list | tuple | set):
            self._state = [*map(id, value)]
        elif isinstance(inside, Mapping) and not isinstance(value, ModuleType | type | FunctionType):
            self._state = [(key, id(item)) for key, item in inside.items()]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Seen) and self._value is other._value and self._state == other._state

    __hash__ = None  # type: ignore[assignment]


# Of this process, by the names of values: what is changed by drawing, what was seen last, and the digest
# that counts, which is that of the last time at which the value was not known to be changed by drawing.
_moving: set[str] = set()
_seen: dict[str, _Seen] = {}
_first: dict[str, bytes] = {}
# Modules that were loaded by drawing and that no import statement names.
_unnamed: set[str] = set()


def _is_file_of_user(name: str) -> bool:
    if name in ("__main__", "__mp_main__"):
        return False
    spec = spec_of(name)
    return spec is not None and spec.has_location and not is_library(spec)


def _specs_held_by(modules: Iterable[ModuleType], reach: Reach) -> dict[str, ModuleSpec]:
    """Return where modules come from that others hold, or of which they hold functions and classes."""
    specs: dict[str, ModuleSpec] = {}
    for module in modules:
        for value in list(vars(module).values()):
            names = vars(value) if isinstance(value, ModuleType) else _globals_of(value)
            spec = names.get("__spec__")
            if isinstance(spec, ModuleSpec) and spec.name not in reach.files and not is_library(spec):
                specs[spec.name] = spec
    return specs


def _globals_of(value: Any) -> Mapping[str, Any]:
    """Return the names of the module in which a function, or a class by its methods, was defined."""
    functions = [value] if isinstance(value, FunctionType) else []
    if isinstance(value, type):
        functions = [held for held in vars(value).values() if isinstance(held, FunctionType)]
    return functions[0].__globals__ if functions else {}


def _code(module: ModuleType | None, file: SourceFile) -> bytes:
    """Return a digest of a module: of its file, and of what is loaded from it that is not in it now."""
    if module is None or file.code is None:
        return file.bytes_digest
    loaded = {
        (function.__qualname__, code_digest(function.__code__))
        for function in _functions_in(module)
        if function.__code__.co_filename == file.path
    }
    former = sorted(pair for pair in loaded if pair[1] not in file.code)
    return digest(file.bytes_digest, repr(former)) if former else file.bytes_digest


def _functions_in(module: ModuleType) -> Iterator[FunctionType]:
    for value in list(vars(module).values()):
        yield from _functions(value)
        if isinstance(value, type) and value.__module__ == module.__name__:
            for attribute in list(vars(value).values()):
                yield from _functions(attribute)


def _functions(value: Any) -> Iterator[FunctionType]:
    """Yield the functions that something is made of, decorators and properties among them."""
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
    """Yield what a module, or a class in it, holds besides functions that stand in the file."""
    for key, value in list(names.items()):
        path = f"{prefix}{key}"
        if key in (OF_EVERY_CLASS if prefix else _OF_EVERY_MODULE):
            continue
        if isinstance(value, type) and (value.__module__, value.__qualname__) == (module.__name__, path):
            yield from _values_in(vars(value), f"{path}.", module, file)
            continue
        for function in _functions(value):
            if function.__globals__ is vars(module) or function.__closure__:
                for held, content in _held_by(function):
                    yield f"{module.__name__}.{path}{held}", content
        if not _is_as_written(value, path, module, file):
            yield from _spread(f"{module.__name__}.{path}", value)


def _spread(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of a dict apart, since drawing may change some of them; anything else whole."""
    if type(value) is dict and len(value) <= MANY_MEMBERS:
        yield from (
            (f"{name}[{key!r}]", member) for key, member in list(value.items()) if _is_plain(key)
        )
        if not all(map(_is_plain, value)):
            yield name, value
    else:
        yield name, value


def _is_plain(key: Any) -> bool:
    return isinstance(key, str | int | float | bytes | None)


def _held_by(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield what a function holds that was computed when it was defined, or was set since."""
    for name in ("__defaults__", "__kwdefaults__"):
        if getattr(function, name) is not None:
            yield f".{name}", getattr(function, name)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        with suppress(ValueError):  # it is not assigned yet
            yield f"[{name}]", cell.cell_contents
    for name, value in vars(function).items():
        if name != "__wrapped__":
            yield f".{name}", value


def _is_as_written(value: Any, path: str, module: ModuleType, file: SourceFile) -> bool:
    """Whether something is made of functions that stand under this name in the file."""
    if not isinstance(value, FunctionType | staticmethod | classmethod | property):
        return False
    functions = list(_functions(value))
    return bool(functions) and all(
        function.__globals__ is vars(module)
        and function.__qualname__ == path
        and function.__code__.co_filename == file.path
        for function in functions
    )


@lru_cache(64)
def versions(libraries: frozenset[str]) -> dict[str, str]:
    """Return the versions of libraries, whether they are loaded or not."""
    from matplotlib import ft2font

    found = {name: _version(name) for name in libraries if name not in sys.stdlib_module_names}
    return {
        **found,
        "python": ".".join(map(str, sys.version_info[:3])),
        "freetype": str(ft2font.__freetype_version__),
    }


@lru_cache(256)
def _version(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version("matplotlib" if package == "mpl_toolkits" else package)
    except metadata.PackageNotFoundError:  # installed by another name
        pass
    spec = spec_of(package)
    if spec is None:
        return "missing"
    if spec.origin is not None and spec.has_location:
        files = [Path(spec.origin), *sorted(Path(spec.origin).parent.glob("*version*.py"))]
        texts = [file.read_bytes() for file in files if file.suffix == ".py"]
        if len(texts) > 1 or any(b"__version__ =" in text for text in texts):
            return digest(*texts).hex()
    # Asks every installed package, which takes a while.
    names = metadata.packages_distributions().get(package, ())
    found = [f"{name} {metadata.version(name)}" for name in sorted(set(names))]
    return " ".join(found) or str(getattr(sys.modules.get(package), "__version__", "unknown"))
