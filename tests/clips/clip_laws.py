"""Random clips, and what they show."""

from fractions import Fraction

from helpers import FrameNumber
from hypothesis import strategies as st

from dask_animate import Clip
from dask_animate.clips.times import count_frames

SOURCE = FrameNumber()
FPS = Fraction(30)


def shown(clip, fps=None):
    """Return the picture of each frame of a clip."""
    n_frames = count_frames(clip.duration, clip.fps if fps is None else Fraction(fps))
    return [clip._node.frame_at(idx, n_frames) for idx in range(n_frames)]


def keys(clip, fps=None):
    """Return which frame of its source each frame of a clip shows."""
    return [frame.key for frame in shown(clip, fps)]


def footage(n, first=0):
    return Clip(SOURCE, range(first, first + n), FPS)


def identity(t):
    return t


rates = st.one_of(
    st.fractions(Fraction(1, 5), 5, max_denominator=12),
    st.floats(0.2, 5, allow_nan=False),
)
leaves = st.one_of(
    st.builds(footage, st.integers(1, 40), st.sampled_from([0, 100])),
    st.builds(
        lambda seconds: Clip.from_function(SOURCE, identity, seconds, FPS),
        st.fractions(Fraction(1, 9), 2),
    ),
)


def _grown(inner):
    share = st.floats(0, 1)
    return st.one_of(
        inner.map(Clip.reverse),
        st.builds(Clip.speed, inner, rates),
        st.builds(lambda clip, a, b: _part(clip, a, b), inner, share, share),
        st.builds(
            lambda clip, s, at: clip.hold(s, at * clip.duration), inner, rates, st.fractions(0, 1)
        ),
        st.builds(Clip.repeat, inner, st.integers(1, 3)),
        st.builds(Clip.ease, inner, st.sampled_from(["smoothstep", abs, _late])),
        st.builds(lambda clip, fps: clip.at_fps(fps).at_fps(FPS), inner, st.integers(5, 90)),
        st.builds(lambda *clips: _sum(clips), inner, inner, inner),
        st.builds(Clip.named, inner, st.sampled_from("abc")),
    )


def _late(u):
    return u**5


def _part(clip, a, b):
    low, high = sorted((a, b))
    start = int(low * (clip.n_frames - 1))
    return clip[start : max(start + 1, round(high * clip.n_frames))]


def _sum(clips):
    return sum(clips[1:], clips[0])


#: Clips of frames that are shown as they are, at some time.
plain_clips = st.recursive(leaves, _grown, max_leaves=5).filter(lambda clip: clip.duration < 60)
#: Times as callers give them.
times = st.one_of(st.fractions(0, 3, max_denominator=1000), st.floats(0, 3))
