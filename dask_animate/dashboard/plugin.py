"""The plugin that makes a scheduler follow renders, and show them on its dashboard."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from distributed import Scheduler, SchedulerPlugin

from .messages import TOPIC
from .page import add_page
from .state import AnimateState
from .thumbnails import Thumbnails

_logger = logging.getLogger("dask_animate.dashboard")

#: Of the plugin on the scheduler, which has one at most.
PLUGIN_NAME = "dask_animate-dashboard"


class AnimatePlugin(SchedulerPlugin):  # type: ignore[misc]
    """Follows the renders of all clients, and adds the page "Animate".

    All methods run on the scheduler's event loop. None of them fails: what cannot be shown is logged.
    """

    name = PLUGIN_NAME
    idempotent = True

    def __init__(self) -> None:
        self.state = AnimateState()

    async def start(self, scheduler: Scheduler) -> None:
        """Add the page."""
        self._thumbnails = Thumbnails(scheduler, self.state)
        try:
            where = add_page(scheduler, self.state, self._thumbnails)
        except Exception:
            _logger.warning("the dashboard has no page of renders", exc_info=True)
        else:
            _logger.info("renders are shown at %s", where or "no page, as there are no pages at all")

    async def close(self) -> None:
        """End what goes on in the background."""
        self._thumbnails.close()

    def log_event(self, topic: str, msg: Any) -> None:
        """Take note of the start and the end of a render, of which clients log events."""
        if topic != TOPIC or not isinstance(msg, Mapping):
            return
        try:
            self.state.on_event(msg, time.time())
        except (KeyError, TypeError, ValueError):
            _logger.info("an event of a render is not understood", exc_info=True)

    def transition(
        self, key: Any, start: str, finish: str, *args: Any, stimulus_id: str = "", **kwargs: Any
    ) -> None:
        """Take note of what tasks of renders do; distributed logs what this raises."""
        self.state.on_transition(key, start, finish, time.time(), kwargs)

    def remove_client(self, scheduler: Scheduler, client: str) -> None:
        """Take note of renders for which nobody waits any more."""
        self.state.on_client_gone(client, time.time())

    def remove_worker(self, scheduler: Scheduler, worker: str, **kwargs: Any) -> None:
        """Take note of a worker that leaves."""
        self.state.on_worker_gone(worker)
