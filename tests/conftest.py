"""Clusters that the tests share: real processes, one thread each unless said otherwise."""

import time

import pytest
from clusters import local_client
from matplotlib import pyplot as plt


def pytest_addoption(parser):
    parser.addoption(
        "--cases",
        type=int,
        metavar="N",
        help="run at most N cases of each test, first and last among them",
    )


@pytest.hookimpl(trylast=True)  # of what other options leave
def pytest_collection_modifyitems(config, items):
    if (most := config.getoption("--cases")) is None:
        return
    cases = {}
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept = set()
    for of_test in cases.values():
        n_kept = min(most, len(of_test))
        kept.update(of_test[i * (len(of_test) - 1) // max(n_kept - 1, 1)] for i in range(n_kept))
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def _client(n_workers, threads_per_worker=1, **kwargs):
    cluster, client = local_client(n_workers, threads_per_worker, **kwargs)
    with cluster, client:
        yield client


def _tasks(client):
    """Return the names of the tasks that a cluster has."""
    return client.run_on_scheduler(lambda dask_scheduler: [*dask_scheduler.tasks])


@pytest.fixture(autouse=True)
def _tasks_of_a_test(request):
    """Fail if a test leaves tasks on a cluster that others use, too."""
    yield
    for name in {"client", "client_of_five", "client_of_threads"}.intersection(request.fixturenames):
        client = request.getfixturevalue(name)
        for _ in range(300):
            if not (left := _tasks(client)):
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"tasks are left on the cluster: {left}")


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
