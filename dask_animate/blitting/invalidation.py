"""What an artist's picture depends on, and whether that has changed.

Most setters mark their artist as stale, the others give it another attribute. Norms, colormaps, fonts
and formatters change in place; of these, too, the attributes are known. Limits, positions and scales do
neither to the artists that hang on them, but these are leaves of their transforms.
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
from matplotlib.axes._base import _AxesBase
from matplotlib.axis import Axis, Tick
from matplotlib.category import UnitData
from matplotlib.figure import FigureBase
from matplotlib.image import _ImageBase
from matplotlib.transforms import Affine2D, Bbox, LockableBbox, TransformNode, TransformWrapper
from numpy.typing import NDArray

# References that lead up: to the parent, to what is told of changes, to what draws. What data's limits
# depend on. And long lists of paths.
_NOT_OWN = frozenset(
    (
        *("_axes", "axes", "_parent_figure", "figure", "_remove_method", "stale_callback", "axis"),
        *("_callbacks", "callbacks", "canvas", "colorbar", "_renderer", "_sticky_edges", "_paths"),
    )
)

#: Elements of an array, and members of a list, up to which they are looked at.
_SHORT = 64

_END = (object(),)

# Attributes of transforms that follow from their parts.
_DIMENSIONS = frozenset(("input_dims", "output_dims"))

#: The `stale` of an artist that was recorded. Setters make it True. A drawing by others makes it False,
#: after which nobody can tell what a setter changed before.
CALM: Any = None


class Watch:
    """The artists and transforms on which a picture depends.

    Besides what artists say, it knows by its identity each attribute of an artist, and of each object of
    matplotlib's that an artist has: norms, colormaps, fonts, locators, formatters, path effects. So it
    does with the members of short lists. Arrays that are attributes of such objects and short are known
    by their values, all others by their identity.

    Parameters
    ----------
    artist : Artist
        What is drawn.
    others : sequence of Artist
        Others that its picture depends on, besides those found in its attributes.
    nodes : sequence of TransformNode
        And transforms.

    Attributes
    ----------
    leaves : list of (object, object)
        What the transforms are made of, and its values when the picture was drawn.
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
        self._parts = [*self._artists, *self._holders]
        self.leaves: list[tuple[Any, Any]] = [(leaf, None) for leaf in _leaves(found)]
        self.settle()

    def settle(self) -> None:
        """Take the present state for the one that was drawn."""
        self.calm()
        self.leaves = [(leaf, current(leaf)) for leaf, _ in self.leaves]

    def calm(self) -> None:
        """Take what artists say, and their attributes, for what they were when the picture was drawn."""
        for artist in (*self._artists, *self._ticks):
            artist.stale = CALM
        # Kept, so that nothing new can come to have the identity of something old.
        self._values = [*self._current()]
        self._contents = self._current_contents()

    def is_stale(self) -> bool:
        """Whether an artist was changed, or was drawn by others, or has got other attributes."""
        if self._artist.stale is not CALM:
            return True  # what changes with every frame, which is found out soonest so
        for tick in self._ticks:
            if tick.stale is not CALM:
                return True
        is_same = all(map(is_, self._values, self._current()))
        return not is_same or self._current_contents() != self._contents

    def _current(self) -> Iterator[Any]:
        """Yield all that is known by its identity, and an end; an artist's `stale` is among it."""
        attributes = [vars(part).values() for part in self._parts]
        return chain.from_iterable((*attributes, *map(_values, self._members), _END))

    def _current_contents(self) -> list[bytes]:
        return [array.tobytes() for array in self._arrays]

    def has_moved(self) -> bool:
        """Whether a transform has changed."""
        return any(current(leaf) != value for leaf, value in self.leaves)

    def hangs_on(self, moved: set[int]) -> bool:
        """Whether any of its leaves is among those of which the identities are given."""
        return any(id(leaf) in moved for leaf, _ in self.leaves)

    def _find(self, roots: Iterable[Any], nodes: list[Any]) -> None:
        """Walk through the attributes of artists."""
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
                patch = getattr(value, "_patch", None)  # of a clip path
                if patch is not None:
                    stack.append(patch)
            elif isinstance(value, _AxesBase | FigureBase) and id(value) not in drawn:
                nodes += transforms_of(value)
            elif isinstance(value, Tick):  # one of many
                self._ticks += [value, *value.get_children()]
                for label in (value.label1, value.label2):
                    stack += [label.get_fontproperties(), label.get_bbox_patch()]
            elif isinstance(value, Artist):
                self._artists.append(value)
                if isinstance(value, _AxesBase):
                    drawn.update(map(id, (*value.child_axes, *getattr(value, "parasites", ()))))
                if value.axes is not None:
                    nodes += transforms_of(value.axes)
                stack.extend(own for key, own in vars(value).items() if key not in _NOT_OWN)
                if isinstance(value, Axis):  # of which the children make ticks
                    self._find_tickers(value, nodes)
                else:
                    stack.extend(value.get_children())
            elif isinstance(value, MethodType):  # that says where an annotation is, or names ticks
                self._find_owner(value.__self__, stack)
            elif _is_of_matplotlib(value):
                self._find_attributes(value, stack)

    def _find_attributes(self, value: Any, stack: list[Any]) -> None:
        """Add an object that artists have, and what it has."""
        self._holders.append(value)
        for key, own in vars(value).items():
            if isinstance(own, np.ndarray):
                if own.size <= _SHORT:
                    self._arrays.append(own)
            elif key not in _NOT_OWN and not (isinstance(own, list | tuple) and len(own) > _SHORT):
                stack.append(own)  # but for the colors of a colormap, for example

    def _find_owner(self, owner: Any, stack: list[Any]) -> None:
        if isinstance(owner, Artist) or _is_of_matplotlib(owner):
            stack.append(owner)
        elif isinstance(getattr(owner, "__dict__", None), dict):
            self._holders.append(owner)  # of the user's: not what it has in turn

    def _find_tickers(self, axis: Axis, nodes: list[Any]) -> None:
        units = axis.get_units()  # type: ignore[no-untyped-call]
        if isinstance(units, UnitData):
            nodes.append(units)
        for ticker in (axis.major, axis.minor):
            # The locator of shared axes finds out how much room the first one has.
            first = getattr(ticker.locator, "axis", None)
            if isinstance(first, Axis) and first is not axis:
                self._holders.append(first)
                nodes += transforms_of(first.axes)


def _values(members: Any) -> Iterable[Any]:
    return members.values() if isinstance(members, dict) else members


def _is_of_matplotlib(value: Any) -> bool:
    """Whether an object is of a kind of matplotlib's, and has attributes that may change."""
    cls: Any = type(value)
    return _is_kind_of_matplotlib(cls)


@lru_cache(1024)
def _is_kind_of_matplotlib(cls: Any) -> bool:
    packages = {base.__module__.partition(".")[0] for base in cls.__mro__}
    return (
        bool(packages & {"matplotlib", "mpl_toolkits"})
        and cls.__dictoffset__ != 0
        and not issubclass(cls, Enum)
    )


def container_watch(container: Any) -> Watch:
    """Return what a figure or an axes depends on itself, without its children."""
    nodes = transforms_of(container)
    others: list[Artist] = []
    if container.get_figure(root=True).suppressComposite is False:  # it draws its images as one
        others = [child for child in container.get_children() if isinstance(child, _ImageBase)]
    if isinstance(container, _AxesBase):
        if not container.axison or not container.get_visible():  # titles are above its ticks even so
            others += container._axis_map.values()
        if container.get_aspect() != "auto":
            nodes.append(container.dataLim)
        locator: Any = container.get_axes_locator()
        while locator is not None:  # a color bar's goes on from another one
            nodes += [value for value in vars(locator).values() if isinstance(value, TransformNode)]
            locator = getattr(locator, "_orig_locator", None)
    return Watch(container.patch, others, nodes)


def transforms_of(container: Any) -> list[TransformNode]:
    """Return the transforms on which everything in an axes, or a figure, may depend."""
    if not isinstance(container, _AxesBase):
        return [container.bbox, container.dpi_scale_trans]
    # What is drawn does not depend on what it would take to show all data, and the offset of titles is
    # in the titles' own transforms.
    return [
        value
        for name, value in vars(container).items()
        if isinstance(value, TransformNode) and "dataLim" not in name and name != "titleOffsetTrans"
    ]


def _leaves(nodes: Iterable[Any]) -> list[Any]:
    """Return what can be changed in trees of transforms."""
    leaves: list[Any] = []
    seen: set[int] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        is_simple = isinstance(node, Bbox | Affine2D | LockableBbox | TransformWrapper | UnitData)
        if is_simple or [*_public(node)]:
            leaves.append(node)
        stack.extend(child for child in vars(node).values() if isinstance(child, TransformNode))
    return leaves


def current(leaf: Any) -> Any:
    """Return the value of a leaf, to be compared later."""
    if isinstance(leaf, Bbox):
        return leaf.get_points().tobytes()
    if isinstance(leaf, Affine2D):
        return leaf.get_matrix().tobytes()
    if isinstance(leaf, LockableBbox):
        return leaf.locked_x0, leaf.locked_y0, leaf.locked_x1, leaf.locked_y1
    if isinstance(leaf, UnitData):
        return len(leaf._mapping)  # of categories, to which more are added
    if isinstance(leaf, TransformWrapper):
        child: Any = vars(leaf)["_child"]
        return _Identity(child)
    return [*_public(leaf)]


def _public(node: Any) -> Iterator[Any]:
    """Yield the attributes of a transform that others may set, such as the base of a logarithm."""
    for name, value in vars(node).items():
        if name[0] != "_" and name not in _DIMENSIONS and not isinstance(value, TransformNode):
            yield value


class _Identity:
    """Equal to nothing but the same object, which it keeps from being replaced by one at its place."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self._value is other._value

    __hash__ = None  # type: ignore[assignment]
