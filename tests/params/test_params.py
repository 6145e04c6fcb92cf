import functools
import re
import threading
from itertools import islice

import dask.bag as db
import numpy as np
import pytest
from dask import delayed
from hypothesis import given, settings
from hypothesis import strategies as st

from dask_animate import IndexedFrameParams
from dask_animate.errors import OptionError, OptionTypeError, ParamsError
from dask_animate.params.items import nbytes, private
from dask_animate.params.param_sequences import BagParams, open_params, partition_sizes


@st.composite
def shuffled(draw):
    """A sequence of n items, some of which say their index and stand where they like."""
    n = draw(st.integers(1, 40))
    free = draw(st.lists(st.sampled_from(range(n)), unique=True))
    places = draw(st.permutations(free))
    items = list(range(n))
    for place, idx in zip(sorted(free), places, strict=True):
        items[place] = IndexedFrameParams(idx, idx)
    return items


@settings(deadline=None)
@given(shuffled(), st.booleans(), st.integers(1, 7))
def test_any_order_comes_out_in_order(items, lazy, size):
    sequence = iter(items) if lazy else items
    partitions = list(open_params(sequence, None).partitions(lambda start: size))
    assert [p for partition in partitions for p in partition.params] == list(range(len(items)))
    assert [partition.start for partition in partitions] == list(range(0, len(items), size))


@pytest.mark.parametrize(
    "sequence", [[4, 5, 6], (4, 5, 6), range(4, 7), np.array([4, 5, 6]), {4: 0, 5: 0, 6: 0}.keys()]
)
def test_sequences_have_a_length(sequence):
    params = open_params(sequence, None)
    assert params.n_frames == 3
    assert list(params) == [4, 5, 6]


def test_n_frames_takes_the_first():
    assert list(open_params(range(10), 4)) == [0, 1, 2, 3]
    backwards = [IndexedFrameParams(i, i) for i in reversed(range(10))]
    assert list(open_params(backwards, 4)) == [0, 1, 2, 3]


def test_a_generator_is_read_no_further_than_asked():
    read = []

    def generate():
        for i in range(1000):
            read.append(i)
            yield i

    partitions = open_params(generate(), None).partitions(lambda start: 5)
    assert read == []
    list(islice(partitions, 2))
    assert len(read) == 10


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("items", "n_frames", "message"),
    [
        ([], None, "param_by_frame is empty"),
        ([1, 2, IndexedFrameParams(1, "again")], None, "gives frame 1 twice"),
        ([IndexedFrameParams(5, 0), IndexedFrameParams(5, 0)], 9, "gives frame 5 twice|holds only 2"),
        ([IndexedFrameParams(0, 0), IndexedFrameParams(3, 0)], None, "no item for frame 1"),
        ([IndexedFrameParams(4, 0), IndexedFrameParams(2, 0)], None, r"no item for frame 0, 1"),
        ([1, 2, 3], 5, "n_frames is 5, but param_by_frame (holds only|ended after) 3 frames"),
    ],
)
def test_what_is_wrong_with_a_sequence(items, n_frames, message, lazy):
    with pytest.raises(ParamsError, match=message):
        list(open_params(iter(items) if lazy else items, n_frames))


def test_many_missing_frames_are_not_all_named():
    items = [IndexedFrameParams(10**9, 0)]
    with pytest.raises(
        ParamsError, match=re.escape("frame 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …, but one for")
    ):
        list(open_params(iter(items), None))


def test_a_list_is_checked_before_anything_is_read():
    with pytest.raises(ParamsError, match="gives frame 0 twice"):
        open_params([IndexedFrameParams(0, 0), IndexedFrameParams(0, 0)], None)


def test_partitions_end_at_a_number_of_bytes():
    items = [np.zeros(n, np.uint8) for n in (10_000, 200_000, 10_000, 90_000, 10_000, 1, 1, 1)]
    partitions = list(open_params(iter(items), None).partitions(lambda start: 4, 100_000))
    assert [len(partition) for partition in partitions] == [2, 2, 4]
    assert [partition.start for partition in partitions] == [0, 2, 4]


class Holder:
    """Of a class that dask's sizeof does not know."""

    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize(
    ("item", "n"),
    [
        (np.zeros(50_000, np.uint8), 50_000),
        (Holder(np.zeros(50_000, np.uint8)), 50_000),
        ([{"a": Holder(b"x" * 50_000)}], 50_000),
        (functools.partial(print, np.zeros(50_000, np.uint8)), 50_000),
        (3.5, 24),
        (threading.Lock(), 0),
    ],
)
def test_nbytes(item, n):
    assert n <= nbytes(item) <= n + 2000


class Tagged(np.ndarray):
    """An array of a class of its own."""


RECORDS = np.array([(1.0, [2])], dtype=[("a", float), ("b", object)])


@pytest.mark.parametrize(
    "item",
    [
        np.arange(6.0).reshape(2, 3).T[::2],
        np.ma.masked_array([1, 2, 3], [0, 1, 0], fill_value=7),
        np.zeros(3).view(Tagged),
        np.array([[1], {"a": 2}, None], object),
        RECORDS,
        RECORDS[["a"]][0],
        [1.0, 2.0],
        [[1], (2, [3])],
        {"a": {"b": [1]}, "lock": threading.Lock()},
        ([1], 2),
        {1, 2},
        Holder([1]),
    ],
    ids=lambda item: type(item).__name__,
)
def test_private_copies_are_of_the_same_kind_and_share_nothing(item):
    copy = private(item)
    assert type(copy) is type(item)
    assert copy is not item
    if isinstance(item, np.ndarray):
        assert (copy.dtype, copy.shape) == (item.dtype, item.shape)
        assert not np.shares_memory(copy, item)
        if item.dtype.hasobject:
            assert copy.ravel()[0] is not item.ravel()[0]
    if isinstance(item, np.ma.MaskedArray):
        copy[0] = np.ma.masked
        assert (item[0], copy.fill_value) == (1, 7)
    if isinstance(item, list | tuple) and isinstance(item[0], list):
        assert copy == item
        assert copy[0] is not item[0]
    if isinstance(item, dict):
        assert copy["a"]["b"] is not item["a"]["b"]
        assert copy["lock"] is item["lock"]
    if isinstance(item, Holder):
        assert copy.value is not item.value


@pytest.mark.parametrize(
    "item",
    [1.5, "a", None, np.float32(2), (1, ("a", np.int8(3))), (x for x in [1]), threading.Lock()],
    ids=lambda item: type(item).__name__,
)
def test_what_cannot_change_or_be_copied_is_shared(item):
    assert private(item) is item


def test_read_only_arrays_are_shared():
    array = np.zeros(3)
    array.flags.writeable = False
    assert private({"a": array})["a"] is array


def test_one_object_stays_one_in_a_private_copy():
    array = np.zeros(3)
    item = {"a": array, "b": [array], "c": Holder(array), "d": (array,)}
    item["self"] = item
    copy = private(item)
    assert copy["a"] is copy["b"][0] is copy["c"].value is copy["d"][0] is not array
    assert copy["self"] is copy
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert private(deep) is deep


class OldSequence:
    """Has a length and items, and no iterator."""

    def __len__(self):
        return 3

    def __getitem__(self, i):
        if i >= 3:
            raise IndexError(i)
        return 10 * i


def test_a_sequence_without_an_iterator():
    assert list(open_params(OldSequence(), None)) == [0, 10, 20]


class Frame:
    """Looks like a pandas DataFrame."""

    columns = ("a", "b")

    def itertuples(self):
        return iter([(1, 2)])

    def __iter__(self):
        return iter(self.columns)


def test_a_data_frame_is_refused():
    with pytest.raises(OptionTypeError, match=r"pass df\.itertuples\(\)"):
        open_params(Frame(), None)


@pytest.mark.parametrize("value", [3, None, b"abc", np.array(3)])
def test_not_a_sequence(value):
    with pytest.raises(OptionTypeError, match="must be an iterable with one item for each frame"):
        open_params(value, None)


def test_dask_collections_other_than_bags_are_refused():
    with pytest.raises(OptionTypeError, match="dask Delayed"):
        open_params(delayed(list)([1, 2]), None)


def test_a_bag_in_this_process():
    bag = db.from_sequence(range(10), npartitions=3).map(lambda x: 2 * x)
    params = open_params(bag, None)
    assert isinstance(params, BagParams)
    assert list(params) == list(range(0, 20, 2))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, OptionError, "n_frames must be at least 1, got 0"),
        (-3, OptionError, "n_frames must be at least 1, got -3"),
        (2.0, OptionTypeError, "n_frames must be an integer, got 2.0"),
        (True, OptionTypeError, "n_frames must be an integer, got True"),
    ],
)
def test_bad_n_frames(value, error, message):
    with pytest.raises(error, match=message):
        open_params(range(3), value)


def test_bad_frame_id():
    with pytest.raises(OptionError, match="frame_id must be at least 0, got -1"):
        IndexedFrameParams(-1, None)


def test_partition_sizes():
    assert list(partition_sizes("auto", None)) == []
    assert list(islice(partition_sizes(4, None), 3)) == [4, 4, 4]
    assert list(partition_sizes((1, 2, 3), 6)) == [1, 2, 3]
    assert list(partition_sizes(np.array([1, 5]), 6)) == [1, 5]


@pytest.mark.parametrize(
    ("size", "n_frames", "message"),
    [
        (0, 6, "partition_size must be at least 1, got 0"),
        ("big", 6, "must be \"auto\" or numbers, got 'big'"),
        ([1, 2], 6, "sums to 3, but there are 6 frames"),
        ([3, 0, 3], 6, "each partition_size must be at least 1"),
        ([1, 2], None, "needs n_frames"),
        (None, 6, "partition_size must be an integer, got None"),
    ],
)
def test_bad_partition_size(size, n_frames, message):
    with pytest.raises((OptionError, OptionTypeError), match=message):
        partition_sizes(size, n_frames)


def test_no_frames_are_also_a_runtime_error():
    for nothing in ([], iter([]), np.zeros(0)):
        with pytest.raises(RuntimeError, match="param_by_frame is empty"):
            list(open_params(nothing, None, None, None))
