"""A figure as display lists in draw order, of which only those that changed are recorded again.

The draw methods of figures and axes run unchanged, but meet proxies in place of their children. A proxy
records its child only if something that the child's picture depends on has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure, FigureBase

from ._cartopy import is_map, place_boundary
from ._matplotlib import axis_map, view_limits
from .child_proxy import ChildProxy, children_replaced
from .display_list import Recorder, differing_rects
from .invalidation import CLEAN, Dependencies, dependencies_of, leaf_value, linked_axes
from .nodes import ArtistNode, ContainerNode, Node, is_3d, is_container, node_for
from .placement import keeps_placement, placement_of
from .rectangles import Rect


class Scene:
    """The display lists of a figure.

    Not thread-safe. Not to be used again after an error.

    Parameters
    ----------
    figure : Figure
        The figure, which `refresh` records.
    recorder : Recorder
        A recorder of the figure's size and dpi.

    Attributes
    ----------
    nodes : list of ArtistNode
        All artist nodes, in draw order. Another list whenever these, or their order, may have changed.
    dirty_rects : list of Rect
        Rectangles around all pixels that the last `refresh` found to differ.
    changed : list of ArtistNode
        Nodes that the last `refresh` found to draw something else than before.
    """

    def __init__(self, figure: Figure, recorder: Recorder) -> None:
        self._recorder = recorder
        self._root = ContainerNode(figure)
        self._containers: list[ContainerNode] = [self._root]
        self._leaves: dict[int, tuple[Any, Any]] = {}
        self._just_recorded: set[int] = set()  # axis nodes, recorded before their axes draw
        self._is_first = True
        self._must_draw_all = True  # as nothing was drawn yet, or limits were found while drawing
        self.nodes: list[ArtistNode] = []
        self.dirty_rects: list[Rect] = []
        self.changed: list[ArtistNode] = []

    def refresh(self) -> None:
        """Record what has changed."""
        self.dirty_rects, self.changed = [], []
        self._containers = [node for node in self._containers if node.container.get_figure(root=True)]
        for axes in all_axes(self._root.container.axes):
            _autoscale(axes)  # before proxies take the place of its axis objects
            if is_map(axes):
                place_boundary(axes)  # before what is recorded is not stale any more
        has_to_draw = self._update_dirty()
        if self._must_draw_all:
            self._draw_container(self._root, everything=True)
            self._flatten()
        elif has_to_draw:
            for node in self._containers:
                if node.is_dirty:  # and was not drawn as part of another one
                    self._draw_container(node)
            if self._has_moved():  # what containers placed may take others along
                self._draw_container(self._root, everything=True)
            self._flatten()
        for artist_node in self.nodes:
            if artist_node.is_dirty:
                self._record(artist_node)
        self._resolve_clip_masks()
        self._is_first = False

    def mark_clean(self) -> None:
        """Take the present state of all artists for the recorded one, after somebody else drew them."""
        for dependencies in self._all_dependencies():
            dependencies.mark_clean()
        for node in self.nodes:
            node.mark_clean()
        self._find_leaves()

    def differing(self, node: ArtistNode) -> list[Rect]:
        """Record an artist once more, and return where it differs. Its display list stays as it was."""
        if is_container(node.artist):
            return []
        getattr(node.artist, node.method)(self._recorder)
        return list(differing_rects(node.commands, self._recorder.take_commands()))

    # Invalidation

    def _has_moved(self) -> bool:
        """Whether the position, the limits or the scale of anything have changed."""
        return self._must_draw_all or any(
            leaf_value(leaf) != value for leaf, value in self._leaves.values()
        )

    def _update_dirty(self) -> bool:
        """Find out what has to be recorded; return whether a container has to draw."""
        axis_nodes: list[tuple[ContainerNode, ArtistNode]] = []
        for container_node in self._containers:
            container_node.update_dirty()
            # Whoever drew may have moved titles and axes, which no artist marks.
            self._must_draw_all |= any(
                node.was_drawn_by_others for node in container_node.child_artist_nodes()
            )
            axis_nodes += self._invalidate_parent(container_node)
        self._invalidate_moved()
        self._invalidate_for_axis(axis_nodes)
        # What is not visible does not find out where it is, but figures do for all of their axes.
        is_hidden = any(node.is_dirty and not node.container.get_visible() for node in self._containers)
        for container_node in self._containers:
            container_node.is_dirty |= is_hidden and isinstance(container_node.container, FigureBase)
        dirty = [node for node in self._containers if node.is_dirty]
        for node in dirty:
            self._invalidate_linked(node)
        return bool(dirty)

    def _invalidate_parent(self, parent: ContainerNode) -> list[tuple[ContainerNode, ArtistNode]]:
        """Mark a container as dirty if its dirty children require that.

        Returns
        -------
        list of (ContainerNode, ArtistNode)
            The container with each dirty axis, which `_invalidate_for_axis` decides on.
        """
        axis_nodes: list[tuple[ContainerNode, ArtistNode]] = []
        is_changed = parent.is_dirty
        for node in parent.nodes:
            if isinstance(node, ArtistNode) and node.is_dirty:
                is_changed = True
                if isinstance(node.artist, Axis) and not is_3d(parent.container):
                    axis_nodes.append((parent, node))
                elif id(node.artist) not in parent.content:
                    is_kept = keeps_placement(node.artist, node.placement, self._recorder)
                    node.is_placement_known = is_kept
                    parent.is_dirty |= not is_kept
                    parent.keeps_titles &= is_kept
        if is_changed:
            self._invalidate_legend(parent)
        return axis_nodes

    def _invalidate_legend(self, parent: ContainerNode) -> None:
        """Mark a legend that looks for a free place as dirty if it would find another one."""
        axes: Any = parent.container
        node = parent.by_child.get(id(getattr(axes, "legend_", None)))
        if isinstance(node, ArtistNode) and node.placement is not None:
            node.is_dirty |= node.placement != placement_of(node.artist, self._recorder)

    def _invalidate_moved(self) -> None:
        """Mark containers as dirty that depend on a leaf that has changed."""
        moved = set()
        for key, (leaf, value) in self._leaves.items():
            now = leaf_value(leaf)
            if now != value:
                self._leaves[key] = leaf, now
                moved.add(key)
        if moved:
            for node in self._containers:
                # Figures find out where their axes are.
                if isinstance(node.container, FigureBase) or node.depends_on(moved):
                    node.is_dirty, node.keeps_titles = True, False

    def _invalidate_for_axis(self, axis_nodes: Iterable[tuple[ContainerNode, ArtistNode]]) -> None:
        """Mark axes as dirty if an axis looks different now, since titles are arranged around it.

        Many changes of an axis have no effect, such as when the same limits are found again.
        """
        self._just_recorded = set()
        for parent, node in axis_nodes:
            if parent.keeps_titles or not parent.is_dirty:
                self._just_recorded.add(id(node))
                if self._record(node):
                    parent.is_dirty, parent.keeps_titles = True, False

    def _invalidate_linked(self, node: ContainerNode) -> None:
        """Mark the axes as dirty whose titles and labels depend on those of a dirty one."""
        linked = [] if node.keeps_titles else linked_axes(node.container)
        for other in self._containers:
            if any(other.container is axes for axes in linked):
                other.is_dirty, other.keeps_titles = True, False
                self._just_recorded.difference_update(map(id, other.nodes))

    # Recording

    def _record(self, node: ArtistNode) -> bool:
        """Record an artist; return whether it looks different.

        Its dependencies are found if it was not stale. What changes in every frame does not need them.
        """
        getattr(node.artist, node.method)(self._recorder)
        node.artist.stale = CLEAN
        if not node.is_placement_known:
            node.placement = placement_of(node.artist, self._recorder)
        node.is_placement_known = False
        is_changed = self._take_commands(node)
        if node.was_stale and not self._is_first:
            node.dependencies = None
        elif node.dependencies is None:
            node.dependencies = dependencies_of(node.artist)
            self._must_draw_all |= not self._add_leaves(node.dependencies)
        else:
            node.dependencies.mark_clean()
        return is_changed

    def _take_commands(self, node: ArtistNode) -> bool:
        """Give a node what was just recorded; return whether it draws something else than before."""
        rects = node.set_commands(self._recorder.take_commands())
        node.is_dirty = False
        if rects:
            self.dirty_rects += rects
            self.changed.append(node)
        return bool(rects)

    def _visit(self, node: Node, everything: bool) -> None:
        """Record a child, or let it draw, if it needs that when its container comes to it."""
        if isinstance(node, ContainerNode):
            if everything or node.is_dirty:
                self._draw_container(node, everything)
        elif id(node) in self._just_recorded and not everything:
            pass
        elif node.is_dirty or node.dependencies is None or node.dependencies.has_moved():
            self._record(node)
        elif not isinstance(node.artist, Axis) and node.dependencies.is_stale():
            self._record(node)  # but not for ticks, which are stale as soon as a title is arranged

    def _draw_container(self, parent: ContainerNode, everything: bool = False) -> None:
        """Let a container draw, with proxies for its children."""
        container, former = parent.container, parent.nodes
        own_nodes = iter(parent.own_nodes)
        by_child, parent.by_child = parent.by_child, {}
        parent.nodes, parent.own_nodes = [], []
        parent.is_dirty = False

        def take_own_commands() -> None:
            if self._recorder.has_commands:
                node = next(own_nodes, None) or ArtistNode(container)
                self._take_commands(node)
                parent.own_nodes.append(node)
                parent.nodes.append(node)

        def proxy_for(child: Any) -> Any:
            if child is container.patch:
                return child
            node = by_child.get(id(child)) or node_for(child)
            parent.by_child[id(child)] = node

            def draw(method: str) -> None:
                take_own_commands()
                drawn, key = node, (id(child), method)
                if method != "draw":
                    drawn = parent.by_child[key] = by_child.get(key) or ArtistNode(child, method)
                parent.nodes.append(drawn)
                self._visit(drawn, everything)

            return ChildProxy(child, draw)

        keep_titles = parent.keeps_titles and not everything
        with children_replaced(container, proxy_for, keep_titles=keep_titles):
            container.draw(self._recorder)
        take_own_commands()
        # What is hidden is forgotten, since it may change before it comes back.
        drawn = set(map(id, parent.nodes))
        parent.by_child = {key: node for key, node in parent.by_child.items() if id(node) in drawn}
        parent.mark_clean()
        self._compare_order(former, parent.nodes)

    def _resolve_clip_masks(self) -> None:
        """Find out with which mask each command that has a clip path is drawn."""
        previous = None
        for node in self.nodes:
            if node.has_clip_mask:
                for command in node.commands:
                    if command.clip_mask is not None:
                        if not command.clip_mask.follow(previous):
                            self.dirty_rects.append(command.rect)
                            self.changed.append(node)
                        previous = command.clip_mask

    def _compare_order(self, before: list[Node], now: list[Node]) -> None:
        """Note what went away, what is new, and what changed its place in the order."""
        kept, known = {id(node) for node in now}, {id(node) for node in before}
        for node in before:
            if id(node) not in kept:
                self.dirty_rects += node.rects()
        old = [node for node in before if id(node) in kept]
        new = [node for node in now if id(node) in known]
        moved = [node for node in now if id(node) not in known]
        moved += [other for one, other in zip(old, new, strict=True) if one is not other]
        for node in moved:
            for artist_node in node.artist_nodes():
                artist_node.reach = None
                self.dirty_rects += artist_node.rects()
                self.changed.append(artist_node)

    def _flatten(self) -> None:
        """Put the nodes of the tree into lists."""
        self._containers, self.nodes = [], []

        def walk(parent: ContainerNode) -> None:
            self._containers.append(parent)
            for node in parent.nodes:
                if isinstance(node, ContainerNode):
                    walk(node)
                else:
                    self.nodes.append(node)
                    if isinstance(node.artist, Axis) and node.dependencies is not None:
                        # Its ticks became stale as a title was arranged, or in its other draw methods.
                        node.dependencies.mark_artists_clean()

        walk(self._root)
        present = set(map(id, self.nodes))
        self.changed = [node for node in self.changed if id(node) in present]
        self._find_leaves()

    def _find_leaves(self) -> None:
        self._leaves = {}
        agree = [self._add_leaves(dependencies) for dependencies in self._all_dependencies()]
        self._must_draw_all = not all(agree)

    def _all_dependencies(self) -> Iterator[Dependencies]:
        nodes: list[Node] = [*self.nodes, *self._containers]
        return (node.dependencies for node in nodes if node.dependencies is not None)

    def _add_leaves(self, dependencies: Dependencies) -> bool:
        """Add leaves to those that are compared; False if one changed while the figure was drawn."""
        known = self._leaves
        return all(
            [
                known.setdefault(id(leaf), (leaf, value))[1] == value
                for leaf, value in dependencies.leaves
            ]
        )


def all_axes(axes: Iterable[Any]) -> Iterator[Any]:
    """Yield axes, and the insets and secondary axes in them."""
    for one in axes:
        yield one
        yield from all_axes(one.child_axes)


def _autoscale(axes: Any) -> None:
    """Let an axes find its limits before anything asks for them; finding the same ones is no change."""
    clean = [axis for axis in axis_map(axes).values() if axis.stale is CLEAN]
    before = view_limits(axes).get_points().copy()
    if np.array_equal(axes.viewLim.get_points(), before) and axes.name != "3d":
        for axis in clean:
            axis.stale = CLEAN
