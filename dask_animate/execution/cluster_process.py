"""A process that holds a local cluster until its standard input ends; run as a script.

It is a process of its own for two reasons. `multiprocessing` runs the main module of a process again in
each process that it starts: here this one, which does nothing then, and not the caller's script. And
the scheduler does not take time from the thread that draws. It ends with the caller's process, and by
nothing else: batch systems tell all processes of a job to end, and somebody has to clean up.

Its argument is a folder, which it removes if the caller cannot. Standard input says the rest.
"""

import asyncio
import logging
import os
import pickle
import shutil
import signal
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

#: Seconds that workers have to end by themselves; those that still draw need not finish.
END_SECONDS = 1.0
#: The most bytes that a worker keeps of what it freed, and the most as a share of its memory.
KEPT_BYTES, KEPT_SHARE = 2**30, 1 / 8


def main() -> None:
    """Start a cluster as standard input says, write its address to a file, and wait."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which workers inherit
    for name in ("SIGTERM", "SIGHUP"):  # which they do not, and which Windows has only in part
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)
    folder = sys.argv[1]
    # Not `sys.stdin`, which the interpreter cannot close as long as a thread reads from it.
    caller = open(0, "rb", closefd=False)
    request = None
    with suppress(EOFError, pickle.UnpicklingError):  # if the caller has ended already
        request = pickle.load(caller)
    last_words: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=lambda: last_words.put(caller.read(1)), daemon=True).start()
    if request is None or not _hold_cluster(request, folder, last_words):
        # The caller is gone, and cleans up nothing.
        shutil.rmtree(folder, ignore_errors=True)


def kept_memory(n_bytes: int) -> dict[str, str]:
    """Return settings of the GNU C library by which a process keeps so much of what it freed.

    An image is drawn by way of several arrays of its size. What is given back, as Dask has it and as
    large blocks are by default, has to be cleared page by page for the next frame. Only memory of the
    first arena, which all threads have to use for that, can be kept whatever its size.
    """
    return {
        "MALLOC_TRIM_THRESHOLD_": f"{n_bytes}",
        "MALLOC_MMAP_THRESHOLD_": f"{n_bytes}",
        "MALLOC_ARENA_MAX": "1",
    }


def _hold_cluster(request: dict[str, Any], folder: str, last_words: SimpleQueue[bytes]) -> bytes:
    """Hold a cluster until the caller has said that it needs it no longer, or is gone.

    Returns
    -------
    bytes
        What it said; nothing if it is gone.
    """
    sys.path[:] = request["path"]
    import dask
    from distributed import LocalCluster
    from distributed.system import MEMORY_LIMIT

    dask.config.update(dask.config.global_config, request["config"])
    # A worker that had to end may take longer to be back than a cluster waits for it by default.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    if dask.config.get("temporary-directory", None) is None:
        dask.config.set({"temporary-directory": folder})
    # The environment counts before Dask's configuration, which other clusters leave in it.
    share = KEPT_SHARE * MEMORY_LIMIT / request["n_workers"]
    os.environ.update(kept_memory(min(KEPT_BYTES, int(share))))
    if not last_words.empty():  # it has ended meanwhile
        return last_words.get()
    with LocalCluster(
        n_workers=request["n_workers"],
        threads_per_worker=1,
        silence_logs=logging.CRITICAL,  # errors are raised by the caller, and told once
        dashboard_address=":0",  # any port; the usual one may be that of the user's own cluster
        scheduler_kwargs={"dashboard": False},
    ) as cluster:
        try:
            _write_address(os.path.join(folder, "address"), cluster.scheduler_address)
        except FileNotFoundError:  # the caller ended, and its directory with it
            return b""
        words = last_words.get()
        cluster.sync(_end_workers, cluster)
    return words


async def _end_workers(cluster: Any) -> None:
    nannies = cluster.workers.values()
    await asyncio.gather(
        *(nanny.close(timeout=END_SECONDS) for nanny in nannies), return_exceptions=True
    )


def _write_address(path: str, address: str) -> None:
    with open(path + ".part", "w") as file:
        file.write(address)
    os.replace(path + ".part", path)


if __name__ == "__main__":
    main()
