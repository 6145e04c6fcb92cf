import base64
import html
import random
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import FailsAt, FrameNumber, Noise

from dask_animate import Animator
from dask_animate.errors import FrameError, OptionError

pytestmark = pytest.mark.newest  # what is compared does not depend on releases


class Text(Animator):
    def setup(self):
        self.fig = plt.figure(figsize=(2, 1), dpi=50)
        self.text = self.fig.text(0.1, 0.4, "none yet")
        return self.fig

    def update(self, frame_idx, params):
        self.text.set_text(f"frame {params}")


class EveryThird(Text):
    def update(self, frame_idx, params):
        if frame_idx % 3 == 0:
            super().update(frame_idx, params)


class Sums(Text):
    def setup(self):
        self.total = 0
        return super().setup()

    def update(self, frame_idx, params):
        self.total += params
        super().update(frame_idx, self.total)


class Unseeded(Text):
    def update(self, frame_idx, params):
        super().update(frame_idx, random.SystemRandom().random())


class Gathers(Text):
    def update(self, frame_idx, params):
        self.fig.text(0.5, 0.5, "", alpha=0.1)
        super().update(frame_idx, params)


class InPlace(Text):
    def setup(self):
        fig = super().setup()
        self.image = fig.add_axes((0, 0, 0.3, 0.3)).imshow(np.zeros((10, 10)), vmin=0, vmax=99)
        return fig

    def update(self, frame_idx, params):
        self.image.get_array()[:] = params


def test_all_is_well():
    report = Text().check(range(100))
    assert report.ok
    assert report.frame_idx == (0, 1, 2, 33, 34, 35, 66, 67, 68, 99)
    assert (report.findings, report.left_behind, report.unseen, report.sheet) == ((), (), (), None)
    assert str(report) == "OK: each of 10 frames is the same however it is drawn"
    assert repr(report) == f"<CheckReport: {report}>"
    assert set(report._repr_mimebundle_()) == {"text/plain"}
    assert FrameNumber().check([1, 2, 3]).ok


class DrawsElsewhere(Text):
    def update(self, frame_idx, params):
        plt.figure().text(0.5, 0.5, str(params))


def test_frames_that_all_look_alike_are_told():
    report = DrawsElsewhere().check(range(30), n=6)
    assert report.ok
    assert report.all_alike
    assert "\nall sampled frames look alike: update() may not change the figure" in str(report)
    assert not DrawsElsewhere().check(range(1)).all_alike
    assert not Text().check(range(30), n=6).all_alike


def test_update_every_third_frame():
    report = EveryThird().check(range(99), n=9)
    assert not report.ok
    assert [finding.frame_idx for finding in report.findings] == [1, 2, 49, 50, 97, 98]
    assert {finding.cause for finding in report.findings} == {"history"}
    assert str(report).startswith(
        "6 of 9 frames depend on how they are drawn\nframes 1, 2, 49, 50, 97, "
    )
    assert repr(report) == "<CheckReport: 6 of 9 frames depend on how they are drawn>"
    assert "update() must set everything that it ever changes, for every frame" in str(report)
    assert report.sheet.frame_idx == (1, 1, 1, 2, 2, 2, 49, 49, 49)
    shown = report._repr_mimebundle_()["text/html"]
    assert html.escape(str(report)) in shown
    picture = re.search('src="data:image/png;base64,([^"]+)"', shown)[1]
    assert base64.b64decode(picture) == report.sheet._repr_png_()


def test_sums_up():
    report = Sums().check(range(1, 31))
    assert {finding.cause for finding in report.findings} == {"history"}
    assert report.left_behind == ("changes self.total",)
    assert "update() changes self.total" in str(report)


def test_random_numbers():
    report = Unseeded().check(range(4))
    assert {finding.cause for finding in report.findings} == {"random"}
    assert len(report.findings) == 4
    assert "in setup() such as default_rng(0), in update() such as default_rng(frame_idx)" in str(report)
    assert Noise().check(range(4)).ok
    assert {finding.cause for finding in Noise().check(range(4), seed=None).findings} == {"random"}


class Pans(Text):
    """Needs more and more ticks, which matplotlib keeps."""

    def setup(self):
        fig, self.ax = plt.subplots(figsize=(3, 2), dpi=50)
        return fig

    def update(self, frame_idx, k):
        self.ax.set_xlim(0, 1 + k / 4)


class KeepsAGenerator(Text):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def update(self, frame_idx, k):
        self.text.set_text(f"{self.rng.random()}")


def test_ticks_are_no_artists_left_behind():
    report = Pans().check(range(30), n=4)
    assert report.ok
    assert report.left_behind == ()


def test_generators_that_go_on():
    report = KeepsAGenerator().check(range(6))
    assert {finding.cause for finding in report.findings} == {"history"}
    assert report.left_behind == ("changes self.rng",)
    assert "a random generator that it keeps" in str(report)


def test_artists_left_behind():
    report = Gathers().check(range(30), n=6)
    assert report.ok
    (what,) = report.left_behind
    assert what.startswith("leaves artists on the figure: there are ")
    assert "after 6; change the existing ones" in what


def test_changes_that_are_not_announced():
    report = InPlace().check(range(30), n=6)
    assert {finding.cause for finding in report.findings} == {"blit"}
    assert "without being marked stale" in str(report)
    assert report.unseen == ("A of AxesImage(shape=(10, 10))",)
    assert "update() changes A of AxesImage(shape=(10, 10)): something changes without" in str(report)


class Plot(Animator):
    """A moving line, and an image with a color bar."""

    def setup(self):
        self.fig, (self.ax, other) = plt.subplots(1, 2, figsize=(3, 1), dpi=40)
        (self.line,) = self.ax.plot(range(5))
        self.image = other.imshow(np.arange(9.0).reshape(3, 3), cmap=plt.get_cmap("viridis").copy())
        self.fig.colorbar(self.image)
        self.dots = other.scatter(np.arange(100) % 3, np.zeros(100))
        self.unit, self.units = "m", {"name": "m"}
        return self.fig

    def update(self, frame_idx, k):
        self.line.set_ydata([k, 1, 2, 3, 4 + k % 3])


class Unit(Plot):
    """Has a formatter that reads an attribute, which changes."""

    def setup(self):
        fig = super().setup()
        self.ax.xaxis.set_major_formatter(lambda x, pos: self.unit)
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.unit = "km" if k % 2 else "m"


class UnitTold(Unit):
    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.ax.xaxis.stale = True


class UnitInAClosure(Plot):
    def setup(self):
        fig, units = super().setup(), self.units
        self.ax.xaxis.set_major_formatter(lambda x, pos: units["name"])
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.units["name"] = f"{k}"


class Hidden(Plot):
    """Changes a point in place that is outside of the axes."""

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.dots.get_offsets()[1, 0] = 99 + k


@pytest.mark.parametrize(
    ("animator", "words"),
    [
        (Unit(), "self.unit, which is read while XAxis"),
        pytest.param(
            *(UnitInAClosure(), "major._formatter.func.units.name of XAxis"), marks=pytest.mark.slow
        ),
        (Hidden(), "offsets of "),
    ],
    ids=lambda value: type(value).__name__,
)
def test_changes_are_named_whether_or_not_they_show(animator, words):
    report = animator.check(range(30), n=3)
    assert not report.ok
    assert any(what.startswith(words) for what in report.unseen), report.unseen
    assert words in str(report)
    if isinstance(animator, Hidden):
        assert not report.findings
        assert str(report).startswith("each of 3 frames is the same however it is drawn")


class Announces(Plot):
    """Changes much with setters, and reads the resulting state of matplotlib."""

    def setup(self):
        fig = super().setup()
        self.path = fig.text(0.1, 0.9, "")
        self.legend = self.ax.legend([self.line], ["a"])
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.k = k
        self.image.set_data(np.full((3, 3), k))
        self.image.set_clim(0, k + 1)
        self.dots.set_offsets([[k, 0], [0, 1]])
        self.path.set(text=f"{k}", fontsize=5 + k % 3)
        self.ax.set(xlim=(0, 4 + k), title=f"{k}")
        self.ax.relim()
        self.ax.autoscale_view(scalex=False)
        self.ax.get_xticklabels()
        self.ax.yaxis.get_tightbbox()
        self.line.get_path()


class DrawsItself(Announces):
    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.fig.canvas.draw()


@pytest.mark.parametrize(
    "animator",
    [
        UnitTold(),
        DrawsItself(),
        *(pytest.param(made(), marks=pytest.mark.slow) for made in (Plot, Announces)),
    ],
)
def test_what_is_announced_is_not_named(animator):
    assert animator.check(range(30), n=3).unseen == ()


class OpensFigures(Text):
    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        plt.figure(figsize=(1, 1))


class GathersCategories(Text):
    def setup(self):
        fig, self.ax = plt.subplots(figsize=(1, 1), dpi=40)
        self.bars = ()
        return fig

    def update(self, frame_idx, k):
        for bar in self.bars:
            bar.remove()
        self.bars = self.ax.bar([f"n{k}", f"n{k + 1}"], [1, 2])


def test_what_else_counts_up():
    (figures,) = OpensFigures().check(range(30), n=6).left_behind
    assert figures.startswith(
        "leaves figures open: there are 2 after one frame, 7 after 6; open them in"
    )
    report = GathersCategories().check(range(0, 60, 2), n=6)
    assert {finding.cause for finding in report.findings} == {"history"}
    assert "leaves categories on axes: there are 2 after one frame, 12 after 6; pass" in str(report)
    assert plt.get_fignums() == []


def test_generators_and_bad_input():
    assert Text().check((i for i in range(20)), n=3).frame_idx == (0, 1, 2)
    assert Text().check(iter(range(20)), n_frames=6).frame_idx == tuple(range(6))
    with pytest.raises(OptionError, match="n must be at least 1"):
        Text().check(range(3), n=0)
    with pytest.raises(FrameError, match="frame 1 could not be drawn"):
        FailsAt(1).check(range(3))
    assert plt.get_fignums() == []
