import dask.bag as db
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dask_animate.execution.partitioning import (
    MAX_SECONDS,
    MIN_SECONDS,
    SHORT_SEGMENT,
    TAIL_SEGMENT,
    PartitionCost,
    Plan,
    block_length,
    segment_length,
)
from dask_animate.params.param_sequences import open_params

GOP = 250


def lengths(n_frames, n_workers, cost, room=10**6):
    """The partitions of a whole render."""
    left, sizes = n_frames, []
    while left:
        size = min(left, segment_length(left, n_workers, cost, GOP, room))
        sizes.append(size)
        left -= size
    return sizes


@given(
    n_frames=st.integers(1, 20_000),
    n_workers=st.integers(1, 500),
    cost=st.none() | st.builds(PartitionCost, st.floats(1e-4, 100), st.floats(0.01, 10)),
    room=st.integers(1, 10_000),
)
def test_segments(n_frames, n_workers, cost, room):
    sizes = lengths(n_frames, n_workers, cost, room)
    assert sum(sizes) == n_frames
    assert 1 <= min(sizes)
    assert max(sizes) <= room
    assert all(size <= GOP or size % GOP == 0 for size in sizes[:-1])
    assert sizes[:-1] == sorted(sizes[:-1], reverse=True)  # they get shorter towards the end


@pytest.mark.parametrize("n_workers", [1, 2, 7, 50])
@pytest.mark.parametrize("frame_seconds", [0.002, 0.02, 0.1])
@pytest.mark.parametrize("fixed_seconds", [0.02, 0.2])
def test_workers_end_together(n_workers, frame_seconds, fixed_seconds):
    """A render takes hardly longer than all its work, divided evenly, and one partition's fixed cost."""
    ends = [0.0] * n_workers
    for size in lengths(20_000, n_workers, PartitionCost(frame_seconds, fixed_seconds)):
        ends[ends.index(min(ends))] += size * frame_seconds + fixed_seconds
    ideal = 20_000 * frame_seconds / n_workers
    assert max(ends) <= 1.2 * ideal + 3 * fixed_seconds + TAIL_SEGMENT * frame_seconds


def test_the_length_that_costs_least():
    """At the square root of 2 N c / (P t), where no bound is in the way."""
    cost = PartitionCost(0.02, 0.05)
    assert segment_length(4000, 4, cost, GOP, 999) == round((2 * 4000 * 0.05 / (4 * 0.02)) ** 0.5)
    few = lengths(240, 2, PartitionCost(0.015, 0.27))
    assert few[:2] == [120, 60]
    assert len(few) <= 6


def test_bounds_of_lengths():
    assert segment_length(None, 4, None, GOP, 999) == SHORT_SEGMENT
    assert segment_length(None, 4, PartitionCost(0.02, 0.02), GOP, 999) == MIN_SECONDS / 0.02
    assert segment_length(None, 4, PartitionCost(0.02, 0.08), GOP, 999) == 0.08 / (0.05 * 0.02)
    assert segment_length(None, 4, PartitionCost(0.001, 0.02), GOP, 9999) == 4 * GOP
    assert segment_length(None, 4, PartitionCost(0.001, 0.02), GOP, 700) == 2 * GOP
    assert segment_length(None, 4, PartitionCost(0.25, 0.02), GOP, 999) == MAX_SECONDS / 0.25
    assert segment_length(None, 4, PartitionCost(10.0, 0.02), GOP, 999) == TAIL_SEGMENT
    assert segment_length(10_000, 4, PartitionCost(0.02, 0.02), GOP, 30) == 30


def test_blocks():
    assert block_length(None, 4, 8, 99) == 8
    assert block_length(100, 4, 8, 99) == 8
    assert block_length(10, 4, 8, 99) == 3
    assert block_length(100, 4, 8, 2) == 2
    assert block_length(100, 4, 8, 0) == 1


@pytest.mark.parametrize(
    ("codec", "partition_size", "items", "n_workers", "where", "why"),
    [
        ("h264", "auto", range(600), 2, "workers", "long enough"),
        ("h264", "auto", iter(()), 2, "workers", "long enough"),
        ("h264", "auto", range(600), 100, "client", "a keyframe for each 6 frames"),
        ("h264", "auto", range(600), 0, "client", "draws alone"),
        ("h264", 100, range(600), 0, "workers", "long enough"),
        ("h264", 10, range(600), 2, "client", "a keyframe for each 10 frames"),
        ("h264", 100, range(5), 2, "client", "a keyframe for each 5 frames"),
        ("h264", (300, 300), range(600), 2, "workers", "long enough"),
        ("ffv1", 1, range(600), 2, "workers", "keyframes that cost little"),
        ("gif", "auto", range(600), 2, "client", "builds on the one before"),
    ],
)
def test_where(codec, partition_size, items, n_workers, where, why):
    params = open_params(items, None)
    plan = Plan.create(partition_size, 8, "auto", params)
    found, reason = plan.where(codec, params, n_workers)
    assert found == where
    assert why in reason


def test_where_with_a_bag():
    bag = db.from_sequence(range(100), npartitions=10)
    params = open_params(bag, None)
    assert Plan.create("auto", 8, "auto", params).where("h264", params, 2)[0] == "workers"
    params = open_params(bag, 100)
    assert Plan.create("auto", 8, "auto", params).where("h264", params, 2)[0] == "client"
    assert Plan.create("auto", 8, "workers", params).where("h264", params, 2) == ("workers", "as asked")
