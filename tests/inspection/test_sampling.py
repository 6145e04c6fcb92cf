import numpy as np
import pytest

from dask_animate.inspection.sampling import sample_evenly, sample_runs


@pytest.mark.parametrize("n", [1, 2, 9, 50])
@pytest.mark.parametrize("total", [1, 2, 7, 50, 1000])
def test_evenly(n, total):
    exact = sample_evenly(iter(range(total)), n, total)
    guessed = sample_evenly(iter(range(total)), n, None)
    for picks in (exact, guessed):
        positions = [idx for idx, _ in picks]
        assert positions == [item for _, item in picks] == sorted(set(positions))
        assert len(picks) == min(n, total)
        assert positions[0] == 0
        if n > 1:
            assert positions[-1] == total - 1
    if 1 < n < total:
        gaps = np.diff([idx for idx, _ in guessed])
        assert gaps.max() <= 2 * total / (n - 1) + 1


def test_few_items_are_kept():
    alive = set()

    class Item:
        def __init__(self):
            alive.add(id(self))

        def __del__(self):
            alive.discard(id(self))

    most = 0

    def items():
        nonlocal most
        for _ in range(10_000):
            most = max(most, len(alive))
            yield Item()

    assert len(sample_evenly(items(), 5, None)) == 5
    assert most <= 4 * 5 + 4


def test_runs():
    items = [(i, None) for i in range(10)]
    for given in (items, iter(items)):
        assert [i for i, _ in sample_runs(given, 4, 10)] == [0, 1, 2, 9]
    assert [i for i, _ in sample_runs(items, 12, None)] == list(range(10))
