"""A `FuncAnimation` as matplotlib's gallery has it: a pendulum, its trace, and a text."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation


def animation(n_frames):
    angles = np.cumsum(np.sin(np.linspace(0, n_frames / 5, n_frames))) / 5
    fig = plt.figure(figsize=(6.4, 4.8), dpi=100)
    ax = fig.add_subplot(autoscale_on=False, xlim=(-2, 2), ylim=(-2, 1))
    ax.set_aspect("equal")
    ax.grid()
    (rod,) = ax.plot([], [], "o-", lw=2)
    (trace,) = ax.plot([], [], ".-", lw=1, ms=2)
    text = ax.text(0.05, 0.9, "", transform=ax.transAxes)

    def animate(idx):
        rod.set_data([0, np.sin(angles[idx])], [0, -np.cos(angles[idx])])
        trace.set_data(np.sin(angles[:idx]), -np.cos(angles[:idx]))
        text.set_text(f"time = {idx / 30:.2f}s")
        return rod, trace, text

    return FuncAnimation(fig, animate, n_frames, interval=1000 / 30, blit=True)
