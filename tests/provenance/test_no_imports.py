"""Computing a token imports no module: what is loaded is used, and the rest is found without loading."""

import subprocess
import sys

FILES = {
    "main.py": """
import functools, re, sys, weakref
from decimal import Decimal

import matplotlib.patches, numpy, pandas, xarray

import ours_eager
from dask_animate import Animator
from dask_animate.blitting import builtin_styles  # loads what drawing loads of matplotlib
from dask_animate.provenance.content import content_of
from dask_animate.provenance.environment import Observer
from dask_animate.provenance.versions import versions_of

class Mine(Animator):
    def __init__(self):
        times = pandas.date_range("2001-01-01", periods=3, tz="UTC")
        table = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "c": times})
        array = numpy.arange(12.0).reshape(3, 4)
        self.data = [
            table, table["a"], table.set_index(["a", "b"]), pandas.Categorical(["u", "v"]),
            pandas.array([1, None, 3], dtype="Int64"), xarray.DataArray(array, dims=("x", "y")),
            array, numpy.ma.masked_less(array, 3), numpy.zeros(2, "i4,f4"), numpy.datetime64("2001"),
            numpy.array(["a", None], object), numpy.random.default_rng(3), numpy.random.rand, numpy.sin,
            Decimal(1), re.compile("a+"), weakref.WeakKeyDictionary(), functools.partial(max, 1),
            matplotlib.colormaps["viridis"], matplotlib.colors.LogNorm(1, 10), matplotlib.rcParams,
            matplotlib.patches.Rectangle((0, 0), 1, 1), matplotlib.cbook.CallbackRegistry(),
        ]

    def setup(self):
        import matplotlib.pyplot as plt
        return plt.figure()

    def update(self, frame_idx, params):
        import importlib, sqlite3, ours_deferred
        from ours_package import part
        importlib.import_module("ours_in_text")
        return ours_eager.f(params)

animator = Mine()
versions_of(frozenset({"numpy"}))  # as importlib.metadata loads some of itself when first asked
before = set(sys.modules)
content = content_of(animator)
observer = Observer(content.references)
found = observer.observe()
observer.note_changes()
print(sorted(set(sys.modules) - before))
print(sorted(found.code))
print("matplotlib.pyplot" in sys.modules)
""",
    "ours_eager.py": "import ours_first\ndef f(x):\n    import ours_later\n    return x\n",
    "ours_first.py": "",
    "ours_later.py": "raise SystemExit('imported')",
    "ours_deferred.py": "raise SystemExit('imported')",
    "ours_in_text.py": "raise SystemExit('imported')",
    "ours_package/__init__.py": "raise SystemExit('imported')",
    "ours_package/part.py": "raise SystemExit('imported')",
}


def test_tokens_import_nothing(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run([sys.executable, tmp_path / "main.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    imported, code, loaded = done.stdout.splitlines()
    assert imported == "[]"
    found = {"ours_eager", "ours_first", "ours_later", "ours_deferred", "ours_in_text"}
    assert code == str(sorted(found | {"ours_package", "ours_package.part"}))
    assert loaded == "False"  # setup() imports it, but has not run; nor did anything else load it
