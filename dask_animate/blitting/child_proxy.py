"""Proxies through which a container meets its children while it draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from ._matplotlib import axis_map, set_axis_map, titles_kept_in_place
from .nodes import is_3d


class ChildProxy:
    """What a container's ``draw()`` meets in place of a child.

    Parameters
    ----------
    child : Artist
        The child. The proxy has its attributes, is equal to it and claims to be of its class.
    draw : callable
        Called with the name of the draw method in place of that method.
    """

    def __init__(self, child: Any, draw: Callable[[str], None]) -> None:
        self._child = child
        self._draw = draw

    def draw(self, renderer: Any) -> None:
        """Call `draw` in place of the child."""
        self._draw("draw")

    def draw_pane(self, renderer: Any) -> None:
        """Call `draw` in place of an axis of 3D axes."""
        self._draw("draw_pane")

    def draw_grid(self, renderer: Any) -> None:
        """Call `draw` in place of an axis of 3D axes."""
        self._draw("draw_grid")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._child)

    def __eq__(self, other: object) -> bool:
        return other is self._child or (type(other) is ChildProxy and other._child is self._child)

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._child, name)


@contextmanager
def children_replaced(
    container: Any, proxy_for: Callable[[Any], Any], *, keep_titles: bool
) -> Iterator[None]:
    """Give a container proxies for its children; keep its titles in place if that is asked for."""
    proxies: dict[int, Any] = {}
    get_children = container.get_children

    def get_proxies() -> list[Any]:
        """Return proxies also for what a draw adds, such as the background of a map."""
        children = get_children()
        for child in children:
            if id(child) not in proxies:
                proxies[id(child)] = proxy_for(child)
        return [proxies[id(child)] for child in children]

    axes = axis_map(container) if is_3d(container) else None
    container.get_children = get_proxies
    if axes is not None:
        set_axis_map(container, {name: proxy_for(axis) for name, axis in axes.items()})
    try:
        with titles_kept_in_place(container) if keep_titles else nullcontext():
            yield
    finally:
        del container.get_children
        if axes is not None:
            set_axis_map(container, axes)
