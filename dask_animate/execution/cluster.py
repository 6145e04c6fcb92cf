"""A client from what the caller gave: theirs, the active one, or none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from dask import get_annotations
from dask.system import CPU_COUNT

from ..drawing import in_isolation
from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_choice, require_int
from .agreement import ON_MISMATCH

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True)
class ClusterOptions:
    """Who draws, as the caller gave it.

    Attributes
    ----------
    client : distributed.Client or None
        None takes the active client, else makes a cluster for the call.
    num_workers : int
        How many processes of it draw: -1 is all, -2 all but one; 1 without a client is this process.
    on_mismatch : {"raise", "exclude", "ignore"}
        What is done about workers of the client that would draw other frames.
    """

    client: Client | None
    num_workers: int
    on_mismatch: str = "ignore"

    @classmethod
    def create(
        cls, client: object, num_workers: object, on_mismatch: object = "ignore"
    ) -> ClusterOptions:
        """Check what the caller gave.

        Raises
        ------
        OptionError, OptionTypeError
            If it cannot be used from here.
        """
        return cls(
            _checked_client(client),
            _checked_num_workers(num_workers),
            require_choice("on_mismatch", on_mismatch, ON_MISMATCH),
        )

    @property
    def is_here(self) -> bool:
        """Whether it is certain that this process draws, and no other."""
        return self.client is None and self.num_workers == 1

    def resolve(self, n_frames: int | None) -> tuple[Client | None, int | None]:
        """Return the client to render with, and the most workers to use.

        Parameters
        ----------
        n_frames : int or None
            Without a client, there are no more processes than frames.

        Returns
        -------
        client : distributed.Client or None
            None to begin in this process.
        max_workers : int or None
            None for all that the client's cluster has and will have. Without a client, the most
            processes that draw, this one included.
        """
        client, num_workers = self.client, self.num_workers
        if in_isolation() and not self.is_here:
            raise OptionError("a render inside setup() or update() has to draw here: give num_workers=1")
        if client is None and num_workers != 1:
            client = _active_client()
        resources = get_annotations().get("resources")
        if resources and not self.is_here:
            _check_resources(resources, client, num_workers)
        if client is not None:
            _check_waits_for_others(client)
            n_there = len(client.scheduler_info(n_workers=-1)["workers"])
            return client, None if num_workers == -1 else resolve_num_workers(num_workers, n_there)
        n_processes = resolve_num_workers(num_workers, CPU_COUNT)
        return None, n_processes if n_frames is None else min(n_processes, n_frames)


def _check_resources(resources: object, client: object, num_workers: int) -> None:
    """Raise if a render cannot choose its workers by these resources."""
    given = "dask.annotate(resources=...)"
    if not isinstance(resources, Mapping):
        raise OptionTypeError(
            f"{given} around a render must be a dict, such as {{'GPU': 1}}, "
            f"got {type(resources).__name__}"
        )
    for name, amount in resources.items():
        if isinstance(amount, bool) or not isinstance(amount, Real) or not float(amount) >= 0:
            raise OptionTypeError(
                f"{given} must have numbers from 0, got {in_short(amount)} for {in_short(name)}"
            )
    if client is None:
        raise OptionError(
            f"{given} needs a client: the processes that a render starts have no resources; "
            f"give client=, or num_workers=1 to draw in this process"
        )
    if num_workers != -1:
        raise OptionError(
            f"{given} and num_workers={num_workers} exclude each other: the resources choose the workers"
        )


def _checked_client(client: object) -> Client | None:
    """Return `client` if it is None or a client that can be used from here."""
    if client is None:
        return None
    from distributed import Client

    if not isinstance(client, Client):
        raise OptionTypeError(
            f"client must be a distributed.Client, got {type(client).__name__}; "
            f"for a cluster object give Client(cluster)"
        )
    _check_synchronous(client, "client")
    if client.status != "running":
        raise OptionError(f"client is not connected to its cluster: its status is {client.status!r}")
    return client


def _checked_num_workers(num_workers: object) -> int:
    """Return `num_workers`, or raise if it means nothing."""
    number = require_int("num_workers", num_workers, -sys.maxsize)
    if number == 0:
        raise OptionError(
            "num_workers must not be 0: 1 renders in this process, -1 uses all cores or workers"
        )
    return number


def resolve_num_workers(num_workers: int, available: int) -> int:
    """Return how many of `available` are meant: -1 is all, -2 all but one, and at least 1."""
    return num_workers if num_workers > 0 else max(1, available + num_workers + 1)


def _active_client() -> Any:
    # A client cannot be active if distributed was never imported.
    if "distributed" not in sys.modules:
        return None
    from distributed import Client

    try:
        client = Client.current()
    except ValueError:
        return None
    if client.status == "closed":
        return None
    _check_synchronous(client, "the active client")
    return client if client.status == "running" else None


def _check_synchronous(client: Any, name: str) -> None:
    if client.asynchronous:  # which it is in the thread of its event loop only
        raise OptionTypeError(
            f"{name} is asynchronous here, in the thread of its event loop, which a render would block: "
            f"await asyncio.to_thread(animator.make_video, ...), give a client made with "
            f"asynchronous=False, or num_workers=1"
        )


def _check_waits_for_others(client: Any) -> None:
    """Raise if a render would take up a thread of the workers for which it waits."""
    from distributed import get_worker

    from ._distributed import holds_a_worker_thread

    try:
        worker = get_worker()
    except ValueError:
        return
    if holds_a_worker_thread() and worker.scheduler.address == client.scheduler.address:
        raise OptionError(
            "a render inside a task waits for threads of the workers, of which it holds one itself: "
            "make it inside `with distributed.worker_client() as client:`, which gives the thread back, "
            "or draw here with num_workers=1 and without client="
        )
