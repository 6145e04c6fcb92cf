"""Fourteen panels
===============

Almost every kind of plot that matplotlib has, on a GridSpec.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class VeryComplex(Animator):
    def setup(self):
        fig = plt.figure(figsize=(16, 9), dpi=100, layout="constrained")
        grid = fig.add_gridspec(3, 5)
        self.title = fig.suptitle("t = 0.00")
        self.x = np.linspace(0, 2 * np.pi, 100)
        self.plane = np.meshgrid(np.linspace(-2, 2, 30), np.linspace(-2, 2, 30))
        axes = self.axes = {
            "surface": fig.add_subplot(grid[0:2, 0:2], projection="3d"),
            "contour": fig.add_subplot(grid[0, 2]),
            "polar": fig.add_subplot(grid[0, 3], projection="polar"),
            "heat": fig.add_subplot(grid[0, 4]),
            "quiver": fig.add_subplot(grid[1, 2]),
            "hist": fig.add_subplot(grid[1, 3]),
            "pie": fig.add_subplot(grid[1, 4]),
        }
        for i, name in enumerate(("box", "stream", "band", "errorbar", "step")):
            axes[name] = fig.add_subplot(grid[2, i])
        axes["log"] = axes["band"].inset_axes((0.6, 0.6, 0.38, 0.36))
        axes["stem"] = axes["step"].inset_axes((0.6, 0.6, 0.38, 0.36))
        for name in axes.keys() - {"log", "stem"}:
            axes[name].set_title(name)
        self.setup_once()
        return fig

    def setup_once(self):
        """Make the artists that stay and change."""
        axes, x = self.axes, self.x
        (self.rose,) = axes["polar"].plot(x, np.ones_like(x), "C3")
        axes["polar"].set(ylim=(0, 2), yticklabels=[])
        self.heat = axes["heat"].pcolormesh(
            *self.plane, np.zeros((30, 30)), vmin=-1, vmax=1, cmap="magma"
        )
        axes["heat"].figure.colorbar(self.heat, ax=axes["heat"])
        u, v = np.meshgrid(*[np.linspace(-2, 2, 12)] * 2)
        self.arrows = axes["quiver"].quiver(
            u, v, np.ones_like(u), np.zeros_like(v), color="C0", scale=16
        )
        (self.line,) = axes["band"].plot(x, np.sin(x), "C2")
        axes["band"].set_ylim(-2.5, 4.5)
        (self.steps,) = axes["step"].step(range(20), np.zeros(20), where="mid", color="C4")
        axes["step"].set_ylim(-1.1, 3.5)
        (self.decay,) = axes["log"].semilogy(x, np.exp(-x), "C1", lw=1)
        (self.stems,) = axes["stem"].plot([], [], "o", ms=2)
        axes["stem"].set(xlim=(0, 6), ylim=(-1, 1))

    def update(self, frame_idx, t):
        rng = np.random.default_rng(frame_idx)
        x, (u, v) = self.x, self.plane
        phase = 2 * np.pi * t
        self.title.set_text(f"t = {t:.2f}")
        field = np.sin(u * 2 + phase) * np.cos(v * 2 - phase)
        self.rose.set_ydata(1 + 0.8 * np.cos(5 * x + phase))
        self.heat.set_array(field)
        turn = np.arctan2(*np.meshgrid(*[np.linspace(-2, 2, 12)] * 2)) + phase
        self.arrows.set_UVC(np.cos(turn), np.sin(turn))
        self.line.set_ydata(np.sin(x + phase))
        self.steps.set_ydata(np.cos(np.arange(20) / 3 + phase))
        self.decay.set_ydata(np.exp(-x * (1.2 + np.sin(phase))))
        self.stems.set_data(x[::8], np.sin(2 * x[::8] + phase))
        self.redraw_panels(field, rng, t, phase)

    def redraw_panels(self, field, rng, t, phase):
        """Make the artists that cannot be changed anew."""
        axes, x, (u, v) = self.axes, self.x, self.plane
        for name in ("surface", "contour", "hist", "pie", "box", "stream", "errorbar"):
            axes[name].clear()
            axes[name].set_title(name)
        axes["surface"].plot_surface(u, v, field, cmap="viridis", vmin=-1, vmax=1, rcount=15, ccount=15)
        axes["surface"].set_zlim(-1, 1)
        axes["surface"].view_init(30, 360 * t)
        axes["contour"].contourf(u, v, field, levels=np.linspace(-1, 1, 9), cmap="RdBu")
        axes["contour"].contour(u, v, field, levels=[0], colors="k", linewidths=0.8)
        axes["hist"].hist(rng.normal(np.sin(phase), 1, 400), bins=np.linspace(-4, 4, 25), color="C5")
        axes["hist"].set_ylim(0, 80)
        axes["pie"].pie([1 + t, 2, 2 - t, 1], labels=list("abcd"), startangle=360 * t)
        axes["box"].boxplot([rng.normal(k, 1 + t, 40) for k in range(4)])
        axes["box"].set_ylim(-5, 8)
        axes["stream"].streamplot(u, v, -v + t, u, density=0.5, linewidth=0.8, arrowsize=0.7)
        axes["stream"].set(xlim=(-2, 2), ylim=(-2, 2))
        for band in self.axes["band"].collections[:]:
            band.remove()
        middle = self.line.get_ydata()
        for width in (0.2, 0.5, 1):
            axes["band"].fill_between(x, middle - width, middle + width, color="C2", alpha=0.2, lw=0)
        axes["errorbar"].errorbar(
            x[::10], np.cos(x[::10] + phase), yerr=0.2 + 0.1 * np.sin(phase), fmt="o", capsize=3
        )
        axes["errorbar"].set_ylim(-1.6, 1.6)


if __name__ == "__main__":
    output = Path(__file__).parent / "output" / "very_complex.mp4"
    print(VeryComplex().make_video(output, np.linspace(0, 1, 24, endpoint=False), fps=12))
