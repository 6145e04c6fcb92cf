"""When frames are drawn incrementally, and what happens if that fails."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import decode, draw_block

from dask_animate import Animator
from dask_animate.blitting.blitter import Blitter
from dask_animate.drawing.canvas import Canvas
from dask_animate.drawing.figure_source import FigureSource
from dask_animate.drawing.options import DrawOptions
from dask_animate.drawing.redraw import (
    TRIAL_BLIT,
    TRIAL_FULL,
    TYPICAL_LENGTH,
    Redrawer,
    _Samples,
    _Trial,
)
from dask_animate.drawing.session import DrawSession
from dask_animate.drawing.source import Mismatch
from dask_animate.encoding.conversion import Converter
from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.options import EncodeOptions
from dask_animate.errors import FrameError, OptionError, RedrawWarning
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec
from dask_animate.rendering.task_output import TaskSpec

X = np.linspace(0, 1, 50)


class Line(Animator):
    """A line that is changed by a setter."""

    def setup(self):
        fig, self.ax = plt.subplots(figsize=(2, 1.6), dpi=50)
        (self.line,) = self.ax.plot(X, X)
        self.ax.set_ylim(-1, 1)
        return fig

    def update(self, frame_idx, k):
        self.line.set_ydata(np.sin(6 * X + k / 3))


class InPlace(Line):
    """Also changes the pixels of an image in place."""

    def setup(self):
        fig = super().setup()
        self.image = self.ax.imshow(
            np.zeros((4, 4)), extent=(0, 1, -1, 0), vmin=0, vmax=40, aspect="auto"
        )
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.image.get_array()[:] = k


class InPlaceAtTheEnd(InPlace):
    """Changes the pixels in later frames only."""

    def update(self, frame_idx, k):
        Line.update(self, frame_idx, k)
        self.image.get_array()[:] = max(0, k - 20)


class OffsetsInPlace(Line):
    def setup(self):
        fig = super().setup()
        self.dots = self.ax.scatter(X, X)
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.dots.get_offsets()[:, 1] = np.cos(6 * X + k)


class PathInPlace(Line):
    def update(self, frame_idx, k):
        self.line.get_path().vertices[:, 1] = np.sin(6 * X + k)


class NotStale(Line):
    """Clears the stale flag that the setter has set."""

    def update(self, frame_idx, k):
        self.ax.title.set_text(str(k))
        self.ax.title.stale = False
        vars(self.ax.title)["_text"] = str(k)


class ClosureOfAFormatter(Line):
    def setup(self):
        self.k = 0
        fig = super().setup()
        self.ax.xaxis.set_major_formatter(lambda x, pos: f"{self.k}")
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.k = k


class Anew(Line):
    """Clears the axes and draws everything again."""

    def update(self, frame_idx, k):
        self.ax.clear()
        self.ax.plot(X, np.sin(6 * X + k / 3))
        self.ax.set(title=f"{k}", xlabel=f"x {k}", ylabel=f"y {k}", ylim=(-1, 1 + k / 10))


def renderer(animator, redraw="auto", **spec):
    return Renderer(FigureSpec(animator, DrawOptions(redraw=redraw, **spec), {}))


def frames(animator, redraw, params, **spec):
    """Return the frames, (n, height, width, 3), and the report on them."""
    drawing = renderer(animator, redraw, **spec)
    drawn = draw_block(drawing, enumerate(params), len(params))
    drawing.close()
    return drawn


@pytest.mark.parametrize(
    ("animator", "redraw"),
    [
        *((Line(), "auto"), (Line(), "blit"), (Anew(), "blit")),
        pytest.param(Anew(), "auto", marks=pytest.mark.slow),
    ],
)
def test_same_pixels(monkeypatch, animator, redraw):
    if type(animator) is Line:  # however busy the machine is
        monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    whole, report = frames(animator, "full", range(16))
    assert (report.n_blitted, report.redraw_fault) == (0, None)
    blitted, report = frames(animator, redraw, range(16))
    np.testing.assert_array_equal(blitted, whole)
    assert report.redraw_fault is None
    if redraw == "blit":
        assert report.n_blitted == 16
    elif type(animator) is Line:
        assert report.n_blitted == 16 - TRIAL_FULL


@pytest.mark.parametrize(
    ("animator", "name"),
    [
        (InPlace(), "AxesImage"),
        (InPlaceAtTheEnd(), "AxesImage"),
        pytest.param(OffsetsInPlace(), "PathCollection", marks=pytest.mark.slow),
        pytest.param(PathInPlace(), "Line2D", marks=pytest.mark.slow),
        (NotStale(), "Text"),
        (ClosureOfAFormatter(), "XAxis"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Animator) else "",
)
def test_changes_that_are_not_announced(animator, name):
    whole, _ = frames(animator, "full", range(26))
    assert len(np.unique(whole.reshape(26, -1), axis=0)) >= 13
    drawn, report = frames(animator, "auto", range(26))
    np.testing.assert_array_equal(drawn, whole)
    if type(animator) is NotStale:  # found without a comparison
        assert report.redraw_fault is None
        assert report.n_blitted
    else:
        assert report.n_blitted == 0
        assert name in report.redraw_fault
        assert "differs from a full draw" in report.redraw_fault
        assert 'redraw="full"' in report.redraw_fault


def test_full_ever_after():
    drawing = renderer(InPlace())
    _, report = draw_block(drawing, enumerate(range(20)), 20)
    assert report.redraw_fault
    _, report = draw_block(drawing, enumerate(range(20)), 20)
    assert (report.n_blitted, report.redraw_fault) == (0, None)
    drawing.close()


class ComesAndGoes(InPlace):
    """Changes the pixels of an image in place in the middle of each dozen frames."""

    def update(self, frame_idx, k):
        Line.update(self, frame_idx, k)
        self.image.get_array()[:] = 30 * (4 <= frame_idx % 12 <= 9)


class UnitComesAndGoes(Line):
    """Has a formatter that reads an attribute, which changes."""

    def setup(self):
        self.unit = "m"
        fig = super().setup()
        self.ax.xaxis.set_major_formatter(lambda x, pos: self.unit)
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.unit = "km" if 4 <= frame_idx % 12 <= 9 else "m"


def dozens(animator, redraw, **spec):
    """Draw twelve partitions of twelve frames with one figure."""
    drawing = renderer(animator, redraw, **spec)
    blocks = [
        draw_block(drawing, enumerate(range(start, start + 12), start), 12)
        for start in range(0, 144, 12)
    ]
    drawing.close()
    return [pixels for pixels, _ in blocks], [report.redraw_fault for _, report in blocks]


@pytest.mark.parametrize("animator", [ComesAndGoes(), UnitComesAndGoes()])
@pytest.mark.slow
def test_changes_that_come_and_go_between_comparisons(monkeypatch, animator):
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    whole, _ = dozens(animator, "full")
    found = []
    for seed in (0, None):
        drawn, faults = dozens(animator, "auto", seed=seed)
        (which,) = [i for i, fault in enumerate(faults) if fault]
        assert "if it came and went between two compared frames" in faults[which]
        for mine, right in zip(drawn[which:], whole[which:], strict=True):
            np.testing.assert_array_equal(mine, right)
        found.append(which)
    assert found[0] == found[1]


def test_places_of_comparisons():
    for n_frames in (1, 2, 3):
        assert _Samples(0)._position(0, n_frames) == 1
    places = {_Samples(0)._position(start, 12) for start in range(200)}
    assert places == set(range(1, 11))
    unknown = [_Samples(0)._position(start, None) for start in range(2000)]
    assert set(range(1, 20)) < set(unknown)
    assert 180 < max(unknown) < TYPICAL_LENGTH
    for samples, other in [(_Samples(3), _Samples(3)), (_Samples(3), _Samples(4))]:
        chosen = [[each._position(start, 99) for start in range(20)] for each in (samples, other)]
        assert (chosen[0] == chosen[1]) == (samples._seed == other._seed)


def comparisons(monkeypatch, animator):
    """Return which frames of each of the twelve partitions are compared."""
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    compared = []
    compare = Redrawer._compare
    monkeypatch.setattr(Redrawer, "_compare", lambda *args: compared.append(args[1]) or compare(*args))
    _, faults = dozens(animator, "auto")
    assert not any(faults)
    return [[idx % 12 for idx in compared if idx // 12 == i] for i in range(12)]


def test_comparisons_become_sparser(monkeypatch):
    """The last frame of each partition is compared, the very first one, and some others."""
    by_partition = comparisons(monkeypatch, Line())
    assert by_partition[0] == [TRIAL_FULL + 1, 11]  # which is drawn from one drawn in the same way
    assert [frames[-1] for frames in by_partition] == [11] * 12
    assert [len(frames) for frames in by_partition[1:]] == [2, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1]


class GetsAnotherLine(Line):
    """Has one more artist from frame 50 on."""

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        if frame_idx == 50:
            self.ax.plot(X, -X)


def test_comparisons_are_dense_again_with_other_artists(monkeypatch):
    by_partition = comparisons(monkeypatch, GetsAnotherLine())
    assert [len(frames) for frames in by_partition[3:]] == [2, 1, 2, 1, 2, 1, 1, 1, 2]


def test_a_fault_in_another_partition_spoils_this_one():
    """Threads of a worker draw frames of their partitions with one figure in turn."""
    drawing = renderer(InPlaceAtTheEnd())
    whole, _ = frames(InPlaceAtTheEnd(), "full", range(40))
    mine, other = enumerate(range(40)), []

    def interrupted():
        for idx, k in mine:
            if idx == 30:
                other.append(draw_block(drawing, [(35, 35), (36, 36)], 2))
            yield idx, k

    pixels, report = draw_block(drawing, interrupted(), 40)
    drawing.close()
    ((other_pixels, other_report),) = other
    assert other_report.redraw_fault
    assert report.redraw_fault
    np.testing.assert_array_equal(pixels, whole)
    np.testing.assert_array_equal(other_pixels, whole[35:37])


@pytest.mark.parametrize(
    ("where", "name"),
    [
        *(("cluster", "a.mp4"), ("threads", "a.gif")),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                *(("here", "a.mp4"), ("here", "a.mkv"), ("here", "a.gif")),
                *(("cluster", "a.mkv"), ("cluster", "a.gif")),
                *(("threads", "a.mp4"), ("threads", "a.mkv")),
            )
        ),
    ],
)
def test_one_warning_and_the_right_video(tmp_path, client, client_of_threads, where, name):
    options = {"num_workers": 1}
    if where != "here":
        options = {"client": client if where == "cluster" else client_of_threads, "partition_size": 12}
    if name == "a.mkv":
        options["codec"] = "ffv1"
    make = InPlaceAtTheEnd().make_video
    whole = make(tmp_path / f"whole-{name}", range(36), 25, redraw="full", **options)
    assert whole.stats.n_frames_blitted == 0
    with pytest.warns(RedrawWarning, match="AxesImage") as caught:
        video = make(tmp_path / name, range(36), 25, **options)
    assert [warning.filename for warning in caught] == [__file__]
    assert video.stats.n_frames_blitted < 36
    assert video.n_frames == 36
    if where != "here":
        assert video.path.read_bytes() == whole.path.read_bytes()
    np.testing.assert_array_equal(decode(video.path), decode(whole.path))


def test_stats_and_no_warning(tmp_path, client):
    video = Line().make_video(
        tmp_path / "a.mkv", range(60), 25, codec="ffv1", client=client, partition_size=15
    )
    whole = Line().make_video(
        tmp_path / "b.mkv", range(60), 25, codec="ffv1", num_workers=1, redraw="full"
    )
    assert TRIAL_BLIT <= video.stats.n_frames_blitted <= 60 - TRIAL_FULL
    np.testing.assert_array_equal(decode(video.path), decode(whole.path))


class Uneven(Line):
    """481 by 301 pixels, except for the rounding of 4.81 · 100."""

    def setup(self):
        fig = super().setup()
        fig.set_size_inches(4.81, 3.01)
        fig.set_dpi(100)
        return fig


def test_a_size_that_is_no_whole_number_of_pixels(tmp_path):
    options = {"codec": "ffv1", "num_workers": 1}
    whole = Uneven().make_video(tmp_path / "whole.mkv", range(16), 25, redraw="full", **options)
    for redraw in ("auto", "blit"):
        video = Uneven().make_video(tmp_path / f"{redraw}.mkv", range(16), 25, redraw=redraw, **options)
        assert video.stats.n_frames_blitted
        np.testing.assert_array_equal(decode(video.path), decode(whole.path))
    Uneven().preview(range(4))


@pytest.mark.parametrize(
    "codec",
    [
        *("h264", "ffv1"),
        *(pytest.param(codec, marks=pytest.mark.slow) for codec in ("hevc", "av1", "vp9")),
    ],
)
def test_frames_that_repeat_are_converted_once(tmp_path, monkeypatch, codec):
    converted = []
    convert = Converter.convert
    monkeypatch.setattr(
        Converter, "convert", lambda *args, **kwargs: converted.append(1) or convert(*args, **kwargs)
    )
    params = [k // 4 for k in range(40)]
    options = {"num_workers": 1, "codec": codec, "partition_size": 20, "encode_on": "workers"}
    whole = Line().make_video(tmp_path / "whole.mkv", params, 25, redraw="full", **options)
    assert len(converted) == 40
    video = Line().make_video(tmp_path / "a.mkv", params, 25, redraw="blit", **options)
    assert len(converted) == 40 + 10
    assert video.n_frames == 40
    np.testing.assert_array_equal(decode(video.path), decode(whole.path))


def test_partitions_that_take_turns_do_not_repeat_each_other():
    animator = Line()
    figure = animator.setup()
    drawing = Redrawer(Canvas(figure, DrawOptions()), "blit")
    one, other = DrawSession(), DrawSession()
    repeated = []
    for session, k in [(one, 1), (one, 1), (other, 1), (other, 2), (one, 2), (one, 2), (one, 3)]:
        animator.update(0, k)
        drawing.draw(0, session)
        repeated.append(session.is_repeated)
    assert repeated == [False, True, False, False, False, True, False]
    plt.close(figure)


def test_blit_does_not_compare():
    whole, _ = frames(InPlace(), "full", range(20))
    drawn, report = frames(InPlace(), "blit", range(20))
    assert (report.n_blitted, report.redraw_fault) == (20, None)
    assert not np.array_equal(drawn, whole)


def test_what_does_not_pay_is_given_up(monkeypatch):
    from dask_animate.drawing import redraw

    clock = iter(range(10**6))
    monkeypatch.setattr(redraw.time, "perf_counter", lambda: next(clock))  # all take the same time
    drawn, report = frames(Line(), "auto", range(12))
    assert report.n_blitted == TRIAL_BLIT
    np.testing.assert_array_equal(drawn, frames(Line(), "full", range(12))[0])
    monkeypatch.setattr(redraw, "BACKOFF", 20)
    _, report = frames(Line(), "auto", range(TRIAL_FULL + TRIAL_BLIT + 20 + 1))
    assert report.n_blitted == TRIAL_BLIT + 1  # another trial


def test_partitions_that_are_too_short_for_a_comparison(monkeypatch):
    """A frame alone is drawn in full, as the comparison takes as long; so are few that save little."""
    record_full, record_blit = _Trial.record_full, _Trial.record_blit
    monkeypatch.setattr(_Trial, "record_full", lambda self, _: record_full(self, 1.0))
    monkeypatch.setattr(_Trial, "record_blit", lambda self, _: record_blit(self, 0.6))
    drawing = renderer(Line())
    sizes = [12, 3, 1, 3, 12]
    starts = np.cumsum([0, *sizes])
    blocks = [
        draw_block(drawing, enumerate(range(start, start + size), start), size)
        for start, size in zip(starts, sizes, strict=False)
    ]
    drawing.close()
    whole, _ = frames(Line(), "full", range(sum(sizes)))
    np.testing.assert_array_equal(np.concatenate([pixels for pixels, _ in blocks]), whole)
    reports = [report for _, report in blocks]
    assert [report.n_blitted for report in reports] == [12 - TRIAL_FULL, 3, 0, 0, 12]
    assert [report.n_compared > 0 for report in reports] == [True, True, False, False, True]


def test_how_many_frames_pay():
    trial = _Trial()
    trial.record_full(1.0)
    trial.record_full(1.2)

    def least(n_compared, is_set_up):
        pays = [trial.pays(n, n_compared, is_set_up=is_set_up) for n in range(1, 20)]
        assert pays == sorted(pays)
        return 1 + pays.index(True)

    assert [least(1, False), least(2, False)] == [2, 3]  # unless it is found out
    for seconds in (2.0, 1.0, 0.5, 0.5):
        assert not trial.record_blit(seconds)
    assert [least(1, True), least(2, True), least(1, False), least(2, False)] == [3, 5, 7, 9]


class WithLayout(Line):
    """Has a layout engine."""

    def setup(self):
        fig = super().setup()
        fig.set_layout_engine("constrained")
        return fig


def test_statistics_tell_what_stands_in_the_way(tmp_path):
    told = "10, 0 of them incrementally (a layout engine runs for each frame, but only once with freeze"
    for freeze_layout in (False, True):
        video = WithLayout().make_video(
            tmp_path / "a.mp4", range(10), 30, num_workers=1, freeze_layout=freeze_layout
        )
        assert (told in str(video.stats)) == (not freeze_layout)


class InPlaceFor(InPlace):
    """Changes the pixels in place in some frames only."""

    def __init__(self, *frame_idx):
        self.frame_idx = frame_idx

    def update(self, frame_idx, k):
        Line.update(self, frame_idx, k)
        self.image.get_array()[:] = 30 * (frame_idx in self.frame_idx)


def test_the_last_frame_is_compared_before_whole_ones_are_drawn(monkeypatch):
    from dask_animate.drawing import redraw

    clock = iter(range(10**6))
    monkeypatch.setattr(redraw.time, "perf_counter", lambda: next(clock))
    animator = InPlaceFor(TRIAL_FULL + TRIAL_BLIT - 1)
    drawn, report = frames(animator, "auto", range(20))
    assert report.redraw_fault
    np.testing.assert_array_equal(drawn, frames(animator, "full", range(20))[0])


def test_frames_that_nobody_can_compare_any_more(monkeypatch):
    draw, n_drawn = Blitter.draw, 0

    def fails_once(self):
        nonlocal n_drawn
        n_drawn += 1
        if n_drawn == 10:
            raise RuntimeError("no more")
        return draw(self)

    monkeypatch.setattr(Blitter, "draw", fails_once)
    animator = InPlaceFor(TRIAL_FULL + 8)  # the frame before the failure
    drawn, report = frames(animator, "auto", range(20))
    assert (report.n_blitted, report.redraw_fault) == (0, None)
    np.testing.assert_array_equal(drawn, frames(animator, "full", range(20))[0])


def test_partitions_that_take_turns_are_drawn_again_if_they_cannot_be_compared():
    source = FigureSource(lambda: InPlaceFor(9), DrawOptions(redraw="auto"))
    one, other = DrawSession(), DrawSession()
    for k in range(9):
        source.draw(k, k, one)
        source.draw(20 + k, k, other)
    source.draw(9, 9, one)
    source.draw(30, 9, other)
    with pytest.raises(Mismatch) as caught:
        source.verify(one)
    assert caught.value.fault is None
    source.verify(other)
    source.close()


def test_a_partition_that_cannot_be_compared_is_drawn_in_full(monkeypatch, tmp_path):
    """Its last picture is gone, as another partition is drawn before it can be compared."""
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    drawing = renderer(Line())
    options = EncodeOptions.create(tmp_path / "a.mp4", 30, mode="cpu")
    task = TaskSpec(choose_encoder(options, drawing.size()))

    def interrupted():
        yield from enumerate(range(20))
        drawing.render(task, 20, enumerate(range(20, 30), 20))

    report = drawing.render(task, 0, interrupted()).report
    drawing.close()
    assert (report.n_frames, report.n_blitted, report.redraw_fault) == (20, 0, None)


def test_errors_of_drawing_are_those_of_the_frame():
    class Broken(Line):
        def update(self, frame_idx, k):
            super().update(frame_idx, k)
            self.ax.set_title(r"$\nosuchcommand$" if frame_idx == 12 else f"{k}")

    def later_frames(drawing):
        return draw_block(drawing, ((k, k) for k in range(13, 30)), 17)[0]

    drawing, whole = renderer(Broken()), renderer(Broken(), "full")
    with pytest.raises(FrameError, match=r"(?s)frame 12 could not be drawn: .*nosuchcommand"):
        draw_block(drawing, enumerate(range(20)), 20)
    np.testing.assert_array_equal(later_frames(drawing), later_frames(whole))
    drawing.close()
    whole.close()


class Unblittable(Line):
    """Has an artist that can be drawn but not recorded."""

    def setup(self):
        from matplotlib.lines import Line2D

        class Reads(Line2D):
            def draw(self, renderer):
                super().draw(renderer)
                renderer.copy_from_bbox(self.axes.bbox)

        fig = super().setup()
        self.ax.add_line(Reads(X, X))
        return fig


class Listens(Line):
    """Has a callback that may change the figure while it is drawn."""

    def setup(self):
        fig = super().setup()
        fig.canvas.mpl_connect("draw_event", bool)
        return fig


def test_what_cannot_be_recorded_is_drawn_as_a_whole():
    drawn, report = frames(Unblittable(), "auto", range(12))
    assert (report.n_blitted, report.redraw_fault) == (0, None)
    np.testing.assert_array_equal(drawn, frames(Unblittable(), "full", range(12))[0])


@pytest.mark.parametrize(
    ("animator", "why"),
    [
        (Unblittable(), "NotImplementedError: an artist reads pixels"),
        (Listens(), "callbacks on draw_event"),
    ],
)
def test_blitting_that_fails_though_it_was_asked_for_is_a_warning(tmp_path, animator, why):
    options = {"num_workers": 1, "codec": "ffv1", "partition_size": 6}
    whole = animator.make_video(tmp_path / "whole.mkv", range(12), 25, redraw="full", **options)
    with pytest.warns(RedrawWarning, match=f"could not be drawn incrementally.*{why}") as caught:
        video = animator.make_video(tmp_path / "a.mkv", range(12), 25, redraw="blit", **options)
    assert len(caught) == 1
    assert video.stats.n_frames_blitted == 0
    np.testing.assert_array_equal(decode(video.path), decode(whole.path))


@pytest.mark.parametrize(
    ("animator", "redraw", "message"),
    [
        (Unblittable(), "blit", "could not be drawn incrementally"),
        (InPlace(), "auto", "differs from a full draw"),
    ],
)
def test_lazy_frames_warn_too(monkeypatch, animator, redraw, message):
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    whole = animator.frames(range(12), redraw="full", partition_size=12).compute(scheduler="sync")
    frames = animator.frames(range(12), redraw=redraw, partition_size=12)
    with pytest.warns(RedrawWarning, match=message):
        drawn = frames.compute(scheduler="sync")
    np.testing.assert_array_equal(drawn, whole)


class Grows(Line):
    def setup(self):
        fig, self.ax = plt.subplots(figsize=(2, 1.6), dpi=50, layout="constrained")
        (self.line,) = self.ax.plot(X, X)
        return fig

    def update(self, frame_idx, k):
        super().update(frame_idx, k)
        self.ax.set_ylabel("y\n" * (k // 4 + 1))


def test_layout_is_frozen_or_runs_for_each_frame():
    frozen, report = frames(Grows(), "auto", range(12))
    assert report.n_blitted
    moving, report = frames(Grows(), "full", range(12), freeze_layout=False)
    assert report.n_blitted == 0
    spine = [
        int(np.argmax((frame < 120).all(axis=-1).mean(axis=0) > 0.6))
        for frame in (frozen[11], moving[11])
    ]
    assert spine[1] > spine[0] + 3  # further to the right, for the label of three lines
    whole, _ = frames(Grows(), "full", range(12))
    np.testing.assert_array_equal(frozen, whole)


def test_layout_for_each_frame_in_a_video(tmp_path, client):
    options = {"codec": "ffv1", "freeze_layout": False}
    video = Grows().make_video(tmp_path / "a.mkv", range(16), 8, client=client, **options)
    assert video.stats.n_frames_blitted == 0
    moving, _ = frames(Grows(), "full", range(16), freeze_layout=False)
    np.testing.assert_array_equal(decode(video.path), moving)
    with pytest.raises(OptionError, match="which freeze_layout=False rules out"):
        DrawOptions.create(None, redraw="blit", freeze_layout=False)


class OtherSettings(Animator):
    """In some frames, sets rcParams that are read while drawing."""

    def setup(self):
        fig, ax = plt.subplots(figsize=(2, 1.5), dpi=50)
        ax.set_xlim(-3, 3)
        (self.line,) = ax.plot(np.linspace(-3, 3, 4000), np.random.default_rng(0).random(4000))
        self.text = fig.text(0.1, 0.9, "")
        return fig

    def update(self, frame_idx, params):
        self.text.set_text(f"{params}")
        if 10 <= frame_idx < 14:
            plt.rcParams["axes.unicode_minus"] = False
            plt.rcParams["path.simplify"] = False


class ClosesAll(OtherSettings):
    def update(self, frame_idx, params):
        self.text.set_text(f"{params}")
        plt.close("all")


@pytest.mark.parametrize("animator", [OtherSettings, ClosesAll])
def test_what_update_does_to_the_process(animator):
    frames = [
        animator().frames(range(20), redraw=redraw, partition_size=20).compute(scheduler="sync")
        for redraw in ("full", "auto", "blit")
    ]
    assert np.array_equal(frames[0], frames[1])
    assert np.array_equal(frames[0], frames[2])
