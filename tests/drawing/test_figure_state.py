"""Property cycles, current axes and rcParams are the same at the start of each frame."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import decode
from matplotlib.figure import Figure
from mpl_toolkits.axes_grid1 import host_subplot

from dask_animate import Animator
from dask_animate.drawing.figure_source import FigureSource
from dask_animate.drawing.isolation import current_settings
from dask_animate.drawing.options import DrawOptions
from dask_animate.drawing.session import DrawSession

X = np.linspace(0, 1, 12)


class Fills(Animator):
    """Uses the color cycles of many axes, further in some frames than in others."""

    def setup(self):
        fig = plt.figure(figsize=(4, 3), dpi=40)
        plain, cycled, inset = (fig.add_subplot(2, 3, i) for i in (1, 2, 3))
        polar = fig.add_subplot(2, 3, 4, projection="polar")
        spatial = fig.add_subplot(2, 3, 5, projection="3d")
        cycled.set_prop_cycle(color=["c", "m", "y"], linestyle=["-", "--", ":"])
        self.axes = [plain, plain.twinx(), cycled, inset.inset_axes((0.2, 0.2, 0.6, 0.6)), polar]
        for ax in self.axes:
            ax.plot(X, X)
            ax.set_ylim(0, 2)
        self.spatial, self.parts = spatial, []
        return fig

    def update(self, frame_idx, k):
        for part in self.parts:
            part.remove()
        self.parts = []
        for ax in self.axes:
            for i in range(1 + k % 3):
                self.parts.append(ax.fill_between(X, X + i / 5))
                self.parts += ax.plot(X, 1 + X * i)
        self.parts += self.spatial.plot(X, X, X)
        self.parts += self.axes[0].bar(X, X / 2, width=0.01)
        self.parts.append(self.axes[2].scatter(X, 1 - X))
        self.parts += self.axes[2].step(X, 2 - X)


class SetsCycles(Fills):
    """Sets property cycles in update()."""

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        if k % 2:
            self.axes[0].set_prop_cycle(color=["r", "g"])


class Clears(Animator):
    def setup(self):
        fig, self.ax = plt.subplots(figsize=(2, 1), dpi=40)
        self.ax.set_prop_cycle(color=["r", "g", "b"])
        return fig

    def update(self, frame_idx, k):
        self.ax.plot(X, X)
        if k % 2:
            self.ax.clear()
        self.ax.plot(X, k * X)
        for line in self.ax.lines[:-1]:
            line.remove()
        self.ax.set(xlim=(0, 1), ylim=(0, 9))


class MakesAxes(Animator):
    """Adds axes when it first needs them."""

    def setup(self):
        self.fig = Figure(figsize=(2, 1), dpi=40)  # not managed by pyplot
        self.ax = None
        return self.fig

    def update(self, frame_idx, k):
        if self.ax is None:
            self.ax = self.fig.add_subplot()
        for line in [*self.ax.lines]:
            line.remove()
        self.ax.plot(X, k * X)
        self.ax.set(xlim=(0, 1), ylim=(0, 9))


class Parasites(Animator):
    def setup(self):
        fig = plt.figure(figsize=(2, 1), dpi=40)
        self.host = host_subplot(111, figure=fig)
        self.other = self.host.twinx()
        self.host.set(xlim=(0, 1), ylim=(0, 9))
        self.other.set_ylim(0, 9)
        self.parts = []
        return fig

    def update(self, frame_idx, k):
        for part in self.parts:
            part.remove()
        self.parts = self.host.plot(X, k * X) + self.other.plot(X, 8 - k * X)


class Pyplot(Animator):
    """Draws into pyplot's current axes, and makes other axes current."""

    def setup(self):
        self.other = plt.figure(figsize=(1, 1))
        self.fig, (self.left, self.right) = plt.subplots(1, 2, figsize=(2, 1), dpi=40)
        for ax in (self.left, self.right):
            ax.set(xlim=(0, 1), ylim=(0, 9))
        self.parts = []
        return self.fig

    def update(self, frame_idx, k):
        for part in self.parts:
            part.remove()
        self.parts = plt.plot(X, k * X)
        if k % 2:
            plt.sca(self.left)
        if k % 3 == 2:
            plt.figure(self.other.number)


def frames(animator, indices, **spec):
    source = FigureSource(lambda: animator, DrawOptions(**spec))
    drawn = {idx: source.draw(idx, idx, DrawSession()).copy() for idx in indices}
    source.close()
    return drawn


@pytest.mark.parametrize(
    "animator",
    [pytest.param(Fills, marks=pytest.mark.slow), SetsCycles, Clears, MakesAxes, Parasites, Pyplot],
)
def test_frames_do_not_depend_on_those_before(animator):
    alone = {idx: frames(animator(), [idx])[idx] for idx in range(4)}
    for order, redraw in ((range(4), "full"), (range(4), "blit"), ([3, 1, 2, 0], "blit")):
        for idx, frame in frames(animator(), order, redraw=redraw).items():
            np.testing.assert_array_equal(frame, alone[idx], f"frame {idx}")


def test_the_first_frame_goes_on_from_setup():
    """The colors are those after setup() and a single update() in plain matplotlib."""
    animator = Clears()
    animator.setup()
    animator.ax.plot(X, X)
    assert animator.ax.lines[0].get_color() == "r"
    source = FigureSource(lambda: animator, DrawOptions(seed=None))
    for _ in range(2):
        source.draw(2, 2, DrawSession())
        assert [line.get_color() for line in animator.ax.lines] == ["g"]
    source.close()
    plt.close("all")


class Settings(Animator):
    """Changes an rcParam in one frame."""

    def setup(self):
        fig, self.ax = plt.subplots(figsize=(2, 1), dpi=40)
        plt.rcParams["lines.linestyle"] = "--"
        return fig

    def update(self, frame_idx, k):
        for line in [*self.ax.lines]:
            line.remove()
        if k == 1:
            plt.rcParams["lines.linewidth"] = 9
        self.ax.plot(X, X)


def test_settings_too():
    source = FigureSource(Settings, DrawOptions(), current_settings())
    source.open()
    with source.isolated():  # for a whole partition
        first, wide, again = (source.draw(k, k, DrawSession()).copy() for k in range(3))
    source.close()
    assert not np.array_equal(first, wide)
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize(
    "options",
    [
        {"partition_size": 2, "redraw": "blit"},
        pytest.param({"partition_size": 4}, marks=pytest.mark.slow),
    ],
)
def test_same_video_whatever_the_partitions(tmp_path, client, options):
    make, common = Fills().make_video, {"codec": "ffv1", "seed": None}
    whole = make(tmp_path / "whole.mkv", range(6), 8, num_workers=1, redraw="full", **common)
    video = make(tmp_path / "a.mkv", range(6), 8, client=client, **options, **common)
    np.testing.assert_array_equal(decode(video.path), decode(whole.path))
