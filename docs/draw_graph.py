"""Draw the graphs that docs/architecture.md shows, by `dask.visualize`; needs Graphviz and its package.

python docs/draw_graph.py
"""

from pathlib import Path

import dask.array as da
import matplotlib.pyplot as plt

from dask_animate import Animator

DOCS = Path(__file__).parent


class Field(Animator):
    def setup(self):
        fig, ax = plt.subplots()
        self.image = ax.imshow([[0, 1]])
        return fig

    def update(self, frame_idx, values):
        self.image.set_data(values)


if __name__ == "__main__":
    field = da.random.random((30, 90, 160), chunks=(10, 90, 160)) ** 2
    frames = Field().frames(field)
    for name, optimize in (("graph", False), ("graph_fused", True)):
        look = {"rankdir": "LR", "nodesep": "0.12", "ranksep": "0.25", "bgcolor": "white"}
        frames.visualize(
            str(DOCS / f"{name}.svg"), optimize_graph=optimize, node_attr={"fontsize": "11"}, **look
        )
