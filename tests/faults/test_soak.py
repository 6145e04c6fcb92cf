"""Many renders on one cluster leave nothing behind; benchmarks/soak.py shows the curves of more."""

import runpy
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_nothing_grows():
    values, left, trimmed = runpy.run_path(str(SOAK))["soak"](30)
    memory, files, threads = values[14:].transpose(2, 0, 1)
    assert (left == 0).all()
    assert (memory[-5:].mean(axis=0) < memory[:5].mean(axis=0) + 15).all()  # MiB; a frame has 1.2
    assert (trimmed[1] < trimmed[0] + 15).all()
    assert (files[-5:].max(axis=0) <= files[:5].max(axis=0) + 1).all()
    assert (threads[-5:].max(axis=0) <= threads[:5].max(axis=0) + 1).all()
