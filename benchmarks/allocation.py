"""What a worker gains by keeping the memory that it freed, in place of giving it back to the system.

    python benchmarks/allocation.py [n_runs]

Each animation is rendered on a new `LocalCluster` of one worker for each setting of the GNU C library's
allocator, by turns: what Dask sets for workers, nothing, and what clusters that are started for one
render have. What is measured is the worker's time for a frame, from its parameters to its packet,
without that of building the figure, and the worker's peak memory.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import dask
import numpy as np
from distributed import Client, LocalCluster

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from compare.animations import bitmaps, image, lines, scatter
from multi_panel import MultiPanel

from dask_animate.execution.cluster_process import KEPT_BYTES, kept_memory

ENVIRON = "distributed.nanny.pre-spawn-environ"
TRIM = "MALLOC_TRIM_THRESHOLD_"
SETTINGS = ("Dask's", "none", "kept")
ANIMATIONS = {
    "image 2048x2048": (image.Image, image.params, 30),
    "bitmaps": (bitmaps.Bitmap, lambda n: list(bitmaps.params(n)), 30),
    "scatter of 100,000": (scatter.Scatter, scatter.params, 30),
    "lines 1080p": (lines.Lines, lines.params, 120),
    "multi_panel": (MultiPanel, lambda n: np.linspace(0, 1, n), 90),
}


def measured(name, setting):
    """Return milliseconds a frame and the worker's peak memory, MiB, of a run in a new interpreter."""
    environ = {**os.environ, **(kept_memory(KEPT_BYTES) if setting == "kept" else {})}
    command = [sys.executable, __file__, "--once", name, setting]
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def run(name, setting):
    animator, params, n_frames = ANIMATIONS[name]
    environ = dict(dask.config.get(ENVIRON))
    if setting == "none":
        environ[TRIM] = None
    with (
        tempfile.TemporaryDirectory() as folder,
        dask.config.set({ENVIRON: environ}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        path = Path(folder) / "a.mp4"
        video = animator().make_video(path, params(n_frames), 30, client=client, encode_on="workers")
        (status,) = client.run(lambda: Path("/proc/self/status").read_text()).values()
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    seconds = sum(report.seconds - report.setup_seconds for report in video.stats.partitions)
    print(json.dumps((seconds / n_frames * 1000, peak / 1024)))


def main(n_runs):
    heads = " | ".join(f"{setting}, ms a frame | MiB" for setting in SETTINGS)
    print(f"| animation | {heads} | kept / Dask's |")
    print("|---" * (2 * len(SETTINGS) + 2) + "|")
    for name in ANIMATIONS:
        results = {setting: [] for setting in SETTINGS}
        for _ in range(n_runs):
            for setting in SETTINGS:
                results[setting].append(measured(name, setting))
        cells = []
        for of_setting in results.values():
            times, peaks = zip(*of_setting, strict=True)
            cells += [
                f"{statistics.median(times):.0f} ({min(times):.0f} to {max(times):.0f})",
                f"{max(peaks):.0f}",
            ]
        pairs = zip(results["kept"], results["Dask's"], strict=True)
        ratio = statistics.median(kept / dasks for (kept, _), (dasks, _) in pairs)
        print(f"| {name} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        run(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
