"""The pool of renderers in one process: one for each render, used by all tasks that draw it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .renderer import Renderer
from .source_spec import SourceSpec

#: Renderers that are kept although nobody holds them, for lazy arrays, of which the end is unknown.
KEPT_RENDERERS = 2


class RendererPool:
    """The renderers of this process by the name of their render. Thread-safe.

    A renderer that is held is kept until `release` was called as often as `hold`. Of the others, those
    used last are kept; if a closed one is needed again, its figure is built again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._renderers: dict[str, Renderer] = {}  # the one used last is last
        self._n_users: dict[str, int] = {}
        self._n_holders: dict[str, int] = {}

    def hold(self, name: str, spec: SourceSpec) -> None:
        """Make a renderer, and keep it until `release`; its figure is not built yet.

        Parameters
        ----------
        name : str
            Unique to the render.
        spec : SourceSpec
            What to render.
        """
        with self._lock:
            self._made(name, lambda: spec)
            self._n_holders[name] = self._n_holders.get(name, 0) + 1

    def release(self, name: str) -> None:
        """Undo one `hold`; the last one closes the renderer, after the frame that is being drawn."""
        with self._lock:
            self._n_holders[name] -= 1
            if self._n_holders[name]:
                return
            del self._n_holders[name]
            renderer = self._renderers.pop(name)
        renderer.close()

    def held(self, name: str) -> Renderer | None:
        """Return the renderer of a render; None if nobody holds it."""
        with self._lock:
            return self._renderers.get(name) if name in self._n_holders else None

    @contextmanager
    def lent(self, name: str, load: Callable[[], SourceSpec]) -> Iterator[Renderer]:
        """Lend a renderer, made if need be; `hold` need not have been called.

        Parameters
        ----------
        name : str
            Unique to the render.
        load : callable
            Returns what to render; called only if the renderer is to be made.
        """
        with self._lock:
            renderer = self._made(name, load)
            self._n_users[name] = self._n_users.get(name, 0) + 1
        try:
            yield renderer
        finally:
            with self._lock:
                self._n_users[name] -= 1
                if not self._n_users[name]:
                    del self._n_users[name]
                closed = [self._renderers.pop(other) for other in self._superfluous()]
            for old in closed:
                old.close()

    def _made(self, name: str, load: Callable[[], SourceSpec]) -> Renderer:
        renderer = self._renderers.pop(name, None) or Renderer(load())
        self._renderers[name] = renderer
        return renderer

    def _superfluous(self) -> list[str]:
        kept = [name for name in self._renderers if name not in self._n_holders]
        unused = [name for name in kept if name not in self._n_users]
        return unused[: max(0, len(kept) - KEPT_RENDERERS)]


#: The pool of this process.
renderers = RendererPool()
