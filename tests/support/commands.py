"""The command line, in this process or in one of its own, and files for it to load."""

import os
import subprocess
import sys

import cloudpickle
from click.testing import CliRunner
from helpers import SUPPORT, WARNINGS

from dask_animate.cli.commands import program

#: A file with something of each kind that can be drawn.
ANIMATIONS = """
    from pathlib import Path

    from helpers import FailsAt, FrameNumber, Noise, Slow

    from dask_animate import Clip, FrameSource, animate
    from sibling import VALUE, shade

    HERE = Path(__file__).parent

    class Numbers(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params + VALUE)

    class Grays(FrameSource):
        frame_shape = (16, 24, 1)

        def draw(self, frame_idx, params):
            return shade(frame_idx)

    class Marks(Slow):
        def update(self, frame_idx, params):
            super().update(frame_idx, params)
            if frame_idx == 3:
                (HERE / "drawn").touch()

    class Needs(FrameNumber):
        def __init__(self, size):
            super().__init__()

    class Rows(FrameNumber):
        def update(self, frame_idx, row):
            super().update(frame_idx, row["a"] + row["b"])

    class Forgetful(FrameNumber):
        def update(self, frame_idx, params):
            if frame_idx % 3 == 0:
                super().update(frame_idx, params)

    numbers = Numbers()
    fails = FailsAt(5)
    slow = Slow(0.05)
    marks = Marks(0.01)
    noise = Noise()
    items = [7, 8, 9]
    empty = []
    iterator = iter(items)

    def film():
        ten = Clip(numbers, range(10), fps=20)
        return ten + ten.reverse()

    def make():
        return Numbers()

    def make_wrong():
        return 3

    def count():
        yield from range(6)

    def grow(n):
        return range(n)

    def broken():
        return 1 / 0

    @animate(fps=12)
    def function():
        drawn = FrameNumber()
        return drawn.setup(), drawn.update

    if __name__ == "__main__":
        raise AssertionError("a file is loaded as a module")
"""
#: A script as people write it who look at it.
PLOT = """
    import matplotlib.pyplot as plt
    from helpers import FrameNumber
    from matplotlib.animation import FuncAnimation

    shown = FrameNumber()
    animation = FuncAnimation(shown.setup(), lambda i: shown.update(i, i), frames=9, interval=100)
    plt.show()
"""
SIBLING = """
    import numpy as np

    VALUE = 100

    def shade(i):
        return np.full((16, 24), i / 32)
"""


def run(*arguments):
    """Run the program in this process; return what came out, as click's test runner tells it."""
    return CliRunner().invoke(program, [*map(str, arguments)], prog_name="dask-animate")


def start(*arguments, **options):
    """Start the program in a process of its own."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONWARNINGS": WARNINGS,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "dask_animate", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment | options.pop("env", {}),
        **options,
    )


def finish(process, seconds=120):
    """Wait for a process; return its exit code, and the lines of its standard error."""
    _, err = process.communicate(timeout=seconds)
    return process.returncode, err.splitlines()


def forget_modules(before):
    """Forget modules that were loaded since, and that their content was to be pickled by value."""
    for name in set(sys.modules) - set(before):
        if name in cloudpickle.list_registry_pickle_by_value():
            module = sys.modules.pop(name)
            cloudpickle.unregister_pickle_by_value(module)
            if hasattr(module, "animation"):  # lest matplotlib warns that nobody drew it
                module.animation._draw_was_started = True
