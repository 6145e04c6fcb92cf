"""Takes the pictures in docs/images of the dashboard: ``python docs/take_dashboard_screenshots.py``.

It needs the extra `lab` and the program chromium.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from distributed import Client, LocalCluster
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from dask_animate import Animator
from dask_animate.errors import FrameError

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests" / "support"))

from dashboards import base_of  # noqa: E402
from jupyter_lab import BROWSER_OPTIONS  # noqa: E402

ANIMATOR = """
import matplotlib.pyplot as plt
import numpy as np
from dask_animate import Animator


class TwoSources(Animator):
    def setup(self):
        fig, (top, bottom) = plt.subplots(2, height_ratios=(3, 1), layout="constrained")
        self.x, self.y = np.meshgrid(np.linspace(-12, 12, 360), np.linspace(-7, 7, 211))
        extent = (-12, 12, -7, 7)
        self.image = top.imshow(0 * self.x, vmin=-2, vmax=2, cmap="RdBu", extent=extent, aspect="auto")
        top.set(title="Two sources", ylabel="y")
        fig.colorbar(self.image, label="amplitude")
        (self.line,) = bottom.plot(self.x[0], 0 * self.x[0])
        bottom.set(xlim=(-12, 12), ylim=(-2, 2), xlabel="x", ylabel="y = 0")
        return fig

    def update(self, frame_idx, day):
        if day is None:
            raise KeyError("no time step for 2026-03-17: <xarray> index ends at 2026-03-16")
        distances = (np.hypot(self.x - x, self.y) for x in (-4, 4))
        waves = sum(np.cos(2 * distance - frame_idx / 8) / (1 + distance / 8) for distance in distances)
        self.image.set_data(waves)
        self.line.set_ydata(waves[len(waves) // 2])
"""


def save(page: Page, name: str, width: int) -> None:
    """Write a picture of what the window shows, so wide."""
    picture = Image.open(BytesIO(page.screenshot()))
    height = round(picture.height * width / picture.width)
    picture.resize((width, height), Image.Resampling.LANCZOS).save(IMAGES / name, quality=80, method=6)


def opened(browser: Browser, address: str, width: int, height: int, scheme: Any) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(address)
    return page


def failed(browser: Browser, client: Client, animator: Animator, folder: Path) -> None:
    """Take a picture of a render that failed."""
    base = base_of(client)
    animator.make_video(folder / "preview.mp4", range(40), 30, client=client)
    days = [*range(131), None, *range(132, 160)]
    page = opened(browser, base + "individual-animate", 1250, 684, "dark")
    render = animator.make_video(
        folder / "march.mp4", days, 30, client=client, partition_size=8, wait=False
    )
    expect(page.locator("#status")).to_have_text("failed")
    assert isinstance(render.exception(), FrameError)
    expect(page.locator("#failures pre")).to_contain_text("KeyError")
    page.evaluate(  # where files lie on this machine is of no interest
        "([library, folder]) => { const pre = document.querySelector('#failures pre'); pre.textContent ="
        " pre.textContent.replaceAll(library, '…/site-packages').replaceAll(folder, '…'); }",
        [str(ROOT), str(folder)],
    )
    save(page, "dashboard-failed.webp", 1000)
    page.close()


def running(browser: Browser, client: Client, animator: Animator, folder: Path) -> None:
    """Take pictures of two renders that run, one of whose workers dies."""
    base = base_of(client)
    wide = opened(browser, base + "animate", 1600, 870, "light")
    renders = [
        animator.make_video(folder / name, range(1000), 30, client=client, partition_size=1, wait=False)
        for name in ("storm.mp4", "two_sources.mp4")
    ]
    inner = wide.frame_locator("iframe")
    inner.locator("#render-rows button", has_text="two_sources.mp4").click()
    narrow = opened(browser, base + "individual-animate", 400, 900, "dark")
    counts(inner, r"[5-9]\d")
    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
    counts(inner, r"1[5-9]\d")
    expect(inner.locator("#worker-rows")).to_contain_text("left the cluster")
    save(wide, "dashboard-running.webp", 1200)
    narrow.locator("#render-rows button", has_text="two_sources.mp4").click()
    narrow.evaluate("scrollTo(0, 0)")
    expect(narrow.locator("#caption")).to_contain_text("Frame ")
    save(narrow, "dashboard-narrow.webp", 400)
    for render in renders:
        render.cancel()
        render.exception()


def counts(page: FrameLocator, pattern: str) -> None:
    """Wait until so many frames are drawn."""
    expect(page.locator("#counts b")).to_have_text(re.compile(f"^{pattern}$"))


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Write the animator as a module that workers find, too, as they get the path of this process."""
    (folder / "two_sources.py").write_text(ANIMATOR.lstrip())
    sys.path.insert(0, str(folder))
    yield


def main() -> None:
    expect.set_options(timeout=120_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        importable(Path(folder)),
        LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_OPTIONS
        ) as browser,
    ):
        from two_sources import TwoSources

        failed(browser, client, TwoSources(), Path(folder))
        running(browser, client, TwoSources(), Path(folder))


if __name__ == "__main__":
    main()
