"""The examples in the documentation that need libraries which are not installed with this one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import decode

PAGE = Path(__file__).parents[2] / "docs" / "frame-sources.md"


@pytest.mark.parametrize(
    ("library", "name"), [("datashader", "Swarm"), ("pyvista", "Torus")], ids=["datashader", "pyvista"]
)
def test_example(tmp_path, library, name):
    pytest.importorskip(library)
    blocks = re.findall(
        rf"<!-- not run: needs {library} -->\n```python\n(.*?)^```", PAGE.read_text(), re.M | re.S
    )
    assert len(blocks) == 1
    (tmp_path / "example.py").write_text(blocks[0])
    code = (
        f"from example import {name}, np\n"
        f"from dask.distributed import Client\n"
        f"if __name__ == '__main__':\n"
        f"    source, params = {name}(), np.linspace(0, 1, 30)\n"
        f"    print(source.check(params, n=6).ok)\n"
        f"    source.make_video('here.mkv', params, 30, codec='ffv1', num_workers=1)\n"
        f"    with Client(n_workers=2, threads_per_worker=1, dashboard_address=':0'):\n"
        f"        source.make_video('there.mkv', params, 30, codec='ffv1')\n"
    )
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True\n", done.stderr
    here, there = decode(tmp_path / "here.mkv"), decode(tmp_path / "there.mkv")
    assert (here == there).all()
    assert len({frame.tobytes() for frame in here}) == 30
