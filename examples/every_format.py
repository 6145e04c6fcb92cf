"""Every format
============

One animation as every kind of file: chapters, a last frame that stays, transparency.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client

from dask_animate import Animator


class Spiral(Animator):
    """A spiral grows around its middle."""

    def setup(self):
        fig, ax = plt.subplots(figsize=(4, 3), dpi=100, subplot_kw={"projection": "polar"})
        (self.line,) = ax.plot([], [], lw=3)
        (self.tip,) = ax.plot([], [], "o", ms=12)
        ax.set_ylim(0, 1)
        return fig

    def update(self, frame_idx, length):
        angle = np.linspace(0, length, 300)
        radius = angle / (6 * np.pi)
        self.line.set_data(angle, radius)
        self.tip.set_data(angle[-1:], radius[-1:])


def main(folder=Path(__file__).parent / "output"):
    lengths = np.linspace(0.1, 6 * np.pi, 60)
    videos = {
        "durations": {-1: 2.0},
        "chapters": [("One turn", 0.0), ("Two turns", 20 / 24), ("Three turns", 40 / 24)],
        "metadata": {"title": "A spiral", "author": "dask_animate"},
    }
    kinds = {
        "h264.mp4": videos,
        "hevc.mov": {**videos, "codec": "hevc"},
        "av1.mp4": {**videos, "codec": "av1"},
        "lossless.mkv": {**videos, "codec": "ffv1"},
        "transparent.webm": {**videos, "savefig_params": {"transparent": True}},
        "spiral.gif": {"durations": {-1: 2.0}},
        "spiral.apng": {"durations": {-1: 2.0}},
        "transparent.webp": {"durations": {-1: 2.0}, "savefig_params": {"transparent": True}},
    }
    with Client(threads_per_worker=1, dashboard_address=":0"):
        for name, options in kinds.items():
            video = Spiral().make_video(folder / name, lengths, fps=24, **options)
            print(video)


if __name__ == "__main__":
    main()
