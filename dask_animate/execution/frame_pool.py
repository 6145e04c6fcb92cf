"""Frame pools: frames that are drawn once, into a store, and then read in any order, in any process."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import Event, Listener, PoolRendered
from ..errors import StoreError
from ..memory import POOLED_BYTES
from ..params import Params
from ..recent import Recent
from ..rendering import DrawnSpec, TaskSpec
from .cluster import ClusterOptions
from .executor import Executor, Tasks
from .executor_choice import choose_executor
from .partitioning import Plan
from .store_request import Origin, StoreRequest
from .temporary_place import temporary_place

if TYPE_CHECKING:
    from ..storage import VerifiedFrames


@dataclass(frozen=True)
class PoolPlace:
    """Where pools are made; see `open_pools`.

    Attributes
    ----------
    place : path, URL or zarr store
        Pools are stores below it.
    is_temporary : bool
        Whether pools go when the place is left, so that no other render looks for frames in them.
    overwrite : bool
        Whether pools that are there are begun anew.
    """

    place: Any
    is_temporary: bool
    overwrite: bool = False
    _used: Counter[str] = field(default_factory=Counter, compare=False)
    _temporary: list[str] = field(default_factory=list, compare=False)

    def request(self, params: Params, spec: DrawnSpec) -> StoreRequest:
        """Return the request for a pool of a source's frames, which has a name of its own."""
        from ..storage import check_location, pool_name, within

        params.check_storable()
        render = uuid.uuid4().hex
        origin = None if self.is_temporary else Origin.of(spec)
        if origin is None or not origin.is_known:
            name = pool_name(render, 1)
            self._temporary.append(name)
            place = within(self.place, name)
            return StoreRequest(place, overwrite=False, channels=3, render=render)
        token = origin.token.hex()
        self._used[token] += 1  # equal sources may be drawn from unequal parameters
        place = within(self.place, pool_name(token, self._used[token]))
        check_location(place, overwrite=self.overwrite)
        return StoreRequest(place, self.overwrite, 3, origin.token, origin.environment, render)

    def discard_temporary(self) -> None:
        """Delete the pools in which no other render can find frames."""
        from ..storage import discard_pool

        while self._temporary:
            with suppress(StoreError):  # one was raised before
                discard_pool(self.place, self._temporary.pop())


@contextmanager
def open_pools(store: Any = None, *, overwrite: bool = False) -> Iterator[PoolPlace]:
    """Yield the place for the pools of a render.

    Parameters
    ----------
    store : path, URL or zarr store, optional
        Where the caller wants frames to be kept. By default pools are in a temporary directory, which is
        deleted when the place is left, in whichever way; those of killed processes are deleted before.
    overwrite : bool, default: False
        Whether to begin anew those pools in the caller's store that are filled.
    """
    if store is not None:
        place = PoolPlace(store, is_temporary=False, overwrite=overwrite)
        try:
            yield place
        finally:
            place.discard_temporary()
        return
    with temporary_place() as folder:
        yield PoolPlace(Path(folder), is_temporary=True)


class PoolFill:
    """Draws all frames of a source, each once, into a pool. `run` is called once.

    The frames stay where they are drawn: this process reads none of them. With the caller's store, a
    frame is drawn only if the pool lacks it, or if anything that it is drawn from has changed. The
    constructor finds out what is wrong before anything is drawn.

    Parameters
    ----------
    spec : DrawnSpec
        What to draw.
    params : Params
        The frames' parameters; consumed.
    place : PoolPlace
        Where the pool is made.
    cluster : ClusterOptions
        Who draws.
    plan : Plan, optional
        How the work is divided.
    in_background : bool, default: False
        True if nothing may be drawn in this process.

    Attributes
    ----------
    frames : PooledFrames
        Where the frames can be read once `run` has returned; may be pickled before.
    executor : Executor
        Draws the frames; other threads may cancel it.
    """

    def __init__(
        self,
        spec: DrawnSpec,
        params: Params,
        place: PoolPlace,
        cluster: ClusterOptions,
        plan: Plan | None = None,
        *,
        in_background: bool = False,
    ) -> None:
        request = place.request(params, spec)
        sized = spec.expecting(request.environment).sized(params)
        self._request = replace(request, channels=4 if sized.transparent else 3)
        self._params = params
        self._plan = plan or Plan.create("auto", 8, "auto", params)
        self._hint = _hint(place) if place.is_temporary else ""
        self.frames = PooledFrames(self._request.place, self._request.render or "", self._hint)
        self.executor: Executor = choose_executor(
            cluster, sized, params.n_frames, only_elsewhere="wait=False" if in_background else None
        )

    def run(self, *listeners: Listener) -> PooledFrames:
        """Draw the frames that the pool lacks, and return all of them.

        Parameters
        ----------
        *listeners : callable
            Told of each event, in this thread.

        Raises
        ------
        StoreError
            If a worker does not see the place of the pool, or if the disk is full.
        """
        try:
            with self.executor as executor:
                self._fill(executor, listeners)
        except StoreError as exc:
            if self._hint:
                raise StoreError(f"{exc}{self._hint}") from exc
            raise
        return self.frames

    def _fill(self, executor: Executor, listeners: Sequence[Listener]) -> None:
        from .store_session import StoreSession

        def emit(event: Event) -> None:
            for listener in listeners:
                listener(event)

        params, request = self._params, self._request
        params.check_memory(executor.thread_bytes(), self._plan.partition_size)
        size = executor.build()[0].size
        plan, session = StoreSession.begin(request, self._plan, params, size, executor, emit)
        try:
            task = TaskSpec(cache=request.cache(session.store))
            n_frames = 0
            for output in executor.outputs(params, plan, Tasks(task, task), lambda frame_idx: None):
                session.take(output)
                n_frames += output.n_frames
                emit(PoolRendered(output.report))
            session.complete(n_frames)
        finally:
            session.close()


class PooledFrames:
    """Frames in a pool, for access in any order.

    Can be pickled, also before they are there. Thread-safe. Each process keeps the chunks that it read
    last, of all pools together up to `memory.POOLED_BYTES`. What is read is verified: frames that
    anybody else has changed are an error.

    Parameters
    ----------
    place : path, URL or zarr store
        Of the pool.
    render : str
        Identifies the render that filled it.
    hint : str
        What to do if it is not seen; ends an error message.
    """

    def __init__(self, place: Any, render: str, hint: str = "") -> None:
        self._place, self._render, self._hint = place, render, hint
        self._opened: VerifiedFrames | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def __len__(self) -> int:
        return self._array().shape[0]

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each frame."""
        height, width, channels = self._array().shape[1:]
        return height, width, channels

    def frame(self, position: int) -> NDArray[np.uint8]:
        """Return a frame.

        Parameters
        ----------
        position : int
            Which one, from 0 on, in the order of the parameters.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3 or 4)
            RGB or RGBA; read-only.

        Raises
        ------
        StoreError
            If it cannot be read here, or is not as it was drawn.
        """
        array = self._array()
        n_frames, chunk = array.shape[0], array.chunks[0]
        if not 0 <= position < n_frames:
            raise IndexError(f"position must be from 0 to {n_frames - 1}, got {position}")
        idx = position // chunk
        frames = _chunks.get((self._render, idx), lambda: self._read(array, idx * chunk))
        frame: NDArray[np.uint8] = frames[position - idx * chunk]
        return frame

    def _array(self) -> VerifiedFrames:
        if self._opened is None:
            from ..storage import open_complete

            try:
                self._opened = open_complete(self._place, self._render)
            except StoreError as exc:
                raise StoreError(f"{exc}{self._hint}") from exc
        return self._opened

    def _read(self, array: VerifiedFrames, start: int) -> NDArray[np.uint8]:
        frames = array[(slice(start, min(start + array.chunks[0], len(self))),)]
        frames.flags.writeable = False
        return frames


class _Chunks:
    """The chunks that this process read last, up to a number of bytes, but always the last one."""

    def __init__(self, max_bytes: int) -> None:
        self._kept: Recent[tuple[str, int], NDArray[np.uint8]] = Recent(max_bytes)
        self._lock = threading.Lock()

    def get(self, key: tuple[str, int], read: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Return a chunk, read if need be; threads wait for each other, lest they read the same one."""
        with self._lock:
            chunk = self._kept.find(key)
            if chunk is None:
                chunk = read()
                self._kept.keep(key, chunk, chunk.nbytes)
            return chunk


_chunks = _Chunks(POOLED_BYTES)


def _hint(place: PoolPlace) -> str:
    return (
        f"; frames that are shown more than once are kept in the temporary directory {place.place} of "
        f"this process: if workers do not see it, or if it is too small, give store= a directory or a "
        f"URL that all of them reach"
    )
