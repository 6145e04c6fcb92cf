"""A lesson with titles and an inset
=================================

How circles that turn make a square wave, in three scenes.

Shows what `Clip` does: titles that fade, crossfades, an inset in slow motion, and chapters. Each frame
of each scene is drawn once, whatever is made of it.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator, Clip

FPS = 30
INK, PAPER, GLASS, FAINT, RED, GOLD = "#e8e6df", "#14213d", "#1d2f57", "#4a5a80", "#ef767a", "#fca311"
SPAN = 2.5  # turns that the wave shows


def odd_terms(n):
    """Return the numbers of the first n circles, which turn 1, 3, 5, … times as fast as the first."""
    return 2 * np.arange(n) + 1


def square_wave(turns, n):
    """Return the sum of n circles' heights after some turns."""
    k = odd_terms(n)
    return (4 / np.pi * np.sin(2 * np.pi * np.multiply.outer(turns, k)) / k).sum(axis=-1)


class Circles(Animator):
    """Circles that ride on each other, and the wave that the last one draws."""

    def __init__(self, n, formula):
        self.n, self.formula = n, formula

    def setup(self):
        fig = plt.figure(figsize=(12.8, 7.2), dpi=100, facecolor=PAPER)
        ax = fig.add_axes((0, 0, 1, 0.88), xlim=(-2.7, 6.4), ylim=(-2.78, 1.73))
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.text(-0.1, -2.25, self.formula, color=GOLD, size=24, ha="center", va="center")
        radii = 4 / np.pi / odd_terms(self.n)
        self.rings = [ax.add_patch(plt.Circle((0, 0), r, fill=False, ec=FAINT, lw=1.5)) for r in radii]
        ax.plot([1.9, 6.2], [0, 0], color=FAINT, lw=1)
        ax.plot([1.9, 1.9], [-1.4, 1.4], color=FAINT, lw=1)
        (self.arm,) = ax.plot([], [], color=GOLD, lw=2.5, marker="o", ms=3.5)
        (self.link,) = ax.plot([], [], color=INK, lw=1, ls=":")
        (self.wave,) = ax.plot([], [], color=RED, lw=3)
        (self.pen,) = ax.plot([], [], color=RED, marker="o", ms=9)
        return fig

    def update(self, frame_idx, turns):
        k = odd_terms(self.n)
        angle = 2 * np.pi * turns * k
        steps = 4 / np.pi / k * np.exp(1j * angle)
        joints = np.concatenate([[0], np.cumsum(steps)])
        for ring, joint in zip(self.rings, joints, strict=False):
            ring.center = joint.real, joint.imag
        self.arm.set_data(joints.real, joints.imag)
        tip = joints[-1]
        past = np.linspace(0, min(turns, SPAN), 600)
        self.wave.set_data(1.9 + past / SPAN * 4.3, square_wave(turns - past, self.n))
        self.link.set_data([tip.real, 1.9], [tip.imag, tip.imag])
        self.pen.set_data([1.9], [tip.imag])


class Jump(Animator):
    """The jump of the wave, seen through a magnifying glass."""

    def __init__(self, n):
        self.n = n

    def setup(self):
        fig = plt.figure(figsize=(5.2, 1.9), dpi=100, facecolor=GLASS, edgecolor=FAINT, linewidth=4)
        ax = fig.add_axes((0.03, 0.06, 0.94, 0.7), xlim=(-0.12, 0.12), ylim=(-1.5, 1.5))
        ax.set(xticks=[], yticks=[], facecolor=GLASS)
        ax.spines[:].set_visible(False)
        fig.text(0.04, 0.83, "the jump, four times slower", color=INK, size=13)
        self.x = np.linspace(-0.12, 0.12, 500)
        ax.plot(self.x, np.sign(self.x), color=FAINT, lw=1.5)
        (self.curve,) = ax.plot([], [], color=RED, lw=3)
        (self.pen,) = ax.plot([], [], color=INK, marker="o", ms=8)
        return fig

    def update(self, frame_idx, x):
        shown = self.x[self.x <= x]
        self.curve.set_data(shown, square_wave(shown, self.n))
        self.pen.set_data([x], [square_wave(x, self.n)])


class MoreTerms(Animator):
    """The sum while circles are added to it, one growing after the other."""

    def setup(self):
        fig = plt.figure(figsize=(12.8, 7.2), dpi=100, facecolor=PAPER)
        ax = fig.add_axes((0.07, 0.1, 0.86, 0.72), xlim=(0, 1.5), ylim=(-1.5, 1.5))
        ax.set(xticks=[], yticks=[], facecolor=PAPER)
        ax.spines[:].set_color(FAINT)
        self.x = np.linspace(0, 1.5, 1500)
        self.sums = np.stack([square_wave(self.x, n) for n in range(51)])
        (self.curve,) = ax.plot(self.x, self.sums[1], color=RED, lw=3)
        self.count = ax.text(0.03, -1.3, "", color=GOLD, size=24)
        return fig

    def update(self, frame_idx, n):
        whole, share = int(n), n % 1
        more = self.sums[min(whole + 1, 50)] - self.sums[whole]
        self.curve.set_ydata(self.sums[whole] + share * more)
        self.count.set_text(f"{whole} circle{'s' * (whole != 1)}")


class Words(Animator):
    """A line of text on nothing, or on a whole page."""

    def __init__(self, text, size=26, page=False):
        self.text, self.size, self.page = text, size, page

    def setup(self):
        fig = plt.figure(figsize=(12.8, 7.2 if self.page else 0.9), dpi=100, facecolor=PAPER)
        fig.text(0.5, 0.5, self.text, color=INK, size=self.size, ha="center", va="center")
        return fig

    def update(self, frame_idx, params):
        pass


def words(text, seconds):
    """Return a caption that appears, stays and disappears, over whatever is behind it."""
    still = Clip(Words(text), [None], FPS, savefig_params={"transparent": True}).to_duration(seconds)
    return still.fade_in(0.6, None).fade_out(0.6, None)


def scene(clip, text):
    """Return a scene with its caption, as a chapter of the video."""
    return clip.overlay(words(text, clip.duration), "top").named(text)


title = Clip(Words("How circles make a square", 44, page=True), [None], FPS).to_duration(3)
one = Clip.from_function(Circles(1, r"$\sin\,\omega t$"), lambda t: t / 2.4, duration=6)
five = Clip.from_function(
    Circles(
        5, r"$\sin\,\omega t + \frac{1}{3}\,\sin\,3\omega t + \frac{1}{5}\,\sin\,5\omega t + \cdots$"
    ),
    lambda t: t / 2.4,
    duration=8,
)
jump = Clip.from_function(Jump(5), lambda t: -0.12 + 0.24 * t, duration=1).speed(0.25).hold(1)
terms = Clip(MoreTerms(), 1 + 49 * np.linspace(0, 1, 5 * FPS) ** 2, FPS)

scenes = [
    title.fade_in(0.8, PAPER).named("Title"),
    scene(one, "One circle draws one wave"),
    scene(
        five.overlay(jump.fade_in(0.3, None).fade_out(0.5, None), (725, 518), start=2.4),
        "Smaller and faster circles ride on it",
    ),
    scene(terms.hold(1.5) + terms.reverse().speed(3), "The more circles, the sharper the corners"),
]
film = scenes[0]
for following in scenes[1:]:
    film = film.crossfade(following, 0.8)
film = film.fade_out(1, PAPER)

if __name__ == "__main__":
    output = Path(__file__).parent / "output"
    video = film.render(output / "explainer.mp4")
    film.timeline().save(output / "explainer_timeline.png")
    print(f"{video}\n{video.stats}")
