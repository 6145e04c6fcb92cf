"""The partitions of a render in the order of frames, with the clocks of several machines made one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from urllib.parse import urlsplit

from .events import PartitionReport


@dataclass
class PartitionLog:
    """Collects the reports of a render.

    The clocks of other machines may differ from that of the calling process. A partition cannot begin
    before the render, nor end after it was received. If by the clock of its machine it does, this clock
    is off: it is moved by as little as makes all partitions of the machine possible. Clocks that agree
    with this are taken as they are.

    Parameters
    ----------
    began : float
        When the render began, by `time.time` of the calling process.
    """

    began: float
    _reports: list[PartitionReport] = field(default_factory=list)
    _fonts: dict[frozenset[tuple[str, str]], Mapping[str, str]] = field(default_factory=dict)
    _clocks: dict[str, _Clock] = field(default_factory=dict)

    def add(self, report: PartitionReport, received: float) -> None:
        """Add a report, given when it was received by `time.time` of the calling process."""
        # Every report from a worker comes with fonts of its own, mostly the same.
        fonts = self._fonts.setdefault(frozenset(report.fonts.items()), report.fonts)
        if report.worker:
            clock = self._clocks.setdefault(_host(report.worker), _Clock())
            clock.least = max(clock.least, report.finished - received)
            clock.most = min(clock.most, report.began - self.began)
        self._reports.append(replace(report, fonts=fonts))

    def partitions(self) -> tuple[PartitionReport, ...]:
        """Return the reports in the order of frames, by the clock of the calling process."""
        aligned = (
            replace(report, began=report.began - self._offset(report.worker)) for report in self._reports
        )
        return tuple(sorted(aligned, key=lambda report: report.start))

    def _offset(self, worker: str) -> float:
        return self._clocks[_host(worker)].offset if worker else 0.0


@dataclass
class _Clock:
    """By how many seconds a machine's clock is ahead, at least and at most."""

    least: float = -inf
    most: float = inf

    @property
    def offset(self) -> float:
        if self.least > self.most:  # it was set while it ran
            return (self.least + self.most) / 2
        return min(max(0.0, self.least), self.most)


def _host(worker: str) -> str:
    return urlsplit(worker).hostname or worker
