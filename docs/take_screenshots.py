"""Takes the pictures in docs/images of a render in a notebook: ``python docs/take_screenshots.py``.

It needs the extra `lab` and the program chromium.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests" / "support"))

from jupyter_lab import BROWSER_OPTIONS, Notebook, running_lab  # noqa: E402

CLUSTER = """
from dask.distributed import Client, LocalCluster

client = Client(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"))
"""
ANIMATOR = """
import matplotlib.pyplot as plt
import numpy as np
from dask_animate import Animator


class Interference(Animator):
    def setup(self):
        fig, ax = plt.subplots(figsize=(5.4, 3.6), dpi=100, layout="constrained")
        self.x, self.y = np.meshgrid(np.linspace(-6, 6, 450), np.linspace(-4, 4, 300))
        self.image = ax.imshow(
            np.zeros_like(self.x), vmin=-2, vmax=2, cmap="RdBu_r", extent=(-6, 6, -4, 4)
        )
        fig.colorbar(self.image, label="displacement")
        self.title = ax.set_title("distance of the sources: 0.00")
        return fig

    def update(self, frame_idx, distance):
        waves = [
            np.cos(6 * np.hypot(self.x - side * distance / 2, self.y) - frame_idx / 4)
            for side in (-1, 1)
        ]
        self.image.set_data(sum(waves))
        self.title.set_text(f"distance of the sources: {distance:.2f}")
"""
RENDER = """
distances = np.linspace(0, 6, 240)
render = Interference().make_video("interference.mp4", distances, fps=30, wait=False)
render
"""
OTHER = """
# Other cells run meanwhile.
float(distances.mean())
"""

# The folder has a name for this run only.
WITHOUT_FOLDER = (
    "(caption, folder) => { caption.textContent = caption.textContent.replace(folder, '…') }"
)


def save(notebook: Notebook, name: str) -> None:
    """Write a picture of the notebook with 128 colors, which is small."""
    picture = BytesIO(notebook.page.locator(".jp-NotebookPanel-notebook").screenshot())
    Image.open(picture).convert("RGB").quantize(128).save(IMAGES / name, optimize=True)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    expect.set_options(timeout=120_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as own,
        running_lab(Path(folder), Path(own)) as lab,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_OPTIONS
        ) as browser,
    ):
        page = browser.new_page(viewport={"width": 1000, "height": 600})
        path = lab.write("interference.ipynb", *map(str.strip, (CLUSTER, ANIMATOR, RENDER, OTHER)))
        notebook = Notebook(page, lab, path)
        page.keyboard.press("Control+b")  # no side bar
        notebook.run(0)
        notebook.run(1)
        notebook.start(2)
        notebook.run(3)
        view = notebook.output(2)
        expect(view).to_contain_text(re.compile(r"(8|9|1\d)\d of 240 frames"))
        save(notebook, "notebook-running.png")
        expect(view.locator("video")).to_be_visible()
        notebook.cell(2).scroll_into_view_if_needed()
        notebook.plays(view.locator("video"))
        view.locator("small").evaluate(WITHOUT_FOLDER, folder)
        save(notebook, "notebook-done.png")
        assert notebook.errors == []


if __name__ == "__main__":
    main()
