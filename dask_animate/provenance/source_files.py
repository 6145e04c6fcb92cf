"""The user's own source files, and which of them a module reaches by its ``import`` statements.

A file counts as a whole, by its bytes. So only its ``import`` statements have to be understood, wherever
in the file they stand. Nothing is imported.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any
from zipimport import zipimporter

from .bytecode import code_digests
from .digests import digest
from .modules import imported_names, is_library, names_in_texts, spec_of, submodules_among

#: Loaders that compile a file as it is. Others, such as pytest's, change the code.
_PLAIN_LOADERS = (SourceFileLoader, zipimporter)


@dataclass(frozen=True)
class SourceFile:
    """One of the user's files, which is a module.

    Attributes
    ----------
    bytes_digest : bytes
        Digest of its bytes.
    imports : frozenset of str
        Absolute names that it may import, of modules or of what is in them.
    eager_imports : frozenset of str
        Those that are imported whenever the module is loaded.
    attributes : frozenset of str
        Names of attributes that it reads, which may be submodules of a package.
    path : str
        Where it lies; code objects that are loaded from it have this file name.
    code : frozenset of bytes or None
        Digests of all code objects that it compiles to; None if that is unknown.
    literals : mapping of str to object
        Values written in it as literals, by the names that are assigned, such as ``"Class.name"``.
    """

    bytes_digest: bytes
    imports: frozenset[str] = frozenset()
    eager_imports: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    path: str = ""
    code: frozenset[bytes] | None = None
    literals: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ImportGraph:
    """What some modules reach by their ``import`` statements, at any depth.

    Attributes
    ----------
    files : dict of str to SourceFile
        The user's files, by module name.
    eager : set of str
        Names of those that are loaded whenever the modules are from which the search began.
    libraries : set of str
        Names of installed packages.
    unreadable : set of str
        Names of the user's modules that have no file.
    """

    files: dict[str, SourceFile] = field(default_factory=dict)
    eager: set[str] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


def import_graph(
    modules: Iterable[str],
    deferred: Iterable[str] = (),
    specs: Mapping[str, ModuleSpec] | None = None,
) -> ImportGraph:
    """Follow ``import`` statements, starting at some modules.

    Parameters
    ----------
    modules, deferred : iterable of str
        Names of modules that are loaded, and of modules that may be loaded later.
    specs : mapping of str to ModuleSpec, optional
        Specs of modules that cannot be found by their names.
    """
    graph = ImportGraph()
    stack = [(name, True) for module in modules for name in _with_parents(module)]
    stack += [(name, False) for module in deferred for name in _with_parents(module)]
    seen: dict[str, bool] = {}
    found: dict[str, ModuleSpec | None] = {}  # which stays true while this reads files
    while stack:
        name, is_eager = stack.pop()
        if seen.get(name, False) >= is_eager and name in seen:
            continue
        seen[name] = is_eager
        spec = (specs or {}).get(name) or spec_of(name, found)
        if spec is None:
            if name == "__main__":
                graph.unreadable.add(name)
            continue  # not a module but a name in one, or an optional module that is not installed
        if is_library(spec):
            graph.libraries.add(name.partition(".")[0])
            continue
        file = source_file(spec)
        if file is None:
            if spec.submodule_search_locations is None:  # a namespace package needs no file
                graph.unreadable.add(name)
            continue
        graph.files[name] = file
        if is_eager:
            graph.eager.add(name)
        for imported in file.imports:
            eager = is_eager and imported in file.eager_imports
            stack += [(parent, eager) for parent in _with_parents(imported)]
            stack += [(taken, False) for taken in submodules_among(imported, file.attributes, found)]
    return graph


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:stop]) for stop in range(1, len(parts) + 1)]


def source_file(spec: ModuleSpec) -> SourceFile | None:
    """Read a module's file, once for each version of it; None if it has none."""
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
        return SourceFile(digest(data))  # a compiled module
    try:
        tree = ast.parse(data)
        compiled = compile(tree, spec.origin, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return SourceFile(digest(data))
    package = spec.name if spec.submodule_search_locations is not None else spec.parent or ""
    code = frozenset(code_digests(compiled)) if type(loader) in _PLAIN_LOADERS else None
    imports = {*_imports(ast.walk(tree), package)}
    if any(name.partition(".")[0] in ("importlib", "runpy") for name in imports):
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        imports |= {*names_in_texts(texts, package)}
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
    """Yield names to which literals are assigned, and their values."""
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


def _imports(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """Yield the absolute names that statements may import, of modules and of what is in them."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            yield from imported_names(node.module or "", names, node.level, package)
