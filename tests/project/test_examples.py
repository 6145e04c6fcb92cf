"""The first example, as a newcomer runs it; the others run in .ci/run."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import WARNINGS, decode

pytestmark = pytest.mark.newest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_simple_wave_twice(tmp_path):
    (tmp_path / "simple_wave.py").write_text((EXAMPLES / "simple_wave.py").read_text())
    wave = runpy.run_path(str(EXAMPLES / "simple_wave.py"))["Wave"]()
    phases = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    drawn = np.stack([wave.frame(phase, i)[::4, ::4] for i, phase in enumerate(phases)]).astype(np.int16)
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "simple_wave.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONWARNINGS": WARNINGS},
            check=True,
            capture_output=True,
            text=True,
        )
        assert "60 frames at 30 fps, 2.00 s, 640x480" in done.stdout
        output = tmp_path / "output" / "simple_wave.mp4"
        shown = decode(output)[:, ::4, ::4]
        assert len(shown) == 60
        for i, frame in enumerate(shown):
            nearest = min(range(60), key=lambda j: np.abs(drawn[j] - frame).mean())
            assert nearest == i
