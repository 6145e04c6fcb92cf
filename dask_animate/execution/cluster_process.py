"""A process that holds a local cluster until its standard input ends; run as a script.

It is a process of its own for two reasons. `multiprocessing` runs the main module of a process again in
each process that it starts: here this one, which does nothing then, and not the caller's script. And
the scheduler does not take time from the thread that draws. It ends with the caller's process.
"""

import logging
import os
import pickle
import shutil
import signal
import sys


def main() -> None:
    """Start a cluster as standard input says, write its address to a file, and wait."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the caller, as for the workers, which inherit it
    try:
        request = pickle.load(sys.stdin.buffer)
    except (EOFError, pickle.UnpicklingError):  # the caller ended before it had said what it wants
        return
    sys.path[:] = request["path"]
    import dask
    from distributed import LocalCluster

    dask.config.update(dask.config.global_config, request["config"])
    # A worker that had to end may take longer to be back than a cluster waits for it by default.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    with LocalCluster(
        n_workers=request["n_workers"],
        threads_per_worker=1,
        silence_logs=logging.CRITICAL,  # errors are raised by the caller, and told once
        dashboard_address=":0",  # any port; the usual one may be that of the user's own cluster
        scheduler_kwargs={"dashboard": False},
    ) as cluster:
        try:
            _write_address(request["address_file"], cluster.scheduler_address)
        except FileNotFoundError:  # the caller ended, and its directory with it
            return
        has_said_so = sys.stdin.buffer.read(1)
    if not has_said_so:  # the caller is gone, and cleans up nothing
        shutil.rmtree(os.path.dirname(request["address_file"]), ignore_errors=True)


def _write_address(path: str, address: str) -> None:
    with open(path + ".part", "w") as file:
        file.write(address)
    os.replace(path + ".part", path)


if __name__ == "__main__":
    main()
