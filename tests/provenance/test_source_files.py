"""The user's files that a module reaches, found without importing anything."""

import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from dask_animate.provenance.modules import imported_names, spec_of
from dask_animate.provenance.source_files import import_graph, source_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    assert not {name for name in set(sys.modules) - before if name.startswith(("ours", "theirs"))}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


PACKAGE = {
    "ours/__init__.py": "",
    "ours/io.py": "",
    "ours/shapes/__init__.py": "from .round import circle",
    "ours/shapes/round.py": "def circle():\n    from ..colors import red",
    "ours/colors.py": "",
    "theirs.py": "raise SystemExit('imported')",
}


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("import ours.shapes", {"ours.shapes", "ours.shapes.round", "ours.colors"}),
        ("from ours import colors", {"ours.colors"}),
        ("from . import colors", {"ours.colors"}),
        ("from .io import draw", {"ours.io"}),
        ("from .shapes import round", {"ours.shapes", "ours.shapes.round", "ours.colors"}),
        (
            "from ours import *",
            {"ours.io", "ours.shapes", "ours.shapes.round", "ours.colors", "ours.it"},
        ),
        ("def f():\n    from .io import draw", {"ours.io"}),
        ("try:\n    import theirs\nexcept ImportError:\n    pass", {"theirs"}),
        ("import importlib\nm = importlib.import_module('ours.io')", {"ours.io"}),
        ("import importlib\nm = importlib.import_module('.io', __package__)", {"ours.io"}),
        ("from importlib import import_module as im\nm = im('.io', 'ours')", {"ours.io"}),
        ("import ours\ndef f():\n    return ours.colors.red", {"ours.colors"}),
        ("import nothing_of_this_name, os.path", set()),
    ],
)
def test_imports_are_followed_but_not_made(folder, statement, names):
    write(folder, PACKAGE | {"ours/it.py": statement})
    graph = import_graph(["ours.it"])
    assert graph.files.keys() == names | {"ours", "ours.it"}
    assert "os" in graph.libraries or "os" not in statement


def test_what_is_loaded_at_once_is_known(folder):
    write(folder, {"ours.py": "import theirs\ndef f():\n    import ours_too", "ours_too.py": ""})
    write(folder, {"theirs.py": ""})
    graph = import_graph(["ours"], ["theirs"])
    assert graph.files.keys() == {"ours", "theirs", "ours_too"}
    assert graph.eager == {"ours", "theirs"}


def test_a_file_counts_by_its_bytes(folder):
    path = folder / "ours.py"
    digests = []
    for text in ("x = 1\n", "x = 1  # one\n", "x = (1\n", "x = 1\n"):
        path.write_text(text)
        os.utime(path, ns=(0, len(digests)))
        digests.append(import_graph(["ours"]).files["ours"].bytes_digest)
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3


def test_compiled_modules_count_by_their_bytes(folder):
    path = folder / f"ours{sysconfig.get_config_var('EXT_SUFFIX')}"
    digests = []
    for data in (b"one", b"other"):
        path.write_bytes(data)
        digests.append(import_graph(["ours"]).files["ours"].bytes_digest)
    assert digests[0] != digests[1]


def test_archives_can_hold_modules(folder, monkeypatch):
    digests = []
    for idx, text in enumerate(("x = 1", "x = 2")):
        archive = folder / f"{idx}.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("ours.py", text)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(archive)
            digests.append(import_graph(["ours"]).files["ours"].bytes_digest)
    assert digests[0] != digests[1]


def test_code_that_a_file_compiles_to_is_known_wherever_it_stands(folder):
    write(folder, {"ours.py": "def f(x):\n    return x + 1\n"})
    first = source_file(spec_of("ours"))
    write(folder, {"ours.py": "# moved\n\ndef f(x):\n    return x + 1\n"})
    moved = source_file(spec_of("ours"))
    assert first.code == moved.code
    assert first.bytes_digest != moved.bytes_digest


def test_relative_names():
    assert list(imported_names("", ["a"], 1, "p.q")) == ["p.q", "p.q.a"]
    assert list(imported_names("r", ["a"], 2, "p.q")) == ["p.r", "p.r.a"]


def test_a_program_that_is_only_mentioned_does_not_run(folder):
    write(folder, PACKAGE)
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        "from dask_animate.provenance.content import content_of\n"
        "from dask_animate.provenance.environment import Observer\n"
        "def f():\n    import theirs\n    from ours.shapes import round\n"
        "references = content_of(f).references\n"
        "print(sorted(Observer(references).observe().code), 'theirs' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = ["ours", "ours.colors", "ours.shapes", "ours.shapes.round", "theirs"]
    assert done.stdout.strip() == f"{expected} False"
