import dask.bag as db
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dask_animate.execution.partitioning import (
    GATHER_SECONDS,
    GATHER_SHARE,
    LIFE_SHARE,
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
    assert segment_length(None, 4, None, GOP, 999, is_elastic=True) == TAIL_SEGMENT
    assert segment_length(None, 4, PartitionCost(0.02, 0.02), GOP, 999) == MIN_SECONDS / 0.02
    assert segment_length(None, 4, PartitionCost(0.02, 0.08), GOP, 999) == 0.08 / (0.05 * 0.02)
    assert segment_length(None, 4, PartitionCost(0.001, 0.02), GOP, 9999) == 4 * GOP
    assert segment_length(None, 4, PartitionCost(0.001, 0.02), GOP, 700) == 2 * GOP
    assert segment_length(None, 4, PartitionCost(0.25, 0.02), GOP, 999) == MAX_SECONDS / 0.25
    assert segment_length(None, 4, PartitionCost(10.0, 0.02), GOP, 999) == TAIL_SEGMENT
    assert segment_length(10_000, 4, PartitionCost(0.02, 0.02), GOP, 30) == 30


def blocks(n_frames, n_workers, cost, n_unmeasured=0, preload_factor=8, room=99):
    """The partitions of a whole render, the first ones chosen before the cost is known."""
    left, sizes = n_frames, []
    while left > 0:
        known = cost if len(sizes) >= n_unmeasured else None
        size = block_length(n_frames, left, n_workers, known, preload_factor, room)
        sizes.append(min(left, size))
        left -= sizes[-1]
    return sizes


def test_a_client_of_many_workers_has_time_for_their_partitions():
    cost = PartitionCost(0.25, 0.02)
    for n_threads in (1, 28, 140):
        assert segment_length(10**7, n_threads, cost, GOP, 999) * 0.25 <= MAX_SECONDS
    for n_threads in (300, 1000, 5000):
        seconds = segment_length(10**7, n_threads, cost, 10**4, 10**6) * 0.25
        assert n_threads / seconds * GATHER_SECONDS == pytest.approx(GATHER_SHARE, rel=0.1)
    assert segment_length(10**7, 1000, cost, GOP, 999, life_seconds=60) * 0.25 == LIFE_SHARE * 60
    assert segment_length(1000, 1000, cost, GOP, 999) == TAIL_SEGMENT  # the last ones of a render


def test_blocks_of_an_unknown_number_of_frames():
    cost = PartitionCost(0.3, 0.2)
    assert block_length(None, None, 4, None, 8, 99) == 8
    assert block_length(None, None, 4, cost, 8, 99) == 8
    assert block_length(None, None, 4, cost, 8, 2) == 2
    assert block_length(None, None, 4, cost, 8, 0) == 1


def test_blocks_are_about_equal_until_something_was_measured():
    assert blocks(10, 4, None, 99) == [2, 3, 2, 3]
    assert blocks(24, 2, None, 99) == [6, 6, 6, 6]
    assert blocks(40, 2, None, 99) == [6, 7, 7, 6, 7, 7]
    assert blocks(3, 4, None, 99) == [1, 1, 1]
    assert blocks(5, 1, None, 99, room=2) == [1, 2, 2]


def test_blocks_get_shorter_towards_the_end():
    slow = PartitionCost(0.3, 0.1)
    assert blocks(40, 2, slow) == [8, 8, 8, 8, 4, 2, 1, 1]
    assert blocks(40, 2, slow, n_unmeasured=4) == [6, 7, 7, 6, 7, 4, 2, 1]
    assert blocks(40, 2, slow, room=5) == [5] * 7 + [3, 1, 1]


def test_blocks_take_longer_than_they_cost_besides():
    assert blocks(40, 2, PartitionCost(0.3, 0.2)) == [8, 8, 8, 8, 4, 2, 2]
    assert blocks(40, 2, PartitionCost(0.05, 0.12)) == [8, 8, 8, 8, 5, 3]
    assert blocks(40, 2, PartitionCost(0.01, 1.0)) == [8] * 5


@given(
    n_frames=st.integers(1, 2000),
    n_workers=st.integers(1, 500),
    cost=st.none() | st.builds(PartitionCost, st.floats(1e-4, 100), st.floats(0.01, 10)),
    n_unmeasured=st.integers(0, 50),
    room=st.integers(1, 1000),
)
def test_blocks_are_all_frames(n_frames, n_workers, cost, n_unmeasured, room):
    sizes = blocks(n_frames, n_workers, cost, n_unmeasured, room=room)
    assert 1 <= min(sizes)
    assert max(sizes) <= min(8, room)
    assert sum(sizes) == n_frames


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


def test_partitions_fit_into_the_lives_of_workers():
    slow, quick = PartitionCost(0.15, 0.02), PartitionCost(0.002, 0.02)
    assert segment_length(None, 4, None, GOP, 999, life_seconds=60) == TAIL_SEGMENT
    assert segment_length(None, 4, slow, GOP, 999, life_seconds=20) == round(LIFE_SHARE * 20 / 0.15)
    assert segment_length(None, 4, PartitionCost(30, 0.02), GOP, 999, life_seconds=20) == 1
    hours = segment_length(10_000, 4, quick, GOP, 9999, life_seconds=7200)
    assert hours == segment_length(10_000, 4, quick, GOP, 9999)
