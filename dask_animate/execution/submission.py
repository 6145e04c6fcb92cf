"""What is sent to a cluster: partitions, and computed parameters that several of them depend on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from distributed import Client, Future

from ..diagnostics import FrameFailure
from ..params import Partition
from ..rendering import Known, TaskOutput, Unplaced

_logger = logging.getLogger(__name__)

#: Parameters above this size go straight to a worker; smaller ones ride in the task.
SCATTER_BYTES = 64 * 2**10
#: Seconds for which scattering waits for a worker; then parameters ride in the task.
SCATTER_SECONDS = 1.0


@dataclass
class Submission:
    """A partition that is to be sent, or was. Two threads may use `send_again`.

    Attributes
    ----------
    submit : callable
        Sends it, given what is known of it; called again if its parameters were lost, or frames of it.
    n_frames : int or None
        Number of frames; None if that is not known, in a bag.
    param_bytes : int
        Bytes of its parameters.
    label : str
        Names it in messages.
    future : Future or None
        Once it was sent.
    draw : callable or None
        Draws it in this process instead, given what is called with the index of each frame; None if that
        cannot be done.
    output : TaskOutput, Unplaced or None
        Once it was drawn so.
    is_here : bool
        Whether it is drawn here.
    known : Known
        What is known of it.
    n_stuck : int
        How often its encoder did not end.
    error : Exception or None
        Why it is not sent again.
    fetched : tuple or None
        A future and its result, if that was fetched before its turn.
    """

    submit: Callable[[Known], Future]
    n_frames: int | None
    param_bytes: int
    label: str
    future: Future | None = None
    draw: Callable[[Callable[[int], None]], TaskOutput | Unplaced] | None = None
    output: TaskOutput | Unplaced | None = None
    is_here: bool = False
    known: Known = field(default_factory=Known)
    n_stuck: int = 0
    error: Exception | None = None
    fetched: tuple[Future, Any] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self) -> None:
        """Submit it, unless that was done, or it is drawn here."""
        if self.future is None and not self.is_here:
            self.future = self.submit(self.known)

    def result_of(self, future: Future) -> Any:
        """Return the result of its future if that was fetched already, else None."""
        return self.fetched[1] if self.fetched and self.fetched[0] is future else None

    def send_again(self, lost: Future | None, known: Known | None = None) -> bool:
        """Submit it again in the place of a future, unless that was done; return whether it was now.

        Parameters
        ----------
        lost : distributed.Future or None
            What is given up.
        known : Known, optional
            What is known by now.
        """
        with self._lock:
            if self.future is not lost or self.error is not None:
                return False
            self.known = known or self.known
            self.future = self.submit(self.known)
            return True

    def note(self, lost: Future, failure: FrameFailure | None, error: Exception | None) -> bool:
        """Take note of a frame that failed, or of the encoder; submit it again, unless that is an error.

        Returns False, and does nothing, if the future is not in use any more.
        """
        with self._lock:
            if self.future is not lost:
                return False
            if failure is None:
                self.n_stuck += 1
            else:
                self.known = replace(self.known, failures=(*self.known.failures, failure))
            self.error = error
            if error is None:
                self.future = self.submit(self.known)
            return True


class SharedFuture:
    """A future that several partitions depend on, submitted again if it was lost. Thread-safe.

    A worker that dies loses nothing here, as the scheduler computes again what it had; a cluster that
    is restarted forgets the task itself.
    """

    def __init__(self, submit: Callable[[], Future]) -> None:
        self._submit = submit
        self._future: Future | None = None
        self._lock = threading.Lock()

    def future(self) -> Future:
        """Return the future, pending or finished."""
        with self._lock:
            if self._future is None:
                self._future = self._submit()
            elif self._future.status in ("cancelled", "lost"):
                self._future.cancel()  # a restarted cluster may know what its client has forgotten
                self._future = self._submit()
            return self._future


def scattered(
    client: Client, partition: Partition, workers: Sequence[str] | None, direct: bool | None
) -> Partition | Future:
    """Put a large partition on a worker; return it as it is if it is small, or if there is none.

    The task then asks for a worker. Scattering would wait for one, in which an adaptive cluster sees no
    need to start it.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    partition : Partition
        What is to be sent.
    workers : sequence of str or None
        The workers to which it may go; None for any.
    direct : bool or None
        As for `Client.scatter`.
    """
    if partition.n_bytes <= SCATTER_BYTES:
        return partition
    try:
        if not client.nthreads():  # as of now, not of a second ago
            return partition
        sent: Future = client.scatter(
            partition, workers=workers, direct=direct, hash=False, timeout=SCATTER_SECONDS
        )
    except (OSError, KeyError) as exc:  # workers that are leaving, or have left
        _logger.info("parameters go by the scheduler, as no worker takes them: %s", exc)
        return partition
    return sent
