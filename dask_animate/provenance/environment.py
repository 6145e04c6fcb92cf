"""What frames depend on in a process, besides the animator and the parameters.

That is the code that runs there: the user's modules by the bytes of their files, what was changed in
them since they were loaded, what was registered with matplotlib, and the versions of libraries.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.machinery import ModuleSpec
from itertools import chain
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..errors import StoreError
from .content import NoContentError, References, module_value_digest
from .digests import digest
from .library_changes import monkey_patches, registrations
from .loaded_modules import literal_digests, module_digest, module_values, specs_held_by
from .modules import is_library, spec_of
from .source_files import ImportGraph, import_graph
from .versions import versions_of

#: Libraries whose versions always count, and those that count if figures are drawn. Others count if an
#: animator or a frame source uses them.
BASE = frozenset(("dask_animate", "numpy", "pillow"))
DRAWING = frozenset(("matplotlib", "mpl_toolkits", "contourpy"))

#: Bytes up to which the elements of an array are compared to see whether drawing changes them.
_MAX_COMPARED_BYTES = 2**20
# Ends of names of values that a function got when it was defined.
_COMPUTED_ONCE = (".__defaults__", ".__kwdefaults__")


@dataclass(frozen=True)
class Environment:
    """What frames depend on in a process; travels, to be compared with that of another process.

    Not to be confused with the process's environment variables, which do not count.

    Attributes
    ----------
    references : References
        What the animator references, from which the rest follows.
    inspected : frozenset of str
        Modules whose values count.
    code : mapping of str to bytes
        Digests of the user's modules: of their files, and of loaded code that is not in them.
    values : mapping of str to bytes
        Digests of the values in these modules, and of changes to libraries, by name.
    versions : mapping of str to str
        Versions of libraries.
    unknown : str or None
        Something in it that cannot be compared, in words.
    outdated : tuple of str
        Modules whose files were changed after they were loaded.
    differing : tuple of str
        Names of what differs from the process that asked for the frames.
    """

    references: References
    inspected: frozenset[str]
    code: Mapping[str, bytes]
    values: Mapping[str, bytes]
    versions: Mapping[str, str]
    unknown: str | None = None
    outdated: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @cached_property
    def token(self) -> bytes:
        """A digest of code, values and versions."""
        parts = [self.code, self.values, self.versions]
        return digest(*(repr(sorted(part.items())) for part in parts))

    def origin(self) -> dict[str, Any]:
        """Return what a store notes about its last render, as plain JSON."""
        parts = {"code": self.code, "values": self.values}
        return {name: {key: value.hex() for key, value in part.items()} for name, part in parts.items()}

    def changed_since(self, former: Mapping[str, Any]) -> list[str]:
        """Return names of values that differ from a former render's `origin` though no file does."""
        now = self.origin()
        if now["code"] != former.get("code"):
            return []
        before, values = former.get("values", {}), now["values"]
        return sorted(
            name for name in before.keys() | values.keys() if before.get(name) != values.get(name)
        )

    def names_that_differ(self, expected: Environment) -> set[str]:
        """Return the names of all that differs from another process."""
        mine, theirs = ({**one.values, **one.code, **one.versions} for one in (self, expected))
        return {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}


class Observer:
    """Observes this process, before a figure is built and after frames were drawn.

    What drawing itself changes, such as a module's cache, counts as it was before. Not thread-safe.

    Parameters
    ----------
    references : References
        What the animator references.
    expected : Environment, optional
        Environment of another process to compare with; then the same modules are inspected.
    """

    def __init__(self, references: References, expected: Environment | None = None) -> None:
        self._references = references
        self._expected = expected
        self._graph = ImportGraph()
        self._inspected: dict[str, ModuleType] = {}
        self._loaded: set[str] = set()
        self._is_new = True

    def observe(self) -> Environment:
        """Return the environment that this process is now.

        Raises
        ------
        StoreError
            If this process has loaded other code than was expected.
        """
        self._find_modules()
        self._is_new = True
        graph = self._graph
        libraries = self._libraries()
        values: dict[str, bytes] = {}
        unknown = None
        if graph.unreadable:
            unknown = f"the module {min(graph.unreadable)}, which has no file of its own"
        for name, value in chain(self._values(), monkey_patches(libraries)):
            if name not in _changed_by_drawing:
                _last_seen[name] = _Snapshot(name, value)
                try:
                    _digests[name] = module_value_digest(value)
                except NoContentError as exc:
                    _digests[name] = b""
                    unknown = f"{exc} in {name}"
            if name in _digests:
                values[name] = _digests[name]
        code = {name: module_digest(sys.modules.get(name), file) for name, file in graph.files.items()}
        outdated = (name for name, file in graph.files.items() if code[name] != file.bytes_digest)
        found = Environment(
            self._references,
            frozenset(self._inspected),
            code,
            values,
            versions_of(libraries),
            unknown,
            tuple(sorted(outdated)),
        )
        return found if self._expected is None else self._compared(found, self._expected)

    def note_changes(self) -> str | None:
        """Take note of what drawing has changed, that is, of all changes since `observe`.

        Returns
        -------
        str or None
            One of the user's modules that was loaded meanwhile and that no code references, so that
            frames may depend on something unknown.
        """
        # Only setup() replaces functions, if anything does, and looking for them takes a while.
        changed = monkey_patches(self._libraries()) if self._is_new else ()
        self._is_new = False
        for name, value in chain(self._values(), changed):
            if name not in _changed_by_drawing and _last_seen.get(name) != _Snapshot(name, value):
                _changed_by_drawing.add(name)
        new = sys.modules.keys() - self._loaded - self._graph.files.keys()
        unreferenced = {name for name in new if _is_file_of_user(name)}
        self._loaded |= new
        _loaded_by_drawing.update(unreferenced)
        return min(unreferenced, default=None)

    def _find_modules(self) -> None:
        """Find the modules that the animator reaches, and those that others only hold."""
        self._loaded = set(sys.modules)
        specs: dict[str, ModuleSpec] = {}
        while True:
            deferred = {*self._references.deferred, *_loaded_by_drawing, *specs}
            self._graph = import_graph(self._references.modules, deferred, specs)
            eager = {name: sys.modules.get(name) for name in self._graph.eager}
            inspected = {
                name: module
                for name, module in eager.items()
                if module is not None and self._graph.files[name].code is not None
            }
            if self._expected is not None:
                expected = self._expected.inspected
                inspected = {name: inspected[name] for name in inspected if name in expected}
            self._inspected = inspected
            more = {**specs, **specs_held_by(inspected.values(), self._graph)}
            if more.keys() == specs.keys():
                return
            specs = more

    def _libraries(self) -> frozenset[str]:
        drawing = DRAWING if self._references.draw_figures else frozenset()
        return BASE | drawing | self._graph.libraries | self._references.libraries

    def _values(self) -> Iterator[tuple[str, Any]]:
        """Yield by name what may differ from what files say: values in modules, and registrations."""
        for name in sorted(self._inspected):
            yield from module_values(self._inspected[name], self._graph.files[name])
        if "matplotlib" in self._libraries():
            yield from registrations()

    def _compared(self, found: Environment, expected: Environment) -> Environment:
        """Return what was found, with the names that differ from the process that asked for frames."""
        names = found.names_that_differ(expected)
        stale = {name for name in names & expected.code.keys() if name in found.code}
        written = self._written()
        for name in names & expected.values.keys() & found.values.keys() - _changed_by_drawing:
            # Then a file says so as well, or the value was computed when a function was defined.
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
        """Return digests of the values that the inspected modules' files assign as literals."""
        written: dict[str, bytes] = {}
        for name in self._inspected:
            written |= literal_digests(name, self._graph.files[name])
        return written


class _Snapshot:
    """A value as it was, to see whether it has changed since.

    It counts by identity, as do the members of a container. What is registered with matplotlib is
    returned as a copy and counts by its content.
    """

    def __init__(self, name: str, value: Any) -> None:
        self._value = value
        self._state: Any = None
        if name.startswith("matplotlib."):
            self._value = None
            with suppress(NoContentError):
                self._state = module_value_digest(value)
            return
        attributes: Any = value if isinstance(value, dict) else getattr(value, "__dict__", None)
        if isinstance(value, np.ndarray):
            if value.nbytes <= _MAX_COMPARED_BYTES and not value.dtype.hasobject:
                self._state = zlib.crc32(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, list | tuple | set):
            self._state = [*map(id, value)]
        elif isinstance(attributes, Mapping) and not isinstance(value, ModuleType | type | FunctionType):
            self._state = [(key, id(item)) for key, item in attributes.items()]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Snapshot):
            return NotImplemented
        return self._value is other._value and self._state == other._state

    __hash__ = None  # type: ignore[assignment]


# State of this process, as modules and registries are. By the names of values: those that drawing
# changes, what was seen last, and the digests that count, which are kept once drawing changes a value.
_changed_by_drawing: set[str] = set()
_last_seen: dict[str, _Snapshot] = {}
_digests: dict[str, bytes] = {}
# Modules that drawing loaded and that no import statement names.
_loaded_by_drawing: set[str] = set()


def _is_file_of_user(name: str) -> bool:
    if name in ("__main__", "__mp_main__"):
        return False
    spec = spec_of(name)
    return spec is not None and spec.has_location and not is_library(spec)
