"""A frame that depends on those drawn before it is found, and told, once in a render by workers."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import decode, draw_block, plain_frames

from dask_animate import Animator, animate
from dask_animate.drawing.options import DrawOptions
from dask_animate.errors import HistoryWarning, RedrawWarning
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec
from dask_animate.rendering.task_output import TaskSpec


class Curve(Animator):
    """A function of its arguments."""

    def setup(self):
        fig, ax = plt.subplots(figsize=(1.6, 1.2), dpi=50)
        ax.set(xlim=(0, 30), ylim=(0, 30))
        (self.line,) = ax.plot([], [], "o-")
        self.seen = []
        return fig

    def update(self, frame_idx, k):
        self.line.set_data([k, k + 4], [k, 9])


class Trail(Curve):
    """Appends a point in each frame."""

    def update(self, frame_idx, k):
        self.seen.append(k)
        self.line.set_data(self.seen, self.seen)


class Downhill(Curve):
    """Cannot go back."""

    def update(self, frame_idx, k):
        assert not self.seen or k > self.seen[-1], "only forward"
        self.seen.append(k)
        self.line.set_data([0, k], [0, k])


class Noise(Curve):
    """Draws random numbers that nobody seeds."""

    def update(self, frame_idx, k):
        self.line.set_data([0, k], np.random.default_rng().random(2) * 30)


class InPlace(Curve):
    """Changes pixels without saying so."""

    def setup(self):
        fig = super().setup()
        self.image = fig.axes[0].imshow(
            np.zeros((4, 4)), extent=(0, 9, 0, 9), vmin=0, vmax=40, aspect="auto"
        )
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.image.get_array()[:] = k


def spec_of(animator, redraw="auto"):
    return FigureSpec(animator, DrawOptions(redraw=redraw), {})


def report_on(spec, start=3, n_frames=8, seeks_history=True):
    drawing = Renderer(spec)
    indexed = enumerate(range(start, start + n_frames), start)
    output = drawing.render(TaskSpec(seeks_history=seeks_history), start, indexed, n_frames)
    drawing.close()
    return output.report


@pytest.mark.parametrize("redraw", ["auto", "full", "blit"])
@pytest.mark.parametrize("animator", [Trail(), Downhill()])
def test_found(animator, redraw):
    report = report_on(spec_of(animator, redraw=redraw))
    assert report.history_fault.startswith("frame 3 looks different after frame 10 than alone")
    assert report.compare_seconds > 0


@pytest.mark.parametrize("animator", [Curve(), Noise(), InPlace()])
def test_nothing_to_be_found(animator):
    assert report_on(spec_of(animator)).history_fault is None


@pytest.mark.parametrize("what", [{"n_frames": 1}, {"seeks_history": False}])
def test_not_looked_for(what):
    assert report_on(spec_of(Trail()), **what).history_fault is None


def test_pixels_stay_the_same():
    """Drawing a frame again changes neither its own partition nor the next one."""
    drawing = Renderer(spec_of(Curve()))
    outputs = [
        drawing.render(TaskSpec(seeks_history=start == 0), start, zip(frames, frames, strict=True), 9)
        for start in (0, 9)
        for frames in [range(start, start + 9)]
    ]
    plain = plain_frames(Curve(), enumerate(range(18)))
    drawn = np.concatenate([output.payload.pixels for output in outputs])
    np.testing.assert_array_equal(drawn, plain)
    assert draw_block(drawing, [(4, 4)], 1)[1].history_fault is None
    drawing.close()


def test_what_is_wrong_with_drawing_incrementally_is_another_fault(monkeypatch):
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    report = report_on(spec_of(InPlace()), n_frames=16)
    assert report.history_fault is None
    assert "without being marked stale" in report.redraw_fault


def warned(render):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        video = render()
    found = [str(one.message) for one in caught if one.category in (HistoryWarning, RedrawWarning)]
    assert list(video.stats.warnings) == found
    return found


@pytest.mark.parametrize("kind", ["list", "generator", "bag"])
def test_workers_tell(client, tmp_path, kind):
    import dask.bag

    def params():
        if kind == "bag":
            return dask.bag.from_sequence(range(30), npartitions=5)
        return list(range(30)) if kind == "list" else iter(range(30))

    options = {"client": client} | ({} if kind == "bag" else {"partition_size": 6})
    (message,) = warned(lambda: Trail().make_video(tmp_path / "a.mkv", params(), 30, **options))
    assert "num_workers=1" in message
    assert not warned(lambda: Curve().make_video(tmp_path / "b.mkv", params(), 30, **options))


def test_one_process_draws_in_order(tmp_path):
    options = {"codec": "ffv1", "num_workers": 1, "partition_size": 10}
    video = Trail().make_video(tmp_path / "a.mkv", range(30), 30, **options)
    np.testing.assert_array_equal(decode(video.path), plain_frames(Trail(), enumerate(range(30))))


def test_functions_tell(client, tmp_path):
    seen = []

    def setup():
        fig, ax = plt.subplots(figsize=(1.6, 1.2), dpi=50)
        return fig, ax.plot([], [])[0]

    def update(frame_idx, k, fig, line):
        seen.append(k)
        line.set_data(seen, seen)

    animator = animate(setup, update)
    options = {"client": client, "partition_size": 6}
    assert warned(lambda: animator.make_video(tmp_path / "a.mp4", range(12), 30, **options))
