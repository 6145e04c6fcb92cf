"""Whole scripts beside parallel-matplotlib-animation, on four animations.

    python -m venv peer && peer/bin/pip install parallel-matplotlib-animation==0.1.4
    python benchmarks/peers.py peer/bin/python [runs] [share]

Each run is a new interpreter, from start to exit, with two workers; the peers take turns. "same" sets
preset slow and crf 20 for both. Prints the medians and ranges of the runs, and the geometric mean of the
ratios. `share` shortens all animations, as 0.1.
"""

import inspect
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from redraw import Lines

ROOT = Path(__file__).parents[1]
IMPORTS = """
import matplotlib.pyplot as plt
import numpy as np
from dask_animate import Animator


"""
CALL = """

{name}().make_video(
    {path!r}, [{stop} * i / {n_frames} for i in range({n_frames})], fps=30, num_workers=2, {options}
)
"""
ANIMATIONS = {
    "simple_wave": ("Wave", 60, 600),
    "lines, 1080p": ("Lines", 1, 600),
    "multi_panel": ("MultiPanel", 1, 300),
    "very_complex": ("VeryComplex", 1, 120),
}
SETTINGS = {"defaults": "", "same": 'video_mode="cpu", video_preset="slow", video_quality=20'}
PACKAGES = {"dask_animate": "dask_animate", "peer": "parallel_animate"}


def script(title, package, options, share, path):
    name, stop, n_frames = ANIMATIONS[title]
    if title == "lines, 1080p":
        source = IMPORTS + inspect.getsource(Lines)
    else:
        source = (ROOT / "examples" / f"{title}.py").read_text().split("if __name__")[0]
    n_frames = max(4, round(n_frames * share))
    call = CALL.format(name=name, path=str(path), stop=stop, n_frames=n_frames, options=options)
    return source.replace("from dask_animate import", f"from {package} import") + call


def run(python, *args):
    """Return the seconds that a script took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.py"
        path.write_text(script(*args, Path(folder) / "a.mp4"))
        start = time.perf_counter()
        subprocess.run([python, path], check=True, capture_output=True)
        return time.perf_counter() - start


def main(peer_python, runs=3, share=1.0):
    pythons = dict(zip(PACKAGES, (sys.executable, peer_python), strict=True))
    print("| settings | animation | dask_animate, s | peer, s | ratio |")
    print("|---|---|---|---|---|")
    for settings, options in SETTINGS.items():
        ratios = []
        for title in ANIMATIONS:
            seconds = {name: [] for name in PACKAGES}
            for _ in range(int(runs)):
                for name, package in PACKAGES.items():
                    took = run(pythons[name], title, package, options, float(share))
                    seconds[name].append(took)
            ours, theirs = (
                f"{statistics.median(taken):.2f} ({min(taken):.2f} to {max(taken):.2f})"
                for taken in seconds.values()
            )
            ratio = statistics.median(seconds["peer"]) / statistics.median(seconds["dask_animate"])
            ratios.append(ratio)
            print(f"| {settings} | {title} | {ours} | {theirs} | {ratio:.2f} |", flush=True)
        print(f"| {settings} | geometric mean | | | {statistics.geometric_mean(ratios):.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
