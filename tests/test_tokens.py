"""Content tokens: equal for what draws the same, also in other processes; different for what may not."""

import functools
import math
import subprocess
import sys
import threading
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dask_animate.tokens import Unknowable, content_token

SCRIPT = """
import functools, sys
import matplotlib.pyplot as plt
import numpy as np
from dask_animate import Animator
from dask_animate.tokens import content_token

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

print(content_token(Mine(), np.arange(4), None).hex())
"""


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
def token_as_it_is():
    return token_of_script(SCRIPT)


def test_other_processes_find_the_same(token_as_it_is):
    assert token_of_script(SCRIPT, "12345") == token_as_it_is
    moved = SCRIPT.replace("class Base", "\n\n# a comment\nclass Base")
    assert token_of_script(moved) == token_as_it_is


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
def test_changes_are_seen(token_as_it_is, old, new):
    assert old in SCRIPT
    assert token_of_script(SCRIPT.replace(old, new)) != token_as_it_is


def test_modules_of_users_count_by_their_source(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    tokens = set()
    for source in ("def f(x):\n    return x\n", "def f(x):\n    return -x\n"):
        (tmp_path / "ours.py").write_text(source)
        code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.dont_write_bytecode = True\n"
        code += "import ours\nfrom dask_animate.tokens import content_token\n"
        tokens.add(token_of_script(code + "print(content_token(lambda x: ours.f(x)).hex())"))
    assert len(tokens) == 2


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
    assert content_token({"a": 1, "b": 2}) == content_token({"b": 2, "a": 1})
    shared = [1, 2]
    assert content_token([shared, shared]) == content_token([[1, 2], [1, 2]])


def test_what_cannot_be_told_is_named():
    class Holder:
        def __init__(self, lock):
            self.lock = lock

    with pytest.raises(Unknowable, match=r"lock .* in Holder\.lock"):
        content_token([Holder(threading.Lock())])
    with pytest.raises(Unknowable, match="generator"):
        content_token(x for x in "ab")
