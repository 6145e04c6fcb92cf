"""Content of values: tokens that say whether two frames are drawn by the same code from the same data.

Data counts by its content. Code counts in one of three ways:

- Code in one of the user's files is only referenced here; the file counts as a whole, see `environment`.
- Code that is pickled by value, because it was written in ``__main__``, in a notebook or in a function,
  counts by its code objects and by what these use.
- Code of Python and of installed packages is referenced, and counts by the version of the package.
"""

from __future__ import annotations

import copy
import copyreg
import random
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import cloudpickle
import numpy as np
from dask.base import is_dask_collection

from ._matplotlib import TRANSFORM_PARENTS
from .bytecode import CodeNames, code_digest
from .digests import digest, unique_token
from .modules import is_library, names_in_texts, spec_of, stable_name, submodules_among

#: Attributes of classes that say nothing about what the classes do.
IGNORED_CLASS_ATTRIBUTES = {
    *("__dict__", "__weakref__", "__doc__", "__module__", "__slots__"),
    *("__firstlineno__", "__static_attributes__"),
    *("__dataclass_fields__", "__dataclass_params__", "__match_args__"),
    *("_abc_impl", "__abstractmethods__", "__annotations__", "__slotnames__"),
}

_PLAIN = frozenset((str, bytes, bool, int, float, complex, type(None), type(Ellipsis)))
#: Builtins by which code reaches what it does not name.
_UNBOUNDED = {"globals", "eval", "exec", "__import__"}
# Of classes written in C, or of slots.
_DESCRIPTORS = (
    *(GetSetDescriptorType, MemberDescriptorType, MethodDescriptorType),
    *(WrapperDescriptorType, ClassMethodDescriptorType),
)
_CODE = (
    *(CodeType, ModuleType, FunctionType, type, BuiltinFunctionType, MethodType, staticmethod),
    *(classmethod, cached_property, property, partial, np.vectorize, np.ufunc, *_DESCRIPTORS),
)
_WEAK_DICTS = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, not in C
# Stands in tokens for a value that has no content; stores on disk depend on it.
_NO_CONTENT = "untold"


class NoContentError(Exception):
    """Raised for a value that cannot be compared by its content, such as an open file.

    Its text names the value, to stand in a sentence such as "the animator uses ...".
    """


@dataclass(frozen=True)
class References:
    """Code that values use and that is referenced by name, not read.

    Attributes
    ----------
    modules : frozenset of str
        The user's modules that are loaded wherever the values are.
    deferred : frozenset of str
        The user's modules that the code may import later.
    libraries : frozenset of str
        Installed packages.
    draw_figures : bool
        Whether matplotlib counts even if nothing references it.
    """

    modules: frozenset[str] = frozenset()
    deferred: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()
    draw_figures: bool = True


@dataclass(frozen=True)
class Content:
    """The content of some values.

    Attributes
    ----------
    token : bytes
        A digest of it; equal in other processes and on other machines.
    references : References
        Code that the values use and that counts in the token only by its names.
    """

    token: bytes
    references: References


def content_of(*values: Any) -> Content:
    """Return the content of values: of data, and of code as the module's docstring says.

    Raises
    ------
    NoContentError
        If something in them cannot be compared by its content; names it.
    """
    tokenizer = _Tokenizer()
    try:
        token = tokenizer.digest(values)
    except RecursionError:
        raise NoContentError("something that is nested too deeply") from None
    names = (tokenizer.modules, tokenizer.deferred, tokenizer.libraries)
    modules, deferred, libraries = map(frozenset, names)
    return Content(token, References(modules, deferred, libraries))


def content_or_reason(*values: Any) -> tuple[Content, str | None]:
    """Return the content of values, and None; or a unique token, and the value that has no content."""
    try:
        return content_of(*values), None
    except NoContentError as exc:
        return Content(unique_token(), References()), str(exc)


def module_value_digest(value: Any) -> bytes:
    """Return a digest of a value that one of the user's modules holds.

    The file that made the value counts anyway. So a value without content, such as a lock, counts by its
    type. So does an artist, which drawing changes.

    Raises
    ------
    NoContentError
        If it is data that is not in this process.
    """
    try:
        return _Tokenizer(is_lenient=True).digest(value)
    except RecursionError:
        return digest(_NO_CONTENT)


class _Tokenizer:
    """Reads values recursively; each object is read once.

    Parameters
    ----------
    is_lenient : bool
        Let values without content count by their types.

    Attributes
    ----------
    modules, deferred, libraries : set of str
        What was referenced until now, as in `References`.
    """

    def __init__(self, *, is_lenient: bool = False) -> None:
        self._is_lenient = is_lenient
        self._digests: dict[int, bytes] = {}
        self._reading: dict[int, int] = {}
        self._alive: list[Any] = []  # so that no id is used twice
        self.modules: set[str] = set()
        self.deferred: set[str] = set()
        self.libraries: set[str] = set()

    def digest(self, value: Any) -> bytes:
        """Return a digest of a value."""
        if type(value) in _PLAIN:
            return digest(type(value).__name__, repr(value))
        key = id(value)
        if key in self._digests:
            return self._digests[key]
        if key in self._reading:
            return digest("again", str(len(self._reading) - self._reading[key]))
        self._reading[key] = len(self._reading)
        self._alive.append(value)
        try:
            found = digest(*self._parts(value))
        except NoContentError as exc:
            if not self._is_lenient or isinstance(exc, _NotLoadedError):
                raise
            found = digest(_NO_CONTENT, type(value).__qualname__)
        finally:
            del self._reading[key]
        self._digests[key] = found
        return found

    def _parts(self, value: Any) -> Iterator[str | bytes]:
        """Yield what makes up a value, its kind first."""
        if type(value) in (list, tuple):
            yield type(value).__name__
            yield from map(self.digest, value)
        elif type(value) in (dict, MappingProxyType):
            yield "dict"
            yield from (self.digest(key) + self.digest(item) for key, item in value.items())
        elif isinstance(value, set | frozenset):
            yield from ("set", self.digest(type(value)), self.digest(getattr(value, "__dict__", None)))
            yield from sorted(map(self.digest, value))
        elif isinstance(value, np.ndarray):
            yield from self._array(value)
        elif isinstance(value, _CODE) or _is_cython_function(value):
            yield from self._code(value)
        else:
            yield from self._object(value)

    # Code

    def _code(self, value: Any) -> Iterator[str | bytes]:
        """Yield what makes up a function, a class, a module, or an object made of functions."""
        if isinstance(value, CodeType):
            yield from ("code", code_digest(value))
        elif isinstance(value, ModuleType):
            yield from self._module(value)
        elif isinstance(value, FunctionType):
            yield from self._reference(value) if self._is_by_name(value) else self._function(value)
        elif isinstance(value, type):
            yield from self._reference(value) if self._is_by_name(value) else self._class(value)
        elif isinstance(value, BuiltinFunctionType | MethodType) and self._is_by_name(value):
            yield from self._reference(value)
        elif isinstance(value, BuiltinFunctionType):
            yield from ("builtin", value.__qualname__, self.digest(value.__self__))
        elif isinstance(value, MethodType) and isinstance(value.__self__, _WEAK_DICTS):
            yield from ("method", value.__func__.__qualname__)
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
        elif isinstance(value, np.vectorize):
            yield "vectorized"
            names = "pyfunc", "otypes", "excluded", "signature", "cache"
            yield from (self.digest(getattr(value, name, None)) for name in names)
        elif isinstance(value, np.ufunc):
            yield from self._ufunc(value)
        elif isinstance(value, _DESCRIPTORS):
            yield from ("descriptor", value.__qualname__)
        elif self._is_by_name(value):
            yield from self._reference(value)
        else:
            yield from self._object(value)

    def _is_by_name(self, value: Any) -> bool:
        """Whether pickle takes a function, a class or a method by its name, not by value."""
        owner = getattr(value, "__self__", None)
        if isinstance(owner, random.Random | np.random.RandomState):
            return _is_global_state(owner)
        if owner is not None and not isinstance(owner, ModuleType | type):
            return False
        name = str(getattr(value, "__module__", None) or getattr(owner, "__name__", "builtins"))
        if _is_by_value(name) or spec_of(name) is None:
            return False
        if isinstance(value, type) and not value.__flags__ & _HEAP_TYPE:
            return True
        found: Any = sys.modules.get(name)
        for part in value.__qualname__.split("."):
            found = getattr(found, part, None)
        if isinstance(value, FunctionType | type):
            return found is value
        return found is not None and found == value

    def _reference(self, value: Any) -> Iterator[str | bytes]:
        owner = getattr(value, "__self__", None)
        if isinstance(owner, random.Random | np.random.RandomState):
            name = type(owner).__module__  # the global state, which is seeded for each frame
        else:
            name = value.__module__ or getattr(owner, "__name__", "builtins")
        self._note(name)
        yield from ("named", stable_name(name), value.__qualname__)

    def _note(self, module: str, among: set[str] | None = None) -> None:
        """Note a referenced module: its package, or one of the user's in `modules` or in another set."""
        spec = spec_of(module)
        if module in sys.builtin_module_names or spec is None or is_library(spec):
            self.libraries.add(module.partition(".")[0])
        else:
            (self.modules if among is None else among).add(module)

    def _function(self, function: FunctionType) -> Iterator[str | bytes]:
        """Yield what makes up a function that is pickled by value."""
        yield "function"
        yield self._member(f"{function.__qualname__}.__dict__", vars(function))
        module = str(function.__globals__.get("__name__"))
        spec = None if _is_by_value(module) else spec_of(module)
        if spec is not None and is_library(spec):
            yield from self._made_by_library(function, module)
            return
        yield self.digest((function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            yield self.digest(_cell_contents(cell))
        yield code_digest(function.__code__)
        package = str(function.__globals__.get("__package__") or "")
        names = CodeNames(function.__code__, package)
        for name in sorted(names.globals):
            if name in function.__globals__:
                value = function.__globals__[name]
                yield name
                yield self._member(name, value)
                if isinstance(value, ModuleType):
                    self.deferred.update(submodules_among(value.__name__, names.attributes))
            elif name in _UNBOUNDED:
                raise NoContentError(f"what {name}() reaches in {function.__qualname__}")
        if {"__main__"} & (names.imported | names.texts):
            raise NoContentError(f"what {function.__qualname__} takes from __main__")
        imported = names.imported
        by_name = {"importlib", "import_module"} & (imported | names.globals | names.attributes)
        values = map(function.__globals__.get, names.globals)
        if by_name or any(value is import_module for value in values):
            imported = imported | {*names_in_texts(names.texts, package)}
        for name in sorted(imported):
            if spec_of(name) is not None:
                self._note(name, self.deferred)
                self.deferred.update(submodules_among(name, names.attributes))

    def _made_by_library(self, function: FunctionType, module: str) -> Iterator[str | bytes]:
        """Yield what makes up a function that a library made around something of the user's."""
        self._note(module)
        yield from (stable_name(module), function.__code__.co_name)
        held = [_cell_contents(cell) for cell in function.__closure__ or ()]
        for value in (function.__defaults__, function.__kwdefaults__, *held):
            if isinstance(value, _WEAK_DICTS):  # a cache, such as that of singledispatch
                continue
            try:
                yield self.digest(value)
            except _NotLoadedError:
                raise
            except NoContentError:  # state of the library's own
                yield type(value).__qualname__

    def _module(self, module: ModuleType) -> Iterator[str | bytes]:
        """Yield the name of a module, or what it holds if it has no file."""
        yield from ("module", module.__name__)
        if not _is_by_value(module.__name__) and getattr(module, "__spec__", None) is not None:
            self._note(module.__name__)
            return
        for name, value in sorted(vars(module).items()):
            if not name.startswith("__"):
                yield name
                try:
                    yield self.digest(value)
                except _NotLoadedError:
                    raise
                except NoContentError:
                    yield type(value).__qualname__

    def _class(self, cls: type) -> Iterator[str | bytes]:
        """Yield what makes up a class that is pickled by value."""
        yield "class"
        yield cls.__qualname__
        yield self.digest(type(cls))
        yield from map(self.digest, cls.__bases__)
        for name, value in sorted(vars(cls).items()):
            if name not in IGNORED_CLASS_ATTRIBUTES:
                yield name
                yield self._member(f"{cls.__name__}.{name}", value)

    def _ufunc(self, function: np.ufunc) -> Iterator[str | bytes]:
        if getattr(np, function.__name__, None) is not function:
            if getattr(sys.modules.get("scipy.special"), function.__name__, None) is not function:
                raise NoContentError(f"the ufunc {function.__name__}")
            self._note("scipy.special")
        yield from ("ufunc", function.__name__)

    # Data

    def _array(self, array: np.ndarray[Any, Any]) -> Iterator[str | bytes]:
        cls = type(array)
        yield self.digest(cls)
        if isinstance(array, np.ma.MaskedArray):
            yield self.digest((np.ma.getmaskarray(array), array.fill_value))
        elif cls not in (np.ndarray, np.memmap):
            yield self.digest(getattr(array, "__dict__", None))
        array = np.asarray(array)
        dtype = array.dtype
        yield from (repr(array.shape), repr(dtype))
        yield self.digest(dict(dtype.metadata or {}))
        if dtype.fields:
            yield from (self.digest(array[name]) for name in dtype.names or ())
        elif dtype.hasobject or dtype.kind == "T":  # "T": strings of any length, which lie elsewhere
            yield from map(self.digest, array.ravel().tolist())
        else:
            yield np.ascontiguousarray(array).tobytes()

    def _object(self, value: Any) -> Iterator[str | bytes]:
        """Yield the state of an object, as pickle would take it."""
        cls = type(value)
        yield self.digest(cls)
        library = cls.__module__.partition(".")[0]
        state = _LABELLED[library](value) if library in _LABELLED else None
        if state is not None:
            yield self.digest(state)
            return
        if is_dask_collection(value) or library in ("zarr", "h5py"):
            raise _NotLoadedError.of(value)
        if isinstance(value, weakref.ref):
            yield self.digest(value())
            return
        if isinstance(value, _WEAK_DICTS):
            yield self.digest(dict(value))
            return
        if library == "matplotlib":
            plain = self._without_history(value)
            if plain is not value:
                yield self.digest(plain)
                return
        yield from self._reduced(value)
        if cls.__module__ == "functools" and hasattr(value, "__wrapped__"):  # a cache, pickled by name
            yield self.digest(vars(value))

    def _reduced(self, value: Any) -> Iterator[str | bytes]:
        cls = type(value)
        try:
            reduce = copyreg.dispatch_table.get(cls)
            reduced: Any = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except RecursionError:
            raise
        except Exception as exc:
            raise NoContentError(f"{cls.__qualname__} ({exc})") from exc
        if isinstance(reduced, str):
            yield reduced
            return
        function, args, state, items, pairs = (*reduced, None, None, None)[:5]
        yield self.digest((function, args))
        if isinstance(state, Mapping):
            for name, attribute in sorted(state.items(), key=lambda pair: str(pair[0])):
                yield str(name)
                yield self._member(f"{cls.__name__}.{name}", attribute)
        else:
            yield self.digest(state)
        yield self.digest((list(items or ()), list(pairs or ())))

    def _without_history(self, value: Any) -> Any:
        """Return a matplotlib object without what changes whenever it is copied or used."""
        if _is_instance(value, "matplotlib", "RcParams"):  # which finds a backend when asked for it
            return {key: dict.__getitem__(value, key) for key in value if key != "backend"}
        if _is_instance(value, "matplotlib.cbook", "CallbackRegistry"):
            return ()
        if _is_instance(value, "matplotlib.colors", "Colormap"):
            ends = value.get_under(), value.get_over(), value.get_bad()
            return value.name, copy.copy(value)(np.linspace(0, 1, value.N)), ends
        if _is_instance(value, "matplotlib.transforms", "TransformNode"):
            state = dict(value.__getstate__())
            state.pop(TRANSFORM_PARENTS, None)  # they hold it themselves
            return type(value), sorted(state.items())
        if self._is_lenient and _is_instance(value, "matplotlib.artist", "Artist"):
            return type(value).__qualname__
        return value

    def _member(self, name: str, value: Any) -> bytes:
        """Return a digest of a value, which an error says is in `name`."""
        try:
            return self.digest(value)
        except NoContentError as exc:
            text = exc.args[0]
            raise type(exc)(text if " in " in text else f"{text} in {name}") from exc


class _NotLoadedError(NoContentError):
    """Raised for data that is not in this process, such as that of a Dask collection."""

    @classmethod
    def of(cls, value: object) -> _NotLoadedError:
        return cls(f"{type(value).__qualname__}, whose data is not here,")


def _pandas_content(value: Any) -> Any:
    """Return the content of a pandas object, without its caches; None for other objects."""
    pandas: Any = sys.modules.get("pandas")
    if pandas is None:
        return None
    if isinstance(value, pandas.DataFrame):
        columns = [value.iloc[:, idx].array for idx in range(value.shape[1])]
        return value.columns, value.index, columns, value.attrs
    if isinstance(value, pandas.Series):
        return value.name, value.index, value.array, value.attrs
    if isinstance(value, pandas.MultiIndex):
        return list(value.names), list(value.levels), list(value.codes)
    if isinstance(value, pandas.Index):
        return value.name, value.array, getattr(value, "freqstr", None)
    if isinstance(value, pandas.Categorical):
        return value.codes, value.categories, value.ordered
    if isinstance(value, pandas.arrays.NumpyExtensionArray):
        return value.to_numpy()
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return repr(value.dtype), np.asarray(value, dtype=object)
    return None


def _xarray_content(value: Any) -> Any:
    """Return the content of an xarray object, without how it was read; None for other objects."""
    xarray: Any = sys.modules.get("xarray")
    if xarray is None:
        return None
    if isinstance(value, xarray.DataArray):
        _require_loaded(value, value.variable)
        return value.name, value.variable, {name: one.variable for name, one in value.coords.items()}
    if isinstance(value, xarray.Dataset):
        _require_loaded(value, *value.variables.values())
        return dict(value.variables.items()), value.attrs, sorted(map(str, value.coords))
    if isinstance(value, xarray.Variable):
        _require_loaded(value, value)
        return value.dims, value.values, value.attrs
    return None


def _require_loaded(value: object, *variables: Any) -> None:
    if not all(variable._in_memory for variable in variables):
        raise _NotLoadedError.of(value)


# Libraries whose objects count by what they hold, not by how they keep it.
_LABELLED: dict[str, Callable[[Any], Any]] = {"pandas": _pandas_content, "xarray": _xarray_content}


def _is_instance(value: object, module: str, name: str) -> bool:
    """Whether a value is an instance of a class, in a module that need not be loaded."""
    cls = getattr(sys.modules.get(module), name, None)
    return cls is not None and isinstance(value, cls)


def _is_cython_function(value: object) -> bool:
    # Each module that Cython compiles has a type of its own.
    return type(value).__name__ == "cython_function_or_method"


def _is_by_value(module: str) -> bool:
    """Whether cloudpickle takes what is in a module by value."""
    registered = cloudpickle.list_registry_pickle_by_value()
    parents = (module[:idx] for idx, letter in enumerate(module) if letter == ".")
    return module in ("__main__", "__mp_main__") or not registered.isdisjoint((module, *parents))


def _is_global_state(owner: object) -> bool:
    return owner is getattr(random, "_inst", None) or owner is getattr(np.random.mtrand, "_rand", None)


def _cell_contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # of a variable that is not assigned yet
        return None
