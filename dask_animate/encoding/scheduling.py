"""How the system schedules the threads of this process, which an encoder may change."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_THREADS = Path("/proc/self/task")
_lock = threading.Lock()


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
    with _lock:  # else another thread might take what is to be undone for what was there
        before = _policies()
        own = before.get(threading.get_native_id())
        try:
            yield
        finally:
            for thread, policy in _policies().items():
                former = before.get(thread, own)
                if former is not None and policy != former:
                    with suppress(OSError):  # it has ended, or that is not permitted
                        os.sched_setscheduler(thread, *former)


def _policies() -> dict[int, tuple[int, Any]]:
    """Return policy and priority of all threads, by their numbers."""
    found = {}
    for number in map(int, os.listdir(_THREADS)):
        with suppress(OSError):  # it has ended
            found[number] = os.sched_getscheduler(number), os.sched_getparam(number)
    return found
