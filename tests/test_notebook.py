"""In a real kernel: what a notebook's user sees."""

import nbformat
import pytest
from nbclient import NotebookClient

FIRST = """
import os
os.environ["PYTHONWARNINGS"] = "ignore"
import matplotlib.pyplot as plt
from distributed import Client, LocalCluster
from dask_animate import Animator
cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0")
client = Client(cluster)

class Spot(Animator):
    color = "red"
    def setup(self):
        fig = plt.figure(figsize=(1, 1), dpi=32, facecolor=self.color)
        return fig
    def update(self, frame_idx, params):
        pass
"""
RENDER = 'video = Spot().make_video("a.mp4", range(20), 10)\nprint(video.stats.n_workers)\nvideo'
AGAIN = """
class Spot(Animator):
    color = "blue"
    def setup(self):
        fig = plt.figure(figsize=(1, 1), dpi=32, facecolor=self.color)
        return fig
    def update(self, frame_idx, params):
        pass
"""
LOOK = """
import av
frame = next(av.open("a.mp4").decode(video=0)).to_ndarray(format="rgb24")
print(frame[5, 5].round(-1).tolist())
"""
HERE = """
Spot().make_video("b.mp4", range(5), 10, num_workers=1)
plt.plot([1, 2])
"""


@pytest.fixture
def run(tmp_path):
    def run(*sources):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in sources],
            metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        )
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
        return client.execute()["cells"]

    return run


def texts(cell):
    return "".join(out.get("text", "") for out in cell.outputs if out.output_type == "stream")


def kinds(cell):
    return [kind for out in cell.outputs for kind in out.get("data", {})]


def htmls(cell):
    return [out["data"]["text/html"] for out in cell.outputs if "text/html" in out.get("data", {})]


BEGIN = 'render = Spot().make_video("c.mp4", range(20), 10, wait=False)\nrender'
OTHER = "video = render.result()\nprint(video.n_frames, plt.get_fignums())"
FAIL = """
class Fails(Spot):
    def update(self, frame_idx, params):
        if frame_idx == 7:
            raise ValueError("<img src=x onerror=alert(1)>")
failing = Fails().make_video("<b>d.mp4", range(20), 10, wait=False)
failing
"""
SHUT = "failing.exception(); client.close(); cluster.close()"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_render_in_the_background(run):
    _, begin, other, fail, again, _ = run(FIRST, BEGIN, OTHER, FAIL, "failing.exception(); render", SHUT)
    (view,) = htmls(begin)
    assert "<video " in view  # the output of the first cell, while the second one ran
    assert "c.mp4: 20 frames" in view
    assert texts(other).startswith("20 []")
    (view,) = htmls(fail)
    assert "failed" in view
    assert "frame 7 could not be drawn" in view
    assert "&lt;img src=x onerror=alert(1)&gt;" in view
    assert "<img src=x" not in view
    assert "<b>d.mp4" not in view
    assert "<video " in htmls(again)[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_session(run):
    first, render, look, again, render_again, look_again, here, last = run(
        FIRST, RENDER, LOOK, AGAIN, RENDER, LOOK, HERE, "client.close()\ncluster.close()"
    )
    assert texts(render).startswith("1\n")
    assert "text/html" in kinds(render)
    view, _ = htmls(render)
    assert "20 of 20 frames" in view
    assert "done" in view
    assert not any("widget" in kind for kind in kinds(render))
    assert texts(look) == "[250, 0, 0]\n"
    assert texts(look_again) == "[0, 0, 250]\n"
    # The user's own plot is shown, ours is not.
    assert kinds(here).count("image/png") == 1
    assert [cell.execution_count for cell in (first, again, render_again, last)] == [1, 4, 5, 8]
