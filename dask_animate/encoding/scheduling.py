"""How the system schedules the threads of this process, which an encoder may change."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_THREADS = Path("/proc/self/task")


@contextmanager
def scheduling_kept() -> Iterator[None]:
    """Leave threads scheduled as they were, and schedule new ones as this one.

    SVT-AV1 makes the thread that opens it and those that it starts real-time threads, for good, if the
    user is root, as in many containers. They and processes that are started later would take all cores
    from everything else on the machine.
    """
    if not _THREADS.is_dir():  # not Linux
        yield
        return
    before = _policies()
    try:
        yield
    finally:
        own = before[threading.get_native_id()]
        for thread, policy in _policies().items():
            former = before.get(thread, own)
            if policy != former:
                with suppress(ProcessLookupError):
                    os.sched_setscheduler(thread, *former)


def _policies() -> dict[int, tuple[int, Any]]:
    """Return policy and priority of all threads, by their numbers."""
    found = {}
    for number in map(int, os.listdir(_THREADS)):
        with suppress(ProcessLookupError):  # it has ended
            found[number] = os.sched_getscheduler(number), os.sched_getparam(number)
    return found
