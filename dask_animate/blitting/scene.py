"""A figure as a list of recordings in draw order, of which only those that changed are made anew.

The draw methods of figures and of axes run as they are, but their children are replaced by stand-ins,
which record a child only if something that its picture depends on has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure, FigureBase

from ._matplotlib import all_axes
from .display_list import Recorder, differing
from .invalidation import CALM, Watch, current
from .neighbours import neighbours_of, place_of, relatives_of, stays
from .nodes import (
    ArtistNode,
    ChildProxy,
    ContainerNode,
    children_replaced,
    is_container,
    is_spatial,
    part_of,
)
from .rectangles import Rect


class Scene:
    """The recordings of a figure.

    Not thread-safe. After an error it is to be given up.

    Parameters
    ----------
    figure : Figure
        Drawn by `refresh`.
    recorder : Recorder
        Of its size and dpi.

    Attributes
    ----------
    units : list of ArtistNode
        All recordings, in draw order.
    damage : list of Rect
        Around all pixels that the last `refresh` found to differ.
    changed : list of ArtistNode
        What the last `refresh` found to draw something else than before.
    """

    def __init__(self, figure: Figure, recorder: Recorder) -> None:
        self._recorder = recorder
        self._root = ContainerNode(figure)
        self._groups: list[ContainerNode] = [self._root]
        self._leaves: dict[int, tuple[Any, Any]] = {}
        self._fresh: set[int] = set()  # units without a watch that were just recorded
        self._is_first = self._is_unsettled = True
        self.units: list[ArtistNode] = []
        self.damage: list[Rect] = []
        self.changed: list[ArtistNode] = []

    def refresh(self) -> None:
        """Record what has changed."""
        self.damage, self.changed = [], []
        self._groups = [group for group in self._groups if group.container.get_figure(root=True)]
        for axes in all_axes(self._root.container.axes):
            _autoscale(axes)  # before stand-ins are in the place of their axis
        has_to_draw = self._mark()
        if self._is_unsettled:
            self._redraw(self._root, everything=True)
            self._flatten()
        elif has_to_draw:
            for group in self._groups:
                if group.is_dirty:  # and was not drawn with another around it
                    self._redraw(group)
            if self._has_moved():  # what was arranged may take other things along
                self._redraw(self._root, everything=True)
            self._flatten()
        for unit in self.units:
            if unit.is_dirty:
                self._record(unit)
        self._join_masks()
        self._is_first = False

    def settle(self) -> None:
        """Take the present state of all artists for the recorded one, after another drawing of them."""
        for watch in self._watches():
            watch.settle()
        for unit in self.units:
            unit.calm()
        self._find_leaves()

    def differing(self, unit: ArtistNode) -> list[Rect]:
        """Record an artist once more; return where it differs. The recording kept is the former."""
        if is_container(unit.artist):
            return []
        getattr(unit.artist, unit.method)(self._recorder)
        return list(differing(unit.calls, self._recorder.taken()))

    # What has changed

    def _has_moved(self) -> bool:
        """Whether the place, the limits or the scales of anything have changed."""
        return self._is_unsettled or any(current(leaf) != value for leaf, value in self._leaves.values())

    def _mark(self) -> bool:
        """Mark what has to be recorded; return whether a container has to draw."""
        axis: list[tuple[ContainerNode, ArtistNode]] = []
        for group in self._groups:
            group.mark()
            # Titles and axes may have been put elsewhere, which no artist says.
            self._is_unsettled |= any(part.was_drawn for part in group.children())
            is_changed = group.is_dirty
            for unit in group.parts:
                if isinstance(unit, ArtistNode) and unit.is_dirty:
                    is_changed = True
                    if isinstance(unit.artist, Axis) and not is_spatial(group.container):
                        axis.append((group, unit))
                    elif id(unit.artist) not in group.content:
                        unit.is_placed = stays(unit.artist, unit.place, self._recorder)
                        group.is_dirty |= not unit.is_placed
                        group.is_arranged &= unit.is_placed
            if is_changed:
                self._mark_legend(group)
        self._mark_moved()
        self._mark_titles(axis)
        # What is not visible does not find out where it is, but figures do for all of their axes.
        is_hidden = any(group.is_dirty and not group.container.get_visible() for group in self._groups)
        for group in self._groups:
            group.is_dirty |= is_hidden and isinstance(group.container, FigureBase)
        dirty = [group for group in self._groups if group.is_dirty]
        for group in dirty:
            relatives = [] if group.is_arranged else relatives_of(group.container)
            for other in self._groups:
                if any(other.container is relative for relative in relatives):
                    other.is_dirty, other.is_arranged = True, False
                    self._fresh.difference_update(map(id, other.parts))
        return bool(dirty)

    def _mark_moved(self) -> None:
        """Mark the containers with which something has moved, or in which."""
        moved = set()
        for key, (leaf, value) in self._leaves.items():
            now = current(leaf)
            if now != value:
                self._leaves[key] = leaf, now
                moved.add(key)
        if moved:
            for group in self._groups:
                # Figures find out where their axes are.
                if isinstance(group.container, FigureBase) or group.hangs_on(moved):
                    group.is_dirty, group.is_arranged = True, False

    def _mark_titles(self, axis: Iterable[tuple[ContainerNode, ArtistNode]]) -> None:
        """Mark the axes with an axis that looks otherwise now, over which the titles are arranged.

        Many changes of an axis are none, as when the same limits are found again.
        """
        self._fresh = set()
        for group, unit in axis:
            if group.is_arranged or not group.is_dirty:
                self._fresh.add(id(unit))
                if self._record(unit):
                    group.is_dirty, group.is_arranged = True, False

    def _mark_legend(self, group: ContainerNode) -> None:
        """Mark the legend that looks for a free place, if it finds another."""
        unit = group.by_artist.get(id(getattr(group.container, "legend_", None)))
        if isinstance(unit, ArtistNode) and unit.place is not None:
            unit.is_dirty |= unit.place != place_of(unit.artist, self._recorder)

    # Recording

    def _record(self, unit: ArtistNode) -> bool:
        """Record an artist; return whether it looks otherwise.

        What it depends on is looked up if it was not stale. What changes with every frame does not
        need it.
        """
        getattr(unit.artist, unit.method)(self._recorder)
        unit.artist.stale = CALM
        if not unit.is_placed:
            unit.place = place_of(unit.artist, self._recorder)
        unit.is_placed = False
        is_changed = self._take(unit)
        if unit.was_stale and not self._is_first:
            unit.watch = None
        elif unit.watch is None:
            unit.watch = Watch(unit.artist, neighbours_of(unit.artist))
            self._is_unsettled |= not self._add_leaves(unit.watch)
        else:
            unit.watch.settle()
        return is_changed

    def _take(self, unit: ArtistNode) -> bool:
        difference = unit.take(self._recorder.taken())
        unit.is_dirty = False
        if difference:
            self.damage += difference
            self.changed.append(unit)
        return bool(difference)

    def _visit(self, part: ArtistNode | ContainerNode, everything: bool) -> None:
        """Let a part draw, where a container comes to it."""
        if isinstance(part, ContainerNode):
            if everything or part.is_dirty:
                self._redraw(part, everything)
        elif id(part) in self._fresh and not everything:
            pass
        elif part.is_dirty or part.watch is None or part.watch.has_moved():
            self._record(part)
        elif not isinstance(part.artist, Axis) and part.watch.is_stale():
            self._record(part)  # an axis's ticks are marked when a title is arranged around them

    def _redraw(self, group: ContainerNode, everything: bool = False) -> None:
        """Let a container draw, with stand-ins for its children."""
        container, former = group.container, group.parts
        own = iter(group.own)
        by_artist, group.by_artist = group.by_artist, {}
        group.parts, group.own = [], []
        group.is_dirty = False

        def take_own() -> None:
            if self._recorder.has_notes:
                unit = next(own, None) or ArtistNode(container)
                self._take(unit)
                group.own.append(unit)
                group.parts.append(unit)

        def stand_in(child: Any) -> Any:
            if child is container.patch:
                return child
            part = by_artist.get(id(child)) or part_of(child)
            group.by_artist[id(child)] = part

            def draw(method: str) -> None:
                take_own()
                drawn, key = part, (id(child), method)
                if method != "draw":
                    drawn = group.by_artist[key] = by_artist.get(key) or ArtistNode(child, method)
                group.parts.append(drawn)
                self._visit(drawn, everything)

            return ChildProxy(child, draw)

        is_arranged = group.is_arranged and not everything
        with children_replaced(container, stand_in, is_arranged=is_arranged):
            container.draw(self._recorder)
        take_own()
        # What is hidden is forgotten, since it may change until it comes back.
        seen = set(map(id, group.parts))
        group.by_artist = {key: part for key, part in group.by_artist.items() if id(part) in seen}
        group.note()
        self._note_order(former, group.parts)

    def _join_masks(self) -> None:
        """Find out who decides on the clip paths."""
        before = None
        for unit in self.units:
            if unit.is_masked:
                for call in unit.calls:
                    if call.mask is not None:
                        if not call.mask.join(before):
                            self.damage.append(call.rect)
                            self.changed.append(unit)
                        before = call.mask

    def _note_order(
        self, before: list[ArtistNode | ContainerNode], now: list[ArtistNode | ContainerNode]
    ) -> None:
        """Note what went away, what came, and what changed its place in the order."""
        kept, known = {id(part) for part in now}, {id(part) for part in before}
        for part in before:
            if id(part) not in kept:
                self.damage += part.rects()
        old = [part for part in before if id(part) in kept]
        new = [part for part in now if id(part) in known]
        placed = [part for part in now if id(part) not in known]
        placed += [other for one, other in zip(old, new, strict=True) if one is not other]
        for part in placed:
            for unit in part.units():
                unit.reach = None
                self.damage += unit.rects()
                self.changed.append(unit)

    def _flatten(self) -> None:
        self._groups, self.units = [], []

        def walk(group: ContainerNode) -> None:
            self._groups.append(group)
            for part in group.parts:
                if isinstance(part, ContainerNode):
                    walk(part)
                else:
                    self.units.append(part)
                    if isinstance(part.artist, Axis) and part.watch is not None:
                        # Its ticks were marked where a title was arranged, or by its other methods.
                        part.watch.calm()

        walk(self._root)
        present = set(map(id, self.units))
        self.changed = [unit for unit in self.changed if id(unit) in present]
        self._find_leaves()

    def _find_leaves(self) -> None:
        self._leaves = {}
        settled = [self._add_leaves(watch) for watch in self._watches()]
        self._is_unsettled = not all(settled)

    def _watches(self) -> Iterator[Watch]:
        parts: list[ArtistNode | ContainerNode] = [*self.units, *self._groups]
        return (part.watch for part in parts if part.watch is not None)

    def _add_leaves(self, watch: Watch) -> bool:
        """Look after the leaves of a watch; False if one has changed while the figure was drawn."""
        known = self._leaves
        return all(
            [known.setdefault(id(leaf), (leaf, value))[1] == value for leaf, value in watch.leaves]
        )


def _autoscale(axes: Any) -> None:
    """Let axes find their limits, before anything asks for them; the same ones are no change."""
    calm = [axis for axis in axes._axis_map.values() if axis.stale is CALM]
    before = vars(axes)["_viewLim"].get_points().copy()
    if np.array_equal(axes.viewLim.get_points(), before) and axes.name != "3d":
        for axis in calm:
            axis.stale = CALM
