"""A plugin on all workers that lives no longer than the client that registered it.

Dask keeps a worker plugin until somebody unregisters it, which a client that was killed never does. What
the scheduler forgets together with a client are the client's futures. But a future is no place for a
figure: the scheduler sends tasks to the workers that hold their inputs, drops replicas that it takes to
be superfluous, and workers spill them to disk. So a plugin on the scheduler, one for each render, waits
for the client to go.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from distributed import Client, SchedulerPlugin, WorkerPlugin
from distributed.protocol.pickle import dumps

from ..errors import WorkerError
from ._distributed import (
    add_worker_plugin,
    forget_plugin,
    forget_worker_plugin,
    has_client,
    plugin_of,
    remove_worker_plugin,
    run_soon,
)

_logger = logging.getLogger(__name__)


class Registration:
    """A plugin on all workers, present and future, as long as its client lives.

    If the scheduler refuses to help, such as one with an older dask_animate, the plugin stays on the
    workers of a client that is killed.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    name : str
        Of the plugin, unique.

    Attributes
    ----------
    refused : dict of str to str
        Why workers do not have it, by their addresses, if that is tolerated.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._is_leased = True  # or may be, when `register` is interrupted
        self.refused: dict[str, str] = {}

    def register(self, plugin: WorkerPlugin, tolerant: bool = False) -> None:
        """Give the plugin to the workers. Nothing of it stays if that fails or is interrupted.

        Parameters
        ----------
        plugin : WorkerPlugin
            What they get.
        tolerant : bool
            Whether it is enough if some can load it; `refused` then tells of the others.

        Raises
        ------
        WorkerError
            If a worker cannot load it.
        """
        try:
            self._is_leased = self._lease()
            if self._is_leased:
                # Refused if `unregister`, after an interrupt, overtakes it.
                errors = self._client.run_on_scheduler(_give, self._name, dumps(plugin))
            else:
                errors = self._register_for_good(plugin)
            why = {
                worker: f"a worker cannot take the render ({text}): install dask_animate on every "
                f"worker, in the version that is installed here"
                for worker, text in errors.items()
            }
            if why and not (tolerant and all(why) and len(why) < len(self._client.nthreads())):
                raise WorkerError(next(iter(why.values())))
            self.refused = why
        except BaseException:
            self.unregister()
            raise

    def unregister(self) -> None:
        """Take the plugin from the workers; a cluster that goes just now has none any more."""
        with suppress(Exception):
            if self._is_leased:
                self._client.run_on_scheduler(_end, self._name)
            else:
                self._client.unregister_worker_plugin(self._name)

    def _lease(self) -> bool:
        """Make the scheduler look after the plugin; return whether it does."""
        try:
            self._client.register_plugin(Lease(self._name, self._client.id), name=self._name)
        except ModuleNotFoundError as exc:  # Dask loads there what workers are to do
            raise WorkerError(
                f"the scheduler cannot take the render ({exc}): install dask_animate where the "
                f"scheduler runs, in the version that is installed here"
            ) from exc
        except Exception as exc:
            _logger.info("figures would stay on the workers if this process were killed: %s", exc)
            return False
        return True

    def _register_for_good(self, plugin: WorkerPlugin) -> dict[str, str]:
        """Return the errors of workers, by their addresses, or by "" if these are not known."""
        try:
            self._client.register_plugin(plugin, name=self._name)
        except (ImportError, AttributeError) as exc:
            return {"": f"{type(exc).__name__}: {exc}"}
        return {}


class Lease(SchedulerPlugin):  # type: ignore[misc]
    """On the scheduler: keeps a worker plugin as long as its client is connected.

    Its methods run on the scheduler's event loop. The plugin comes by way of `give`, which does nothing
    once the lease has ended, so that it does not matter in which order messages arrive.

    Parameters
    ----------
    name : str
        Of the worker plugin, and of this one.
    client : str
        The client's id.
    """

    def __init__(self, name: str, client: str) -> None:
        self.name = name
        self._client = client
        self._is_given = self._has_ended = False

    def start(self, scheduler: Any) -> None:
        """Begin, unless the client has gone while this was on its way."""
        if not has_client(scheduler, self._client):
            raise RuntimeError(f"client {self._client} is gone")
        self._scheduler = scheduler
        self._turn = asyncio.Lock()  # a worker has to be given the plugin before it is taken away

    def remove_client(self, scheduler: Any, client: str) -> None:
        """End with the client."""
        if client == self._client:
            run_soon(scheduler, self.end)

    async def give(self, plugin: bytes) -> dict[str, str]:
        """Register the worker plugin; return the errors of workers that cannot load it, by address."""
        async with self._turn:
            if self._has_ended:
                return {}
            self._is_given = True
            answers = await add_worker_plugin(self._scheduler, self.name, plugin)
        errors = {worker: _error(answer) for worker, answer in answers.items()}
        return {worker: text for worker, text in errors.items() if text is not None}

    async def end(self) -> None:
        """Take the plugin from all workers, once: a worker that does not have it would log an error."""
        self._has_ended = True
        forget_plugin(self._scheduler, self.name)
        forget_worker_plugin(self._scheduler, self.name)
        async with self._turn:
            if self._is_given:
                self._is_given = False
                await remove_worker_plugin(self._scheduler, self.name)


def _error(answer: Exception | dict[str, Any]) -> str | None:
    """Return what went wrong on a worker that was given a plugin, or None; a dead one needs none."""
    if isinstance(answer, OSError):
        return None
    if isinstance(answer, Exception):
        return f"{type(answer).__name__}: {answer}"
    return answer.get("exception_text")


async def _give(name: str, plugin: bytes, dask_scheduler: Any = None) -> dict[str, str]:
    lease = plugin_of(dask_scheduler, name)
    return {} if lease is None else await lease.give(plugin)


async def _end(name: str, dask_scheduler: Any = None) -> None:
    lease = plugin_of(dask_scheduler, name)
    if lease is not None:
        await lease.end()
