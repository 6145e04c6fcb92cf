"""Every name of distributed that is not public and on which this package relies.

Other modules import these functions and name nothing of the kind themselves. Each says why its names are
needed. ``tests/execution/test_distributed_names.py`` checks them, so that a release of distributed
without one fails there first.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from distributed import Client, Scheduler, SpecCluster, Status, Worker
from distributed.threadpoolexecutor import thread_state as pool_state
from distributed.utils import thread_state as task_state


def addresses_in_this_process() -> set[str]:
    """Return the workers that are threads of this process, whose globals they change while they draw.

    There are some with ``processes=False``, and wherever a task renders. Those of other clusters are
    among them. distributed offers only the worker of the task that asks.
    """
    alive = (Status.running, Status.paused, Status.closing_gracefully)
    return {worker.address for worker in list(Worker._instances) if worker.status in alive}


def holds_a_worker_thread() -> bool:
    """Return True in a task that takes up a thread of its worker.

    Not so in one that seceded, as `distributed.worker_client` does, nor in an actor, which has a thread
    of its own. distributed does not tell a task either.
    """
    return bool(getattr(pool_state, "proceed", False)) and not getattr(task_state, "actor", False)


def memory_limit(worker: Worker) -> int | None:
    """Return the bytes of memory that a worker may take, None without limit.

    Otherwise only the client can ask for it, from the scheduler.
    """
    limit: int | None = worker.memory_manager.memory_limit
    return limit


def tell_of_task(worker: Worker, metadata: dict[str, Any]) -> None:
    """Within a task: put plain data beside its result, for plugins of the scheduler to see.

    The documented way, an event, is a message of its own, which costs the worker ten times as much.
    """
    task = worker.state.tasks.get(worker.get_current_task())
    if task is not None:  # it may have been cancelled
        task.metadata.update(metadata)


def is_wanted(worker: Worker, key: Any) -> bool:
    """Return whether a task that a worker runs was not cancelled. May be called in any thread.

    distributed tells a task that was cancelled only if it waits on an `Event` of the cluster.
    """
    task = worker.state.tasks.get(key)
    return task is not None and task.state in ("executing", "long-running")


async def leave_and_end(worker: Worker, seconds: float) -> None:
    """On a worker's event loop: take the worker out of its cluster, within a time, and end this process.

    No task of the worker is blamed for it. `Worker.close` would wait for threads, and end the nanny; the
    scheduler asks for it in return.
    """
    worker.nanny = None
    with suppress(Exception):  # the scheduler may be gone, too
        leaving = worker.scheduler.unregister(
            address=worker.address, stimulus_id="dask_animate-timeout", expected=True
        )
        await asyncio.wait_for(leaving, seconds)
    os._exit(1)


def answer_scheduler(worker: Worker, name: str, answer: Callable[..., Any]) -> None:
    """Let a worker answer when its scheduler asks by RPC for a name, for good.

    `Client.run` does the same for a client, but for each call the function travels. A worker that is
    asked for a name that it does not know logs a warning, so that what was added is not taken back.
    """
    worker.handlers[name] = answer


def adaptive_maximum(cluster: SpecCluster) -> float | None:
    """Return the most workers that an adaptive cluster may have, None if it is not adaptive now.

    Otherwise only who called its `adapt` knows.
    """
    adaptive = cluster._adaptive
    if adaptive is None or adaptive.periodic_callback is None:
        return None
    maximum: float = adaptive.maximum
    return maximum


def run_within(
    client: Client, seconds: float, function: Callable[..., Any], *args: Any, workers: list[str]
) -> dict[str, Any]:
    """Run a function on some workers, and return what each answers; raise `TimeoutError` after a while.

    `Client.run` waits without end for a worker that hangs.
    """
    answers: dict[str, Any] = client.sync(
        client._run, function, *args, workers=workers, on_error="return", callback_timeout=seconds
    )
    return answers


def unsubscribe(client: Client, topic: str) -> None:
    """Undo `Client.subscribe_topic`, which by itself keeps the handler as long as the client lives."""
    client.unsubscribe_topic(topic)
    client._event_handlers.pop(topic, None)


# On the scheduler, in a plugin of its own: the public road to register a worker plugin begins at a
# client, and what a client registers there outlives it.


def has_client(scheduler: Scheduler, client: str) -> bool:
    """Return True if a client with this id is connected."""
    return client in scheduler.clients


def plugin_of(scheduler: Scheduler, name: str) -> Any:
    """Return the scheduler plugin of a name, or None."""
    return scheduler.plugins.get(name)


def forget_plugin(scheduler: Scheduler, name: str) -> None:
    """Remove a scheduler plugin from within, where nobody waits for it."""
    scheduler.plugins.pop(name, None)


def run_soon(scheduler: Scheduler, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function on the scheduler's event loop, unless it is shutting down."""
    if scheduler.status == Status.running:
        scheduler.loop.add_callback(function)


async def add_worker_plugin(
    scheduler: Scheduler, name: str, plugin: bytes
) -> dict[str, Exception | dict[str, Any]]:
    """Give a pickled plugin to all workers, also to those that join later; return what each answers."""
    scheduler.worker_plugins[name] = plugin
    message = {"op": "plugin-add", "plugin": plugin, "name": name}
    answers: dict[str, Any] = await scheduler.broadcast(msg=message, on_error="return")
    return answers


async def remove_worker_plugin(scheduler: Scheduler, name: str) -> None:
    """Take a plugin from all workers."""
    message = {"op": "plugin-remove", "name": name}
    await scheduler.broadcast(msg=message, on_error="ignore")


def forget_worker_plugin(scheduler: Scheduler, name: str) -> None:
    """Give a plugin to no worker that joins from now on."""
    scheduler.worker_plugins.pop(name, None)
