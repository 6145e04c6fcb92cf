"""Scenes: figures that are changed before their first frame and after their last."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from matplotlib.figure import Figure

from ..drawing import FigureSource
from ..rendering import FigureSpec, loaded

_logger = logging.getLogger("dask_animate.renderer")  # a documented name


class _Scene:
    """An animator whose copy is changed after its ``setup()``.

    Parameters
    ----------
    animator : object
        Something with ``setup()`` and ``update()``.
    enter, leave : callable or None
        Called with the animator: after ``setup()``, and when its figure is about to be closed.
    """

    def __init__(
        self,
        animator: Any,
        enter: Callable[[Any], object] | None,
        leave: Callable[[Any], object] | None,
    ) -> None:
        self.animator = animator
        self._enter = enter
        self._leave = leave
        self._is_entered = False

    def setup(self) -> Figure:
        figure: Figure = self.animator.setup()
        if self._enter is not None:
            self._enter(self.animator)
        self._is_entered = True
        return figure

    def update(self, frame_idx: int, params: Any) -> None:
        self.animator.update(frame_idx, params)

    def leave(self) -> None:
        if self._is_entered and self._leave is not None:
            self._leave(self.animator)


@dataclass(frozen=True)
class SceneSpec(FigureSpec):
    """What a process has to know to draw a scene."""

    @classmethod
    def of(
        cls,
        spec: FigureSpec,
        enter: Callable[[Any], object] | None,
        leave: Callable[[Any], object] | None,
    ) -> Self:
        """Return the spec of a scene, given that of its animator."""
        scene = _Scene(spec.animator, enter, leave)
        return cls(scene, spec.draw, spec.settings, spec.log_interval)

    @property
    def name(self) -> str:
        """Name of the animator's class."""
        return type(self.animator.animator).__name__

    def source(self) -> FigureSource:
        """Return what draws the frames, whose figure is not built yet."""
        return _SceneSource(self.load, self.draw, self.settings, self.environment)

    def load(self) -> Any:
        """Return a copy of the scene that shares nothing with the caller's animator."""
        if isinstance(self.animator, bytes):
            return super().load()
        scene: _Scene = self.animator
        return _Scene(loaded(scene.animator), scene._enter, scene._leave)


class _SceneSource(FigureSource):
    """Lets the scene take down what it has set up before its figure is closed."""

    def close(self) -> None:
        with self.isolated():
            scene, self._animator = self._animator, None
            if isinstance(scene, _Scene):
                try:
                    scene.leave()
                except Exception:  # too late for the video, whose frames are drawn
                    _logger.exception("exit of %s failed", type(scene.animator).__name__)
        super().close()
