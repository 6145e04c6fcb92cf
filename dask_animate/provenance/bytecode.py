"""What compiled code does and which names it uses, read from code objects without running them."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType
from typing import Any

from .digests import digest
from .modules import imported_names


def code_digest(code: CodeType) -> bytes:
    """Return a digest of what code does; file name and line numbers do not count."""
    return digest(
        code.co_code,
        code.co_exceptiontable,
        repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags)),
        *map(_constant_digest, code.co_consts),
    )


def code_digests(code: CodeType) -> Iterator[bytes]:
    """Yield the digest of a code object, and those of all code objects in it."""
    yield code_digest(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from code_digests(constant)


def _constant_digest(value: object) -> bytes:
    if isinstance(value, CodeType):
        return code_digest(value)
    if isinstance(value, tuple):
        return digest("tuple", *map(_constant_digest, value))
    if isinstance(value, frozenset):
        return digest("frozenset", *sorted(map(_constant_digest, value)))
    return digest(type(value).__name__, repr(value))


class CodeNames:
    """The names that a code object uses, including those in inner functions.

    Parameters
    ----------
    code : code object
        Compiled code.
    package : str
        Package of the module in which it is written, for relative imports.

    Attributes
    ----------
    globals : set of str
        Names of global variables that it reads.
    attributes : set of str
        Names of attributes that it reads.
    imported : set of str
        Absolute names that its ``import`` statements may mean, of modules or of what is in them.
    texts : set of str
        String constants.
    """

    def __init__(self, code: CodeType, package: str) -> None:
        self.globals: set[str] = set()
        self.attributes: set[str] = set()
        self.imported: set[str] = set()
        self.texts: set[str] = set()
        self._read(code, package)

    def _read(self, code: CodeType, package: str) -> None:
        constants: list[Any] = [0, None]  # an import takes the last two from the stack: level and names
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                self.globals.add(str(instruction.argval))
            elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                self.attributes.add(str(instruction.argval))
            elif instruction.opname == "IMPORT_NAME":
                level, names = constants[-2:]
                name = str(instruction.argval)
                self.imported |= {name} if not level else set()
                self.imported |= set(imported_names(name, names, int(level), package))
            elif instruction.opname in ("LOAD_CONST", "LOAD_SMALL_INT"):
                constants.append(instruction.argval)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._read(constant, package)
            elif isinstance(constant, str):
                self.texts.add(constant)
