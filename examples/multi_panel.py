"""Panels of many kinds
====================

Lines, bars, an image with a color bar, a 3D line and a scatter on one figure.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class MultiPanel(Animator):
    def setup(self):
        fig = plt.figure(figsize=(12, 7), layout="constrained")
        top, bottom = fig.subfigures(2, 1)
        lines, bars, image = top.subplots(1, 3)
        self.x = np.linspace(0, 2 * np.pi, 200)
        self.lines = [lines.plot(self.x, np.sin(k * self.x), label=f"k = {k}")[0] for k in (1, 2, 3)]
        lines.set(title="Standing waves", ylim=(-1.2, 1.2), xlabel="x")
        lines.legend(loc="upper right")
        lines.grid(alpha=0.3)

        self.bars = bars.bar(range(8), np.ones(8), color=plt.cm.viridis(np.linspace(0, 1, 8)))
        bars.set(title="Spectrum", ylim=(0, 1), xlabel="band")

        self.grid = np.meshgrid(np.linspace(-3, 3, 120), np.linspace(-3, 3, 120))
        self.image = image.imshow(
            np.zeros((120, 120)), vmin=-1, vmax=1, cmap="RdBu_r", extent=(-3, 3) * 2
        )
        image.set(title="Interference")
        top.colorbar(self.image, ax=image)

        helix = bottom.add_subplot(1, 2, 1, projection="3d")
        (self.helix,) = helix.plot([], [], [], lw=2)
        helix.set(title="Helix", xlim=(-1, 1), ylim=(-1, 1), zlim=(0, 1))
        scatter = bottom.add_subplot(1, 2, 2)
        rng = np.random.default_rng(0)
        self.orbits = rng.uniform(0.2, 2, 150), rng.uniform(0, 2 * np.pi, 150)
        self.scatter = scatter.scatter(*np.zeros((2, 150)), c=self.orbits[0], s=20, cmap="plasma")
        scatter.set(title="Orbits", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal")
        return fig

    def update(self, frame_idx, t):
        for k, line in enumerate(self.lines, 1):
            line.set_ydata(np.sin(k * self.x) * np.cos(2 * np.pi * k * t))
        for i, bar in enumerate(self.bars):
            bar.set_height(0.5 + 0.45 * np.sin(2 * np.pi * (t + i / 8)))
        x, y = self.grid
        self.image.set_data(
            (np.sin(6 * np.hypot(x - 1, y) - 20 * t) + np.sin(6 * np.hypot(x + 1, y) - 20 * t)) / 2
        )
        turn = np.linspace(0, 1, 100) * t
        self.helix.set_data_3d(np.cos(8 * np.pi * turn), np.sin(8 * np.pi * turn), turn)
        radius, angle = self.orbits
        angle = angle + 2 * np.pi * t / radius**1.5
        self.scatter.set_offsets(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))


if __name__ == "__main__":
    output = Path(__file__).parent / "output" / "multi_panel.mp4"
    print(MultiPanel().make_video(output, np.linspace(0, 1, 90), fps=30))
