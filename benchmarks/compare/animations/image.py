"""An image of 2048x2048 with a color bar."""

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class Image(Animator):
    def setup(self):
        fig, self.ax = plt.subplots(figsize=(19.2, 10.8), dpi=100)
        y, x = np.mgrid[-10:10:2048j, -10:10:2048j].astype("f4")
        self.r = np.hypot(x, y)
        self.image = self.ax.imshow(self.r, vmin=-1, vmax=1)
        fig.colorbar(self.image)
        return fig

    def update(self, frame_idx, t):
        self.image.set_data(np.sin(self.r - 20 * t))


def params(n_frames):
    return [np.float32(idx / n_frames) for idx in range(n_frames)]
