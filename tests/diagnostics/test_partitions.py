"""What is told of the partitions of real renders, and clocks that differ."""

import dataclasses
import time
from itertools import pairwise

import numpy as np
import pytest
from helpers import FrameNumber

from dask_animate import IndexedFrameParams
from dask_animate.diagnostics.events import PartitionReport
from dask_animate.diagnostics.partition_log import PartitionLog
from dask_animate.errors import RedrawWarning

N_FRAMES = 24


def consistent(video, asked, got):
    """Check what must hold of all renders, and return the partitions."""
    stats = video.stats
    partitions = stats.partitions
    assert [report.start for report in partitions] == list(
        np.cumsum([0, *(report.n_frames for report in partitions)])[:-1]
    )
    assert sum(report.n_frames for report in partitions) == video.n_frames
    assert sum(report.n_reused for report in partitions) == stats.n_frames_reused
    assert {report.worker for report in partitions if report.worker} <= set(got)
    assert len({report.worker for report in partitions if report.worker}) == stats.n_workers
    assert asked - 0.01 <= stats.began  # time.time() and time.perf_counter() may drift apart
    for report in partitions:
        phases = report.phases
        assert min(phases.values()) >= 0
        assert sum(phases.values()) == pytest.approx(report.seconds)
        assert stats.began <= report.began + 1e-6
        assert report.finished <= stats.began + stats.wall_seconds + 0.01
    assert sum(report.rendering_seconds for report in partitions) == pytest.approx(stats.render_seconds)
    assert sum(report.compare_seconds for report in partitions) == pytest.approx(stats.compare_seconds)
    here = stats.encoded_here
    encoding = sum(report.encoding_seconds for report in (*partitions, *here))
    assert encoding == pytest.approx(stats.encode_seconds)
    if here:
        assert [report.start for report in here] == [report.start for report in partitions]
        assert sum(report.n_frames for report in here) == video.n_frames
        for drawn, encoded in zip(partitions, here, strict=True):
            assert drawn.finished <= encoded.began + 0.01
            assert min(encoded.convert_seconds, encoded.encode_seconds) > 0
            assert sum(encoded.phases.values()) == pytest.approx(encoded.seconds)
    return partitions


def test_in_this_process(tmp_path):
    asked = time.time()
    options = {"num_workers": 1, "partition_size": 10, "encode_on": "workers"}
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(N_FRAMES), 30, **options)
    partitions = consistent(video, asked, [])
    assert [report.n_frames for report in partitions] == [10, 10, 4]
    assert {report.worker for report in partitions} == {""}
    assert all(one.finished <= other.began + 0.01 for one, other in pairwise(partitions))
    for name in ("load", "update", "draw", "convert", "encode"):
        assert all(report.phases[name] > 0 for report in partitions), name


@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_on_a_cluster(tmp_path, client, encode_on):
    workers = client.nthreads()
    video = FrameNumber().make_video(
        tmp_path / "a.mp4",
        range(N_FRAMES),
        30,
        client=client,
        partition_size=6,
        encode_on=encode_on,
    )
    partitions = consistent(video, 0, workers)
    assert all(report.worker in workers for report in partitions)
    assert all((report.encode_seconds > 0) == (encode_on == "workers") for report in partitions)
    assert all(report.convert_seconds > 0 for report in partitions)
    assert bool(video.stats.encoded_here) == (encode_on == "client")


class SlowSetup(FrameNumber):
    def setup(self):
        time.sleep(0.2)
        return super().setup()


@pytest.mark.parametrize("encode_on", ["workers", "client"])
@pytest.mark.parametrize("here", [True, False])
def test_the_first_partition_of_a_process_tells_of_the_figure(tmp_path, client, here, encode_on):
    where = {"num_workers": 1} if here else {"client": client}
    options = {"partition_size": 6, "encode_on": encode_on, **where}
    video = SlowSetup().make_video(tmp_path / "a.mp4", range(N_FRAMES), 30, **options)
    told = {}
    partitions = consistent(video, 0, client.nthreads())
    for report in sorted(partitions, key=lambda report: report.finished):
        told.setdefault(report.worker, []).append(report.setup_seconds)
    for first, *others in told.values():
        assert first >= 0.2
        assert all(seconds < 0.2 for seconds in others)
    drawing = [
        sum(report.phases.values()) - sum(report.phases[name] for name in ("setup", "convert", "encode"))
        for report in partitions
    ]
    assert sum(drawing) == pytest.approx(video.stats.render_seconds)


def test_of_threads(tmp_path, client_of_threads):
    """They take turns: while one draws, the others wait."""
    video = FrameNumber().make_video(
        tmp_path / "a.mp4",
        range(40),
        30,
        client=client_of_threads,
        partition_size=5,
        encode_on="workers",
    )
    assert sum(report.wait_seconds for report in consistent(video, 0, client_of_threads.nthreads())) > 0


def test_with_a_store(tmp_path, client):
    options = {"store": tmp_path / "a.zarr", "client": client, "partition_size": 6}
    first = FrameNumber().make_video(tmp_path / "a.mp4", range(12), 30, **options)
    again = FrameNumber().make_video(tmp_path / "a.mp4", range(N_FRAMES), 30, **options)
    for video, n_reused in ((first, 0), (again, 12)):
        partitions = consistent(video, 0, client.nthreads())
        assert all(report.store_seconds > 0 for report in partitions)
        reused = [report for report in partitions if report.n_reused == report.n_frames]
        assert sum(report.n_frames for report in reused) == n_reused
        assert all(report.update_seconds == report.draw_seconds == 0 for report in reused)


def test_of_a_bag(tmp_path, client):
    import dask.bag as db

    numbers = [IndexedFrameParams(i, 3 * i) for i in range(N_FRAMES)]
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", db.from_sequence(numbers, npartitions=4), 30, client=client
    )
    assert len(consistent(video, 0, client.nthreads())) == 4


class Unannounced(FrameNumber):
    def setup(self):
        figure = super().setup()
        figure.canvas.mpl_connect("draw_event", lambda event: None)
        return figure


def test_warnings_are_remembered(tmp_path):
    with pytest.warns(RedrawWarning) as issued:
        video = Unannounced().make_video(tmp_path / "a.mp4", range(5), 30, num_workers=1, redraw="blit")
    assert video.stats.warnings == tuple(str(warning.message) for warning in issued)
    assert FrameNumber().make_video(tmp_path / "a.mp4", range(5), 30, num_workers=1).stats.warnings == ()


def report(worker, began, seconds, start=0):
    return PartitionReport(1, seconds, start, began, worker=worker)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (0.0, 0.0),
        (0.5, 0.5),  # nothing contradicts it
        (-0.5, -0.5),
        (3600.0, 3.0),  # it ends when it was received, at the latest
        (-3600.0, -2.0),  # it begins when the render began, at the earliest
    ],
)
def test_clocks_that_differ(ahead, expected):
    """A partition from 102 to 104 in a render that began at 100; it was received at 107."""
    log = PartitionLog(100.0)
    log.add(report("tcp://10.0.0.1:1", 102.0 + ahead, 2.0), 107.0)
    log.add(report("", 101.0, 1.0, start=1), 102.0)
    far, here = log.partitions()
    assert far.began == pytest.approx(102.0 + expected)
    assert here.began == 101.0


def test_a_machine_has_one_clock():
    log = PartitionLog(100.0)
    log.add(report("tcp://10.0.0.1:1", 3702.0, 2.0, start=1), 104.0)
    log.add(report("tcp://10.0.0.1:2", 3701.0, 2.0, start=0), 107.0)
    log.add(report("tcp://10.0.0.2:1", 101.0, 2.0, start=2), 107.0)
    assert [round(one.began, 6) for one in log.partitions()] == [101.0, 102.0, 101.0]


def test_a_clock_that_was_set_while_it_ran():
    log = PartitionLog(100.0)
    log.add(report("tcp://10.0.0.1:1", 101.0, 2.0), 104.0)
    log.add(report("tcp://10.0.0.1:1", 5101.0, 2.0, start=1), 106.0)
    one, other = log.partitions()
    assert other.began - one.began == 5000.0


def test_fonts_are_kept_once():
    log = PartitionLog(0.0)
    for start in range(3):
        log.add(dataclasses.replace(report("a", 1.0, 1.0, start), fonts={"sans": "a.ttf"}), 9.0)
    assert len({id(one.fonts) for one in log.partitions()}) == 1
