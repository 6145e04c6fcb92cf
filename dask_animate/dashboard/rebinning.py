"""Numbers along an axis that grows, in a bounded number of cells."""

from __future__ import annotations

from collections.abc import Sequence


class RebinningHistogram:
    """Amounts along an axis from 0 on, added up in equal cells.

    When the axis outgrows them, pairs of cells become one. So the memory is bounded, and so is what a
    picture of it shows, whether the axis has 10 frames or 10 million.

    Parameters
    ----------
    n_cells : int
        The most cells, even.
    n_amounts : int
        Different amounts in each cell.
    width : float
        Of a cell, as long as all fits.

    Attributes
    ----------
    width : float
        Of a cell.
    cells : list of list of float
        The amounts of each cell; only as many cells as were reached.

    Examples
    --------
    >>> frames = RebinningHistogram(n_cells=4, n_amounts=1)
    >>> frames.add(0, 3, [3])
    >>> frames.cells
    [[1.0], [1.0], [1.0]]
    >>> frames.add(3, 6, [3])
    >>> frames.width, frames.cells
    (2.0, [[2.0], [2.0], [2.0]])
    """

    def __init__(self, n_cells: int, n_amounts: int, width: float = 1.0) -> None:
        self.width = float(width)
        self.cells: list[list[float]] = []
        self._n_cells = n_cells
        self._n_amounts = n_amounts

    def add(self, start: float, stop: float, amounts: Sequence[float]) -> None:
        """Spread amounts evenly from `start` to `stop`, which is not before it."""
        start = max(0.0, start)
        while stop > self.width * self._n_cells:
            self._rebin()
        # An axis position at the very end belongs to the last cell.
        first = min(int(start / self.width), self._n_cells - 1)
        last = min(max(first, -int(-stop // self.width) - 1), self._n_cells - 1)
        while len(self.cells) <= last:
            self.cells.append([0.0] * self._n_amounts)
        for idx in range(first, last + 1):
            if first == last:
                share = 1.0
            else:
                overlap = min(stop, (idx + 1) * self.width) - max(start, idx * self.width)
                share = overlap / (stop - start)
            cell = self.cells[idx]
            for number, amount in enumerate(amounts):
                cell[number] += amount * share

    def _rebin(self) -> None:
        if len(self.cells) % 2:
            self.cells.append([0.0] * self._n_amounts)
        pairs = zip(self.cells[::2], self.cells[1::2], strict=True)
        self.cells = [[a + b for a, b in zip(left, right, strict=True)] for left, right in pairs]
        self.width *= 2
