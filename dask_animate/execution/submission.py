"""What is sent to a cluster: partitions, and computed parameters that several of them depend on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from distributed import Future

from ..rendering import TaskOutput


@dataclass
class Submission:
    """A partition that is to be sent, or was.

    Attributes
    ----------
    submit : callable
        Sends it; called again if its parameters were lost.
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
    output : TaskOutput or None
        Once it was drawn so.
    is_here : bool
        Whether it is drawn here.
    """

    submit: Callable[[], Future]
    n_frames: int | None
    param_bytes: int
    label: str
    future: Future | None = None
    draw: Callable[[Callable[[int], None]], TaskOutput] | None = None
    output: TaskOutput | None = None
    is_here: bool = False

    def send(self) -> None:
        """Submit it, unless that was done, or it is drawn here."""
        if self.future is None and not self.is_here:
            self.future = self.submit()


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
            if self._future is None or self._future.status in ("cancelled", "lost"):
                self._future = self._submit()
            return self._future
