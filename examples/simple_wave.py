"""The shortest one
================

A travelling cosine wave.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class Wave(Animator):
    def setup(self):
        fig, ax = plt.subplots()
        self.x = np.linspace(0, 4 * np.pi, 200)
        (self.line,) = ax.plot(self.x, np.cos(self.x))
        ax.set(xlim=(0, 4 * np.pi), ylim=(-1.5, 1.5), xlabel="x", ylabel="y", title="Cosine wave")
        return fig

    def update(self, frame_idx, phase):
        self.line.set_ydata(np.cos(self.x + phase))


if __name__ == "__main__":
    phases = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    output = Path(__file__).parent / "output" / "simple_wave.mp4"
    video = Wave().make_video(output, phases, fps=30)
    print(video)
