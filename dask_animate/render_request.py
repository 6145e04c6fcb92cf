"""A render as the caller asked for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .diagnostics import ProgressOptions
from .encoding import OutputOptions
from .execution import ClusterOptions, Plan, PooledFrames, StoreRequest
from .params import Params
from .rendering import DrawnSpec, SourceSpec


@dataclass(frozen=True)
class Pooling:
    """Frames that are drawn before the video, as it shows them more than once.

    Attributes
    ----------
    sources : sequence of (DrawnSpec, Params)
        What to draw; consumed.
    store : path, URL or zarr store, or None
        Where the caller wants frames to be kept.
    overwrite : bool
        Whether to begin anew there.
    attach : callable
        Returns the spec of the video with the frames in it, given the spec without them and the pool of
        each source, which is not filled yet.
    """

    sources: Sequence[tuple[DrawnSpec, Params]]
    store: Any
    overwrite: bool
    attach: Callable[[SourceSpec, Sequence[PooledFrames]], SourceSpec]


@dataclass(frozen=True)
class RenderRequest:
    """A video that is to be made: of what, how, where, by whom. All of it is checked.

    Attributes
    ----------
    spec : SourceSpec
        What to draw.
    params : Params
        The frames' parameters; consumed.
    output : OutputOptions
        The file, how frames are encoded, and when they are shown.
    plan : Plan
        How the work is divided.
    cluster : ClusterOptions
        Who draws.
    progress : ProgressOptions
        What is shown of the render while it runs.
    started : float
        When the caller asked for it, by `time.perf_counter`.
    store : StoreRequest or None
        Where frames are kept.
    pooling : Pooling or None
        What is drawn before.
    """

    spec: SourceSpec
    params: Params
    output: OutputOptions
    plan: Plan
    cluster: ClusterOptions
    progress: ProgressOptions
    started: float
    store: StoreRequest | None = None
    pooling: Pooling | None = None

    def sized(self) -> RenderRequest:
        """Return the request once the size of the frames is known, and whether they have alpha."""
        spec, output, store = self.spec.sized(self.params), self.output, self.store
        if spec.transparent and not output.encode.transparent:
            output = output.with_alpha()
        if store is not None:
            store = replace(store, channels=4 if spec.transparent else 3)
        return replace(self, spec=spec, output=output, store=store)
