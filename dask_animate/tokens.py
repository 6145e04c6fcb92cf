"""Content tokens: what says whether two frames were drawn by the same code from the same data."""

from __future__ import annotations

import copy
import dis
import hashlib
import importlib
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np
from dask.base import is_dask_collection, normalize_token, tokenize

#: Bytes of a token.
TOKEN_BYTES = 16
#: Libraries whose version changes pixels. Others count where an animator uses them.
DRAWING = ("dask_animate", "matplotlib", "numpy", "contourpy", "PIL")

_PLAIN = frozenset((str, bytes, bool, int, float, complex, type(None), type(Ellipsis)))
_OF_EVERY_CLASS = {
    *("__dict__", "__weakref__", "__doc__", "__module__"),
    *("__firstlineno__", "__static_attributes__"),
    *("__dataclass_fields__", "__dataclass_params__", "__match_args__"),
    *("_abc_impl", "__abstractmethods__", "__annotations__", "__slotnames__"),
}
_PACKAGES = {"site-packages", "dist-packages"}
_LIBRARY_FOLDERS = tuple(
    str(Path(sysconfig.get_path(name)).resolve())
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


class Unknowable(Exception):
    """Something has no content that could be told, as an open file."""


def content_token(*values: Any) -> bytes:
    """Return a digest of what values are: data by content, users' functions and classes by their code.

    It is the same in other processes and on other machines. Functions and classes of installed libraries
    count by their name and the library's version.

    Raises
    ------
    Unknowable
        If something in them cannot be told by its content; names it.
    """
    return _Reader().digest(values)


@lru_cache(1)
def drawing_versions() -> tuple[tuple[str, str], ...]:
    """Return the versions, in this process, of what turns a figure into pixels."""
    from matplotlib import ft2font

    versions = [(name, _version(name)) for name in DRAWING]
    return (*versions, ("freetype", str(ft2font.__freetype_version__)))


class _Reader:
    """Reads objects recursively; what is met again is not read again."""

    def __init__(self) -> None:
        self._digests: dict[int, bytes] = {}
        self._reading: dict[int, int] = {}
        self._alive: list[Any] = []  # so that no id is used twice

    def digest(self, value: Any) -> bytes:
        if type(value) in _PLAIN:
            return _hashed(type(value).__name__, repr(value))
        key = id(value)
        if key in self._digests:
            return self._digests[key]
        if key in self._reading:
            return _hashed("again", str(len(self._reading) - self._reading[key]))
        self._reading[key] = len(self._reading)
        self._alive.append(value)
        try:
            digest = _hashed(*self._parts(value))
        finally:
            del self._reading[key]
        self._digests[key] = digest
        return digest

    def _parts(self, value: Any) -> Iterator[str | bytes]:
        """Yield what makes up a value, its kind first."""
        if type(value) in (list, tuple):
            yield type(value).__name__
            yield from map(self.digest, value)
        elif type(value) in (dict, MappingProxyType):
            yield "dict"
            yield from (self.digest(key) + self.digest(item) for key, item in value.items())
        elif isinstance(value, set | frozenset):
            yield "set"
            yield from sorted(map(self.digest, value))
        elif isinstance(value, CodeType):
            yield from self._code(value)
        elif isinstance(value, FunctionType | type) and not _is_installed(value):
            yield from self._function(value) if isinstance(value, FunctionType) else self._class(value)
        elif isinstance(value, ModuleType):
            yield from self._module(value)
        elif hasattr(value, "__wrapped__") and callable(value):  # as functools.lru_cache makes
            yield from ("wrapped", type(value).__qualname__, self.digest(vars(value)))
        elif isinstance(value, FunctionType | type | BuiltinFunctionType):
            yield from self._named(value)
        elif isinstance(value, MethodType):
            yield from ("method", self.digest(value.__func__), self.digest(value.__self__))
        elif isinstance(value, staticmethod | classmethod):
            yield from (type(value).__name__, self.digest(value.__func__))
        elif isinstance(value, cached_property):
            yield from ("cached", self.digest(value.func))
        elif isinstance(value, property):
            yield "property"
            yield from map(self.digest, (value.fget, value.fset, value.fdel))
        elif isinstance(value, partial):
            yield "partial"
            yield from map(self.digest, (value.func, value.args, value.keywords))
        else:
            yield from self._object(value)

    def _code(self, code: CodeType) -> Iterator[str | bytes]:
        yield "code"
        yield code.co_code
        yield code.co_exceptiontable
        yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags))
        yield self.digest(code.co_consts)

    def _function(self, function: FunctionType) -> Iterator[str | bytes]:
        yield "function"
        yield self.digest(function.__code__)
        yield self.digest((function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            yield self.digest(_contents(cell))
        yield self._of(f"{function.__qualname__}.__dict__", vars(function))
        names, imported = _names(function.__code__)
        for name in sorted(names & function.__globals__.keys()):
            yield name
            yield self._of(name, function.__globals__[name])
        for name in sorted(imported):
            yield self.digest(_import(name, function.__globals__.get("__package__")))

    def _module(self, module: ModuleType) -> Iterator[str | bytes]:
        """Yield what an imported module holds now; what cannot be told by its kind."""
        yield "module"
        yield module.__name__
        if _is_installed(module):
            yield _version(module.__name__)
            return
        for name, value in sorted(vars(module).items()):
            if not name.startswith("__"):
                yield name
                try:
                    yield self.digest(value)
                except Unknowable:  # a logger or a lock, that most functions do not use
                    yield type(value).__qualname__

    def _class(self, cls: type) -> Iterator[str | bytes]:
        yield "class"
        yield cls.__qualname__
        yield from map(self.digest, cls.__bases__)
        for name, value in sorted(vars(cls).items()):
            if name not in _OF_EVERY_CLASS:
                yield name
                yield self._of(f"{cls.__name__}.{name}", value)

    def _named(self, value: Any) -> Iterator[str | bytes]:
        module = str(getattr(value, "__module__", None))
        owner = getattr(value, "__self__", None)
        yield "named"
        yield from (module, value.__qualname__, _version(module))
        if owner is not None and not isinstance(owner, ModuleType):
            yield self.digest(owner)

    def _object(self, value: Any) -> Iterator[str | bytes]:
        """Yield the state of an object: as dask knows it, or else as pickle would take it."""
        cls = type(value)
        yield self.digest(cls)
        library = cls.__module__.partition(".")[0]
        if is_dask_collection(value) or library in ("zarr", "h5py"):
            raise Unknowable(f"{cls.__qualname__}, whose data is not here,")
        if isinstance(value, np.ndarray) and cls is not np.ndarray:
            yield self.digest((np.asarray(value), np.ma.getmaskarray(value), vars(value)))
            return
        if library == "matplotlib":
            plain = _without_listeners(value)
            if plain is not value:
                yield self.digest(plain)
                return
        if cls is np.ndarray and not value.dtype.hasobject:
            value = np.asarray(value, order="C")  # however it lies in memory
        if library in ("numpy", "pandas", "xarray", "datetime") or hasattr(value, "__dask_tokenize__"):
            yield _data_token(value)
            return
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as exc:
            raise Unknowable(f"{cls.__qualname__} ({exc})") from exc
        if isinstance(reduced, str):
            yield reduced
            return
        function, args, state, items, pairs = (*reduced, None, None, None)[:5]
        yield self.digest((function, args))
        if isinstance(state, Mapping):
            for name, attribute in sorted(state.items(), key=lambda pair: str(pair[0])):
                yield str(name)
                yield self._of(f"{cls.__name__}.{name}", attribute)
        else:
            yield self.digest(state)
        yield self.digest((list(items or ()), list(pairs or ())))

    def _of(self, name: str, value: Any) -> bytes:
        try:
            return self.digest(value)
        except Unknowable as exc:
            raise Unknowable(exc.args[0] if " in " in exc.args[0] else f"{exc} in {name}") from exc


def _hashed(*parts: str | bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=TOKEN_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


def _data_token(value: Any) -> str:
    try:
        return str(tokenize(normalize_token(value), ensure_deterministic=True))
    except Exception as exc:
        raise Unknowable(f"{type(value).__qualname__} ({exc})") from exc


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # of a variable that is not assigned yet
        return None


def _names(code: CodeType) -> tuple[set[str], set[str]]:
    """Return the names of the globals that code reads, inner functions too, and of what it imports."""
    names, imported = set(), set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(str(instruction.argval))
        elif instruction.opname == "IMPORT_NAME":
            imported.add(str(instruction.argval))
    for const in code.co_consts:
        if isinstance(const, CodeType):
            inner = _names(const)
            names |= inner[0]
            imported |= inner[1]
    return names, imported


def _import(name: str, package: Any) -> Any:
    """Return the module that a function imports when it is called, None if there is none here."""
    for full in (name, f"{package}.{name}".rstrip(".")):
        try:
            return importlib.import_module(full)
        except Exception:
            continue
    return None


def _without_listeners(value: Any) -> Any:
    """Copy one of matplotlib's colors without what changes each time it is copied or used."""
    from matplotlib.cbook import CallbackRegistry
    from matplotlib.colors import Colormap

    if isinstance(value, CallbackRegistry):
        return ()
    if isinstance(value, Colormap):
        ends = value.get_under(), value.get_over(), value.get_bad()
        return value.name, copy.copy(value)(np.linspace(0, 1, value.N)), ends
    return value


def _is_installed(value: Any) -> bool:
    """Whether code belongs to Python or an installed library, whose version tells all about it."""
    name: Any
    if isinstance(value, ModuleType):
        name = value.__name__
    elif isinstance(value, FunctionType):  # whatever it claims to be, as functools.wraps makes it do
        name = value.__globals__.get("__name__")
    else:
        name = getattr(value, "__module__", None)
    if name is None or name == "__main__":
        return False
    return _is_installed_module(str(name))


@lru_cache(1024)
def _is_installed_module(name: str) -> bool:
    if name.partition(".")[0] == "dask_animate":
        return True
    module = sys.modules.get(name)
    paths = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    file = next((path for path in paths if path), None)
    if file is None:
        return module is not None  # built into Python
    path = Path(file).resolve()
    return str(path).startswith(_LIBRARY_FOLDERS) or not _PACKAGES.isdisjoint(path.parts)


@lru_cache(256)
def _version(module: str) -> str:
    from importlib import metadata

    library = module.partition(".")[0]
    found = getattr(sys.modules.get(library), "__version__", None)
    if found is None:
        try:
            found = metadata.version({"PIL": "pillow"}.get(library, library))
        except metadata.PackageNotFoundError:
            found = f"python {sys.version_info[:2]}"
    return str(found)
