"""A directory with animations, in which commands run."""

import sys
import textwrap

import commands
import pytest

from dask_animate.cli import loading


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current directory with files of Python, none of which stay loaded."""
    folder = tmp_path / "work"
    folder.mkdir()
    texts = {"animations": commands.ANIMATIONS, "sibling": commands.SIBLING, "plot": commands.PLOT}
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setenv("MPLBACKEND", "agg")
    before = {*sys.modules}
    yield folder
    commands.forget_modules(before)
