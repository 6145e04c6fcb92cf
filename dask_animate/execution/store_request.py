"""Where the caller wants frames to be kept, and what they are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, OptionTypeError, ReuseWarning, warn
from ..params import Params
from ..rendering import DrawnSpec
from ..validation import in_short

if TYPE_CHECKING:
    from ..provenance import Environment


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
