"""Small pictures of the latest frames, which the scheduler gets from workers while somebody looks."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from distributed import Scheduler

from .messages import CAPTURE
from .render_record import RenderRecord
from .state import AnimateState

#: Seconds between two pictures, of all renders together.
INTERVAL = 1.0
#: Seconds since the last request after which nobody is watching.
ATTENTION = 5.0
#: Seconds for which a worker's answer is waited for.
PATIENCE = 10.0
#: Of the tasks that were sent to a worker, so many are looked at to learn whether it draws a render.
MAX_TASKS = 100
#: Bytes of a picture, at most.
MAX_BYTES = 64 * 2**10


@dataclass(frozen=True)
class CapturedFrame:
    """A small picture of a frame.

    Attributes
    ----------
    frame_idx : int
        Of the frame.
    jpeg : bytes
        The picture.
    worker : str
        Address of who drew it.
    time : float
        When it came, in seconds since the epoch.
    """

    frame_idx: int
    jpeg: bytes
    worker: str
    time: float


class Thumbnails:
    """The latest picture of each render that is looked at.

    While a render is looked at, one of its workers after the other is asked for the next frame that it
    draws, one a second. If nobody looks, nobody is asked.

    Parameters
    ----------
    scheduler : distributed.Scheduler
        Whose workers draw.
    state : AnimateState
        Its renders.
    """

    def __init__(self, scheduler: Scheduler, state: AnimateState) -> None:
        self._scheduler = scheduler
        self._state = state
        self._latest: dict[str, CapturedFrame] = {}
        self._looked_at: dict[str, float] = {}  # by the render's id: when
        self._turn = 0
        self._asking: asyncio.Task[None] | None = None

    def of(self, render: RenderRecord) -> CapturedFrame | None:
        """Return the latest picture of a render, and take note that somebody looks at it."""
        if render.has_thumbnails and not render.outcome:
            self._looked_at[render.name] = time.monotonic()
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask_workers())
        return self._latest.get(render.name)

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask_workers(self) -> None:
        """Ask until nobody looks any more."""
        while (render := self._next_render()) is not None:
            with suppress(Exception):  # of a worker that leaves, or whose render has just ended
                await self._ask_for(render)
            await asyncio.sleep(INTERVAL)

    def _next_render(self) -> RenderRecord | None:
        """Return a render that is looked at, each in turn."""
        renders = self._state.renders
        earliest = time.monotonic() - ATTENTION
        self._looked_at = {
            name: when
            for name, when in self._looked_at.items()
            if when > earliest and name in renders and not renders[name].outcome
        }
        self._latest = {name: latest for name, latest in self._latest.items() if name in renders}
        self._turn += 1
        names = sorted(self._looked_at)
        return renders[names[self._turn % len(names)]] if names else None

    async def _ask_for(self, render: RenderRecord) -> None:
        worker = self._drawing(render)
        if worker is None:
            return
        ask = getattr(self._scheduler.rpc(worker), CAPTURE)
        answer = await asyncio.wait_for(ask(render=render.name), PATIENCE)
        if answer is None:
            return
        frame_idx, jpeg = answer
        if isinstance(frame_idx, int) and isinstance(jpeg, bytes) and len(jpeg) <= MAX_BYTES:
            self._latest[render.name] = CapturedFrame(frame_idx, jpeg, worker, time.time())

    def _drawing(self, render: RenderRecord) -> str | None:
        """Return the address of a random worker that draws a render; None if no worker is found."""
        workers = list(self._scheduler.workers.items())
        # As this runs on the scheduler's loop, it ends with the first one.
        for address, worker in random.sample(workers, len(workers)):
            if any(_is_of(task.key, render.name) for task in islice(worker.processing, MAX_TASKS)):
                return str(address)
        return None


def _is_of(key: object, render: str) -> bool:
    return isinstance(key, tuple) and isinstance(key[0], str) and key[0].endswith(render)
