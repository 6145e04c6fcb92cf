"""What `import dask_animate` offers."""

import pydoc
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import dask_animate

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_dir_shows_the_public_names():
    assert dir(dask_animate) == sorted([*dask_animate.__all__, "__version__"])
    assert all(getattr(dask_animate, name) for name in dir(dask_animate))
    with pytest.raises(AttributeError, match="module 'dask_animate' has no attribute 'Animation'"):
        _ = dask_animate.Animation


def test_the_version_is_that_of_the_package(monkeypatch):
    assert dask_animate.__version__ == tomllib.loads(PYPROJECT.read_text())["project"]["version"]

    def fails(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", fails)
    with pytest.raises(AttributeError, match="is not installed"):
        _ = dask_animate.__version__


def test_help_begins_with_how_to_begin():
    text = pydoc.render_doc(dask_animate, renderer=pydoc.plaintext)
    assert "make_video(" in text[:1500]
    assert "class Animator" in text
