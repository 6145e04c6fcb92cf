"""Animations such as those of matplotlib's gallery."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, Wedge

from dask_animate import Animator

X = np.linspace(0, 2 * np.pi, 100)
GRID = np.meshgrid(np.linspace(-2, 2, 25), np.linspace(-2, 2, 25))
SIZE = {"figsize": (3.2, 2.4), "dpi": 80}


class OneAxes(Animator):
    """A figure with one axes."""

    projection = None

    def setup(self):
        fig, self.ax = plt.subplots(**SIZE, subplot_kw={"projection": self.projection})
        self.make(self.ax)
        return fig


class SineWave(OneAxes):
    def make(self, ax):
        (self.line,) = ax.plot(X, np.sin(X))

    def update(self, i, t):
        self.line.set_ydata(np.sin(X + t / 5))


class Rain(OneAxes):
    def make(self, ax):
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        self.drops = ax.scatter(*np.zeros((2, 30)), s=1, lw=0.5, edgecolors="k", facecolors="none")

    def update(self, i, t):
        rng = np.random.default_rng(3)
        age = (t + rng.integers(0, 20, 30)) % 20
        self.drops.set_offsets(rng.random((30, 2)))
        self.drops.set_sizes(20 + 15 * age)
        self.drops.set_edgecolors([(0, 0, 0, 1 - a / 20) for a in age])


class RandomWalk3D(OneAxes):
    projection = "3d"

    def make(self, ax):
        walks = np.random.default_rng(1).normal(0, 0.1, (4, 40, 3)).cumsum(axis=1)
        self.walks = [(walk, ax.plot([], [], [])[0]) for walk in walks]
        ax.set(xlim3d=(-1, 1), ylim3d=(-1, 1), zlim3d=(-1, 1), xlabel="X")

    def update(self, i, t):
        for walk, line in self.walks:
            line.set_data_3d(walk[: t + 1].T)


class DoublePendulum(OneAxes):
    def make(self, ax):
        ax.set(xlim=(-2, 2), ylim=(-2, 1), aspect="equal")
        ax.grid()
        (self.rods,) = ax.plot([], [], "o-", lw=2)
        (self.trace,) = ax.plot([], [], ".-", lw=1, ms=2)
        self.time = ax.text(0.05, 0.9, "", transform=ax.transAxes)

    def update(self, i, t):
        s = np.arange(t + 1) / 10
        x, y = np.sin(s) + np.sin(3 * s), -np.cos(s) - 0.5 * np.cos(3 * s)
        self.rods.set_data([0, np.sin(s[-1]), x[-1]], [0, -np.cos(s[-1]), y[-1]])
        self.trace.set_data(x, y)
        self.time.set_text(f"time = {s[-1]:.1f}s")


class Decay(OneAxes):
    """The limits double whenever the line leaves the axes."""

    def make(self, ax):
        (self.line,) = ax.plot([], [], lw=2)
        ax.grid()
        ax.set_ylim(-1.1, 1.1)

    def update(self, i, t):
        x = np.arange(t + 1) / 10
        self.line.set_data(x, np.sin(2 * np.pi * x) * np.exp(-x))
        self.ax.set_xlim(0, 2 ** np.ceil(np.log2(max(x[-1], 0.5))))


class DynamicImage(OneAxes):
    def make(self, ax):
        self.image = ax.imshow(np.zeros((25, 25)), vmin=-2, vmax=2)
        ax.figure.colorbar(self.image)

    def update(self, i, t):
        self.image.set_data(np.sin(GRID[0] + t / 5) + np.cos(GRID[1] - t / 7))


class Histogram(OneAxes):
    def make(self, ax):
        _, self.bins, self.bars = ax.hist(np.zeros(10), np.linspace(-4, 4, 30), lw=1, ec="y", fc="g")
        ax.set_ylim(top=60)

    def update(self, i, t):
        counts, _ = np.histogram(np.random.default_rng(t).normal(size=500), self.bins)
        for count, bar in zip(counts, self.bars.patches, strict=True):
            bar.set_height(count)


class StripChart(OneAxes):
    def make(self, ax):
        (self.line,) = ax.plot([], [])
        ax.set_ylim(-0.1, 1.1)

    def update(self, i, t):
        x = np.arange(t + 1)
        self.line.set_data(x, x * 7 % 10 / 10)
        left = t // 10 * 10
        self.ax.set_xlim(left, left + 10)


class Unchained(OneAxes):
    def make(self, ax):
        ax.set_facecolor("k")
        ax.axis("off")
        x = np.linspace(-1, 1, 60)
        self.lines = []
        for k in range(20):
            (line,) = ax.plot((1 - k / 100) * x, k + np.exp(-8 * x**2), color="w", lw=1, zorder=30 - k)
            self.lines.append((line, k, x))
        ax.set_ylim(-1, 24)

    def update(self, i, t):
        for line, k, x in self.lines:
            line.set_ydata(k + np.exp(-8 * x**2) * (1.5 + np.sin(10 * x + t / 2 + k)))


class BayesUpdate(OneAxes):
    def make(self, ax):
        ax.set(xlim=(0, 1), ylim=(0, 6))
        ax.grid(True)
        ax.axvline(0.5, linestyle="--", color="black")
        (self.line,) = ax.plot([], [], "k-")

    def update(self, i, t):
        x = np.linspace(0, 1, 200)
        density = x ** (t / 2 + 1) * (1 - x) ** (t / 3 + 1)
        self.line.set_data(x, density / density.sum() * 200)


class Spiral(OneAxes):
    projection = "polar"

    def make(self, ax):
        (self.line,) = ax.plot([], [], lw=3)
        ax.set_rmax(2)
        ax.set_title("spiral")

    def update(self, i, t):
        r = np.linspace(0, 2, 100)
        self.line.set_data(r * (2 + t / 5), r)


class Radar(OneAxes):
    projection = "polar"

    def make(self, ax):
        self.bars = ax.bar(X[:-1:10], np.ones(10), width=0.5, alpha=0.5)

    def update(self, i, t):
        for k, bar in enumerate(self.bars):
            bar.set_height(1 + np.sin(t / 5 + k))
        self.ax.set_theta_offset(t / 30)


class Pie(OneAxes):
    def make(self, ax):
        ax.set_aspect("equal")

    def update(self, i, t):
        self.ax.clear()
        self.ax.pie([1 + t, 5, 9], labels=["a", "b", "c"], startangle=3 * t, autopct="%.0f%%")


class QuiverField(OneAxes):
    def make(self, ax):
        x, y = (g[::4, ::4] for g in GRID)
        self.arrows = ax.quiver(x, y, np.ones_like(x), np.zeros_like(x), pivot="mid", color="r")
        ax.quiverkey(self.arrows, 0.9, 1.05, 1, "1 m/s", labelpos="E")

    def update(self, i, t):
        x, y = (g[::4, ::4] for g in GRID)
        self.arrows.set_UVC(np.cos(x + t / 5), np.sin(y + t / 5))


class Stream(OneAxes):
    def make(self, ax):
        ax.set(xlim=(-2, 2), ylim=(-2, 2))

    def update(self, i, t):
        for artist in self.ax.collections[:] + self.ax.patches[:]:
            artist.remove()
        self.ax.streamplot(*GRID, -GRID[1] + t / 10, GRID[0], density=0.4)


class Contours(OneAxes):
    def make(self, ax):
        self.sets = []
        ax.set_title("contours")

    def update(self, i, t):
        for contours in self.sets:
            contours.remove()
        z = np.sin(GRID[0] * 2 + t / 5) * np.cos(GRID[1] * 2)
        levels = np.linspace(-1, 1, 7)
        self.sets = [self.ax.contourf(*GRID, z, levels=levels), self.ax.contour(*GRID, z, levels=levels)]


class Band(OneAxes):
    def make(self, ax):
        (self.line,) = ax.plot(X, np.sin(X), "k")
        self.band = ax.fill_between(X, -1, 1)
        ax.set_ylim(-2, 2)

    def update(self, i, t):
        y = np.sin(X + t / 5)
        self.line.set_ydata(y)
        self.band.remove()
        self.band = self.ax.fill_between(X, y - 0.3, y + 0.3, alpha=0.3, color="C1")


class BarRace(OneAxes):
    def make(self, ax):
        self.bars = ax.barh(range(6), np.ones(6), color=[f"C{k}" for k in range(6)])
        self.names = [ax.text(0, k, f" team {k}", va="center") for k in range(6)]
        ax.set(xlim=(0, 3), yticks=[])

    def update(self, i, t):
        values = 1 + np.sin(t / 8 + np.arange(6)) ** 2
        for rank, k in enumerate(np.argsort(values)):
            self.bars[k].set(y=rank - 0.4, width=values[k])
            self.names[k].set_position((values[k], rank))


class Lissajous(OneAxes):
    def make(self, ax):
        self.lines = [ax.plot([], [], lw=1, label=f"{k}")[0] for k in range(1, 4)]
        ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
        ax.legend(loc="upper right")

    def update(self, i, t):
        for k, line in enumerate(self.lines, 1):
            line.set_data(np.sin(k * X + t / 10), np.cos((k + 1) * X))
        self.ax.set_title(f"phase {t / 10:.1f}")


class Clock(OneAxes):
    def make(self, ax):
        ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
        ax.axis("off")
        ax.add_patch(Circle((0, 0), 1, fc="w", ec="k", lw=3))
        for hour in range(1, 13):
            angle = np.pi * hour / 6
            ax.text(0.8 * np.sin(angle), 0.8 * np.cos(angle), f"{hour}", ha="center", va="center")
        self.hands = [ax.plot([], [], "k", lw=lw, solid_capstyle="round")[0] for lw in (5, 3)]
        self.second = ax.add_patch(Wedge((0, 0), 0.3, 80, 100, fc="r"))

    def update(self, i, t):
        for hand, turns, length in zip(self.hands, (t / 120, t / 10), (0.5, 0.75), strict=True):
            angle = 2 * np.pi * turns
            hand.set_data([0, length * np.sin(angle)], [0, length * np.cos(angle)])
        self.second.set_theta1(90 - 6 * t)
        self.second.set_theta2(100 - 6 * t)


class Surface(OneAxes):
    projection = "3d"

    def make(self, ax):
        ax.set_zlim(-1, 1)
        self.surface = ax.plot_surface(*GRID, GRID[0] * 0)

    def update(self, i, t):
        self.surface.remove()
        z = np.sin(np.hypot(*GRID) * 3 - t / 3)
        self.surface = self.ax.plot_surface(*GRID, z, cmap="viridis", rcount=12, ccount=12)


class Turning(OneAxes):
    projection = "3d"

    def make(self, ax):
        ax.plot(np.cos(X), np.sin(X), X)
        ax.set_box_aspect(None, zoom=0.85)

    def update(self, i, t):
        self.ax.view_init(elev=20 + t / 4, azim=5 * t)


class Life(OneAxes):
    def make(self, ax):
        self.image = ax.imshow(
            np.zeros((20, 20)), interpolation="nearest", cmap="binary", vmin=0, vmax=1
        )
        ax.set(xticks=[], yticks=[])

    def update(self, i, t):
        board = np.random.default_rng(5).integers(0, 2, (20, 20))
        for _ in range(t):
            n = sum(np.roll(board, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) - board
            board = (n == 3) | (board & (n == 2))
        self.image.set_data(board)


class BestLegend(OneAxes):
    def make(self, ax):
        (self.line,) = ax.plot(X, X, label="a moving line")
        ax.set_ylim(0, 7)
        ax.legend()

    def update(self, i, t):
        self.line.set_ydata(3.5 + 3 * np.sin(X + t / 4))


class Twins(OneAxes):
    def make(self, ax):
        (self.left,) = ax.plot(X, X, "C0")
        other = ax.twinx()
        (self.right,) = other.plot(X, X, "C1--")
        other.set(ylim=(-100, 100), ylabel="right")
        ax.set(ylim=(-1, 1), ylabel="left", title="twins")

    def update(self, i, t):
        self.left.set_ydata(np.sin(X + t / 5))
        self.right.set_ydata(90 * np.cos(2 * X - t / 5))


class LogSweep(OneAxes):
    def make(self, ax):
        (self.line,) = ax.loglog([1, 10], [1, 10])
        ax.grid(True, which="both", alpha=0.3)
        ax.set(xlim=(0.1, 100), ylim=(1e-3, 10))

    def update(self, i, t):
        f = np.logspace(-1, 2, 200)
        f0 = 10 ** (t / 20)
        self.line.set_data(f, 1 / np.hypot(1 - (f / f0) ** 2, 0.2 * f / f0))


class Follow(OneAxes):
    def make(self, ax):
        ax.plot(X, np.sin(X))
        (self.dot,) = ax.plot([0], [0], "ro")
        self.note = ax.annotate(
            "", (0, 0), (20, 25), textcoords="offset points", arrowprops={"arrowstyle": "->"},
            bbox={"boxstyle": "round", "fc": "w"},
        )  # fmt: skip
        ax.set_ylim(-1.5, 2)

    def update(self, i, t):
        x = t / 6
        self.dot.set_data([x], [np.sin(x)])
        self.note.xy = x, np.sin(x)
        self.note.set_text(f"{np.sin(x):.2f}")


class Stems(OneAxes):
    def make(self, ax):
        self.stem = ax.stem(X[::8], np.sin(X[::8]))
        ax.set_ylim(-1.2, 1.2)

    def update(self, i, t):
        y = np.sin(X[::8] + t / 5)
        self.stem.markerline.set_ydata(y)
        self.stem.stemlines.set_segments([[(a, 0), (a, b)] for a, b in zip(X[::8], y, strict=True)])


class Errors(OneAxes):
    def make(self, ax):
        self.container = None
        ax.set(ylim=(-2, 2), xlim=(-0.5, 7))

    def update(self, i, t):
        if self.container is not None:
            self.container.remove()
        x = X[::12]
        self.container = self.ax.errorbar(x, np.sin(x + t / 5), yerr=0.3, fmt="o", capsize=3)


class HexBins(OneAxes):
    def make(self, ax):
        self.bins = None

    def update(self, i, t):
        if self.bins is not None:
            self.bins.remove()
        x, y = np.random.default_rng(t).normal(size=(2, 400))
        self.bins = self.ax.hexbin(x + t / 20, y, gridsize=12, extent=(-3, 3, -3, 3), cmap="magma")


class Scores(OneAxes):
    def make(self, ax):
        ax.axis("off")
        self.table = ax.table([["0"] * 3 for _ in range(3)], colLabels=list("abc"), loc="center")

    def update(self, i, t):
        for row in range(1, 4):
            for column in range(3):
                self.table[row, column].get_text().set_text(f"{row * t + column}")
        self.table[1 + t % 3, 1].set_facecolor("C1" if t % 2 else "w")


class Inset(OneAxes):
    def make(self, ax):
        y = np.sin(X**2)
        ax.plot(X, y)
        self.inset = ax.inset_axes((0.55, 0.6, 0.42, 0.35), xticklabels=[], yticklabels=[])
        self.inset.plot(X, y)
        self.inset.set_ylim(-1.1, 1.1)
        ax.set_ylim(-1.5, 4)
        ax.indicate_inset_zoom(self.inset, edgecolor="black")

    def update(self, i, t):
        self.inset.set_xlim(t / 8, t / 8 + 1)


class Mesh(OneAxes):
    def make(self, ax):
        self.mesh = ax.pcolormesh(*GRID, GRID[0], vmin=-1, vmax=1, shading="gouraud")
        self.tri = ax.tripcolor([0, 1, 0, 2], [0, 0, 1, 2], [0.0, 1, 2, 3], alpha=0.6)

    def update(self, i, t):
        self.mesh.set_array(np.sin(GRID[0] * GRID[1] + t / 5))
        self.tri.set_array(np.arange(2) * t)


class Orbits(OneAxes):
    def make(self, ax):
        ax.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
        self.planets = [ax.add_patch(Circle((k, 0), 0.1 * k, fc=f"C{k}")) for k in (1, 2)]
        self.trail = [ax.plot([], [], f"C{k}", alpha=0.5)[0] for k in (1, 2)]

    def update(self, i, t):
        for k, (planet, trail) in enumerate(zip(self.planets, self.trail, strict=True), 1):
            angle = np.linspace(t / 5 / k - 1, t / 5 / k, 20)
            planet.center = k * np.cos(angle[-1]), k * np.sin(angle[-1])
            trail.set_data(k * np.cos(angle), k * np.sin(angle))


class Parts(Animator):
    """Subfigures, with a title and a legend of the whole figure."""

    def setup(self):
        fig = plt.figure(**SIZE, layout="constrained")
        left, right = fig.subfigures(1, 2)
        self.left = left.subplots(2, 1, sharex=True)
        self.lines = [ax.plot(X, X, label=f"line {k}")[0] for k, ax in enumerate(self.left)]
        self.image = right.subplots().imshow(GRID[0])
        fig.legend(handles=self.lines, loc="outside lower center", ncols=2, fontsize=6)
        self.title = fig.suptitle("t = 0")
        return fig

    def update(self, i, t):
        for k, line in enumerate(self.lines):
            line.set_ydata(3 + 3 * np.sin(X + t / 5 + k))
        self.image.set_data(np.cos(GRID[0] + t / 5))
        self.title.set_text(f"t = {t}")


class EverythingAnew(Animator):
    def setup(self):
        self.fig = plt.figure(**SIZE)
        return self.fig

    def update(self, i, t):
        self.fig.clear()
        ax = self.fig.add_subplot()
        ax.plot(X, np.sin(X + t))
        ax.set_title(f"{t}")


GALLERY = [
    *(
        SineWave,
        Rain,
        RandomWalk3D,
        DoublePendulum,
        Decay,
        DynamicImage,
        Histogram,
        StripChart,
        Unchained,
    ),
    *(BayesUpdate, Spiral, Radar, Pie, QuiverField, Stream, Contours, Band, BarRace, Lissajous, Clock),
    *(
        Surface,
        Turning,
        Life,
        BestLegend,
        Twins,
        LogSweep,
        Follow,
        Stems,
        Errors,
        HexBins,
        Scores,
        Inset,
    ),
    *(Mesh, Orbits, Parts, EverythingAnew),
]
