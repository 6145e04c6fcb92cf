"""The examples in the docstrings run, and public things have docstrings with examples."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import dask_animate
from dask_animate import util

NAMES = sorted(path.stem for path in Path(dask_animate.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(name):
    module = importlib.import_module("dask_animate" if name == "__init__" else f"dask_animate.{name}")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    "thing",
    [
        dask_animate.Animator,
        dask_animate.Animator.make_video,
        dask_animate.Animator.frame,
        dask_animate.Animator.preview,
        dask_animate.IndexedFrameParams,
        dask_animate.Video,
        util.get_rendered_frame_ids,
        util.configure_matplotlib_style,
    ],
)
def test_public_docstrings_hold_an_example(thing):
    assert ">>> " in inspect.getdoc(thing)
