"""Whole scripts that save animations of matplotlib: by ``animation.save`` with ffmpeg, and by `save`.

    python benchmarks/saving.py [runs] [animation ...]

The animations are those of tests/support/func_animations.py, ten times as long and 640x480. Each run is
a new interpreter, from start to exit; the ways take turns. "defaults" gives only the file; "same" gives
both preset slow and crf 20. Prints medians and ranges in seconds, ratios, and the geometric mean of the
ratios.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUPPORT = Path(__file__).parents[1] / "tests" / "support"
SCRIPT = """
import sys
import warnings
import matplotlib

matplotlib.use("agg")
sys.path.insert(0, {support!r})
warnings.simplefilter("ignore")
import func_animations

func_animations.SIZE.update(figsize=(6.4, 4.8), dpi=100)
func_animations.LONGER = 10
animation = func_animations.{name}()
"""
WAYS = {
    ("defaults", "matplotlib"): 'animation.save("a.mp4", writer="ffmpeg")',
    ("defaults", "save"): 'import dask_animate\nvideo = dask_animate.save(animation, "a.mp4")',
    ("same", "matplotlib"): (
        'animation.save("a.mp4", writer="ffmpeg", extra_args=["-preset", "slow", "-crf", "20"])'
    ),
    ("same", "save"): (
        "import dask_animate\n"
        'video = dask_animate.save(animation, "a.mp4", video_preset="slow", video_quality=20)'
    ),
}


def run(name, way):
    """Return the seconds that a script took, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.py"
        path.write_text(SCRIPT.format(support=str(SUPPORT), name=name) + WAYS[way])
        start = time.perf_counter()
        subprocess.run([sys.executable, path], check=True, capture_output=True, cwd=folder)
        return time.perf_counter() - start


def main(runs=3, *wanted):
    sys.path.insert(0, str(SUPPORT))
    import func_animations

    makers = func_animations.WITHOUT_HISTORY + func_animations.WITH_HISTORY
    names = [maker.__name__ for maker in makers if not wanted or maker.__name__ in wanted]
    print("| animation | settings | matplotlib | save | ratio |")
    print("|---|---|---|---|---|")
    ratios = {"defaults": [], "same": []}
    for name in names:
        seconds = {way: [] for way in WAYS}
        for _ in range(int(runs)):
            for way, taken in seconds.items():
                taken.append(run(name, way))
        for settings, found in ratios.items():
            theirs, ours = seconds[settings, "matplotlib"], seconds[settings, "save"]
            found.append(statistics.median(theirs) / statistics.median(ours))
            cells = [
                f"{statistics.median(taken):.2f} ({min(taken):.2f} to {max(taken):.2f})"
                for taken in (theirs, ours)
            ]
            print("|", " | ".join([name, settings, *cells, f"{found[-1]:.2f}"]), "|", flush=True)
    for settings, found in ratios.items():
        mean, worst = statistics.geometric_mean(found), min(found)
        print(f"| geometric mean | {settings} | | | {mean:.2f}, at least {worst:.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
