import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dask_animate.blitting.rectangles import bounding_rect, inside, merged, overlap, union

SIDE = 600
rects = st.tuples(*[st.integers(0, SIDE)] * 4).map(
    lambda r: (min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]) + 1, max(r[1], r[3]) + 1)
)


def painted(some):
    canvas = np.zeros((SIDE + 1, SIDE + 1), bool)
    for left, top, right, bottom in some:
        canvas[top:bottom, left:right] = True
    return canvas


@given(rects, rects)
def test_two(a, b):
    both = painted([a]) & painted([b])
    assert overlap(a, b) == both.any()
    assert inside(a, b) == (both == painted([a])).all()
    assert inside(a, union(a, b))
    assert inside(b, union(a, b))
    assert bounding_rect([a, b]) == union(a, b)


def test_bounding_rect_none():
    assert bounding_rect([]) is None
    assert merged([]) == []


@given(st.lists(rects, max_size=12))
def test_merged_covers_all(some):
    few = merged(some)
    assert len(few) <= len(some)
    assert (painted(few) >= painted(some)).all()


def test_merged_joins_what_is_near():
    near = [(10 * i, 0, 10 * i + 5, 100) for i in range(50)]
    assert merged(near) == [(0, 0, 495, 100)]
    far = [(0, 0, 10, 10), (900, 900, 910, 910)]
    assert sorted(merged(far)) == far
    # the third one closes the gap between two others
    assert len(merged([(0, 0, 200, 200), (400, 0, 600, 200), (190, 0, 410, 200)])) == 1
