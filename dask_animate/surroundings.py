"""What of a process decides on its frames, besides the animator and the parameters.

That is the code which runs there: the user's modules by the bytes of their files, what was changed in
them since they were loaded, what was registered with matplotlib, and the versions of libraries.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from itertools import chain
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .errors import StoreError
from .sources import (
    Reach,
    SourceFile,
    code_digest,
    digest,
    is_library,
    is_library_path,
    reach_of,
    spec_of,
)
from .tokens import OF_EVERY_CLASS, Named, Unknowable, value_in_module

#: Libraries whose version changes pixels. Others count where an animator uses them.
DRAWING = frozenset(("dask_animate", "matplotlib", "numpy", "contourpy", "pillow"))

#: Bytes of an array up to which it is looked at whether frames change it.
_LOOKED_AT_BYTES = 2**20

_OF_EVERY_MODULE = {
    *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__"),
    *("__builtins__", "__path__", "__annotations__", "__warningregistry__"),
}


@dataclass(frozen=True)
class Surroundings:
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
    differing : tuple of str
        Names of what was found to differ from the process that asked for the frames.
    """

    named: Named
    told: frozenset[str]
    code: Mapping[str, bytes]
    values: Mapping[str, bytes]
    versions: Mapping[str, str]
    unknown: str | None = None
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

    def compared(self, expected: Surroundings) -> Surroundings:
        """Return the same, with what differs from the process that asked for the frames.

        Raises
        ------
        StoreError
            If other code is loaded here.
        """
        known = {name: self.code.get(name, code) for name, code in expected.code.items()}
        code = sorted(name for name, digest in known.items() if digest != expected.code[name])
        if code:
            raise StoreError(
                f"a worker has loaded other code of {', '.join(code)} than the process that asks for "
                f"the frames: a store would take frames of one for frames of the other. After a module "
                f"was changed, reload it where make_video is called, and restart the workers "
                f"(client.restart()) or send it to them (client.upload_file())"
            )
        mine, theirs = (
            {**one.values, **one.code, **one.versions}
            for one in (self, expected)  # named apart
        )
        names = (name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
        return replace(self, differing=tuple(sorted(names)))


class Observer:
    """Looks at this process, before a figure is built and after frames were drawn.

    What drawing itself changes, such as a module's cache, counts as it was before.

    Not thread-safe.

    Parameters
    ----------
    named : Named
        What the animator names.
    expected : Surroundings, optional
        Those of another process, to be compared: the values of the same modules are told.
    """

    def __init__(self, named: Named, expected: Surroundings | None = None) -> None:
        self._named = named
        self._expected = expected
        self._reach = Reach()
        self._told: frozenset[str] = frozenset()

    def observe(self) -> Surroundings:
        """Return what this process is like now.

        Raises
        ------
        StoreError
            If it has loaded other code than was expected.
        """
        self._reach = reach = reach_of(self._named.modules, self._named.mentioned)
        told = (name for name in reach.at_once if reach.files[name].code and name in sys.modules)
        self._told = frozenset(told) if self._expected is None else self._expected.told
        values: dict[str, bytes] = {}
        unknown: str | None = None
        for name, value in chain(_values(reach, self._told), _replaced()):
            if name not in _moving:
                _seen[name] = _Seen(value)
                try:
                    _first[name] = value_in_module(value)
                except Unknowable as exc:
                    _first[name] = b""
                    unknown = f"{exc} in {name}"
            if name in _first:
                values[name] = _first[name]
        code = {name: _code(name, file) for name, file in reach.files.items()}
        libraries = DRAWING | reach.libraries | self._named.libraries
        found = Surroundings(self._named, self._told, code, values, versions(libraries), unknown)
        return found if self._expected is None else found.compared(self._expected)

    def note_changes(self) -> None:
        """Take note of what has changed since `observe`, that is, by drawing."""
        for name, value in _values(self._reach, self._told):
            if name not in _moving and (name not in _seen or _seen[name] != _Seen(value)):
                _moving.add(name)


@dataclass
class _Seen:
    """A value as it was, told by identities: its own, and those of what is in it."""

    value: Any
    state: Any = field(init=False)

    def __post_init__(self) -> None:
        value = self.value
        inside: Any = getattr(value, "__dict__", None)
        if isinstance(value, dict):
            inside = value
        if (
            isinstance(value, np.ndarray)
            and value.nbytes <= _LOOKED_AT_BYTES
            and not value.dtype.hasobject
        ):
            self.state = zlib.crc32(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, list | tuple | set):
            self.state = [*map(id, value)]
        elif isinstance(inside, Mapping) and not isinstance(value, ModuleType | type | FunctionType):
            self.state = [(key, id(item)) for key, item in inside.items()]
        else:
            self.state = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Seen) and self.value is other.value and self.state == other.state


# Of this process, by the names of values: what is changed by drawing, what was seen last, and the digest
# that counts, which is that of the last time at which the value was not known to be changed by drawing.
_moving: set[str] = set()
_seen: dict[str, _Seen] = {}
_first: dict[str, bytes] = {}


def _code(name: str, file: SourceFile) -> bytes:
    """Return a digest of a module: of its file, and of what is loaded from it that is not in it now."""
    module = sys.modules.get(name)
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


def _values(reach: Reach, told: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield what may be other than files say, by name: values, changed functions, registries."""
    for name in sorted(told):
        module, file = sys.modules.get(name), reach.files.get(name)
        if module is not None and file is not None:
            yield from _values_in(vars(module), "", module, file)
    yield from _registered()


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
            yield f"{module.__name__}.{path}", value


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


def _registered() -> Iterator[tuple[str, Any]]:
    """Yield what was registered with matplotlib by others."""
    import matplotlib
    from matplotlib import colors, projections, scale, units

    cmaps: Any = matplotlib.colormaps
    builtin = getattr(cmaps, "_builtin_cmaps", ())
    for name in sorted(set(cmaps) - set(builtin)):
        yield f"matplotlib.colormaps[{name!r}]", cmaps[name]
    sequences: Any = matplotlib.color_sequences
    for name in sorted(set(sequences) - set(getattr(sequences, "_BUILTIN_COLOR_SEQUENCES", ()))):
        yield f"matplotlib.color_sequences[{name!r}]", sequences[name]
    known = _known_colors()
    for name, color in colors.get_named_colors_mapping().items():
        if known.get(name) != color:
            yield f"matplotlib.colors[{name!r}]", color
    classes: dict[str, Mapping[Any, Any]] = {
        "scale": getattr(scale, "_scale_mapping", {}),
        "projections": getattr(projections.projection_registry, "_all_projection_types", {}),
        "units": {f"{cls.__module__}.{cls.__qualname__}": made for cls, made in units.registry.items()},
    }
    for registry, registered in classes.items():
        for key, value in registered.items():
            cls = value if isinstance(value, type) else type(value)
            if not _is_of_library(cls.__module__):
                yield f"matplotlib.{registry}[{key!r}]", value
    style: Any = sys.modules.get("matplotlib.style")
    if style is not None:
        core = sys.modules.get("matplotlib.style.core", style)  # where it is before matplotlib 3.11
        base = getattr(style, "_base_library", None) or getattr(core, "_base_library", {})
        for name, settings in style.library.items():
            if name not in base:
                yield f"matplotlib.style.library[{name!r}]", dict(settings)


def _replaced() -> Iterator[tuple[str, FunctionType]]:
    """Yield functions in matplotlib's modules and classes that are not of an installed package."""
    for name, module in list(sys.modules.items()):
        if not name.startswith(("matplotlib.", "mpl_toolkits.")) or not hasattr(module, "__dict__"):
            continue
        for key, value in list(vars(module).items()):
            if isinstance(value, FunctionType):
                if not _is_installed(value):
                    yield f"{name}.{key}", value
            elif isinstance(value, type) and value.__module__ == name:
                for attribute, held in list(vars(value).items()):
                    if isinstance(held, FunctionType) and not _is_installed(held):
                        yield f"{name}.{key}.{attribute}", held


def _is_installed(function: FunctionType) -> bool:
    path = function.__code__.co_filename
    return path.startswith("<") or is_library_path(path)


@lru_cache(4096)
def _is_of_library(module: str) -> bool:
    spec = spec_of(module)
    return module != "__main__" and spec is not None and is_library(spec)


@lru_cache(1)
def _known_colors() -> dict[str, Any]:
    from matplotlib import colors

    known: dict[str, Any] = {**colors.XKCD_COLORS, **colors.CSS4_COLORS, **colors.TABLEAU_COLORS}
    grays = {name.replace("grey", "gray"): value for name, value in known.items() if "grey" in name}
    known |= {name.replace("gray", "grey"): value for name, value in known.items() if "gray" in name}
    return {**known, **grays, **colors.BASE_COLORS}


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
        return metadata.version(package)
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
