"""What `import dask_animate` offers."""

import pydoc
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import dask_animate
from dask_animate import errors, sources

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
REFERENCE = PYPROJECT.parent / "docs" / "reference.rst"


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


def test_all_public_names_are_in_the_reference():
    """Of errors, the reference shows all but what it excludes."""
    text = REFERENCE.read_text()
    listed = re.findall(r"^   ([\w.]+)$", text, re.MULTILINE)
    assert {*dask_animate.__all__} <= {*listed}
    assert {f"sources.{name}" for name in sources.__all__ if name != "ImageFile"} <= {*listed}
    excluded = re.split(r",\s+", re.search(r":exclude-members: ((?:.+,\s+)*.+)", text)[1])
    kinds = (errors.AnimateError, Warning)
    raised = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, kinds)
    }
    assert raised & {*excluded} == set()
    others = {
        name
        for name, value in vars(errors).items()
        if getattr(value, "__module__", None) == errors.__name__ and name not in raised
    }
    assert others <= {*excluded}
