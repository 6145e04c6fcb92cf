"""Which frames are drawn before a render, because it shows them again with others in between."""

import tracemalloc
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from clip_laws import SOURCE, footage, identity, plain_clips, shown
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dask_animate import Clip
from dask_animate.clips import reuse
from dask_animate.clips.reuse import KeyRuns, plan_reuse

settings.register_profile("reuse", max_examples=60, deadline=None)
settings.load_profile("reuse")


def planned(clip, fps=None, **options):
    """Return the plan as a set of (footage, key)."""
    n_frames = len(shown(clip, fps))
    plan = plan_reuse(clip._node, n_frames, **options)
    for keys in plan.values():
        assert len(set(keys)) == len(keys) > 0
        assert [keys.position(key) for key in keys] == list(range(len(keys)))
    return {(found, key) for found, keys in plan.items() for key in keys}


def repeated(clip, fps=None):
    """Return which frames are shown again with others in between, found one by one."""
    last, again = {}, set()
    for idx, picture in enumerate(shown(clip, fps)):
        for frame in set(picture.leaves()):
            if last.get(frame, idx) < idx - 1:
                again.add((frame.footage, frame.key))
            last[frame] = idx
    return again


def all_shown(clip, fps=None):
    frames = {frame for picture in shown(clip, fps) for frame in picture.leaves()}
    return {(frame.footage, frame.key) for frame in frames}


@given(plain_clips, st.one_of(st.none(), st.integers(7, 90)))
def test_all_that_is_shown_again_is_planned(clip, fps):
    assume(clip.duration < 20)
    found, expected = planned(clip, fps), repeated(clip, fps)
    assert expected <= found <= all_shown(clip, fps) | expected


@given(plain_clips)
def test_nothing_else_is_planned_but_for_neighbours(clip):
    """A frame more may be planned where the tree cannot tell that two stretches only touch."""
    assume(clip.duration < 20)
    counts = Counter((frame.footage, frame.key) for frame in shown(clip))
    assert all(counts[key] > 1 for key in planned(clip) - repeated(clip))


@given(plain_clips, st.one_of(st.none(), st.integers(7, 90)))
def test_everything(clip, fps):
    assume(clip.duration < 20)
    assert planned(clip, fps, everything=True) >= all_shown(clip, fps)
    extra = planned(clip, fps, everything=True) - all_shown(clip, fps)
    assert len(extra) <= len(list(clip._node.uses(clip._node.whole)))


NOTHING_AGAIN = [
    footage(60),
    footage(60).speed(Fraction(1, 7)),
    footage(60)[:20] + footage(60)[30:],
    footage(60)[30:] + footage(60)[:30],
    footage(60).hold(5, at=1),
    footage(60).reverse().hold(3),
    footage(60)[:20].crossfade(footage(60)[20:], 0.3),
    footage(60).beside(footage(60)),
    footage(60).ease("smoothstep"),
    Clip.from_function(SOURCE, identity, 2).at_fps(12),
    Clip.from_function(SOURCE, identity, 2) + Clip.from_function(SOURCE, identity, 3),
]


@pytest.mark.parametrize("clip", NOTHING_AGAIN, ids=str)
def test_what_is_drawn_once_anyway_needs_no_plan(clip):
    assert planned(clip, 120) == set()


def test_grids():
    clip = footage(60)
    grid = Clip.grid([clip, clip.reverse(), clip.speed(2).repeat(2), clip[:30].speed(0.5)])
    assert planned(grid) == repeated(grid)
    assert len(planned(grid)) >= 59


def test_frames_that_are_not_drawn_are_never_planned(tmp_path):
    array = Clip(np.zeros((9, 4, 4, 3), np.uint8))
    assert planned(array + array.reverse()) == set()
    assert planned(array + array.reverse(), everything=True) == set()


def test_ten_hours(monkeypatch):
    """Ten million frames: nothing is looked at one by one unless it is shown again."""
    n = 10**7
    clip = Clip(SOURCE, range(n), Fraction(n, 36_000))
    looked_at = []
    shows = reuse._Affine.shown

    def counted(self, first, last):
        looked_at.append(last - first + 1)
        return shows(self, first, last)

    monkeypatch.setattr(reuse._Affine, "shown", counted)
    plain = clip.crop(60, 3600).speed(2) + clip.crop(7200).reverse().hold(60, at=100).fade_in(3)
    assert plan_reuse(plain._node, plain.n_frames) == {}
    assert sum(looked_at) < 10
    part = clip + clip.crop(600, 700).reverse()
    (keys,) = plan_reuse(part._node, part.n_frames).values()
    assert isinstance(keys, KeyRuns)
    assert len(keys) == pytest.approx(100 * n / 36_000, abs=2)
    assert sum(looked_at) < 3 * len(keys)
    tracemalloc.start()
    whole = clip + clip.reverse()
    (keys,) = plan_reuse(whole._node, whole.n_frames).values()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n - 2 <= len(keys) <= n
    assert len(keys.runs) <= 2
    assert peak < 50e6


def test_times_of_any_size():
    """Where whole numbers of 64 bits are too short, longer ones take their place."""
    rate = Fraction(10**9 + 7, 10**9 + 9)
    clip = Clip(SOURCE, range(200), Fraction(30_000, 1001)).speed(rate).crop(Fraction(1, 999_999_937))
    both = (clip + clip.reverse()).speed(Fraction(999_999_929, 999_999_883))
    assert planned(both) >= repeated(both)
