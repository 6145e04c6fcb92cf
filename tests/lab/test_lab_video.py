"""A finished video in a notebook of JupyterLab."""

import nbformat

RENDER = """
import numpy as np
from dask_animate import write_video

frames = np.zeros((40, 64, 96, 3), np.uint8)
frames[:, :, :48] = np.linspace(0, 255, 40, dtype=np.uint8)[:, None, None, None]
video = write_video(frames, "a<b>.mp4", 20)
video
"""


def test_a_video_plays_at_once(lab, open_notebook):
    notebook = open_notebook(lab.write("plays.ipynb", RENDER))
    assert "a<b>.mp4: 40 frames" in notebook.run(0)
    notebook.plays(notebook.output(0).locator("video"))


def test_a_video_plays_for_who_is_sent_the_notebook(lab, open_notebook):
    """Without the kernel and the file, and before the notebook is trusted."""
    mine = open_notebook(lab.write("mine.ipynb", RENDER))
    mine.run(0)
    saved = mine.save()
    theirs = lab.folder / "theirs" / "theirs.ipynb"
    theirs.parent.mkdir()
    saved.cells[0].source += "# who knows where this comes from"
    nbformat.write(saved, theirs)

    notebook = open_notebook(theirs)
    notebook.expect_trusted(False)
    video = notebook.output(0).locator("video")
    notebook.plays(video)
    assert "a<b>.mp4: 40 frames" in notebook.output(0).inner_text()
    notebook.trust()
    notebook.expect_trusted(True)
    notebook.plays(video)
