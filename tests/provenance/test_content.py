"""Content tokens: equal for what draws the same, also in other processes; different for what may not."""

import copy
import enum
import functools
import json
import math
import random
import re
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
from helpers import FrameNumber
from matplotlib.colors import LogNorm
from matplotlib.transforms import IdentityTransform

from dask_animate import Animator, IndexedFrameParams
from dask_animate.drawing import DrawOptions
from dask_animate.provenance._matplotlib import TRANSFORM_PARENTS
from dask_animate.provenance.content import NoContentError, References, content_of
from dask_animate.rendering import FigureSpec

SCRIPT = """
import functools, sys
import matplotlib.pyplot as plt
import numpy as np
from dask_animate import Animator
from dask_animate.provenance.environment import Observer
from dask_animate.provenance.content import content_of

WORDS = {"alpha", "beta", "gamma", "delta"}

def helper(x, power=2):
    return np.sum([x ** power for _ in range(3)]), x in {"one", "two", "three"}

class Base(Animator):
    def setup(self):
        self.fig = plt.figure()
        return self.fig

class Mine(Base):
    speed = 3
    def __init__(self):
        self.words = set(WORDS)
        self.table = {"b": 1, "a": [1, 2, (3,)]}
        self.bound = functools.partial(helper, power=4)
        self.rng = np.random.default_rng(3)
        self.myself = self
    @property
    def twice(self):
        return 2 * self.speed
    @staticmethod
    def plain(x):
        return helper(x)
    def update(self, frame_idx, params):
        super().setup()
        def inner():
            return self.twice + len(WORDS)
        return inner()

content = content_of(Mine(), np.arange(4), None)
print(content.token.hex(), Observer(content.references).observe().token.hex())
"""


#: Runs scripts, which come as lines of JSON, each in a copy of an interpreter with the package loaded.
COPIES = """
import json, os, sys, traceback
import dask_animate.provenance.environment, dask_animate.provenance.content

def run(script):
    try:
        exec(compile(script, "<string>", "exec"), vars(sys.modules["__main__"]))
        sys.stdout.flush()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)

for line in sys.stdin:
    end, begin = os.pipe()
    copy = os.fork()
    if copy == 0:
        os.dup2(begin, 1)
        run(json.loads(line))
    os.close(begin)
    with open(end) as file:
        printed = file.read()
    status = os.waitpid(copy, 0)[1]
    print(json.dumps([status, printed]), flush=True)
"""


@pytest.fixture(scope="module")
def printed_by():
    """Return a function that runs a script in a process of its own and returns what it prints."""
    command = [sys.executable, "-c", f"exec({COPIES!r}, {{}})"]  # scripts have __main__ for themselves
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={"PYTHONHASHSEED": "0", "PATH": ""}, **pipes) as process:

        def run(script):
            process.stdin.write(json.dumps(script) + "\n")
            process.stdin.flush()
            status, printed = json.loads(process.stdout.readline())
            assert status == 0
            return printed

        yield run
        process.stdin.close()


def content_token(*values):
    return content_of(*values).token


def token_of_script(source, seed="0"):
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={"PYTHONHASHSEED": seed, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def token_as_it_is(printed_by):
    return printed_by(SCRIPT)


def test_other_processes_find_the_same(printed_by, token_as_it_is):
    assert token_of_script(SCRIPT, "12345") == token_as_it_is
    moved = SCRIPT.replace("class Base", "\n\n# a comment\nclass Base")
    assert printed_by(moved) == token_as_it_is


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("** power", "* power"),  # a helper's code
        ("power=2", "power=3"),  # a default
        ('"delta"', '"epsilon"'),  # a global that an inner function reads
        ("speed = 3", "speed = 4"),  # of the class
        ("return 2 *", "return 3 *"),  # a property
        ("default_rng(3)", "default_rng(4)"),  # the state of an attribute
        ("self.fig = plt", "fig = self.fig = plt"),  # a base class
        ('"three"}', '"four"}'),  # a constant
        ('"a": [1, 2, (3,)]', '"a": [1, 2, [3]]'),
        ("np.arange(4)", "np.arange(4.0)"),
    ],
)
def test_changes_are_seen(printed_by, token_as_it_is, old, new):
    assert old in SCRIPT
    assert printed_by(SCRIPT.replace(old, new)) != token_as_it_is


USES = {
    "attribute": "import ours\nf = lambda x: ours.f(x)",
    "name": "from ours import f as g\nf = lambda x: g(x)",
    "inside": "def f(x):\n    from ours import f\n    return f(x)",
    "module inside": "def f(x):\n    import ours\n    return ours.f(x)",
    "through another": "import theirs\nf = lambda x: theirs.f(x)",
    "namespace": "import space.ours\nf = lambda x: space.ours.f(x)",
    "cached": "import functools, ours\nf = functools.lru_cache(lambda x: ours.f(x))",
    "dispatched": "import functools, ours\nf = functools.singledispatch(lambda x: ours.f(x))",
    "wrapped": "import functools, ours\nf = functools.wraps(len)(lambda x: ours.f(x))",
}


@pytest.mark.parametrize("use", USES)
def test_modules_of_users_count_by_their_code(printed_by, tmp_path, use):
    (tmp_path / "space").mkdir()
    (tmp_path / "theirs.py").write_text("from ours import f\n")
    tokens = []
    for source in ("return x", "return -x", "return x"):
        for path in (tmp_path / "ours.py", tmp_path / "space" / "ours.py"):
            path.write_text(f"import logging\nLOG = logging.getLogger('x')\ndef f(x):\n    {source}\n")
        code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.dont_write_bytecode = True\n"
        code += f"{USES[use]}\n"
        code += "from dask_animate.provenance.content import content_of\n"
        code += "from dask_animate.provenance.environment import Observer\n"
        code += "content = content_of(f); here = Observer(content.references).observe()\n"
        tokens.append(printed_by(code + "print(content.token.hex(), here.token.hex())"))
    assert tokens[0] == tokens[2] != tokens[1]


def test_what_a_library_wraps_counts(printed_by, tmp_path):
    """A decorator of a library holds the user's function in its closure, and nowhere else."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    library = (
        "def twice(function):\n    def doubled(x):\n        return 2 * function(x)\n    return doubled\n"
    )
    (packages / "a_library.py").write_text(library)
    tokens = []
    for term in ("x + 1", "x + 2", "x + 1"):
        code = f"import sys; sys.path.insert(0, {str(packages)!r}); sys.dont_write_bytecode = True\n"
        code += f"from a_library import twice\nf = twice(lambda x: {term})\n"
        code += "from dask_animate.provenance.content import content_of\n"
        tokens.append(printed_by(code + "print(content_of(f).token.hex())"))
    assert tokens[0] == tokens[2] != tokens[1]


def test_values_of_modules_count_as_they_are_now(tmp_path, monkeypatch):
    import types

    module = types.ModuleType("settings_of_ours")
    module.__file__ = str(tmp_path / "settings_of_ours.py")
    module.SCALE = 1
    monkeypatch.setitem(sys.modules, module.__name__, module)
    before = content_token(module)
    module.SCALE = 2
    assert content_token(module) != before


class Metres(float):
    def __new__(cls, value, unit=None):
        made = super().__new__(cls, value)
        made.unit = unit
        return made


class Tagged(np.ndarray):
    pass


def tagged(tag):
    array = np.arange(3).view(Tagged)
    array.tag = tag
    return array


class Caches:
    @functools.cached_property
    def size(self):
        return 1


def tried(x):
    try:
        len(x)
    except TypeError:
        return 1
    else:
        int(x)


def tried_all(x):
    try:
        len(x)
        int(x)
    except TypeError:
        return 1


def test_what_is_easily_missed():
    mask = [True, False, False]
    values = [
        *(Metres(1, "m"), Metres(1, "ft"), np.ma.array([1, 2, 3]), np.ma.array([1, 2, 3], mask=mask)),
        *(tagged("a"), tagged("b"), np.arange(3), np.array(5), np.array([5]), tried, tried_all),
        *(LogNorm(1, 10), LogNorm(1, 20), plt.get_cmap("viridis"), plt.get_cmap("magma"), Caches()),
    ]
    tokens = [content_token(value) for value in values]
    assert len(set(tokens)) == len(tokens)
    assert tokens == [content_token(value) for value in values]
    assert content_token(copy.deepcopy(values[9:])) == content_token(values[9:])
    norm, cmap = LogNorm(1, 10), plt.get_cmap("viridis")
    norm.callbacks.connect("changed", print)
    cmap(0.5)
    assert [content_token(norm), content_token(cmap)] == [tokens[11], tokens[13]]


@pytest.mark.parametrize("make", [lambda p: zarr.zeros(store=p, shape=3), lambda p: da.zeros(3)])
def test_data_elsewhere_cannot_be_told(tmp_path, make):
    with pytest.raises(NoContentError, match="whose data is not here"):
        content_token({"data": make(tmp_path / "z")})


@dataclass
class Point:
    x: float
    y: float


def test_values():
    array = np.arange(12.0).reshape(3, 4)
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    labelled = xr.DataArray(array, dims=("x", "y"), attrs={"units": "K"})
    values = [
        *(0, 0.0, False, None, "", b"", (), [], {}, set(), 1, 1.0, True, math.pi, "1", -0.0),
        *(array, array.T, array.ravel(), array[0], array.astype("f4"), array[:, ::-1]),
        *(np.float32(1), np.float64(1), np.datetime64("2001-01-01"), frame, frame["a"]),
        *(labelled, labelled.assign_attrs(units="C"), labelled.isel(x=0), Point(1, 2), Point(2, 1)),
        *((1, 2), [1, 2], {1: 2}, {2: 1}, ((1,), 2), (1, (2,)), np.sin, np.cos, len, max),
        *(functools.partial(max, 1), functools.partial(max, 2), [1].append, [2].append, Point),
    ]
    tokens = [content_token(value) for value in values]
    assert len(set(tokens)) == len(tokens)
    assert tokens == [content_token(value) for value in values]
    assert content_token(array) == content_token(array.copy()) == content_token(np.asfortranarray(array))
    assert content_token({"a": 1, "b": 2}) != content_token({"b": 2, "a": 1})  # order may be drawn
    shared = [1, 2]
    assert content_token([shared, shared]) == content_token([[1, 2], [1, 2]])


def structured(*names):
    dtype = np.dtype([("name", object), ("at", "f8", 2)])
    return np.array([(name, (0, 1)) for name in names], dtype)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Kind(type):
    pass


def kinds():
    class Plain:
        pass

    class Special(metaclass=Kind):
        pass

    Special.__qualname__ = Plain.__qualname__
    return Plain, Special


def vectorized(sign):
    return np.vectorize(lambda x: sign * x)


def test_what_lies_behind_other_types():
    frame = pd.DataFrame({"a": [[1], [2]]})
    other = pd.DataFrame({"a": [[1], [3]]})
    named = frame.copy()
    named.attrs["unit"] = "m"
    labelled = xr.DataArray(np.array(["a", None], dtype=object), dims="x")
    texts = [xr.DataArray(np.zeros(2), dims="x", attrs={"names": ["a", name]}) for name in "bc"]
    values = [
        *(np.array([1, "a", None], object), np.array([1, "b", None], object)),
        *(structured("a", "b"), structured("a", "c"), np.zeros(2, "i4,i4"), np.zeros(2, "i4,f4")),
        *(vectorized(1), vectorized(-1), frame, other, named, labelled, labelled[:1], *texts, *kinds()),
        *(Colour.RED, Colour.BLUE, Decimal("1.0"), Decimal("1.00"), Path("a"), Path("b")),
        *(random.random, random.Random(3), random.Random(4), np.random.rand, np.random.default_rng(3)),
    ]
    tokens = [content_token(value) for value in values]
    assert len(set(tokens)) == len(tokens)
    assert tokens == [content_token(value) for value in values]
    values[6](np.arange(3))  # which keeps something for the next call
    assert content_token(values[6]) == tokens[6]


GRID = np.arange(3)


def test_functions_may_read_arrays():
    def with_array():
        return GRID

    assert content_token(with_array) == content_token(with_array)


def test_random_states_of_the_process_count_by_name(printed_by):
    script = "from random import random\nimport numpy as np\nnormal = np.random.normal\n"
    script += "f = lambda: random() + normal()\nfrom dask_animate.provenance.content import content_of\n"
    assert printed_by(script + "print(content_of(f).token.hex())") == printed_by(
        script + "random(); normal(); print(content_of(f).token.hex())"
    )


def test_what_is_too_deep_cannot_be_told():
    deep = []
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(NoContentError, match="too deep"):
        content_token(deep)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        *(
            ("globals()['x']", "what globals()"),
            ("eval('x')", "what eval()"),
            ("exec('x')", "what exec()"),
        ),
        ("sys.modules['__main__'].x", "what f takes from __main__"),
        ("importlib.import_module('__main__').x", "what f takes from __main__"),
    ],
)
def test_code_that_reaches_what_it_does_not_name(printed_by, call, words):
    script = f"import sys, importlib\nx = 1\ndef f():\n    return {call}\n"
    script += "from dask_animate.provenance.content import *\n"
    script += "try:\n    content_of(f)\nexcept NoContentError as exc:\n    print(exc)"
    assert words in printed_by(script)


@pytest.mark.parametrize("call", ["importlib.import_module('json.tool')", "im('.tool', 'json')"])
def test_names_of_modules_in_texts(printed_by, call):
    script = "import importlib\nfrom importlib import import_module as im\n"
    script += f"def f():\n    return {call}\nfrom dask_animate.provenance.content import *\n"
    script += "print(content_of(f).references.libraries)"
    assert "json" in printed_by(script)


def test_what_objects_remember_does_not_count(tmp_path):
    times = pd.date_range("2001-01-01", periods=3, tz="UTC")
    columns = {"a": [1, 2, 3], "b": ["x", None, "z"], "c": pd.Categorical(["u", "v", "u"]), "t": times}
    frame = pd.DataFrame(columns, index=times).assign(d=pd.array([1, None, 3], dtype="Int64"))
    labelled = xr.DataArray(np.arange(3.0), dims="x", coords={"x": times.tz_localize(None), "y": 2})

    @functools.singledispatch
    def dispatched(x):
        return x

    memory = np.memmap(tmp_path / "m", dtype="f8", shape=3, mode="w+")
    values = [frame, frame["b"], frame.set_index(["a", "b"]), labelled, labelled.to_dataset(name="v")]
    values += [dispatched, re.compile("a+"), re.compile("a+", re.IGNORECASE), memory, range(3)]
    tokens = [content_token(value) for value in values]
    assert len(set(tokens)) == len(tokens)
    (
        frame.loc[times[1]],
        frame["b"].str.len(),
        frame.index.is_unique,
        frame.groupby("c", observed=True).size(),
    )
    labelled.sel(x="2001-01-02"), dispatched(1), dispatched("a")
    frame["a"]
    assert tokens == [content_token(value) for value in values]
    assert content_token(copy.deepcopy(values[:5])) == content_token(values[:5])
    assert content_token(memory) == content_token(np.memmap(tmp_path / "m", dtype="f8", shape=3))
    assert content_token(weakref.ref(Caches)) != content_token(weakref.ref(Point))
    weak = [weakref.WeakKeyDictionary({Caches: 1}), weakref.WeakKeyDictionary({Caches: 2})]
    assert content_token(weak[0]) != content_token(weak[1])
    assert content_token(times) != content_token(times._with_freq(None))


def test_what_cannot_be_told_is_named():
    class Holder:
        def __init__(self, lock):
            self.lock = lock

    with pytest.raises(NoContentError, match=r"lock .* in Holder\.lock"):
        content_token([Holder(threading.Lock())])
    with pytest.raises(NoContentError, match="generator"):
        content_token(x for x in "ab")


def test_own_names_may_move_inside_their_folders(monkeypatch):
    """A store is found again though a class of this library has moved from one file to another."""

    class Mine(Animator):
        setup = None

        def update(self, frame_idx, params):
            return IndexedFrameParams(frame_idx, params)

    before = content_token(Mine())
    assert IndexedFrameParams.__module__ == "dask_animate.params.frame_order"
    monkeypatch.setattr(IndexedFrameParams, "__module__", "dask_animate.params")
    assert content_token(Mine()) == before


def test_options_and_settings_count_by_plain_values():
    """No name of this library's stands in the token of an animator that does not use any."""
    spec = FigureSpec(FrameNumber(), DrawOptions(), dict(plt.rcParams))
    references = content_of(*spec.content()).references
    assert references == References(modules=frozenset({"helpers"}), libraries=references.libraries)
    assert "dask_animate" not in references.libraries
    _, options, _ = spec.content()
    assert type(options) is dict
    assert options.keys() == {  # to rename one is to draw all frames of all stores again
        *("dpi", "facecolor", "edgecolor", "transparent", "tight", "pad_inches"),
        *("reuse_figure", "seed", "redraw", "freeze_layout"),
    }


def test_figures_count_by_their_content(tmp_path):
    """Transforms hold those that depend on them by addresses, which differ from process to process."""
    assert hasattr(IdentityTransform(), TRANSFORM_PARENTS)
    script = """
import sys
import matplotlib.pyplot as plt
from dask_animate.provenance import content_or_reason

padding = [object() for _ in range(int(sys.argv[1]))]
fig, ax = plt.subplots()
ax.plot([1, 2], [3, float(sys.argv[2])])
ax.legend(["a"])
fig.colorbar(ax.imshow([[1, 2]]))
content, reason = content_or_reason(fig)
assert reason is None
print(content.token.hex())
"""
    (tmp_path / "script.py").write_text(script)
    tokens = [
        subprocess.run(
            [sys.executable, "script.py", *arguments], cwd=tmp_path, check=True, capture_output=True
        ).stdout
        for arguments in (("0", "3"), ("9999", "3"), ("0", "4"))
    ]
    assert tokens[0] == tokens[1] != tokens[2]
