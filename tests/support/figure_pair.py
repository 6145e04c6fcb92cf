"""Two equal figures, of which one is blitted and the other one is drawn in full."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from dask_animate.blitting.blitter import Blitter
from dask_animate.drawing.canvas import Canvas
from dask_animate.drawing.options import DrawOptions


class Pair:
    """Two equal figures, of which one is blitted and the other one is drawn in full."""

    def __init__(self, make):
        self.made = make(), make()
        self.canvases = [Canvas(self.figure(made), DrawOptions()) for made in self.made]
        self.blitter = Blitter(self.canvases[0].figure)
        self.n_frames = 0

    @staticmethod
    def figure(made):
        return made if isinstance(made, Figure) else getattr(made, "figure", None) or made[0]

    def do(self, action):
        for made in self.made:
            action(made)

    def assert_equal(self):
        full = self.canvases[1].draw()
        blitted = self.blitter.draw()
        different = (full != blitted).any(axis=-1)
        if different.any():
            rows, columns = np.nonzero(different)
            pytest.fail(
                f"frame {self.n_frames}: {different.sum()} pixels differ, x {columns.min()} to "
                f"{columns.max()}, y {rows.min()} to {rows.max()}"
            )
        self.n_frames += 1
