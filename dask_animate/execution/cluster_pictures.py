"""Single frames on demand, drawn by the workers of a cluster."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any

from dask import annotate, get_annotations
from distributed import Client, Future

from ..errors import WorkerError
from ..frames import FrameSize
from ..params import ByFrame, LRUCache
from ..rendering import Picture, PictureTask, SourceSpec
from .pictures import KeptPictures, OpenKept
from .plugin_lease import Registration
from .results import gathered, how_gone
from .submission import scattered
from .tasks import RendererPlugin, build_figure, draw_picture, render_id
from .worker_needs import WorkerNeeds
from .workers import Workers, workers_are_local

#: Threads of the workers that are used at most.
MAX_THREADS = 64
#: Priority of a task for which somebody waits, or its data; those for later come after all other work.
SOON, LATER = 10, -1


class ClusterPictures:
    """Draws on the workers of a cluster; see `PictureSource`.

    As many frames are in flight as workers have threads, so that none waits behind another one that
    nobody wants any more. One thread is left free for the frame that will be looked at next.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    by_frame : ByFrame
        Parameters of the frames.
    task : PictureTask
        What is to be made of them.
    wake : callable
        Called in another thread when there is something to collect.
    """

    pause = 0.0

    def __init__(
        self, client: Client, by_frame: ByFrame, task: PictureTask, wake: Callable[[], None]
    ) -> None:
        self._client = client
        self._by_frame = by_frame
        self._task = task
        self._wake = wake
        self._name = f"dask_animate-{uuid.uuid4().hex}"
        self._registration = Registration(client, self._name)
        self._annotations = get_annotations()
        self._workers = Workers(client, None, needs=WorkerNeeds.of(self._annotations))
        self._direct = workers_are_local(client)
        self._kept: KeptPictures | None = None
        self._computed: LRUCache[Future] = LRUCache()
        self._in_flight: dict[int, Future | None] = {}
        self._inbox: SimpleQueue[Picture] = SimpleQueue()
        self._keys = count()
        self.n_frames = len(by_frame)

    @classmethod
    def open(
        cls,
        client: Client,
        spec: SourceSpec,
        by_frame: ByFrame,
        transparent: bool,
        open_kept: OpenKept,
        wake: Callable[[], None],
    ) -> ClusterPictures:
        """Build the figure on a worker, and open the store."""
        pictures = cls(client, by_frame, PictureTask(transparent), wake)
        try:
            pictures._registration.register(RendererPlugin(pictures._name, spec))
            kept = open_kept(pictures._size())
            if kept is not None and not kept.cache.store.is_shared:
                raise WorkerError(
                    "store= is in the memory of this process, where workers cannot read it: give a path "
                    "or a URL that all workers reach"
                )
            pictures._kept = kept
        except BaseException:
            pictures.close()
            raise
        return pictures

    @property
    def store_fault(self) -> str | None:
        """Why nothing more is written to the store."""
        return None if self._kept is None else self._kept.fault

    def has_room(self, *, ahead: bool) -> bool:
        """Return whether a thread is free, and not the last one for frames ahead."""
        n_threads = min(MAX_THREADS, max(1, self._n_threads()))
        if not ahead:
            return len(self._in_flight) < n_threads
        is_behind = self._kept is not None and self._kept.is_behind
        return not is_behind and len(self._in_flight) < max(1, n_threads - 1)

    def ask(self, frame_idx: int, *, ahead: bool) -> None:
        """Send a frame to the workers."""
        self._in_flight[frame_idx] = None
        try:
            future = self._submitted(frame_idx, LATER if ahead else SOON)
        except Exception as exc:  # the client is gone, or parameters cannot be sent
            self._inbox.put(Picture.failed(frame_idx, exc))
            self._wake()
            return
        self._in_flight[frame_idx] = future
        future.add_done_callback(partial(self._receive, frame_idx))

    def is_asked(self, frame_idx: int) -> bool:
        """Return whether a frame is in flight."""
        return frame_idx in self._in_flight

    def collect(self, timeout: float = 0) -> list[Picture]:
        """Return what has come, once something has if it is awaited."""
        pictures: list[Picture] = []
        with suppress(Empty):
            if timeout and self._in_flight:
                pictures.append(self._inbox.get(timeout=timeout))
            while True:
                pictures.append(self._inbox.get_nowait())
        if timeout and not pictures and (gone := how_gone(self._client)) is not None:
            error = WorkerError(gone)
            pictures = [Picture.failed(frame_idx, error) for frame_idx in self._in_flight]
        for picture in pictures:
            self._in_flight.pop(picture.frame_idx, None)
            if self._kept is not None:
                self._kept.keep(picture)
        return pictures

    def close(self) -> None:
        """Take the figure from the workers, and write to the store what is left."""
        futures = [future for future in self._in_flight.values() if future is not None]
        self._in_flight.clear()
        self._computed.clear()
        with suppress(Exception):  # the cluster may go just now; there is nothing left to undo then
            self._client.cancel(futures)
        self._registration.unregister()
        if self._kept is not None:
            self._kept.close()

    def abandon(self) -> None:
        """Close it."""
        self.close()

    def _n_threads(self) -> int:
        try:
            return self._workers.n_threads()
        except Exception:  # the client is gone, which `ask` will tell
            return 1

    def _size(self) -> FrameSize:
        key = (f"build_figure-{render_id(self._name)}", 0)
        with annotate(**self._annotations):
            future = self._client.submit(build_figure, self._name, key=key, pure=False)
        size: FrameSize = self._result(future, "setup()").size
        return size

    def _submitted(self, frame_idx: int, priority: int) -> Future:
        partition = self._by_frame.partition(frame_idx)
        cache = None if self._kept is None else self._kept.cache
        task = replace(self._task, cache=cache)
        key = (f"draw_picture-{render_id(self._name)}", next(self._keys))
        options: dict[str, Any] = {"key": key, "pure": False, "priority": priority}
        with annotate(**self._annotations):
            computed = [*map(self._loaded, partition.delayed)]
            sent = scattered(self._client, partition.without_data(), None, self._direct)
            return self._client.submit(draw_picture, self._name, sent, task, computed, **options)

    def _loaded(self, load: Any) -> Future:
        """Return the future of data that neighbours share; sent again if it was lost or has failed."""
        make = partial(self._client.compute, load, priority=SOON)
        future = self._computed.get(load.key, make)
        if future.status in ("pending", "finished"):
            return future
        self._computed.discard(load.key)
        return self._computed.get(load.key, make)

    def _receive(self, frame_idx: int, future: Future) -> None:
        """Fetch a result, in the thread of callbacks."""
        try:
            picture = self._result(future, f"frame {frame_idx}")
        except Exception as exc:
            picture = Picture.failed(frame_idx, exc)
        self._inbox.put(picture)
        self._wake()

    def _result(self, future: Future, label: str) -> Any:
        try:
            return gathered(self._client, future, label, self._direct)
        except CancelledError as exc:
            why = how_gone(self._client) or f"CancelledError: {exc}"
            raise WorkerError(f"{label}: {why}") from exc
        finally:
            future.release()  # the traceback of its error refers to it
