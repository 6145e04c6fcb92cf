"""The picture in the README
=========================

A wave packet and its spectrum, looped, as a WebP.
"""

from fractions import Fraction
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class Packet(Animator):
    """A packet that disperses as it travels, and the same packet in the complex plane."""

    def setup(self):
        plt.style.use("dark_background")
        fig = plt.figure(figsize=(7.2, 2.7), dpi=100, layout="constrained")
        left, right = fig.subplots(1, 2, width_ratios=(3, 1.2))
        self.x = np.linspace(-12, 12, 600)
        self.fill = left.fill_between(self.x, 0 * self.x, color="#fa6e08", alpha=0.35, lw=0)
        (self.wave,) = left.plot(self.x, 0 * self.x, color="#fdb515", lw=1.4)
        left.set(xlim=(-12, 12), ylim=(-1.1, 1.1), xlabel="x", title=r"Re $\psi(x, t)$ and $|\psi|$")
        left.grid(alpha=0.2)
        (self.curl,) = right.plot([], [], color="#fdb515", lw=1)
        right.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xticks=[], yticks=[], title=r"$\psi$")
        right.set_aspect("equal")
        return fig

    def update(self, frame_idx, t):
        width = 1 + 0.5j * t
        moved = self.x - 4 * t
        psi = np.exp(-(moved**2) / (2 * width) + 4j * self.x - 8j * t) / np.sqrt(width)
        self.wave.set_ydata(psi.real)
        self.fill.set_data(self.x, -abs(psi), abs(psi))
        self.curl.set_data(psi.real, psi.imag)


if __name__ == "__main__":
    times = np.linspace(-2.6, 2.6, 48)
    output = Path(__file__).parent / "output" / "readme.webp"
    video = Packet().make_video(output, times, fps=Fraction(50, 3), video_quality=26)
    print(video)
