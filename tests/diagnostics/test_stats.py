"""What a render cost, as it runs and in words."""

import dataclasses
import threading

import pytest
from helpers import FrameNumber
from IPython.core.formatters import DisplayFormatter
from renders import made_up_stats

from dask_animate.diagnostics.events import FrameEncoded, PartitionRendered, PartitionReport
from dask_animate.diagnostics.partition_log import PartitionLog
from dask_animate.diagnostics.stats import StatsCollector


def test_frames_are_counted_when_their_partition_arrives():
    """Those from the store are encoded afterwards, those of a segment before."""
    collector = StatsCollector()
    collector(PartitionRendered(PartitionReport(48, 1.0, n_reused=40), 0))
    stats = collector.stats(0)
    assert (stats.n_frames_rendered, stats.n_frames_reused) == (8, 40)
    for frame_idx in range(48):
        collector(FrameEncoded(frame_idx))
    collector(FrameEncoded(48))
    stats = collector.stats(0)
    assert (stats.n_frames_rendered, stats.n_frames_reused) == (8, 40)


def test_reports_of_a_new_host_can_be_read_at_once():
    """Another thread never sees a report whose host has no clock."""
    log = PartitionLog(100.0)
    reports = log._reports
    seen = []

    class Watched(list):
        def append(self, report):
            super().append(report)
            seen.append(log.partitions())

    log._reports = Watched(reports)
    log.add(PartitionReport(1, 2.0, 0, 101.0, worker="tcp://10.0.0.1:1"), 104.0)
    assert [report.began for report in seen[0]] == [101.0]


def test_other_threads_read_while_partitions_arrive():
    collector = StatsCollector()
    failures, over = [], threading.Event()

    def read():
        while not over.is_set():
            stats = collector.stats(0)
            counted = sum(report.n_frames for report in stats.partitions)
            if not stats.n_frames_rendered == sum(stats.partition_sizes) == counted:
                failures.append(stats)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(300):
        report = PartitionReport(2, 1.0, 2 * number, worker=f"tcp://10.0.0.{number}:1")
        collector(PartitionRendered(report, 0))
    over.set()
    reader.join()
    assert failures == []
    assert collector.stats(0).n_frames_rendered == 600


@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_this_process_alone_waits_for_nobody(tmp_path, encode_on):
    options = {"num_workers": 1, "partition_size": 5, "encode_on": encode_on}
    stats = FrameNumber().make_video(tmp_path / "a.mp4", range(10), 30, **options).stats
    drew = sum(report.rendering_seconds for report in stats.partitions)
    assert 0 <= stats.wait_seconds <= stats.wall_seconds - drew
    lines = str(stats).splitlines()
    assert lines[2].endswith(" by this process, partitions: 2, of 5 frames")
    assert lines[3].endswith(" by this process: as asked")
    assert "worker" not in str(stats)
    assert ("join packets: " in str(stats)) == (encode_on == "workers")


@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_who_encoded(tmp_path, client, encode_on):
    options = {"client": client, "partition_size": 5, "encode_on": encode_on}
    stats = FrameNumber().make_video(tmp_path / "a.mp4", range(20), 30, **options).stats
    workers = "1 worker" if stats.n_workers == 1 else "2 workers"
    by = workers if encode_on == "workers" else "this process"
    assert f" by {workers}, partitions: 4, of 5 frames\nconvert, encode: " in str(stats)
    assert f" by {by}: as asked\nfrom workers: " in str(stats)


def test_one_worker_is_no_plural():
    assert " by 1 worker, partitions: 3, " in str(made_up_stats(1, 3))
    assert " by 2 workers, partitions: 9, " in str(made_up_stats(2, 9))


@pytest.mark.parametrize(
    ("n_frames", "num_workers", "reason"),
    [
        (1, -1, "there is one frame"),
        (3, 1, "num_workers is 1"),
        (3, -10_000, "num_workers=-10000 is one"),
    ],
)
def test_why_this_process_draws_alone(tmp_path, n_frames, num_workers, reason):
    options = {"num_workers": num_workers}
    stats = FrameNumber().make_video(tmp_path / "a.mp4", range(n_frames), 30, **options).stats
    assert stats.scaling_reason.startswith(f"this process draws, as {reason}")


def test_a_notebook_shows_them_in_words():
    stats = dataclasses.replace(made_up_stats(1, 3), encode_on_reason="<b> & co")
    shown, _ = DisplayFormatter().format(stats)
    assert shown["text/html"].startswith("<pre>90 frames in ")
    assert " by 1 worker: &lt;b&gt; &amp; co\n" in shown["text/html"]
