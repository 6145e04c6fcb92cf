"""The house: who may import whom, by the contracts in pyproject.toml, and what only one module knows."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import dask_animate

PACKAGE = Path(dask_animate.__file__).parent
ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text())
    for path in PACKAGE.rglob("*.py")
}
FOLDERS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def test_contracts():
    """In a process of its own, as import-linter disables the loggers that there are."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_doors(folder):
    """A door says in some sentences what lies behind it, and everything that it offers is there."""
    door = import_module(f"dask_animate.{folder}")
    assert len(door.__doc__.split()) > 15
    assert door.__all__
    for name in door.__all__:
        assert getattr(door, name) is not None


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_no_other_folder_uses_is_not_offered(folder):
    used = set()
    for name, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level and node.module == folder:
                is_outside = name.count(".") + 1 == node.level
                used |= {alias.name for alias in node.names} if is_outside else set()
    public = {"AnimateAccessor", "DataArrayAnimator", "dask_setup"}
    assert set(import_module(f"dask_animate.{folder}").__all__) - public == used - public


def imported(tree):
    """Yield the full name of everything that is imported from elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_names_that_are_public():
    tree = MODULES["__init__"]
    bound = [node.names for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert {alias.name for names in bound for alias in names} == set(dask_animate.__all__)
    kinds = [type(node).__name__ for node in tree.body if not isinstance(node, ast.ImportFrom)]
    # the docstring, names for type checkers, __all__, __version__, and what makes these two known
    assert kinds == ["Expr", "If", "Assign", "AnnAssign", *["FunctionDef"] * 3]
    assert dask_animate.__all__ == sorted(dask_animate.__all__)


def test_nothing_heavy_is_imported_with_the_package():
    """Nor with all of its doors."""
    doors = "".join(f", dask_animate.{folder}" for folder in FOLDERS if folder != "xarray")
    doors += ", dask_animate.matplotlib"
    heavy = {"av", "distributed", "zarr", "IPython"}
    code = f"import sys, dask_animate{doors}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_matplotlib_is_not_imported_with_the_package():
    code = "import sys, dask_animate, dask_animate.sources; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def body_lines(function):
    """Lines of a function's body, its docstring and its inner functions' left out."""
    first = function.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    body = function.body[has_docstring:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_functions_are_short():
    for name, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                limit = 55 if node.name == "make_video" else 42  # it hands on 22 arguments
                assert body_lines(node) <= limit, f"{name}.{node.name} has {body_lines(node)} lines"
