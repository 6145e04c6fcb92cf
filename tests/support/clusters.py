"""Clusters of real processes."""

from distributed import Client, LocalCluster


def local_client(n_workers, threads_per_worker=1, **kwargs):
    cluster = LocalCluster(
        n_workers=n_workers,
        threads_per_worker=threads_per_worker,
        processes=True,
        dashboard_address=":0",
        **kwargs,
    )
    return cluster, Client(cluster, set_as_default=False)
