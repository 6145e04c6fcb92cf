"""Every notebook runs from top to bottom, in a real kernel, and shows what it says."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.newest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
#: What has to be among the outputs.
SHOWN = {
    "temperature": ["<video", "near-surface air temperature", "slow.webm: 120 frames"],
    "terabyte": ["<video", "0.91 TiB in 62500 chunks", "came to this process", "rechunk the data"],
}


def test_all_are_known():
    assert {path.stem for path in NOTEBOOKS} == SHOWN.keys()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "clear the outputs before committing"
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    cells = client.execute()["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    for text in SHOWN[path.stem]:
        assert any(text in str(output) for output in outputs), text
