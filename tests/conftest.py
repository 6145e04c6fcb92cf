"""Clusters that the tests share: real processes, one thread each unless said otherwise."""

import time
from collections import Counter

import pytest
from clusters import local_client
from matplotlib import pyplot as plt


def pytest_addoption(parser):
    parser.addoption(
        "--cases",
        type=int,
        metavar="N",
        help="run at most N cases of each test, first and last among them; with -m slow, its cases that "
        "are not slow count, too",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config, items):
    for of_test in _cases(items):
        if marker := of_test[0].get_closest_marker("mostly_slow"):
            for item in set(of_test) - set(_some(of_test, *marker.args)):
                item.add_marker("slow")
    default = Counter(_test(item) for item in items if item.get_closest_marker("slow") is None)
    yield
    if (most := config.getoption("--cases")) is not None:
        run = default if config.getoption("-m") == "slow" else {}
        kept = {
            item
            for of_test in _cases(items)
            for item in _some(of_test, most - run.get(_test(of_test[0]), 0))
        }
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]


def _cases(items):
    """Return lists of the cases of each test."""
    cases = {}
    for item in items:
        cases.setdefault(_test(item), []).append(item)
    return cases.values()


def _test(item):
    return item.nodeid.partition("[")[0]


def _some(cases, most):
    """Return some of the cases, the first and the last among them."""
    n = min(most, len(cases))
    return [cases[i * (len(cases) - 1) // max(n - 1, 1)] for i in range(n)]


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


@pytest.fixture(scope="module")  # as idle workers take 5 % of a core each
def client_of_five():
    yield from _client(5)


@pytest.fixture(scope="module")
def client_of_threads():
    """One worker with four threads."""
    yield from _client(1, 4)
