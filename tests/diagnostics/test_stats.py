"""What a render cost, as it runs and in words."""

import threading

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
