"""What a process has to know in order to render a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..frames import FrameSize
from ..params import Params
from ..rendering import PixelSpec
from .clip_source import ClipSource
from .nodes import Node
from .program import Program

if TYPE_CHECKING:
    from ..provenance import Environment


@dataclass(frozen=True)
class ClipSpec:
    """A clip, whose frames are drawn from their indices; travels once to each worker.

    Attributes
    ----------
    program : Program or bytes
        The clip and its sources, or the pickle of them.
    may_draw_again : bool
        As in `SourceSpec`.
    may_have_history : bool
        As in `SourceSpec`; not looked for, as a clip calls its sources in any order.
    draws_figures : bool
        As in `DrawnSpec`.
    transparent : bool
        As in `SourceSpec`.
    size : None
        As in `SourceSpec`; known once the sources are open.
    log_interval : None
        As in `SourceSpec`.
    name : str
        As in `DrawnSpec`.
    """

    program: Program | bytes
    may_draw_again: bool
    draws_figures: bool
    transparent: bool
    size: FrameSize | None = None
    log_interval: int | None = None
    may_have_history = False
    name = "Clip"

    @classmethod
    def of(cls, root: Node, n_frames: int) -> ClipSpec:
        """Return that of a clip; calls ``before_drawing()`` of its sources."""
        drawers = dict.fromkeys(footage.drawer for footage in root.footages())
        return cls._of(Program(root, n_frames, {drawer: drawer.spec() for drawer in drawers}))

    @classmethod
    def _of(cls, program: Program) -> ClipSpec:
        specs = program.specs
        return cls(
            program,
            any(spec.may_draw_again for spec in specs.values()),
            any(getattr(spec, "draws_figures", False) for spec in specs.values()),
            program.root.is_transparent(lambda drawer: specs[drawer].transparent),
        )

    def content(self) -> tuple[Any, ...]:
        """Return all that frames are drawn from."""
        return (self.load(),)

    def expecting(self, environment: Environment | None) -> ClipSpec:
        """Return it as it is: frames of clips are not kept."""
        return self

    def pickled(self) -> ClipSpec:
        """Return it ready to be sent to workers.

        Raises
        ------
        AnimatorPickleError
            If that cannot be done.
        """
        if isinstance(self.program, bytes):
            return self
        return replace(self, program=self.program.dumps())

    def sized(self, params: Params) -> ClipSpec:
        """Return it once it is known whether its frames are transparent."""
        program = self.load()
        specs = dict(program.specs)
        for drawer, (frame_idx, first) in program.first_frames.items():
            if isinstance(spec := specs[drawer], PixelSpec):
                specs[drawer] = spec.shaped(frame_idx, first)
        return self._of(replace(program, specs=specs))

    def source(self) -> ClipSource:
        """Return what draws the frames; nothing is built yet."""
        return ClipSource(self.load)

    def load(self) -> Program:
        """Return the clip and its sources."""
        return Program.loads(self.program) if isinstance(self.program, bytes) else self.program
