"""The explorer in JupyterLab: its slider is dragged, it plays, and one looks at the pictures."""

import re

import pytest
from playwright.sync_api import expect

WAVE = """
import matplotlib.pyplot as plt
import numpy as np
from dask_animate import Animator

class Wave(Animator):
    def setup(self):
        fig, ax = plt.subplots()
        self.x = np.linspace(0, 4 * np.pi, 200)
        (self.line,) = ax.plot(self.x, np.cos(self.x))
        ax.set_title("Wave")
        return fig

    def update(self, frame_idx, phase):
        if frame_idx == 50:
            raise ValueError("<img src=x onerror=alert(1)>")
        self.line.set_ydata(np.cos(self.x + phase))
"""
EXPLORE = "Wave().explore(np.linspace(0, 2 * np.pi, 60), fps=10)"
CLUSTER = """
from distributed import Client, LocalCluster
cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
client = Client(cluster)
"""


class Shown:
    """An explorer on a page."""

    def __init__(self, notebook, index):
        self.page, self.output = notebook.page, notebook.output(index)
        self.picture = self.output.locator("img")
        self.handle = self.output.locator(".noUi-handle")
        self.caption = self.output.locator("b").first
        self.expect(0)

    def expect(self, frame_idx):
        expect(self.caption).to_have_text(f"Frame {frame_idx}")

    def slider_value(self):
        return int(self.output.locator(".widget-readout").inner_text())

    def source(self):
        return self.picture.evaluate("image => image.src")

    def drag(self, share, steps=25):
        """Drag the slider to a share of its length."""
        self.handle.scroll_into_view_if_needed()
        track = self.output.locator(".noUi-base").bounding_box()
        handle = self.handle.bounding_box()
        self.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        self.page.mouse.down()
        y = track["y"] + track["height"] / 2
        self.page.mouse.move(track["x"] + share * track["width"], y, steps=steps)
        self.page.mouse.up()


@pytest.mark.parametrize("where", ["here", "on a cluster"])
def test_slider_steps_and_playing(lab, open_notebook, where):
    first = WAVE + (CLUSTER if where == "on a cluster" else "")
    notebook = open_notebook(lab.write(f"explore {where}.ipynb", first, EXPLORE))
    notebook.run(0)
    notebook.run(1)
    shown = Shown(notebook, 1)
    before = shown.source()
    shown.drag(0.5)
    at = shown.slider_value()
    assert 25 <= at <= 35
    shown.expect(at)  # where the slider has come to rest
    assert shown.source() != before
    shown.output.get_by_title("The next frame").click()
    shown.expect(at + 1)
    shown.output.get_by_title("The frame before").click()
    shown.expect(at)
    shown.handle.press("ArrowRight")
    shown.expect(at + 1)
    shown.drag(0)
    shown.expect(0)
    shown.output.locator(".widget-play button").first.click()
    expect(shown.caption).to_have_text(re.compile("Frame (1[0-9]|2[0-9])"))
    shown.output.locator(".widget-play button").first.click()


def test_failing_frame(lab, open_notebook):
    notebook = open_notebook(lab.write("failing.ipynb", WAVE, EXPLORE))
    notebook.run(0)
    notebook.run(1)
    shown = Shown(notebook, 1)
    shown.drag(50 / 59)
    error = shown.output.locator("pre", has_text="could not be drawn")
    at = shown.slider_value()
    shown.expect(at)  # where the slider has come to rest
    for expected in [*range(at + 1, 51), *reversed(range(50, at))]:
        shown.handle.press("ArrowRight" if expected > at else "ArrowLeft")
        shown.expect(expected)
    expect(error).to_be_visible()
    expect(error).to_contain_text("<img src=x onerror=alert(1)>")
    shown.handle.press("ArrowRight")
    shown.expect(51)
    expect(error).not_to_be_visible()
    expect(shown.picture).to_be_visible()
