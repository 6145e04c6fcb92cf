"""Single frames on demand: who is asked for pictures, this process or the workers of a cluster."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ..frames import FrameSize
from ..memory import CHUNK_READ_BYTES
from ..params import ByFrame, LRUCache, Params
from ..rendering import DrawnSpec, Picture, PictureTask, Renderer, make_picture
from .cluster import ClusterOptions
from .partitioning import Plan
from .store_request import StoreRequest
from .store_session import is_being_written, take_over_unless_written

if TYPE_CHECKING:
    from ..storage import FrameCache

#: Seconds that drawing a frame in this process may take, for neighbours to be drawn ahead: so long does
#: the next cell wait at most.
QUICK_SECONDS = 0.1
#: Frames that may wait to be written to a store while neighbours are drawn ahead.
MAX_WAITING = 200


class PictureSource(Protocol):
    """Makes pictures on demand; used by one thread."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        ...

    @property
    def pause(self) -> float:
        """Seconds for which newer wishes should be waited for before `ask` is called."""
        ...

    @property
    def store_fault(self) -> str | None:
        """Why nothing is written to the store; None if nothing is wrong, or without a store."""
        ...

    def has_room(self, *, ahead: bool) -> bool:
        """Return whether `ask` may be called.

        Parameters
        ----------
        ahead : bool
            For a frame that nobody looks at yet.
        """
        ...

    def ask(self, frame_idx: int, *, ahead: bool) -> None:
        """Begin to make a picture, or make it now.

        Parameters
        ----------
        frame_idx : int
            Of which frame.
        ahead : bool
            Whether nobody looks at it yet, so that other work of the workers goes first.
        """
        ...

    def is_asked(self, frame_idx: int) -> bool:
        """Return whether a picture was asked for and is not collected yet."""
        ...

    def collect(self, timeout: float = 0) -> list[Picture]:
        """Return the pictures that are made; wait for one, for so many seconds at most."""
        ...

    def close(self) -> None:
        """Free the figures, and write to the store what is left."""
        ...

    def abandon(self) -> None:
        """Do what is left to do for a source that nobody refers to any more; in any thread."""
        ...


def open_pictures(
    spec: DrawnSpec,
    params: Params,
    cluster: ClusterOptions,
    store: StoreRequest | None,
    wake: Callable[[], None],
) -> PictureSource:
    """Build the figure, and return what makes pictures with it.

    Parameters
    ----------
    spec : DrawnSpec
        What draws the frames.
    params : Params
        Their parameters; read to the end, if they are a generator.
    cluster : ClusterOptions
        Whose workers draw; if there is no client, this process.
    store : StoreRequest or None
        Where frames are found and kept.
    wake : callable
        Called, in any thread, when there is something to collect.
    """
    client, _ = cluster.resolve(None)
    if client is None and store is None:
        spec = _with_environment(spec)
    sized = spec.sized(params)
    if store is not None:
        store = replace(store, channels=4 if sized.transparent else 3)
    by_frame = params.by_frame(CHUNK_READ_BYTES)
    open_kept = partial(KeptPictures.open, store, params, len(by_frame))
    if client is None:
        return LocalPictures.open(Renderer(sized), by_frame, sized.transparent, open_kept)
    from .cluster_pictures import ClusterPictures

    return ClusterPictures.open(client, sized.pickled(), by_frame, sized.transparent, open_kept, wake)


def _with_environment(spec: DrawnSpec) -> DrawnSpec:
    """Return it so that what drawing changes in modules is noted, and does not count as a change."""
    from ..provenance import Observer, content_or_reason

    content, reason = content_or_reason(*spec.content())
    return spec if reason is not None else spec.expecting(Observer(content.references).observe())


class KeptPictures:
    """The store of frames that are explored: this process alone writes to it, and all read it.

    A store that is there is opened to be read, and taken over only to write a frame that it lacks. So
    one that is complete stays so as long as nothing is drawn.

    Parameters
    ----------
    request : StoreRequest
        Where it is.
    params : Params
        The parameters of all frames.
    n_frames : int
        Number of frames.
    size : FrameSize
        Of the frames.
    """

    def __init__(self, request: StoreRequest, params: Params, n_frames: int, size: FrameSize) -> None:
        from ..storage import BackgroundWriter, open_to_read

        self._is_taken = False
        self._make_cache = request.cache
        _, chunk = request.divided(Plan("auto", 1), params, size)
        open_ = partial(request.open, n_frames, size, chunk)
        if request.kept_chunk(size) is None:
            self._store = opened = open_()
            self._writer = BackgroundWriter(lambda: opened)
        else:
            self._store = open_to_read(request.place)
            self._writer = BackgroundWriter(partial(take_over_unless_written, self._store, open_))

    @classmethod
    def open(
        cls, request: StoreRequest | None, params: Params, n_frames: int, size: FrameSize
    ) -> KeptPictures | None:
        """Open the store if there is to be one."""
        return None if request is None else cls(request, params, n_frames, size)

    @property
    def cache(self) -> FrameCache:
        """Where frames may be found."""
        return self._make_cache(self._writer.store or self._store)

    @property
    def fault(self) -> str | None:
        """Why nothing is written at present."""
        if self._is_taken:
            return "a render of this process writes to it"
        return self._writer.fault

    @property
    def is_behind(self) -> bool:
        """Whether many frames wait to be written."""
        return self._writer.n_waiting > MAX_WAITING

    def keep(self, picture: Picture) -> None:
        """Have a picture written, unless it came from the store, or would not be found again.

        To write to a store is to take it over, which would end a render that writes to it, too.
        """
        self._is_taken = is_being_written(self._store)
        if picture.token is not None and not self._is_taken:
            self._writer.put(picture.frame_idx, picture.token, picture.pixels)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


#: Opens the store once the size of the frames is known.
OpenKept = Callable[[FrameSize], KeptPictures | None]


class LocalPictures:
    """Draws in this process, in the thread that asks; see `PictureSource`.

    Drawing changes global state for as long as it takes: rcParams, the figures of pyplot, random states.
    So the thread that asks has to be the one that runs the caller's code.

    Parameters
    ----------
    renderer : Renderer
        Draws the frames; closed in the end.
    by_frame : ByFrame
        Their parameters.
    task : PictureTask
        What is to be made of them.
    kept : KeptPictures or None
        The store.
    """

    def __init__(
        self, renderer: Renderer, by_frame: ByFrame, task: PictureTask, kept: KeptPictures | None
    ) -> None:
        self._renderer = renderer
        self._by_frame = by_frame
        self._task = task
        self._kept = kept
        self._computed: LRUCache[Any] = LRUCache()
        self._made: list[Picture] = []
        self._seconds: deque[float] = deque([0.0], maxlen=3)  # of the frames drawn last
        self.n_frames = len(by_frame)

    @classmethod
    def open(
        cls, renderer: Renderer, by_frame: ByFrame, transparent: bool, open_kept: OpenKept
    ) -> LocalPictures:
        """Build the figure, and open the store."""
        try:
            kept = open_kept(renderer.size())
        except BaseException:
            renderer.close()
            raise
        return cls(renderer, by_frame, PictureTask(transparent), kept)

    @property
    def pause(self) -> float:
        """A moment, if drawing takes long: messages that wait behind one may make it needless."""
        return min(0.02, self._typical_seconds() / 4)

    @property
    def store_fault(self) -> str | None:
        """Why nothing more is written to the store."""
        return None if self._kept is None else self._kept.fault

    def has_room(self, *, ahead: bool) -> bool:
        """Return whether nothing waits to be collected, and drawing is quick enough to draw ahead."""
        is_behind = self._kept is not None and self._kept.is_behind
        if ahead and (is_behind or self._typical_seconds() > QUICK_SECONDS):
            return False
        return not self._made

    def ask(self, frame_idx: int, *, ahead: bool) -> None:
        """Draw a frame now."""
        start = time.perf_counter()
        try:
            picture = self._drawn(frame_idx)
        except Exception as exc:
            picture = Picture.failed(frame_idx, exc)
        self._seconds.append(time.perf_counter() - start)  # with that of reading the parameters
        self._made.append(picture)
        if self._kept is not None:
            self._kept.keep(picture)

    def is_asked(self, frame_idx: int) -> bool:
        """Return whether a picture is not collected yet."""
        return any(picture.frame_idx == frame_idx for picture in self._made)

    def collect(self, timeout: float = 0) -> list[Picture]:
        """Return what was drawn."""
        made, self._made = self._made, []
        return made

    def close(self) -> None:
        """Close the figure, and write to the store what is left."""
        self._renderer.close()
        self.abandon()

    def abandon(self) -> None:
        """Write to the store what is left; the figure goes with the source."""
        if self._kept is not None:
            self._kept.close()

    def _typical_seconds(self) -> float:
        return sorted(self._seconds)[len(self._seconds) // 2]  # whatever one took that was held up

    def _drawn(self, frame_idx: int) -> Picture:
        partition = self._by_frame.partition(frame_idx)
        computed = [self._computed.get(load.key, load.compute) for load in partition.delayed]
        (params,) = partition.items(computed)
        cache = None if self._kept is None else self._kept.cache
        return make_picture(self._renderer, frame_idx, params, replace(self._task, cache=cache))
