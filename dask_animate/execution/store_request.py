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
    from ..storage import FrameCache, FrameStore


@dataclass(frozen=True)
class Origin:
    """What frames are drawn from, but for their parameters.

    Attributes
    ----------
    token : bytes
        Of the object that draws.
    is_known : bool
        False if that cannot be compared, so that no later render has the same token.
    environment : Environment
        What frames depend on in the process that asks for them.
    """

    token: bytes
    is_known: bool
    environment: Environment

    @classmethod
    def of(cls, spec: DrawnSpec) -> Origin:
        """Find it out; warn of what keeps frames from being found again."""
        from ..provenance import Observer, content_or_reason
        from ..storage import DRAWN_AGAIN

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
        return cls(content.token, reason is None, environment)


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
    environment : Environment or None
        What they depend on in the process that asks for them; None if no other render looks for them.
    render : str or None
        Identifies the render in the store; None leaves that to the store.
    """

    place: Any
    overwrite: bool
    channels: int
    token: bytes = b""
    environment: Environment | None = None
    render: str | None = None

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
        from ..storage import check_location

        params.check_storable()
        check_location(place, overwrite=overwrite)
        origin = Origin.of(spec)
        channels = 4 if spec.transparent else 3
        return cls(place, overwrite, channels, origin.token, origin.environment)

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

        return open_store(
            self.place,
            n_frames,
            self._shape(size),
            chunk,
            overwrite=self.overwrite,
            origin={} if self.environment is None else self.environment.origin(),
            render=self.render,
        )

    def cache(self, store: FrameStore) -> FrameCache:
        """Return what a worker needs to find and store frames in the store that was opened."""
        from ..storage import FrameCache

        return FrameCache(store, self.token, is_searched=self.environment is not None)

    def changed_values(self) -> list[str]:
        """Return names of values that differ from the store's last render though no file does."""
        from ..storage import origin_of

        if self.overwrite or self.environment is None:
            return []
        return self.environment.changed_since(origin_of(self.place))

    def _shape(self, size: FrameSize) -> tuple[int, int, int]:
        return size.height, size.width, self.channels
