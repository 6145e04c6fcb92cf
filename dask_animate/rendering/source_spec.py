"""What a process has to know of a render in order to draw its frames."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import cloudpickle

from ..drawing import DrawOptions, FigureSource, FrameSource
from ..errors import AnimatorPickleError, WorkerError

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

    def source(self) -> FrameSource:
        """Return what draws the frames; nothing is built yet."""
        ...

    def load(self) -> Any:
        """Return the animator, if there is one; raise `WorkerError` if it cannot be loaded here."""
        ...

    def pickled(self) -> SourceSpec:
        """Return it ready to be sent to workers; raise `AnimatorPickleError` if that cannot be done."""
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
    """

    animator: Any
    draw: DrawOptions
    settings: Mapping[str, Any]
    log_interval: int | None = None
    environment: Environment | None = None

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
        try:
            data = cloudpickle.dumps(self.animator)
        except Exception as exc:
            raise AnimatorPickleError(_why_not(self.animator, exc)) from exc
        return replace(self, animator=data)

    @property
    def may_draw_again(self) -> bool:
        """Whether frames are drawn incrementally, compared, and may be drawn again."""
        return self.draw.redraw == "auto" and not self.draw.sequential

    def source(self) -> FrameSource:
        """Return what draws the frames, whose figure is not built yet."""
        return FigureSource(self.load, self.draw, self.settings, self.environment)

    def load(self) -> Any:
        """Return a copy of the animator that shares nothing with the caller's."""
        if not isinstance(self.animator, bytes):
            return _copied(self.animator)
        try:
            return pickle.loads(self.animator)
        except Exception as exc:
            raise WorkerError(
                f"the animator cannot be loaded where it is to be drawn: {type(exc).__name__}: {exc}; "
                f"modules that it needs have to be installed on the workers, or be sent there with "
                f"client.upload_file()"
            ) from exc


def _copied(animator: Any) -> Any:
    """Copy an animator in depth, but for attributes such as locks and open files, which are shared."""
    try:
        return copy.deepcopy(animator)
    except Exception:
        attributes = getattr(animator, "__dict__", {})
    shared = {id(value): value for value in attributes.values() if not _works(copy.deepcopy, value)}
    try:
        return copy.deepcopy(animator, shared)
    except Exception:
        return animator  # forbids copies altogether


def _why_not(animator: Any, exc: Exception) -> str:
    name = type(animator).__name__
    attributes = getattr(animator, "__dict__", {})
    at_fault = [
        f"self.{key} ({type(value).__name__})"
        for key, value in attributes.items()
        if not _works(cloudpickle.dumps, value)
    ]
    if not at_fault:
        return f"{name} cannot be pickled, so it cannot be sent to the workers: {exc}"
    return (
        f"{name} cannot be sent to the workers, as {' and '.join(at_fault)} cannot be pickled: {exc}; "
        f"make it in setup(), which runs on each worker, or render here with num_workers=1"
    )


def _works(function: Callable[[Any], Any], value: object) -> bool:
    try:
        function(value)
    except Exception:
        return False
    return True
