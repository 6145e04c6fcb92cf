"""The renderers that one process keeps, one for each render, whichever task draws with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .renderer import Renderer
from .source_spec import SourceSpec

#: Renderers that stay although nobody holds them: those of lazy arrays, which nobody says goodbye to.
KEPT_RENDERERS = 2


class RendererPool:
    """Renderers by the name of their render, each made when it is first needed. Thread-safe.

    A renderer that was announced by `hold` stays until it is released as often. Of those that were
    only lent, the ones used last stay; closing one means that its figure is built again if need be.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._renderers: dict[str, Renderer] = {}  # the one used last is last
        self._n_users: dict[str, int] = {}
        self._n_holders: dict[str, int] = {}

    def hold(self, name: str, spec: SourceSpec) -> None:
        """Keep the renderer of a render until `release`; its figure is not built yet.

        Parameters
        ----------
        name : str
            Unique to the render.
        spec : SourceSpec
            What to render.
        """
        with self._lock:
            self._made(name, spec)
            self._n_holders[name] = self._n_holders.get(name, 0) + 1

    def release(self, name: str) -> None:
        """Undo one `hold`; the last one closes the renderer, waiting for a frame that is being drawn."""
        with self._lock:
            self._n_holders[name] -= 1
            if self._n_holders[name]:
                return
            del self._n_holders[name]
            renderer = self._renderers.pop(name)
        renderer.close()

    def held(self, name: str) -> Renderer | None:
        """Return a renderer that is held; None if it is not, or no longer."""
        with self._lock:
            return self._renderers.get(name) if name in self._n_holders else None

    @contextmanager
    def lent(self, name: str, spec: SourceSpec) -> Iterator[Renderer]:
        """Lend the renderer of a render, for which nobody has to call `hold`; arguments as there."""
        with self._lock:
            renderer = self._made(name, spec)
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

    def _made(self, name: str, spec: SourceSpec) -> Renderer:
        renderer = self._renderers.pop(name, None) or Renderer(spec)
        self._renderers[name] = renderer
        return renderer

    def _superfluous(self) -> list[str]:
        kept = [name for name in self._renderers if name not in self._n_holders]
        unused = [name for name in kept if name not in self._n_users]
        return unused[: max(0, len(kept) - KEPT_RENDERERS)]


#: The pool of this process.
renderers = RendererPool()
