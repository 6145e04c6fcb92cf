import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import decode

from dask_animate import Animator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("n_blocks", [1, pytest.param(None, marks=pytest.mark.slow)])
def test_the_code_in_the_readme_runs(tmp_path, n_blocks):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:n_blocks]
    assert blocks
    (tmp_path / "readme.py").write_text("\n".join(blocks))
    subprocess.run([sys.executable, "readme.py"], cwd=tmp_path, check=True, capture_output=True)
    assert len(decode(tmp_path / "wave.mp4")) == 60


def test_every_argument_is_in_the_table():
    import inspect

    named = set(re.findall(r"^\| `(\w+)`", README, re.MULTILINE))
    assert set(inspect.signature(Animator.make_video).parameters) - {"self"} <= named


def test_pictures_are_there():
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).stat().st_size > 0
