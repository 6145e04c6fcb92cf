"""The time algebra of clips: laws that hold for all of them."""

import pickle
from fractions import Fraction

import pytest
from clip_laws import FPS, SOURCE, footage, identity, keys, leaves, plain_clips, rates, shown, times
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dask_animate import Clip
from dask_animate.clips.times import count_frames, middle, part_at
from dask_animate.errors import OptionError, OptionTypeError

frame_rates = st.one_of(st.integers(1, 240), st.fractions(Fraction(1, 2), 240, max_denominator=1001))
settings.register_profile("clips", max_examples=60, deadline=None)
settings.load_profile("clips")


@given(plain_clips, frame_rates)
def test_a_reversed_clip_has_the_reversed_frames(clip, fps):
    assume(clip.duration * fps < 2000)
    assert shown(clip.reverse(), fps) == shown(clip, fps)[::-1]
    assert clip.reverse().reverse() == clip


@given(plain_clips, frame_rates)
def test_each_frame_exists(clip, fps):
    assume(clip.duration * fps < 2000)
    for frame in shown(clip, fps):
        if isinstance(frame.key, int):
            assert 0 <= frame.key < frame.footage.n
        else:
            assert 0 <= frame.key <= frame.footage.duration


@given(st.integers(1, 200), frame_rates, frame_rates)
def test_no_frame_is_off_by_more_than_half_a_frame(n, rate, fps):
    """The frame that is shown is on, or begins or ends, in the middle of the frame of the video."""
    clip = Clip(SOURCE, range(n), rate)
    assume(clip.duration * fps < 2000)
    for idx, key in enumerate(keys(clip, fps)):
        time = (idx + Fraction(1, 2)) / fps
        begins, ends = key / clip.fps, (key + 1) / clip.fps
        assert begins - 1 / (2 * Fraction(fps)) <= time <= ends + 1 / (2 * Fraction(fps))


@given(st.integers(1, 10**9), st.integers(1, 10**6), rates)
def test_times_are_in_the_middle_of_frames(n, n_parts, duration):
    duration = Fraction(duration)
    idx = n % n_parts
    t = middle(idx, n_parts, duration)
    assert t - idx * duration / n_parts == duration / n_parts / 2
    assert part_at(t, n_parts, duration) == idx
    assert middle(n_parts - 1 - idx, n_parts, duration) == duration - t


@given(plain_clips, plain_clips, plain_clips)
def test_joining_is_associative(a, b, c):
    assert (a + b) + c == a + (b + c)
    assert (a + b).duration == a.duration + b.duration


@given(plain_clips, plain_clips)
def test_parts_of_a_sum(a, b):
    both = a + b
    parts = both.crop(0, a.duration), both.crop(a.duration)
    for part, clip in zip(parts, (a, b), strict=True):
        assert part.duration == clip.duration
        assert shown(part) == shown(clip)


@given(plain_clips, st.data())
def test_slices_are_those_of_a_list(clip, data):
    frames = shown(clip)
    index = st.integers(-len(frames) - 2, len(frames) + 2) | st.none()
    start, stop = data.draw(index), data.draw(index)
    if frames[start:stop]:
        assert shown(clip[start:stop]) == frames[start:stop]
    else:
        with pytest.raises(OptionError, match="has no frames"):
            clip[start:stop]


@given(plain_clips, times, times)
def test_a_crop_of_a_crop(clip, a, b):
    low, high = sorted((min(a, clip.duration), min(b, clip.duration)))
    assume(high - low > Fraction(1, 10**6))
    part = clip.crop(low, high)
    assert abs(part.duration - Fraction(high) + Fraction(low)) < Fraction(1, 10**8)
    half = part.duration / 2
    assert shown(part.crop(half, half + half / 2)) == shown(part.crop(half).crop(0, half / 2))


@given(plain_clips, rates)
def test_speed_and_duration(clip, rate):
    fast = clip.speed(rate)
    assert fast.speed(1 / (clip.duration / fast.duration)) == clip
    assert clip.to_duration(fast.duration) == fast
    assert clip.speed(rate).reverse().n_frames == clip.reverse().speed(rate).n_frames
    assert clip.to_duration(Fraction(7, 3)).duration == Fraction(7, 3)


@given(st.integers(1, 100), st.integers(1, 9))
def test_speed_by_a_whole_number_passes_over_frames(n, rate):
    clip = footage(n)
    fast = keys(clip.speed(rate))
    expected = list(range((rate - 1) // 2, n, rate))
    assert all(abs(one - other) <= rate // 2 for one, other in zip(fast, expected, strict=False))
    if n % rate == 0:
        assert fast == expected
    assert keys(clip.speed(Fraction(1, rate))) == [idx for idx in range(n) for _ in range(rate)]


@pytest.mark.parametrize(("n", "expected"), [(6, [0, 2, 4]), (7, [0, 2, 4, 6]), (1, [0])])
def test_double_speed(n, expected):
    assert keys(footage(n).speed(2)) == expected


@given(plain_clips, frame_rates)
def test_another_frame_rate(clip, fps):
    assume(clip.duration * fps < 2000)
    other = clip.at_fps(fps)
    assert other.fps == fps
    assert other.duration == clip.duration
    assert shown(other) == shown(clip, fps)
    assert other.at_fps(fps) == other
    finer = shown(other, 3 * other.n_frames / other.duration)
    assert finer == [frame for frame in shown(other) for _ in range(3)]


@given(st.integers(1, 60), st.integers(1, 50), st.data())
def test_a_hold(n, n_held, data):
    clip, at = footage(n), data.draw(st.integers(0, n))
    held = keys(clip.hold(n_held / FPS, at / FPS))
    still = max(at - 1, 0)
    assert held == [*range(at), *[still] * n_held, *range(at, n)]
    assert keys(clip.hold(n_held / FPS)) == [*range(n), *[n - 1] * n_held]
    assert clip.hold(1, -clip.duration) == clip.hold(1, 0)


@given(plain_clips, st.integers(1, 4))
def test_repeating(clip, n):
    again = clip.repeat(n)
    assert again.duration == n * clip.duration
    if (clip.duration * clip.fps).denominator == 1:
        assert shown(again) == shown(clip) * n
    assert [again._node.at(t * clip.duration / 7) for t in range(1, 8)] == [
        (sum([clip] * (n - 1), clip))._node.at(t * clip.duration / 7) for t in range(1, 8)
    ]


@given(plain_clips)
def test_a_curve_that_changes_nothing(clip):
    assert keys(footage(40).ease(lambda u: u)) == keys(footage(40))
    assert shown(clip.ease("smoothstep").reverse()) == shown(clip.ease("smoothstep"))[::-1]


def test_a_curve():
    assert keys(footage(10).ease(lambda u: 0)) == [0] * 10
    assert keys(footage(10).ease(lambda u: 5)) == [9] * 10
    assert keys(footage(4).ease(lambda u: u**2)) == [0, 0, 1, 3]
    with pytest.raises(OptionError, match="nan"):
        footage(4).ease(lambda u: float("nan"))
    with pytest.raises(OptionTypeError, match="curve must be"):
        footage(4).ease(3)


def test_curves_by_name():
    pytest.importorskip("pytweening")
    assert keys(footage(4).ease("easeInQuad")) == [0, 0, 1, 3]
    with pytest.raises(OptionError, match="curve must be one of smoothstep, easeInBack"):
        footage(4).ease("easy")


def test_there_and_back_draws_the_same_times():
    there = Clip.from_function(SOURCE, identity, 2, FPS).ease("smoothstep")
    both = keys(there + there.reverse())
    assert both == both[::-1]
    assert len(set(both)) == 60


@given(plain_clips)
def test_equality_and_pickles(clip):
    copy = pickle.loads(pickle.dumps(footage(5).speed(3) + footage(6)))
    assert copy == footage(5).speed(3) + footage(6)
    assert hash(copy) == hash(footage(5).speed(3) + footage(6))
    assert clip != clip.repeat(2)
    assert hash(clip) == hash(clip.reverse().reverse())
    assert footage(5) != footage(5, 1)
    assert len({footage(5), footage(5), footage(5, 1)}) == 2


def test_repr():
    clip = (footage(60)[:30] + footage(1).hold(2)).named("Intro").speed(Fraction(1, 3))
    assert repr(clip) == (
        "(Clip(FrameNumber, 60 frames, 30 fps).crop(0, 1) + Clip(FrameNumber, 1 frame, 30 fps)"
        ".hold(2, at=0.0333333)).named('Intro').speed(1/3)"
    )


@given(plain_clips)
def test_where_footage_is_shown_is_where_the_tree_says(clip):
    """Each frame lies in a use that shows its footage, and each use says right which time it shows."""
    n_frames = clip.n_frames
    uses = list(clip._node.uses(clip._node.whole))
    for idx, frame in enumerate(shown(clip)):
        t = middle(idx, n_frames, clip.duration)
        found = [
            use for use in uses if use.footage == frame.footage and use.span.start <= t <= use.span.end
        ]
        key = frame.key
        low, high = (key / FPS, (key + 1) / FPS) if isinstance(key, int) else (key, key)
        assert any(use.span.inner[0] <= high and low <= use.span.inner[1] for use in found)
        exact = [use for use in found if use.span.is_exact]
        if exact and len(found) == 1:
            inner = exact[0].span.rate * t + exact[0].span.offset
            assert low <= inner <= high


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_a_crossfade(n, m, data):
    n_both = data.draw(st.integers(1, min(n, m)))
    a, b = footage(n), footage(m, 100)
    pictures = shown(a.crossfade(b, n_both / FPS))
    assert len(pictures) == n + m - n_both
    assert pictures[: n - n_both] == shown(a)[: n - n_both]
    assert pictures[n:] == shown(b)[n_both:]
    for idx, picture in enumerate(pictures[n - n_both : n]):
        assert picture.first == shown(a)[n - n_both + idx]
        assert picture.second == shown(b)[idx]
        assert picture.share == Fraction(2 * idx + 1, 2 * n_both)


@given(leaves)
def test_frames_are_counted_in_the_duration(clip):
    assert clip.n_frames == count_frames(clip.duration, clip.fps)
    assert abs(clip.n_frames / clip.fps - clip.duration) <= max(
        1 / clip.fps / 2, 1 / clip.fps - clip.duration
    )


WRONG = [
    (lambda clip: clip[0], OptionTypeError, r"clip\[start:stop\]"),
    (lambda clip: clip[::2], OptionTypeError, "speed"),
    (lambda clip: clip[0.5:], OptionTypeError, "crop"),
    (lambda clip: clip[5:5], OptionError, "has no frames"),
    (lambda clip: clip.crop(1, 0.5), OptionError, "end must be after start"),
    (lambda clip: clip.crop(0, 3), OptionError, "end must be within the 2 seconds"),
    (lambda clip: clip.crop("a"), OptionTypeError, "start must be a number"),
    (lambda clip: clip.speed(0), OptionError, "rate must be above 0"),
    (lambda clip: clip.speed(float("inf")), OptionError, "rate must be a finite number"),
    (lambda clip: clip.to_duration(-1), OptionError, "seconds must be above 0"),
    (lambda clip: clip.hold(0), OptionError, "seconds must be above 0"),
    (lambda clip: clip.hold(1, at=9), OptionError, "at must be within"),
    (lambda clip: clip.repeat(0), OptionError, "n must be at least 1"),
    (lambda clip: clip.then(3), OptionTypeError, "other must be a Clip"),
    (lambda clip: clip + 3, TypeError, "unsupported operand"),
    (lambda clip: clip + clip.at_fps(24), OptionError, "30 and 24 frames per second.*at_fps"),
    (lambda clip: clip.overlay(clip.at_fps(24)), OptionError, "30 and 24 frames per second.*at_fps"),
    (lambda clip: clip.overlay(clip, opacity=2), OptionError, "opacity must be from 0 to 1"),
    (lambda clip: clip.overlay(clip, "middle"), OptionError, "position must be one of center"),
    (lambda clip: clip.overlay(clip, (1, 2, 3)), OptionTypeError, "position must be a text"),
    (lambda clip: clip.overlay(clip, start=5), OptionError, "start must be within"),
    (lambda clip: clip.beside(clip[:5]), OptionError, "2 and 0.166667 seconds.*hold"),
    (lambda clip: clip.crossfade(clip, 3), OptionError, "seconds must be at most 2"),
    (lambda clip: clip.fade_in(3), OptionError, "seconds must be at most 2"),
    (lambda clip: clip.fade_in(1, "blackish"), OptionError, "color must be a matplotlib color"),
    (lambda clip: clip.resize(), OptionError, "width, height or both"),
    (lambda clip: clip.resize(0), OptionError, "width must be at least 1"),
    (lambda clip: clip.resize(9, filter="best"), OptionError, "filter must be one of 'nearest'"),
    (lambda clip: clip.named(""), OptionTypeError, "name must be a non-empty string"),
    (lambda clip: clip.join(clip.resize(9), max), OptionError, "are put together"),
    (lambda clip: clip.join(clip[:4], max), OptionError, "seconds"),
    (lambda clip: clip.join(clip, 3), OptionTypeError, "combine must be a function"),
    (lambda clip: Clip.grid([]), OptionError, "clips is empty"),
    (lambda clip: clip.join(clip.at_fps(24), max), OptionError, "30 and 24 frames per second .* joined"),
    (lambda clip: clip.ease(lambda u: 1 / 0), OptionError, "failed at 0.5: ZeroDivisionError: division"),
    (lambda clip: clip.ease(lambda: 1), OptionError, "curve failed at 0.5: TypeError"),
    (lambda clip: clip.ease(lambda u: "a"), OptionError, "numbers from 0 to 1, got 'a' at 0.5"),
    (lambda clip: clip.ease(lambda u: None), OptionError, "numbers from 0 to 1, got None at 0.5"),
    (lambda clip: clip.ease(lambda u: float("nan")), OptionError, "0 to 1, got nan at 0.5"),
    (lambda clip: clip.resize(10**6, 9), OptionError, "width must be at most 65535 pixels"),
    (lambda clip: clip.pad(9, 10**6), OptionError, "height must be at most 65535 pixels"),
    (lambda clip: clip.render("a.mp4", store=""), OptionError, "store must be a path"),
    (lambda clip: Clip.grid(clip), OptionTypeError, "clips must be a sequence of Clip"),
    (lambda clip: Clip.grid(3), OptionTypeError, "clips must be a sequence of Clip, got 3"),
    (lambda clip: Clip.grid([clip], 0), OptionError, "n_columns must be at least 1"),
    (lambda clip: iter(clip), TypeError, "not iterable"),
]


GROWTHS = {
    "crossfade": lambda clip, other: clip.crossfade(other, Fraction(1, 30)),
    "overlay": lambda clip, other: clip.overlay(other, start=0),
    "curve": lambda clip, other: clip.ease("smoothstep"),
    "column": lambda clip, other: clip.above(other.to_duration(clip.duration)),
    "fade": lambda clip, other: clip.fade_in(1),
    "then": lambda clip, other: (other + clip.named("a"))[1:],
    "join": lambda clip, other: clip.join(other, max),
}


@pytest.mark.parametrize(
    "kind",
    [pytest.param("crossfade", marks=pytest.mark.slow), *[one for one in GROWTHS if one != "crossfade"]],
)
def test_clips_in_clips(kind):
    """The deepest ones can be drawn, compared and sent even from a deep call; others are an error."""

    def use(n_calls):
        if n_calls:
            return use(n_calls - 1)
        frame = clip.frames()[0].compute(scheduler="synchronous")
        assert pickle.loads(pickle.dumps(clip)) == clip
        return frame, repr(clip), clip.timeline(), hash(clip)

    other = footage(30)
    clip = other
    while clip._node.depth <= 197:
        clip = GROWTHS[kind](clip, other)
    with pytest.raises(OptionError, match="at most 200 deep: then"):
        GROWTHS[kind](GROWTHS[kind](GROWTHS[kind](clip, other), other), other)
    use(100)


def test_parts_that_are_added_have_no_depth():
    clip = footage(3)
    for n in range(500):
        clip = clip + footage(2, 100 * n)
    assert clip.n_frames == 3 + 2 * 500
    assert clip == sum((footage(2, 100 * n) for n in range(500)), footage(3))
    assert keys(clip)[:7] == [0, 1, 2, 0, 1, 0, 1]
    assert shown(clip)[-1] == shown(footage(2, 100 * 499))[-1]


@pytest.mark.parametrize(("act", "error", "match"), WRONG)
def test_what_does_not_fit_is_an_error(act, error, match):
    with pytest.raises(error, match=match):
        act(footage(60))
