"""The command ``demo``: a first video, with nothing prepared."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..animator import Animator

#: Frames, and frames per second.
N_FRAMES, FPS = 120, 30


class WavePacket(Animator):
    """A wave packet that travels and spreads."""

    def setup(self) -> Figure:
        """Build the figure."""
        fig, ax = plt.subplots(figsize=(6.4, 3.6), dpi=100, layout="constrained")
        self.x = np.linspace(-5, 15, 600)
        (self.line,) = ax.plot(self.x, 0 * self.x)
        self.envelope = ax.fill_between(self.x, -self.x * 0, self.x * 0, alpha=0.2)
        ax.set(xlim=(-5, 15), ylim=(-1.1, 1.1), xlabel="position", ylabel="amplitude")
        self.title = ax.set_title("time 0.00")
        return fig

    def update(self, frame_idx: int, time: float) -> None:
        """Show one moment."""
        width = np.sqrt(1 + time**2)
        envelope = np.exp(-(((self.x - 2 * time) / width) ** 2)) / np.sqrt(width)
        self.line.set_ydata(envelope * np.cos(5 * (self.x - 1.2 * time)))
        self.envelope.set_data(self.x, -envelope, envelope)
        self.title.set_text(f"time {time:.2f}")


def render_demo(output: str, options: dict[str, Any]) -> None:
    """Make the video."""
    WavePacket().make_video(output, np.linspace(0, 4, N_FRAMES), FPS, **options)
