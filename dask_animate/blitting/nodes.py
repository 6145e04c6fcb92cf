"""The parts of a figure: what is recorded as one, and the containers that draw in an order of theirs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axes._base import _AxesBase
from matplotlib.collections import Collection
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch
from matplotlib.projections.polar import PolarAxes

from .display_list import Call, differing
from .invalidation import CALM, Watch, container_watch
from .neighbours import relatives_of
from .rectangles import Rect, around, joined

# Draw methods that leave what is drawn to the children, in an order that they find out each time.
_DELEGATING = (Figure.draw, SubFigure.draw, Axes.draw, PolarAxes.draw)


# Attributes of containers that do not tell what is drawn, but change: the titles' offset is in their
# transforms as well, the others are what 3D axes compute when they draw.
_UNIMPORTANT = frozenset(("_stale", "titleOffsetTrans", "M", "invM", "_view_u", "_view_v", "_view_w"))


class ArtistNode:
    """Something that is recorded as one: an artist, or what a container draws by itself in one go.

    Attributes
    ----------
    artist : Artist
        The artist, or the container.
    method : str
        Name of the artist's method that draws it.
    calls : sequence of Call
        What it draws.
    rect : Rect or None
        Around all that it draws.
    watch : Watch or None
        What it depends on; None while that is not known.
    is_dirty, was_stale, was_drawn : bool
        Whether it has to be recorded again; whether it was stale before anything was drawn; whether
        others drew it since it was recorded.
    is_masked : bool
        Whether it draws through a clip path.
    is_moving, is_still : bool
        Whether it has ever changed; whether it is part of the base. Kept here for the blitter.
    reach : Rect or None
        Where it may be drawn without a look at the base. Likewise.
    place : object
        Where its container put it, for those that are put somewhere.
    is_placed : bool
        Whether that is known to be so still.
    """

    __slots__ = (
        *("artist", "calls", "is_dirty", "is_masked", "is_moving", "is_placed", "is_still", "method"),
        *("place", "reach", "rect", "was_drawn", "was_stale", "watch"),
    )

    def __init__(self, artist: Any, method: str = "draw") -> None:
        self.artist = artist
        self.method = method
        self.calls: Sequence[Call] = ()
        self.rect: Rect | None = None
        self.watch: Watch | None = None
        self.is_dirty = self.was_stale = True
        self.is_masked = self.is_moving = self.is_placed = self.is_still = self.was_drawn = False
        self.reach: Rect | None = None
        self.place: Any = None

    def take(self, calls: Sequence[Call]) -> list[Rect]:
        """Take a new recording, and return where it differs from the former."""
        changed = list(differing(self.calls, calls))
        self.calls = calls
        self.rect = around(call.rect for call in calls if call.rect[2])
        self.is_masked = any(call.mask is not None for call in calls)
        return changed

    def mark(self) -> None:
        """Find out whether it has to be recorded again."""
        watch = self.watch
        self.was_stale = self.artist.stale is not CALM if watch is None else watch.is_stale()
        self.was_drawn = self.was_stale and self.artist.stale is False
        self.is_dirty = self.was_stale or watch is None

    def calm(self) -> None:
        """Take what the artist says for what it was when it was recorded."""
        if not is_container(self.artist):
            self.artist.stale = CALM

    def full_reach(self) -> Rect | None:
        """Return where it may come to draw: all of its clip, or else where it does now."""
        if self.rect is None or self.artist.clipbox is None or not self.artist.get_clip_on():
            return self.rect
        height = self.artist.get_figure(root=True).bbox.height
        (x0, y0), (x1, y1) = self.artist.clipbox.get_points()
        clip = int(x0) - 3, int(height - y1) - 3, int(x1) + 4, int(height - y0) + 4
        return joined(self.rect, clip)

    def rects(self) -> Iterator[Rect]:
        """Yield what it draws on."""
        return (call.rect for call in self.calls if call.rect[2])

    def units(self) -> Iterator[ArtistNode]:
        """Yield itself."""
        yield self


class ContainerNode:
    """A container, and what it draws, in order.

    Attributes
    ----------
    container : Figure, SubFigure or Axes
        What it is.
    parts : list of Unit or Group
        What it drew the last time.
    by_artist : dict of object to Unit or Group
        Of its children, by their identities.
    own : list of ArtistNode
        Those of its parts that are no children.
    structure : object
        Equal as long as it draws the same things in the same order.
    content : set of int
        Identities of children that can change without the container having to arrange something.
    watch : Watch or None
        What the container depends on itself.
    is_dirty, is_arranged : bool
        Whether the container has to draw again; whether its titles stay where they are then.
    """

    def __init__(self, container: Any) -> None:
        self.container = container
        self.parts: list[ArtistNode | ContainerNode] = []
        self.by_artist: dict[Any, ArtistNode | ContainerNode] = {}
        self.own: list[ArtistNode] = []
        self.structure: Any = None
        self.content: set[int] = set()
        self.watch: Watch | None = None
        self.is_dirty = True
        self.is_arranged = False

    def units(self) -> Iterator[ArtistNode]:
        """Yield all recordings in it."""
        for part in self.parts:
            yield from part.units()

    def rects(self) -> Iterator[Rect]:
        """Yield what it draws on."""
        for unit in self.units():
            yield from unit.rects()

    def current_structure(self) -> tuple[Any, Any]:
        """Return whatever tells the container's draw() what to draw, in which order, and how."""
        container = self.container
        children = container.get_children()
        order = [child.get_zorder() for child in children]
        animated = [child.get_animated() for child in children]
        composite = container.get_figure(root=True).suppressComposite
        relatives = relatives_of(container)  # over the ticks of which the titles are put
        return (children, order, animated, composite, relatives), [*map(id, self._attributes())]

    def _attributes(self) -> list[Any]:
        return [value for name, value in vars(self.container).items() if name not in _UNIMPORTANT]

    def note(self) -> None:
        """Take the container's present state for the one that was drawn."""
        container = self.container
        self.structure = self.current_structure()
        self._kept = self._attributes()  # so that their identities stay theirs
        self.watch = container_watch(container)
        self.content = self._current_content()
        self._fixed = self._fixed_children(self.content)

    def _current_content(self) -> set[int]:
        container = self.container
        free = container.get_children()
        if isinstance(container, _AxesBase):
            free = [*vars(container)["_children"], container.legend_]
        if is_spatial(container):  # it sorts these by their depth
            free = [child for child in free if not isinstance(child, Collection | Patch)]
        return set(map(id, free))

    def _fixed_children(self, content: set[int]) -> list[Any]:
        return [child for child in self.container.get_children() if id(child) not in content]

    def mark(self) -> None:
        """Find out whether the container has to draw again, and units to be recorded."""
        structure = self.current_structure()
        is_same = self.watch is not None and not self.watch.is_stale()
        self.is_dirty = structure != self.structure or not is_same
        self.is_arranged = self.is_dirty and is_same and self._differs_in_content(structure)
        # The attributes of 3D axes are how they are looked at, which changes all that is in them.
        is_turned = is_spatial(self.container) and structure[1] != self.structure[1]
        for unit in self.children():
            unit.mark()
            unit.is_dirty |= is_turned

    def children(self) -> Iterator[ArtistNode]:
        """Yield the recordings of its children that are no containers."""
        for part in self.parts:
            if isinstance(part, ArtistNode) and part.artist is not self.container:
                yield part

    def _differs_in_content(self, structure: tuple[Any, Any]) -> bool:
        """Whether what the container has to arrange is the same as before."""
        (_, _, _, *what), attributes = structure
        (_, _, _, *former), former_attributes = self.structure
        return (
            (what, attributes) == (former, former_attributes)
            and isinstance(self.container, _AxesBase)
            and not is_spatial(self.container)
            and self._fixed_children(self._current_content()) == self._fixed
        )

    def hangs_on(self, moved: set[int]) -> bool:
        """Whether it, or anything in it that is no container, depends on any of some leaves."""
        watches = [part.watch for part in self.parts if isinstance(part, ArtistNode)]
        return any(watch is not None and watch.hangs_on(moved) for watch in (self.watch, *watches))


class ChildProxy:
    """What a container's draw() meets in the place of a child.

    Parameters
    ----------
    child : Artist
        What it stands for.
    draw : callable
        Called with the name of the method that is to draw.
    """

    def __init__(self, child: Any, draw: Callable[[str], None]) -> None:
        self._child = child
        self._draw = draw

    def draw(self, renderer: Any) -> None:
        """Record the child, if it has changed."""
        self._draw("draw")

    def draw_pane(self, renderer: Any) -> None:
        """Record the pane of an axis of 3D axes."""
        self._draw("draw_pane")

    def draw_grid(self, renderer: Any) -> None:
        """Record the grid of an axis of 3D axes."""
        self._draw("draw_grid")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._child)

    def __eq__(self, other: object) -> bool:
        return other is self._child or (type(other) is ChildProxy and other._child is self._child)

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._child, name)


def is_spatial(container: Any) -> bool:
    """Whether a container is 3D axes of which the axis can be replaced, as of matplotlib 3.11."""
    module = sys.modules.get("mpl_toolkits.mplot3d.axes3d")
    return (
        module is not None
        and type(container).draw is module.Axes3D.draw
        and "_axis_map" in vars(container)
    )


def is_container(artist: Any) -> bool:
    """Whether an artist leaves what is drawn to its children."""
    return type(artist).draw in _DELEGATING or is_spatial(artist)


def part_of(child: Any) -> ArtistNode | ContainerNode:
    """Return the kind of part that is fit for an artist."""
    return ContainerNode(child) if is_container(child) else ArtistNode(child)


@contextmanager
def children_replaced(
    container: Any, stand_in: Callable[[Any], Any], *, is_arranged: bool
) -> Iterator[None]:
    """Let a container meet others in the place of its children, and perhaps leave its titles alone."""
    children = [stand_in(child) for child in container.get_children()]
    axes = container._axis_map if is_spatial(container) else None
    container.get_children = lambda: list(children)
    is_arranged = is_arranged and "_update_title_position" not in vars(container)
    if is_arranged:
        container._update_title_position = lambda renderer: None
    if axes is not None:
        container._axis_map = {name: stand_in(axis) for name, axis in axes.items()}
    try:
        yield
    finally:
        del container.get_children
        if is_arranged:
            del container._update_title_position
        if axes is not None:
            container._axis_map = axes
