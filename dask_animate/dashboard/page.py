"""The page "Animate" on the scheduler's web server.

The page is plain HTML that asks for JSON twice a second. It needs neither Bokeh nor websockets, so that
it also shows where these are missing or blocked. All links are relative to the page, one level deep, as
proxies and prefixes need. What it shows comes from users and from their errors: its script sets nothing
but text, and its content security policy lets no script and no style run that is not a file of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from distributed import Scheduler
from jinja2 import Environment, FileSystemLoader, Template
from tornado.web import RequestHandler

from ._distributed import PLOTS, TEMPLATES, add_routes, listed_plots, navigation, route_prefix
from .snapshot import snapshot
from .state import AnimateState
from .thumbnails import Thumbnails

#: The page with the navigation, and the page alone, as JupyterLab's extension names what it shows.
PAGE, ALONE = "animate", "individual-animate"
#: What the page is made of.
STATIC = Path(__file__).parent / "static"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


def add_page(scheduler: Scheduler, state: AnimateState, thumbnails: Thumbnails) -> str | None:
    """Add the page to the web server of a scheduler, which may run already.

    Parameters
    ----------
    scheduler : distributed.Scheduler
        Whose web server it is.
    state : AnimateState
        What to show.
    thumbnails : Thumbnails
        Where pictures of frames come from.

    Returns
    -------
    str or None
        Its path; None if the scheduler serves no pages.
    """
    prefix = route_prefix(scheduler)
    if prefix is None:
        return None
    shared = navigation(scheduler)
    if PAGE not in shared["pages"]:
        shared["pages"].insert(2, PAGE)  # behind "status" and "workers"
        shared["plots"].append({"url": ALONE, "name": "Animate"})
        shared["plots"].sort(key=lambda plot: str(plot["name"]))
    templates = Environment(loader=FileSystemLoader([STATIC, TEMPLATES]), autoescape=True)
    page = templates.get_template("navigation.html")

    class Plots(listed_plots(scheduler)):  # type: ignore[misc]
        """The list of single plots, with this one."""

        def write(self, chunk: Any) -> None:
            super().write(
                {**chunk, "Individual Animate": f"/{ALONE}"} if isinstance(chunk, dict) else chunk
            )

    routes: dict[str, tuple[type[RequestHandler], dict[str, Any]]] = {
        PAGE: (_Navigation, {"page": page, "variables": shared}),
        ALONE: (_File, {"path": STATIC / "animate.html", "kind": "text/html"}),
        "animate.css": (_File, {"path": STATIC / "animate.css", "kind": "text/css"}),
        "animate.js": (_File, {"path": STATIC / "animate.js", "kind": "text/javascript"}),
        "animate.json": (_Snapshot, {"scheduler": scheduler, "state": state, "thumbnails": thumbnails}),
        "animate.jpg": (_Picture, {"state": state, "thumbnails": thumbnails}),
        PLOTS: (Plots, {"dask_server": scheduler}),
    }
    add_routes(scheduler, [(prefix + name, *route) for name, route in routes.items()])
    return prefix + PAGE


class _Handler(RequestHandler):
    """Answers that run nothing but the files of the page, and are asked for again each time."""

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")


class _Navigation(RequestHandler):
    """A frame with the page, below the navigation of the dashboard."""

    def initialize(self, page: Template, variables: dict[str, Any]) -> None:
        self._page = page
        self._variables = variables

    def get(self) -> None:
        self.write(self._page.render(**self._variables))


class _File(_Handler):
    """A file of the page."""

    def initialize(self, path: Path, kind: str) -> None:
        self._path = path
        self.set_header("Content-Type", f"{kind}; charset=utf-8")

    def get(self) -> None:
        self.write(self._path.read_text("utf-8"))


class _Snapshot(_Handler):
    """All renders in short, and one of them in detail, as JSON."""

    def initialize(self, scheduler: Scheduler, state: AnimateState, thumbnails: Thumbnails) -> None:
        self._scheduler = scheduler
        self._state = state
        self._thumbnails = thumbnails

    def get(self) -> None:
        chosen = self._state.renders.get(self.get_query_argument("render", ""), self._state.latest())
        latest = None if chosen is None else self._thumbnails.of(chosen)
        self.write(snapshot(self._state, chosen, latest, len(self._scheduler.workers)))


class _Picture(_Handler):
    """The latest picture of a render, as JPEG."""

    def initialize(self, state: AnimateState, thumbnails: Thumbnails) -> None:
        self._state = state
        self._thumbnails = thumbnails

    def get(self) -> None:
        render = self._state.renders.get(self.get_query_argument("render", ""))
        latest = None if render is None else self._thumbnails.of(render)
        if latest is None:
            self.send_error(404)
            return
        self.set_header("Content-Type", "image/jpeg")
        self.write(latest.jpeg)
