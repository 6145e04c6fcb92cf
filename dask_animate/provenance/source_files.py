"""The user's own source files: which of them a module reaches, found without importing anything.

A file counts whole, by its bytes. So nothing in it has to be understood but the modules that it names in
``import`` statements, wherever these stand.
"""

from __future__ import annotations

import ast
import hashlib
import os
import pkgutil
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any
from zipimport import zipimporter

#: Bytes of a digest.
DIGEST_BYTES = 16

_PACKAGES = {"site-packages", "dist-packages"}
_LIBRARY_FOLDERS = tuple(
    str(Path(sysconfig.get_path(name)).resolve()) + os.sep
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
#: Loaders that compile a file as it is. Others, such as pytest's, change the code.
_PLAIN_LOADERS = (SourceFileLoader, zipimporter)
# What may be the name of a module in a call of `importlib.import_module`.
_MODULE_NAME = re.compile(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*")


def digest(*parts: str | bytes) -> bytes:
    """Return a digest of some texts, which depends on where each of them ends."""
    state = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


@dataclass(frozen=True)
class SourceFile:
    """One of the user's files, which is a module.

    Attributes
    ----------
    bytes_digest : bytes
        Of all that is in it.
    imports : frozenset of str
        Absolute names that it may import, of modules or of what is in them.
    imports_at_once : frozenset of str
        Those of them that are loaded whenever this module is.
    attributes : frozenset of str
        Names that it takes from objects; a module may be taken from a package in this way.
    path : str
        Where it is; what the code that is loaded from it says of itself.
    code : frozenset of bytes or None
        Digests of all code objects that it compiles to; None if that cannot be told.
    literals : mapping of str to object
        What stands in it as the value of a name, or of a name in a class.
    """

    bytes_digest: bytes
    imports: frozenset[str] = frozenset()
    imports_at_once: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    path: str = ""
    code: frozenset[bytes] | None = None
    literals: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Reach:
    """What some modules reach by their ``import`` statements, at any depth.

    Attributes
    ----------
    files : dict of str to SourceFile
        The user's files, by the names of their modules.
    at_once : set of str
        Names of those that are loaded as soon as the modules are from which the search began.
    libraries : set of str
        Names of installed packages.
    unreadable : set of str
        Names of modules of the user's that have no file.
    """

    files: dict[str, SourceFile] = field(default_factory=dict)
    at_once: set[str] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


def reach_of(
    modules: Iterable[str],
    mentioned: Iterable[str] = (),
    specs: Mapping[str, ModuleSpec] | None = None,
) -> Reach:
    """Follow ``import`` statements from some modules on. Imports nothing.

    Parameters
    ----------
    modules, mentioned : iterable of str
        Names of modules that are loaded, and of modules that may be loaded later.
    specs : mapping of str to ModuleSpec, optional
        Of modules that cannot be found by their names.
    """
    reach = Reach()
    stack = [(name, True) for module in modules for name in _with_parents(module)]
    stack += [(name, False) for module in mentioned for name in _with_parents(module)]
    seen: dict[str, bool] = {}
    while stack:
        name, is_at_once = stack.pop()
        if seen.get(name, False) >= is_at_once and name in seen:
            continue
        seen[name] = is_at_once
        spec = (specs or {}).get(name) or spec_of(name)
        if spec is None:
            if name == "__main__":
                reach.unreadable.add(name)
            continue  # a name in a module, or an optional module that is not here
        if is_library(spec):
            reach.libraries.add(name.partition(".")[0])
            continue
        file = source_file(spec)
        if file is None:
            if spec.submodule_search_locations is None:  # else a folder that is a package by its name
                reach.unreadable.add(name)
            continue
        reach.files[name] = file
        if is_at_once:
            reach.at_once.add(name)
        for imported in file.imports:
            at_once = is_at_once and imported in file.imports_at_once
            stack += [(parent, at_once) for parent in _with_parents(imported)]
            stack += [(taken, False) for taken in modules_taken_from(imported, file.attributes)]
    return reach


def modules_taken_from(package: str, attributes: Collection[str]) -> Iterator[str]:
    """Yield the modules of a user's package that code may take from it, such as ``package.module``.

    They are there if anything has imported them, whoever that was.
    """
    spec = spec_of(package)
    if spec is None or spec.submodule_search_locations is None or is_library(spec):
        return
    for found in pkgutil.iter_modules(spec.submodule_search_locations):
        if found.name in attributes:
            yield f"{package}.{found.name}"
            yield from modules_taken_from(f"{package}.{found.name}", attributes)


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:stop]) for stop in range(1, len(parts) + 1)]


def spec_of(name: str) -> ModuleSpec | None:
    """Return where a module comes from, or would come from; None if there is none of this name."""
    module = sys.modules.get(name)
    spec: ModuleSpec | None = getattr(module, "__spec__", None)
    if module is not None:
        return spec
    parent, _, _ = name.rpartition(".")
    path: Any = None
    if parent:
        package = spec_of(parent)
        path = None if package is None else package.submodule_search_locations
        if path is None:
            return None
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, path)
        except Exception:  # of a finder that is somebody else's
            continue
        if spec is not None:
            return spec
    return None


def is_library(spec: ModuleSpec) -> bool:
    """Whether a module is Python's own or an installed package's, of which the version tells all."""
    if spec.name.partition(".")[0] == "dask_animate":
        return True
    paths = [spec.origin if spec.has_location else None, *(spec.submodule_search_locations or ())]
    path = next((path for path in paths if path), None)
    if path is not None:
        return is_library_path(path)
    loader: Any = spec.loader
    return loader in (BuiltinImporter, FrozenImporter) or spec.submodule_search_locations is not None


@lru_cache(4096)
def is_library_path(path: str) -> bool:
    """Whether a file belongs to Python or to an installed package."""
    resolved = Path(path).resolve()
    return str(resolved).startswith(_LIBRARY_FOLDERS) or not _PACKAGES.isdisjoint(resolved.parts)


def source_file(spec: ModuleSpec) -> SourceFile | None:
    """Read a module's file; None if it has none."""
    if not spec.has_location or spec.origin is None:
        return None
    try:
        status = os.stat(spec.origin)
    except OSError:  # in an archive
        return _read(spec)
    key = status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, type(spec.loader)
    known = _files.get((spec.name, spec.origin))
    if known is None or known[0] != key:
        known = _files[spec.name, spec.origin] = key, _read(spec)
    return known[1]


_files: dict[tuple[str, str], tuple[Any, SourceFile]] = {}


def _read(spec: ModuleSpec) -> SourceFile:
    assert spec.origin is not None
    loader: Any = spec.loader
    try:
        data = bytes(loader.get_data(spec.origin))
    except Exception:
        data = Path(spec.origin).read_bytes() if os.path.isfile(spec.origin) else b""
    if not spec.origin.endswith((".py", ".pyw")):
        return SourceFile(digest(data))  # compiled
    try:
        tree = ast.parse(data)
        compiled = compile(tree, spec.origin, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return SourceFile(digest(data))
    package = spec.name if spec.submodule_search_locations is not None else spec.parent or ""
    code = frozenset(_code_digests(compiled)) if type(loader) in _PLAIN_LOADERS else None
    imports = {*_imports(ast.walk(tree), package)}
    if any(name.partition(".")[0] in ("importlib", "runpy") for name in imports):
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        imports |= {*named_in_texts(texts, package)}
    return SourceFile(
        digest(data),
        frozenset(imports),
        frozenset(_imports(tree.body, package)),
        frozenset(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)),
        spec.origin,
        code,
        dict(_literals(tree.body, "")),
    )


def _literals(body: Iterable[ast.stmt], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield names, and the values that are written after them."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _literals(node.body, f"{prefix}{node.name}.")
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and value is not None:
            with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                literal = ast.literal_eval(value)
                yield from (
                    (prefix + target.id, literal) for target in targets if isinstance(target, ast.Name)
                )


def named_in_texts(texts: Iterable[Any], package: str) -> Iterator[str]:
    """Yield the names that texts may stand for where code imports modules by their names.

    Those that begin with dots may be relative to the package, or to any package that is named.
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


def _imports(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """Yield the names that statements may import, of modules and of what is in them."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            yield from imported_names(node.module or "", names, node.level, package)


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
        That of the module in which it is written.
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


def code_digest(code: CodeType) -> bytes:
    """Return a digest of what code does, wherever it stands."""
    return digest(
        code.co_code,
        code.co_exceptiontable,
        repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags)),
        *map(_constant, code.co_consts),
    )


def _code_digests(code: CodeType) -> Iterator[bytes]:
    yield code_digest(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_digests(constant)


def _constant(value: Any) -> bytes:
    if isinstance(value, CodeType):
        return code_digest(value)
    if isinstance(value, tuple):
        return digest("tuple", *map(_constant, value))
    if isinstance(value, frozenset):
        return digest("frozenset", *sorted(map(_constant, value)))
    return digest(type(value).__name__, repr(value))
