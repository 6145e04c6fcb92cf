"""Clusters of real processes."""

import multiprocessing
import os
from functools import cache
from multiprocessing import forkserver

import dask
from distributed import Client, LocalCluster

#: How Dask starts workers, by its own default and here: to import all that they need takes longer than
#: most tests.
METHOD, DEFAULT, HERE = "distributed.worker.multiprocessing-method", "spawn", "forkserver"
#: What workers need, loaded once in a process that is forked for each of them.
MODULES = ["distributed.nanny", "matplotlib.pyplot", "dask_animate.execution.tasks", "zarr", "helpers"]

dask.config.set({METHOD: HERE})


@cache
def load_once():
    """Start the process that workers are forked from, before Dask does so with modules of its choice."""
    multiprocessing.get_context(HERE).set_forkserver_preload(MODULES)
    forkserver.ensure_running()


def local_client(n_workers, threads_per_worker=1, **kwargs):
    """Start a cluster without Dask's profiler, which keeps idle workers busy."""
    load_once()
    with dask.config.set({"distributed.worker.profile.enabled": False}):
        cluster = LocalCluster(
            n_workers=n_workers,
            threads_per_worker=threads_per_worker,
            processes=True,
            dashboard_address=":0",
            env=dict(os.environ),  # which may have changed since the process was started
            **kwargs,
        )
    return cluster, Client(cluster, set_as_default=False)
