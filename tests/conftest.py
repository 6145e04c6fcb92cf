"""Clusters that the tests share: real processes, one thread each unless said otherwise."""

import pytest
from clusters import local_client
from matplotlib import pyplot as plt


def _client(n_workers, threads_per_worker=1, **kwargs):
    cluster, client = local_client(n_workers, threads_per_worker, **kwargs)
    with cluster, client:
        yield client


@pytest.fixture(autouse=True)
def _figures_of_a_test():
    """Close what a test leaves open, as others look for figures that the library has left."""
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def client():
    """Two workers that every test leaves as it found them."""
    yield from _client(2)


@pytest.fixture
def own_client():
    """Two workers for tests that harm them."""
    yield from _client(2)


@pytest.fixture(scope="session")
def client_of_five():
    yield from _client(5)


@pytest.fixture(scope="session")
def client_of_threads():
    """One worker with four threads."""
    yield from _client(1, 4)
