"""Numbers along an axis that grows keep their sums, in a bounded number of cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dask_animate.dashboard.folding import Folded

SPANS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 100)), min_size=1, max_size=30
)


@given(SPANS)
def test_sums_stay(spans):
    folded = Folded(8, 2)
    for start, length, amount in spans:
        folded.add(start, start + length, (amount, 2 * amount))
    assert len(folded.cells) <= 8
    total = sum(amount for _, _, amount in spans)
    assert sum(cell[0] for cell in folded.cells) == pytest.approx(total)
    assert sum(cell[1] for cell in folded.cells) == pytest.approx(2 * total)


def test_what_is_added_can_be_taken_back_after_folding():
    folded = Folded(4, 1)
    folded.add(1, 4, [3])
    folded.add(0, 100, [0])
    folded.add(1, 4, [-3])
    assert [cell[0] for cell in folded.cells] == pytest.approx([0] * len(folded.cells))


def test_amounts_are_spread_evenly():
    folded = Folded(4, 1, width=10)
    folded.add(5, 25, [20])
    assert folded.cells == [[5], [10], [5]]
