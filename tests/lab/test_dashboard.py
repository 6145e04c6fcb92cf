"""The page "Animate" in Chromium: what people see of it, and that hostile text stays text."""

import time
from contextlib import contextmanager

import numpy as np
import pytest
from dashboards import base_of, running_scheduler, shown
from distributed import Client, LocalCluster
from helpers import FailsAt, FrameNumber
from playwright.sync_api import expect

from dask_animate import FrameSource
from dask_animate.errors import FrameError

#: Each runs a script where it is taken for markup, a template or mathematics.
HOSTILE = [
    "<img src=x onerror=window.hacked=1>",
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    '"><svg onload=window.hacked=1>',
    "<%= window.hacked=1 %>",
    "{{constructor.constructor('window.hacked=1')()}}",
    "$$\\href{javascript:window.hacked=1}{x}$$",
    "javascript:window.hacked=1",
]


class Hostile(FrameSource):
    """Fails in its last frame, with a text that would do harm as markup."""

    def draw(self, frame_idx, params):
        if frame_idx == 5:
            raise ValueError(" ".join(HOSTILE))
        return np.full((32, 32, 3), 40 * frame_idx, np.uint8)


class Patient(FrameNumber):
    """Takes so long that people see it."""

    def update(self, frame_idx, params):
        time.sleep(0.02)
        super().update(frame_idx, params)


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def open_page(new_page):
    """Return a function that opens a page; the test fails if its console has errors at its end."""
    errors = []

    def open_page(address, **options):
        page = new_page(**options)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else 0)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    assert errors == []


@contextmanager
def in_background(*renders):
    try:
        yield
    finally:
        for render in renders:
            render.cancel()
            assert render.exception(30) is not None


def test_what_is_seen_while_frames_are_drawn(tmp_path, client, open_page):
    renders = [
        Patient().make_video(
            tmp_path / name, [0] * 1000, 30, client=client, partition_size=1, wait=False
        )
        for name in ("one.mp4", "two.mp4")
    ]
    with in_background(*renders):
        base = base_of(client)
        page = open_page(base + "animate")
        expect(page.locator(".navbar a[href=animate]")).to_have_text("Animate")
        inner = page.frame_locator("iframe")
        expect(inner.locator("#status")).to_have_text("running")
        expect(inner.locator("#render-rows tr")).to_have_count(2)
        expect(inner.locator("#caption")).to_contain_text("Frame ")
        assert inner.locator("#frame").evaluate("image => image.decode().then(() => image.naturalWidth)")
        count = inner.locator("#counts b")
        before = count.inner_text()
        expect(count).not_to_have_text(before)
        inner.locator("#render-rows button", has_text="one.mp4").click()
        expect(inner.locator("#choice option:checked")).to_contain_text("one.mp4")
        expect(inner.locator("#worker-rows tr")).to_have_count(2)
        n_cells = len(shown(base, "one.mp4")["strip"]["cells"])
        assert 0 < n_cells <= 240


def test_hostile_text_stays_text(tmp_path, client, open_page):
    params = ["calm"] * 5 + [" ".join(HOSTILE)]
    file = tmp_path / "<img src=x onerror=window.hacked=1>.mp4"
    with pytest.raises(FrameError):
        Hostile().make_video(file, params, 30, client=client, partition_size=2)
    page = open_page(base_of(client) + "individual-animate")
    failures = page.locator("#failures")
    for text in HOSTILE:
        expect(failures.locator("dd").first).to_contain_text(text)
        expect(failures.locator("pre")).to_contain_text(text)
    expect(page.locator("#choice option:checked")).to_contain_text("<img src=x")
    page.wait_for_timeout(1500)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 1
    assert page.locator("script").count() == 1


def test_the_policy_stops_scripts_that_get_in(client, new_page):
    page = new_page()
    page.goto(base_of(client) + "individual-animate")
    blocked = page.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", (event) => resolve(event.blockedURI));
            const script = document.createElement("script");
            script.textContent = "window.hacked = 1";
            document.body.append(script);
        })"""
    )
    assert (blocked, page.evaluate("window.hacked")) == ("inline", None)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_it_fits(tmp_path, client, open_page, color_scheme, width):
    with pytest.raises(FrameError):
        FailsAt(9).make_video(tmp_path / "bad.mp4", [7] * 24, 30, client=client)
    page = open_page(
        base_of(client) + "individual-animate", width=width, height=900, color_scheme=color_scheme
    )
    expect(page.locator("#failures h2")).to_have_text("Frame 9 could not be drawn")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 20, 24)"
    assert dark is (color_scheme == "dark")


def test_the_result(tmp_path, client, open_page):
    video = FrameNumber().make_video(tmp_path / "done.mp4", [0] * 12, 30, client=client)
    page = open_page(base_of(client) + "individual-animate")
    expect(page.locator("#status")).to_have_text("done")
    expect(page.locator("#result-list")).to_contain_text(str(video.path))
    expect(page.locator("#summary")).to_contain_text("12 frames in")
    page.locator("#copy").click()
    assert "12 frames in" in page.evaluate("getSelection().toString()")


def test_nothing_yet(tmp_path, open_page):
    options = ("--preload", "dask_animate.dashboard", "--dashboard-prefix", "a/b")
    with running_scheduler(tmp_path, *options, workers=0) as (_, base):
        page = open_page(base + "a/b/status")
        page.locator(".navbar a", has_text="Animate").first.click()
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("No render yet")
        assert page.url == base + "a/b/animate"


def test_a_scheduler_that_ends(tmp_path, new_page):
    options = ("--preload", "dask_animate.dashboard")
    with running_scheduler(tmp_path, *options, workers=0) as (_, base):
        page = new_page()
        page.goto(base + "individual-animate")
        expect(page.locator("h1")).to_have_text("No render yet")
    expect(page.locator("#silence")).to_contain_text("does not answer")


def test_a_pane_of_jupyterlab(tmp_path, client, lab, open_notebook):
    FrameNumber().make_video(tmp_path / "pane.mp4", [0] * 12, 30, client=client)
    notebook = open_notebook(lab.write("pane.ipynb", ""))
    pane = notebook.dask_pane(base_of(client), "animate")
    expect(pane.locator("#status")).to_have_text("done")


def test_behind_the_proxy_of_a_notebook_server(client, lab, new_page):
    page = new_page()
    page.goto(lab.page_url(lab.write("proxy.ipynb", "")))  # signs in
    port = base_of(client).rstrip("/").rpartition(":")[2]
    page.goto(f"{lab.url}/proxy/{port}/animate")
    expect(page.frame_locator("iframe").locator("#status")).not_to_be_empty()
