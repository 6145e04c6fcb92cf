"""Whole scripts: in this process alone, on a cluster from the start, and as the library chooses.

    python benchmarks/scale_out.py [runs] [animation ...]

Each run is a new interpreter, from start to exit, with at most two processes that draw; the three ways
take turns. "here" gives num_workers=1. "cluster" makes a LocalCluster of two workers in the script and
gives its client. "choice" gives neither. Prints the medians and ranges of the runs in seconds, the
ratio of the choice to the better of the others, the frames that the choice drew in this process, and the
share of the drawing that comparing took in one process.
"""

import inspect
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from redraw import Lines
from scaling import Wave

ROOT = Path(__file__).parents[1]
HEAD = """
import matplotlib.pyplot as plt
import numpy as np
from dask_animate import Animator


"""
CALL = """

def render(**options):
    params = [{stop} * i / {n_frames} for i in range({n_frames})]
    video = {name}.make_video({path!r}, params, fps=30, **options)
    stats = video.stats
    print(stats.n_frames_here, stats.compare_seconds / stats.render_seconds)


if __name__ == "__main__":
"""
WAYS = {
    "here": "    render(num_workers=1)",
    "cluster": """
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        render(client=client)
""",
    "choice": "    render(num_workers=2)",
}
ANIMATIONS = {
    **{f"wave, {n} frames": ("Wave((6.4, 4.8))", n) for n in (10, 60, 100, 600, 1000, 10_000)},
    "lines 1080p, 300 frames": ("Lines()", 300),
    "multi_panel, 240 frames": ("MultiPanel()", 240),
    "very_complex, 120 frames": ("VeryComplex()", 120),
}


def script(title, way, path):
    name, n_frames = ANIMATIONS[title]
    if title.startswith("wave"):
        source = HEAD + inspect.getsource(Wave)
    elif title.startswith("lines"):
        source = HEAD + inspect.getsource(Lines)
    else:
        source = (ROOT / "examples" / f"{title.split(',')[0]}.py").read_text().split("if __name__")[0]
    return source + CALL.format(name=name, path=str(path), stop=1, n_frames=n_frames) + WAYS[way]


def run(title, way):
    """Return the seconds that a script took, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.py"
        path.write_text(script(title, way, Path(folder) / "a.mp4"))
        start = time.perf_counter()
        done = subprocess.run([sys.executable, path], check=True, capture_output=True, text=True)
        return time.perf_counter() - start, done.stdout.split()


def main(runs=3, *wanted):
    print("| animation | here | cluster | choice | ratio | frames here | compared, share here |")
    print("|---|---|---|---|---|---|---|")
    for title in ANIMATIONS:
        if wanted and not title.startswith(wanted):
            continue
        seconds, said = {way: [] for way in WAYS}, {}
        for _ in range(int(runs)):
            for way, taken in seconds.items():
                took, said[way] = run(title, way)
                taken.append(took)
        medians = {way: statistics.median(taken) for way, taken in seconds.items()}
        ratio = medians["choice"] / min(medians["here"], medians["cluster"])
        cells = [
            f"{medians[way]:.2f} ({min(taken):.2f} to {max(taken):.2f})"
            for way, taken in seconds.items()
        ]
        share = f"{float(said['here'][1]):.1%}"
        print(
            "|", " | ".join([title, *cells, f"{ratio:.2f}", said["choice"][0], share]), "|", flush=True
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
