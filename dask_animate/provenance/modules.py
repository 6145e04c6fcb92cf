"""Where modules come from, the user's or installed, found without importing any."""

from __future__ import annotations

import os
import pkgutil
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from pathlib import Path
from typing import Any

_PACKAGES = {"site-packages", "dist-packages"}
_LIBRARY_FOLDERS = tuple(
    str(Path(sysconfig.get_path(name)).resolve()) + os.sep
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
# What may be the name of a module in a call of `importlib.import_module`.
_MODULE_NAME = re.compile(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*")


def spec_of(name: str, found: dict[str, ModuleSpec | None] | None = None) -> ModuleSpec | None:
    """Return where a module comes from, or would come from; None if there is no such module.

    Unlike `importlib.util.find_spec`, this does not import the module's package.

    Parameters
    ----------
    name : str
        Its absolute name.
    found : dict, optional
        What was found before, by name, which is taken for true and added to: a search that fails looks
        into each directory of `sys.path`.
    """
    if found is None:
        return _find_spec(name, {})
    if name not in found:
        found[name] = _find_spec(name, found)
    return found[name]


def _find_spec(name: str, found: dict[str, ModuleSpec | None]) -> ModuleSpec | None:
    module = sys.modules.get(name)
    spec: ModuleSpec | None = getattr(module, "__spec__", None)
    if module is not None:
        return spec
    parent, _, _ = name.rpartition(".")
    path: Sequence[str] | None = None
    if parent:
        package = spec_of(parent, found)
        path = None if package is None else package.submodule_search_locations
        if path is None:
            return None
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, path)
        except Exception:  # in a finder that a third party installed
            continue
        if spec is not None:
            return spec
    return None


def is_library(spec: ModuleSpec) -> bool:
    """Whether a module belongs to Python or to an installed package, so that its version says it all."""
    if spec.name.partition(".")[0] == "dask_animate":
        return True
    paths = [spec.origin if spec.has_location else None, *(spec.submodule_search_locations or ())]
    path = next((path for path in paths if path), None)
    if path is not None:
        return _is_library_path(path)
    loader: Any = spec.loader
    return loader in (BuiltinImporter, FrozenImporter) or spec.submodule_search_locations is not None


def is_user_module(name: str) -> bool:
    """Return True for a module of the user's: neither of Python nor of an installed package."""
    spec = spec_of(name)
    return spec is not None and not is_library(spec)


@lru_cache(4096)
def _is_library_path(path: str) -> bool:
    resolved = Path(path).resolve()
    return str(resolved).startswith(_LIBRARY_FOLDERS) or not _PACKAGES.isdisjoint(resolved.parts)


def stable_name(module: str) -> str:
    """Return a module's name as tokens hold it.

    Of this library's own modules, only the part that is public: where a class lies inside its folder
    may change from one release to the next.
    """
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "dask_animate" else module


def imported_names(module: str, names: Sequence[str] | None, level: int, package: str) -> Iterator[str]:
    """Yield the absolute names that ``from module import names`` may mean.

    Parameters
    ----------
    module : str
        As written, without the dots before it.
    names : sequence of str or None
        What is taken from it.
    level : int
        Number of dots before it.
    package : str
        Package of the module in which the statement is written.
    """
    base = module
    if level:
        parts = package.split(".")
        base = ".".join([*parts[: len(parts) - level + 1], *([module] if module else [])])
    if base:
        yield base
    for name in names or ():
        if name != "*":
            yield f"{base}.{name}"
            continue
        spec = spec_of(base)  # a package's __all__ may name modules in it
        locations = None if spec is None or is_library(spec) else spec.submodule_search_locations
        yield from (f"{base}.{found.name}" for found in pkgutil.iter_modules(locations or ()))


def names_in_texts(texts: Iterable[object], package: str) -> Iterator[str]:
    """Yield the module names that string constants may be, for code that calls `import_module`.

    A name that begins with dots may be relative to `package`, or to any package that another text names.
    """
    names = [text for text in texts if isinstance(text, str) and _MODULE_NAME.fullmatch(text)]
    anchors = [package, *(name for name in names if name[0] != ".")]
    for name in names:
        level = len(name) - len(name.lstrip("."))
        if not level:
            yield name
        else:
            yield from (
                full for anchor in anchors for full in imported_names(name[level:], (), level, anchor)
            )


def submodules_among(
    package: str, attributes: Collection[str], found: dict[str, ModuleSpec | None] | None = None
) -> Iterator[str]:
    """Yield the submodules of a user's package that attributes may be, such as ``package.module``.

    Such an attribute exists if anybody has imported the submodule. `found` is that of `spec_of`.
    """
    spec = spec_of(package, found)
    if spec is None or spec.submodule_search_locations is None or is_library(spec):
        return
    for module in pkgutil.iter_modules(spec.submodule_search_locations):
        if module.name in attributes:
            yield f"{package}.{module.name}"
            yield from submodules_among(f"{package}.{module.name}", attributes, found)
