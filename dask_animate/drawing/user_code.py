"""Running the caller's drawing code: one thread of a process at a time, in random states of its own."""

from __future__ import annotations

import os
import random
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np

#: Spawn keys of the seed's streams: one for setup(), one for each frame.
SETUP, FRAME = 0, 1

# Random states are global. All figures of a process share matplotlib's font, mathtext and pyplot caches,
# which are not thread-safe. Reentrant: the code may itself render.
_lock = threading.RLock()
_this_thread = threading.local()
_names: list[str] = []  # that of the isolation that is active, if it was asked for


@contextmanager
def turn() -> Iterator[None]:
    """Wait until no other thread of this process runs a caller's drawing code."""
    with _lock:
        yield


@contextmanager
def isolation() -> Iterator[None]:
    """Mark this thread as the one that runs a caller's drawing code, in its `turn`."""
    with _lock:
        _this_thread.depth = getattr(_this_thread, "depth", 0) + 1
        try:
            yield
        finally:
            _this_thread.depth -= 1
            if not _this_thread.depth:
                _names.clear()


def in_isolation() -> bool:
    """Return True if this thread is inside `isolation`, that is, runs a caller's drawing code."""
    return getattr(_this_thread, "depth", 0) > 0


def unless_isolated(lock: AbstractContextManager[object]) -> AbstractContextManager[object]:
    """Return a lock; in isolation nothing to wait for, as the owner of the lock may wait for that."""
    return nullcontext() if in_isolation() else lock


def isolation_name() -> str | None:
    """Return a name, unique everywhere, of the isolation that this thread is in; None outside of one."""
    if not in_isolation():
        return None
    if not _names:
        _names.append(uuid.uuid4().hex)
    return _names[0]


def is_another_threads_isolation(name: str | None) -> bool:
    """Return True if another thread of this process is in the isolation of this name, at present."""
    return name in _names and not in_isolation()


class _OwnRandomNumbers(random.Random):
    """What modules use of the module `random`, with a state of its own."""

    Random = random.Random


_own_random_numbers = _OwnRandomNumbers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_own_random_numbers.seed)
#: Modules whose code runs in other threads while frames are drawn, and uses Python's global generator,
#: such as for the time until a connection is tried again; and by which name they know it.
_WITH_RANDOM_NUMBERS = {
    "dask.sizeof": "random",
    "distributed.comm.core": "random",
    "distributed.compatibility": "random",  # of older releases
    "distributed.protocol.compression": "randint",
    "distributed.scheduler": "random",
    "distributed.utils_comm": "random",
    "distributed.worker": "random",
    "distributed.worker_state_machine": "random",
    "tornado.ioloop": "random",
}


def _let_others_use_own_random_numbers() -> None:
    """Let Dask take random numbers of its own, so that it takes none from frames that are seeded.

    There is no setting for it.
    """
    for module, name in _WITH_RANDOM_NUMBERS.items():
        names = vars(sys.modules[module]) if module in sys.modules else {}
        used = names.get(name)
        if used is random:
            names[name] = _own_random_numbers
        elif used == random.randint:
            names[name] = _own_random_numbers.randint


def seed_random_states(seed: int, *key: int) -> None:
    """Set NumPy's and Python's global random states from `seed` and `key`.

    Uses ``numpy.random.SeedSequence(seed, spawn_key=key)``, so that neighbouring keys give
    independent streams.
    """
    _let_others_use_own_random_numbers()
    state = int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])
    np.random.seed(state)
    random.seed(state)


@contextmanager
def restored_random_states() -> Iterator[None]:
    """Restore NumPy's and Python's global random states on exit."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def failures() -> tuple[type[BaseException], ...]:
    """Return what the caller's code raises if it fails, rather than to stop what this process does.

    Python raises KeyboardInterrupt for Ctrl-C in the main thread only, where no worker of Dask draws;
    frameworks raise their own to leave it. Elsewhere all of them are that code's own: they would end the
    worker, or leave its task unfinished for ever.
    """
    if threading.current_thread() is threading.main_thread():
        return Exception, SystemExit, GeneratorExit
    return (BaseException,)
