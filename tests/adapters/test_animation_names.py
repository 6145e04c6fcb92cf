"""Each name of `matplotlib.animation` that is not public and on which the package relies, by itself."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib._pylab_helpers import Gcf
from matplotlib.animation import ArtistAnimation, FuncAnimation

SOURCE = Path(find_spec("dask_animate").origin).parent / "adapters" / "_matplotlib.py"


@pytest.fixture
def owners():
    """Two animations, a figure and its canvas: one of them has each name."""
    figure, axes = plt.subplots()
    function = FuncAnimation(figure, lambda i: None, frames=2)
    artists = ArtistAnimation(figure, [axes.plot([0], [0])])
    yield function, artists, figure, figure.canvas, figure.canvas.callbacks
    function._draw_was_started = artists._draw_was_started = True
    plt.close(figure)


def private_names():
    nodes = ast.walk(ast.parse(SOURCE.read_text()))
    names = {getattr(node, "attr", getattr(node, "value", None)) for node in nodes}
    return sorted(name for name in names if re.fullmatch(r"_[a-z]\w*", str(name)))


@pytest.mark.parametrize("name", private_names())
def test_matplotlib_has(name, owners):
    assert any(hasattr(owner, name) for owner in owners), (
        f"matplotlib has no {name} any more, on which {SOURCE.name} relies: see there what for"
    )


def test_managers_of_figures_have_a_number(owners):
    figure = owners[2]
    assert figure.canvas.manager.num == figure.number
    assert Gcf.figs[figure.number] is figure.canvas.manager


def test_names_are_found():
    assert {"_fig", "_func", "_save_count", "_is_saving"} <= set(private_names())
