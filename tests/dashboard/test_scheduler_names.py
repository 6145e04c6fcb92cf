"""What the page uses of distributed beyond its documentation is in the release that is installed."""

import distributed
import pytest
from distributed import Client, LocalCluster

from dask_animate.dashboard import _distributed

RELEASE = f"distributed {distributed.__version__}"


@pytest.fixture(scope="module", params=["", "a/b"])
def scheduler(request):
    options = {"http_prefix": request.param} if request.param else {}
    with (
        LocalCluster(1, processes=False, dashboard_address=":0", scheduler_kwargs=options) as cluster,
        Client(cluster, set_as_default=False),
    ):
        yield cluster.scheduler, f"/{request.param}/".replace("//", "/")


def test_the_prefix_of_routes(scheduler):
    scheduler, prefix = scheduler
    assert _distributed.route_prefix(scheduler) == prefix, f"{RELEASE} keeps its routes elsewhere"


def test_the_navigation(scheduler):
    scheduler, _ = scheduler
    variables = _distributed.navigation(scheduler)
    assert isinstance(variables["pages"], list), f"{RELEASE} has another navigation"
    assert isinstance(variables["plots"], list), f"{RELEASE} has another navigation"
    assert (_distributed.TEMPLATES / "base.html").exists()


def test_the_list_of_plots(scheduler):
    assert hasattr(_distributed.listed_plots(scheduler[0]), "get")
