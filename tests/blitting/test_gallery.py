"""Animations of many kinds: the same pixels with every way of drawing, and with "blit" no full draws."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from gallery import GALLERY
from helpers import draw_block

from dask_animate.drawing.options import DrawOptions
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec

pytestmark = pytest.mark.newest

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(animator, redraw, params):
    """Draw the second half of the frames, then the first; return both partitions."""
    drawing = Renderer(FigureSpec(animator, DrawOptions(redraw=redraw), {}))
    items = list(enumerate(params))
    half = len(items) // 2
    drawn = [draw_block(drawing, some, len(some)) for some in (items[half:], items[:half])]
    drawing.close()
    return drawn


def assert_same(animator, params):
    full = blocks(animator, "full", params)
    for redraw in ("auto", "blit"):
        drawn = blocks(animator, redraw, params)
        for (pixels, report), (expected, _) in zip(drawn, full, strict=True):
            differing = (pixels != expected).any(axis=(1, 2, 3))
            assert not differing.any(), f"{redraw}: {np.flatnonzero(differing)}"
            assert report.redraw_fault is None
            if redraw == "blit":
                assert report.n_blitted == report.n_frames


#: One of each kind of change, of those that no other test makes; the others are slow.
USUAL = {"SineWave", "Decay", "DynamicImage", "Histogram", "Pie"}


@pytest.mark.parametrize(
    "animator",
    [
        pytest.param(animator, marks=() if animator.__name__ in USUAL else pytest.mark.slow)
        for animator in GALLERY
    ],
)
def test_gallery(animator):
    assert_same(animator(), range(24))


@pytest.mark.parametrize(
    ("name", "animator", "params"),
    [
        ("simple_wave", "Wave", lambda module: np.linspace(0, 6, 24)),
        pytest.param(
            *("multi_panel", "MultiPanel", lambda module: np.linspace(0, 1, 16)), marks=pytest.mark.slow
        ),
        pytest.param(
            *("very_complex", "VeryComplex", lambda module: np.linspace(0, 1, 10)),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("nondeterministic_loader", "Images"),
            lambda module: list(map(module.load, range(16))),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("real_terrain", "Terrain", lambda module: list(module.sun(16))), marks=pytest.mark.slow
        ),
    ],
)
def test_examples(name, animator, params):
    module = example(name)
    assert_same(getattr(module, animator)(), params(module))
