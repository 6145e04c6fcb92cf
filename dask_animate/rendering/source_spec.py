"""What a process has to know of a render in order to draw its frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from ..drawing import DrawOptions, Source
from ..frames import FrameSize
from ..params import Params
from .pickling import loaded, pickled

if TYPE_CHECKING:
    from ..provenance import Environment

# rcParams that no pixel depends on.
_NOT_DRAWN = ("animation.", "backend", "interactive", "keymap.", "macosx.", "tk.", "toolbar", "webagg.")


class SourceSpec(Protocol):
    """What a process has to know in order to draw frames; can be pickled."""

    @property
    def log_interval(self) -> int | None:
        """Frames between two lines in the log of each worker."""
        ...

    @property
    def may_draw_again(self) -> bool:
        """Whether a partition may turn out wrong, so that its parameters are needed once more."""
        ...

    @property
    def may_have_history(self) -> bool:
        """Whether frames may depend on those drawn before them, which is to be found out."""
        ...

    @property
    def size(self) -> FrameSize | None:
        """Size of the frames; None if a source has to be opened to know it."""
        ...

    @property
    def transparent(self) -> bool:
        """Whether frames have an alpha channel that counts; False as long as that is not known."""
        ...

    def source(self) -> Source:
        """Return what draws the frames; nothing is built yet."""
        ...

    def sized(self, params: Params) -> SourceSpec:
        """Return it with the size of its frames, if sources cannot tell that before they have drawn one.

        Then the first frame is drawn here, with the first of the parameters, which are not consumed.
        """
        ...

    def load(self) -> Any:
        """Return the animator, if there is one; raise `WorkerError` if it cannot be loaded here."""
        ...

    def pickled(self) -> SourceSpec:
        """Return it ready to be sent to workers; raise `AnimatorPickleError` if that cannot be done."""
        ...


class DrawnSpec(SourceSpec, Protocol):
    """What has to be known of frames that are drawn by an object of the caller's."""

    @property
    def name(self) -> str:
        """Name of that object's class."""
        ...

    @property
    def draws_figures(self) -> bool:
        """Whether frames depend on matplotlib, even if the object does not mention it."""
        ...

    def content(self) -> tuple[Any, ...]:
        """Return all that frames are drawn from, but for their parameters; before it is pickled."""
        ...

    def expecting(self, environment: Environment | None) -> Self:
        """Return it with what the frames depend on in the process that asks for them."""
        ...


@dataclass(frozen=True)
class FigureSpec:
    """The animator, and how its figure is to look; travels once to each worker.

    Attributes
    ----------
    animator : object
        Something with ``setup()`` and ``update()``, or its pickle.
    draw : DrawOptions
        How its figure becomes pixels.
    settings : mapping
        The caller's rcParams.
    log_interval : int or None
        Frames between two lines in the log of each worker.
    environment : Environment or None
        What the frames depend on in the process that asks for them; only if they are to be kept.
    draws_figures : bool
        As in `DrawnSpec`; always.
    size : None
        As in `SourceSpec`; known once the figure is built.
    """

    animator: Any
    draw: DrawOptions
    settings: Mapping[str, Any]
    log_interval: int | None = None
    environment: Environment | None = None
    draws_figures = True
    size = None

    @property
    def name(self) -> str:
        """Name of the animator's class."""
        return type(self.animator).__name__

    @property
    def transparent(self) -> bool:
        """Whether the figure is drawn without a background."""
        return self.draw.transparent

    def content(self) -> tuple[Any, ...]:
        """Return all that frames are drawn from, but for their parameters; before it is pickled."""
        look = {name: value for name, value in self.settings.items() if not name.startswith(_NOT_DRAWN)}
        draw = vars(self.draw) | {"redraw": self.draw.redraw == "blit"}
        del draw["sequential"]  # such frames are not kept
        return self.animator, draw, look

    def pickled(self) -> FigureSpec:
        """Return it with the animator pickled, so that only who draws needs to load it.

        Raises
        ------
        AnimatorPickleError
            If that cannot be done; names the attributes at fault.
        """
        return replace(self, animator=pickled(self.animator))

    def expecting(self, environment: Environment | None) -> Self:
        """Return it with what the frames depend on in the process that asks for them."""
        return replace(self, environment=environment)

    def sized(self, params: Params) -> FigureSpec:
        """Return it as it is: a figure has a size before it is drawn."""
        return self

    @property
    def may_draw_again(self) -> bool:
        """Whether frames are drawn incrementally, compared, and may be drawn again."""
        return self.draw.redraw == "auto" and not self.draw.sequential

    @property
    def may_have_history(self) -> bool:
        """Whether ``update()`` may keep something from frame to frame where it must not."""
        return not self.draw.sequential

    def source(self) -> Source:
        """Return what draws the frames, whose figure is not built yet."""
        from ..drawing import FigureSource

        return FigureSource(self.load, self.draw, self.settings, self.environment)

    def load(self) -> Any:
        """Return a copy of the animator that shares nothing with the caller's."""
        return loaded(self.animator)
