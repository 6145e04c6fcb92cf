"""A local cluster for one render, started and closed while the render goes on."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask

from ..errors import AnimateError, WorkerError
from ..rendering import SourceSpec

if TYPE_CHECKING:
    from distributed import Client

_logger = logging.getLogger(__name__)

#: Seconds of drawing that starting a cluster costs, as long as none was started in this process; as
#: measured while this process draws (benchmarks/scale_out.py).
START_SECONDS = 4.0
#: Seconds between two looks whether it is ready.
POLL_SECONDS = 0.02
#: Seconds by which a client may notice that it has ended before this process does.
LOOK_SECONDS = 0.3

#: Why `may_start` returns False.
MAY_NOT_START = "this process may not start worker processes, as it is one itself"

_measured: list[float] = []  # how long it took the last time


def start_seconds() -> float:
    """Return what it costs until a cluster is ready, in seconds of drawing in this process."""
    return _measured[-1] if _measured else START_SECONDS


def may_start() -> bool:
    """Return whether this process may start worker processes; one that is a daemon itself may not."""
    return not multiprocessing.current_process().daemon


class OwnCluster:
    """A `distributed.LocalCluster` of single-threaded processes, in a process of its own.

    Neither starting nor closing it makes the render wait. A thread outlives the render until the
    processes have ended, for which the interpreter waits when it exits.

    Parameters
    ----------
    n_workers : int
        Number of worker processes.
    spec : SourceSpec
        What they are to draw. That they can load it is part of the start.

    Attributes
    ----------
    client : distributed.Client or None
        A client, once all workers can draw; not the active one. Closed if the cluster ends.
    ready_at : float
        When they were, by `time.perf_counter`.
    failure : Exception or None
        Why it could not be started, or why it has ended.
    """

    def __init__(self, n_workers: int, spec: SourceSpec) -> None:
        self.client: Client | None = None
        self.ready_at = 0.0
        self.failure: Exception | None = None
        self._is_over = threading.Event()
        self._n_workers = n_workers
        self._spec = spec
        self._begun = time.perf_counter()
        self._folder = tempfile.TemporaryDirectory(prefix="dask_animate-")
        self._address_file = Path(self._folder.name) / "address"
        try:
            script = os.fspath(Path(__file__).with_name("cluster_process.py"))
            self._process = subprocess.Popen(
                [sys.executable, script, self._folder.name],
                stdin=subprocess.PIPE,
                start_new_session=True,  # without what a terminal tells its processes, such as Ctrl-C
            )
        except Exception as exc:  # such as from an interpreter in another program
            self._fail(exc)
            self._folder.cleanup()
            return
        import distributed  # noqa: F401 here, since other code may find it half imported by a thread

        threading.Thread(target=self._run, name="dask_animate-cluster").start()

    def wait(self) -> Client:
        """Wait until all workers can draw, and return the client.

        Raises
        ------
        WorkerError
            If it could not be started, or was closed meanwhile.
        """
        while self.client is None:
            if self.failure is not None:
                raise WorkerError(
                    f"a cluster of this machine could not be started: {self.failure}"
                ) from self.failure
            if self._is_over.wait(POLL_SECONDS):
                raise WorkerError("the render has ended")
        return self.client

    @contextmanager
    def explained(self, exc: BaseException | None) -> Iterator[None]:
        """Close, inside, what an exception leaves; raise why the cluster has ended if that is its cause.

        That is looked for before anything is closed, since a client may notice the end first.
        """
        # Whatever a client raises then: what is known is that the cluster has ended.
        can_be = isinstance(exc, WorkerError) or not isinstance(exc, AnimateError)
        may_come_of_it = can_be and isinstance(exc, Exception)
        if may_come_of_it and self.failure is None:
            self.failure = self._end_of_process() or self.failure
        try:
            yield
        finally:
            if may_come_of_it and self.failure is not None:
                raise self.failure from exc

    def close(self) -> None:
        """End it as soon as may be; does not wait."""
        self._is_over.set()

    def _run(self) -> None:
        try:
            self._use()
        except Exception as exc:
            self._fail(self._end_of_process() or exc)
        finally:
            self._end()
            self._folder.cleanup()

    def _fail(self, exc: Exception) -> None:
        self.failure = exc
        if self.client is None and not self._is_over.is_set():
            _logger.warning("a cluster of this machine could not be started: %s", exc)

    def _end(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # if it has ended already
            self._process.stdin.write(b".")
            self._process.stdin.close()
        self._process.wait()

    def _use(self) -> None:
        from distributed import Client

        request = {
            "path": sys.path,
            "config": _picklable(dask.config.global_config),
            "n_workers": self._n_workers,
        }
        assert self._process.stdin is not None
        with suppress(OSError):  # if it has ended already, as is found out below
            self._process.stdin.write(pickle.dumps(request))
            self._process.stdin.flush()
        while not self._address_file.exists():
            self._check_alive()
            if self._is_over.wait(POLL_SECONDS):
                return
        address = self._address_file.read_text()
        with Client(address, set_as_default=False, direct_to_workers=True) as client:
            client.run(_load, self._spec)
            self.ready_at = time.perf_counter()
            _measured[:] = [self.ready_at - self._begun]
            self.client = client
            while not self._is_over.wait(POLL_SECONDS):
                self._check_alive()

    def _check_alive(self) -> None:
        ended = self._end_of_process(0)
        if ended is not None:
            self.failure = ended
            raise ended  # known before the client is closed

    def _end_of_process(self, seconds: float = LOOK_SECONDS) -> WorkerError | None:
        """Return an error if the process has ended, or does so within some seconds."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return WorkerError(
            f"the process of the cluster that was started for this render ended with status {status}"
        )


def _load(spec: SourceSpec) -> None:
    """Task: load what is to be drawn, and the libraries that it needs."""
    spec.load()
    spec.source()


def _picklable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that can be sent; others, such as a pool of threads, mean nothing elsewhere."""
    sent = {}
    for name, value in config.items():
        with suppress(Exception):
            pickle.dumps(value)
            sent[name] = value
    return sent
