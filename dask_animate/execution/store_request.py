"""Where the caller wants frames to be kept, and what they are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, OptionTypeError, ReuseWarning, warn
from ..frames import FrameSize
from ..params import Params
from ..rendering import DrawnSpec
from ..validation import in_short
from .partitioning import Plan

if TYPE_CHECKING:
    from ..provenance import Environment
    from ..storage import FrameStore


@dataclass(frozen=True)
class StoreRequest:
    """Where the caller wants frames to be kept.

    Attributes
    ----------
    place : path, URL or zarr store
        Where.
    overwrite : bool
        Whether to begin anew there.
    channels : int
        3 for RGB, 4 for RGBA.
    token : bytes
        Of all that frames are drawn from, but for their parameters and for what is in the process.
    environment : Environment
        What they depend on in the process that asks for them.
    """

    place: Any
    overwrite: bool
    channels: int
    token: bytes
    environment: Environment

    @classmethod
    def create(
        cls, place: Any, overwrite: object, params: Params, spec: DrawnSpec
    ) -> StoreRequest | None:
        """Check where frames are to be kept, and find the token of what they are drawn from.

        Returns None if they are not to be kept. Warns of what keeps frames from being found again.
        """
        if not isinstance(overwrite, bool):
            raise OptionTypeError(f"overwrite must be True or False, got {in_short(overwrite)}")
        if place is None:
            if overwrite:
                raise OptionError("overwrite=True requires store=")
            return None
        params.check_storable()
        from ..provenance import Observer, content_or_reason
        from ..storage import DRAWN_AGAIN, check_location

        check_location(place, overwrite=overwrite)
        content, reason = content_or_reason(*spec.content())
        if reason is not None:
            warn(f"{spec.name} uses {reason}, which cannot be compared: {DRAWN_AGAIN}", ReuseWarning)
        references = replace(content.references, draw_figures=spec.draws_figures)
        environment = Observer(references).observe()
        if environment.outdated:
            warn(
                f"the file of {', '.join(environment.outdated)} was changed after it was loaded: frames "
                f"are drawn by the older code that is loaded; to draw by the new one, reload it",
                ReuseWarning,
            )
        channels = 4 if spec.transparent else 3
        return cls(place, overwrite, channels, content.token, environment)

    def divided(self, plan: Plan, params: Params, size: FrameSize) -> tuple[Plan, int]:
        """Return the plan of a render whose frames are kept, and how many frames a chunk has there."""
        return plan.with_store(params, size, self.kept_chunk(size))

    def kept_chunk(self, size: FrameSize) -> int | None:
        """Return how many frames a chunk of the store that is there has; None if it is begun anew."""
        from ..storage import chunk_of

        return None if self.overwrite else chunk_of(self.place, self._shape(size))

    def open(self, n_frames: int, size: FrameSize, chunk: int) -> FrameStore:
        """Open the store to write to it; from now on, no earlier render may."""
        from ..storage import open_store

        origin, overwrite = self.environment.origin(), self.overwrite
        shape = self._shape(size)
        return open_store(self.place, n_frames, shape, chunk, overwrite=overwrite, origin=origin)

    def _shape(self, size: FrameSize) -> tuple[int, int, int]:
        return size.height, size.width, self.channels
