"""Drawing frames from the ones before, its comparisons included, beside drawing each as a whole.

    python benchmarks/redraw.py [runs]            # ten figures, milliseconds a frame
    python benchmarks/redraw.py gallery [frames]  # the animations of tests/gallery.py

One process, no encoding; the time of update() is not counted. Partitions of 150 frames, each with its
two comparisons; of 24 for very_complex, as the library would make them. Both ways take turns; the ratio
is that of one turn, the table shows its median and range.
"""

import importlib.util
import statistics
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from compare.animations.lines import Lines

from dask_animate import Animator
from dask_animate.drawing.canvas import Canvas
from dask_animate.drawing.options import DrawOptions
from dask_animate.drawing.redraw import Redrawer
from dask_animate.drawing.session import DrawSession

ROOT = Path(__file__).parents[1]


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class LinesWithBestLegend(Lines):
    """The same with the legend where it finds most room, matplotlib's default."""

    def setup(self):
        fig = super().setup()
        self.ax.legend()
        return fig


class Scatter(Animator):
    """2,000 points of one color, 1280x720."""

    colored = False

    def setup(self):
        fig, ax = plt.subplots(figsize=(12.8, 7.2), dpi=100)
        self.start = np.random.default_rng(0).random((2000, 2))
        colors = {"c": self.start[:, 0]} if self.colored else {}
        self.dots = ax.scatter(*self.start.T, s=10, **colors)
        return fig

    def update(self, frame_idx, t):
        self.dots.set_offsets((self.start + np.array([t, 2 * t])) % 1)


class ColoredScatter(Scatter):
    """2,000 points, each of its own color, 1280x720."""

    colored = True


class Bars(Animator):
    """50 bars, 640x480."""

    def setup(self):
        fig, ax = plt.subplots()
        self.bars = ax.bar(range(50), np.ones(50))
        ax.set_ylim(0, 1)
        return fig

    def update(self, frame_idx, t):
        for k, bar in enumerate(self.bars):
            bar.set_height(0.5 + 0.4 * np.sin(k / 5 + 20 * t))


class Image(Animator):
    """An image of 512x512 with a color bar, 1920x1080."""

    interpolation = None

    def setup(self):
        fig, ax = plt.subplots(figsize=(19.2, 10.8), dpi=100)
        self.r = np.hypot(*np.mgrid[-10:10:512j, -10:10:512j])
        self.image = ax.imshow(self.r, vmin=-1, vmax=1, interpolation=self.interpolation)
        fig.colorbar(self.image)
        return fig

    def update(self, frame_idx, t):
        self.image.set_data(np.sin(self.r - 20 * t))


class NearestImage(Image):
    """The same with interpolation="nearest"."""

    interpolation = "nearest"


class Everything(Animator):
    """Axes cleared and plotted anew, title and labels too, 640x480."""

    def setup(self):
        fig, self.ax = plt.subplots()
        return fig

    def update(self, frame_idx, t):
        self.ax.clear()
        self.ax.plot(np.sin(np.linspace(0, 9, 50) + 20 * t) + frame_idx)
        self.ax.set(title=f"frame {frame_idx}", xlabel=f"x {t:.3f}", ylabel=f"y {t:.3f}")


def measured(animator, redraw, params, size):
    """Return seconds a frame, and the share of the frames that were blitted."""
    figure = animator.setup()
    drawing = Redrawer(Canvas(figure, DrawOptions()), redraw)
    seconds, n_blitted, n_frames = 0.0, 0, len(params)
    for start in range(0, n_frames, size):
        session = DrawSession()
        for idx in range(start, min(start + size, n_frames)):
            animator.update(idx, params[idx])
            seconds -= time.perf_counter()
            drawing.draw(idx, session)
            seconds += time.perf_counter()
        seconds -= time.perf_counter()
        drawing.verify(idx, session)
        seconds += time.perf_counter()
        n_blitted += session.n_blitted
    assert drawing.fault is None, drawing.fault
    plt.close(figure)
    return seconds / n_frames, n_blitted / n_frames


def figures(runs=5):
    examples = {name: load(ROOT / "examples" / f"{name}.py", name) for name in EXAMPLES}
    cases = [
        (examples["simple_wave"].Wave, 8, 600, 150),
        (Lines, 6, 600, 150),
        (LinesWithBestLegend, 6, 600, 150),
        (Scatter, 3, 600, 150),
        (ColoredScatter, 3, 300, 150),
        (Bars, 4, 600, 150),
        (Image, 2.5, 150, 150),
        (NearestImage, 2.5, 150, 150),
        (examples["multi_panel"].MultiPanel, 3.5, 150, 150),
        (examples["very_complex"].VeryComplex, 1.5, 48, 24),
        (Everything, 0.95, 300, 150),
    ]
    print("| figure | full, ms | auto, ms | ratio, median (range) | goal | blitted |")
    print("|---|---|---|---|---|---|")
    for animator, goal, n_frames, size in cases:
        full, auto, ratios = [], [], []
        params = np.linspace(0, 1, n_frames)
        for _ in range(runs):
            full.append(measured(animator(), "full", params, size)[0])
            seconds, share = measured(animator(), "auto", params, size)
            auto.append(seconds)
            ratios.append(full[-1] / seconds)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(
            f"| {animator.__name__} | {1e3 * statistics.median(full):.2f} "
            f"| {1e3 * statistics.median(auto):.2f} "
            f"| {statistics.median(ratios):.2f} ({spread}) | {goal} | {share:.0%} |",
            flush=True,
        )


def gallery(n_frames=48):
    print("| animation | full, ms | auto, ms | ratio | drawn in full |")
    print("|---|---|---|---|---|")
    for animator in load(ROOT / "tests" / "gallery.py", "gallery").GALLERY:
        full, _ = measured(animator(), "full", range(n_frames), n_frames)
        auto, share = measured(animator(), "auto", range(n_frames), n_frames)
        in_full = round((1 - share) * n_frames)
        print(
            f"| {animator.__name__} | {1e3 * full:.2f} | {1e3 * auto:.2f} | {full / auto:.1f} "
            f"| {in_full} of {n_frames} |",
            flush=True,
        )


EXAMPLES = ("simple_wave", "multi_panel", "very_complex")

if __name__ == "__main__":
    if sys.argv[1:2] == ["gallery"]:
        gallery(*map(int, sys.argv[2:]))
    else:
        figures(*map(int, sys.argv[1:]))
