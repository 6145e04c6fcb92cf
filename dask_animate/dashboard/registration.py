"""How the plugin gets on a scheduler: from a client, or when the scheduler starts."""

from __future__ import annotations

import logging
import threading
from weakref import WeakSet

from distributed import Client, Scheduler

from .plugin import PLUGIN_NAME, AnimatePlugin

_logger = logging.getLogger("dask_animate.dashboard")

_registered: WeakSet[Client] = WeakSet()
_lock = threading.Lock()


def follow_renders(client: Client) -> None:
    """Make the scheduler of a client follow renders and show them, unless this was tried before.

    Never fails: a scheduler may not take plugins from this client. Why, the logger
    ``dask_animate.dashboard`` says with level INFO.
    """
    with _lock:
        if client in _registered:
            return
        _registered.add(client)
    try:
        client.register_plugin(AnimatePlugin(), name=PLUGIN_NAME)
    except Exception as exc:
        _logger.info("the dashboard does not show renders: %s: %s", type(exc).__name__, exc)


def dask_setup(scheduler: Scheduler) -> None:
    """Make a scheduler that starts with ``--preload dask_animate.dashboard`` show renders."""
    scheduler.add_plugin(AnimatePlugin(), name=PLUGIN_NAME, idempotent=True)
