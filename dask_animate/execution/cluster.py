"""A client from what the caller gave: theirs, the active one, or one of a cluster made for the call."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

from dask.system import CPU_COUNT

from ..drawing import in_isolation
from ..errors import OptionError, OptionTypeError
from ..validation import require_int

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
    """

    client: Client | None
    num_workers: int

    @classmethod
    def create(cls, client: object, num_workers: object) -> ClusterOptions:
        """Check what the caller gave.

        Raises
        ------
        OptionError, OptionTypeError
            If it cannot be used from here.
        """
        return cls(_checked_client(client), _checked_num_workers(num_workers))

    @property
    def is_here(self) -> bool:
        """Whether it is certain that this process draws, so that nothing has to be pickled."""
        return self.client is None and self.num_workers == 1

    @contextmanager
    def open(self, n_frames: int | None) -> Iterator[tuple[Client | None, int | None]]:
        """Yield the client to render with, and the most workers to use of it.

        Parameters
        ----------
        n_frames : int or None
            A cluster made here has no more workers than frames, and is closed on leaving.

        Yields
        ------
        client : distributed.Client or None
            None to render in this process.
        max_workers : int or None
            None for all there are and will be.
        """
        client, num_workers = self.client, self.num_workers
        if in_isolation() and not self.is_here:
            raise OptionError("a render inside setup() or update() has to draw here: give num_workers=1")
        if client is None and num_workers != 1:
            client = _active_client()
        if client is not None:
            _check_waits_for_others(client)
            n_there = len(client.scheduler_info(n_workers=-1)["workers"])
            yield client, None if num_workers == -1 else resolve_num_workers(num_workers, n_there)
            return
        n_workers = resolve_num_workers(num_workers, CPU_COUNT)
        if n_workers == 1:
            yield None, None
            return
        if multiprocessing.current_process().daemon:
            raise OptionError(
                "this process may not start worker processes, as it is one itself: give num_workers=1, "
                "or the client of a cluster"
            )
        with _local_client(n_workers if n_frames is None else min(n_workers, n_frames)) as local:
            yield local, None


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


@contextmanager
def _local_client(n_workers: int) -> Iterator[Any]:
    from distributed import Client, LocalCluster, Nanny

    class NannyOfScripts(Nanny):  # type: ignore[misc]
        """Starts its worker, and starts it again, without running the main script there."""

        async def instantiate(self) -> Any:
            with _main_not_imported_again():
                return await super().instantiate()

    with (
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            worker_class=NannyOfScripts,
            silence_logs=logging.CRITICAL,  # errors are raised here, and told once
            dashboard_address=":0",  # any port; the usual one may be that of the user's own cluster
            scheduler_kwargs={"dashboard": False},
        ) as cluster,
        Client(cluster, set_as_default=False, direct_to_workers=True) as client,
    ):
        yield client


_main_lock = threading.Lock()
_main_specs: list[ModuleSpec | None] = []  # what it was, for each who has replaced it


@contextmanager
def _main_not_imported_again() -> Iterator[None]:
    """Let scripts without ``if __name__ == "__main__"`` start worker processes.

    A spawned process runs the main script again under another name, which would render the video again
    in each worker. Workers need nothing from it: animators defined there are pickled by value. A main
    module whose spec is named ``__main__`` is left alone by multiprocessing, as that of a package is.
    """
    main: Any = sys.modules["__main__"]
    with _main_lock:
        _main_specs.append(getattr(main, "__spec__", None))
        main.__spec__ = ModuleSpec("__main__", None)
    try:
        yield
    finally:
        with _main_lock:  # the last one to leave finds what the first one found
            if len(_main_specs) == 1:
                main.__spec__ = _main_specs[0]
                _main_specs.clear()
            else:
                _main_specs.pop()
