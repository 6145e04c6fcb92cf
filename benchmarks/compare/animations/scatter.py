"""100,000 points that move."""

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class Scatter(Animator):
    def setup(self):
        fig, self.ax = plt.subplots(figsize=(12.8, 7.2), dpi=100)
        self.start = np.random.default_rng(0).random((100_000, 2))
        self.dots = self.ax.scatter(*self.start.T, s=2)
        self.ax.set(xlim=(0, 1), ylim=(0, 1))
        return fig

    def update(self, frame_idx, t):
        self.dots.set_offsets((self.start + np.array([t, 2 * t])) % 1)


def params(n_frames):
    return [idx / n_frames for idx in range(n_frames)]
