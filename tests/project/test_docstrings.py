"""The examples in the docstrings run, and public things have docstrings with examples."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import dask_animate
from dask_animate import sources, util
from dask_animate.matplotlib import DaskWriter

PARENT = Path(dask_animate.__file__).parents[1]
NAMES = sorted(
    ".".join(path.relative_to(PARENT).with_suffix("").parts).removesuffix(".__init__")
    for path in Path(dask_animate.__file__).parent.rglob("*.py")
)


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    "thing",
    [
        dask_animate.Animator,
        dask_animate.Animator.make_video,
        dask_animate.Animator.frame,
        dask_animate.Animator.preview,
        dask_animate.FrameSource,
        sources.ImageFiles,
        sources.VideoFile,
        dask_animate.IndexedFrameParams,
        dask_animate.Video,
        dask_animate.join,
        DaskWriter,
        util.get_rendered_frame_ids,
        util.configure_matplotlib_style,
    ],
)
def test_public_docstrings_hold_an_example(thing):
    assert ">>> " in inspect.getdoc(thing)
