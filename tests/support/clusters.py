"""Clusters of real processes."""

import dask
from distributed import Client, LocalCluster


def local_client(n_workers, threads_per_worker=1, **kwargs):
    """Start a cluster without Dask's profiler, which keeps idle workers busy."""
    with dask.config.set({"distributed.worker.profile.enabled": False}):
        cluster = LocalCluster(
            n_workers=n_workers,
            threads_per_worker=threads_per_worker,
            processes=True,
            dashboard_address=":0",
            **kwargs,
        )
    return cluster, Client(cluster, set_as_default=False)
