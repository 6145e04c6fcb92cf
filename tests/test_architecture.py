"""The house: who may import whom, and what only one module knows."""

import ast
import re
from pathlib import Path

import pytest

import dask_animate

PACKAGE = Path(dask_animate.__file__).parent
README = Path(__file__).parents[1] / "README.md"
MODULES = {path.stem: ast.parse(path.read_text()) for path in PACKAGE.glob("*.py")}


def floors():
    """The floor of each module, from the table in the README."""
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", README.read_text(), re.MULTILINE)
    return {name: int(floor) for floor, names in rows for name in re.findall(r"`(\w+)\.py`", names)}


def imported(tree):
    """Yield (module, names) of each import, wherever it stands; inner ones begin with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, []
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1
            prefix = "." if node.level else ""
            yield prefix + (node.module or ""), [alias.name for alias in node.names]


def inner_imports(tree):
    for module, names in imported(tree):
        if module == ".":
            yield from names
        elif module.startswith("."):
            yield module[1:].split(".")[0]
        else:
            assert module.split(".")[0] != "dask_animate", "import from the package with a dot"


def test_every_module_has_a_floor():
    assert set(floors()) == MODULES.keys() - {"__init__"}


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"__init__"}))
def test_imports_go_down(name):
    floor = floors()
    upward = [other for other in inner_imports(MODULES[name]) if floor[other] >= floor[name]]
    assert not upward, f"{name}.py (floor {floor[name]}) imports {upward}, not from a lower floor"


@pytest.mark.parametrize(
    ("package", "owners"),
    [
        ("av", {"container", "decode", "encoder", "image", "mux", "pixels", "segment"}),
        ("zarr", {"kept", "ownership", "places", "store"}),
        ("matplotlib.backends", {"canvas", "freeze", "mask", "tape"}),
        ("matplotlib.transforms", {"canvas", "freeze", "mask", "unseen", "watch"}),
        ("matplotlib._pylab_helpers", {"stage"}),
        ("matplotlib.pyplot", {"stage"}),
        ("tqdm", {"progress"}),
    ],
)
def test_only_the_owner_imports(package, owners):
    for name, tree in MODULES.items():
        for module, names in imported(tree):
            for full in (module, *(f"{module}.{other}" for other in names)):
                if full == package or full.startswith(package + "."):
                    assert name in owners, f"{name}.py imports {full}"


DRAW_INTERNALS = {
    *("canvas", "get_renderer", "buffer_rgba", "draw_artist", "copy_from_bbox", "restore_region"),
    *("draw_without_rendering", "get_tightbbox", "transFigure", "_boxout", "set_layout_engine"),
    *("stale", "get_children", "get_window_extent", "clipbox", "viewLim"),
}


def test_draw_internals_are_known_on_the_lower_floors_alone():
    for name, tree in MODULES.items():
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & DRAW_INTERNALS
        owners = {"arrange", "blit", "canvas", "parts", "scene", "stage", "unseen", "watch"}
        assert bool(used) == (name in owners), f"{name}.py uses {used}"


def test_names_that_are_public():
    tree = MODULES["__init__"]
    bound = {name for module, names in imported(tree) if module.startswith(".") for name in names}
    assert bound == set(dask_animate.__all__)
    kinds = [type(node).__name__ for node in tree.body if not isinstance(node, ast.ImportFrom)]
    assert kinds == ["Expr", "Assign"]  # the docstring and __all__
    assert dask_animate.__all__ == sorted(dask_animate.__all__)


def test_nothing_heavy_is_imported_with_the_package():
    import subprocess
    import sys

    code = "import sys, dask_animate; print({'av', 'distributed', 'zarr', 'IPython'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


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
