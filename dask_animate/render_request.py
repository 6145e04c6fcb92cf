"""A render as the caller asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from .diagnostics import ProgressOptions
from .encoding import OutputOptions
from .execution import ClusterOptions, Plan, PoolFill, StoreRequest
from .params import Params
from .rendering import FaultPolicy, SourceSpec


class Preparation(Protocol):
    """What is done before the frames of a video can be drawn."""

    def __call__(
        self, spec: SourceSpec, cluster: ClusterOptions, *, in_background: bool
    ) -> AbstractContextManager[tuple[SourceSpec, Sequence[PoolFill]]]:
        """Return what draws the frames, and the pools that have to be filled before it does.

        The pools are there until the context ends. Nothing is drawn before it is entered.

        Parameters
        ----------
        spec : SourceSpec
            What draws the frames without pools.
        cluster : ClusterOptions
            Who draws.
        in_background : bool
            True if nothing may be drawn in this process.
        """
        ...


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
    preparation : Preparation or None
        What is done before.
    faults : FaultPolicy
        What to do about frames that fail.
    """

    spec: SourceSpec
    params: Params
    output: OutputOptions
    plan: Plan
    cluster: ClusterOptions
    progress: ProgressOptions
    started: float
    store: StoreRequest | None = None
    preparation: Preparation | None = None
    faults: FaultPolicy = field(default_factory=FaultPolicy)

    def sized(self) -> RenderRequest:
        """Return the request once the size of the frames is known, and whether they have alpha."""
        spec, output, store = self.spec.sized(self.params), self.output, self.store
        if spec.transparent and not output.encode.transparent:
            output = output.with_alpha()
        if store is not None:
            store = replace(store, channels=4 if spec.transparent else 3)
        return replace(self, spec=spec, output=output, store=store)
