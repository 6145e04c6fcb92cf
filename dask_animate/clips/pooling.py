"""Drawing the frames that a render shows more than once: before it, each once, into a pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..drawing import DrawSession, Source
from ..execution import ClusterOptions, PooledFrames, PoolFill, open_pools
from ..frames import FrameSize
from ..params import FrameParams, Params
from ..rendering import DrawnSpec, PixelSpec
from .footage import Footage
from .reuse import Keys

if TYPE_CHECKING:
    from ..provenance import Environment


@dataclass(frozen=True)
class Pool:
    """Frames of a footage that were drawn before.

    Attributes
    ----------
    keys : KeyRuns or KeyList
        Which ones.
    frames : PooledFrames
        Their pixels.
    """

    keys: Keys
    frames: PooledFrames


class _Calls(Sequence[tuple[int, Any]]):
    """With what arguments a source draws some frames, found out when they are asked for."""

    def __init__(self, footage: Footage, keys: Keys) -> None:
        self._footage = footage
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, position: Any) -> Any:
        return self._footage.call(self._keys[position])


@dataclass(frozen=True)
class CallSpec:
    """What draws frames whose parameters are both arguments of ``update()``.

    Attributes
    ----------
    inner : DrawnSpec
        What draws them.
    may_have_history : bool
        As in `SourceSpec`; not looked for, as each frame is drawn once.
    """

    inner: DrawnSpec
    may_have_history = False

    @property
    def name(self) -> str:
        """As in `DrawnSpec`."""
        return self.inner.name

    @property
    def draws_figures(self) -> bool:
        """As in `DrawnSpec`."""
        return self.inner.draws_figures

    @property
    def log_interval(self) -> int | None:
        """As in `SourceSpec`."""
        return self.inner.log_interval

    @property
    def may_draw_again(self) -> bool:
        """As in `SourceSpec`."""
        return self.inner.may_draw_again

    @property
    def size(self) -> FrameSize | None:
        """As in `SourceSpec`."""
        return self.inner.size

    @property
    def transparent(self) -> bool:
        """As in `SourceSpec`."""
        return self.inner.transparent

    def content(self) -> tuple[Any, ...]:
        """Return all that frames are drawn from, but for their parameters; before it is pickled."""
        return self.inner.content()

    def expecting(self, environment: Environment | None) -> CallSpec:
        """Return it with what the frames depend on in the process that asks for them."""
        return replace(self, inner=self.inner.expecting(environment))

    def sized(self, params: Params) -> CallSpec:
        """Return it with the size of its frames; the first is drawn for that if need be."""
        if not isinstance(self.inner, PixelSpec):
            return self
        return replace(self, inner=self.inner.shaped(*params.first()))

    def pickled(self) -> CallSpec:
        """Return it ready to be sent to workers."""
        inner: Any = self.inner.pickled()
        return replace(self, inner=inner)

    def load(self) -> Any:
        """Return the animator."""
        return self.inner.load()

    def source(self) -> Source:
        """Return what draws the frames."""
        return _CallSource(self.inner.source())


class _CallSource:
    """Draws a frame by the arguments in its parameters; everything else is the source's."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def draw(self, frame_idx: int, params: Any, session: DrawSession) -> NDArray[np.uint8]:
        """Draw one frame; see `Source.draw`."""
        own_idx, own_params = params
        return self._source.draw(own_idx, own_params, session)


@contextmanager
def filling(
    plan: Mapping[Footage, Keys],
    specs: Mapping[Any, Any],
    cluster: ClusterOptions,
    store: Any,
    *,
    overwrite: bool,
    in_background: bool,
) -> Iterator[tuple[dict[Footage, Pool], list[PoolFill]]]:
    """Yield the pools of a plan, which are there until this ends, and what fills them.

    Parameters
    ----------
    plan : mapping of Footage to KeyRuns or KeyList
        The frames.
    specs : mapping of Drawer to DrawnSpec
        What draws them.
    cluster : ClusterOptions
        Who draws.
    store, overwrite
        As in `Clip.render`.
    in_background : bool
        True if nothing may be drawn in this process.
    """
    if not plan:
        yield {}, []
        return
    with open_pools(store, overwrite=overwrite) as place:
        pools, fills = {}, []
        for footage, keys in plan.items():
            params = FrameParams(_Calls(footage, keys))
            spec = CallSpec(specs[footage.drawer])
            fill = PoolFill(spec, params, place, cluster, in_background=in_background)
            pools[footage] = Pool(keys, fill.frames)
            fills.append(fill)
        yield pools, fills
