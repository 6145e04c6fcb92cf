"""The page as files: nothing in it takes text for markup, and nothing of it is far away."""

import re

import pytest
from dashboards import base_of, fetched
from distributed import Client, LocalCluster

from dask_animate.dashboard import follow_renders
from dask_animate.dashboard.page import STATIC
from dask_animate.drawing import PHASES

HTML, CSS, SCRIPT, NAVIGATION = (
    (STATIC / name).read_text()
    for name in ("animate.html", "animate.css", "animate.js", "navigation.html")
)


@pytest.fixture(scope="module")
def base():
    with (
        LocalCluster(1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        follow_renders(client)
        yield base_of(client)


@pytest.mark.parametrize(
    "name",
    [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "DOMParser",
    ],
)
def test_the_script_sets_no_markup(name):
    assert name not in SCRIPT


def test_elements_that_the_script_names_are_there():
    ids = set(re.findall(r'at\("([\w-]+)"\)', SCRIPT))
    assert ids <= set(re.findall(r'id="([\w-]+)"', HTML))


def test_each_phase_has_a_color():
    shown = {*PHASES, "other"} - {"setup"}  # which is told as a number
    assert shown <= set(re.findall(r"\.(\w+) \{ --color: var\(", CSS))


def test_links_are_relative_and_one_level_deep():
    links = re.findall(r'(?:src|href)="([^"]*)"', HTML + NAVIGATION)
    assert set(links) == {"animate.css", "animate.js", "individual-animate"}
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", SCRIPT + CSS + HTML)


def test_what_is_served(base):
    for name, start in {
        "animate": b"<!DOCTYPE html>",
        "individual-animate": b"<!DOCTYPE html>",
        "animate.css": b"/*",
        "animate.js": b"//",
        "animate.json": b"{",
    }.items():
        assert fetched(base + name).startswith(start)


def test_only_files_of_the_page_run(base):
    import urllib.request

    with urllib.request.urlopen(base + "individual-animate") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy


def test_a_picture_that_there_is_not(base):
    import urllib.error

    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetched(base + "animate.jpg?render=unknown")
