"""Some of the frames of an animation, drawn as they would be among all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..drawing import FRAME, DrawOptions, seed_random_states
from ..renderable import Renderable
from ..rendering import DrawnSpec, FigureSpec, PixelSpec


class Part(Renderable):
    """The frames of an animation from one on.

    Parameters
    ----------
    whole : Renderable
        The animation.
    start : int
        Index of its frame that becomes the first.
    """

    def __init__(self, whole: Renderable, start: int) -> None:
        self._whole = whole
        self._start = start

    def _draw_options(self, savefig_params: Mapping[str, Any] | None, **options: Any) -> DrawOptions:
        return self._whole._draw_options(savefig_params, **options)

    def _spec(self, draw: DrawOptions, log_interval: int | None = None) -> DrawnSpec:
        spec = self._whole._spec(draw, log_interval)
        if isinstance(spec, FigureSpec):
            return replace(spec, animator=_Later(spec.animator, self._start, draw.seed))
        assert isinstance(spec, PixelSpec)
        return replace(spec, drawer=_Later(spec.drawer, self._start, draw.seed))


class _Later:
    """Draws with other frame indices, and with the random numbers that belong to them."""

    def __init__(self, drawer: Any, start: int, seed: int | None) -> None:
        self._drawer = drawer
        self._start = start
        self._seed = seed

    def setup(self) -> Any:
        return self._drawer.setup()

    def update(self, frame_idx: int, params: Any) -> None:
        self._drawer.update(self._index(frame_idx), params)

    def draw(self, frame_idx: int, params: Any) -> Any:
        return self._drawer.draw(self._index(frame_idx), params)

    def _index(self, frame_idx: int) -> int:
        if self._seed is not None:
            seed_random_states(self._seed, FRAME, frame_idx + self._start)
        return frame_idx + self._start
