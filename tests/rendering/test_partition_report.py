"""Where the time of a partition goes."""

import time
from dataclasses import fields

import pytest
from helpers import FrameNumber

from dask_animate.diagnostics.events import PartitionReport
from dask_animate.drawing import PHASES, DrawOptions
from dask_animate.drawing.phase_clock import PhaseClock
from dask_animate.encoding import EncodeOptions, choose_encoder
from dask_animate.rendering import FigureSpec, Renderer, TaskSpec


def test_phases_have_the_same_names_everywhere():
    ends = [field.name for field in fields(PartitionReport) if field.name.endswith("_seconds")]
    assert list(PHASES) == [name.removesuffix("_seconds") for name in ends]


def test_a_moment_belongs_to_one_phase():
    clock = PhaseClock()
    for phase in ("load", "draw", "load", "encode"):
        clock.lap(phase)
        clock.skip()
    assert set(clock.seconds) == {"load", "draw", "encode"}
    assert 0 < sum(clock.seconds.values()) <= clock.total


def test_what_is_left_is_other():
    report = PartitionReport(3, 5.0, start=7, began=100.0, load_seconds=1.0, encode_seconds=1.5)
    assert (report.finished, report.other_seconds) == (105.0, 2.5)
    assert list(report.phases) == [*PHASES, "other"]
    assert sum(report.phases.values()) == report.seconds


class ChangedInPlace(FrameNumber):
    """Changes its picture without telling, so that incremental drawing is found wrong."""

    def update(self, frame_idx, params):
        self.image.get_array()[...] = frame_idx % 2


def rendered(animator, n_frames, tmp_path, *, encoded):
    spec = FigureSpec(animator, DrawOptions(redraw="auto"), {})
    renderer = Renderer(spec)
    try:
        encoding = choose_encoder(
            EncodeOptions.create(tmp_path / "a.mp4", 30, mode="cpu"), renderer.size()
        )
        task = TaskSpec(encoding if encoded else None)
        before = time.time()
        report = renderer.render(task, 40, enumerate(range(n_frames), 40), n_frames).report
        return report, before, time.time()
    finally:
        renderer.close()


@pytest.mark.parametrize("encoded", [True, False])
def test_report_of_a_partition(tmp_path, encoded):
    report, before, after = rendered(FrameNumber(), 12, tmp_path, encoded=encoded)
    assert (report.start, report.n_frames) == (40, 12)
    assert before <= report.began <= report.finished <= after + 0.1  # time.time() may be set
    phases = report.phases
    assert min(phases[name] for name in ("load", "update", "draw", "convert")) > 0
    assert (phases["store"], report.n_reused) == (0, 0)
    assert (phases["encode"] > 0) == encoded
    assert sum(phases.values()) == pytest.approx(report.seconds)
    assert report.seconds >= report.rendering_seconds + report.encoding_seconds


def test_a_partition_that_is_drawn_twice_counts_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    report, *_ = rendered(ChangedInPlace(), 12, tmp_path, encoded=True)
    assert "without being marked stale" in report.redraw_fault
    assert report.compare_seconds > 0
    assert sum(report.phases.values()) == pytest.approx(report.seconds)
