import random

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import FailsAt, FrameNumber, Noise

from dask_animate import Animator
from dask_animate.check import choose
from dask_animate.errors import FrameError, OptionError


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
        self.image = fig.add_axes((0, 0, 0.3, 0.3)).imshow(np.zeros((3, 3)), vmin=0, vmax=99)
        return fig

    def update(self, frame_idx, params):
        self.image.get_array()[:] = params


def test_all_is_well():
    report = Text().check(range(100))
    assert report.ok
    assert report.frame_idx == (0, 1, 2, 33, 34, 35, 66, 67, 68, 99)
    assert (report.findings, report.left_behind, report.sheet) == ((), (), None)
    assert str(report) == "10 frames drawn alone, in order and shuffled: all of them the same"
    assert set(report._repr_mimebundle_()) == {"text/plain"}
    assert FrameNumber().check([1, 2, 3]).ok


def test_update_every_third_frame():
    report = EveryThird().check(range(99), n=9)
    assert not report.ok
    assert [finding.frame_idx for finding in report.findings] == [1, 2, 49, 50, 97, 98]
    assert {finding.cause for finding in report.findings} == {"history"}
    assert "frames 1, 2, 49, 50, 97, 98, in up to " in str(report)
    assert "update() has to set all that it ever changes, for every frame" in str(report)
    assert report.sheet.frame_idx == (1, 1, 1, 2, 2, 2, 49, 49, 49)
    assert report._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")


def test_sums_up():
    report = Sums().check(range(1, 31))
    assert {finding.cause for finding in report.findings} == {"history"}
    assert report.left_behind == ("changes self.total",)
    assert "update() changes self.total" in str(report)


def test_random_numbers():
    report = Unseeded().check(range(6))
    assert {finding.cause for finding in report.findings} == {"random"}
    assert len(report.findings) == 6
    assert Noise().check(range(6)).ok
    assert {finding.cause for finding in Noise().check(range(6), seed=None).findings} == {"random"}


class Pans(Text):
    """Has ever more ticks, which matplotlib keeps."""

    def setup(self):
        fig, self.ax = plt.subplots()
        return fig

    def update(self, frame_idx, k):
        self.ax.set_xlim(0, 1 + k / 4)


class KeepsAGenerator(Text):
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def update(self, frame_idx, k):
        self.text.set_text(f"{self.rng.random()}")


def test_ticks_are_no_artists_left_behind():
    report = Pans().check(range(30))
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
    assert "after 6; change those that are there" in what


def test_changes_that_are_not_announced():
    report = InPlace().check(range(30), n=6)
    assert {finding.cause for finding in report.findings} == {"blit"}
    assert "without matplotlib being told" in str(report)


def test_generators_and_bad_input():
    assert Text().check((i for i in range(20)), n=3).frame_idx == (0, 1, 2)
    assert Text().check(iter(range(20)), n_frames=6).frame_idx == tuple(range(6))
    with pytest.raises(OptionError, match="n must be at least 1"):
        Text().check(range(3), n=0)
    with pytest.raises(FrameError, match="frame 1 could not be drawn"):
        FailsAt(1).check(range(3))
    assert plt.get_fignums() == []


def test_choice():
    items = [(i, None) for i in range(10)]
    assert [i for i, _ in choose(items, 4, 10)] == [0, 1, 2, 9]
    assert [i for i, _ in choose(items, 12, None)] == list(range(10))
