"""Bitmaps of 1920x1080 that a generator makes, each shown on a figure of this size."""

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class Bitmap(Animator):
    def setup(self):
        fig = plt.figure(figsize=(19.2, 10.8), dpi=100)
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        black = np.zeros((1080, 1920, 3), np.uint8)
        self.image = ax.imshow(black, interpolation="nearest", aspect="auto")
        return fig

    def update(self, frame_idx, bitmap):
        self.image.set_data(bitmap)


def params(n_frames):
    y, x = np.ogrid[:1080, :1920]
    rings = (np.hypot(x - 960, y - 540) / 5).astype(np.uint8)
    for idx in range(n_frames):
        yield np.stack([rings // 2 + np.uint8(idx % 100), rings // 2, 200 - rings // 2], axis=-1)
