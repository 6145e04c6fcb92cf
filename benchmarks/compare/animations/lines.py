"""Three lines with grid, legend and a title that changes."""

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class Lines(Animator):
    """Three lines with grid, legend and a title that changes, 1920x1080."""

    dpi = 100

    def setup(self):
        fig, self.ax = plt.subplots(figsize=(19.2, 10.8), dpi=self.dpi)
        self.x = np.linspace(0, 10, 500)
        self.lines = [self.ax.plot(self.x, np.sin(self.x), label=f"line {k}")[0] for k in range(3)]
        self.ax.set_ylim(-1.5, 1.5)
        self.ax.grid()
        self.ax.legend(loc="upper right")
        return fig

    def update(self, frame_idx, t):
        for k, line in enumerate(self.lines):
            line.set_ydata(np.sin(self.x + k + 6 * t))
        self.ax.set_title(f"t = {t:.3f}")


def params(n_frames):
    return [idx / n_frames for idx in range(n_frames)]
