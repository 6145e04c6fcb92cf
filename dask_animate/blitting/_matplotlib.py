"""Every name of matplotlib that is not public and on which this package relies.

Other modules import these functions and aliases and name nothing private themselves. Each says why its
names are needed. ``tests/blitting/test_matplotlib_names.py`` checks every name, so that a release of
matplotlib without one fails there first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import matplotlib
from matplotlib import _pylab_helpers, dates, image, projections
from matplotlib.axes import _base
from matplotlib.axis import Axis
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.category import UnitData
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import (
    Bbox,
    BboxTransformTo,
    Transform,
    TransformedPath,
    TransformNode,
    TransformWrapper,
)
from numpy.typing import NDArray

#: The class of all axes, also of those that are no `Axes`, such as secondary axes.
AxesBase = _base._AxesBase

#: The class of all images, which axes and figures may draw as one.
ImageBase = image._ImageBase

#: pyplot's list of open figures, of which each animator has its own.
Gcf = _pylab_helpers.Gcf

#: Attributes of an artist that refer to its parents, which a search for what it depends on must not
#: enter.
PARENTS = frozenset(("_axes", "_parent_figure"))

#: Attributes of an artist that hold whom it tells of changes. No picture depends on them.
LISTENERS = frozenset(("_callbacks", "_remove_method"))

#: Attributes of an artist that hold the renderer it was last drawn with, and the edges at which
#: autoscaling stops. No picture depends on them.
BYPRODUCTS = frozenset(("_renderer", "_sticky_edges"))

#: The attribute of a collection that holds its paths: a long list, replaced as a whole by setters.
PATHS = frozenset(("_paths",))

#: Attributes of axes that drawing sets, so that they change without a change of the picture.
SET_BY_DRAWING = frozenset(("_stale", "_view_u", "_view_v", "_view_w"))


# Axes and figures


def added_children(axes: AxesBase) -> list[Any]:
    """Return the artists added to an axes, without its axis, spines and titles, which it arranges."""
    owner: Any = axes
    return list(owner._children)


def view_limits(axes: AxesBase) -> Bbox:
    """Return the limits of an axes as they are. The public ``viewLim`` autoscales first."""
    owner: Any = axes
    limits: Bbox = owner._viewLim
    return limits


def axis_map(axes: AxesBase) -> dict[str, Axis]:
    """Return the axis objects of an axes by name, also those that are not drawn."""
    owner: Any = axes
    by_name: dict[str, Axis] = owner._axis_map
    return by_name


def has_own_axis_map(axes: AxesBase) -> bool:
    """Whether `set_axis_map` works, as with matplotlib 3.11; before, the map is made at each access."""
    return "_axis_map" in vars(axes)


def set_axis_map(axes: AxesBase, by_name: Mapping[str, Axis]) -> None:
    """Replace the axis objects that 3D axes draw, which do not come from ``get_children()``."""
    owner: Any = axes
    owner._axis_map = by_name


@contextmanager
def titles_kept_in_place(axes: AxesBase) -> Iterator[None]:
    """Keep an axes from arranging its titles as it is drawn, for which it measures all tick labels."""
    owner: Any = axes
    if "_update_title_position" in vars(owner):  # replaced by the user
        yield
        return
    owner._update_title_position = lambda renderer: None
    try:
        yield
    finally:
        del owner._update_title_position


def titles_of(axes: AxesBase) -> tuple[Text, Text, Text]:
    """Return the three titles of an axes, of which only the centre one is public."""
    owner: Any = axes
    return owner.title, owner._left_title, owner._right_title


def twins_of(axes: AxesBase) -> list[AxesBase]:
    """Return an axes and its twins, over whose tick labels its titles are put, too."""
    owner: Any = axes
    return list(owner._twinned_axes.get_siblings(axes))


def aligned_axes(axes: AxesBase) -> dict[str, list[AxesBase]]:
    """Return the axes whose labels or titles are aligned with this one's, by what is aligned."""
    figure: Any = axes.get_figure(root=False)
    groups = figure._align_label_groups
    return {name: list(group.get_siblings(axes)) for name, group in groups.items()}


def move_axes(axes: AxesBase, position: Bbox) -> None:
    """Put an axes somewhere. The public ``set_position()`` takes it out of the layout."""
    owner: Any = axes
    owner._set_position(position)


def best_position(legend: Legend, renderer: RendererAgg) -> tuple[float, float] | None:
    """Return where a legend with ``loc="best"`` would be put now; None for other legends."""
    owner: Any = legend
    if owner._loc != 0:
        return None
    frame = legend.legendPatch
    x, y = owner._find_best_position(frame.get_width(), frame.get_height(), renderer)
    return x, y


class CyclePosition(NamedTuple):
    """The items of a property cycle, and the index of the next one."""

    items: list[dict[str, Any]]
    idx: int


def property_cycles(axes: AxesBase) -> list[Any]:
    """Return the property cycles of an axes, which new lines and filled artists advance."""
    owner: Any = axes
    cycles = [owner._get_lines, owner._get_patches_for_fill]
    # As of matplotlib 3.11 the cycle is an object of its own in each of the two.
    return [getattr(cycle, "_prop_cycle", cycle) for cycle in cycles]


def cycle_position(cycle: Any) -> CyclePosition:
    """Return where a property cycle is, to put it back."""
    return CyclePosition(cycle._cycler_items, cycle._idx)


def set_cycle_position(cycle: Any, position: CyclePosition) -> None:
    """Put a property cycle somewhere."""
    cycle._cycler_items, cycle._idx = position


# Transforms, paths and tickers


def clipping_patch(node: TransformNode) -> Patch | None:
    """Return the patch of a clip path that follows a patch; None for all other transforms."""
    patch: Patch | None = getattr(node, "_patch", None)
    return patch


def untransformed_path(path: TransformedPath) -> Path:
    """Return a transformed path as it was before, by which clip paths of one source are recognized."""
    owner: Any = path
    before: Path = owner._path
    return before


def wrapped_transform(wrapper: TransformWrapper) -> Transform:
    """Return the transform that a wrapper stands for, which another one replaces as scales change."""
    owner: Any = wrapper
    child: Transform = owner._child
    return child


def set_output_box(transform: BboxTransformTo, box: Bbox) -> None:
    """Let a figure's transform lead to another box than the canvas, so that the canvas is a crop."""
    owner: Any = transform
    owner._boxout = box


def path_with(path: Path, vertices: NDArray[Any], codes: NDArray[Any] | None) -> Path:
    """Return a path like another one, also in how it is simplified, which new paths decide anew."""
    copy: Any = Path.__new__(Path)
    vars(copy).update(vars(path))
    copy._vertices, copy._codes = vertices, codes
    made: Path = copy
    return made


def n_categories(units: object) -> int:
    """Return how many categories an axis knows, to which artists add; 0 of units of other kinds."""
    return len(vars(units)["_mapping"]) if isinstance(units, UnitData) else 0


def next_locator(locator: Any) -> Any:
    """Return the axes locator from which a color bar's goes on; None if it is the last."""
    return getattr(locator, "_orig_locator", None)


# Rendering


def clip_path_of(context: GraphicsContextBase) -> TransformedPath | None:
    """Return the clip path of a graphics context. The public getter returns it transformed."""
    owner: Any = context
    clip_path: TransformedPath | None = owner._clippath
    return clip_path


def rasterizer_of(renderer: RendererAgg) -> Any:
    """Return the object of AGG that draws for a renderer: the canvas's, or that of an ``agg_filter``."""
    owner: Any = renderer
    return owner._renderer


def set_rasterizer(renderer: RendererAgg, rasterizer: Any) -> None:
    """Let a renderer draw by another object, of which it keeps the methods."""
    owner: Any = renderer
    owner._renderer = rasterizer
    owner._update_methods()


def draw_animated_artists(canvas: FigureCanvasAgg) -> None:
    """Let a canvas draw artists with ``animated=True``, too, as ``savefig`` does."""
    owner: Any = canvas
    owner._is_saving = True


# State of the process


def date_epoch() -> str | None:
    """Return the epoch of dates in force; None before a date was converted. The getter chooses one."""
    module: Any = dates
    epoch: str | None = module._epoch
    return epoch


def set_date_epoch(epoch: str | None) -> None:
    """Set the epoch of dates, which matplotlib allows once in a process."""
    module: Any = dates
    module._epoch = epoch


def builtin_colormaps() -> Iterable[str]:
    """Return the names of matplotlib's own colormaps; all others were registered by the user."""
    return getattr(matplotlib.colormaps, "_builtin_cmaps", ())


def builtin_color_sequences() -> Iterable[str]:
    """Return the names of matplotlib's own color sequences; all others were registered by the user."""
    return getattr(matplotlib.color_sequences, "_BUILTIN_COLOR_SEQUENCES", ())


def builtin_styles(style: ModuleType) -> Mapping[str, Any]:
    """Return the style sheets of ``matplotlib.style`` itself; all others were registered by the user."""
    # In a module of its own before matplotlib 3.11.
    module: Any = style if hasattr(style, "_base_library") else getattr(style, "core", style)
    styles: Mapping[str, Any] = getattr(module, "_base_library", {})
    return styles


def projection_types() -> Mapping[str, type]:
    """Return the classes of axes by the names of their projections. Public are the names alone."""
    registry: Any = projections.projection_registry
    classes: Mapping[str, type] = getattr(registry, "_all_projection_types", {})
    return classes
