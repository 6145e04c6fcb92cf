"""What the picture of an artist or a container depends on, and whether that has changed.

Most setters mark their artist as stale; the others give it another attribute. Norms, colormaps, fonts
and formatters change in place, but their attributes can be compared too. Limits, positions and scales
mark no artist that depends on them, but they are leaves of its transforms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache
from itertools import chain
from operator import is_
from types import MethodType
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis, Tick
from matplotlib.category import UnitData
from matplotlib.figure import FigureBase
from matplotlib.transforms import Affine2D, Bbox, LockableBbox, TransformNode, TransformWrapper
from numpy.typing import NDArray

from ._cartopy import is_gridliner
from ._matplotlib import (
    BYPRODUCTS,
    LISTENERS,
    PARENTS,
    PATHS,
    AxesBase,
    ImageBase,
    aligned_axes,
    axis_map,
    clipping_patch,
    n_categories,
    next_locator,
    twins_of,
    wrapped_transform,
)

# Attributes that are not searched: they lead to parents, to listeners and to what draws, they hold what
# limits are found from, or they are long lists.
_NOT_SEARCHED = frozenset(
    (
        *(*PARENTS, *LISTENERS, *BYPRODUCTS, *PATHS),
        *("axes", "axis", "callbacks", "canvas", "colorbar", "figure", "stale_callback"),
    )
)

#: Elements of an array, and members of a list, up to which they are compared.
_SHORT = 64

_END = (object(),)

# Attributes of transforms that follow from their parts.
_DIMENSIONS = frozenset(("input_dims", "output_dims"))

#: The `stale` of an artist that was recorded. Setters make it True. A draw by somebody else makes it
#: False, after which nobody can tell what setters changed before.
CLEAN: Any = None


class Dependencies:
    """The artists and transforms that a picture depends on.

    A dependency has changed if an artist is stale, or if an attribute is another object than before: an
    attribute of an artist, or of a matplotlib object that an artist has, such as a norm, a colormap, a
    font, a locator, a formatter or a path effect. The same holds for the members of short lists. Short
    arrays that such objects have are compared by value, all other arrays by identity.

    Parameters
    ----------
    artist : Artist
        What is drawn.
    others : sequence of Artist
        Artists that its picture depends on and that its attributes do not lead to.
    nodes : sequence of TransformNode
        Likewise for transforms.

    Attributes
    ----------
    leaves : list of (object, object)
        What the transforms consist of, with the values at the time of the recording.
    """

    def __init__(
        self, artist: Artist, others: Sequence[Artist] = (), nodes: Sequence[TransformNode] = ()
    ) -> None:
        self._artist = artist
        self._artists: list[Artist] = []
        self._ticks: list[Artist] = []
        self._holders: list[Any] = []
        self._members: list[Any] = []
        self._arrays: list[NDArray[Any]] = []
        found = list(nodes)
        self._find([artist, *others], found)
        self._owners = [*self._artists, *self._holders]
        self.leaves: list[tuple[Any, Any]] = [(leaf, None) for leaf in _leaves(found)]
        self.mark_clean()

    def mark_clean(self) -> None:
        """Take the present state for the one that was recorded."""
        self.mark_artists_clean()
        self.leaves = [(leaf, leaf_value(leaf)) for leaf, _ in self.leaves]

    def mark_artists_clean(self) -> None:
        """Take the present state of artists, but not of transforms, for the one that was recorded."""
        for artist in (*self._artists, *self._ticks):
            artist.stale = CLEAN
        # The values are kept alive, so that no new object can get the identity of an old one.
        self._values = [*self._current()]
        self._contents = self._current_contents()

    def is_stale(self) -> bool:
        """Whether an artist was changed, was drawn by somebody else, or has other attributes."""
        if self._artist.stale is not CLEAN:
            return True  # the quickest way to find what changes in every frame
        for tick in self._ticks:
            if tick.stale is not CLEAN:
                return True
        is_same = all(map(is_, self._values, self._current()))
        return not is_same or self._current_contents() != self._contents

    def _current(self) -> Iterator[Any]:
        """Yield all that is compared by identity, and an end. An artist's `stale` is part of it."""
        attributes = [vars(owner).values() for owner in self._owners]
        return chain.from_iterable((*attributes, *map(_values, self._members), _END))

    def _current_contents(self) -> list[bytes]:
        return [array.tobytes() for array in self._arrays]

    def has_moved(self) -> bool:
        """Whether a transform has changed."""
        return any(leaf_value(leaf) != value for leaf, value in self.leaves)

    def depends_on(self, moved: set[int]) -> bool:
        """Whether any of the leaves is among those with the given identities."""
        return any(id(leaf) in moved for leaf, _ in self.leaves)

    def _find(self, roots: Iterable[Any], nodes: list[Any]) -> None:
        """Search the attributes of artists, and append the transforms found to `nodes`."""
        seen: set[int] = set()
        stack = list(roots)
        drawn = {id(root) for root in stack}  # other axes and figures are only referred to
        while stack:
            value = stack.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, list | tuple | set | dict):
                stack.extend(_values(value))
                if not isinstance(value, tuple) and len(value) <= _SHORT:
                    self._members.append(value)
            elif isinstance(value, TransformNode):
                nodes.append(value)
                patch = clipping_patch(value)
                if patch is not None:
                    stack.append(patch)
            elif isinstance(value, AxesBase | FigureBase) and id(value) not in drawn:
                nodes += transforms_of(value)
            elif isinstance(value, Tick):  # one of many
                self._ticks += [value, *value.get_children()]
                for label in (value.label1, value.label2):
                    stack += [label.get_fontproperties(), label.get_bbox_patch()]
            elif isinstance(value, Artist):
                self._artists.append(value)
                if isinstance(value, AxesBase):
                    drawn.update(map(id, (*value.child_axes, *getattr(value, "parasites", ()))))
                if value.axes is not None:
                    nodes += transforms_of(value.axes)
                stack.extend(own for key, own in vars(value).items() if key not in _NOT_SEARCHED)
                if isinstance(value, Axis):  # whose get_children() makes ticks
                    self._find_tickers(value, nodes)
                else:
                    stack.extend(value.get_children())
            elif isinstance(value, MethodType):  # which places an annotation, or formats ticks
                self._find_owner(value.__self__, stack)
            elif _is_searched(value):
                self._find_attributes(value, stack)

    def _find_attributes(self, value: Any, stack: list[Any]) -> None:
        """Add an object that artists have, and what it has."""
        self._holders.append(value)
        for key, own in vars(value).items():
            if isinstance(own, np.ndarray):
                if own.size <= _SHORT:
                    self._arrays.append(own)
            elif key not in _NOT_SEARCHED and not (isinstance(own, list | tuple) and len(own) > _SHORT):
                stack.append(own)  # but not the colors of a colormap, for example

    def _find_owner(self, owner: Any, stack: list[Any]) -> None:
        if isinstance(owner, Artist) or _is_searched(owner):
            stack.append(owner)
        elif isinstance(getattr(owner, "__dict__", None), dict):
            self._holders.append(owner)  # the user's: its attributes, but not theirs

    def _find_tickers(self, axis: Axis, nodes: list[Any]) -> None:
        units = axis.get_units()  # type: ignore[no-untyped-call]
        if isinstance(units, UnitData):
            nodes.append(units)
        for ticker in (axis.major, axis.minor):
            # The locator of shared axes asks the first axis how much room it has.
            first = getattr(ticker.locator, "axis", None)
            if isinstance(first, Axis) and first is not axis:
                self._holders.append(first)
                nodes += transforms_of(first.axes)


def dependencies_of(artist: Artist) -> Dependencies:
    """Return what an artist's picture depends on."""
    others: list[Artist] = []
    if isinstance(artist, Axis):
        others = _others_of(artist)
    elif is_gridliner(artist):
        axes: Any = artist.axes
        others = [*axes.spines.values(), axes.patch]
    return Dependencies(artist, others)


def _others_of(axis: Any) -> list[Artist]:
    """Return the spines between which an axis is drawn, and the axis objects it is aligned with."""
    axes = axis.axes
    others = [
        axis_map(other)[name]
        for name in ("x", "y")
        if axis_map(axes).get(name) is axis
        for other in aligned_axes(axes)[name]
        if other is not axes
    ]
    return [*axes.spines.values(), *others]


def container_dependencies(container: Any) -> Dependencies:
    """Return what a figure or an axes itself depends on, without its children."""
    nodes = transforms_of(container)
    others: list[Artist] = []
    if container.get_figure(root=True).suppressComposite is False:  # it draws its images as one
        others = [child for child in container.get_children() if isinstance(child, ImageBase)]
    if isinstance(container, AxesBase):
        if not container.axison or not container.get_visible():  # its ticks still place its titles
            others += axis_map(container).values()
        if container.get_aspect() != "auto":
            nodes.append(container.dataLim)
        locator: Any = container.get_axes_locator()
        while locator is not None:
            nodes += [value for value in vars(locator).values() if isinstance(value, TransformNode)]
            locator = next_locator(locator)
    return Dependencies(container.patch, others, nodes)


def linked_axes(container: Any) -> list[Any]:
    """Return the axes whose titles and labels depend on those of the given one."""
    if not isinstance(container, AxesBase):
        return []
    axes: Any = container
    linked = [*twins_of(axes), *chain.from_iterable(aligned_axes(axes).values())]
    return linked + [other for other in axes.figure.axes if axes in other.child_axes]


def transforms_of(container: Any) -> list[TransformNode]:
    """Return the transforms that the children of an axes, or of a figure, may depend on."""
    if not isinstance(container, AxesBase):
        return [container.bbox, container.dpi_scale_trans]
    # No picture depends on the limits of the data, and the offset of titles is in their own transforms.
    return [
        value
        for name, value in vars(container).items()
        if isinstance(value, TransformNode) and "dataLim" not in name and name != "titleOffsetTrans"
    ]


def _values(members: Any) -> Iterable[Any]:
    return members.values() if isinstance(members, dict) else members


def _is_searched(value: Any) -> bool:
    """Whether an object is of a class of matplotlib or cartopy and has attributes that may change."""
    cls: Any = type(value)
    return _is_searched_class(cls)


@lru_cache(1024)
def _is_searched_class(cls: Any) -> bool:
    packages = {base.__module__.partition(".")[0] for base in cls.__mro__}
    return (
        bool(packages & {"matplotlib", "mpl_toolkits", "cartopy"})
        and cls.__dictoffset__ != 0
        and not issubclass(cls, Enum)
    )


def _leaves(nodes: Iterable[Any]) -> list[Any]:
    """Return what can change in trees of transforms."""
    leaves: list[Any] = []
    seen: set[int] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        is_simple = isinstance(node, Bbox | Affine2D | LockableBbox | TransformWrapper | UnitData)
        if is_simple or [*_public_values(node)]:
            leaves.append(node)
        stack.extend(child for child in vars(node).values() if isinstance(child, TransformNode))
    return leaves


def leaf_value(leaf: Any) -> Any:
    """Return the value of a leaf, to be compared later."""
    if isinstance(leaf, Bbox):
        return leaf.get_points().tobytes()
    if isinstance(leaf, Affine2D):
        return leaf.get_matrix().tobytes()
    if isinstance(leaf, LockableBbox):
        return leaf.locked_x0, leaf.locked_y0, leaf.locked_x1, leaf.locked_y1
    if isinstance(leaf, UnitData):
        return n_categories(leaf)
    if isinstance(leaf, TransformWrapper):
        return _Identity(wrapped_transform(leaf))
    return [*_public_values(leaf)]


def _public_values(node: Any) -> Iterator[Any]:
    """Yield the attributes of a transform that may be set, such as the base of a logarithm."""
    for name, value in vars(node).items():
        if name[0] != "_" and name not in _DIMENSIONS and not isinstance(value, TransformNode):
            yield value


class _Identity:
    """Equal only to an identity of the same object, which it keeps alive."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self._value is other._value

    __hash__ = None  # type: ignore[assignment]
