"""Numbers along an axis that grows keep their sums, in a bounded number of cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dask_animate.dashboard.rebinning import RebinningHistogram

SPANS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 100)), min_size=1, max_size=30
)


@given(SPANS)
def test_sums_stay(spans):
    histogram = RebinningHistogram(8, 2)
    for start, length, amount in spans:
        histogram.add(start, start + length, (amount, 2 * amount))
    assert len(histogram.cells) <= 8
    total = sum(amount for _, _, amount in spans)
    assert sum(cell[0] for cell in histogram.cells) == pytest.approx(total)
    assert sum(cell[1] for cell in histogram.cells) == pytest.approx(2 * total)


def test_what_is_added_can_be_taken_back_after_rebinning():
    histogram = RebinningHistogram(4, 1)
    histogram.add(1, 4, [3])
    histogram.add(0, 100, [0])
    histogram.add(1, 4, [-3])
    assert [cell[0] for cell in histogram.cells] == pytest.approx([0] * len(histogram.cells))


def test_amounts_are_spread_evenly():
    histogram = RebinningHistogram(4, 1, width=10)
    histogram.add(5, 25, [20])
    assert histogram.cells == [[5], [10], [5]]
