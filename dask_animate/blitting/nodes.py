"""The scene's tree: a node for each artist, and one for each container that draws its children."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch
from matplotlib.projections.polar import PolarAxes

from ._cartopy import is_gridliner, is_map
from ._matplotlib import SET_BY_DRAWING, AxesBase, added_children, has_own_axis_map
from .display_list import DrawCommand, differing_rects
from .invalidation import CLEAN, Dependencies, container_dependencies, linked_axes
from .rectangles import Rect, bounding_rect, union

# Draw methods that only arrange children and draw these in an order found at each call.
_CONTAINER_DRAWS = (Figure.draw, SubFigure.draw, Axes.draw, PolarAxes.draw)

# Attributes of containers that drawing sets. The offset of titles is in their transforms as well; the
# others are what 3D axes compute.
_SET_BY_DRAWING = SET_BY_DRAWING | {"titleOffsetTrans", "M", "invM"}


class ArtistNode:
    """What is recorded as one: an artist, or what a container itself draws in one go.

    Attributes
    ----------
    artist : Artist
        The artist, or the container.
    method : str
        The name of the artist's method that draws it.
    commands : sequence of DrawCommand
        Its display list.
    rect : Rect or None
        A rectangle around all that it draws.
    dependencies : Dependencies or None
        What it depends on; None while that is unknown.
    is_dirty : bool
        Whether it has to be recorded again.
    was_stale : bool
        Whether it was stale before the present frame was recorded.
    was_drawn_by_others : bool
        Whether somebody else drew it since it was recorded.
    has_clip_mask : bool
        Whether it draws through a clip path.
    placement : object
        Where its container put it, if it is something that containers place.
    is_placement_known : bool
        Whether `placement` holds for the next recording.
    has_changed : bool
        Whether it ever drew something else than before. Set by the blitter.
    is_static : bool
        Whether it is part of the background. Set by the blitter.
    reach : Rect or None
        Where it may draw without a look at the background. Set by the blitter.
    """

    __slots__ = (
        *("artist", "commands", "dependencies", "has_changed", "has_clip_mask", "is_dirty"),
        *("is_placement_known", "is_static", "method", "placement", "reach", "rect"),
        *("was_drawn_by_others", "was_stale"),
    )

    def __init__(self, artist: Any, method: str = "draw") -> None:
        self.artist = artist
        self.method = method
        self.commands: Sequence[DrawCommand] = ()
        self.rect: Rect | None = None
        self.dependencies: Dependencies | None = None
        self.is_dirty = self.was_stale = True
        self.was_drawn_by_others = self.has_clip_mask = self.is_placement_known = False
        self.has_changed = self.is_static = False
        self.reach: Rect | None = None
        self.placement: Any = None

    def set_commands(self, commands: Sequence[DrawCommand]) -> list[Rect]:
        """Replace the display list; return the rectangles where it differs from the former one."""
        changed = list(differing_rects(self.commands, commands))
        self.commands = commands
        self.rect = bounding_rect(self.rects())
        self.has_clip_mask = any(command.clip_mask is not None for command in commands)
        return changed

    def update_dirty(self) -> None:
        """Find out whether it has to be recorded again."""
        dependencies = self.dependencies
        self.was_stale = (
            self.artist.stale is not CLEAN if dependencies is None else dependencies.is_stale()
        )
        self.was_drawn_by_others = self.was_stale and self.artist.stale is False
        self.is_dirty = self.was_stale or dependencies is None

    def mark_clean(self) -> None:
        """Take the artist's present state for the one that was recorded."""
        if not is_container(self.artist):
            self.artist.stale = CLEAN

    def full_reach(self) -> Rect | None:
        """Return where it may come to draw: in all of its clip box, or only where it draws now."""
        if self.rect is None or self.artist.clipbox is None or not self.artist.get_clip_on():
            return self.rect
        height = self.artist.get_figure(root=True).bbox.height
        (x0, y0), (x1, y1) = self.artist.clipbox.get_points()
        clip = int(x0) - 3, int(height - y1) - 3, int(x1) + 4, int(height - y0) + 4
        return union(self.rect, clip)

    def rects(self) -> Iterator[Rect]:
        """Yield the rectangles that it draws on."""
        return (command.rect for command in self.commands if command.rect[2])

    def artist_nodes(self) -> Iterator[ArtistNode]:
        """Yield itself."""
        yield self


class ContainerNode:
    """A container, and what it drew last.

    Attributes
    ----------
    container : Figure, SubFigure or Axes
        The container.
    nodes : list of ArtistNode or ContainerNode
        What it drew, in order: its children, and what it drew itself before, between and after them.
    by_child : dict of object to ArtistNode or ContainerNode
        Nodes of its children, by the children's identities.
    own_nodes : list of ArtistNode
        Nodes of what it drew itself.
    structure : object
        Equal as long as it draws the same children in the same order.
    content : set of int
        Identities of children that may change without the container having to arrange anything.
    dependencies : Dependencies or None
        What the container itself depends on; None before it was drawn.
    is_dirty : bool
        Whether the container has to draw again.
    keeps_titles : bool
        Whether its titles stay where they are when it does.
    """

    def __init__(self, container: Any) -> None:
        self.container = container
        self.nodes: list[Node] = []
        self.by_child: dict[Any, Node] = {}
        self.own_nodes: list[ArtistNode] = []
        self.structure: Any = None
        self.content: set[int] = set()
        self.dependencies: Dependencies | None = None
        self.is_dirty = True
        self.keeps_titles = False

    def artist_nodes(self) -> Iterator[ArtistNode]:
        """Yield all artist nodes in it, in draw order."""
        for node in self.nodes:
            yield from node.artist_nodes()

    def child_artist_nodes(self) -> Iterator[ArtistNode]:
        """Yield the nodes of its children that are no containers."""
        for node in self.nodes:
            if isinstance(node, ArtistNode) and node.artist is not self.container:
                yield node

    def rects(self) -> Iterator[Rect]:
        """Yield the rectangles that it draws on."""
        for node in self.artist_nodes():
            yield from node.rects()

    def current_structure(self) -> tuple[Any, Any]:
        """Return all that tells the container's ``draw()`` what to draw, in which order, and how."""
        container = self.container
        children = container.get_children()
        order = [child.get_zorder() for child in children]
        animated = [child.get_animated() for child in children]
        composite = container.get_figure(root=True).suppressComposite
        linked = linked_axes(container)  # whose tick labels its titles are put over
        return (children, order, animated, composite, linked), [*map(id, self._attributes())]

    def _attributes(self) -> list[Any]:
        return [value for name, value in vars(self.container).items() if name not in _SET_BY_DRAWING]

    def mark_clean(self) -> None:
        """Take the container's present state for the one that was drawn."""
        container = self.container
        self.structure = self.current_structure()
        self._kept_alive = self._attributes()  # so that no new object gets the identity of an old one
        self.dependencies = container_dependencies(container)
        self.content = self._current_content()
        self._fixed = self._fixed_children(self.content)

    def _current_content(self) -> set[int]:
        container = self.container
        content = container.get_children()
        if isinstance(container, AxesBase):
            axes: Any = container
            content = [*added_children(container), axes.legend_]
        if is_3d(container):  # it sorts these by their depth
            content = [child for child in content if not isinstance(child, Collection | Patch)]
        # Axes put their titles over the labels of these.
        return {id(child) for child in content if not is_gridliner(child)}

    def _fixed_children(self, content: set[int]) -> list[Any]:
        return [child for child in self.container.get_children() if id(child) not in content]

    def update_dirty(self) -> None:
        """Find out whether the container has to draw, and which children have to be recorded again."""
        structure = self.current_structure()
        is_same = self.dependencies is not None and not self.dependencies.is_stale()
        self.is_dirty = structure != self.structure or not is_same
        self.keeps_titles = self.is_dirty and is_same and self._differs_in_content(structure)
        # The attributes of 3D axes and maps hold the view and the projection of all that is in them.
        has_view = is_3d(self.container) or is_map(self.container)
        is_turned = has_view and structure[1] != self.structure[1]
        for node in self.child_artist_nodes():
            node.update_dirty()
            node.is_dirty |= is_turned

    def _differs_in_content(self, structure: tuple[Any, Any]) -> bool:
        """Whether all that the container arranges is as before."""
        (_, _, _, *what), attributes = structure
        (_, _, _, *former), former_attributes = self.structure
        return (
            (what, attributes) == (former, former_attributes)
            and isinstance(self.container, AxesBase)
            and not is_3d(self.container)
            and self._fixed_children(self._current_content()) == self._fixed
        )

    def depends_on(self, moved: set[int]) -> bool:
        """Whether the container, or an artist in it, depends on any of some leaves."""
        found = [node.dependencies for node in self.nodes if isinstance(node, ArtistNode)]
        return any(one is not None and one.depends_on(moved) for one in (self.dependencies, *found))


Node: TypeAlias = ArtistNode | ContainerNode


def is_3d(container: Any) -> bool:
    """Whether a container is 3D axes whose axis objects can be replaced, as with matplotlib 3.11."""
    module = sys.modules.get("mpl_toolkits.mplot3d.axes3d")
    return (
        module is not None and type(container).draw is module.Axes3D.draw and has_own_axis_map(container)
    )


def is_container(artist: Any) -> bool:
    """Whether an artist only arranges its children and lets these draw."""
    return type(artist).draw in _CONTAINER_DRAWS or is_3d(artist) or is_map(artist)


def node_for(child: Any) -> Node:
    """Return a new node of the kind that an artist needs."""
    return ContainerNode(child) if is_container(child) else ArtistNode(child)
