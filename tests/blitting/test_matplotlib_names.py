"""Each name of matplotlib that is not public and on which the package relies, by itself.

Nothing of the package is imported where names are collected, so that a release of matplotlib without one
of them fails here with a sentence, even where the package cannot be imported with it.
"""

import ast
import importlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import matplotlib as mpl
import mpl_toolkits.mplot3d  # noqa: F401  registers the projection
import numpy as np
import pytest
from matplotlib import axes, dates, image, patches, projections, style
from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.category import UnitData
from matplotlib.figure import Figure
from matplotlib.path import Path as MplPath
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, TransformedPatchPath, TransformedPath, TransformWrapper

SOURCE = Path(find_spec("dask_animate").origin).parent / "blitting" / "_matplotlib.py"
LINES = SOURCE.read_text().splitlines()

IS_3_11 = tuple(map(int, mpl.__version__.split(".")[:2])) >= (3, 11)


def private_names(node):
    """Return the private names in a statement: attributes, modules, and strings as for ``getattr``."""
    found = set()
    for part in ast.walk(node):
        name = {ast.Attribute: "attr", ast.Name: "id", ast.Constant: "value"}.get(type(part))
        value = getattr(part, name) if name else None
        if isinstance(value, str) and re.fullmatch(r"_[A-Za-z]\w*", value):
            found.add(value)
    return found


def reliance(node):
    """Return what relies on the names in a statement, and why."""
    if isinstance(node, ast.FunctionDef):
        return f"{node.name}()", ast.get_docstring(node).partition("\n\n")[0]
    why, line = [], node.lineno - 2
    while LINES[line].startswith("#:"):
        why.insert(0, LINES[line][2:].strip())
        line -= 1
    return node.targets[0].id, " ".join(why)


RELIANCE = {}
for statement in ast.parse(SOURCE.read_text()).body:
    if isinstance(statement, ast.FunctionDef | ast.Assign):
        for found in private_names(statement):
            RELIANCE.setdefault(found, []).append(reliance(statement))


@cache
def shown():
    """Return axes that were drawn, with a legend that looks for a free place."""
    figure = Figure()
    ax = figure.add_subplot()
    ax.plot([0, 1], label="line")
    ax.legend()
    figure.colorbar(ax.scatter([0, 1], [0, 1], c=[0, 1]))
    FigureCanvasAgg(figure).draw()
    return ax


@cache
def shown_in_3d():
    figure = Figure()
    ax = figure.add_subplot(projection="3d")
    FigureCanvasAgg(figure).draw()
    return ax


def clip_path():
    return TransformedPatchPath(patches.Circle((0, 0)))


def property_cycle():
    return shown()._get_lines._prop_cycle if IS_3_11 else shown()._get_lines


#: By their names, objects that have to have these; none where a release has it otherwise.
OWNERS = {
    "_AxesBase": lambda: [axes._base],
    "_BUILTIN_COLOR_SEQUENCES": lambda: [mpl.color_sequences],
    "_ImageBase": lambda: [image],
    "_align_label_groups": lambda: [shown().figure],
    "_all_projection_types": lambda: [projections.projection_registry],
    "_axes": lambda: [Artist()],
    "_axis_map": lambda: [shown(), shown_in_3d()],
    "_base": lambda: [axes],
    "_base_library": lambda: [style if IS_3_11 else style.core],
    "_boxout": lambda: [shown().figure.transFigure],
    "_builtin_cmaps": lambda: [mpl.colormaps],
    "_callbacks": lambda: [Artist()],
    "_child": lambda: [TransformWrapper(Affine2D())],
    "_children": lambda: [shown()],
    "_clippath": lambda: [GraphicsContextBase()],
    "_codes": lambda: [MplPath.unit_circle()],
    "_cycler_items": lambda: [property_cycle()],
    "_epoch": lambda: [dates],
    "_find_best_position": lambda: [shown().get_legend()],
    "_get_lines": lambda: [shown()],
    "_get_patches_for_fill": lambda: [shown()],
    "_idx": lambda: [property_cycle()],
    "_is_saving": lambda: [FigureCanvasAgg(Figure())],
    "_left_title": lambda: [shown()],
    "_loc": lambda: [shown().get_legend()],
    "_mapping": lambda: [UnitData()],
    "_orig_locator": lambda: [shown().figure.axes[1].get_axes_locator()],
    "_parent_figure": lambda: [Artist()],
    "_patch": lambda: [clip_path()],
    "_path": lambda: [TransformedPath(MplPath.unit_circle(), Affine2D())],
    "_paths": lambda: [shown().collections[0]],
    "_prop_cycle": lambda: [shown()._get_lines, shown()._get_patches_for_fill] if IS_3_11 else [],
    "_pylab_helpers": lambda: [mpl],
    "_remove_method": lambda: [shown().lines[0]],
    "_renderer": lambda: [Text(), RendererAgg(1, 1, 72)],
    "_right_title": lambda: [shown()],
    "_set_position": lambda: [shown()],
    "_stale": lambda: [shown()],
    "_sticky_edges": lambda: [Artist()],
    "_twinned_axes": lambda: [shown()],
    "_update_methods": lambda: [RendererAgg(1, 1, 72)],
    "_update_title_position": lambda: [shown()],
    "_vertices": lambda: [MplPath.unit_circle()],
    "_viewLim": lambda: [shown()],
    "_view_u": lambda: [shown_in_3d()],
    "_view_v": lambda: [shown_in_3d()],
    "_view_w": lambda: [shown_in_3d()],
}


def test_all_names_are_checked():
    assert RELIANCE.keys() == OWNERS.keys()


@pytest.mark.parametrize("name", sorted(OWNERS))
def test_name(name):
    for what, why in RELIANCE[name]:
        assert why, f"{what} in {SOURCE.name} does not say why it needs {name}"
        for owner in OWNERS[name]():
            owner_name = getattr(owner, "__name__", type(owner).__name__)
            assert hasattr(owner, name), (
                f"matplotlib {mpl.__version__} has no {name} of {owner_name}. "
                f"{what} in {SOURCE.name} relies on it: {why}"
            )


def test_names_of_private_classes():
    from matplotlib._pylab_helpers import Gcf

    for owner, name in ((Gcf, "figs"), (Gcf.figs, "move_to_end"), (Gcf, "destroy_all")):
        assert hasattr(owner, name), (
            f"matplotlib {mpl.__version__} has no {name} of pyplot's open figures"
        )


def test_the_rasterizer_has_the_methods_that_are_recorded():
    from dask_animate.blitting.display_list import _RecordingRasterizer

    rasterizer = importlib.import_module("matplotlib.backends._backend_agg").RendererAgg
    recorded, drawing = (
        {name for name in vars(cls) if name.startswith("draw_")}
        for cls in (_RecordingRasterizer, rasterizer)
    )
    assert recorded == drawing, f"matplotlib {mpl.__version__} draws otherwise than is recorded"
    assert hasattr(rasterizer, "clear")
    assert hasattr(rasterizer, "copy_from_bbox")
    assert np.asarray(rasterizer(3, 2, 72.0)).shape == (2, 3, 4)


def test_the_place_of_a_legend():
    """``loc="best"`` is the location 0."""
    assert shown().get_legend()._loc == 0
