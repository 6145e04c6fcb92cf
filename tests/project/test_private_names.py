"""Private names belong to their module, and those of matplotlib are used in three modules alone."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGE = Path(find_spec("dask_animate").origin).parent
COMPAT = "blitting/_matplotlib.py"
#: The modules that name what is private to matplotlib: of artists and figures, of animations, of states.
COMPATS = {COMPAT, "adapters/_matplotlib.py", "provenance/_matplotlib.py"}
MODULES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text())
    for path in sorted(PACKAGE.rglob("*.py"))
}

#: Private names of others than matplotlib, and what is no name of a module's at all.
OTHERS = {
    "_abc_impl": "abc",
    "_adaptive": "distributed",
    "_adjust_location": "cartopy",
    "_current_frames": "sys",
    "_event_handlers": "distributed",
    "_exit": "os",
    "_getframe": "sys",
    "_in_memory": "xarray",
    "_inheriting": "multiprocessing",
    "_inst": "random",
    "_instances": "distributed",
    "_nvenc": "the end of names of encoders",
    "_rand": "numpy",
    "_register_atexit": "threading",
    "_replace": "typing.NamedTuple",
    "_run": "distributed",
    "_seconds": "the end of names of phases",
    "_store": "zarr",
}


def is_private(name):
    return bool(re.fullmatch(r"_[A-Za-z]\w*", name)) and not name.startswith("_repr_")


def imported(tree):
    """Yield the full name of everything that is imported from matplotlib."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.partition(".")[0] in ("matplotlib", "mpl_toolkits"))


def defined(tree):
    """Return the names that a module defines: functions, classes, variables, attributes of self."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                names.add(node.attr)
    return names


def foreign(tree):
    """Yield line and name of attributes that a module does not define, also those in strings."""
    known = defined(tree) | OTHERS.keys()
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
        if isinstance(node, ast.Attribute | ast.Constant) and isinstance(name, str):
            if is_private(name) and name not in known:
                yield node.lineno, name


@pytest.mark.parametrize("module", sorted(MODULES.keys() - COMPATS))
def test_private_names_are_not_used_elsewhere(module):
    tree = MODULES[module]
    private = [name for name in imported(tree) if any(map(is_private, name.split(".")))]
    assert not private, f"{module} imports {private}, which only {' and '.join(COMPATS)} may do"
    found = [f"{name} in line {line}" for line, name in foreign(tree)]
    assert not found, f"{module} uses {', '.join(found)}: if it is matplotlib's, move it to {COMPAT}"


def test_private_names_are_found():
    tree = MODULES[COMPAT]
    names = {name for _, name in foreign(tree)}
    assert {"_axis_map", "_renderer", "_stale", "_prop_cycle", "_AxesBase"} <= names
    assert "matplotlib._pylab_helpers" in set(imported(tree))
