"""Whole scripts beside parallel-matplotlib-animation: frames per second on simple_wave.

    python -m venv peer && peer/bin/pip install parallel-matplotlib-animation==0.1.4
    python benchmarks/peers.py peer/bin/python [n_frames] [runs]

Each run is a new interpreter, from start to exit, with two workers; the peers take turns. "same" sets
preset slow and crf 20 for both. Prints the median and the range of the runs.
"""

import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

SCRIPT = """
    import sys
    import matplotlib.pyplot as plt
    import numpy as np
    from {package} import Animator

    class Wave(Animator):
        def setup(self):
            fig, ax = plt.subplots()
            self.x = np.linspace(0, 4 * np.pi, 200)
            (self.line,) = ax.plot(self.x, np.cos(self.x))
            ax.set(xlim=(0, 4 * np.pi), ylim=(-1.5, 1.5), xlabel="x", ylabel="y", title="Cosine wave")
            return fig

        def update(self, frame_idx, phase):
            self.line.set_ydata(np.cos(self.x + phase))

    phases = [2 * np.pi * i / 60 for i in range({n_frames})]
    Wave().make_video(sys.argv[1], phases, fps=30, num_workers=2, {options})
"""
SAME = 'video_mode="cpu", video_preset="slow", video_quality=20'
PACKAGES = {"dask_animate": "dask_animate", "parallel-matplotlib-animation 0.1.4": "parallel_animate"}


def run(python, package, n_frames, options, folder):
    """Return the seconds that a script took."""
    script = Path(folder) / "script.py"
    script.write_text(
        textwrap.dedent(SCRIPT.format(package=package, n_frames=n_frames, options=options))
    )
    start = time.perf_counter()
    subprocess.run([python, script, Path(folder) / "a.mp4"], check=True, capture_output=True)
    return time.perf_counter() - start


def main(peer_python, n_frames=600, runs=5):
    pythons = dict(zip(PACKAGES, (sys.executable, peer_python), strict=True))
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            for settings, options in {"defaults": "", "same": SAME}.items():
                for name, package in PACKAGES.items():
                    took = run(pythons[name], package, n_frames, options, folder)
                    seconds.setdefault((settings, name), []).append(took)
    print(f"simple_wave, 640x480, {n_frames} frames, two workers, whole scripts, {runs} runs\n")
    print("| settings | library | seconds, median (range) | frames/s |")
    print("|---|---|---|---|")
    for (settings, name), values in seconds.items():
        median = statistics.median(values)
        spread = f"{min(values):.2f} to {max(values):.2f}"
        print(f"| {settings} | {name} | {median:.2f} ({spread}) | {n_frames / median:.1f} |")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
