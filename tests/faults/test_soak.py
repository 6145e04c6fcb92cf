"""Many renders on one cluster leave nothing behind; benchmarks/soak.py shows the curves of more."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"
#: Saves what `soak` returns.
SCRIPT = """
import runpy, sys, warnings
import numpy as np

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    values, left, trimmed = runpy.run_path(sys.argv[1])["soak"](30)
    np.savez(sys.argv[2], values=values, left=left, trimmed=trimmed)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_grows(tmp_path):
    """In new processes, which give freed memory back, as Dask has its workers do."""
    script, found = tmp_path / "run.py", tmp_path / "found.npz"
    script.write_text(SCRIPT)
    env = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
    subprocess.run([sys.executable, script, SOAK, found], env=env, check=True)
    with np.load(found) as arrays:
        values, left, trimmed = (arrays[name] for name in ("values", "left", "trimmed"))
    memory, files, threads = values[14:].transpose(2, 0, 1)
    assert (left == 0).all()
    assert (memory[-5:].mean(axis=0) < memory[:5].mean(axis=0) + 15).all()  # MiB; a frame has 1.2
    assert (trimmed[1] < trimmed[0] + 15).all()
    assert (files[-5:].max(axis=0) <= files[:5].max(axis=0) + 1).all()
    assert (threads[-5:].max(axis=0) <= threads[:5].max(axis=0) + 1).all()
