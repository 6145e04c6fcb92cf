"""What frames depend on in a process: loaded code, values in modules, what is registered."""

import importlib
import os
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from helpers import FrameNumber
from matplotlib import colors, projections, scale
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import BoxStyle

from dask_animate.errors import StoreError
from dask_animate.provenance import environment
from dask_animate.provenance.content import References, content_of
from dask_animate.provenance.environment import Observer

MODULE = """
import random
import threading
import time
from random import random as chance
import numpy as np

LOCK = threading.Lock()
SCALE = 3
TABLE = {"a": [1, 2]}
GRID = np.arange(4)
CACHE = {}
__palette__ = "red"

def times(n):
    def decorate(function):
        def wrapper(x):
            return n * function(x)
        return wrapper
    return decorate

@times(2)
def twice(x, power=2):
    return x ** power

def plus(x, offset=1):
    return x + offset

def draw(x):
    with LOCK:
        return SCALE * x

class Traced:
    def __init__(self, function):
        self.__wrapped__ = function
        self.times = 1
    def __call__(self, x):
        return self.__wrapped__(x) * self.times

@Traced
def traced(x):
    return x + 1

@np.vectorize
def each(x):
    return x + 2

class Meta(type):
    def area(cls):
        return 1

class Shape(metaclass=Meta):
    class Inner:
        depth = 1
    size = 1
    def corners(self):
        return 4
    @property
    def double(self):
        return globals()["SCALE"] * 2

SHAPE = Shape()
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of the user's, loaded from a file."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "ours_loaded.py").write_text(MODULE)
    yield importlib.import_module("ours_loaded")
    del sys.modules["ours_loaded"]
    for name in ("_changed_by_drawing", "_last_seen", "_digests", "_loaded_by_drawing"):
        getattr(environment, name).clear()


def edit(module, old, new, *, load):
    path = Path(module.__file__)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))
    importlib.invalidate_caches()
    if load:
        importlib.reload(module)


def token():
    return Observer(References(frozenset({"ours_loaded"}))).observe().token


@pytest.mark.parametrize("load", [True, False])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SCALE * x", "SCALE + x"),
        ("SCALE = 3", "SCALE = 4"),
        ("return x + 1", "return x - 1"),
        ("return x + 2", "return x - 2"),
        ("return 1", "return 2"),
        ("self.times = 1", "self.times = 2"),
        ('"red"', '"blue"'),
        ('["SCALE"] * 2', '["SCALE"] * 3'),
    ],
)
def test_all_of_a_file_counts(module, old, new, load):
    before = token()
    assert token() == before
    edit(module, old, new, load=load)
    after = token()
    assert after != before
    edit(module, new, old, load=load)
    assert token() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("SCALE * x", "SCALE + x"), ("offset=1", "offset=2"), ("power=2", "power=3")),
        *(("times(2)", "times(3)"), ("SCALE = 3", "SCALE = 4"), ("depth = 1", "depth = 2")),
    ],
)
def test_code_that_is_older_than_its_file_is_other_code(module, old, new):
    edit(module, old, new, load=False)
    older = token()
    importlib.reload(module)
    assert token() != older


def set_scale(module):
    module.SCALE = 4


def set_item(module):
    module.TABLE["b"] = 1


def set_element(module):
    module.GRID[0] = 7


def set_new(module):
    module.EXTRA = 1


def set_dunder(module):
    module.__palette__ = "green"


def set_class_attribute(module):
    module.Shape.size = 2


def set_attribute(module):
    module.SHAPE.size = 3


def replace_function(module):
    module.draw = lambda x: -x


def replace_method(module):
    module.Shape.corners = lambda self: 5


def replace_by_another(module):
    module.Shape.corners = module.draw


def replace_by_a_librarys(module):
    module.draw = np.sin


def set_default(module):
    module.plus.__defaults__ = (2,)


def set_inner(module):
    module.Shape.Inner.depth = 2


def set_on_function(module):
    module.plus.unit = "m"


def set_wrapper(module):
    module.traced.times = 5


@pytest.mark.parametrize(
    "change",
    [
        *(set_scale, set_item, set_element, set_new, set_dunder, set_class_attribute, set_attribute),
        *(replace_function, replace_method, replace_by_another, replace_by_a_librarys, set_wrapper),
        *(set_default, set_inner, set_on_function),
    ],
)
def test_what_modules_hold_counts_as_it_is_now(module, change):
    before = token()
    change(module)
    assert token() != before


def test_what_drawing_changes_counts_as_it_was(module):
    observer = Observer(References(frozenset({"ours_loaded"})))
    before = observer.observe().token
    module.CACHE["x"] = 1
    module.GRID[1] = 9
    observer.note_changes()
    assert token() == before
    module.CACHE["x"] = 2
    assert token() == before
    module.TABLE["a"] = 1
    assert token() != before


def test_what_is_registered_may_change_in_a_process_that_has_drawn():
    observer = Observer(References())
    tokens = []
    try:
        for color in ("red", "blue", "red"):
            if "own" in matplotlib.colormaps:
                matplotlib.colormaps.unregister("own")
            matplotlib.colormaps.register(colors.ListedColormap([color, "green"]), name="own")
            tokens.append(observer.observe().token)
            observer.note_changes()
    finally:
        matplotlib.colormaps.unregister("own")
    assert tokens[0] == tokens[2] != tokens[1]


def test_functions_replaced_in_libraries_count_wherever_they_come_from(monkeypatch):
    namespace = {"__name__": "__main__"}
    exec("def draw(self, renderer):\n    pass\nclass Style:\n    pass", namespace)
    monkeypatch.setattr(Line2D, "draw", namespace["draw"])
    monkeypatch.setattr(np, "sin", namespace["draw"])
    monkeypatch.setitem(BoxStyle._style_list, "own", namespace["Style"])
    assert Observer(References()).observe().values.keys() == {
        *("matplotlib.lines.Line2D.draw", "numpy.sin", "matplotlib.patches.BoxStyle._style_list['own']"),
    }


def test_modules_that_others_hold_count(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "ours_by_path.txt.py").write_text("K = 1\ndef f():\n    return 1\n")
    (tmp_path / "ours_holder.py").write_text(
        "import importlib.util, pathlib\n"
        "path = pathlib.Path(__file__).with_name('ours_by_path.txt.py')\n"
        "spec = importlib.util.spec_from_file_location('by_path', path)\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "f = module.f\ndel module, spec\n"
    )
    importlib.import_module("ours_holder")
    try:
        code = Observer(References(frozenset({"ours_holder"}))).observe().code
    finally:
        del sys.modules["ours_holder"]
    assert code.keys() == {"ours_holder", "by_path"}


def test_modules_that_drawing_loads_and_nothing_names(tmp_path, module, monkeypatch):
    (tmp_path / "ours_hidden.py").write_text("K = 1\n")
    observer = Observer(References(frozenset({"ours_loaded"})))
    before = observer.observe()
    assert observer.note_changes() is None
    importlib.import_module("ours_" + "hidden")
    try:
        assert observer.note_changes() == "ours_hidden"
        assert observer.observe().code.keys() - before.code.keys() == {"ours_hidden"}
    finally:
        del sys.modules["ours_hidden"]


def test_data_elsewhere_is_said(module, tmp_path):
    import zarr

    module.DATA = zarr.zeros(store=tmp_path / "z", shape=3)
    assert "whose data is not here" in Observer(References(frozenset({"ours_loaded"}))).observe().unknown


class OwnAxes(Axes):
    name = "own"


class OwnScale(scale.LinearScale):
    name = "own"


def test_what_is_registered_with_matplotlib_counts(monkeypatch):
    def observed():
        return Observer(References()).observe().values

    before = observed()
    assert not before
    matplotlib.colormaps.register(colors.ListedColormap(["red", "blue"]), name="own")
    monkeypatch.setitem(projections.projection_registry._all_projection_types, "own", OwnAxes)
    monkeypatch.setitem(scale._scale_mapping, "own", OwnScale)
    monkeypatch.setitem(colors.get_named_colors_mapping(), "own", "#123456")
    monkeypatch.setattr(Line2D, "draw", lambda self, renderer: None)
    try:
        assert observed().keys() == {
            *(
                "matplotlib.colormaps['own']",
                "matplotlib.projections['own']",
                "matplotlib.scale._scale_mapping['own']",
            ),
            *("matplotlib.colors['own']", "matplotlib.lines.Line2D.draw"),
        }
    finally:
        matplotlib.colormaps.unregister("own")


def test_libraries_count_whether_they_are_loaded_or_not():
    versions = (
        Observer(References(libraries=frozenset({"PIL", "yaml", "numpy", "nothing"}))).observe().versions
    )
    assert versions["numpy"] == np.__version__
    assert versions["nothing"] == "missing"
    assert len(versions["yaml"]) > 1
    assert versions["PIL"] != "missing"


def test_other_code_is_an_error(module):
    references = References(frozenset({"ours_loaded"}))
    expected = Observer(references).observe()
    assert Observer(references, expected).observe().differing == ()
    module.GRID[0] = 8
    assert Observer(references, expected).observe().differing == ("ours_loaded.GRID",)
    module.SCALE = 8  # where the file still says 3
    with pytest.raises(StoreError, match=r"older version of ours_loaded\.SCALE .* restart the workers"):
        Observer(references, expected).observe()
    module.SCALE = 3
    edit(module, "SCALE * x", "SCALE + x", load=False)
    older = Observer(references).observe()
    assert older.outdated == ("ours_loaded",)
    with pytest.raises(StoreError, match=r"older version of ours_loaded than .* restart the workers"):
        Observer(references, expected).observe()
    importlib.reload(module)
    with pytest.raises(StoreError, match=r"another version of ours_loaded .*: reload it there"):
        Observer(references, older).observe()


def test_animators_are_read_without_their_modules():
    content = content_of(FrameNumber())
    assert content.references.modules == {"helpers"}
    code = Observer(content.references).observe().code
    assert "helpers" in code
    assert not [name for name in code if name.startswith(("numpy", "matplotlib", "dask"))]
