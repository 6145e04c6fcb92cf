"""Parameters out of order
=======================

Data that come when they come: a loader with several threads, and IndexedFrameParams.
"""

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator, IndexedFrameParams


def load(frame_idx):
    """Stand in for a read from a slow disk that takes now less time, now more."""
    time.sleep(np.random.default_rng(frame_idx).uniform(0, 0.05))
    y, x = np.mgrid[-1:1:120j, -1:1:160j]
    return np.exp(-20 * ((x - np.cos(frame_idx / 10) / 2) ** 2 + (y - np.sin(frame_idx / 10) / 2) ** 2))


def load_all(n_frames):
    """Yield all images in the order in which they are ready, at most 16 ahead of who asks."""
    with ThreadPoolExecutor(4) as pool:
        waiting = {}
        next_idx = 0
        while next_idx < n_frames or waiting:
            while next_idx < n_frames and len(waiting) < 16:
                waiting[pool.submit(load, next_idx)] = next_idx
                next_idx += 1
            ready = next(as_completed(waiting))
            yield IndexedFrameParams(waiting.pop(ready), ready.result())


class Images(Animator):
    def setup(self):
        fig, ax = plt.subplots(figsize=(4.8, 3.6))
        self.image = ax.imshow(np.zeros((120, 160)), vmin=0, vmax=1, cmap="inferno", origin="lower")
        self.title = ax.set_title("")
        return fig

    def update(self, frame_idx, image):
        self.image.set_data(image)
        self.title.set_text(f"image {frame_idx}")


if __name__ == "__main__":
    output = Path(__file__).parent / "output" / "nondeterministic_loader.mp4"
    print(Images().make_video(output, load_all(120), fps=30, n_frames=120))
