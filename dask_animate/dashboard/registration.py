"""How the plugin gets on a scheduler: from a client, which may have to bring the code, or by preload."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from weakref import WeakSet

import cloudpickle
from distributed import Client, Scheduler, SchedulerPlugin

from .plugin import PLUGIN_NAME, AnimatePlugin
from .static_files import StaticFiles

_logger = logging.getLogger("dask_animate.dashboard")

_registered: WeakSet[Client] = WeakSet()
_lock = threading.Lock()


def follow_renders(client: Client) -> None:
    """Make the scheduler of a client follow renders and show them, unless this was tried before.

    Never fails: a scheduler may not take plugins from this client, or not be able to run the code. Why,
    the logger ``dask_animate.dashboard`` says with level INFO.
    """
    with _lock:
        if client in _registered:
            return
        _registered.add(client)
    plugin = AnimatePlugin(StaticFiles.read())
    try:
        try:
            client.register_plugin(plugin, name=PLUGIN_NAME)
        except (ImportError, AttributeError):  # the scheduler has no dask_animate, or an older one
            client.register_plugin(_WithCode(plugin), name=PLUGIN_NAME)
    except Exception as exc:
        _logger.info("the dashboard does not show renders: %s: %s", type(exc).__name__, exc)


async def dask_setup(scheduler: Scheduler) -> None:
    """Make a scheduler that starts with ``--preload dask_animate.dashboard`` show renders."""
    plugin = AnimatePlugin(StaticFiles.read())
    scheduler.add_plugin(plugin, name=PLUGIN_NAME, idempotent=True)


class _WithCode(SchedulerPlugin):  # type: ignore[misc]
    """Becomes the plugin where it is unpickled, without this package; both sides have the same Python.

    Parameters
    ----------
    plugin : AnimatePlugin
        What it becomes.
    """

    idempotent = True

    def __init__(self, plugin: AnimatePlugin) -> None:
        with _pickled_by_value():
            self._pickled = cloudpickle.dumps(plugin)

    def __reduce__(self) -> tuple[Any, ...]:
        return cloudpickle.loads, (self._pickled,)


@contextmanager
def _pickled_by_value() -> Iterator[None]:
    """Make cloudpickle put the code of this folder into what it pickles.

    What runs on the scheduler imports nothing of this package from outside the folder, and what it needs
    of the folder at the top of its modules.
    """
    folder = import_module(__package__ or "")
    cloudpickle.register_pickle_by_value(folder)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(folder)
