"""A render in a notebook of JupyterLab while it runs, seen by who clicks through the notebook."""

import re
import subprocess
import sys

import nbformat
import pytest
from playwright.sync_api import expect

#: A cluster, and an animator whose frames take 50 ms each until there is a file "fast".
CLUSTER = """
import os
import time
import matplotlib.pyplot as plt
from distributed import Client, LocalCluster
from dask_animate import Animator

cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
client = Client(cluster)

class Dot(Animator):
    fast = os.path.abspath("fast")
    def setup(self):
        fig, ax = plt.subplots(figsize=(3, 2))
        (self.dot,) = ax.plot([0], [0.5], "o")
        ax.set_xlim(0, 600)
        return fig
    def update(self, frame_idx, x):
        self.dot.set_xdata([x])
        while not os.path.exists(self.fast):
            time.sleep(0.05)
            break
"""
RENDER = """
render = Dot().make_video("dot.mp4", range(600), 30, wait=False, partition_size=5)
render
"""
#: A cell that runs until there is a file "go".
BLOCK = """
while not os.path.exists("go"):
    time.sleep(0.01)
"""


@pytest.fixture
def folder(lab, request):
    """A folder of its own for the notebook of a test, whose kernel runs there."""
    folder = lab.folder / request.node.name
    folder.mkdir()
    return folder


def n_frames(output):
    """Return the number of frames in an output that shows a render that runs."""
    return int(re.search(r"(\d+) of \d+ frames", output.inner_text())[1])


def expect_to_move(output):
    expect(output).to_contain_text(re.compile(r"[1-9]\d* of 600 frames"))
    before = n_frames(output)
    expect(output).to_contain_text(re.compile(rf"(?<!\d)(?!{before} )\d+ of 600 frames"))
    assert n_frames(output) > before


def test_live_while_another_cell_runs_and_then_the_video(lab, open_notebook, folder):
    notebook = open_notebook(lab.write(folder / "a.ipynb", CLUSTER, RENDER, BLOCK))
    notebook.run(0)
    notebook.run(1)
    view = notebook.output(1)
    notebook.start(2)
    expect_to_move(view)
    picture = view.locator("img")
    expect(picture).to_have_attribute("src", re.compile("^data:image/jpeg"))
    before = picture.get_attribute("src")
    expect(picture).not_to_have_attribute("src", before)
    expect(view).to_contain_text("drawing")
    expect(notebook.prompt(2)).to_have_text("[*]:")

    (folder / "fast").touch()
    notebook.plays(view.locator("video"))
    expect(notebook.prompt(2)).to_have_text("[*]:")
    (folder / "go").touch()
    notebook.wait(2)
    saved = notebook.save()
    (output,) = saved.cells[1].outputs
    assert "<video" in output.data["text/html"]


def test_a_cancelled_render_leaves_the_file_as_it_was(lab, open_notebook, folder):
    path = folder / "dot.mp4"
    path.write_bytes(b"mine")
    notebook = open_notebook(
        lab.write(
            folder / "a.ipynb", CLUSTER, RENDER, "render.cancel()", "client.submit(int, 7).result()"
        )
    )
    notebook.run(0)
    notebook.run(1)
    expect_to_move(notebook.output(1))
    assert notebook.run(2).endswith("True")
    expect(notebook.output(1)).to_contain_text("cancelled")
    assert notebook.run(3).endswith("7")
    assert path.read_bytes() == b"mine"
    assert {file.name for file in folder.iterdir()} <= {"a.ipynb", "dot.mp4", ".ipynb_checkpoints"}


def test_an_interrupt_leaves_the_render_running(lab, open_notebook, folder):
    notebook = open_notebook(
        lab.write(folder / "a.ipynb", CLUSTER, RENDER, "render.result()", "print(render.running())")
    )
    notebook.run(0)
    notebook.run(1)
    expect_to_move(notebook.output(1))
    notebook.start(2)
    notebook.wait_for_kernel("Busy")
    notebook.interrupt()
    assert "KeyboardInterrupt" in notebook.wait(2)
    assert notebook.run(3).endswith("True")
    expect_to_move(notebook.output(1))
    (folder / "fast").touch()
    notebook.run(2)
    notebook.plays(notebook.output(2).locator("video"))


def test_after_a_reload_the_object_shows_itself_live(lab, open_notebook, folder):
    notebook = open_notebook(lab.write(folder / "a.ipynb", CLUSTER, RENDER, "render"))
    notebook.run(0)
    notebook.run(1)
    expect_to_move(notebook.output(1))
    notebook.save()
    notebook.reload()
    expect(notebook.output(1)).to_contain_text("of 600 frames")
    notebook.run(2)
    expect_to_move(notebook.output(2))
    (folder / "fast").touch()
    notebook.plays(notebook.output(2).locator("video"))


def test_a_call_that_waits_shows_the_same(lab, open_notebook, folder):
    render = RENDER.replace("wait=False, ", "").replace("render\n", "").replace("render = ", "video = ")
    notebook = open_notebook(lab.write(folder / "a.ipynb", CLUSTER, render, "print(video.n_frames)"))
    notebook.run(0)
    notebook.start(1)
    expect_to_move(notebook.output(1))
    (folder / "fast").touch()
    notebook.wait(1)
    expect(notebook.output(1)).to_contain_text("600 of 600 frames")
    assert notebook.run(2).endswith("600")


HOSTILE = '<img src=x onerror="window.harm=1">'
FAIL = f"""
class Hostile(Dot):
    def update(self, frame_idx, params):
        if frame_idx == 3:
            raise ValueError(params["name"] + "</pre><script>window.harm = 2</script>")
hostile = [{{"name": {HOSTILE!r}}}] * 5
render = Hostile().make_video({HOSTILE.replace("/", "")!r} + ".mp4", hostile, 30, wait=False)
render
"""


def test_texts_are_shown_and_not_run(lab, open_notebook, folder):
    """Of the file's name, of parameters and of errors, live and where the notebook is opened again."""
    notebook = open_notebook(lab.write(folder / "a.ipynb", CLUSTER, FAIL))
    notebook.run(0)
    notebook.run(1)
    for _ in range(2):
        view = notebook.output(1)
        expect(view).to_contain_text("failed")
        expect(view).to_contain_text(HOSTILE + "</pre><script>window.harm = 2</script>")
        expect(view).to_contain_text(HOSTILE + ".mp4")
        assert view.locator("script, [onerror]").count() == 0
        assert notebook.page.evaluate("window.harm") is None
        notebook.save()
        notebook.reload()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nbconvert_has_the_end(lab, folder):
    (folder / "fast").touch()
    path = lab.write(folder / "a.ipynb", CLUSTER, RENDER, "done = render.result()")
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--inplace",
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (output,) = nbformat.read(path, as_version=4).cells[1].outputs
    assert "<video" in output.data["text/html"]
