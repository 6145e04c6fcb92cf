"""Every notebook runs from top to bottom, in a real kernel, and shows what it says and keeps."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.newest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
#: What has to be among the outputs.
SHOWN = {
    "01_quick_start": ["packet.mp4: 150 frames", "smooth.mp4: 300 frames", "sine.gif: 60 frames"],
    "02_cluster_and_dashboard": ["<video", "'image/png'", "120 of 120 frames", "slowly.mp4: 120 frames"],
    "03_larger_than_memory": ["<video", "near-surface air temperature", "slow.webm: 120 frames"],
    "04_terabyte": ["<video", "0.91 TiB in 62500 chunks", "came to this process", "rechunk the data"],
    "05_flicker_and_slow": [
        "must not continue a random generator",
        "OK: each of 12 frames",
        "update() changes self.count",
        "without being marked stale",
        "238 drawn incrementally",
    ],
    "06_climate": ["<video", "'image/png'", "limits of thetao: ", "11 frames in 10.0 s"],
}
#: Bytes of a notebook, and of one video or image in it, that a repository should hold at most.
MAX_NOTEBOOK, MAX_PICTURE = 1.3 * 2**20, 400 * 2**10

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def assert_shows(notebook, texts):
    shown = [str(output) for output in outputs(notebook)]
    for text in texts:
        assert any(text in output for output in shown), text


def test_all_are_known():
    assert {path.stem for path in NOTEBOOKS} == SHOWN.keys()


@each_notebook
def test_outputs_are_kept(path):
    """By docs/run_notebooks.py, which runs the notebook as it is, from top to bottom."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert_shows(notebook, SHOWN[path.stem])
    assert [output for output in outputs(notebook) if output.get("name") == "stderr"] == []
    assert path.stat().st_size < MAX_NOTEBOOK
    for data in re.findall(r"data:[a-z]+/[a-z0-9]+;base64,([^\"\\]+)", path.read_text()):
        assert len(data) * 3 / 4 < MAX_PICTURE
    assert "/tmp/" not in path.read_text()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@each_notebook
def test_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    assert_shows(client.execute(), SHOWN[path.stem])
