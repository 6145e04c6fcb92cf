"""Every name of distributed that is not public and on which this folder relies, each with its reason.

``tests/dashboard/test_scheduler_names.py`` checks them, so that a release of distributed without one
fails there first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import distributed.http
from distributed import Scheduler

#: What serves the list of single plots, where it is in the routes of the scheduler.
PLOTS = "individual-plots.json"
#: Templates of the scheduler's pages, with the navigation in ``base.html``.
TEMPLATES = Path(distributed.http.__file__).parent / "templates"


def route_prefix(scheduler: Scheduler) -> str | None:
    """Return what all routes of the dashboard begin with, such as "/" or "/some/prefix/".

    distributed does not keep its option ``--dashboard-prefix``. None if the scheduler serves no pages:
    its configuration can leave out those of which this is one.
    """
    for rule in scheduler.http_application.wildcard_router.rules:
        pattern = getattr(rule.matcher, "regex", None)
        if pattern is not None and pattern.pattern.endswith(f"/{PLOTS}$"):
            return str(pattern.pattern.removesuffix(f"{PLOTS}$"))
    return None


def add_routes(scheduler: Scheduler, routes: list[Any]) -> None:
    """Add routes to the scheduler's web server while it runs; they come before those that are there."""
    scheduler.http_application.add_handlers(r".*", routes)


def listed_plots(scheduler: Scheduler) -> type[Any]:
    """Return the class of the handler that lists the single plots for JupyterLab's extension."""
    from distributed.http.scheduler.info import IndividualPlots

    handler: type[Any] = IndividualPlots
    return handler


def navigation(scheduler: Scheduler) -> dict[str, Any]:
    """Return the variables of the navigation, whose lists all pages share; few without Bokeh."""
    try:
        from distributed.dashboard.scheduler import template_variables
    except ImportError:
        return {"pages": ["info"], "plots": []}
    variables: dict[str, Any] = template_variables(scheduler)
    return variables
