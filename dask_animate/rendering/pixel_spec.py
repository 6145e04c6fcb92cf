"""What a process has to know in order to draw frames with an object that returns pixels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..drawing import PixelSource
from ..frames import FrameSize
from ..params import Params
from .pickling import loaded, pickled

if TYPE_CHECKING:
    from ..provenance import Environment


@dataclass(frozen=True)
class PixelSpec:
    """The object that draws; travels once to each worker.

    Attributes
    ----------
    drawer : object
        Something with ``setup()`` and ``draw()``, or its pickle.
    seed : int or None
        Seed of the global random states; None leaves them alone.
    shape : tuple of int or None
        Shape of each frame, (height, width, channels); None if no frame was drawn yet.
    log_interval : int or None
        As in `SourceSpec`.
    environment : Environment or None
        What the frames depend on in the process that asks for them; only if they are to be kept.
    begun : list of PixelSource
        The source that has drawn the first frame in this process, until it is used.
    may_draw_again : bool
        As in `SourceSpec`; never.
    may_have_history : bool
        As in `SourceSpec`; not looked for, as each frame is drawn once.
    draws_figures : bool
        As in `DrawnSpec`; never.
    """

    drawer: Any
    seed: int | None
    shape: tuple[int, int, int] | None = None
    log_interval: int | None = None
    environment: Environment | None = None
    begun: list[PixelSource] = field(default_factory=list, compare=False)
    may_draw_again = False
    may_have_history = False
    draws_figures = False

    @property
    def name(self) -> str:
        """Name of the object's class."""
        return type(self.drawer).__name__

    @property
    def size(self) -> FrameSize | None:
        """Size of the frames, if it is known."""
        return None if self.shape is None else FrameSize(*self.shape[:2])

    @property
    def transparent(self) -> bool:
        """Whether frames have an alpha channel, as far as that is known."""
        return self.shape is not None and self.shape[2] == 4

    def content(self) -> tuple[Any, ...]:
        """Return all that frames are drawn from, but for their parameters; before it is pickled."""
        return self.drawer, self.seed

    def expecting(self, environment: Environment | None) -> PixelSpec:
        """Return it with what the frames depend on in the process that asks for them."""
        return replace(self, environment=environment)

    def pickled(self) -> PixelSpec:
        """Return it with the object pickled, so that only who draws needs to load it.

        Raises
        ------
        AnimatorPickleError
            If that cannot be done; names the attributes at fault.
        """
        return replace(self, drawer=pickled(self.drawer), begun=[])

    def sized(self, params: Params) -> PixelSpec:
        """Return it with the shape of its frames; the first is drawn for that if need be.

        The source that has drawn it is used for the next render in this process, which does not draw it
        again.
        """
        if self.shape is not None:
            return self
        source = self.source()
        return replace(self, shape=source.draw_first(params.first()), begun=[source])

    def shaped(self, frame_idx: int, params: Any) -> PixelSpec:
        """Return it with the shape of its frames; any frame is drawn for that if need be."""
        if self.shape is not None:
            return self
        return replace(self, shape=self.source().draw_first(params, frame_idx), begun=[])

    def source(self) -> PixelSource:
        """Return what draws the frames; ``setup()`` was not called yet, unless it has begun."""
        if self.begun:
            return self.begun.pop()
        return PixelSource(self.load, self.seed, self.shape, self.environment)

    def load(self) -> Any:
        """Return a copy of the object that shares nothing with the caller's."""
        return loaded(self.drawer)
