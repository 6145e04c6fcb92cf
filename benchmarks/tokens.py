"""What content tokens cost: once in a process, and for each frame.

Usage: python benchmarks/tokens.py

Each animator is looked at in a process of its own, which has drawn nothing before.
"""

import subprocess
import sys
import time
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
ANIMATORS = ("simple_wave", "multi_panel", "very_complex", "real_terrain")


def milliseconds(function):
    start = time.perf_counter()
    result = function()
    return 1000 * (time.perf_counter() - start), result


def measure(name):
    import importlib

    import matplotlib.pyplot  # noqa: F401
    import numpy as np

    from dask_animate import Animator
    from dask_animate.provenance.content import content_of
    from dask_animate.provenance.environment import Observer

    sys.path.insert(0, str(EXAMPLES))
    module = importlib.import_module(name)
    (animator,) = (
        made()
        for made in vars(module).values()
        if isinstance(made, type) and issubclass(made, Animator) and made is not Animator
    )
    reading, content = milliseconds(lambda: content_of(animator))
    observer = Observer(content.references)
    first, _ = milliseconds(observer.observe)
    second, here = milliseconds(observer.observe)
    after, _ = milliseconds(observer.note_changes)
    image = np.zeros((480, 640))
    plain, _ = milliseconds(lambda: [content_of(b"", idx, 0.5) for idx in range(1000)])
    array, _ = milliseconds(lambda: [content_of(b"", idx, image) for idx in range(100)])
    print(
        f"| {name} | {len(here.code)} | {len(here.values)} | {reading:.1f} | {first:.1f} "
        f"| {second:.1f} | {after:.1f} | {plain:.0f} | {10 * array:.0f} |"
    )


def main():
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    print(
        "| animator | files | values | animator, ms | process, first, ms | again, ms "
        "| after a partition, ms | frame of a number, µs | frame of 640x480 floats, µs |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    sys.stdout.flush()
    for name in ANIMATORS:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main()
