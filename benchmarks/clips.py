"""Clips: what it costs to put frames together, beside drawing them; and pympanim's examples.

    python benchmarks/clips.py [grid | pympanim] [runs] [share]

"grid" renders 30 s at 1080p of four plots in a grid, each of which crossfades to another one, beside
drawing the frames that it shows, each once, and nothing else; incrementally, as "auto" may choose
otherwise on a busy machine, for one of the two and not for the other. "pympanim" renders the examples of
pympanim 0.1.1: its sweep of a frequency, which is played, reversed, eased and cropped, its image, and a
sequence of scenes. `share` shortens the grid, as 0.1.
"""

import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from dask_animate import Animator, Clip, FrameSource
from dask_animate.drawing import DrawOptions
from dask_animate.rendering import Renderer, TaskSpec

#: Frames that are drawn together where nothing else is done.
BLOCK = 48


class Panel(Animator):
    """A plot of a quarter of 1080p."""

    def figure(self, title):
        fig, ax = plt.subplots(figsize=(9.6, 5.4), dpi=100)
        ax.set_title(title)
        return fig, ax


class Waves(Panel):
    def setup(self):
        fig, ax = self.figure("Waves")
        self.x = np.linspace(0, 4 * np.pi, 400)
        self.lines = [ax.plot(self.x, np.sin(k * self.x))[0] for k in (1, 2, 3)]
        ax.grid(alpha=0.3)
        return fig

    def update(self, frame_idx, t):
        for k, line in enumerate(self.lines, 1):
            line.set_ydata(np.sin(k * self.x + t) * np.cos(k * t / 3))


class Interference(Panel):
    def setup(self):
        fig, ax = self.figure("Interference")
        self.grid = np.meshgrid(np.linspace(-5, 5, 200), np.linspace(-3, 3, 120))
        self.image = ax.imshow(np.zeros((120, 200)), vmin=-1, vmax=1, cmap="RdBu_r")
        fig.colorbar(self.image)
        return fig

    def update(self, frame_idx, t):
        x, y = self.grid
        self.image.set_data(
            (np.sin(5 * np.hypot(x - 1, y) - 4 * t) + np.sin(5 * np.hypot(x + 1, y) - 4 * t)) / 2
        )


class Bars(Panel):
    def setup(self):
        fig, ax = self.figure("Bars")
        self.bars = ax.bar(range(12), np.ones(12), color=plt.cm.viridis(np.linspace(0, 1, 12)))
        return fig

    def update(self, frame_idx, t):
        for k, bar in enumerate(self.bars):
            bar.set_height(0.5 + 0.45 * np.sin(t + k / 2))


class Orbits(Panel):
    def setup(self):
        fig, ax = self.figure("Orbits")
        rng = np.random.default_rng(0)
        self.radius, self.angle = rng.uniform(0.2, 2, 150), rng.uniform(0, 2 * np.pi, 150)
        self.dots = ax.scatter(*np.zeros((2, 150)), c=self.radius, s=20, cmap="plasma")
        ax.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
        return fig

    def update(self, frame_idx, t):
        angle = self.angle + t / self.radius**1.5
        self.dots.set_offsets(np.column_stack([np.cos(angle), np.sin(angle)]) * self.radius[:, None])


PANELS = (Waves, Interference, Bars, Orbits)


def times(share):
    return np.linspace(0, 60 * share, round(900 * share))


def grid(share):
    """Return four plots; each becomes the next one half-way. Each shows all of its frames in the end."""
    plots = [Clip(panel(), times(share), 30, redraw="blit") for panel in PANELS]
    n = len(times(share))
    half, fade = n // 2, min(30, n // 4)
    cells = [
        one[: half + fade].crossfade(other[half:], fade / 30)
        for one, other in zip(plots, [*plots[1:], plots[0]], strict=True)
    ]
    return Clip.grid(cells)


def draw(idx, share):
    """Draw all frames of a plot, as a render would, and forget them; return the seconds."""
    start = time.perf_counter()
    params = times(share)
    renderer = Renderer(PANELS[idx]()._spec(DrawOptions.create(None, redraw="blit")))
    for first in range(0, len(params), BLOCK):
        items = list(enumerate(params[first : first + BLOCK], first))
        renderer.render(TaskSpec(), first, items, len(items))
    renderer.close()
    return time.perf_counter() - start


def compare_grid(runs, share, folder):
    print("| processes | draw alone | render | ratio | CPU: draw, render |\n|---|---|---|---|---|")
    draw_all(1, 0.02)  # imports, and finds fonts
    grid(0.02).render(folder / "grid.mp4", num_workers=1)
    for n_processes in (1, 2):
        alone, whole = [], []
        for _ in range(runs):
            alone.append(timed(lambda n=n_processes: draw_all(n, share)))
            clip = grid(share)
            whole.append(
                timed(lambda c=clip, n=n_processes: c.render(folder / "grid.mp4", num_workers=n))
            )
        (drawn, drawn_cpu), (rendered, rendered_cpu) = map(median, (alone, whole))
        print(
            f"| {n_processes} | {drawn:.1f} s | {rendered:.1f} s | {rendered / drawn:.2f} "
            f"| {drawn_cpu:.1f} s, {rendered_cpu:.1f} s |",
            flush=True,
        )


def draw_all(n_processes, share):
    if n_processes == 1:
        for idx in range(4):
            draw(idx, share)
        return
    with ProcessPoolExecutor(n_processes) as pool:
        list(pool.map(draw, range(4), [share] * 4))


def timed(function):
    """Return the seconds that a call takes, and the CPU time of it and of its processes."""
    start, before = time.perf_counter(), os.times()
    function()
    after = os.times()
    return time.perf_counter() - start, sum(after[:4]) - sum(before[:4])


def median(pairs):
    return tuple(map(statistics.median, zip(*pairs, strict=True)))


class Cosine(Animator):
    """pympanim's plot of a cosine."""

    def setup(self):
        fig, self.ax = plt.subplots(figsize=(19.2, 10.8), dpi=100)
        self.x = np.linspace(-1, 1, 100)
        (self.line,) = self.ax.plot(self.x, np.cos(self.x), "-r", linewidth=2)
        self.ax.set_ylim(-1.05, 1.05)
        return fig

    def update(self, frame_idx, frequency):
        self.line.set_ydata(np.cos(self.x * frequency))
        self.ax.set_title(f"Frequency={frequency:.3f}")


def ease_out_cubic(u):
    return 1 - (1 - u) ** 3


def ease_in_out_circ(u):
    u *= 2
    return 0.5 - 0.5 * (1 - u * u) ** 0.5 if u < 1 else 0.5 + 0.5 * (1 - (u - 2) ** 2) ** 0.5


def smoothest_step(u):
    return u**4 * (35 + u * (-84 + u * (70 - 20 * u)))


def sweep(scene):
    """Return pympanim's sweep, whose cropped parts are played for 5 s each: 18 s in all."""
    return (
        scene.to_duration(5).named("Sweep")
        + scene.reverse().ease(ease_out_cubic).to_duration(3).named("Back, slowing down")
        + scene.ease(ease_in_out_circ).crop(0, scene.duration / 10).to_duration(5).named("Its start")
        + scene.reverse()
        .ease(ease_in_out_circ)
        .crop(0, scene.duration / 10)
        .reverse()
        .to_duration(5)
        .named("Its end")
    )


class RedSquare(FrameSource):
    """pympanim's picture, a red square that crosses the screen."""

    def draw(self, frame_idx, share):
        image = Image.new("RGB", (640, 480))
        image.paste("red", (round(share * 544), 192, round(share * 544) + 96, 288))
        return image


def with_limits(animator):
    animator.ax.axhline(1, color="0.6", ls="--")
    animator.ax.axhline(-1, color="0.6", ls="--")


def scenes():
    """Return a sequence of scenes of one plot: as it is, with limits drawn into it, and both at once."""
    plain = Clip(Cosine(), np.linspace(1, 10, 120), 60)
    limits = Clip(Cosine(), np.linspace(1, 10, 120), 60, enter=with_limits)
    return plain + limits.reverse() + plain[:60].then(limits[60:]).speed(2)


def frames_shown(clip, n_frames):
    """Return the frames of sources that a render shows."""
    node = clip._node
    pictures = (node.frame_at(idx, n_frames) for idx in range(n_frames))
    return {frame for picture in pictures for frame in picture.leaves()}


def pympanim(folder):
    clips = {
        "sweep of a function of time": sweep(Clip.from_function(Cosine(), lambda t: 1 + 9 * t, 1, 60)),
        "sweep of 300 frames": sweep(Clip(Cosine(), np.linspace(1, 10, 300), 60)),
        "red square": Clip.from_function(RedSquare(), lambda t: t, 1, 30)
        .to_duration(5)
        .ease(smoothest_step),
        "scenes": scenes(),
    }
    print("| example | frames | of them distinct | time | frames/s |\n|---|---|---|---|---|")
    for name, clip in clips.items():
        video = clip.render(folder / f"{name.replace(' ', '_')}.mp4")
        n, seconds = video.n_frames, video.stats.wall_seconds
        n_shown = len(frames_shown(clip, n))
        print(f"| {name} | {n} | {n_shown} | {seconds:.1f} s | {n / seconds:.0f} |", flush=True)


if __name__ == "__main__":
    which = sys.argv[1] if len(sys.argv) > 1 else "grid"
    with tempfile.TemporaryDirectory() as name:
        out = Path(os.environ.get("CLIPS_OUT", name))
        if which == "grid":
            compare_grid(int((sys.argv[2:] or ["1"])[0]), float((sys.argv[3:] or ["1"])[0]), out)
        else:
            pympanim(out)
